"""How the rows of the table of messages become messages, and what the index of words holds of them."""

from __future__ import annotations

from typing import Any

from chat.core.accounts import Subject
from chat.core.events import Message, Sent
from chat.history.schema import indexed_name, indexed_parties, indexed_text

COLUMNS = (
    "messages.id, time, room, recipient, messages.author, kind, text, tag, "
    "(SELECT accounts.name FROM accounts WHERE accounts.id = author_id)"
)
LETTER = f"{COLUMNS}, copies.other, mine, lineage"
"""The columns of a private message that somebody has."""
INDEX = "INSERT INTO words (rowid, text, author, room) VALUES (?, ?, ?, ?)"
UNINDEX = "INSERT INTO words (words, rowid, text, author, room) VALUES ('delete', ?, ?, ?, ?)"
INDEX_PRIVATE = "INSERT INTO private_words (rowid, text, author, parties) VALUES (?, ?, ?, ?)"
UNINDEX_PRIVATE = (
    "INSERT INTO private_words (private_words, rowid, text, author, parties) VALUES ('delete', ?, ?, ?, ?)"
)


def message_from(row: tuple[Any, ...]) -> Message:
    """Make a message of the :data:`COLUMNS` of a row."""
    number, time, room, recipient, author, kind, text, tag, account = row
    return Message(
        id=number, time=time, room=room, to=recipient, author=author, kind=kind, text=text, tag=tag, account=account
    )


def letter_from(row: tuple[Any, ...], party: Subject, token: str | None) -> Message:
    """Make a private message, as *party* is shown it, of the columns :data:`LETTER`.

    It has its tag only for who said it under the token of the digest *token*.
    """
    number, time, _, recipient, author, kind, text, tag, account, other, mine, lineage = row
    return (Sent if mine and other != party else Message)(
        id=number,
        time=time,
        to=recipient,
        author=author,
        kind=kind,
        text=text,
        tag=tag if not mine or lineage == token else None,
        account=account,
        with_=str(other),
    )


def words_of(message: Message) -> tuple[object, ...]:
    """What the index of words holds of a message in a room."""
    return (message.id, indexed_text(message.text), indexed_name(message.author), indexed_name(message.room or ""))


def words_between(message: Message, author: Subject, other: Subject) -> tuple[object, ...]:
    """What the index of words in private messages holds of one between two parties."""
    return (message.id, indexed_text(message.text), indexed_name(message.author), indexed_parties(author, other))
