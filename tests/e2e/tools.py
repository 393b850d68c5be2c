"""Programs that tests drive."""

from __future__ import annotations

import os
import shutil

import pytest


def tool(name: str) -> str:
    """Return the path of a program; where it is missing skip the test, but on CI fail."""
    path = shutil.which(name)
    if path is not None:
        return path
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not installed here")
    pytest.skip(f"{name} is not installed")
