"""The file that keeps what was open: whole or not at all, by several clients, and whatever stands in its place."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chat.client.model import session_file
from chat.client.model.input_history import MAXIMUM_LINES, MAXIMUM_SIZE, InputHistory, TypedText
from chat.client.model.open_rooms import OpenRoom, OpenRooms
from chat.client.model.session_file import NOTHING, VERSION, SavedSession, SessionFile, file_name


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "twisted-chat" / "terminal" / "ada@localhost:12345.json"


def session(*rooms: OpenRoom, typed: tuple[TypedText, ...] = (), current: int = 0) -> SavedSession:
    return SavedSession(VERSION, OpenRooms(list(rooms), current), typed)


def rooms(path: Path) -> list[OpenRoom]:
    return SessionFile(path).load().open.rooms


def said(time: float, text: str) -> TypedText:
    return TypedText(time, "#lobby", text)


def test_what_is_saved_is_loaded_and_for_nobody_else_to_read(path: Path) -> None:
    file = SessionFile(path)
    assert file.load() == NOTHING
    assert file.is_first
    saved = session(OpenRoom("lobby", draft="half"), OpenRoom("bob", True, "u7"), typed=(said(1, "hello"),), current=1)
    file.save(saved)
    again = SessionFile(path)
    assert again.load() == saved
    assert (again.is_first, again.trouble) == (False, "")
    for made in path.parent.iterdir():
        assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_nothing_is_written_if_nothing_has_changed(path: Path) -> None:
    file = SessionFile(path)
    file.save(session(OpenRoom("lobby")))
    before = path.stat()
    file.save(session(OpenRoom("lobby")))
    assert path.stat() == before


# Two clients at once


def test_what_two_clients_typed_is_all_kept_in_its_order(path: Path) -> None:
    one, two = SessionFile(path), SessionFile(path)
    one.load()
    two.load()
    one.save(session(typed=(said(1, "a"), said(3, "c"))))
    two.save(session(typed=(said(2, "b"),)))
    one.save(session(typed=(said(1, "a"), said(3, "c"), said(4, "d"))))
    assert [typed.text for typed in SessionFile(path).load().typed] == ["a", "b", "c", "d"]


def test_of_the_rest_what_was_changed_last_is_kept(path: Path) -> None:
    first = SessionFile(path)
    first.save(session(OpenRoom("lobby", draft="old"), OpenRoom("dev"), OpenRoom("tea")))
    one, two = SessionFile(path), SessionFile(path)
    one.load()
    two.load()
    two.save(session(OpenRoom("lobby", draft="by two", read=7), OpenRoom("dev"), OpenRoom("ops")))
    one.save(session(OpenRoom("lobby", draft="old", quiet=True), OpenRoom("dev", draft="by one"), OpenRoom("tea")))
    assert rooms(path) == [
        OpenRoom("lobby", draft="by two", read=7, quiet=True),
        OpenRoom("dev", draft="by one"),
        OpenRoom("tea"),
        OpenRoom("ops"),
    ]


def test_a_room_that_a_client_has_left_stays_closed(path: Path) -> None:
    one, two = SessionFile(path), SessionFile(path)
    one.save(session(OpenRoom("lobby"), OpenRoom("dev")))
    two.load()
    two.save(session(OpenRoom("lobby")))
    assert [room.name for room in rooms(path)] == ["lobby"]


def test_conversations_with_two_who_have_had_one_name_are_two(path: Path) -> None:
    one, two = SessionFile(path), SessionFile(path)
    one.load()
    two.load()
    one.save(session(OpenRoom("bob", True, "u7", draft="to the first")))
    two.save(session(OpenRoom("bob", True, "u8", draft="to the second")))
    assert {room.with_: room.draft for room in rooms(path)} == {"u7": "to the first", "u8": "to the second"}


def test_a_client_that_is_suspended_while_it_writes_holds_up_no_other(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_file, "LOCK_WAIT", 0.05)
    file = SessionFile(path)
    file.save(session())
    with open(path.with_name(f"{path.name}.lock"), "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        file.save(session(OpenRoom("dev")))
    assert rooms(path) == [OpenRoom("dev")]


# Files that can't be read


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is damaged"),
        (b'{"version": 1, "op', "it is damaged"),
        (b"\xff\xfe\x00", "it is damaged"),
        (b"{}", "it is damaged"),
        (b"[1, 2]", "it is damaged"),
        (b'{"version": 1, "open": {"rooms": 7}}', "it is damaged"),
        (b'{"version": 2, "open": "other"}', "a newer version of the client has written it"),
        (b" " * 2000, "it is too large"),
    ],
)
def test_a_file_that_cannot_be_read_is_kept_aside(
    path: Path, content: bytes, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_file, "LARGEST", 1000)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    file = SessionFile(path)
    assert file.load() == NOTHING
    aside = path.with_name(f"{path.name}.1.aside")
    assert file.trouble == f"What was open last time can't be read: {why}. The file is kept as {aside}."
    assert aside.read_bytes() == content
    file.save(session(OpenRoom("dev")))
    assert rooms(path) == [OpenRoom("dev")]


def test_each_file_is_kept_aside_under_a_name_of_its_own(path: Path) -> None:
    path.parent.mkdir(parents=True)
    for number in (1, 2):
        path.write_text(f"damaged {number}")
        SessionFile(path).load()
        assert path.with_name(f"{path.name}.{number}.aside").read_text() == f"damaged {number}"


def test_a_file_that_is_damaged_while_the_client_runs_is_kept_aside(path: Path) -> None:
    file = SessionFile(path)
    file.save(session())
    path.write_text("damaged")
    file.save(session(OpenRoom("dev")))
    assert rooms(path) == [OpenRoom("dev")]
    assert path.with_name(f"{path.name}.1.aside").read_text() == "damaged"


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_put_aside(path: Path, make: Any) -> None:
    path.parent.mkdir(parents=True)
    make(path)
    file = SessionFile(path)
    assert file.load() == NOTHING
    assert "kept as" in file.trouble
    file.save(session(OpenRoom("dev")))
    assert rooms(path) == [OpenRoom("dev")]


def test_a_file_that_can_be_neither_read_nor_put_aside_stays(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("damaged")

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "rename", refuse)
    file = SessionFile(path)
    assert file.load() == NOTHING
    assert file.trouble.endswith(f"{path} stays as it is, and nothing is kept for the next start.")
    with pytest.raises(OSError, match="Read-only"):
        file.save(session(OpenRoom("dev")))
    assert path.read_text() == "damaged"


# Disks that take nothing


def test_a_full_disk_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = SessionFile(path)
    file.save(session(OpenRoom("dev")))

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as changed:
        changed.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            file.save(session(OpenRoom("tea")))
    assert rooms(path) == [OpenRoom("dev")]
    assert not list(path.parent.glob("*.new"))
    file.save(session(OpenRoom("tea")))
    assert rooms(path) == [OpenRoom("tea")]


def test_there_is_no_place_for_it(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, not a folder")
    file = SessionFile(tmp_path / "home" / "terminal" / "ada.json")
    assert file.load() == NOTHING
    with pytest.raises(OSError, match="Not a directory"):
        file.save(session())


# Names and bounds


def test_each_name_at_each_server_has_its_file() -> None:
    names = [
        file_name("ada", "localhost:12345"),
        file_name("Ada", "LOCALHOST:12345"),
        file_name("ada", "tls://localhost:12345"),
        file_name("ada", "[::1]:12345"),
        file_name("", "localhost:12345"),
        file_name("ада" * 10, "a" * 200),
        file_name("ада" * 10, "a" * 201),
    ]
    assert names[0] == names[1] == "ada@localhost:12345.json"
    assert len(set(names)) == len(names) - 1
    assert all(len(name.encode()) < 200 and "/" not in name for name in names)


def test_what_is_typed_is_bounded() -> None:
    history = InputHistory(lambda: 0.0)
    for number in range(MAXIMUM_LINES + 5):
        history.add("#lobby", f"line {number}")
    assert len(history.texts) == MAXIMUM_LINES
    assert history.texts[-1].text == f"line {MAXIMUM_LINES + 4}"
    for number in range(100):
        history.add("#lobby", f"{number}" + "x" * 8000)
    assert sum(len(typed.text) for typed in history.texts) <= MAXIMUM_SIZE
    assert history.texts[-1].text.startswith("99x")


@pytest.mark.parametrize(
    "line",
    [
        "/register correct horse",
        "/REGISTER correct horse",
        "  /register correct horse",
        "/register\tcorrect horse",
        "/register\u00a0correct horse",
        "//register correct horse",
        "/ register correct horse",
        "/password correct horse",
        "/Password correct horse",
        "/passwd correct horse",
        "/pasword correct horse",
        "/regsiter correct horse",
        "/unregister correct horse",
        "/identify correct horse",
        "/pass correct horse",
        "a line\n/register correct horse",
    ],
)
def test_passwords_are_never_kept(line: str) -> None:
    history = InputHistory(lambda: 0.0)
    history.add("#lobby", line)
    assert not history.texts


@pytest.mark.parametrize(
    "line",
    [
        "/reply yes",
        "/part",
        "/rooms",
        "/react 👍",
        "/me registers",
        "register",
        "the password",
        "/go dev",
        "/query bob",
    ],
)
def test_other_lines_are_kept(line: str) -> None:
    history = InputHistory(lambda: 0.0)
    history.add("#lobby", line)
    assert [typed.text for typed in history.texts] == [line]


def test_what_an_older_client_has_saved_is_read(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(msgspec.json.encode({"version": 1, "open": {"rooms": [{"name": "dev"}], "later": 1}}))
    assert rooms(path) == [OpenRoom("dev")]
