"""Accounts, tokens, bans and the audit record in the tables of the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from chat.core.accounts import Role, StoredAccount, Subject
from chat.core.bans import Ban, normal, same
from chat.core.doors import GOOD_FOR, Invitation
from chat.core.facts import (
    AccountRenamed,
    Banned,
    Decision,
    Fact,
    Ignoring,
    InvitationMade,
    InvitationUsed,
    LoggedOut,
    NameFreed,
    PasswordSet,
    PresencesEnded,
    ReadUpTo,
    ReadWith,
    Registered,
    RightsKept,
    RoleSet,
    RoomFact,
    RoomListed,
    Seen,
    TokenKept,
    TokensEnded,
    Unbanned,
    Unregistered,
    WordsSet,
)
from chat.core.ports import StoredToken
from chat.history import changes, conversations, rules

TOKENS_EACH = 50
"""So many tokens of one account are kept, those that were used last."""

BELONGING = ("tokens", "ignored")
"""The tables of what belongs to a subject, an account or a presence, beside the rights in rooms."""

DECISIONS_OF_ROOM = 1_000
"""So many of the last decisions of the ops of a room are in the audit record."""

DECISIONS_OF_NAME = 100
"""So many of the last decisions that users made about an account of one name are in the audit record."""

_DECIDE = "INSERT INTO audit (time, author, action, target, room, why, lasting) VALUES (?, ?, ?, ?, ?, ?, ?)"
_BOUND_ROOM = """
    DELETE FROM audit WHERE NOT lasting AND room = ?1 AND id <= (
        SELECT id FROM audit WHERE NOT lasting AND room = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2
    )
"""
_BOUND_NAME = """
    DELETE FROM audit WHERE NOT lasting AND room IS NULL AND target = ?1 AND id <= (
        SELECT id FROM audit WHERE NOT lasting AND room IS NULL AND target = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2
    )
"""
_OLD_DECISIONS = "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE NOT lasting AND time < ? LIMIT ?)"
_DECISIONS = "SELECT id, time, author, action, target, room, why FROM audit WHERE id > ? ORDER BY id LIMIT ?"
_REGISTER = "INSERT INTO accounts (id, name, password, presence) VALUES (?, ?, ?, ?)"
_ACCOUNT = "SELECT id, name, password, role, coalesce(presence, 0) FROM accounts"
_BAN = """
    INSERT OR REPLACE INTO bans (key, target, until, why, author, time, account) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_INVITE = "INSERT INTO invitations (digest, maker, until) VALUES (?, ?, ?)"
_IGNORE = "INSERT OR IGNORE INTO ignored (subject, name) VALUES (?, ?)"
_HEED = "DELETE FROM ignored WHERE subject = ? AND name = ?"
_MARK = "INSERT OR REPLACE INTO marks (account, room, id) VALUES (?, ?, ?)"
_JOIN = "INSERT OR IGNORE INTO joined (account, room) VALUES (?, ?)"
_PART = "DELETE FROM joined WHERE account = ? AND room = ?"
_WORD = "INSERT OR IGNORE INTO own_words (account, word) VALUES (?, ?)"
_TOKEN = "INSERT OR REPLACE INTO tokens (digest, subject, used) VALUES (?, ?, ?)"  # noqa: S105 - a statement
_OLD_TOKENS = """
    DELETE FROM tokens
    WHERE digest IN (SELECT digest FROM tokens WHERE subject = ? ORDER BY used DESC LIMIT -1 OFFSET ?)
"""
_TAGS = "SELECT tag, id, time FROM messages WHERE lineage = ? ORDER BY id DESC LIMIT ?"


def decide(connection: sqlite3.Connection, decision: Decision) -> None:
    """Enter *decision* in the audit record; its fact is written by :func:`write`."""
    row = (decision.time, decision.by, decision.action, decision.target, decision.room, decision.why, decision.lasting)
    connection.execute(_DECIDE, row)
    if not decision.lasting and decision.room is not None:
        connection.execute(_BOUND_ROOM, (decision.room, DECISIONS_OF_ROOM))
    elif not decision.lasting:
        connection.execute(_BOUND_NAME, (decision.target, DECISIONS_OF_NAME))


def drop_decisions(connection: sqlite3.Connection, until: str, most: int) -> int:
    """Drop decisions that do not last and are older than *until*, at *most* so many; return how many."""
    return connection.execute(_OLD_DECISIONS, (until, most)).rowcount


