"""Accounts, bans, rules and the audit record in the tables of the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from chat.core.accounts import Account, Role
from chat.core.bans import Ban, normal
from chat.core.names import key
from chat.core.records import Decision, Erasure, Fetched, Marked, RoomRules, Unbanned, Unregistered

MOST_KEPT = 200
"""The private messages that an account is shown of those kept for it; older ones stay in the history only."""

_DECIDE = "INSERT INTO audit (time, author, action, target, room, why) VALUES (?, ?, ?, ?, ?, ?)"
_ACCOUNT = """
    INSERT INTO accounts (key, name, password, role) VALUES (?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET password = excluded.password, role = excluded.role
"""
_BAN = "INSERT OR REPLACE INTO bans (key, target, until, why, author, time) VALUES (?, ?, ?, ?, ?, ?)"
_RULES = "INSERT OR REPLACE INTO rules (room, private, locked, ops, invited) VALUES (?, ?, ?, ?, ?)"
_MARK = "INSERT OR REPLACE INTO marks (account, room, id) VALUES (?, ?, ?)"


def write(connection: sqlite3.Connection, record: Decision | Marked | Fetched) -> None:
    """Keep *record*, but for an erasure that it decides."""
    match record:
        case Marked(account, room, number):
            connection.execute(_MARK, (account, room, number))
        case Fetched(account, number):
            connection.execute("DELETE FROM kept WHERE account = ? AND id <= ?", (account, number))
        case Decision():
            row = (record.time, record.by, record.action, record.target, record.room, record.why)
            connection.execute(_DECIDE, row)
            _change(connection, record.change)


def _change(
    connection: sqlite3.Connection, change: Account | Unregistered | Ban | Unbanned | RoomRules | Erasure | None
) -> None:
    match change:
        case Account():
            connection.execute(_ACCOUNT, (key(change.name), change.name, change.password, change.role))
        case Unregistered(account):
            connection.execute("DELETE FROM accounts WHERE key = ?", (account,))
            connection.execute("DELETE FROM marks WHERE account = ?", (account,))
            connection.execute("DELETE FROM kept WHERE account = ?", (account,))
        case Ban():
            row = (normal(change.target), change.target, change.until, change.why, change.by, change.time)
            connection.execute(_BAN, row)
        case Unbanned(target):
            connection.execute("DELETE FROM bans WHERE key = ?", (target,))
        case RoomRules():
            rules = (change.room, change.private, change.locked, json.dumps(change.ops), json.dumps(change.invited))
            connection.execute(_RULES, rules)


def keep_for(connection: sqlite3.Connection, account: str, number: int) -> None:
    """Show the private message with the id *number* to the account when it comes in next."""
    connection.execute("INSERT INTO kept (account, id) VALUES (?, ?)", (account, number))


def find(connection: sqlite3.Connection, account: str) -> Account | None:
    """The account of that key."""
    row = connection.execute("SELECT name, password, role FROM accounts WHERE key = ?", (account,)).fetchone()
    if row is None:
        return None
    name, password, role = row
    marks = dict(connection.execute("SELECT room, id FROM marks WHERE account = ?", (account,)))
    return Account(name, password, Role(role), marks)


def names(connection: sqlite3.Connection) -> Sequence[str]:
    """All registered names."""
    return [name for (name,) in connection.execute("SELECT name FROM accounts")]


def bans(connection: sqlite3.Connection) -> Sequence[Ban]:
    """All bans."""
    return [Ban(*row) for row in connection.execute("SELECT target, until, why, author, time FROM bans")]


def rules(connection: sqlite3.Connection) -> Sequence[RoomRules]:
    """The rules of all rooms that have any."""
    return [
        RoomRules(room, bool(private), bool(locked), tuple(json.loads(ops)), tuple(json.loads(invited)))
        for room, private, locked, ops, invited in connection.execute("SELECT * FROM rules")
    ]
