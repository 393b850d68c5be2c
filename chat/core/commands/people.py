"""What users say of themselves: their names, whether they are away, whom they ignore."""

from __future__ import annotations

from collections.abc import Sequence

from chat.core import lifecycle, names, rights
from chat.core.accounts import Account
from chat.core.command import ON, USER, Command, Kind, Parameter
from chat.core.effects import Publish, Show, ShowOthers
from chat.core.errors import BadField, NoSuchUser, NotAllowed
from chat.core.events import Away, Ignored, Pong, Whois, Words
from chat.core.facts import WordsSet
from chat.core.hub import Hub
from chat.core.membership import find_anyone
from chat.core.rights import user_of
from chat.core.session import KNOWS_CHANGES, Session
from chat.core.text import clean, legible
from chat.core.times import timestamp

MOST_WORDS = 20
"""So many words may name an account besides its name."""

LONGEST_WORD = 64
"""The characters that one may have."""


def nick(hub: Hub, session: Session, tag: str | None, name: str) -> None:
    """Take another name."""
    lifecycle.rename(hub, session, name, tag)


def ignore(hub: Hub, session: Session, tag: str | None, name: str | None = None, on: bool | None = None) -> None:
    """Hide what a user says from this one, or show it again; without a name, show who is hidden."""
    user = user_of(session)
    if name is None:
        hub.show(session, Ignored(names=list(user.ignored.values()), tag=tag))
        return
    name = names.user_name(name)
    key = names.key(name)
    if key == names.key(user.name):
        raise BadField("You can't ignore yourself.")
    was = key in user.ignored
    if on is None:
        on = not was
    if on is was:
        hub.confirm(session, Ignored(names=list(user.ignored.values()), tag=tag), tag)
        return
    if on and len(user.ignored) >= hub.limits.ignored_each:
        raise BadField(f"You ignore {len(user.ignored)} users, which is the most.")
    hub.ignore(session, user, name if on else user.ignored[key], on=on, tag=tag)


def notify(
    hub: Hub, session: Session, tag: str | None, word: str | None = None, words: Sequence[str] | None = None
) -> None:
    """Have words name the user besides their name: switch one on or off, set them all, or show them."""
    user = user_of(session)
    account = user.account
    if account is None:
        raise NotAllowed("Your name is not registered. /register makes it yours.")
    before = account.words
    after = before
    if word is not None:
        one = _own_word(word)
        after = tuple(other for other in before if other.casefold() != one.casefold())
        if after == before:
            after = (*before, one)
    elif words is not None:
        after = tuple({one.casefold(): one for one in map(_own_word, words)}.values())
    if len(after) > MOST_WORDS:
        raise BadField(f"At most {MOST_WORDS} words can name you. Take one of them back first.")
    told = Words(words_=list(after), tag=tag)
    if after == before:
        hub.confirm(session, told, tag)
    else:
        hub.apply(
            session,
            WordsSet(account.id, after),
            (Show(session, told), ShowOthers(session, told, KNOWS_CHANGES)),
            tag=tag,
        )


def _own_word(text: str) -> str:
    """Read what is to name a user; raises :class:`BadField`."""
    word = clean(text).strip()
    if not 0 < len(word) <= LONGEST_WORD or not any(map(str.isalnum, word)):
        raise BadField(f"What names you has 1 to {LONGEST_WORD} characters, and a letter or digit among them.")
    return word


def away(hub: Hub, session: Session, tag: str | None, text: str | None = None) -> None:
    """Tell others that the user is away, or back (``None``)."""
    user = user_of(session)
    if text:
        for room in user.rooms():
            rights.require_voice(hub, user, room)
    before, user.away = user.away, None if text is None else legible(text, hub.limits.topic, "text")
    rooms = user.rooms() if user.away != before else ()
    told = Away(time=hub.now(), room=None, name=user.name, text=user.away, tag=tag)
    hub.then(
        session,
        Show(session, told),
        ShowOthers(session, told),
        *(
            Publish(room.name, Away(time=hub.now(), room=room.name, name=user.name, text=user.away), session)
            for room in rooms
        ),
    )


def ping(hub: Hub, session: Session, tag: str | None) -> None:
    """Answer."""
    hub.show(session, Pong(time=hub.now(), tag=tag))


def leave_chat(hub: Hub, session: Session, tag: str | None) -> None:
    """Leave the chat."""
    lifecycle.quit_chat(hub, session)


def whois(hub: Hub, session: Session, tag: str | None, name: str) -> None:
    """Tell who somebody is."""
    user = find_anyone(hub, session, name)
    if isinstance(user, Account):
        raise NoSuchUser(f"{user.name} has an account, and is not here now.")
    asker = user_of(session)
    answer = Whois(
        name=user.name,
        account=user.account.name if user.account is not None else None,
        rooms=sorted(room.name for room in user.rooms() if rights.may_enter(hub, asker, room)),
        away=user.away,
        idle=int(hub.monotonic() - max(device.active for device in user.sessions)),
        since=timestamp(min(device.began for device in user.sessions)),
        tag=tag,
    )
    hub.answer(session, Show(session, answer))


COMMANDS = (
    Command("nick", (Parameter("name", Kind.TEXT),), "gives you another name", nick),
    Command(
        "ignore",
        (Parameter("name", Kind.USER, optional=True), ON),
        "hides what a user says from you, or shows it again; alone, lists whom you ignore",
        ignore,
        stores=True,
        asks_without="name",
    ),
    Command(
        "away",
        (Parameter("text", Kind.TEXT, optional=True),),
        "tells others that you are away and why; alone, that you are back",
        away,
    ),
    Command(
        "notify",
        (
            Parameter("word", Kind.TEXT, optional=True, people=True),
            Parameter("words", Kind.WORDS, optional=True, programs=True),
        ),
        "has a word alert you as your name does, or no longer; alone, lists your words",
        notify,
        stores=True,
        asks_without="words",
    ),
    Command("whois", (USER,), "tells who somebody is, and where", whois),
    Command("ping", (), "answers with a pong", ping, programs=True, before_name=True, automatic=True),
    Command("quit", (), "leaves the chat", leave_chat, before_name=True, farewell=True),
)
