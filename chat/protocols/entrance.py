"""What somebody of the text dialect is asked before they are in, one question after the other."""

from __future__ import annotations

import re
from enum import IntEnum, auto

from chat.core import lifecycle
from chat.core.accounts import LONGEST_PASSWORD, SHORTEST_PASSWORD, check_password
from chat.core.authentication import find_invitation, give_key, needs_key, require_secure
from chat.core.commands.table import TABLE, run
from chat.core.doors import Registration
from chat.core.errors import BadName, BadPassword, InvitationNeeded, NameTaken, PasswordNeeded
from chat.core.events import Notice, Prompt
from chat.core.hub import Hub
from chat.core.names import user_name
from chat.core.registration import come_in_new, require_choosable
from chat.core.session import LOBBY, Session
from chat.protocols.manners import LEAVE_WORDS

_HTTP = re.compile(rb"[A-Z]+ \S+ HTTP/\d")


class Asked(IntEnum):
    """What the next line answers, in the order in which newcomers are asked."""

    KEY = auto()
    NAME = auto()
    PASSWORD = auto()
    """The password of a name that belongs to somebody."""
    CHECKED = auto()
    """Nothing, as long as that password is being checked."""
    CODE = auto()
    """The code of an invitation."""
    NEW_NAME = auto()
    NEW_PASSWORD = auto()
    REPEATED = auto()
    """The new password once more."""
    CODE_TO_REGISTER = auto()
    """The code of an invitation, after ``/register``."""


_CODE_TO_REGISTER = Asked.CODE_TO_REGISTER
"""Each line asks for it, and Python 3.11 takes as long to find a member of an enum as to call a function."""

HIDDEN = frozenset((Asked.KEY, Asked.PASSWORD, Asked.CODE, Asked.NEW_PASSWORD, Asked.REPEATED, Asked.CODE_TO_REGISTER))
"""What a terminal is not to show."""


