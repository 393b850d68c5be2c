"""The rules of rooms, and who has which rights in them, in the tables of the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from chat.core.accounts import Subject
from chat.core.bans import RoomBan
from chat.core.facts import (
    AccessSet,
    BannedFrom,
    FounderSet,
    HookEnded,
    HookMade,
    InvitationUsed,
    Invited,
    LockSet,
    Muted,
    OpSet,
    RightsKept,
    RoomFact,
    RoomRules,
    SlowSet,
    StatusSet,
    UnbannedFrom,
)
from chat.core.hook_directory import StoredHook
from chat.core.room import LONGEST_FOR_NETWORK, Access, Invite, Status

_RULE = "INSERT OR IGNORE INTO rules (room, locked) VALUES (?, 0)"
_RIGHTS = "INSERT OR IGNORE INTO rights (room, subject, op, invited) VALUES (?, ?, 0, 0)"
_NO_RIGHTS = """
    DELETE FROM rights
    WHERE room = ? AND subject = ? AND NOT op AND NOT invited AND NOT founder AND muted IS NULL
"""
_USE = "UPDATE rights SET invited = ? WHERE room = ? AND subject = ? AND invited"
_BAN = """
    INSERT OR REPLACE INTO room_bans (room, subject, target, until, why, author, time, network, network_until)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UNBAN = "DELETE FROM room_bans WHERE room = ? AND subject = ?"
_HOOK = "INSERT INTO hooks (name, room, digest, maker, time) VALUES (?, ?, ?, ?, ?)"
_TAGS = "SELECT tag FROM messages WHERE lineage = ? ORDER BY id DESC LIMIT ?"
_BANS = "SELECT room, subject, target, until, why, author, time, network, network_until FROM room_bans ORDER BY time"


def write(connection: sqlite3.Connection, fact: RoomFact | RightsKept | InvitationUsed) -> None:
    """Store a *fact* about a room, as the change of one row for each thing that it is about."""
    execute = connection.execute
    match fact:
        case OpSet(room, subject, on):
            _set_right(connection, room, subject, op=on)
            if not on:
                _set_right(connection, room, subject, founder=False)
        case RightsKept(room, subject, on, founder):
            _set_right(connection, room, subject, op=on, founder=founder)
        case FounderSet(room, subject):
            execute("UPDATE rights SET founder = 0 WHERE room = ?", (room,))
            _set_right(connection, room, subject, op=True, founder=True)
        case Invited(room, subject):
            _set_right(connection, room, subject, invited=fact.invite)
        case InvitationUsed(room, subject):
            execute(_USE, (Invite.USED, room, subject))
        case Muted(room, subject, until, network, network_until):
            _set_right(connection, room, subject, muted=until)
            execute("DELETE FROM muted_networks WHERE room = ? AND network = ?", (room, network))
            if network_until is not None:
                over = network_until - LONGEST_FOR_NETWORK
                execute("DELETE FROM muted_networks WHERE room = ? AND until < ?", (room, over))
                execute(
                    "INSERT INTO muted_networks (room, network, until) VALUES (?, ?, ?)", (room, network, network_until)
                )
        case BannedFrom(room, ban, over):
            for subject in over:
                execute(_UNBAN, (room, subject))
            _set_right(connection, room, ban.subject, invited=Invite.NONE)
            row = (ban.subject, ban.target, ban.until, ban.why, ban.by, ban.time, ban.network, ban.network_until)
            execute(_BAN, (room, *row))
        case UnbannedFrom(room, subject):
            execute(_UNBAN, (room, subject))
        case AccessSet(room, access, invited):
            _set_rule(connection, room, "access", access)
            for subject in invited:
                _set_right(connection, room, subject, invited=Invite.USED)
        case StatusSet(room, status):
            _set_rule(connection, room, "status", status)
        case LockSet(room, on):
            _set_rule(connection, room, "locked", on)
        case SlowSet(room, seconds):
            _set_rule(connection, room, "slow", seconds)
        case HookMade(_, hook):
            execute(_HOOK, (hook.name, hook.room, hook.digest, hook.maker, hook.time))
        case HookEnded(_, name):
            execute("DELETE FROM hooks WHERE name = ?", (name,))


