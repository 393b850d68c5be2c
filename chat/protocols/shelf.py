"""Where a web port finds the files that users send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from twisted.internet.defer import Deferred

from chat.core.events import File
from chat.disk.file_directory import FileDirectory


class Shelf(msgspec.Struct, frozen=True):
    """Where the files are: in the *directory*; *find* finds the one with a key, *run* does work in a thread."""

    directory: FileDirectory
    find: Callable[[str], Deferred[File | None]]
    run: Callable[..., Deferred[Any]]
