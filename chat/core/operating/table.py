"""All commands of ``chat admin`` that the chat carries out, in the one queue with what all others do."""

from __future__ import annotations

from collections.abc import Mapping

from chat.core.errors import ServerFull, UnknownCommand
from chat.core.hub import Hub
from chat.core.operating import accounts, erasing, hooks, people, record, rooms
from chat.core.operating.request import Command, Operator, Request

COMMANDS: Mapping[str, Command] = {
    command.usage.split()[0]: command
    for command in (
        *people.COMMANDS,
        *accounts.COMMANDS,
        *rooms.COMMANDS,
        *hooks.COMMANDS,
        *erasing.COMMANDS,
        *record.COMMANDS,
    )
}


def run(hub: Hub, session: Operator, request: Request) -> None:
    """Do what the operator asks for, or raise :class:`~chat.core.errors.ChatError`."""
    name, *words = request.words or [""]
    if name not in COMMANDS or not COMMANDS[name].fits(len(words)):
        raise UnknownCommand(
            f'The chat that runs there does not know "{" ".join(request.words)[:80]}". '
            "It is of another version: restart it with the one that is installed."
        )
    if hub.queue.full:
        raise ServerFull("The chat has too much to do just now, so nothing was done. Try again.")
    COMMANDS[name].run(hub, session, request, *words)
