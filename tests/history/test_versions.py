"""A history that an older version has written opens, whole, whatever happens while it is brought up to date."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from history.stores import REACTOR, said, wait
from twisted.logger import LogLevel, capturedLogs, formatEvent

from chat.core.accounts import Role, StoredAccount
from chat.core.bans import RoomBan
from chat.core.doors import Invitation
from chat.core.events import Edited, Pinned, Reacted, Reaction
from chat.core.facts import Contents, RoomRules
from chat.core.ports import ConversationsOf, Missed, Query, Search, StoredToken
from chat.core.private import cost
from chat.core.room import Access, Status
from chat.history.directory import FILE
from chat.history.migrations import presence_of
from chat.history.schema import VERSION
from chat.history.sqlite import SqliteStore
from chat.history.store import CannotOpen

VERSIONS = Path(__file__).with_name("versions")
"""A file of each version, never to be changed."""

PLACES = 20
"""So many times the upgrade is killed, each time at another place."""

UPGRADE = """
import os, signal, sqlite3, sys
from pathlib import Path
from chat.history import sqlite
from history.stores import REACTOR

limit, done = int(sys.argv[2]), 0

def count(statement):
    global done
    done += 1
    if done == limit:
        os.kill(os.getpid(), signal.SIGKILL)

connect = sqlite.connect

def traced(*arguments):
    connection = connect(*arguments)
    connection.set_trace_callback(count)
    return connection

sqlite.connect = traced
store = sqlite.SqliteStore(REACTOR, Path(sys.argv[1]))
store.open()
store.close()
print(done)
"""


class Opened(NamedTuple):
    """A store that is open, and what it held when it was opened."""

    store: SqliteStore
    contents: Contents


@pytest.fixture(params=range(1, VERSION))
def version(request: pytest.FixtureRequest) -> int:
    """An older version."""
    number: int = request.param
    return number


@pytest.fixture
def folder(tmp_path: Path, version: int) -> Path:
    """A directory with the history of an older version."""
    shutil.copy(VERSIONS / f"{version}.db", tmp_path / FILE)
    return tmp_path


@pytest.fixture
def opened(folder: Path) -> Iterator[Opened]:
    """The history of an older version, opened by this one."""
    store = SqliteStore(REACTOR, folder)
    yield Opened(store, store.open())
    store.close()


def dump(path: Path) -> list[object]:
    """All that is in a database, except the index of words, which can't be listed."""
    connection = sqlite3.connect(path)
    tables = connection.execute("SELECT * FROM sqlite_schema ORDER BY name").fetchall()
    rows = [
        (name, connection.execute(f"SELECT * FROM {name}").fetchall())  # noqa: S608
        for kind, name, *_ in tables
        if kind == "table" and name not in ("words", "private_words")
    ]
    content = [connection.execute("PRAGMA user_version").fetchone(), rows]
    connection.close()
    return content


def tables(path: Path) -> dict[str, object]:
    """What the tables are like, with all that belongs to them, however the statements that made them are written."""
    with closing(sqlite3.connect(path)) as connection:
        found: dict[str, object] = {}
        for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_schema").fetchall():
            if kind == "table" and not sql.startswith("CREATE VIRTUAL"):
                found[name] = [
                    connection.execute(f"SELECT * FROM pragma_{pragma}(?)", (name,)).fetchall()  # noqa: S608
                    for pragma in ("table_list", "table_xinfo", "index_list")
                ]
            elif sql:
                found[name] = " ".join(sql.split())
            else:
                found[name] = connection.execute("SELECT * FROM pragma_index_xinfo(?)", (name,)).fetchall()
        for name in ("words_config", "private_words_config"):
            found[f"rows of {name}"] = connection.execute(f"SELECT * FROM {name} ORDER BY k").fetchall()  # noqa: S608
    return found


def unread(store: SqliteStore, party: int) -> list[str]:
    """The texts of the private messages that a party has not read."""
    return [message.text for message in wait(store.missed(Missed(party, 99, unread=True), 99)).messages]


