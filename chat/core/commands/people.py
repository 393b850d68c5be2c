"""What users say of themselves: their names, whether they are away, whom they ignore."""

from __future__ import annotations

from chat.core import lifecycle, names, rights
from chat.core.accounts import Account
from chat.core.command import ON, USER, Command, Kind, Parameter
from chat.core.effects import Publish, Show, ShowOthers
from chat.core.errors import BadField, NoSuchUser
from chat.core.events import Away, Ignored, Pong, Whois, timestamp
from chat.core.hub import Hub
from chat.core.membership import find_anyone
from chat.core.rights import user_of
from chat.core.session import Session
from chat.core.text import bounded


def nick(hub: Hub, session: Session, tag: str | None, name: str) -> None:
    """Take another name."""
    lifecycle.rename(hub, session, name, tag)


def ignore(hub: Hub, session: Session, tag: str | None, name: str | None = None, on: bool | None = None) -> None:
    """Hide what a user says from this one, or show it again; without a name, show who is hidden."""
    user = user_of(session)
    if name is not None:
        name = names.user_name(name)
        if names.key(name) == names.key(user.name):
            raise BadField("You can't ignore yourself.")
        key = names.key(name)
        was = key in user.ignored
        if on is None:
            on = not was
        if on and not was:
            if len(user.ignored) >= hub.limits.ignored_each:
                raise BadField(f"You ignore {len(user.ignored)} users, which is the most.")
            hub.ignore(session, user, {**user.ignored, key: name})
        elif was and not on:
            hub.ignore(session, user, {other: one for other, one in user.ignored.items() if other != key})
        if on is not was:
            hub.then(session, ShowOthers(session, Ignored(names=list(user.ignored.values()))))
    hub.show(session, Ignored(names=list(user.ignored.values()), tag=tag))


def away(hub: Hub, session: Session, tag: str | None, text: str | None = None) -> None:
    """Tell others that the user is away, or back (``None``)."""
    user = user_of(session)
    if text:
        for room in user.rooms():
            rights.require_voice(hub, user, room)
    user.away = None if text is None else bounded(text, hub.limits.topic, "text")
    told = Away(time=hub.now(), room=None, name=user.name, text=user.away, tag=tag)
    hub.then(
        session,
        Show(session, told),
        ShowOthers(session, told),
        *(
            Publish(room.name, Away(time=hub.now(), room=room.name, name=user.name, text=user.away), session)
            for room in user.rooms()
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
    ),
    Command(
        "away",
        (Parameter("text", Kind.TEXT, optional=True),),
        "tells others that you are away and why; alone, that you are back",
        away,
    ),
    Command("whois", (USER,), "tells who somebody is, and where", whois),
    Command("ping", (), "answers with a pong", ping, programs=True, before_name=True, automatic=True),
    Command("quit", (), "leaves the chat", leave_chat, before_name=True),
)
