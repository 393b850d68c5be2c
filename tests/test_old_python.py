"""Python that is too old for the chat."""

from __future__ import annotations

import runpy
import sys

import pytest


def test_an_old_python_is_told_apart_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13, "final", 0))
    with pytest.raises(SystemExit, match=r"^chat: Python 3\.10 is too old\. Use Python 3\.11 or later\.$"):
        runpy.run_module("chat", run_name="__main__")
