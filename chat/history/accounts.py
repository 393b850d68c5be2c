"""Accounts, bans, rules and the audit record in the tables of the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from chat.core.accounts import Role, StoredAccount
from chat.core.bans import Ban, normal
from chat.core.facts import (
    Banned,
    Decision,
    Fact,
    Invited,
    KeptShown,
    LockSet,
    OpSet,
    PasswordSet,
    PrivacySet,
    ReadUpTo,
    Registered,
    RoleSet,
    RoomRules,
    Unbanned,
    Unregistered,
)
from chat.core.session import is_presence

MOST_KEPT = 200
"""The private messages that an account is shown of those kept for it; older ones stay in the history only."""

NOBODY: Mapping[str, bool] = MappingProxyType({})

_DECIDE = "INSERT INTO audit (time, author, action, target, room, why) VALUES (?, ?, ?, ?, ?, ?)"
_ACCOUNTS = """
    SELECT name, password, role, coalesce(since, '')
    FROM accounts LEFT JOIN (
        SELECT target, max(time) AS since FROM audit WHERE action = 'register' GROUP BY target
    ) ON target = name
"""
_BAN = "INSERT OR REPLACE INTO bans (key, target, until, why, author, time) VALUES (?, ?, ?, ?, ?, ?)"
_RULES = "INSERT OR REPLACE INTO rules (room, private, locked, ops, invited) VALUES (?, ?, ?, ?, ?)"
_MARK = "INSERT OR REPLACE INTO marks (account, room, id) VALUES (?, ?, ?)"


def decide(connection: sqlite3.Connection, decision: Decision) -> None:
    """Enter *decision* in the audit record; its fact is written by :func:`write`."""
    row = (decision.time, decision.by, decision.action, decision.target, decision.room, decision.why)
    connection.execute(_DECIDE, row)


def write(connection: sqlite3.Connection, fact: Fact | None) -> None:
    """Store a *fact* about accounts, rooms or bans, as the change of one row for each thing that it is about."""
    execute = connection.execute
    match fact:
        case Registered():
            execute(
                "INSERT INTO accounts (key, name, password) VALUES (?, ?, ?)", (fact.account, fact.name, fact.password)
            )
            for room in fact.ops:
                _change_rules(connection, room, ops={fact.account: True})
            for room in fact.invited:
                _change_rules(connection, room, invited={fact.account: True})
        case Unregistered(account):
            execute("DELETE FROM accounts WHERE key = ?", (account,))
            execute("DELETE FROM marks WHERE account = ?", (account,))
            execute("DELETE FROM kept WHERE account = ?", (account,))
            for rule in rules(connection):
                if account in rule.ops or account in rule.invited:
                    _change_rules(connection, rule.room, ops={account: False}, invited={account: False})
        case PasswordSet(account, password):
            execute("UPDATE accounts SET password = ? WHERE key = ?", (password, account))
        case RoleSet(account, role):
            execute("UPDATE accounts SET role = ? WHERE key = ?", (role, account))
        case ReadUpTo(account, room, number):
            execute(_MARK, (account, room, number))
        case KeptShown(account, number):
            execute("DELETE FROM kept WHERE account = ? AND id <= ?", (account, number))
        case Banned(ban):
            execute(_BAN, (normal(ban.target), ban.target, ban.until, ban.why, ban.by, ban.time))
        case Unbanned(target):
            execute("DELETE FROM bans WHERE key = ? OR target = ?", (normal(target), target))
        case OpSet(room, subject, on) if not is_presence(subject):
            _change_rules(connection, room, ops={subject: on})
        case Invited(room, subject) if not is_presence(subject):
            _change_rules(connection, room, invited={subject: True})
        case PrivacySet(room, on):
            _change_rules(connection, room, private=on)
        case LockSet(room, on):
            _change_rules(connection, room, locked=on)


def keep_ops(connection: sqlite3.Connection, room: str, ops: Sequence[str]) -> None:
    """Have these accounts among the ops of *room*."""
    if ops:
        _change_rules(connection, room, ops=dict.fromkeys(ops, True))


def _change_rules(
    connection: sqlite3.Connection,
    room: str,
    *,
    private: bool | None = None,
    locked: bool | None = None,
    ops: Mapping[str, bool] = NOBODY,
    invited: Mapping[str, bool] = NOBODY,
) -> None:
    """Change some of the rules of a room; ``None`` leaves one as it is."""
    row = connection.execute("SELECT * FROM rules WHERE room = ?", (room,)).fetchone()
    before = _rules(row) if row is not None else RoomRules(room)
    values = (
        room,
        before.private if private is None else private,
        before.locked if locked is None else locked,
        json.dumps(_changed(before.ops, ops)),
        json.dumps(_changed(before.invited, invited)),
    )
    connection.execute(_RULES, values)


def _changed(accounts: Sequence[str], changes: Mapping[str, bool]) -> list[str]:
    kept = {account for account in accounts if changes.get(account, True)}
    return sorted(kept | {account for account, on in changes.items() if on})


def keep_for(connection: sqlite3.Connection, account: str, number: int) -> None:
    """Show the private message with the id *number* to the account when it comes in next."""
    connection.execute("INSERT INTO kept (account, id) VALUES (?, ?)", (account, number))


def find(connection: sqlite3.Connection, account: str) -> StoredAccount | None:
    """The account of that key."""
    row = connection.execute("SELECT name, password, role FROM accounts WHERE key = ?", (account,)).fetchone()
    if row is None:
        return None
    name, password, role = row
    marks = dict(connection.execute("SELECT room, id FROM marks WHERE account = ?", (account,)))
    return StoredAccount(name, password, Role(role), marks)


def all_accounts(connection: sqlite3.Connection) -> Sequence[StoredAccount]:
    """All accounts, without their marks."""
    rows = connection.execute(_ACCOUNTS)
    return [StoredAccount(name, password, Role(role), registered=since) for name, password, role, since in rows]


def bans(connection: sqlite3.Connection) -> Sequence[Ban]:
    """All bans."""
    return [Ban(*row) for row in connection.execute("SELECT target, until, why, author, time FROM bans")]


def rules(connection: sqlite3.Connection) -> Sequence[RoomRules]:
    """The rules of all rooms that have any."""
    return [_rules(row) for row in connection.execute("SELECT * FROM rules")]


def _rules(row: tuple[str, int, int, str, str]) -> RoomRules:
    room, private, locked, ops, invited = row
    return RoomRules(room, bool(private), bool(locked), tuple(json.loads(ops)), tuple(json.loads(invited)))
