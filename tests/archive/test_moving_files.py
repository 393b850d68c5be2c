"""Files move with their messages by export and import."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from history.stores import REACTOR, said, wait
from history.test_files import KEYS, on_disk, put, sent
from msgspec.structs import replace

from chat.archive.command import run
from chat.archive.lines import MAXIMUM_LINE
from chat.core.facts import Said
from chat.core.limits import Limits
from chat.core.ports import Query
from chat.disk import file_directory
from chat.history import archive
from chat.history.directory import FILES
from chat.history.sqlite import SqliteStore

DATA = bytes(range(256)) * 1_000


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """An export of three messages, two of them with files."""
    folder = tmp_path / "data"
    store = SqliteStore(REACTOR, folder)
    store.open()
    wait(store.append([*map(dated, (sent(1, put(folder, KEYS[1], DATA)), said(2), sent(3, put(folder, KEYS[3]))))]))
    store.close()
    target = tmp_path / "rooms.jsonl"
    chat("export", "--data", folder, "--output", target)
    return target


def dated(one: Said) -> Said:
    """The same at a time that can be read."""
    return replace(one, message=replace(one.message, time="2026-11-21T09:15:02.114Z"))


def chat(word: str, *arguments: object) -> str:
    """Run a command that must do what it is told; return what it says."""
    with redirect_stdout(StringIO()) as output, redirect_stderr(StringIO()) as errors:
        code = run(word, [str(argument) for argument in arguments])
    assert not code, errors.getvalue()
    return output.getvalue() + errors.getvalue()


def files(folder: Path) -> list[tuple[int, str, bytes]]:
    """The files of the messages, with the ids of those and their names."""
    store = SqliteStore(REACTOR, folder, site=lambda: "http://h/")
    store.open()
    try:
        messages = wait(store.read(Query("lobby", before=99, count=99))).messages
        found = []
        for message in messages:
            if message.file is not None:
                key = message.file.url.split("/")[-2]
                found.append((message.id, message.file.name, (folder / FILES / key).read_bytes()))
        return found
    finally:
        store.close()


def test_files_move(export: Path, tmp_path: Path) -> None:
    assert max(map(len, export.read_bytes().splitlines())) < MAXIMUM_LINE
    assert KEYS[1] not in export.read_text()
    new = tmp_path / "new"
    assert chat("import", export, "--data", new) == "3 messages were imported.\n"
    assert files(new) == [(1, "a b.txt", DATA), (3, "a b.txt", b"tea")]


def test_a_file_moves_that_is_larger_than_a_chat_takes_by_itself(tmp_path: Path) -> None:
    folder, target, new, size = tmp_path / "data", tmp_path / "rooms.jsonl", tmp_path / "new", 26_000_000
    assert size > Limits().file
    store = SqliteStore(REACTOR, folder)
    store.open()
    wait(store.append([dated(sent(1, put(folder, KEYS[1], bytes(size))))]))
    store.close()
    chat("export", "--data", folder, "--output", target)
    chat("import", target, "--data", new)
    assert [len(data) for _, _, data in files(new)] == [size]


def test_a_file_that_did_not_come_whole_is_left_out(export: Path, tmp_path: Path) -> None:
    lines = export.read_text().splitlines(keepends=True)
    pieces = [number for number, line in enumerate(lines) if line.startswith('{"type":"file"')]
    del lines[pieces[1]]
    export.write_text("".join(lines))
    new = tmp_path / "new"
    assert "1 file was not whole, and left out: " in chat("import", export, "--data", new)
    assert files(new) == [(3, "a b.txt", b"tea")]
    assert len(on_disk(new)) == 1


def test_an_import_that_fails_leaves_no_file(export: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    chat("import", export, "--data", new)
    before = on_disk(new)
    with pytest.raises(AssertionError, match="there already"):
        chat("import", export, "--data", new)
    assert on_disk(new) == before


def test_an_import_whose_end_can_not_be_written_leaves_no_file(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError

    monkeypatch.setattr(archive, "insert", full)
    new = tmp_path / "new"
    with pytest.raises(AssertionError, match="the history can't be written"):
        chat("import", export, "--data", new)
    assert on_disk(new) == []


@pytest.mark.parametrize("place", ["create_in_data", "put_in_place"])
def test_an_import_whose_files_can_not_be_written_leaves_nothing(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    works, new = getattr(file_directory, place), tmp_path / "new"
    done: list[object] = []

    def fail(*arguments: object) -> object:
        if done:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT), str(new))
        done.append(arguments)
        return works(*arguments)

    monkeypatch.setattr(file_directory, place, fail)
    with pytest.raises(AssertionError, match=r"files can't be written: Disk quota exceeded\. Nothing was imported\."):
        chat("import", export, "--data", new)
    assert on_disk(new) == []
    assert files(new) == []


def test_an_export_as_text_names_them(export: Path, tmp_path: Path) -> None:
    assert "a b.txt" not in chat("export", "--data", tmp_path / "data", "--format", "text")
    assert '"name":"a b.txt"' in chat("export", "--data", tmp_path / "data")
