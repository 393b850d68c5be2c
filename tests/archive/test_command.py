"""``chat export`` and ``chat import``."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pexpect
import pytest
from e2e.daemon import DaemonFactory
from e2e.waiting import DEADLINE, wait_for
from history.stores import REACTOR, deleted, said, wait
from msgspec import structs

from chat.archive.command import run
from chat.core.events import Edited, Topic
from chat.core.facts import (
    AccessSet,
    Changed,
    Invited,
    LockSet,
    OpSet,
    Record,
    RoomRecord,
    RoomRules,
    Said,
    TopicSet,
)
from chat.core.ports import Query, Search
from chat.core.room import Access
from chat.core.times import timestamp
from chat.history import archive
from chat.history.directory import FILE
from chat.history.schema import VERSION
from chat.history.sqlite import SqliteStore

CHAT = [sys.executable, "-m", "chat"]


def fill(folder: Path, *rooms: str, first: int = 1) -> None:
    """Make a history with a hundred messages in these rooms, and more."""
    store = SqliteStore(REACTOR, folder)
    store.open()
    records: list[Record] = [
        Said(
            structs.replace(
                said(number, f"é {number}", room=rooms[number % len(rooms)]).message, time=timestamp(number)
            )
        )
        for number in range(first, first + 100)
    ]
    records.append(Said(said(first + 100, "psst", room=None).message))
    records.append(deleted(first + 50, rev=first + 100))
    records += [TopicSet(Topic(time=timestamp(9), room=room, name="ada", topic=f"about {room}")) for room in rooms]
    wait(store.append(records))
    store.close()


def exported(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """What is exported."""
    assert run("export", ["--data", str(folder), *options]) == 0
    return capsys.readouterr().out


def test_what_was_exported_and_imported_is_exported_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "old", "dev", "lobby")
    first = exported(tmp_path / "old", capsys)
    assert len(first.splitlines()) == 99 + 2
    assert "psst" not in first
    file = tmp_path / "rooms.jsonl"
    file.write_text(first)
    assert run("import", [str(file), "--data", str(tmp_path / "new")]) == 0
    assert capsys.readouterr().out == "99 messages were imported.\n"
    assert exported(tmp_path / "new", capsys) == first
    store = SqliteStore(REACTOR, tmp_path / "new")
    assert list(store.open().rooms) == [
        RoomRecord("dev", "about dev", 100, timestamp(100)),
        RoomRecord("lobby", "about lobby", 99, timestamp(99)),
    ]
    page = wait(store.search(Search((("e", "17"),), before=200, count=9)))
    assert [message.id for message in page.messages] == [17]
    store.close()


def test_a_room_that_moves_to_another_chat_gets_new_ids(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path / "old", "dev", "lobby")
    fill(tmp_path / "new", "lobby", first=1_000)
    file = tmp_path / "dev.jsonl"
    assert run("export", ["--data", str(tmp_path / "old"), "--room", "#dev", "--output", str(file)]) == 0
    assert run("import", ["--data", str(tmp_path / "new"), str(file)]) == 0
    assert capsys.readouterr().out == "50 messages were imported.\n"
    store = SqliteStore(REACTOR, tmp_path / "new")
    store.open()
    page = wait(store.read(Query("dev", before=5_000, count=200)))
    assert [message.id for message in page.messages] == list(range(1_101, 1_151))
    since = wait(store.read(Query("dev", before=5_000, count=1, newest=False, since=timestamp(40))))
    assert since.messages[0].text == "é 40"
    store.close()


def test_answers_answer_the_same_with_new_ids(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = SqliteStore(REACTOR, tmp_path / "old")
    store.open()
    talk = [said(number, f"line {number}", room="dev") for number in range(1, 20)]
    answer = structs.replace(said(20, "yes\n\n  no", room="dev").message, re=7, notice=True)
    late = structs.replace(said(21, "late", room="dev").message, re=5)
    edited = Changed(Edited(id=20, rev=22, room="dev", by="ada", time=timestamp(22), text="yes\n\n  no!"))
    moments = [
        structs.replace(one, message=structs.replace(one.message, time=timestamp(9)))
        for one in (*talk, Said(answer), Said(late))
    ]
    wait(store.append([*moments, deleted(5, rev=23), edited]))
    store.close()
    file = tmp_path / "dev.jsonl"
    file.write_text(exported(tmp_path / "old", capsys))
    for name, shift in (("same", 0), ("new", 1_099)):
        if shift:
            fill(tmp_path / name, "lobby", first=1_000)
        assert run("import", [str(file), "--data", str(tmp_path / name)]) == 0
        store = SqliteStore(REACTOR, tmp_path / name)
        store.open()
        *_, message, last = wait(store.read(Query("dev", before=5_000, count=200))).messages
        assert (message.text, message.edited, message.notice) == ("yes\n\n  no!", timestamp(22), True)
        assert (message.re_author, message.re_text) == ("ada", "line 7")
        assert (last.re, last.re_text) == (5 if not shift else None, None)
        found = wait(store.search(Search((("no",),), before=5_000, count=9)))
        assert [one.id for one in found.messages] == [message.id]
        store.close()


def test_nothing_comes_in_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path, "dev", "lobby")
    file = tmp_path / "rooms.jsonl"
    file.write_text(exported(tmp_path, capsys))
    assert run("import", [str(file), "--data", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"chat: {file}, line 1: #lobby is there already, with messages in it. Nothing was imported")
    assert len(exported(tmp_path, capsys).splitlines()) == 101


def test_a_room_that_looks_like_another_does_not_come_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path / "old", "modem", "modern")
    file = tmp_path / "rooms.jsonl"
    refused = "looks like #{}, which is there already. Nothing was imported. With --room it can come in under another"
    for room, other in (("modem", "modern"), ("modern", "modem")):
        data = tmp_path / room
        file.write_text(exported(tmp_path / "old", capsys, "--room", room))
        assert run("import", [str(file), "--data", str(data)]) == 0
        capsys.readouterr()
        file.write_text(exported(tmp_path / "old", capsys, "--room", other))
        assert run("import", [str(file), "--data", str(data)]) == 1
        assert f"line 1: #{other} {refused.format(room)}" in capsys.readouterr().err
    file.write_text(exported(tmp_path / "old", capsys))
    assert run("import", [str(file), "--data", str(tmp_path / "both")]) == 1
    assert "line 2: #modem looks like #modern, which" in capsys.readouterr().err


def test_a_room_under_another_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path, "dev", "lobby")
    file = tmp_path / "rooms.jsonl"
    file.write_text(exported(tmp_path, capsys, "--room", "dev"))
    assert run("import", [str(file), "--data", str(tmp_path), "--room", "#Old-dev"]) == 0
    capsys.readouterr()
    text = exported(tmp_path, capsys, "-r", "old-dev", "--format", "text")
    assert text.splitlines()[0].endswith("] #old-dev ada: é 2")
    file.write_text(exported(tmp_path, capsys))
    assert run("import", [str(file), "--data", str(tmp_path / "new"), "--room", "all"]) == 1
    assert "the file has more rooms than one" in capsys.readouterr().err


def test_a_private_room_stays_private_and_both_commands_say_what_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "old", "board", "dev", "lobby")
    store = SqliteStore(REACTOR, tmp_path / "old")
    store.open()
    facts: list[Record] = [
        AccessSet("board", Access.PRIVATE),
        LockSet("dev", True),
        OpSet("dev", 1, True),
        Invited("board", 1),
    ]
    wait(store.append([*facts, AccessSet("empty", Access.PRIVATE), OpSet("lobby", 1, True), LockSet("empty", True)]))
    store.close()
    file = tmp_path / "rooms.jsonl"
    assert run("export", ["--private", "--data", str(tmp_path / "old"), "--output", str(file)]) == 0
    assert capsys.readouterr().err == (
        "chat: Ops and invitations of #board, #dev and #lobby are not exported, as they are accounts of this chat.\n"
    )
    assert file.read_text().splitlines()[:3] == [
        '{"type":"rules","room":"board","private":true}',
        '{"type":"rules","room":"dev","locked":true}',
        '{"type":"rules","room":"empty","private":true,"locked":true}',
    ]
    assert run("import", [str(file), "--data", str(tmp_path / "new")]) == 0
    assert capsys.readouterr().out == (
        "99 messages were imported.\n#board and #empty are private: only moderators come in until they invite others.\n"
    )
    store = SqliteStore(REACTOR, tmp_path / "new")
    assert list(store.open().rules) == [
        RoomRules("board", Access.PRIVATE),
        RoomRules("dev", locked=True),
        RoomRules("empty", Access.PRIVATE, locked=True),
    ]
    store.close()


def test_a_private_room_stays_private_under_another_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path / "old", "board", "dev")
    store = SqliteStore(REACTOR, tmp_path / "old")
    store.open()
    wait(store.append([AccessSet("board", Access.PRIVATE), LockSet("dev", True)]))
    store.close()
    file = tmp_path / "rooms.jsonl"
    file.write_text(exported(tmp_path / "old", capsys, "--private", "--room", "board"))
    assert run("import", [str(file), "--data", str(tmp_path / "new"), "--room", "old-board"]) == 0
    store = SqliteStore(REACTOR, tmp_path / "new")
    assert list(store.open().rules) == [RoomRules("old-board", Access.PRIVATE)]
    store.close()


def test_a_file_with_a_mistake_is_not_imported_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path / "old", "dev")
    lines = exported(tmp_path / "old", capsys).splitlines()
    for wrong, complaint in (
        ("nonsense", "this is no message"),
        (lines[0], "its id 1 is not greater than that of the message before."),
    ):
        file = tmp_path / "rooms.jsonl"
        file.write_text("\n".join([*lines[:80], wrong, *lines[80:]]))
        assert run("import", [str(file), "--data", str(tmp_path / "new")]) == 1
        assert capsys.readouterr().err.startswith(f"chat: {file}, line 81: {complaint}")
        assert exported(tmp_path / "new", capsys) == ""


def test_not_more_rooms_come_in_than_a_chat_keeps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_ROOMS", 2)
    fill(tmp_path / "old", "one", "two", "three")
    (tmp_path / "rooms").write_text(exported(tmp_path / "old", capsys))
    assert run("import", [str(tmp_path / "rooms"), "--data", str(tmp_path / "all")]) == 1
    assert capsys.readouterr().err.endswith(
        "#one would be one more than the 2 rooms that a chat keeps. Nothing was imported.\n"
    )
    fill(tmp_path / "new", "one")
    (tmp_path / "two").write_text(exported(tmp_path / "old", capsys, "--room", "two"))
    assert run("import", [str(tmp_path / "two"), "--data", str(tmp_path / "new")]) == 0


def test_a_log_of_an_irc_client(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "dev.log"
    file.write_text("2026-11-21 09:15:02\t-->\tada has joined\n2026-11-21 09:15:03\t@ada\thello\n\n")
    arguments = [str(file), "--data", str(tmp_path), "--format", "weechat"]
    assert run("import", [*arguments, "--room", "dev"]) == 0
    assert capsys.readouterr().out == "1 message was imported. 1 other line was passed over.\n"
    assert exported(tmp_path, capsys, "--format", "text") == "[2026-11-21 09:15:03] #dev ada: hello\n"
    assert run("import", arguments) == 2
    assert "Say with --room which room the weechat log becomes. chat import --help" in capsys.readouterr().err


def test_an_import_is_a_stretch_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path, "lobby")
    file = tmp_path / "dev.log"
    times = ("2026-11-21 09:15:02", "2026-11-21 09:15:03", "2026-10-20 09:15:02", "2026-11-22 09:15:02")
    file.write_text("".join(f"{time}\tada\t{time}\n" for time in times))
    assert run("import", [str(file), "--data", str(tmp_path), "--format", "weechat", "--room", "dev"]) == 0
    store = SqliteStore(REACTOR, tmp_path)
    store.open()
    since, until = "2026-11-01T00:00:00.000Z", "2026-12-01T00:00:00.000Z"
    page = wait(store.read(Query("dev", before=5_000, count=9, newest=False, since=since, until=until)))
    assert [message.text for message in page.messages] == [times[0], times[1], times[3]]
    assert store._reader.execute("SELECT id, cause FROM steps WHERE id > 101").fetchall() == [
        (102, "import"),
        (104, "import"),
    ]
    store.close()


@pytest.mark.parametrize(
    ("word", "arguments", "code", "complaint"),
    [
        ("export", ["--format", "xml"], 2, "--format must be jsonl or text, not xml. chat export --help explains."),
        ("export", ["--room", "!"], 2, "--room !: That room name can't be used."),
        ("export", ["--room", "nosuch"], 1, "Nothing was said in #nosuch, or it is not in "),
        ("export", ["extra"], 2, "Wrong number of arguments. chat export --help explains."),
        ("export", ["--data", "nowhere"], 1, "There is no nowhere/chat.db. Say with --data where the history is."),
        ("export", ["--output", "nowhere/file"], 1, "There is no directory nowhere. Make it first."),
        ("import", [], 2, "Say which file is to be imported. chat import --help explains."),
        ("import", ["a", "b"], 2, "There can be one file only, and b is another. chat import --help"),
        ("import", ["nowhere"], 1, "nowhere: No such file or directory."),
        ("import", ["f", "--format", "xml"], 2, "--format must be jsonl or irssi or weechat or znc or plain, not xml."),
    ],
)
def test_a_mistake_is_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    word: str,
    arguments: list[str],
    code: int,
    complaint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path, "dev")
    assert run(word, arguments) == code
    out, err = capsys.readouterr()
    assert err.startswith(f"chat: {complaint}")
    assert err.count("\n") == 1
    assert not out


def test_a_history_of_another_version_is_not_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for version, age in ((1, "an older"), (99, "a newer")):
        with sqlite3.connect(tmp_path / FILE) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
        assert run("export", ["--data", str(tmp_path)]) == 1
        assert f"was written by {age} twisted-chat" in capsys.readouterr().err


def test_a_running_chat_can_be_exported_and_nothing_imported_into_it(
    start_chat: DaemonFactory, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fill(tmp_path, "dev", "lobby")
    chat = start_chat("--data", str(tmp_path))
    bot = chat.bot("bot")
    bot.ask("say", room="lobby", text="and on")
    lines = exported(tmp_path, capsys).splitlines()
    assert '"id":102' in lines[99]
    file = tmp_path / "rooms.jsonl"
    file.write_text("\n".join(lines))
    assert run("import", [str(file), "--data", str(tmp_path)]) == 1
    assert "is in use by another chat. Stop that" in capsys.readouterr().err


def test_the_bar_is_for_terminals(tmp_path: Path) -> None:
    fill(tmp_path, "dev")
    done = subprocess.run(
        [*CHAT, "export", "--data", str(tmp_path)], capture_output=True, text=True, timeout=DEADLINE, check=True
    )
    assert len(done.stdout.splitlines()) == 100
    assert done.stderr == ""
    file = tmp_path / "rooms.jsonl"
    file.write_text(done.stdout)
    arguments = ["-m", "chat", "import", str(file), "--data", str(tmp_path / "new")]
    terminal = pexpect.spawn(sys.executable, arguments, timeout=DEADLINE, encoding="utf-8")
    terminal.expect("%")
    terminal.expect("99 messages were imported.")
    terminal.expect(pexpect.EOF)
    terminal.wait()
    terminal.close()
    assert terminal.exitstatus == 0


def test_an_imported_minute_of_many_lines_is_read_page_by_page(
    start_chat: DaemonFactory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "dev.log"
    lines = [f"10:15 <bob> line {number}\n" for number in range(250)]
    log.write_text("".join(["--- Log opened Fri Nov 20 10:15:00 2026\n", *lines]))
    data = tmp_path / "data"
    assert run("import", [str(log), "--data", str(data), "--format", "irssi", "--room", "lobby"]) == 0
    ada = start_chat("--no-limits", "--data", str(data)).person("ada")
    ada.type("/history 2026-11-20")
    first = ada.catch_up()
    assert first[-1] == "* There is more: /history 2026-11-20 after 200"
    ada.type(first[-1].removeprefix("* There is more: "))
    shown = [line.partition("] ")[2] for line in [*first[1:-1], *ada.catch_up()[1:-1]]]
    assert shown == [f"bob: line {number}" for number in range(250)]


def _is_ready(path: Path) -> bool:
    """Tell whether a history has its tables."""
    if not path.exists():
        return False
    with closing(sqlite3.connect(path)) as connection:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version == VERSION


def test_an_interrupted_import_imports_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path / "old", "dev")
    lines = exported(tmp_path / "old", capsys)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    arguments = [*CHAT, "import", str(pipe), "--data", str(tmp_path / "new")]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with pipe.open("w") as file:
        file.write(lines)
        file.flush()
        wait_for(lambda: _is_ready(tmp_path / "new" / FILE), "the import has begun")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, out, err) == (1, "", "chat: Interrupted before the end. Nothing was imported.\n")
    assert exported(tmp_path / "new", capsys) == ""


def test_a_reader_that_goes_away_ends_an_export_quietly(tmp_path: Path) -> None:
    fill(tmp_path, "dev")
    command = " ".join([*CHAT, "export", "--data", str(tmp_path)])
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | true"],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.stderr == ""


def test_a_host_that_is_called_export(tmp_path: Path) -> None:
    done = subprocess.run(
        [*CHAT, "--name", "ada", "export:1"],
        input="hi\n",
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("chat: export:1: ")