class Entrance:
    """Asks the user of one connection."""

    __slots__ = ("_code", "_name", "_password", "asked", "passed")

    def __init__(self, hub: Hub, session: Session) -> None:
        self.asked = Asked.KEY if needs_key(hub, session) else Asked.NAME
        self.passed = 0
        """How far the user has come; who goes back has come no farther."""
        self._name = self._password = self._code = ""

    @property
    def hidden(self) -> bool:
        """Whether a terminal is not to show what is typed next."""
        return self.asked in HIDDEN

    @property
    def registers(self) -> bool:
        """Whether the next line answers a question although the user is in."""
        return self.asked is _CODE_TO_REGISTER

    def question(self, hub: Hub) -> str:
        """What the user is asked now."""
        match self.asked:
            case Asked.KEY:
                return "This chat needs a key. Type it and press Enter."
            case Asked.NAME if not hub.doors.members_only:
                return "Type your name and press Enter."
            case Asked.NAME if _invites(hub):
                or_else = ", or press Enter alone if you have an invitation"
                return f"Only members come in. Type your name and press Enter{or_else}."
            case Asked.NAME if hub.doors.registration is Registration.OPEN:
                return "Only members come in. Type your name and press Enter, or press Enter alone to make an account."
            case Asked.NAME:
                return "Only members come in. Type your name and press Enter."
            case Asked.PASSWORD:
                return f"Type the password of {self._name}, or press Enter to choose another name."
            case Asked.CODE:
                return "Type the code of your invitation, or press Enter alone to go back."
            case Asked.NEW_NAME if _invites(hub):
                return "Choose a name, type it and press Enter."
            case Asked.NEW_NAME:
                return "Choose a name, type it and press Enter, or press Enter alone to go back."
            case Asked.NEW_PASSWORD:
                return f"Choose a password for {self._name}, of {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters."
            case Asked.REPEATED:
                return "Type it again."
            case Asked.CODE_TO_REGISTER:
                return "To register here you need an invitation. Type its code, or press Enter alone to do without."
        return ""

    def answer(self, hub: Hub, session: Session, text: str, line: bytes) -> None:
        """Take *text* as the answer; *line* is what it was made of. Raises :class:`ChatError` to refuse it."""
        asked = self.asked
        if self.hidden:
            hub.show(session, Prompt(text=None))
        if asked is not Asked.PASSWORD and text.lower() in (*LEAVE_WORDS, "/quit"):
            lifecycle.quit_chat(hub, session)
        elif asked <= Asked.NAME and _HTTP.match(line):
            lifecycle.quit_chat(
                hub, session, "This is a chat, not a web server. Connect with nc, telnet or the chat client."
            )
        else:
            self._take(hub, session, asked, text)

    def ask_again(self, hub: Hub, session: Session) -> None:
        """Ask once more for what a terminal is not to show, so that what is typed next is never taken for a name."""
        if session.user is None and self.asked is Asked.CHECKED:
            self.asked = Asked.PASSWORD
        if session.user is None and self.hidden:
            self._ask(hub, session, self.asked)

    def ask_code(self, hub: Hub, session: Session, password: str) -> None:
        """Ask somebody who registers with this *password* for the code of an invitation."""
        self._password = password
        self._ask(hub, session, Asked.CODE_TO_REGISTER)

    def _ask(self, hub: Hub, session: Session, asked: Asked) -> None:
        self.asked = asked
        self.passed = max(self.passed, asked)
        text = self.question(hub)
        hub.show(session, Prompt(text=text) if self.hidden else Notice(text=text))

    def _take(self, hub: Hub, session: Session, asked: Asked, text: str) -> None:
        match asked:
            case Asked.NAME:
                self._take_name(hub, session, text)
            case Asked.PASSWORD:
                self._take_password(hub, session, text)
            case Asked.REPEATED if text == self._password:
                self.asked = Asked.NAME
                come_in_new(hub, session, self._name, {LOBBY: None}, text, self._code)
            case Asked.CODE_TO_REGISTER:
                self.asked = Asked.NAME
                if text:
                    run(hub, session, TABLE["register"], None, {"password": self._password, "code": text})
            case _:
                self._ask(hub, session, self._following(hub, session, asked, text))

    def _following(self, hub: Hub, session: Session, asked: Asked, text: str) -> Asked:
        """Take an answer, and return what is to be asked then; raises :class:`ChatError` to refuse it."""
        match asked:
            case Asked.KEY if text:
                give_key(hub, session, text)
                return Asked.NAME
            case Asked.CODE if text:
                find_invitation(hub, session, text)
                self._code = text
                return Asked.NEW_NAME
            case Asked.CODE:
                return Asked.NAME
            case Asked.NEW_NAME if text:
                self._name = require_choosable(hub, session, text)
                return Asked.NEW_PASSWORD
            case Asked.NEW_NAME if not _invites(hub):
                return Asked.NAME
            case Asked.NEW_PASSWORD:
                check_password(text)
                self._password = text
                return Asked.REPEATED
            case Asked.REPEATED:
                self.asked = Asked.NEW_PASSWORD
                raise BadPassword("The two passwords differ. Choose one.")
        return asked

    def _take_name(self, hub: Hub, session: Session, name: str) -> None:
        if not name and hub.doors.members_only and hub.doors.registration is not Registration.CLOSED:
            require_secure(hub, session)
            self._ask(hub, session, Asked.CODE if _invites(hub) else Asked.NEW_NAME)
            return
        try:
            lifecycle.come_in(hub, session, name, {LOBBY: None})
        except (BadName, NameTaken) as error:
            if hub.doors.members_only:
                raise
            raise type(error)(f"{error} Or press Enter to come in as a guest.") from error
        except InvitationNeeded as error:
            if hub.doors.registration is Registration.CLOSED:
                raise
            alone = "If you have one" if _invites(hub) else "To make one"
            raise InvitationNeeded(f"{error} {alone}, press Enter alone.") from error
        except PasswordNeeded:
            self._name = user_name(name)
            like = hub.accounts.likeness(self._name)
            text = f"That name belongs to somebody.{like} Type its password, or press Enter to choose another name."
            self.asked = Asked.PASSWORD
            hub.show(session, Prompt(text=text))

    def _take_password(self, hub: Hub, session: Session, password: str) -> None:
        if password:
            self.asked = Asked.CHECKED
            session.refused = self.ask_again
            lifecycle.come_in(hub, session, self._name, {LOBBY: None}, password)
        else:
            self._ask(hub, session, Asked.NAME)


def _invites(hub: Hub) -> bool:
    return hub.doors.registration is Registration.INVITATION
