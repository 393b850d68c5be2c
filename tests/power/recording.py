"""Records what programs do to their files, and what they send."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path

_HEAD = struct.Struct("<cQqII")


class Kind(Enum):
    """What a program did; these letters are those of ``recorder.c``."""

    OPENED = b"o"
    CREATED = b"c"
    WRITTEN = b"w"
    TRUNCATED = b"t"
    SYNCED = b"s"
    DIRECTORY_SYNCED = b"d"
    RENAMED = b"r"
    UNLINKED = b"u"
    DIRECTORY_MADE = b"m"
    DIRECTORY_REMOVED = b"x"
    LINKED = b"l"
    SENT = b"n"


SYNCS = (Kind.SYNCED, Kind.DIRECTORY_SYNCED)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a program did: to the file with this *inode* or *path*, or by the socket of this number."""

    kind: Kind
    inode: int
    offset: int
    data: bytes
    target: str

    @property
    def path(self) -> str:
        """The file that it was done to, or that it was about."""
        return self.data.decode()


class Recorder:
    """Has programs recorded in *folder*, who use its folder ``disk``; what is in there by now has been synced."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.disk = self.folder / "disk"
        self.disk.mkdir(exist_ok=True)
        self._log = self.folder / "steps"
        self._library = self.folder / "recorder.so"
        source = Path(__file__).with_name("recorder.c")
        flags = ("-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
        subprocess.run(["gcc", *flags, "-o", self._library, source, "-ldl", "-lpthread"], check=True)

    @cached_property
    def wrapper(self) -> Sequence[str]:
        """The command that runs the command behind it and records it."""
        shutil.copytree(self.disk, self.folder / "before", ignore=shutil.ignore_patterns("*.sock"))
        settings = {"POWER_ROOT": self.disk, "POWER_LOG": self._log, "LD_PRELOAD": self._library}
        return ["env", *(f"{name}={value}" for name, value in settings.items())]

    def run(self, *command: str, said: str = "") -> str:
        """Run a program to its end, record it, and return what it said; *said* is said to it."""
        command = (*self.wrapper, *command)
        result = subprocess.run(command, cwd=self.folder, input=said, stdout=subprocess.PIPE, text=True, check=True)
        return result.stdout

    def steps(self) -> list[Step]:
        """What was recorded, in its order."""
        steps = []
        with self._log.open("rb") as file:
            while head := file.read(_HEAD.size):
                kind, inode, offset, first, second = _HEAD.unpack(head)
                steps.append(Step(Kind(kind), inode, offset, file.read(first), os.fsdecode(file.read(second))))
        return steps
