"""What is left of a room that is closed, and opened again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from core.test_names_end import PASSWORD, Kept


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.close()


def request(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "room": "tea", **fields}


@pytest.mark.parametrize("restarted", [False, True])
def test_who_was_invited_still_is_when_it_is_opened_again(chat: Kept, restarted: bool) -> None:
    ada, _ = chat.come("ada", rooms={"tea": None})
    bob, _ = chat.come("bob", rooms={"tea": None})
    chat.ask(bob, {"type": "register", "password": PASSWORD})
    chat.ask(ada, {"type": "register", "password": PASSWORD}, request("room", access="private"))
    chat.ask(ada, request("say", text="hi"), request("room", access="closed", name="tea"))
    if restarted:
        chat.restart()
        ada, _ = chat.come("ada", password=PASSWORD)
        bob, _ = chat.come("bob", password=PASSWORD)
    chat.ask(ada, request("room", access="open"))
    assert chat.ask(bob, request("join"))[-1]["type"] == "room"
