"""``chat import`` of logs: what comes in, what is said of the rest, and that it is all or nothing."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from archive.test_command import CHAT, exported, fill
from e2e.daemon import DaemonFactory
from e2e.waiting import DEADLINE, wait_for
from history.stores import REACTOR, wait
from permissions import plant, umask

from chat.archive.command import run
from chat.core.facts import AccessSet, Registered
from chat.core.room import Access
from chat.history.directory import FILE
from chat.history.sqlite import SqliteStore

BEGIN = "--- Log opened Sat Nov 21 09:15:02 2026\n"


def bring_in(tmp_path: Path, text: str | bytes, *options: str, form: str = "irssi", code: int = 0) -> None:
    """Import a log with this text."""
    log = tmp_path / "dev.log"
    log.write_bytes(text if isinstance(text, bytes) else text.encode())
    arguments = [str(log), "--data", str(tmp_path / "data"), "--format", form, "--room", "dev", *options]
    assert run("import", arguments) == code


def said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was imported, without times and the room."""
    lines = exported(tmp_path / "data", capsys, "--format", "text").splitlines()
    return [line.partition("] #dev ")[2] for line in lines]


def test_lines_that_can_t_be_read_are_shown_with_their_numbers_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"{BEGIN}hello\n09:15 <ada> one\n09:16 -!- bob has joined\n09:17 two\n{'x' * 70_000}\n09:61 <ada> three\n"
    bring_in(tmp_path, text)
    out, err = capsys.readouterr()
    assert out == "1 message was imported. 2 other lines were passed over. 4 lines were not read.\n"
    log = tmp_path / "dev.log"
    assert err.splitlines() == [
        f'chat: {log}, line 2: it begins with no time that is known: "hello".',
        f'chat: {log}, line 5: it is neither a message nor an event: "09:17 two".',
        f"chat: {log}, line 6: it has more than 65536 bytes.",
        f'chat: {log}, line 7: its time does not exist: "09:61 <ada> three".',
    ]
    assert said(tmp_path, capsys) == ["ada: one"]


def test_only_the_first_of_many_lines_that_can_t_be_read_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bring_in(tmp_path, f"{BEGIN}09:15 <ada> one\n" + "\x1b]0;no\x07\n" * 1_020)
    out, err = capsys.readouterr()
    assert out == "1 message was imported. 1 other line was passed over. 1020 lines were not read.\n"
    assert len(err.splitlines()) == 21
    assert err.endswith("chat: 1000 further lines were not read either.\n")
    assert "\x1b" not in err


def test_with_strict_nothing_is_imported_if_a_line_can_t_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bring_in(tmp_path, f"{BEGIN}09:15 <ada> one\nhello\n09:15 <ada> two\n", "--strict", code=1)
    complaint = f'chat: {tmp_path / "dev.log"}, line 3: it begins with no time that is known: "hello".\n'
    assert capsys.readouterr() == ("", complaint)
    assert said(tmp_path, capsys) == []


def test_a_log_of_which_nothing_is_understood_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "dev.log"
    for text, form, why in (
        (
            f"{BEGIN}09.15 <ada> one\n",
            "irssi",
            f'{log}, line 2: it begins with no time that is known: "09.15 <ada> one".',
        ),
        ("2026-11-21 09:15:02\tada\thello\n", "irssi", "neither a message nor an event"),
        (f"{BEGIN}09:15 -!- ada has joined\n", "irssi", "Only joins and the like are in it."),
        ("", "plain", "Only joins and the like are in it."),
        (f"{BEGIN}09:15 <ada> one\n", "weechat", f"{log}, line 1: it begins with no time that is known"),
    ):
        bring_in(tmp_path, text, form=form, code=1)
        out, err = capsys.readouterr()
        assert err.startswith(f"chat: There is no message in {log}. ")
        assert why in err
        assert out == ""
        assert said(tmp_path, capsys) == []


def test_lines_that_are_not_utf_8_are_counted_or_read_as_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"{BEGIN}09:15 <ada> ".encode() + b"caf\xe9 \x9350\x80\x94\n"
    bring_in(tmp_path, text)
    assert capsys.readouterr().err == (
        "chat: 1 line was not UTF-8, and read as Windows-1252. --encoding names another.\n"
    )
    assert said(tmp_path, capsys) == ["ada: café “50€”"]
    other = tmp_path / "other"
    other.mkdir()
    bring_in(other, f"{BEGIN}09:15 <ada> привет\n".encode("koi8-r"), "--encoding", "koi8-r")
    assert capsys.readouterr().err == ""
    assert said(other, capsys) == ["ada: привет"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_what_windows_writes_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str) -> None:
    fill(tmp_path / "old", "dev")
    text = exported(tmp_path / "old", capsys)
    file = tmp_path / "rooms.jsonl"
    file.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    assert run("import", [str(file), "--data", str(tmp_path / "new")]) == 0
    capsys.readouterr()
    assert exported(tmp_path / "new", capsys) == text
    bring_in(tmp_path, f"{BEGIN}09:15 <ada> é\n".encode(encoding))
    assert capsys.readouterr().out == "1 message was imported. 1 other line was passed over.\n"


