"""Namespaces: another network, or other files, than this machine has."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from e2e.tools import tool

REFUSED = "this system lets nobody make namespaces of their own"

needs_namespaces = pytest.mark.skipif(
    not os.environ.get("CI") and bool(subprocess.run(["unshare", "-rm", "true"], check=False).returncode),
    reason=REFUSED,
)
"""Marks a test that makes some; on CI it fails where that can't be."""


@contextmanager
def namespaces(spaces: Sequence[str], script: str, *words: str) -> Iterator[tuple[int, str]]:
    """Make namespaces and set them up by a *script* of the shell, whose ``$1`` and so on are *words*.

    Gives the process that holds them, and the line that the script prints when all is there; it then waits for a line.
    """
    command = [tool("unshare"), "--user", "--map-root-user", *spaces, "sh", "-ec", script, "sh", *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        told = holder.stdout.readline().strip()
        if not told:
            assert not os.environ.get("CI"), REFUSED
            pytest.skip(REFUSED)
        try:
            yield holder.pid, told
        finally:
            holder.communicate("\n")


def inside(holder: int, *spaces: str) -> list[str]:
    """What is put before a command that is to run in those of *holder*."""
    return [tool("nsenter"), "--target", str(holder), "--user", *spaces, "--preserve-credentials"]
