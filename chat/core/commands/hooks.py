"""The hooks of a room: secret addresses by which programs speak in it."""

from __future__ import annotations

from chat.core import hooks
from chat.core.command import HERE, Command, Kind, Parameter, Right
from chat.core.errors import NotAllowed
from chat.core.events import Notice
from chat.core.hub import Hub
from chat.core.membership import room_of
from chat.core.rights import user_of
from chat.core.session import Session

NAME = Parameter("name", Kind.TEXT)


def make(hub: Hub, session: Session, tag: str | None, room: str, name: str) -> None:
    """Make a hook that speaks in the room."""
    account = user_of(session).account
    if account is None:
        raise NotAllowed("A hook needs an op who can come back: make your name yours with /register first.")
    hooks.make(hub, session, tag, room_of(hub, session, room), name, account.id)


def end(hub: Hub, session: Session, tag: str | None, room: str, name: str) -> None:
    """End a hook of the room."""
    hooks.end(hub, session, tag, hooks.hook_in(hub, room_of(hub, session, room), name))


def show(hub: Hub, session: Session, tag: str | None, room: str) -> None:
    """Tell which hooks the room has."""
    hub.show(session, Notice(text=hooks.listed(hub, room_of(hub, session, room)), tag=tag))


COMMANDS = (
    Command(
        "hook",
        (HERE, NAME),
        "makes a secret address by which a program speaks in the room: /hook ci",
        make,
        needs=Right.OP,
        stores=True,
    ),
    Command("hooks", (HERE,), "lists the hooks of the room", show, needs=Right.OP),
    Command("unhook", (HERE, NAME), "ends a hook of the room: /unhook ci", end, needs=Right.OP, stores=True),
)
