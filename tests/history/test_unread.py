"""What is unread is read page by page, and a page takes no more because there are many."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

import pytest

from chat.core.ports import Missed, UnreadOf
from chat.history import conversations
from chat.history.schema import migrate
from chat.history.sqlite import connect

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


def steps(connection: Connection, wanted: Missed) -> int:
    """How many hundreds of steps of SQLite a page takes."""
    taken = []
    connection.set_progress_handler(lambda: taken.append(1), 100)
    assert len(conversations.missed(connection, wanted, 20)) == 20
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
        assert steps(connection, wanted) <= steps(connection, few) + 1
