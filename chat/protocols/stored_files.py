"""Where a web port puts the files that users send, and finds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from twisted.internet.defer import Deferred

from chat.core.events import File
from chat.disk.file_directory import FileDirectory


class StoredFiles(msgspec.Struct, frozen=True):
    """The files that are stored.

    *directory* has their bytes, *find* finds out what the message of the one with a key tells of it, and *run* does
    work on them in a thread.
    """

    directory: FileDirectory
    find: Callable[[str], Deferred[File | None]]
    run: Callable[..., Deferred[Any]]