def test_what_was_said_can_be_read_and_found(opened: Opened, version: int) -> None:
    lobby = wait(opened.store.read(Query("lobby", before=99, count=9)))
    assert [(message.id, message.author, message.text) for message in lobby.messages] == [
        (1, "ada", "green 茶"),
        (7, "Ada", "hello again"),
    ]
    found = wait(opened.store.search(Search((("茶",),), before=9, count=9, author="ADA", room="lobby")))
    assert [message.id for message in found.messages] == [1]
    rooms = [("dev", "tea and code", 8), ("lobby", "", 16 if version >= 5 else 7)]
    if version >= 6:
        rooms.append(("talk", "", 26))
    assert [(room.name, room.topic, room.last_id) for room in opened.contents.rooms] == rooms
    tags = {"t1": (3, "2026-11-03T09:15:02.114Z"), "t2": (7, "2026-11-04T09:15:02.114Z")}
    if version >= 5:
        tags["t3"] = (16, "2026-11-06T09:15:02.114Z")
    assert wait(opened.store.token("d1gest", 9)) == StoredToken(tags=tags)
    assert opened.contents.last_id == {1: 8, 4: 14, 5: 16, 6: 30}.get(version, 9)
    wait(opened.store.append([said(40)]))


def test_the_tables_are_those_of_a_new_file(
    folder: Path, opened: Opened, tmp_path_factory: pytest.TempPathFactory
) -> None:
    new = tmp_path_factory.mktemp("new")
    store = SqliteStore(REACTOR, new)
    store.open()
    store.close()
    assert tables(folder / FILE) == tables(new / FILE)