def test_messages_of_several_lines_stay_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = "2024-11-12 22:19:52\tbob\tmulti\nline\n\n  message\n2024-11-12 22:19:53\tada\tnext\n\n"
    new = "2024-11-12 22:19:54\tbob\tdef f():\n2024-11-12 22:19:54\t\t    pass\n2024-11-12 22:19:55\t\tnobody's\n"
    bring_in(tmp_path, f"{old}{new}", form="weechat")
    assert capsys.readouterr().out == "3 messages were imported. 1 other line was passed over.\n"
    with closing(sqlite3.connect(tmp_path / "data" / FILE)) as connection:
        texts = [text for (text,) in connection.execute("SELECT text FROM messages ORDER BY id")]
    assert texts == ["multi\nline\n\n  message", "next", "def f():\n    pass"]


def test_a_message_with_more_lines_than_the_chat_takes_becomes_several(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"line {number}" for number in range(250)] + ["é" * 2_000] * 2 + ["x" * 5_000]
    bring_in(tmp_path, "2024-11-12 22:19:52\tbob\t" + "\n".join(lines) + "\n", form="weechat")
    out, err = capsys.readouterr()
    assert out == "5 messages were imported. 1 line was not read.\n"
    assert f"line {len(lines)}: a text has 1 to 4096 bytes." in err
    assert said(tmp_path, capsys) == [f"bob: {line}" for line in lines[:-1]]


def test_lines_that_follow_what_is_no_message_belong_to_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "2024-11-12 22:19:52\tbob\tone\n2024-11-12 22:19:53\t--\tTopic\nof two lines\n"
    bring_in(tmp_path, text, form="weechat")
    assert capsys.readouterr().out == "1 message was imported. 2 other lines were passed over.\n"


def test_files_of_many_days_become_one_room(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = []
    for day in range(1, 31):
        names.append(str(tmp_path / f"2015-03-{day:02}.log"))
        Path(names[-1]).write_text(f"[23:59:59] <ada> {day}\n[00:00:01] <bob> {day}\n")
    arguments = [*names, "--format", "znc", "--room", "dev", "--data", str(tmp_path / "data")]
    assert run("import", arguments) == 0
    assert capsys.readouterr().out == "60 messages were imported.\n"
    lines = exported(tmp_path / "data", capsys, "--format", "text").splitlines()
    assert lines == [
        line
        for day in range(1, 31)
        for line in (f"[2015-03-{day:02} 23:59:59] #dev ada: {day}", f"[2015-03-{day:02} 00:00:01] #dev bob: {day}")
    ]
    Path(names[7]).write_text("nonsense\n")
    assert run("import", [*arguments[:-1], str(tmp_path / "strict"), "--strict"]) == 1
    assert f"chat: {names[7]}, line 1: " in capsys.readouterr().err
    assert exported(tmp_path / "strict", capsys) == ""


def test_the_order_of_a_minute_and_of_times_that_go_back_is_that_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = ["09:15"] * 200 + ["09:14"] * 3 + ["09:20", "08:00"]
    bring_in(tmp_path, BEGIN + "".join(f"{time} <ada> {number}\n" for number, time in enumerate(clock)))
    capsys.readouterr()
    assert said(tmp_path, capsys) == [f"ada: {number}" for number in range(len(clock))]


def test_times_in_the_future_are_told_and_times_beyond_the_calendar_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = ("2026-11-21", "9998-12-31", "9999-01-01", "1969-12-31", "1970-01-02", "0001-01-01")
    bring_in(tmp_path, "".join(f"{time} 12:00:00\tada\t{time}\n" for time in times), form="weechat")
    out, err = capsys.readouterr()
    assert out == "3 messages were imported. 3 lines were not read.\n"
    assert "chat: 1 message was written in the future, as the times in the file say.\n" in err
    assert err.count("its year is not in 1970 to 9998") == 3
    assert said(tmp_path, capsys) == ["ada: 2026-11-21", "ada: 9998-12-31", "ada: 1970-01-02"]


def test_names_that_the_chat_would_refuse_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = SqliteStore(REACTOR, tmp_path / "data")
    store.open()
    wait(store.append([Registered(1, "modern", ""), Registered(2, "Ada", "")]))
    store.close()
    nicks = ("modem", "root", "ada", "[cy]_", "bob")
    bring_in(tmp_path, BEGIN + "".join(f"09:15 <{nick}> hello\n" for nick in nicks))
    assert capsys.readouterr().err.splitlines() == [
        "chat: Nicks that can't be names here were changed: [cy]_ became cy.",
        "chat: Names that nobody could take here: modem (looks like modern) and root (reserved).",
    ]


def test_of_many_names_some_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nicks = [f"[{number}]" for number in range(8)]
    bring_in(tmp_path, BEGIN + "".join(f"09:15 <{nick}> hello\n" for nick in nicks))
    changes = ", ".join(f"[{number}] became {number}" for number in range(5))
    assert capsys.readouterr().err == f"chat: Nicks that can't be names here were changed: {changes} and 3 others.\n"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--encoding", "klingon"], "--encoding klingon is not known. Try cp1252, latin-1, koi8-r or shift-jis."),
        (["--encoding", "hex"], "--encoding hex is not known."),
        (["--encoding", "undefined"], "--encoding undefined is not known."),
        (["other.log", "--date", "2026-11-21"], "--date tells the day of one log only."),
        (["--date", "21.11.2026"], "--date 21.11.2026 is no day like 2026-11-21."),
        (["--date", "1815-12-10"], "--date 1815-12-10 is no day like 2026-11-21."),
        (["--time-format", "%Q"], "--time-format %Q: %Q is not known. Known are %Y"),
    ],
)
def test_an_option_that_can_t_be_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], complaint: str
) -> None:
    bring_in(tmp_path, BEGIN, *options, code=2)
    out, err = capsys.readouterr()
    assert err.startswith(f"chat: {complaint}")
    assert (err.count("\n"), out) == (1, "")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "idna"])
