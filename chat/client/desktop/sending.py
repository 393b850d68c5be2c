"""Carries out what was typed, for the purpose that the user has chosen."""

from __future__ import annotations

from chat.client.desktop.drafts import Answering, Editing, Purpose, Reacting
from chat.client.model.client import CannotDo, Client
from chat.core.errors import ChatError
from chat.core.reactions import reaction_from
from chat.core.text import clean_lines


def carry_out(client: Client, text: str, purpose: Purpose | None) -> str:
    """Do what was typed. Return what the user is to go on with, mostly nothing; raises :class:`CannotDo`.

    While the user answers a message, a command is still a command, and answers nothing.
    """
    client.draft = ""
    match purpose:
        case Editing(line):
            client.change("edit", id=line.id, text=clean_lines(text))
        case Reacting(line):
            client.change("react", id=line.id, text=_reaction(text), on=True)
        case Answering(line) if line.id is not None and not _is_command(text):
            text = clean_lines(text)
            client.answer(line.id, text[1:] if _is_escaped(text) else text)
        case _:
            client.enter(text)
    return client.draft


def _is_escaped(text: str) -> bool:
    """Return whether a text is said without its first slash, which keeps it from being a command."""
    return text.startswith("//") and "\n" not in text


def _is_command(text: str) -> bool:
    return text.startswith("/") and not _is_escaped(text) and "\n" not in text.strip()


def _reaction(text: str) -> str:
    """Read what was typed as a reaction; raises :class:`CannotDo`."""
    try:
        return reaction_from(text)
    except ChatError as refusal:
        raise CannotDo(str(refusal)) from refusal
