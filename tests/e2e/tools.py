"""Programs that tests drive."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pexpect
import pytest


def tool(name: str) -> str:
    """Return the path of a program. If it is missing, skip the test, or fail it on CI."""
    path = shutil.which(name)
    if path is not None:
        return path
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not installed here")
    pytest.skip(f"{name} is not installed")


def put_away(child: pexpect.spawn[str]) -> None:
    """Kill a program at a terminal, unless it has ended, and wait for that, which pexpect does for 0.1 seconds only."""
    child.kill(signal.SIGKILL)
    child.wait()
    child.close()


def library(name: str) -> str:
    """Return the path of a library of faketime. If it is missing, skip the test, or fail it on CI."""
    for folder in Path("/usr/lib").glob("*/faketime"):
        if (folder / name).exists():
            return str(folder / name)
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not installed here")
    pytest.skip(f"{name} is not installed")
