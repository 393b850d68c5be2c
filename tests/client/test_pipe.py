"""Sending from a pipe, and printing for one."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from box import Box
from client.seats import local_time
from client.wiring import Line
from e2e.waiting import DEADLINE
from msgspec.structs import replace

from chat.client.plain.pipe import WINDOW, Lines, Sender, Tail
from chat.core.commands.table import TABLE
from chat.core.limits import Limits


class Script:
    """What a script has written so far, in place of a file descriptor."""

    def __init__(self, *lines: str, ended: bool = True) -> None:
        self.waiting = list(lines)
        self.ended = ended
        self.failure = ""

    @property
    def at_end(self) -> bool:
        return self.ended and not self.waiting

    def take(self) -> str | None:
        return self.waiting.pop(0) if self.waiting else None


class Pipe:
    """A sender in a box."""

    def __init__(self, box: Box, script: Script, room: str = "lobby", *, notice: bool = False) -> None:
        self.complaints: list[str] = []
        self.script = script
        self.sender = Sender(room, 30.0, box.clock, self.complaints.append, notice=notice)
        self.wiring = Line(box, self.sender, "bot", rooms=(room,), backlog=0)
        self.sender.start(self.wiring.link, script)
        self.sender.advance()
        self.wiring.pump()

    @property
    def stored(self) -> bool | None:
        """Whether all was stored; ``None`` while it goes on."""
        result = self.sender.finished.result if self.sender.finished.called else None
        assert result is None or isinstance(result, bool)
        return result


def said(box: Box) -> list[str]:
    return [message.text for message in box.stored]


def test_every_line_is_said() -> None:
    box = Box()
    pipe = Pipe(box, Script("one", "", "/quit", "two"))
    assert pipe.stored is True
    assert said(box) == ["one", "/quit", "two"]
    assert pipe.complaints == []


def test_more_lines_than_the_window_holds() -> None:
    box = Box()
    texts = [f"{number}" for number in range(3 * WINDOW)]
    pipe = Pipe(box, Script(*texts))
    assert pipe.stored is True
    assert said(box) == texts


def test_no_more_than_the_window_is_on_its_way() -> None:
    box = Box()
    script = Script(*(f"{number}" for number in range(3 * WINDOW)))
    pipe = Pipe(box, Script(ended=False))
    pipe.wiring.cable.silent = True
    pipe.script.waiting = script.waiting
    pipe.sender.advance()
    pipe.wiring.pump()
    assert len(pipe.wiring.link.outbox) == WINDOW
    assert len(pipe.script.waiting) == 2 * WINDOW


def test_lines_that_come_later() -> None:
    box = Box()
    pipe = Pipe(box, Script("one", ended=False))
    pipe.wiring.wait(100)
    assert pipe.stored is None
    pipe.script.waiting.append("two")
    pipe.script.ended = True
    pipe.sender.advance()
    pipe.wiring.pump()
    assert pipe.stored is True
    assert said(box) == ["one", "two"]


def test_nothing_to_say() -> None:
    assert Pipe(Box(), Script()).stored is True


def test_a_line_that_is_too_long_is_told_and_the_others_are_said() -> None:
    box = Box()
    pipe = Pipe(box, Script("one", "x" * 5000, "two"))
    assert pipe.stored is False
    assert said(box) == ["one", "two"]
    assert pipe.complaints[0].startswith("A line is longer than the 4096 bytes that the server takes: xxx")


def test_an_input_that_can_not_be_read_is_told_once_all_that_was_read_is_stored() -> None:
    box = Box()
    script = Script("one")
    script.failure = "Input/output error"
    pipe = Pipe(box, script)
    assert pipe.stored is False
    assert said(box) == ["one"]
    assert pipe.complaints == ["the input can't be read: Input/output error."]


def test_a_refusal_is_told() -> None:
    box = Box()
    pipe = Pipe(box, Script("one", "\u200b", "two"))
    assert pipe.stored is False
    assert said(box) == ["one", "two"]
    assert len(pipe.complaints) == 1


def test_a_room_that_does_not_let_it_in_ends_it_at_once() -> None:
    box = Box(limits=Limits(plain_passwords=True))
    box.text("ada").send("/join priv", "/register correct horse", "/room private")
    pipe = Pipe(box, Script("one"), room="priv")
    assert pipe.stored is False
    assert pipe.complaints == ["#priv is private. Ask one of its ops for an invitation."]
    assert said(box) == []


def test_a_break_costs_nothing_and_doubles_nothing() -> None:
    box = Box()
    pipe = Pipe(box, Script(ended=False))
    pipe.script.waiting.extend(["one", "two"])
    pipe.script.ended = True
    pipe.wiring.cable.silent = True
    pipe.sender.advance()
    pipe.wiring.pump()
    pipe.wiring.cable.die()
    pipe.wiring.wait(2)
    assert pipe.stored is True
    assert said(box) == ["one", "two"]


def test_it_does_not_wait_for_ever() -> None:
    box = Box()
    pipe = Pipe(box, Script(ended=False))
    pipe.wiring.cable.silent = True
    pipe.script.waiting.append("one")
    pipe.sender.advance()
    pipe.wiring.wait(29)
    assert pipe.stored is None
    pipe.wiring.wait(1)
    assert pipe.stored is False
    assert pipe.complaints[-1] == "The server has not answered for 30 seconds."


@pytest.mark.parametrize("notice", [True, False])
def test_notices(notice: bool) -> None:
    box = Box()
    pipe = Pipe(box, Script("one", "two"), notice=notice)
    assert pipe.stored is True
    assert [message.notice for message in box.stored] == [notice, notice]
    assert pipe.complaints == []


def test_a_server_that_does_not_know_notices_is_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    say = TABLE["say"]
    known = tuple(parameter for parameter in say.parameters if parameter.name != "notice")
    monkeypatch.setitem(TABLE, "say", replace(say, parameters=known))
    box = Box()
    texts = [f"{number}" for number in range(3 * WINDOW)]
    pipe = Pipe(box, Script(*texts), notice=True)
    assert pipe.stored is True
    assert said(box) == texts
    assert pipe.complaints == ["The server does not know notices, so that your lines may alert people."]


def test_interrupted() -> None:
    pipe = Pipe(Box(), Script(ended=False))
    pipe.sender.give_up()
    assert pipe.stored is False
    assert pipe.complaints == ["Interrupted before everything was stored."]


# Reading


def read_all(descriptor: int, encoding: str = "utf-8") -> list[str]:
    """Read lines until the end, one at a time."""

    async def read() -> list[str]:
        more = asyncio.Event()
        lines = Lines(descriptor, asyncio.get_running_loop(), more.set, encoding)
        read: list[str] = []
        while not lines.at_end:
            line = lines.take()
            if line is None:
                more.clear()
                await asyncio.wait_for(more.wait(), DEADLINE)
            else:
                read.append(line)
        lines.stop()
        return read

    return asyncio.run(read())


@contextmanager
def pipe_with(data: bytes) -> Iterator[int]:
    """A pipe from which *data* can be read, and then nothing."""
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    yield reading
    os.close(reading)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\r\ntwo", ["one", "two"]),
        (b"\n\none\n\n", ["one"]),
        ("é日本\n".encode(), ["é日本"]),
        (b"a\xffb\x1b\n", ["a\ufffdb"]),
    ],
)
def test_lines_of_a_pipe(data: bytes, lines: list[str]) -> None:
    with pipe_with(data) as descriptor:
        assert read_all(descriptor) == lines


def test_lines_that_are_not_utf_8_are_read_in_the_encoding_of_the_locale() -> None:
    with pipe_with("é\n".encode() + b"\xfc\n") as descriptor:
        assert read_all(descriptor, "latin-1") == ["é", "ü"]


def test_an_input_that_can_not_be_read_has_no_lines(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)

    async def read() -> str:
        more = asyncio.Event()
        lines = Lines(descriptor, asyncio.get_running_loop(), more.set)
        assert lines.take() is None
        await asyncio.wait_for(more.wait(), DEADLINE)
        assert lines.at_end
        return lines.failure

    assert asyncio.run(read()) == "Is a directory"
    os.close(descriptor)


def test_lines_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text("".join(f"line {number}\n" for number in range(5000)))
    descriptor = os.open(path, os.O_RDONLY)
    assert read_all(descriptor) == [f"line {number}" for number in range(5000)]
    os.close(descriptor)


def test_a_line_without_end_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"x" * 200_000)
    descriptor = os.open(path, os.O_RDONLY)
    lines = read_all(descriptor)
    assert sum(map(len, lines)) == 200_000
    assert max(map(len, lines)) < 100_000
    os.close(descriptor)


# Printing


def test_tail_prints_what_is_said() -> None:
    box = Box()
    output = io.StringIO()
    complaints: list[str] = []
    tail = Tail(output, local_time(box), complaints.append)
    wiring = Line(box, tail, "t", backlog=0)
    bob = box.text("bob")
    bob.send("hello", "/me waves", "/msg t psst", "exit")
    wiring.pump()
    assert output.getvalue().splitlines() == [
        "2026-11-21 10:15:02 #lobby bob: hello",
        "2026-11-21 10:15:02 #lobby ~ bob waves",
        "2026-11-21 10:15:02 bob (private): psst",
    ]
    assert complaints == []


def test_tail_prints_what_was_said_during_a_break() -> None:
    box = Box()
    output = io.StringIO()
    complaints: list[str] = []
    wiring = Line(box, Tail(output, local_time(box), complaints.append), "t", backlog=0)
    bob = box.text("bob")
    bob.send("one")
    wiring.pump()
    wiring.cable.cut()
    bob.send("two")
    wiring.wait(2)
    assert [line.split()[-1] for line in output.getvalue().splitlines()] == ["one", "two"]
    assert complaints == ["Disconnected: The connection was lost. Reconnecting by itself.", "Connected again."]


def test_tail_says_that_it_was_kicked_and_ends() -> None:
    box = Box()
    bob = box.text("bob")
    bob.send("/join dev")
    complaints: list[str] = []
    tail = Tail(io.StringIO(), local_time(box), complaints.append)
    wiring = Line(box, tail, "t", backlog=0, rooms=("dev",))
    bob.send("/kick t no robots")
    wiring.pump()
    assert complaints == ["Kicked out of #dev by bob: no robots"]
    assert tail.expelled.called
