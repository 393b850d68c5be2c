"""What users say, in rooms and in private."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from chat.core import names
from chat.core.errors import Empty, NotStored
from chat.core.events import Kind, Message, Notice, Refusal
from chat.core.records import Said, Which

MOST_SAID = 100
"""So many of their last messages users may take back without owning their name."""

if TYPE_CHECKING:
    from chat.core.session import Session


def say(session: Session, tag: str | None, room: str, text: str) -> None:
    """Say something in a room."""
    _speak(session, room, "say", text, tag)


def act(session: Session, tag: str | None, room: str, text: str) -> None:
    """Say what one does."""
    _speak(session, room, "action", text, tag)


def _speak(session: Session, room: str, kind: Kind, text: str, tag: str | None) -> None:
    mine = session.my_room(room)
    session.require_voice(mine)
    text = _speakable(session, text)
    message = _earlier(session, tag, kind, text, room=mine.name)
    if message is None:
        hub = session.hub
        message = Message(
            id=hub.next_message_id(),
            time=hub.now(),
            room=mine.name,
            author=session.name,
            kind=kind,
            text=text,
            tag=tag,
        )
        mine.last_id = message.id
        _store(session, message, partial(hub.delivery.publish, mine.name, message, session))


def has_said(session: Session, message: Message) -> bool:
    """Tell whether the user said this: lately, under whatever name, or ever under a name that they own."""
    own = session.account is not None and names.key(session.account.name) == names.key(message.author)
    return own or message.id in last_said(session)


def last_said(session: Session) -> Sequence[int]:
    """The ids of what the user said last."""
    return session.said[-MOST_SAID:] if session.said is not None else ()


def tell(session: Session, tag: str | None, name: str, text: str) -> None:
    """Say something to one user only."""
    hub = session.hub
    absent = hub.registered.get(name) if hub.users.get(name) is None else None
    recipient = session.find_user(name) if absent is None else None
    text = _speakable(session, text)
    to = recipient.name if recipient is not None else absent
    message = _earlier(session, tag, "say", text, to=to)
    if message is not None:
        return
    message = Message(
        id=hub.next_message_id(), time=hub.now(), to=to, author=session.name, kind="say", text=text, tag=tag
    )
    author = names.key(session.name)

    def deliver() -> None:
        if recipient is not None and author not in recipient.ignored:
            recipient.receive(message)
        if recipient is not session:
            hub.delivery.show(session, message)

    _store(session, message, deliver, kept_for=names.key(absent) if absent is not None else None)
    if absent is not None:
        hub.show(session, Notice(text=f"{absent} is not here, and will get that when they come in."))
    elif recipient is not None and recipient.away is not None:
        reason = f": {recipient.away}" if recipient.away else "."
        hub.show(session, Notice(text=f"{recipient.name} is away{reason}"))


def _earlier(
    session: Session, tag: str | None, kind: Kind, text: str, *, room: str | None = None, to: str | None = None
) -> Message | None:
    """Answer what was sent before under the same tag with the message that it became; return one like it."""
    stored = session.lineage.tags.get(tag) if session.lineage is not None and tag is not None else None
    if stored is None or tag is None:
        return None
    number, time = stored
    message = Message(id=number, time=time, room=room, to=to, author=session.name, kind=kind, text=text, tag=tag)
    session.hub.answer(session, partial(_answer_again, session, tag, message))
    return message


def _answer_again(session: Session, tag: str, message: Message) -> None:
    """Show what is stored; of an erased message only the *message* is left that was sent again."""

    def found(stored: Message | None) -> None:
        session.hub.show(session, stored or message)

    if session.lineage is not None and tag in session.lineage.tags:
        session.hub.delivery.consult(session, Which(message.id), found, tag)
    else:
        text = "Not stored, not sent: the first try failed. Try again later."
        session.hub.delivery.show(session, Refusal(code=NotStored.code, text=text, tag=tag))


def _store(session: Session, message: Message, deliver: Callable[[], None], kept_for: str | None = None) -> None:
    """Have *message* stored and delivered, and remember its id and its tag."""
    if session.said is None:
        session.said = []
    elif len(session.said) >= 2 * MOST_SAID:
        del session.said[:-MOST_SAID]
    session.said.append(message.id)
    lineage = None
    if session.lineage is not None and message.tag is not None:
        lineage = session.lineage.digest
        tags = session.lineage.tags
        tags[message.tag] = (message.id, message.time)
        if len(tags) > session.hub.limits.tags_each:
            del tags[next(iter(tags))]
    session.hub.store(session, Said(message, lineage, kept_for), deliver)


def _speakable(session: Session, text: str) -> str:
    text = session.bounded(text, session.hub.limits.text, "text")
    if not text:
        raise Empty("There is nothing to say in that.")
    return text
