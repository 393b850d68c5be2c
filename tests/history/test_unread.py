"""What is read of conversations takes no more because there are many others, or because much is unread."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from sqlite3 import Connection

import pytest

from chat.core.ports import Missed, Query, UnreadOf
from chat.history import conversations
from chat.history.connection import connect
from chat.history.migrations import migrate

SENDERS = range(-100, 0)
PARTY = -1_000
OWN_NAME = "ada"
EACH = 30


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    """A file in which many have said much to one party."""
    path = tmp_path / "chat.db"
    connection = connect(path)
    migrate(connection, path)
    connection.execute("BEGIN")
    for number in range(1, EACH * len(SENDERS) + 1):
        sender = SENDERS[number % len(SENDERS)]
        row = (number, "2026-11-21T09:15:02.114Z", OWN_NAME, f"eve{-sender}", "say", "hi")
        connection.execute("INSERT INTO messages (id, time, recipient, author, kind, text) VALUES (?,?,?,?,?,?)", row)
        connection.execute("INSERT INTO copies (subject, other, id, mine) VALUES (?, ?, ?, 0)", (PARTY, sender, number))
        connection.execute("INSERT OR IGNORE INTO conversations VALUES (?, ?, 0)", (PARTY, sender))
    connection.execute("COMMIT")
    return connection


def steps(connection: Connection, question: Callable[[], object]) -> int:
    """How many hundreds of steps of SQLite an answer takes."""
    taken: list[int] = []
    connection.set_progress_handler(lambda: taken.append(1), 100)
    question()
    connection.set_progress_handler(None, 100)
    return len(taken)


@pytest.mark.parametrize("most", [None, EACH - 1])
def test_a_page_takes_no_more_if_much_more_is_unread(connection: Connection, most: int | None) -> None:
    with closing(connection):
        end = EACH * len(SENDERS) + 1
        unread = conversations.unread(connection, UnreadOf(PARTY, end, most=most))
        assert (unread.count, unread.first) == (end - 1, 1 if most is None else 1 + len(SENDERS))
        wanted = Missed(PARTY, end, after=unread.first - 1, unread=True, newest=unread.newest)
        few = Missed(PARTY, unread.first + 100, after=unread.first - 1, unread=True, newest=unread.newest)
        page, small = (partial(conversations.missed, connection, asked, 20) for asked in (wanted, few))
        assert len(page()) == len(small()) == 20
        assert steps(connection, page) <= steps(connection, small) + 1


def test_nothing_looks_at_all_that_a_party_has_for_each_conversation(connection: Connection) -> None:
    end = EACH * len(SENDERS) + 1
    with closing(connection):
        for question in (
            partial(conversations.listed, connection, PARTY, end, len(SENDERS)),
            partial(conversations.unread, connection, UnreadOf(PARTY, end)),
            partial(conversations.unread, connection, UnreadOf(PARTY, end, most=EACH - 1)),
        ):
            assert steps(connection, question) < end


def test_a_conversation_is_read_without_looking_at_others(connection: Connection) -> None:
    end = EACH * len(SENDERS) + 1
    query = Query(None, end, 20, party=PARTY, other=SENDERS[0])
    with closing(connection):
        assert steps(connection, partial(conversations.read, connection, query, 1, end, 20)) < 30
        connection.execute("UPDATE conversations SET read = ?", (end,))
        assert steps(connection, partial(conversations.unread, connection, UnreadOf(PARTY, end))) < 30
