"""A disk that forgets what was not synced."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from power.recording import Kind, Step

SECTOR = 512
"""So many bytes are written whole or not at all, and never those beside them."""


class Fate(Enum):
    """What becomes of that which was not synced."""

    KEPT = "is kept, as by kill -9"
    LOST = "is lost"
    SIZES = "is lost, but files are as long as they were"
    CUT = "is kept up to some moment"
    ANY = "is kept or lost, each sector and each name by chance"


@dataclass(eq=False)
class File:
    """The content of a file: that which is synced, and what was done since then.

    A change is an offset and the bytes that were written there, or the length to which the file was truncated.
    """

    synced: bytearray = field(default_factory=bytearray)
    content: bytearray = field(default_factory=bytearray)
    changes: list[tuple[int, bytes | None]] = field(default_factory=list)

    def change(self, offset: int, data: bytes | None) -> None:
        """Write or truncate it."""
        _change(self.content, offset, data)
        self.changes.append((offset, data))

    def sync(self) -> None:
        """Have the disk keep its content."""
        for offset, data in self.changes:
            _change(self.synced, offset, data)
        self.changes.clear()

    def after(self, fate: Fate, chance: random.Random) -> bytes:
        """What is in it after a power failure."""
        left = bytearray(self.synced)
        match fate:
            case Fate.KEPT:
                return bytes(self.content)
            case Fate.SIZES:
                _change(left, len(self.content), None)
            case Fate.CUT:
                whole = chance.randint(0, len(self.changes))
                for offset, data in self.changes[:whole]:
                    _change(left, offset, data)
                for offset, data in self.changes[whole : whole + 1]:
                    if data is not None:
                        _change(left, offset, data[: _first_sectors(offset, len(data), chance)])
            case Fate.ANY:
                for offset, data in self.changes:
                    for start, piece in _pieces(offset, data):
                        if chance.random() < 0.5:
                            _change(left, start, piece)
        return bytes(left)


@dataclass(eq=False)
class Directory:
    """The names in a directory, and those that the disk has of them."""

    names: dict[str, File | Directory] = field(default_factory=dict)
    synced: dict[str, File | Directory] = field(default_factory=dict)


@dataclass(frozen=True)
class Naming:
    """Names come, go or change at once: in each of these directories, what a name is of from now on."""

    changes: Sequence[tuple[Directory, str, File | Directory | None]]

    def do(self, names: Mapping[int, dict[str, File | Directory]]) -> None:
        """Do it to the *names* that a directory has, by its id; to others not."""
        for directory, name, node in self.changes:
            where = names[id(directory)]
            if node is None:
                where.pop(name, None)
            else:
                where[name] = node


class Disk:
    """What the programs of a recording have on the disk, of which the directory *before* was there already."""

    def __init__(self, root: Path, before: Path) -> None:
        self._root = root
        self._top = Directory()
        self._directories: list[Directory] = []
        self._unsynced: list[Naming] = []
        self._files: dict[int, File] = {}
        self._read(before, self._top)

    def _read(self, path: Path, directory: Directory) -> None:
        self._directories.append(directory)
        for child in path.iterdir():
            node: File | Directory
            if child.is_dir():
                node = Directory()
                self._read(child, node)
            else:
                content = child.read_bytes()
                node = File(bytearray(content), bytearray(content))
            directory.names[child.name] = directory.synced[child.name] = node

    def do(self, step: Step, *, syncs: bool = True) -> None:
        """Do what a program did; without *syncs*, what it had synced is not."""
        match step.kind:
            case Kind.OPENED:
                directory, name = self._find(step.path)
                node = directory.names[name]
                assert isinstance(node, File)
                self._files[step.inode] = node
            case Kind.CREATED:
                self._files[step.inode] = file = File()
                self._name((*self._find(step.path), file))
            case Kind.WRITTEN:
                self._files[step.inode].change(step.offset, step.data)
            case Kind.TRUNCATED:
                self._files[step.inode].change(step.offset, None)
            case Kind.SYNCED if syncs:
                self._files[step.inode].sync()
            case Kind.DIRECTORY_SYNCED if syncs:
                self._sync(self._directory(step.path))
            case Kind.RENAMED:
                old, new = self._find(step.path), self._find(step.target)
                self._name((*old, None), (*new, old[0].names[old[1]]))
            case Kind.LINKED:
                old = self._find(step.path)
                self._name((*self._find(step.target), old[0].names[old[1]]))
            case Kind.UNLINKED | Kind.DIRECTORY_REMOVED:
                self._name((*self._find(step.path), None))
            case Kind.DIRECTORY_MADE:
                made = Directory()
                self._directories.append(made)
                self._name((*self._find(step.path), made))

    def _find(self, path: str) -> tuple[Directory, str]:
        return self._directory(str(Path(path).parent)), Path(path).name

    def _directory(self, path: str) -> Directory:
        found = self._top
        for name in Path(path).relative_to(self._root).parts:
            node = found.names[name]
            assert isinstance(node, Directory)
            found = node
        return found

    def _name(self, *changes: tuple[Directory, str, File | Directory | None]) -> None:
        naming = Naming(changes)
        naming.do({id(directory): directory.names for directory in self._directories})
        self._unsynced.append(naming)

    def _sync(self, directory: Directory) -> None:
        synced = {id(one): one.synced for one in self._directories}
        ready = [naming for naming in self._unsynced if any(one is directory for one, _, _ in naming.changes)]
        for naming in ready:
            naming.do(synced)
            self._unsynced.remove(naming)

    def fail(self, fate: Fate, chance: random.Random, target: Path) -> None:
        """Write into *target* what is on the disk after a power failure."""
        names = {id(one): dict(one.synced) for one in self._directories}
        match fate:
            case Fate.KEPT:
                kept = self._unsynced
            case Fate.CUT:
                kept = self._unsynced[: chance.randint(0, len(self._unsynced))]
            case Fate.ANY:
                kept = [naming for naming in self._unsynced if chance.random() < 0.5]
            case _:
                kept = []
        for naming in kept:
            naming.do(names)
        self._write(self._top, names, lambda file: file.after(fate, chance), target)

    def _write(
        self,
        directory: Directory,
        names: Mapping[int, Mapping[str, File | Directory]],
        content: Callable[[File], bytes],
        target: Path,
    ) -> None:
        target.mkdir(mode=0o700, exist_ok=True)
        for name, node in names[id(directory)].items():
            if isinstance(node, Directory):
                self._write(node, names, content, target / name)
            else:
                (target / name).write_bytes(content(node))


def _change(content: bytearray, offset: int, data: bytes | None) -> None:
    if data == b"":
        return
    if data is None:
        del content[offset:]
        data = b""
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


def _pieces(offset: int, data: bytes | None) -> list[tuple[int, bytes | None]]:
    """The pieces of a write that are in a sector each."""
    if data is None:
        return [(offset, None)]
    pieces: list[tuple[int, bytes | None]] = []
    start = 0
    while start < len(data):
        end = start + SECTOR - (offset + start) % SECTOR
        pieces.append((offset + start, data[start:end]))
        start = end
    return pieces


def _first_sectors(offset: int, length: int, chance: random.Random) -> int:
    """How much of a write is on the disk if it was cut off between two sectors."""
    ends: list[int] = [0, *range(SECTOR - offset % SECTOR, length, SECTOR)]
    return chance.choice(ends)
