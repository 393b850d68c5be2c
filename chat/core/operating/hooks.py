"""What the operator does with hooks."""

from __future__ import annotations

import msgspec

from chat.core import hooks
from chat.core.doors import OPERATOR
from chat.core.errors import BadField
from chat.core.hook_directory import Hook
from chat.core.hub import Hub
from chat.core.operating.request import Command, Operator, Request, Topic, show_lines
from chat.core.operating.rooms import find_room


class HookLine(msgspec.Struct, frozen=True):
    """A line in the list of hooks."""

    name: str
    room: str
    by: str | None
    time: str

    def __str__(self) -> str:
        return f"{self.name} of #{self.room}, made by {self.by or 'the operator'} on {self.time[:10]}"


def _list(hub: Hub, session: Operator, request: Request) -> None:
    show_lines(hub, session, request, ((hook.name, _line(hub, hook)) for hook in hub.hooks.all()))


def _line(hub: Hub, hook: Hook) -> HookLine:
    account = hub.accounts.with_id(hook.maker)
    return HookLine(hook.name, hook.room, account.name if account is not None else None, hook.time)


def _make(hub: Hub, session: Operator, request: Request, name: str, room: str) -> None:
    hooks.make(hub, session, None, find_room(hub, room), name, OPERATOR)


def _end(hub: Hub, session: Operator, request: Request, name: str) -> None:
    hook = hub.hooks.get(name)
    if hook is None:
        raise BadField(f"There is no hook {name[:64]}. chat admin hooks lists them.")
    hooks.end(hub, session, None, hook)


COMMANDS = (
    Command(
        "hooks",
        "lists the hooks: the secret addresses by which programs speak in rooms",
        _list,
        Topic.ROOMS,
        example="hooks",
        nothing="There are no hooks.",
    ),
    Command(
        "hook NAME ROOM",
        "makes a hook, by which a program speaks in a room as NAME",
        _make,
        Topic.ROOMS,
        example="hook ci dev",
        live=True,
    ),
    Command("unhook NAME", "ends a hook", _end, Topic.ROOMS, example="unhook ci"),
)
