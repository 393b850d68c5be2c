"""Files, and who may get at them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Keep these permissions from the files that are made meanwhile."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def plant(public: Path, name: str, target: Path) -> Path:
    """Make a directory that all may write into, and there a link that somebody else has made; return the link."""
    if os.geteuid() != 0:
        pytest.skip("only root can make links of other users")
    if Path("/proc/sys/fs/protected_symlinks").read_text() == "0\n":
        pytest.skip("this system follows such links")
    public.mkdir()
    public.chmod(0o1777)
    planted = public / name
    planted.symlink_to(target)
    os.lchown(planted, 65_534, 65_534)
    return planted