def test_a_log_in_another_encoding_than_it_is_said_to_be_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    bring_in(tmp_path, f"{BEGIN}09:15 <ada> one\n", "--encoding", encoding, code=1)
    out, err = capsys.readouterr()
    assert err.startswith(f"chat: {tmp_path / 'dev.log'} can't be read as {encoding}: ")
    assert (err.count("\n"), out) == (1, "")


# -- all or nothing


def check_is_whole(data: Path, before: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing has come in, the file is sound, and the next import finds its way."""
    assert exported(data, capsys) == before
    with closing(sqlite3.connect(data / FILE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM steps WHERE cause = 'import'").fetchone() == (0,)


def written(data: Path) -> int:
    """The bytes that wait in the file beside the history."""
    try:
        return (data / f"{FILE}-wal").stat().st_size
    except FileNotFoundError:
        return 0


@pytest.mark.parametrize("batches", [0, 1, 4])
def test_an_import_that_is_killed_imports_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], batches: int
) -> None:
    data = tmp_path / "data"
    fill(data, "lobby")
    before = exported(data, capsys)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    arguments = [*CHAT, "import", str(pipe), "--data", str(data), "--format", "irssi", "--room", "dev"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with pipe.open("wb", buffering=0) as file:
        file.write(BEGIN.encode())
        for batch in range(batches):
            size = written(data)
            file.write(b"".join(b"09:15 <ada> %d %d %s\n" % (batch, number, b"x" * 500) for number in range(5_100)))
            wait_for(lambda size=size: written(data) > size, "a batch is written")  # type: ignore[misc]
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=DEADLINE)
    assert process.returncode == -signal.SIGKILL
    check_is_whole(data, before, capsys)
    log = tmp_path / "dev.log"
    log.write_text(f"{BEGIN}09:15 <ada> one\n")
    assert run("import", [str(log), "--data", str(data), "--format", "irssi", "--room", "dev"]) == 0


def limited(arguments: Sequence[str], most: int) -> subprocess.CompletedProcess[str]:
    """Run the command in a process whose files can't grow beyond so many bytes."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    return subprocess.run(arguments, capture_output=True, text=True, timeout=DEADLINE, check=False, preexec_fn=limit)


def test_a_disk_that_is_full_leaves_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    fill(data, "lobby")
    before = exported(data, capsys)
    log = tmp_path / "dev.log"
    log.write_text(BEGIN + "".join(f"09:15 <ada> {number} {'word ' * 30}\n" for number in range(20_000)))
    arguments = [*CHAT, "import", str(log), "--data", str(data), "--format", "irssi", "--room", "dev"]
    for most in (1 << 20, 2 << 20, 4 << 20):
        done = limited(arguments, most)
        assert (done.returncode, done.stdout) == (1, "")
        assert "the disk of the server" in done.stderr
        check_is_whole(data, before, capsys)
    done = limited(arguments, 1 << 30)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_export_onto_a_full_disk_leaves_the_file_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bring_in(tmp_path, BEGIN + "".join(f"09:15 <ada> {number}\n" for number in range(2_000)))
    output = tmp_path / "rooms.jsonl"
    output.write_text("the last export\n")
    done = limited([*CHAT, "export", "--data", str(tmp_path / "data"), "--output", str(output)], 1 << 16)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert output.read_text() == "the last export\n"
    assert list(tmp_path.glob("*.part")) == []


# -- private rooms, and who may read an export


def make_private(data: Path, room: str) -> None:
    """Make a room private."""
    store = SqliteStore(REACTOR, data)
    store.open()
    wait(store.append([AccessSet(room, Access.PRIVATE)]))
    store.close()


@pytest.mark.parametrize("form", ["jsonl", "text"])
def test_private_rooms_are_exported_only_if_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    fill(tmp_path, "board", "dev")
    make_private(tmp_path, "board")
    make_private(tmp_path, "void")
    arguments = ["--data", str(tmp_path), "--format", form]
    assert run("export", arguments) == 0
    out, err = capsys.readouterr()
    assert "board" not in out
    assert "void" not in out
    assert len(out.splitlines()) == (50 if form == "jsonl" else 49)
    assert err == "chat: #board and #void are private and not exported. With --private the export has them too.\n"
    assert run("export", [*arguments, "--room", "board"]) == 1
    assert capsys.readouterr() == ("", "chat: #board is private. With --private it is exported.\n")
    assert run("export", [*arguments, "--room", "dev"]) == 0
    assert capsys.readouterr().err == ""
    assert run("export", [*arguments, "--private"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == (103 if form == "jsonl" else 99)
    assert err == ""


def test_nobody_reads_a_private_room_in_the_chat_that_it_moved_to(
    tmp_path: Path, start_chat: DaemonFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "old", "board", "dev")
    make_private(tmp_path / "old", "board")
    file = tmp_path / "rooms.jsonl"
    assert run("export", ["--data", str(tmp_path / "old"), "--private", "--output", str(file)]) == 0
    assert run("import", [str(file), "--data", str(tmp_path / "new")]) == 0
    bob = start_chat("--data", str(tmp_path / "new")).person("bob")
    bob.type("/join board", "/rooms", "/search é in:board", "/search é")
    shown = bob.catch_up()
    assert shown[0] == "! #board is private. Ask one of its ops for an invitation."
    assert "#dev" in "".join(shown)
    assert "#board" not in "".join(shown[1:])


def test_an_export_is_for_its_owner_alone_whatever_was_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path, "dev")
    output = tmp_path / "rooms.jsonl"
    part = tmp_path / "rooms.jsonl.part"
    for path in (output, part):
        path.write_text("old")
        path.chmod(0o644)
    with umask(0):
        assert run("export", ["--data", str(tmp_path), "--output", str(output)]) == 0
    assert output.stat().st_mode & 0o777 == 0o600
    assert not part.exists()
    assert len(output.read_text().splitlines()) == 100


def test_an_export_into_a_pipe_or_device_does_not_replace_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path, "dev")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    arguments = [*CHAT, "export", "--data", str(tmp_path), "--output", str(pipe)]
    process = subprocess.Popen(arguments)
    assert len(pipe.read_text().splitlines()) == 100
    assert process.wait(timeout=DEADLINE) == 0
    assert pipe.is_fifo()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")
    assert run("export", ["--data", str(tmp_path), "--output", str(link)]) == 0
    assert link.is_symlink()
    assert len((tmp_path / "target").read_text().splitlines()) == 100


def test_an_export_does_not_replace_the_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path, "dev")
    for output in (tmp_path / FILE, tmp_path / ".." / tmp_path.name / FILE):
        assert run("export", ["--data", str(tmp_path), "--output", str(output)]) == 1
        assert capsys.readouterr().err == f"chat: {output} is the history itself. Choose another file with --output.\n"
    assert len(exported(tmp_path, capsys).splitlines()) == 100


def test_an_export_does_not_replace_what_belongs_to_the_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path, "dev")
    for name in ("chat.db-wal", "chat.lock", "tls.pem"):
        output = tmp_path / name
        assert run("export", ["--data", str(tmp_path), "--output", str(output)]) == 1
        sentence = f"{output} is a name for files of the chat itself. Choose another file with --output."
        assert capsys.readouterr().err == f"chat: {sentence}\n"
        assert not output.exists() or not output.read_bytes()


def test_an_export_does_not_follow_a_link_that_somebody_else_has_planted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path, "dev")
    planted = plant(tmp_path / "public", "dev.jsonl", tmp_path / "elsewhere")
    assert run("export", ["--data", str(tmp_path), "--output", str(planted)]) == 1
    assert capsys.readouterr().err == f"chat: {planted}: Permission denied.\n"
    assert not (tmp_path / "elsewhere").exists()


def test_an_export_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    fill(tmp_path, "dev")
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    arguments = [sys.executable, "-m", "chat", "export", "--data", str(tmp_path), "--format", "text"]
    done = subprocess.run(arguments, capture_output=True, env=environment, timeout=DEADLINE, check=True)
    assert "é 1\n" in done.stdout.decode()