def _set_right(connection: sqlite3.Connection, room: str, subject: Subject, **values: float | None) -> None:
    connection.execute(_RIGHTS, (room, subject))
    for right, value in values.items():
        connection.execute(f"UPDATE rights SET {right} = ? WHERE room = ? AND subject = ?", (value, room, subject))  # noqa: S608
    connection.execute(_NO_RIGHTS, (room, subject))


def _set_rule(connection: sqlite3.Connection, room: str, rule: str, value: str | int) -> None:
    connection.execute(_RULE, (room,))
    connection.execute(f"UPDATE rules SET {rule} = ? WHERE room = ?", (value, room))  # noqa: S608


def forget(connection: sqlite3.Connection, room: str) -> None:
    """Forget the rules of a room that is gone, its hooks, and who had rights in it."""
    for table in ("rules", "rights", "muted_networks", "room_bans", "joined", "hooks"):
        connection.execute(f"DELETE FROM {table} WHERE room = ?", (room,))  # noqa: S608


def register(connection: sqlite3.Connection, account: Subject, presence: Subject) -> None:
    """What rooms hold of the *presence* is the account's from now on."""
    for table in ("rights", "room_bans"):
        query = f"UPDATE OR REPLACE {table} SET subject = ? WHERE subject = ?"  # noqa: S608
        connection.execute(query, (account, presence))


def end(connection: sqlite3.Connection, subject: Subject) -> None:
    """Rooms hold nothing of *subject* any more, but for bans that keep others from its network out."""
    connection.execute("DELETE FROM rights WHERE subject = ?", (subject,))
    connection.execute("DELETE FROM room_bans WHERE subject = ? AND network = ''", (subject,))
    connection.execute("UPDATE room_bans SET until = network_until WHERE subject = ?", (subject,))


def read(connection: sqlite3.Connection) -> Sequence[RoomRules]:
    """The rules of all rooms that have any, and who has rights in them."""
    ruled = {
        room: (Access(access), Status(status), bool(locked), slow)
        for room, access, status, locked, slow in connection.execute(
            "SELECT room, access, status, locked, slow FROM rules"
        )
    }
    held: dict[str, list[tuple[Any, ...]]] = {}
    query = "SELECT room, subject, op, invited, muted, founder FROM rights"
    for room, *row in connection.execute(query):
        held.setdefault(room, []).append(tuple(row))
    networks: dict[str, dict[str, float]] = {}
    for room, network, until in connection.execute("SELECT room, network, until FROM muted_networks"):
        networks.setdefault(room, {})[network] = until
    bans: dict[str, list[RoomBan]] = {}
    for room, *row in connection.execute(_BANS):
        bans.setdefault(room, []).append(RoomBan(*row))
    found = []
    for room in dict.fromkeys([*ruled, *held, *networks, *bans]):
        access, status, locked, slow = ruled.get(room, (Access.OPEN, Status.LIVE, False, 0))
        rights = held.get(room, ())
        rules = RoomRules(
            room,
            access,
            status,
            locked,
            slow,
            maker=next((subject for subject, *_, founder in rights if founder), 0),
            ops=tuple(subject for subject, op, *_ in rights if op),
            invited=tuple(subject for subject, _, invited, *_ in rights if invited),
            waiting=tuple(subject for subject, _, invited, *_ in rights if invited == Invite.WAITING),
            bans=tuple(bans.get(room, ())),
            muted={subject: until for subject, _, _, until, _ in rights if until is not None},
            muted_networks=networks.get(room, {}),
        )
        found.append(rules)
    return found


def hooks(connection: sqlite3.Connection, most: int) -> Sequence[StoredHook]:
    """All hooks, each with the last tags that it has used, at *most* so many."""
    rows = connection.execute("SELECT name, room, digest, maker, time FROM hooks ORDER BY time").fetchall()
    found = []
    for name, room, digest, maker, time in rows:
        tags = connection.execute(_TAGS, (digest, most)).fetchall()
        found.append(StoredHook(name, room, digest, maker, time, tuple(tag for (tag,) in reversed(tags))))
    return found
