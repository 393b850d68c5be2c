"""Times the cutting of lines: ``python -m benchmarks.lines`` prints ns a line of 64 bytes, beside Twisted's class."""

from __future__ import annotations

import time

from twisted.internet.testing import StringTransport
from twisted.protocols import basic

from chat.protocols.lines import LineReceiver

LINE = b"x" * 63 + b"\n"
PACKETS = (65_536, 4_096, 64)
LINES, ROUNDS = 200_000, 5


def time_lines(kind: type[basic.LineReceiver], packet: bytes) -> float:
    """The nanoseconds that a line takes."""

    class Receiver(kind):  # type: ignore[misc,valid-type]
        delimiter = b"\n"

        def lineReceived(self, line: bytes) -> None:
            pass

    receiver = Receiver()
    receiver.makeConnection(StringTransport())
    number = max(1, LINES * len(LINE) // len(packet))
    began = time.perf_counter()
    for _ in range(number):
        receiver.dataReceived(packet)
    return (time.perf_counter() - began) / number / (len(packet) // len(LINE)) * 1e9


def main() -> None:
    """Take turns, and print the medians."""
    print(f"{'bytes a packet':>14} {'Twisted':>8} {'ours':>8}")
    for size in PACKETS:
        packet = LINE * (size // len(LINE))
        kinds: tuple[type[basic.LineReceiver], ...] = (basic.LineReceiver, LineReceiver)
        times = [[time_lines(kind, packet) for kind in kinds] for _ in range(ROUNDS)]
        twisted, ours = (sorted(column)[ROUNDS // 2] for column in zip(*times, strict=True))
        print(f"{size:>14,} {twisted:>8.0f} {ours:>8.0f}")


if __name__ == "__main__":
    main()