def decisions(connection: sqlite3.Connection, after: int, count: int) -> Sequence[tuple[int, Decision]]:
    """The first *count* decisions of the audit record behind the one with the number *after*."""
    return [(number, Decision(*row)) for number, *row in connection.execute(_DECISIONS, (after, count))]


def write(connection: sqlite3.Connection, fact: Fact | None) -> None:
    """Store a *fact* about accounts, rooms or bans, as the change of one row for each thing that it is about."""
    execute = connection.execute
    match fact:
        case Registered(account, name, password, presence, invitation, ignored):
            execute(_REGISTER, (account, name, password, presence or None))
            execute("DELETE FROM invitations WHERE digest = ?", (invitation,))
            for table in BELONGING:
                execute(f"UPDATE OR REPLACE {table} SET subject = ? WHERE subject = ?", (account, presence))  # noqa: S608
            connection.executemany(_IGNORE, ((account, one) for one in ignored))
            rules.register(connection, account, presence)
        case Unregistered(account, presence, ignored):
            for (party,) in execute("SELECT coalesce(presence, id) FROM accounts WHERE id = ?", (account,)).fetchall():
                conversations.end(connection, party)
            execute("DELETE FROM accounts WHERE id = ?", (account,))
            execute("DELETE FROM marks WHERE account = ?", (account,))
            execute("DELETE FROM joined WHERE account = ?", (account,))
            execute("DELETE FROM own_words WHERE account = ?", (account,))
            execute("DELETE FROM former_names WHERE account = ?", (account,))
            execute("DELETE FROM invitations WHERE maker = ?", (account,))
            execute("DELETE FROM hooks WHERE maker = ?", (account,))
            _end(connection, account)
            connection.executemany(_IGNORE, ((presence, one) for one in ignored))
        case InvitationMade(invitation):
            execute("DELETE FROM invitations WHERE until <= ?", (invitation.until - GOOD_FOR,))
            execute(_INVITE, (invitation.digest, invitation.maker, invitation.until))
        case PresencesEnded(presences):
            for presence in presences:
                conversations.end(connection, presence)
                _end(connection, presence)
        case PasswordSet(account, password, but):
            execute("UPDATE accounts SET password = ? WHERE id = ?", (password, account))
            execute("DELETE FROM tokens WHERE subject = ? AND digest IS NOT ?", (account, but))
        case RoleSet(account, role):
            execute("UPDATE accounts SET role = ? WHERE id = ?", (role, account))
        case Ignoring(subject, name, on):
            execute(_IGNORE if on else _HEED, (subject, name))
        case LoggedOut(subject, None):
            execute("DELETE FROM tokens WHERE subject = ?", (subject,))
        case LoggedOut(subject, digests):
            for digest in digests or ():
                execute("DELETE FROM tokens WHERE subject = ? AND digest = ?", (subject, digest))
        case AccountRenamed(account, name, before, until):
            execute("UPDATE accounts SET name = ? WHERE id = ?", (name, account))
            execute("DELETE FROM former_names WHERE name = ?", (name,))
            execute(
                "INSERT OR REPLACE INTO former_names (name, account, until) VALUES (?, ?, ?)", (before, account, until)
            )
        case NameFreed(name):
            execute("DELETE FROM former_names WHERE name = ?", (name,))
        case RoomListed(account, room, on):
            execute(_JOIN if on else _PART, (account, room))
        case WordsSet(account, words):
            execute("DELETE FROM own_words WHERE account = ?", (account,))
            connection.executemany(_WORD, ((account, word) for word in words))
        case ReadUpTo(account, room, number):
            execute(_MARK, (account, room, number))
        case ReadWith(party, other, number) | Seen(party, other, number):
            conversations.mark(connection, party, other, number)
        case TokenKept(digest, subject, used):
            execute(_TOKEN, (digest, subject, used))
            execute(_OLD_TOKENS, (subject, TOKENS_EACH))
        case TokensEnded(subject):
            execute("DELETE FROM tokens WHERE subject = ?", (subject,))
        case Banned(ban):
            _lift(connection, ban)
            execute(_BAN, (normal(ban), ban.target, ban.until, ban.why, ban.by, ban.time, ban.account))
        case Unbanned(ban):
            _lift(connection, ban)
        case _ if isinstance(fact, RightsKept | InvitationUsed | RoomFact):
            rules.write(connection, fact)


