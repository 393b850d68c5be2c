"""Files that users send: into a room, or to somebody in private."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from msgspec import structs

from chat.core import rights
from chat.core.accounts import Subject
from chat.core.command import WITH, Command, Kind, Parameter
from chat.core.commands.private import say_to, sender_of
from chat.core.conversations import addressee_with, party_from, require_welcome
from chat.core.effects import Effect
from chat.core.errors import NotAllowed, NotInRoom, NotStored, TooLong
from chat.core.events import File, Message, Upload
from chat.core.facts import Attached
from chat.core.files import Ticket, address, cost, file_name
from chat.core.hub import Hub
from chat.core.membership import room_of
from chat.core.ports import Delivery, FilesOf
from chat.core.rights import user_of
from chat.core.room import Room
from chat.core.saying import store_in_room
from chat.core.session import Session, User
from chat.core.text import file_size
from chat.core.times import timestamp


def upload(
    hub: Hub,
    session: Session,
    tag: str | None,
    room: str = "",
    name: str = "",
    size: int | None = None,
    with_: str | None = None,
) -> None:
    """Let the user send one file, into the room or to somebody; it comes by the web port."""
    site = hub.links.base(session.peer)
    if site is None or not hub.links.takes_files:
        raise NotAllowed("This chat takes no files: for that it needs a web port (--web), and a place to keep them.")
    to = party_from(with_) if with_ is not None else 0
    place = None if to else room_of(hub, session, room)
    _require(hub, user_of(session), place, to)
    if size is not None:
        _require_size(hub, size)
    sender = sender_of(session)
    ticket = Ticket(
        key=hub.make_token(),
        session=session,
        token=session.token,
        party=user_of(session).party,
        sender=sender,
        room=place.name if place is not None else None,
        to=to,
        name=file_name(name) if name else "",
        most=hub.limits.file if size is None else size,
        until=hub.monotonic() + hub.limits.upload_time,
    )

    def counted(taken: tuple[int, int]) -> None:
        session.require_here()
        hub.uploads.count(sender, *taken)
        _require_share(hub, ticket, size or 0)
        hub.uploads.add(ticket, hub.monotonic())
        until = timestamp(hub.seconds + hub.limits.upload_time)
        hub.show(session, Upload(url=f"{site}u/{ticket.key}", until=until, tag=tag))

    session.spent += hub.limits.search_cost - 1
    hub.ask_in_turn(session, FilesOf(sender), counted, tag)


def _require(hub: Hub, user: User, room: Room | None, to: Subject) -> None:
    """Raise :class:`ChatError` if the user may not speak where a file is to go."""
    if room is not None:
        rights.require_speech(hub, user, room)
    else:
        require_welcome(user, addressee_with(hub, to))


def _require_size(hub: Hub, size: int) -> None:
    if size > hub.limits.file:
        raise TooLong(f"That file has {file_size(size)}. Send files of at most {file_size(hub.limits.file)}.")


def _require_share(hub: Hub, ticket: Ticket, size: int) -> None:
    """Raise :class:`NotStored` if there is no room for a file of this size, which is not reserved yet."""
    limits, uploads = hub.limits, hub.uploads
    if uploads.taken(ticket.sender) + cost(size) > limits.files_each:
        most = file_size(limits.files_each)
        raise NotStored(f"Your files take as much as they may, {most}. Delete some of them, or try again later.")
    if uploads.taken() + cost(size) > limits.files:
        raise NotStored(
            f"The files of this chat take as much as they may, {file_size(limits.files)}. Try again when some are gone."
        )


# -- what comes by the web port


def begin(hub: Hub, ticket: Ticket, size: int | None) -> None:
    """A file begins to come: reserve room for it; raises :class:`ChatError` if it may not come."""
    _holder(hub, ticket)
    if size is not None:
        _require_size(hub, size)
        if size > ticket.most:
            raise TooLong(f"That file has {file_size(size)}, and was to have {file_size(ticket.most)}.")
    expected = ticket.most if size is None else size
    _require_share(hub, ticket, expected)
    hub.uploads.reserve(ticket, expected)


def give_up(hub: Hub, ticket: Ticket) -> None:
    """The file did not come whole, or was refused; it may come again."""
    hub.uploads.settle(ticket, None)


def _holder(hub: Hub, ticket: Ticket) -> User:
    """Who may send a file, if they are here and may still speak there; raises :class:`ChatError` otherwise."""
    user = hub.user_with(ticket.party)
    if user is None or not ticket.stands:
        raise NotAllowed("You have left the chat, so that file was not sent. Come in, and ask again.")
    room = hub.rooms.find(ticket.room) if ticket.room is not None else None
    if ticket.room is not None and (room is None or user not in room.members):
        raise NotInRoom(f"You are not in #{ticket.room} any more, so that file was not sent.")
    _require(hub, user, room, ticket.to)
    return user


def send(
    hub: Hub, ticket: Ticket, file: File, key: str, sent: Callable[[str], None], failed: Callable[[], None]
) -> None:
    """A *file* is there whole, stored under *key*: have its message stored and shown.

    Raises :class:`ChatError` if the user may not send it any more. Once it is shown, *sent* is called with a sentence;
    if it can't be stored, *failed* is called.
    """
    user = _holder(hub, ticket)
    file = structs.replace(file, url=address(hub.links.shared, key, file.name))
    attached = Attached(key, ticket.sender)
    if ticket.room is None:
        to = addressee_with(hub, ticket.to)
        done = Done(hub, ticket, file.size, f"{file.name} was sent to {to.name}.", sent)
        also = partial(_not_sent, hub, ticket, failed)
        session = user.sessions[-1]
        say_to(hub, session, to, sender_of(session), file.words, file=file, attached=attached, then=(done,), also=also)
        return
    room = hub.rooms[ticket.room]
    rights.require_turn(hub, user, room)
    message = Message(
        id=hub.take_id(),
        time=hub.now(),
        room=room.name,
        author=user.name,
        kind="action",
        text=file.words,
        account=user.account.name if user.account is not None else None,
        file=file,
    )
    hub.keep_tokens(user)
    done = Done(hub, ticket, file.size, f"{file.name} was sent to #{room.name}.", sent)
    # By the session of the chat itself, so that the author's own terminal shows what they have not typed there.
    store_in_room(
        hub, hub.itself, user, room, message, (done,), partial(_not_sent, hub, ticket, failed), attached=attached
    )


def _not_sent(hub: Hub, ticket: Ticket, failed: Callable[[], None]) -> Sequence[Effect]:
    give_up(hub, ticket)
    failed()
    return ()


class Done(msgspec.Struct, frozen=True):
    """The message of a file is stored and shown: say so to who has sent it."""

    hub: Hub
    ticket: Ticket
    size: int
    says: str
    sent: Callable[[str], None]

    def perform(self, delivery: Delivery) -> None:
        self.hub.uploads.settle(self.ticket, self.size)
        self.ticket.sent = self.says
        self.sent(self.says)


COMMANDS = (
    Command(
        "upload",
        (
            Parameter("room", Kind.ROOM, here=True, instead="with"),
            Parameter("name", Kind.TEXT, programs=True),
            Parameter("size", Kind.NUMBER, programs=True),
            WITH,
        ),
        "tells how to send a file to the room",
        upload,
    ),
)
