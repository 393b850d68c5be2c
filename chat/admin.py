"""``chat admin``: manages accounts and their roles, on the machine that the chat runs on."""

from __future__ import annotations

import getpass
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import ClassVar

from twisted.python import usage

from chat import __version__
from chat.core.accounts import Role, StoredAccount, check_password
from chat.core.errors import BadPassword
from chat.core.events import timestamp
from chat.core.facts import Decision, PasswordSet, RoleSet
from chat.core.names import key
from chat.history import accounts
from chat.history.passwords import hash_password
from chat.history.schema import MIGRATIONS
from chat.history.sqlite import FILE, connect, explained, transaction
from chat.history.store import CannotKeep

ROLES = {"owner": Role.OWNER, "moderator": Role.MODERATOR, "user": Role.USER}


class CannotAdminister(Exception):
    """What was asked for can't be done; the message of the exception is a sentence for the user."""


class Options(usage.Options):
    """The command line of ``chat admin``."""

    synopsis = "Usage: chat admin [options] accounts | role NAME ROLE | password NAME | audit"
    longdesc = """Looks after the accounts in a history; the chat may run meanwhile. "accounts" lists them, "role"
makes an account owner, moderator or user (from its next log-in on), "password" gives it another password, "audit"
prints what moderators have done. To reach a host that is called admin, write admin:12345."""
    optParameters: ClassVar = [["data", "d", ".", "The directory with the history (chat.db)."]]

    def opt_version(self) -> None:
        """Print the version and leave."""
        print(f"chat {__version__}")
        sys.exit(0)

    def parseArgs(self, *words: str) -> None:  # noqa: N802 - Twisted calls it so
        """Take what is to be done; options may follow it."""
        options = [number for number, word in enumerate(words) if word.startswith("-")]
        first = options[0] if options else len(words)
        self["words"] = [*self.get("words", []), *words[:first]]
        if options:
            self.parseOptions(list(words[first:]))


def run(arguments: list[str]) -> int:
    """Run ``chat admin``; return the exit code."""
    options = Options()
    try:
        options.parseOptions(arguments)
        word, *rest = options["words"] or [""]
        if word not in _WORK or len(rest) != _WORK[word][0]:
            raise usage.UsageError("Say what is to be done: accounts, role NAME ROLE, password NAME, or audit.")
        with closing(_open(Path(options["data"]))) as connection, explained():
            _WORK[word][1](connection, *rest)
    except usage.UsageError as refusal:
        print(f"chat: {str(refusal).rstrip('.')}. chat admin --help explains.", file=sys.stderr)
        return 2
    except (CannotAdminister, CannotKeep, BadPassword) as refusal:
        print(f"chat: {refusal}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _open(directory: Path) -> sqlite3.Connection:
    path = directory / FILE
    if not path.exists():
        raise CannotAdminister(f"There is no {path}. Say with --data where the history is.")
    connection = connect(path)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != len(MIGRATIONS):
        connection.close()
        raise CannotAdminister(f"{path} belongs to another version of twisted-chat. Start the chat once, or update.")
    return connection


def _list(connection: sqlite3.Connection) -> None:
    for account in sorted(accounts.all_accounts(connection), key=lambda account: account.name.casefold()):
        print(account.name, account.role)


def _set_role(connection: sqlite3.Connection, name: str, role: str) -> None:
    account = _account(connection, name)
    if role not in ROLES:
        raise CannotAdminister(f"There is no role {role}. There are: {', '.join(ROLES)}.")
    _decide(connection, account, f"role {role}", RoleSet(key(account.name), ROLES[role]))
    print(f"{account.name} is {role} from the next log-in on.")


def _set_password(connection: sqlite3.Connection, name: str) -> None:
    account = _account(connection, name)
    password = getpass.getpass(f"New password of {account.name}: ") if sys.stdin.isatty() else sys.stdin.readline()
    password = password.rstrip("\r\n")
    check_password(password)
    _decide(connection, account, "password", PasswordSet(key(account.name), hash_password(password)))
    print(f"{account.name} has another password.")


def _account(connection: sqlite3.Connection, name: str) -> StoredAccount:
    account = accounts.find(connection, key(name))
    if account is None:
        raise CannotAdminister(f"There is no account {name}. Users make theirs with /register.")
    return account


def _decide(connection: sqlite3.Connection, account: StoredAccount, action: str, fact: PasswordSet | RoleSet) -> None:
    with transaction(connection):
        accounts.decide(connection, Decision(timestamp(time.time()), "chat admin", action, account.name))
        accounts.write(connection, fact)


def _audit(connection: sqlite3.Connection) -> None:
    rows = connection.execute("SELECT time, author, action, target, room, why FROM audit ORDER BY id")
    for moment, author, action, target, room, why in rows:
        where = f" in #{room}" if room else ""
        print(f"{moment} {author}: {action} {target}{where}{f': {why}' if why else ''}")


_WORK: Mapping[str, tuple[int, Callable[..., None]]] = {
    "accounts": (0, _list),
    "role": (2, _set_role),
    "password": (1, _set_password),
    "audit": (0, _audit),
}
"""What can be done: the number of words that follow, and the function that does it."""
