"""What is exported is imported as it was, and what is written as a log is read back."""

from __future__ import annotations

import json
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import pytest
from history.stores import REACTOR, said, wait
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from chat.archive.command import run
from chat.core.events import Edited, Message, Topic
from chat.core.facts import AccessSet, Changed, LockSet, Record, Said, StatusSet, TopicSet
from chat.core.room import Access, Status
from chat.core.text import clean, clean_lines, seen
from chat.core.times import timestamp
from chat.history.sqlite import SqliteStore

ROOMS = ("dev", "lobby", "ops")
TIMES = st.integers(0, 4_000_000_000)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
LINES = WORDS.map(lambda text: clean(text).strip()).filter(seen)
TEXTS = st.lists(WORDS, min_size=1, max_size=4).map(lambda lines: clean_lines("\n".join(lines))).filter(seen)
NAMES = st.sampled_from(["ada", "Bob", "пётр", "ada|away", "cy[m]"])


def messages() -> st.SearchStrategy[Message]:
    """Messages of rooms, without their ids."""
    return st.builds(
        Message,
        id=st.just(1),
        time=TIMES.map(timestamp),
        room=st.sampled_from(ROOMS),
        author=NAMES,
        kind=st.sampled_from(["say", "action"]),
        text=TEXTS,
        notice=st.booleans(),
        all=st.booleans(),
    )


def rules(room: str) -> st.SearchStrategy[Record]:
    """Rules of a room."""
    return st.one_of(
        st.builds(AccessSet, st.just(room), st.sampled_from(list(Access))),
        st.builds(StatusSet, st.just(room), st.just(Status.ARCHIVED)),
        st.builds(LockSet, st.just(room), st.booleans()),
        st.builds(TopicSet, st.builds(Topic, time=TIMES.map(timestamp), room=st.just(room), name=NAMES, topic=LINES)),
    )


def chat(word: str, *arguments: object) -> str:
    """Run a command; return what it writes to the standard output."""
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        assert run(word, list(map(str, arguments))) == 0, err.getvalue()
    return out.getvalue()


@settings(max_examples=20)
@given(
    st.lists(st.tuples(messages(), st.integers(1, 3), st.integers(0, 5), st.booleans()), min_size=1, max_size=12),
    st.lists(st.sampled_from(ROOMS).flatmap(rules), max_size=4),
)
def test_rooms_come_back_as_they_were(talk: list[tuple[Message, int, int, bool]], ruled: list[Record]) -> None:
    records: list[Record] = []
    last = 0
    for message, step, answered, edited in talk:
        before = last
        last += step
        answers = before - answered if before - answered > 0 else None
        records.append(Said(structs.replace(message, id=last, re=answers)))
        if edited and message.room is not None:
            last += 1
            event = Edited(id=last - 1, rev=last, room=message.room, by="ada", time=message.time, text="edited\n anew")
            records.append(Changed(event))
    with tempfile.TemporaryDirectory() as folder:
        old, new, full = (Path(folder) / name for name in ("old", "new", "full"))
        store = SqliteStore(REACTOR, old)
        store.open()
        wait(store.append([*records, *ruled]))
        store.close()
        file = Path(folder) / "rooms.jsonl"
        chat("export", "--data", old, "--private", "--output", file)
        exported = file.read_text()
        chat("import", file, "--data", new)
        assert chat("export", "--data", new, "--private") == exported
        store = SqliteStore(REACTOR, full)
        store.open()
        wait(store.append([Said(said(number, "hello", room="other").message) for number in (1, 100)]))
        store.close()
        chat("import", file, "--data", full)
        moved = chat(
            "export", "--data", full, "--private", *(word for room in rooms_in(exported) for word in ("-r", room))
        )
        assert without_ids(moved) == without_ids(exported)


def rooms_in(exported: str) -> list[str]:
    """The rooms of an export."""
    return sorted({json.loads(line)["room"] for line in exported.splitlines()})


def without_ids(exported: str) -> list[dict[str, Any]]:
    """The objects of an export; each message is numbered, and answers the number of another, or none."""
    objects = [json.loads(line) for line in exported.splitlines()]
    numbers = {item["id"]: number for number, item in enumerate(objects) if "id" in item}
    for item in objects:
        if "id" in item:
            item["id"] = numbers[item["id"]]
            item["re"] = numbers.get(item.get("re"))
    return objects


Kind = Literal["say", "action"]


def irssi(time: datetime, nick: str, kind: Kind, text: str) -> str:
    return f"{time:%H:%M} < {nick}> {text}" if kind == "say" else f"{time:%H:%M}  * {nick} {text}"


def znc(time: datetime, nick: str, kind: Kind, text: str) -> str:
    return f"[{time:%H:%M:%S}] " + (f"<{nick}> {text}" if kind == "say" else f"* {nick} {text}")


def weechat(time: datetime, nick: str, kind: Kind, text: str) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}\t" + (f"@{nick}\t{text}" if kind == "say" else f" *\t{nick} {text}")


def plain(time: datetime, nick: str, kind: Kind, text: str) -> str:
    return f"[{time:%Y-%m-%d %H:%M:%S}] " + (f"<{nick}> {text}" if kind == "say" else f"* {nick} {text}")


@pytest.mark.parametrize("write", [irssi, znc, weechat, plain])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    talk=st.lists(
        st.tuples(st.integers(0, 1_439), NAMES, st.sampled_from(["say", "action"]), LINES), min_size=1, max_size=9
    )
)
def test_what_a_client_of_irc_has_logged_comes_in_as_it_was(
    berlin: None, write: Any, talk: list[tuple[int, str, Kind, str]]
) -> None:
    day = datetime(2026, 11, 21)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "dev.log"
        moments = [day.replace(hour=minute // 60, minute=minute % 60) for minute, *_ in talk]
        log.write_text("".join(f"{write(time, *said[1:])}\n" for time, said in zip(moments, talk, strict=True)))
        arguments = [log, "-f", write.__name__, "--date", "2026-11-21", "--room", "dev", "--data", folder, "--strict"]
        assert chat("import", *arguments).endswith("imported.\n")
        found = [json.loads(line) for line in chat("export", "--data", folder).splitlines()]
        assert [(item["time"], item["author"], item["kind"], item["text"]) for item in found] == [
            (timestamp(time.astimezone(UTC).timestamp()), *said[1:]) for time, said in zip(moments, talk, strict=True)
        ]