def _lift(connection: sqlite3.Connection, ban: Ban) -> None:
    """Drop *ban*, and every other that is about the same; an older version kept those apart that look alike now."""
    connection.execute("DELETE FROM bans WHERE key = ?", (normal(ban),))
    for other in bans(connection) if "/" not in ban.target else ():
        if other.target == ban.target or ("/" not in other.target and same(ban, other)):
            connection.execute("DELETE FROM bans WHERE target = ?", (other.target,))


def _end(connection: sqlite3.Connection, subject: Subject) -> None:
    """Drop what belongs to *subject*."""
    for table in BELONGING:
        connection.execute(f"DELETE FROM {table} WHERE subject = ?", (subject,))  # noqa: S608
    rules.end(connection, subject)


def find(connection: sqlite3.Connection, account: Subject) -> StoredAccount | None:
    """The account with that id."""
    row = connection.execute(f"{_ACCOUNT} WHERE id = ?", (account,)).fetchone()
    return _account(row, marks=marks(connection, account)) if row is not None else None


def marks(connection: sqlite3.Connection, account: Subject) -> Mapping[str, int]:
    """Up to which id the account has read each room."""
    return dict(connection.execute("SELECT room, id FROM marks WHERE account = ?", (account,)))


def token(connection: sqlite3.Connection, digest: str, most: int) -> StoredToken | None:
    """The token of that digest, with the last tags that were used under it, at *most* so many."""
    row = connection.execute("SELECT subject, used FROM tokens WHERE digest = ?", (digest,)).fetchone()
    tags = connection.execute(_TAGS, (digest, most)).fetchall()
    done = changes.done(connection, digest, most)
    if row is None and not tags and not done:
        return None
    subject, used = row or (0, 0.0)
    found = {tag: (number, time) for tag, number, time in reversed(tags)}
    return StoredToken(subject, used, found, done)


def all_accounts(connection: sqlite3.Connection, ignored: Mapping[Subject, Sequence[str]]) -> Sequence[StoredAccount]:
    """All accounts, without their marks; *ignored* tells whom they ignore."""
    rooms = _lists(connection, "SELECT account, room FROM joined ORDER BY rowid")
    words = _lists(connection, "SELECT account, word FROM own_words ORDER BY rowid")
    return [
        _account(row, ignored=ignored.get(row[0], ()), rooms=rooms.get(row[0], ()), words=words.get(row[0], ()))
        for row in connection.execute(f"{_ACCOUNT} ORDER BY id")
    ]


def _account(row: tuple[int, str, str, str, int], **belonging: Any) -> StoredAccount:
    number, name, password, role, presence = row
    return StoredAccount(number, name, password, Role(role), presence, **belonging)


def former_names(connection: sqlite3.Connection) -> Sequence[tuple[str, Subject, float]]:
    """The names that accounts had before, the first to be freed first."""
    return connection.execute("SELECT name, account, until FROM former_names ORDER BY until").fetchall()


def ignored_by(connection: sqlite3.Connection) -> Mapping[Subject, Sequence[str]]:
    """Whom accounts, and presences that may come back, ignore."""
    return _lists(connection, "SELECT subject, name FROM ignored")


def _lists(connection: sqlite3.Connection, query: str) -> Mapping[Subject, Sequence[str]]:
    """What a *query* finds that answers pairs of a subject and a string."""
    found: dict[Subject, list[str]] = {}
    for subject, text in connection.execute(query):
        found.setdefault(subject, []).append(text)
    return found


def last_account(connection: sqlite3.Connection) -> Subject:
    """The greatest id that an account has had."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'accounts'").fetchone()
    return row[0] if row is not None else 0


def presences(connection: sqlite3.Connection) -> Sequence[Subject]:
    """The users without an account of whom a token, rights or conversations are held."""
    tables = " UNION ".join(f"SELECT subject FROM {table} WHERE subject < 0" for table in (*BELONGING, "rights"))  # noqa: S608
    held = {subject for (subject,) in connection.execute(tables)}
    return sorted(held.union(conversations.presences(connection)))


def bans(connection: sqlite3.Connection) -> Sequence[Ban]:
    """All bans."""
    return [Ban(*row) for row in connection.execute("SELECT target, until, why, author, time, account FROM bans")]


def invitations(connection: sqlite3.Connection) -> Sequence[Invitation]:
    """The invitations that nobody has used."""
    return [Invitation(*row) for row in connection.execute("SELECT digest, maker, until FROM invitations")]
