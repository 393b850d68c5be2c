"""Refusals: each class is a ``code`` of the wire, and its docstring says when it is used."""

from __future__ import annotations

from typing import ClassVar


class ChatError(Exception):
    """A request is refused; the message of the exception is the sentence that the user reads."""

    code: ClassVar[str]


class BadJson(ChatError):
    """The line is not a JSON object, or nested too deeply."""

    code = "bad-json"


class BadField(ChatError):
    """A field is missing or of the wrong type."""

    code = "bad-field"


class UnknownType(ChatError):
    """There is no such type of request."""

    code = "unknown-type"


class UnknownCommand(ChatError):
    """There is no such command."""

    code = "unknown-command"


class NotWelcomeYet(ChatError):
    """Something other than a ``hello`` came first, or a second one."""

    code = "not-welcome-yet"


class BadName(ChatError):
    """Not a possible name of a user or a room."""

    code = "bad-name"


class NameTaken(ChatError):
    """The name, or one that looks like it, is in use."""

    code = "name-taken"


class NoSuchUser(ChatError):
    """Nobody of that name is here."""

    code = "no-such-user"


class NoSuchRoom(ChatError):
    """There is no such room."""

    code = "no-such-room"


class NotInRoom(ChatError):
    """The session is not in that room."""

    code = "not-in-room"


class AlreadyThere(ChatError):
    """The session is in that room already."""

    code = "already-there"


class TooManyRooms(ChatError):
    """The session is in as many rooms as one may be, or the server has as many as it holds."""

    code = "too-many-rooms"


class TooLong(ChatError):
    """A line, text or topic is too long."""

    code = "too-long"


class Empty(ChatError):
    """Nothing that can be seen is left of the text once it is cleaned."""

    code = "empty"


class NotStored(ChatError):
    """The history could not store the message, so it was shown to nobody."""

    code = "not-stored"


class PasswordNeeded(ChatError):
    """The name belongs to somebody, and no password came with it."""

    code = "password-needed"


class WrongPassword(ChatError):
    """The password is wrong."""

    code = "wrong-password"


class BadPassword(ChatError):
    """Not a possible password."""

    code = "bad-password"


class KeyNeeded(ChatError):
    """The chat has a key, and none came."""

    code = "key-needed"


class WrongKey(ChatError):
    """The key is wrong."""

    code = "wrong-key"


class InvitationNeeded(ChatError):
    """Only accounts come in, or one can't register without an invitation, and no code of one came."""

    code = "invitation-needed"


class WrongInvitation(ChatError):
    """There is no such invitation, or not any more."""

    code = "wrong-invitation"


class NotSecure(ChatError):
    """Passwords are not taken when others could listen in."""

    code = "not-secure"


class TooManyTries(ChatError):
    """There were too many wrong passwords for the name, or wrong passwords, keys or codes from the address."""

    code = "too-many-tries"


class NotAllowed(ChatError):
    """The user has not the right to do that."""

    code = "not-allowed"


class Muted(ChatError):
    """The user may not speak in the room for a time."""

    code = "muted"


class Banned(ChatError):
    """The name or the address may not come in."""

    code = "banned"


class NoSuchMessage(ChatError):
    """There is no message with that id, or not any more."""

    code = "no-such-message"


class ServerFull(ChatError):
    """The server has as many connections as it takes."""

    code = "full"


class TooManyConnections(ChatError):
    """As many connections come from the address as may."""

    code = "too-many-connections"


class ConnectsTooFast(ChatError):
    """The address connects too often."""

    code = "too-fast"


class NoName(ChatError):
    """No name was given in time, or none that can be had in as many tries as there are."""

    code = "no-name"


class Internal(ChatError):
    """The server made a mistake."""

    code = "internal"
