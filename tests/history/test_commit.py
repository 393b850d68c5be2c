"""What the log says when the history can't be written."""

from __future__ import annotations

import sqlite3
from typing import Any

from box import Box
from conftest import LoggedFailures
from twisted.internet.defer import Deferred, fail
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure

from chat.core.events import Message
from chat.core.facts import Said
from chat.core.queue import Entry
from chat.history.connection import explained
from chat.history.memory import MemoryStore


class BrokenStore(MemoryStore):
    """A history in which a table is missing."""

    def append(self, records: Any) -> Deferred[None]:
        try:
            with explained(), sqlite3.connect(":memory:") as connection:
                connection.execute("INSERT INTO messages VALUES (1)")
        except Exception:
            return fail(Failure())
        return super().append(records)


def test_the_log_says_once_what_sqlite_says() -> None:
    ada = Box(store=BrokenStore()).text("ada")
    with capturedLogs() as logged:
        ada.send("one", "two")
    assert ada.lines() == ["! Not stored, not sent: the history can't be written. Try again later."] * 2
    said = [formatEvent(event) for event in logged]
    assert [line for line in said if "can't be written" in line] == [
        "the history can't be written: the history can't be written. What is said is refused until it can. "
        "SQLite says: no such table: messages"
    ]


def test_the_log_has_no_word_of_what_could_not_be_undone(logged_failures: LoggedFailures) -> None:
    def undo() -> Any:
        raise ZeroDivisionError

    box = Box(store=BrokenStore())
    ada = box.text("ada")
    message = Message(id=1, time="t", author="ada", kind="say", text="the safe has 4711", to="bob")
    with capturedLogs() as logged:
        box.hub.queue.add(Entry(ada.protocol.session, (), Said(message), undo))
        box.turn()
    assert len(logged_failures.flush(ZeroDivisionError)) == 1
    said = "\n".join(formatEvent(event) for event in logged)
    assert "undoing Said failed" in said
    assert "4711" not in said
