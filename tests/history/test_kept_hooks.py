"""Hooks stay when the chat starts again, and end with what they belong to, in the file too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from history.stores import REACTOR, wait
from history.test_soundness import look
from msgspec.structs import replace
from operated import HASH

from chat.core.events import Message
from chat.core.facts import HookEnded, HookMade, Registered, RightsKept, RoomForgotten, Said, StatusSet, Unregistered
from chat.core.hook_directory import StoredHook
from chat.core.room import Status
from chat.history import backup, restore
from chat.history.sqlite import TAGS_OF_HOOK, SqliteStore

T = "2026-11-26T09:15:02.114Z"
CI = StoredHook("ci", "dev", "digest of ci", 1, T)
CD = StoredHook("cd", "ops", "digest of cd", 0, T)


@contextmanager
def opened(folder: Path) -> Iterator[SqliteStore]:
    """The history while a chat uses it."""
    store = SqliteStore(REACTOR, folder)
    store.open()
    try:
        yield store
    finally:
        store.close()


def hooks(folder: Path) -> list[StoredHook]:
    """What a chat begins with."""
    store = SqliteStore(REACTOR, folder)
    contents = store.open()
    store.close()
    return list(contents.hooks)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A history with two hooks."""
    with opened(tmp_path) as store:
        made = [HookMade(hook.room, hook) for hook in (CI, CD)]
        wait(store.append([Registered(1, "ada", HASH, -1), RightsKept("dev", 1, op=True), *made]))
    return tmp_path


def said(number: int, tag: str | None, text: str = "build done") -> Said:
    """Something that ci has said."""
    message = Message(id=number, time=T, room="dev", author="ci", kind="say", text=text, tag=tag, notice=True)
    return Said(message, CI.digest if tag is not None else None)


def test_they_stay_with_their_last_tags(folder: Path) -> None:
    tags = [f"t{number}" for number in range(1, TAGS_OF_HOOK + 3)]
    with opened(folder) as store:
        wait(store.append([said(1_000, None), *(said(number, tag) for number, tag in enumerate(tags, 1))]))
    assert sorted(hooks(folder), key=lambda hook: hook.name) == [CD, replace(CI, tags=tuple(tags[2:]))]
    assert look(folder) == []


@pytest.mark.parametrize(
    ("facts", "left"),
    [
        ([HookEnded("dev", "ci")], [CD]),
        ([Unregistered(1, -2)], [CD]),
        ([RoomForgotten("ops")], [CI]),
        ([StatusSet("ops", Status.CLOSED)], [CI]),
    ],
)
def test_they_end(
    folder: Path, facts: list[HookEnded | Unregistered | RoomForgotten | StatusSet], left: object
) -> None:
    with opened(folder) as store:
        wait(store.append(facts))
    assert hooks(folder) == left
    assert look(folder) == []


def test_one_of_nobody_is_found(folder: Path) -> None:
    with opened(folder) as store:
        wait(store.append([HookMade("dev", replace(CI, name="x", digest="y", maker=7))]))
    assert look(folder) == ["Rights or other things are kept for 1 accounts that are not there. That does no harm."]


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_hook_that_was_ended_since_does_not_come_back_with_a_backup(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, goes_on: bool
) -> None:
    now = 1_795_252_502.0
    target = tmp_path_factory.mktemp("backup") / "chat.backup"
    with opened(folder) as store:
        wait(store.append([said(1, None)]))
    backup.back_up(folder, target, now, lambda *_: None)
    with opened(folder) as store:
        wait(store.append([HookEnded("dev", "ci")]))
    place = folder if goes_on else tmp_path_factory.mktemp("new")
    restore.restore(target, place, now, lambda *_: None)
    assert {hook.name for hook in hooks(place)} == ({"cd"} if goes_on else {"ci", "cd"})