def test_the_file_is_copied_first(folder: Path, opened: Opened, version: int) -> None:
    copy = folder / f"{FILE}.v{version}"
    assert dump(copy) == dump(VERSIONS / f"{version}.db")
    assert copy.stat().st_mode & 0o077 == 0
    assert not list(folder.glob("*.part"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_copy_that_root_makes_belongs_to_the_owner_of_its_directory(folder: Path, version: int) -> None:
    os.chown(folder, 12_345, 54_321)
    store = SqliteStore(REACTOR, folder)
    store.open()
    store.close()
    copy = (folder / f"{FILE}.v{version}").stat()
    assert (copy.st_uid, copy.st_gid) == (12_345, 54_321)


def test_the_operator_is_told_of_the_copy(folder: Path, version: int) -> None:
    with capturedLogs() as logged:
        store = SqliteStore(REACTOR, folder)
        store.open()
        store.close()
    *_, told = [formatEvent(event) for event in logged if event["log_level"] is LogLevel.warn]
    assert told.startswith(f"{folder / FILE}.v{version} is the history as it was before the update")


@pytest.mark.parametrize("version", [3])
def test_accounts_get_ids_and_what_is_theirs(opened: Opened, version: int) -> None:
    contents = opened.contents
    assert list(contents.accounts) == [
        StoredAccount(1, "Ada", "hash of Ada", Role.OWNER, presence_of(1, "hash of Ada")),
        StoredAccount(2, "bob", "hash of bob", presence=presence_of(2, "hash of bob")),
        StoredAccount(3, "cy", "hash of cy", presence=presence_of(3, "hash of cy")),
    ]
    assert list(contents.rules) == [RoomRules("dev", Access.PRIVATE, locked=True, ops=(1,), invited=(2, 3))]
    assert [ban.target for ban in contents.bans] == ["192.0.2.0/24"]
    assert contents.last_account == 3
    ada = wait(opened.store.account(1))
    assert ada is not None
    assert ada.marks == {"lobby": 7}
    assert unread(opened.store, presence_of(1, "hash of Ada")) == ["psst"]


@pytest.mark.parametrize("version", [3])
def test_a_message_belongs_to_who_had_registered_its_authors_name_by_then(opened: Opened, version: int) -> None:
    owners = {}
    for number in (1, 2, 3, 7, 8):
        stored = wait(opened.store.message(number))
        assert stored is not None
        owners[number] = (stored.author, stored.recipient, stored.message.account)
    assert owners == {1: (0, 0, None), 2: (0, 0, None), 3: (0, 1, None), 7: (1, 0, "Ada"), 8: (0, 0, None)}


def authors(path: Path) -> dict[str, int | None]:
    """Whose the messages of the room odd are, by the names of their authors."""
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT author, author_id FROM messages WHERE room = 'odd'"))


def add_accounts(path: Path, accounts: Sequence[tuple[str, str]], said_by: Sequence[str]) -> None:
    """Register *accounts*, pairs of a key and a name, in a file of version 3; then these say something."""
    with closing(sqlite3.connect(path)) as old, old:
        for key, name in accounts:
            old.execute("INSERT INTO accounts (key, name, password) VALUES (?, ?, ?)", (key, name, f"hash of {name}"))
            audit = "INSERT INTO audit (time, author, action, target, why) VALUES (?, ?, 'register', ?, '')"
            old.execute(audit, ("2026-11-01T09:15:02.114Z", name, name))
            old.execute("INSERT INTO kept VALUES (?, 3)", (key,))
            old.execute("INSERT INTO marks VALUES (?, 'lobby', 7)", (key,))
        message = "INSERT INTO messages (time, room, author, kind, text) VALUES (?, 'odd', ?, 'say', 'hi')"
        old.executemany(message, [("2026-11-05T09:15:02.114Z", name) for name in said_by])


@pytest.mark.parametrize("version", [3])
def test_of_accounts_whose_names_have_become_one_each_has_what_was_said_under_its_exact_name(
    folder: Path, version: int
) -> None:
    add_accounts(folder / FILE, [("x", "Eve"), ("y", "eve"), ("z", "EVE")], ["Eve", "eve", "EVE", "eVe", "dan"])
    store = SqliteStore(REACTOR, folder)
    ids = {account.name: account.id for account in store.open().accounts}
    store.close()
    assert authors(folder / FILE) == {**{name: ids[name] for name in ("Eve", "eve", "EVE")}, "eVe": None, "dan": None}


@pytest.mark.parametrize("version", [3])
def test_accounts_of_the_same_name_stay_and_what_was_said_under_it_is_nobodys(folder: Path, version: int) -> None:
    add_accounts(folder / FILE, [("x", "eve"), ("y", "eve")], ["eve"])
    store = SqliteStore(REACTOR, folder)
    contents = store.open()
    twins = [account.id for account in contents.accounts if account.name == "eve"]
    assert len(twins) == 2
    for account in twins:
        stored = wait(store.account(account))
        assert stored is not None
        assert stored.marks == {"lobby": 7}
        assert unread(store, stored.presence) == ["psst"]
    store.close()
    assert authors(folder / FILE) == {"eve": None}


def test_a_copy_that_can_not_be_finished_leaves_nothing(
    folder: Path, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotOpen, match="No space left on device"):
        SqliteStore(REACTOR, folder).open()
    assert not list(folder.glob(f"{FILE}.v*"))
    assert dump(folder / FILE) == dump(VERSIONS / f"{version}.db")


def test_without_room_on_the_disk_nothing_is_changed(
    folder: Path, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(folder)._replace(free=50_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(CannotOpen, match=r"there must be \d+ MB of room .* nothing was changed"):
        SqliteStore(REACTOR, folder).open()
    assert dump(folder / FILE) == dump(VERSIONS / f"{version}.db")


@pytest.mark.parametrize("version", [3, 4, 5, 6])
def test_an_upgrade_that_is_killed_at_any_place_is_whole_or_not_at_all(folder: Path, version: int) -> None:
    def upgrade(limit: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", UPGRADE, str(folder), str(limit)]
        return subprocess.run(command, cwd=VERSIONS.parents[1], stdout=subprocess.PIPE, text=True, check=False)

    before = dump(folder / FILE)
    whole = upgrade(0)
    statements = int(whole.stdout)
    after = dump(folder / FILE)
    for place in range(PLACES):
        for file in folder.iterdir():
            file.unlink()
        shutil.copy(VERSIONS / f"{version}.db", folder / FILE)
        killed = upgrade(1 + place * statements // PLACES)
        assert killed.returncode == -signal.SIGKILL
        assert dump(folder / FILE) in (before, after)
        store = SqliteStore(REACTOR, folder)
        store.open()
        store.close()
        assert dump(folder / FILE) == after


# -- private messages become conversations


ADA, BOB, CY, DAN, EVE = -11, -22, presence_of(3, "hash of cy"), 4, -5
"""The parties in the file of version 4: accounts, one that was given up, and a user without one who may come back."""


def between(store: SqliteStore, party: int, other: int) -> list[int]:
    """The ids of what a party has of its conversation with another."""
    return [message.id for message in wait(store.read(Query(None, 99, 99, party=party, other=other))).messages]


@pytest.mark.parametrize("version", [4])
def test_private_messages_belong_to_those_who_said_and_heard_them(opened: Opened, version: int) -> None:
    store = opened.store
    assert (between(store, ADA, BOB), between(store, BOB, ADA)) == ([3, 4, 5, 14], [3, 4, 5, 14])
    assert (between(store, ADA, EVE), between(store, EVE, ADA)) == ([6, 10], [6, 10])
    assert (between(store, CY, DAN), between(store, DAN, CY)) == ([9], [])
    assert between(store, ADA, ADA) == [12]
    assert wait(store.message(11)) is None
    found = wait(store.search(Search((("茶",),), 99, 9, party=BOB, other=ADA)))
    assert [message.id for message in found.messages] == [5]
    assert wait(store.search(Search((("茶",),), 99, 9))).messages[0].id == 1


@pytest.mark.parametrize("version", [4])
def test_what_was_not_seen_is_not_read(opened: Opened, version: int) -> None:
    store, contents = opened
    marks = {(one.other, one.read, one.unread) for one in wait(store.conversations(ConversationsOf(ADA, 99, 9)))}
    assert marks == {(BOB, 2, 3), (EVE, 10, 0), (ADA, 12, 0)}
    assert unread(store, BOB) == []
    assert unread(store, CY) == ["gone, but kept"]
    assert contents.presences == [EVE]
    assert contents.unheard == [(EVE, ADA, 10)]
    texts = {
        ADA: ["green tea for two", "tea for you?", "note to myself"],
        BOB: ["psst", "with milk, 茶", "the clock was set back"],
    }
    assert contents.spent == {str(party): sum(map(cost, said)) for party, said in texts.items()}


@pytest.mark.parametrize("version", [4])
def test_who_may_come_back_finds_what_was_said_to_them(folder: Path, version: int) -> None:
    store = SqliteStore(REACTOR, folder)
    store.open()
    assert wait(store.token("token of eve", 9)) == StoredToken(EVE, 1795252502.0)
    assert unread(store, EVE) == ["tea for you?"]
    store.close()


# -- conversations, rooms and doors stay as they are


FORMER_DAN = -44
"""The party of an account that was given up, in the file of version 5."""


@pytest.mark.parametrize("version", [5, 6])
def test_conversations_stay(opened: Opened, version: int) -> None:
    store, contents = opened
    assert (between(store, ADA, BOB), between(store, BOB, ADA)) == ([3, 4, 5, 14], [3, 4, 5, 14, 15])
    assert (between(store, ADA, EVE), between(store, EVE, ADA)) == ([6, 10], [6, 10])
    assert (between(store, -33, FORMER_DAN), between(store, FORMER_DAN, -33)) == ([9], [])
    assert between(store, ADA, ADA) == [12]
    marks = {(one.other, one.read, one.unread) for one in wait(store.conversations(ConversationsOf(ADA, 99, 9)))}
    assert marks == {(BOB, 5, 1), (EVE, 0, 1), (ADA, 0, 0), *([(-33, 0, 0)] if version >= 6 else [])}
    found = wait(store.search(Search((("茶",),), 99, 9, party=BOB, other=ADA)))
    assert [message.id for message in found.messages] == [5]
    assert contents.unheard == [(EVE, ADA, 10)]
    said = {
        str(ADA): ["green tea for two", "tea for you?", "note to myself"],
        str(BOB): ["psst", "with milk, 茶", "the clock was set back", "not heard"],
        str(FORMER_DAN): ["gone, but kept"],
        "192.0.2.7": ["I am eve"],
    }
    if version >= 6:
        said[str(ADA)].append("for us two")
    assert contents.spent == {party: sum(map(cost, texts)) for party, texts in said.items()}


@pytest.mark.parametrize("version", [5, 6])
def test_accounts_rooms_and_doors_stay(opened: Opened, version: int) -> None:
    contents = opened.contents
    words: Sequence[str] = ["tea", "twisted"] if version >= 6 else ()
    assert list(contents.accounts) == [
        StoredAccount(1, "Ada", "hash of Ada", Role.OWNER, ADA, ignored=["troll"], rooms=["lobby", "dev"], words=words),
        StoredAccount(2, "bob", "hash of bob", presence=BOB),
        StoredAccount(3, "Cyra", "hash of cy", presence=-33),
    ]
    assert contents.last_account == 4
    assert contents.former_names == [("cy", 3, 1795300000.0)]
    assert contents.invitations == [Invitation("open", 1, 1795300000.0)]
    assert contents.presences == [EVE]
    assert contents.ignored[EVE] == ["troll"]
    banned = RoomBan(EVE, "eve", 1795300000.0, "spam", "Ada", "2026-11-05T09:15:02.114Z", "192.0.2.1", 1795300000.0)
    dev = RoomRules(
        "dev",
        Access.PRIVATE,
        locked=True,
        maker=1,
        ops=(1,),
        invited=(1, 2, 3),
        waiting=(2,),
        bans=(banned,),
        muted={EVE: 1795300000.0},
        muted_networks={"192.0.2.1": 1795300000.0},
    )
    assert {rules.room: rules for rules in contents.rules} == {
        "dev": dev,
        "lobby": RoomRules("lobby", slow=10),
        "old": RoomRules("old", status=Status.ARCHIVED),
        "tea": RoomRules("tea", maker=EVE, ops=(EVE,)),
    }
    assert [ban.target for ban in contents.bans] == ["192.0.2.0/24", "@Cyra"]
    assert wait(opened.store.token("token of eve", 9)) == StoredToken(EVE, 1795252502.0)


@pytest.mark.parametrize("version", [5, 6])
def test_what_was_deleted_stays_so(opened: Opened, version: int) -> None:
    for number in (11, 13, 16):
        assert wait(opened.store.message(number)) is None


# -- changes of messages, and what else there is of them, stay as they are


@pytest.mark.parametrize("version", [6])
def test_what_became_of_messages_stays(opened: Opened, version: int) -> None:
    store, contents = opened
    edited, answer, notice, pinned = wait(store.read(Query("talk", 99, 99, party=BOB))).messages
    assert (edited.text, edited.edited) == ("second version", "2026-11-07T09:15:21.114Z")
    assert edited.reactions == (Reaction(text="👍", count=1, mine=True),)
    assert (answer.re, answer.re_author, answer.re_text) == (17, "Ada", "second version")
    assert (notice.text, notice.notice) == ("build done\nall green", True)
    assert (pinned.text, pinned.all, pinned.pinned) == ("@room look", True, True)
    assert contents.pins == {"talk": [20]}
    missed = wait(store.read(Query("talk", 99, 99, known=20, after=20, newest=False)))
    assert [(type(change), change.id, change.rev) for change in missed.changes] == [
        (Edited, 17, 21),
        (Reacted, 17, 22),
        (Reacted, 17, 24),
        (Pinned, 20, 25),
    ]
    letter = wait(store.message(28, -33))
    assert letter is not None
    assert (letter.message.text, letter.message.reactions) == ("for us two", (Reaction(text="ok", count=1, mine=True),))
    tags = {"t4": (17, "2026-11-07T09:15:17.114Z"), "t7": (28, "2026-11-07T09:15:28.114Z")}
    assert wait(store.token("d2gest", 9)) == StoredToken(tags=tags, done=(("edit", "t5"), ("edit", "t6")))
