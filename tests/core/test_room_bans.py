"""Bans from one room: whom they follow, and when they are over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from box import Client
from core.test_names_end import PASSWORD, Kept

from chat.core.commands import room_people

BANNED = "You are banned from #tea"


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.close()


@pytest.fixture
def ada(chat: Kept) -> Client:
    """Who has made the room."""
    ada, _ = chat.come("ada", rooms={"tea": None}, accept=["changes", "lines"])
    chat.ask(ada, {"type": "register", "password": PASSWORD}, request("say", text="hi"))
    return ada


def request(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "room": "tea", **fields}


@pytest.mark.parametrize("restarted", [False, True])
def test_who_is_banned_and_registers_then_can_be_let_in_again(chat: Kept, ada: Client, restarted: bool) -> None:
    eve, _ = chat.come("eve", rooms={"tea": None})
    chat.ask(ada, request("ban", target="eve", text="1d spam"))
    assert BANNED in chat.ask(eve, {"type": "register", "password": PASSWORD}, request("join"))[-1]["text"]
    chat.ask(ada, request("unban", target="eve"))
    assert chat.ask(ada, request("bans"))[-1]["bans"] == []
    assert chat.ask(eve, request("join"))[-1]["type"] == "room"
    if restarted:
        chat.restart()
        assert [rules.bans for rules in chat.held.rules] == [()]


def test_bans_that_are_over_take_no_place(chat: Kept, ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_people, "MOST_ROOM_BANS", 2)
    for name in ("eve", "mallory"):
        chat.come(name, rooms={"tea": None})
        chat.ask(ada, request("ban", target=name, text="1m spam"))
    chat.come("oscar", rooms={"tea": None})
    assert "which is the most" in chat.ask(ada, request("ban", target="oscar"))[-1]["text"]
    chat.box.clock.advance(61)
    assert chat.ask(ada, request("ban", target="oscar"))[-1]["rule"] == "ban"
    chat.restart()
    assert [ban.target for rules in chat.held.rules for ban in rules.bans] == ["oscar"]


def test_a_ban_outlives_a_restart_where_nothing_was_said(chat: Kept) -> None:
    bob, _ = chat.come("bob")
    chat.ask(bob, {"type": "register", "password": PASSWORD}, {"type": "quit"})
    eve, _ = chat.come("eve", rooms={"tea": None})
    chat.ask(eve, request("topic", text="hot"), request("ban", target="bob"), {"type": "quit"})
    chat.restart()
    bob, _ = chat.come("bob", password=PASSWORD)
    assert BANNED in chat.ask(bob, request("join"))[-1]["text"]
