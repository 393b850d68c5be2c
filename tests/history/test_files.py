"""Files of messages in the history: they are read with their messages, and go with them, from the disk too."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from history.stores import REACTOR, deleted, said, wait
from msgspec.structs import replace

from chat.core.events import File
from chat.core.facts import Attached, Between, PresencesEnded, Said
from chat.core.files import LEAST
from chat.core.ports import Missed, Query
from chat.disk.file_directory import FileDirectory
from chat.disk.pictures import look
from chat.history.directory import FILES
from chat.history.memory import MemoryStore
from chat.history.sqlite import SqliteStore

SITE = "http://localhost:8080/"
KEYS = [f"{number:022}" for number in range(10)]
PRIVATE = Between(-1, -2, "here")


@pytest.fixture
def opened() -> Iterator[Callable[[Path], SqliteStore]]:
    stores: list[SqliteStore] = []

    def open_(directory: Path) -> SqliteStore:
        stores.append(SqliteStore(REACTOR, directory, site=lambda: SITE))
        stores[-1].open()
        return stores[-1]

    yield open_
    for store in stores:
        store.close()


def put(directory: Path, key: str, data: bytes = b"tea") -> File:
    """Put a file into its place."""
    new = FileDirectory(directory / FILES).begin(key, len(data))
    new.write(data)
    return File(name="a b.txt", **new.finish()._asdict())


def sent(number: int, file: File, *, private: bool = False, sender: str = "here") -> Said:
    """The message of a file, whose key goes by its number."""
    plain = said(number, room=None if private else "lobby")
    url = f"{SITE}f/{KEYS[number]}/a%20b.txt"
    message = replace(plain.message, file=replace(file, url=url))
    between = PRIVATE if private else None
    return replace(plain, message=message, between=between, attached=Attached(KEYS[number], sender))


def on_disk(directory: Path) -> list[str]:
    """The files that are there."""
    return sorted(path.name for path in (directory / FILES).iterdir())


def settled(store: SqliteStore) -> None:
    """Wait until what is to be done behind a batch is done."""
    wait(store.append([]))
    wait(store.append([]))


def test_a_message_is_read_with_its_file(tmp_path: Path, opened: Callable[[Path], SqliteStore]) -> None:
    store, memory = opened(tmp_path), MemoryStore()
    messages = [
        sent(1, put(tmp_path, KEYS[1])),
        said(2),
        sent(3, put(tmp_path, KEYS[3], bytes(100_000)), private=True, sender="bob"),
    ]
    for one in (store, memory):
        wait(one.append(messages))
        page = wait(one.read(Query("lobby", before=9, count=9)))
        assert list(page.messages) == [messages[0].message, messages[1].message]
        (letter,) = wait(one.missed(Missed(-2, before=9), 9)).messages
        assert letter.file == messages[2].message.file
        found = wait(one.message(1))
        assert found is not None
        assert found.message.file == messages[0].message.file
        for key, file in ((KEYS[1], messages[0].message.file), (KEYS[3], messages[2].message.file)):
            kept = wait(one.file(key))
            assert kept is not None
            assert file is not None
            assert replace(kept, url="") == replace(file, url="")
        assert wait(one.file(KEYS[2])) is None
        assert wait(one.files_of("here")) == (LEAST, LEAST + 100_000)
        wait(one.append([deleted(1), deleted(3)]))
        assert wait(one.file(KEYS[1])) is None
        assert wait(one.files_of("here")) == (0, 0)


def test_files_go_with_their_messages(tmp_path: Path, opened: Callable[[Path], SqliteStore]) -> None:
    store = opened(tmp_path)
    wait(store.append([sent(number, put(tmp_path, KEYS[number]), private=number > 3) for number in range(1, 6)]))
    assert on_disk(tmp_path) == KEYS[1:6]
    wait(store.append([deleted(2)]))
    settled(store)
    assert on_disk(tmp_path) == [KEYS[1], *KEYS[3:6]]
    wait(store.drop("lobby", 1))
    assert on_disk(tmp_path) == KEYS[3:6]
    wait(store.append([PresencesEnded((-1,))]))
    settled(store)
    assert on_disk(tmp_path) == KEYS[3:6]
    wait(store.append([PresencesEnded((-2,))]))
    settled(store)
    settled(store)
    assert on_disk(tmp_path) == [KEYS[3]]


def test_the_start_removes_what_no_message_knows(tmp_path: Path, opened: Callable[[Path], SqliteStore]) -> None:
    store = opened(tmp_path)
    wait(store.append([sent(1, put(tmp_path, KEYS[1]))]))
    put(tmp_path, KEYS[2])
    (tmp_path / FILES / f"{KEYS[3]}.part").write_bytes(b"half")
    (tmp_path / FILES / "notes.txt").write_text("of somebody else")
    other = FileDirectory(tmp_path / FILES)
    assert len(other.names()) == 3
    other.sweep({KEYS[1]})
    assert on_disk(tmp_path) == [KEYS[1], "notes.txt"]


def test_what_could_not_be_removed_goes_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(REACTOR, tmp_path)
    store.open()
    wait(store.append([sent(1, put(tmp_path, KEYS[1]))]))

    def fail(directory: object, keys: object) -> None:
        raise OSError("no")

    with monkeypatch.context() as patch:
        patch.setattr(FileDirectory, "remove", fail)
        wait(store.append([deleted(1)]))
        settled(store)
    store.close()
    assert on_disk(tmp_path) == [KEYS[1]]
    store = SqliteStore(REACTOR, tmp_path)
    store.open()
    store.close()
    assert on_disk(tmp_path) == []


def test_nobody_else_may_read_files(tmp_path: Path) -> None:
    put(tmp_path, KEYS[1])
    assert (tmp_path / FILES).stat().st_mode & 0o777 == 0o700
    assert (tmp_path / FILES / KEYS[1]).stat().st_mode & 0o777 == 0o600


def test_an_abandoned_file_leaves_nothing(tmp_path: Path) -> None:
    new = FileDirectory(tmp_path / FILES).begin(KEYS[1], 3)
    new.write(b"tea")
    new.abandon()
    assert on_disk(tmp_path) == []
    put(tmp_path, KEYS[2])
    assert on_disk(tmp_path) == [KEYS[2]]


@pytest.mark.parametrize(
    ("pieces", "kind"),
    [
        ((b"tea",), "text/plain"),
        (("grün".encode()[:3], "grün".encode()[3:]), "text/plain"),
        (("grün".encode()[:3],), "application/octet-stream"),
        ((b"a\0b",), "application/octet-stream"),
        ((b"\xff\xfe",), "application/octet-stream"),
        ((), "text/plain"),
        ((b"<svg xmlns='http://www.w3.org/2000/svg'/>",), "text/plain"),
        ((b"<script>alert(1)</script>",), "text/plain"),
    ],
)
def test_what_a_file_is_says_nobody_but_its_bytes(tmp_path: Path, pieces: tuple[bytes, ...], kind: str) -> None:
    new = FileDirectory(tmp_path / FILES).begin(KEYS[1], 3)
    for piece in pieces:
        new.write(piece)
    file = new.finish()
    assert (file.type, file.width, file.height, file.size) == (kind, None, None, len(b"".join(pieces)))


# -- pictures


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 8)) + chunk(b"IEND", b"")


def jpeg(width: int, height: int, *, segments: int = 1, frame: int = 0xC2) -> bytes:
    comment = b"\xff\xfe" + struct.pack(">H", 65_000) + bytes(64_998)
    start = b"\xff\xff" + bytes((frame,)) + struct.pack(">HBHHB", 11, 8, height, width, 1) + bytes(3)
    return b"\xff\xd8" + comment * segments + start + b"\xff\xd9"


def webp(kind: bytes, data: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(data) + 12) + b"WEBP" + kind + struct.pack("<I", len(data)) + data


PICTURES = {
    "png": (png(640, 480), ("image/png", 640, 480)),
    "gif": (b"GIF89a" + struct.pack("<HH", 16, 9) + bytes(20), ("image/gif", 16, 9)),
    "gif87": (b"GIF87a" + struct.pack("<HH", 16, 9) + bytes(20), ("image/gif", 16, 9)),
    "jpeg": (jpeg(1920, 1080), ("image/jpeg", 1920, 1080)),
    "jpeg with much before": (jpeg(3, 4, segments=20, frame=0xC0), ("image/jpeg", 3, 4)),
    "webp": (webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 300, 200) + bytes(9)), ("image/webp", 300, 200)),
    "webp lossless": (
        webp(b"VP8L", b"\x2f" + struct.pack("<I", 299 | 199 << 14) + bytes(9)),
        ("image/webp", 300, 200),
    ),
    "webp extended": (
        webp(b"VP8X", bytes(4) + (299).to_bytes(3, "little") + (199).to_bytes(3, "little")),
        ("image/webp", 300, 200),
    ),
    "nothing": (b"", None),
    "no picture": (b"hello", None),
    "no pixels": (png(0, 1), None),
    "a bomb": (png(60_000, 60_000), None),
    "too wide": (png(1 << 31, 1), None),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>", None),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(name: str) -> None:
    data, found = PICTURES[name]
    assert look(BytesIO(data)) == found


@pytest.mark.parametrize("name", PICTURES)
def test_no_piece_of_a_picture_is_a_mistake(name: str) -> None:
    data, _ = PICTURES[name]
    for size in range(min(len(data), 200)):
        look(BytesIO(data[:size]))
    for at in range(min(len(data), 40)):
        look(BytesIO(data[:at] + b"\xff" + data[at + 1 : 100]))
