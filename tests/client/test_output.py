"""The one place that prints: its reader may be slow or gone, and the disk full."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import termios
import threading
from collections.abc import Awaitable, Callable, Iterator

import pytest
from e2e.waiting import DEADLINE

from chat.client.plain import output as outputs
from chat.client.plain.output import FULL, CannotPrint, Flow, Output, complain

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """Both ends of a pipe: that to read, and that to write."""
    reading, writing = os.pipe()
    yield reading, writing
    for thread in threading.enumerate():
        if thread.name == "output":
            thread.join(DEADLINE)
    os.close(writing)


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run a test in a loop, and give up when it takes too long."""
    asyncio.run(asyncio.wait_for(test(), DEADLINE))


def happens(output: Output, event: str) -> asyncio.Event:
    """An event that is set once the *output* is filled, drained or ended."""
    happened = asyncio.Event()
    setattr(output, event, happened.set)
    return happened


def read_all(reading: int, size: int) -> bytes:
    """Read *size* bytes."""
    data = b""
    while len(data) < size:
        data += os.read(reading, size - len(data))
    return data


@pytest.mark.parametrize(
    ("encoding", "printed"),
    [("utf-8", "“é” ?\n".encode()), ("latin-1", b"?\xe9? ?\n"), ("ascii", b"??? ?\n")],
)
def test_what_the_encoding_lacks_is_a_question_mark(pipe: Pipe, encoding: str, printed: bytes) -> None:
    async def test() -> None:
        async with Output(pipe[1], encoding) as output:
            output.write("“é” \ud83d\n")
        assert os.read(pipe[0], 100) == printed

    run(test)


def test_lines_come_whole_and_in_order(pipe: Pipe) -> None:
    lines = [f"{number} {'x' * (number % 300)}\n" for number in range(2000)]

    async def test() -> None:
        async with Output(pipe[1]) as output:
            for line in lines:
                output.write(line)
            size = sum(map(len, lines))
            assert await asyncio.to_thread(read_all, pipe[0], size) == "".join(lines).encode()

    run(test)


def test_a_reader_that_goes_is_noticed_without_a_further_line(pipe: Pipe) -> None:
    async def test() -> None:
        async with Output(pipe[1]) as output:
            ended = happens(output, "ended")
            os.close(pipe[0])
            await ended.wait()
            assert output.flow is Flow.GONE
            output.write("nobody reads this\n")

    run(test)


def test_a_reader_that_goes_while_it_takes_nothing_is_noticed(pipe: Pipe) -> None:
    async def test() -> None:
        async with Output(pipe[1]) as output:
            ended = happens(output, "ended")
            output.write("x" * 10 * FULL)
            os.close(pipe[0])
            await ended.wait()

    run(test)


def test_a_full_disk_is_told() -> None:
    async def test() -> None:
        async with Output(full) as output:
            ended = happens(output, "ended")
            output.write("a line\n")
            await ended.wait()

    full = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(CannotPrint, match=r"^the output can't be written: No space left on device\.$"):
        run(test)
    os.close(full)


def test_no_output_at_all() -> None:
    with pytest.raises(CannotPrint, match=r"^there is no output to print to\.$"):
        Output.of(None)


def test_a_reader_that_takes_nothing_fills_it_and_one_that_reads_drains_it(pipe: Pipe) -> None:
    async def test() -> None:
        async with Output(pipe[1]) as output:
            filled, drained = happens(output, "filled"), happens(output, "drained")
            line = "x" * 4095 + "\n"
            count = 0
            while not filled.is_set():
                output.write(line)
                count += 1
            flows = [output.flow]
            await asyncio.to_thread(read_all, pipe[0], count * len(line))
            await drained.wait()
            assert [*flows, output.flow] == [Flow.FULL, Flow.RUNNING]

    run(test)


def test_a_reader_that_takes_nothing_does_not_keep_the_user_from_leaving(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "GRACE", 0.01)

    async def test() -> None:
        async with Output(pipe[1]) as output:
            output.write("x" * 10 * FULL)
            finishing = asyncio.ensure_future(output.finish())
            await asyncio.sleep(0)
            assert not finishing.done()
            output.hurry()
            await finishing

    run(test)
    os.close(pipe[0])


def test_a_program_may_make_the_open_file_non_blocking(pipe: Pipe) -> None:
    os.set_blocking(pipe[1], False)

    async def test() -> None:
        async with Output(pipe[1]) as output:
            output.write("x" * 10 * FULL)
            assert await asyncio.to_thread(read_all, pipe[0], 10 * FULL) == b"x" * 10 * FULL

    run(test)


def test_a_stopped_terminal_is_left_as_it_is() -> None:
    """The shell shares the open file of the terminal."""
    master, terminal = pty.openpty()
    flags, mode = fcntl.fcntl(terminal, fcntl.F_GETFL), termios.tcgetattr(terminal)

    async def test() -> None:
        async with Output(terminal) as output:
            termios.tcflow(terminal, termios.TCOOFF)
            output.write("a line\n")
            assert fcntl.fcntl(terminal, fcntl.F_GETFL) == flags
            assert termios.tcgetattr(terminal) == mode
            termios.tcflow(terminal, termios.TCOON)
            assert await asyncio.to_thread(os.read, master, 100) == b"a line\r\n"

    run(test)
    os.close(terminal)
    os.close(master)


def test_complaints(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with os.fdopen(2, "w", closefd=False) as stream:
        monkeypatch.setattr("sys.stderr", stream)
        complain("é")
        assert capfd.readouterr() == ("", "chat: é\n")
        monkeypatch.setattr("sys.stderr", None)
        complain("nobody wants this")
        assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("way", ["full", "stalled"])
def test_complaints_that_nobody_takes(pipe: Pipe, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setattr(outputs, "GRACE", 0.01)
    if way == "stalled":
        os.set_blocking(pipe[1], False)
        os.write(pipe[1], b"x" * (1 << 20))
        os.set_blocking(pipe[1], True)
    descriptor = os.open("/dev/full", os.O_WRONLY) if way == "full" else os.dup(pipe[1])
    with os.fdopen(os.dup(descriptor), "w", closefd=True) as stream:
        monkeypatch.setattr("sys.stderr", stream)
        complain("nobody takes this")
        monkeypatch.undo()
        if way == "full":
            os.dup2(pipe[1], stream.fileno())
    os.close(descriptor)
    os.close(pipe[0])
