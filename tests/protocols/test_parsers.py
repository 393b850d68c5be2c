"""The parsers find the same in a stream however it is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.peer import Peer
from chat.core.session import Session
from chat.protocols.lines import LineReceiver
from chat.protocols.manners import Manners
from chat.protocols.telnet import TelnetFilter
from chat.protocols.text import TextManners

PIECES = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.sampled_from(
            [
                b"\n",
                b"\r\n",
                b"\r",
                b"x" * 9,
                b"\xff\xfb\x01",
                b"\xff\xfd\x18",
                b"\xff\xff",
                b"\xff\xf4",
                b"\xff\xfa\x18\x00x\xff\xf0",
            ]
        ),
    ),
    max_size=20,
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut *data* at *places*."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@given(PIECES, st.lists(st.integers(min_value=0), max_size=8))
def test_lines(pieces: list[bytes], places: list[int]) -> None:
    data = b"".join(pieces)
    whole, parts = Lines(Manners()), Lines(Manners())
    whole.dataReceived(data)
    for piece in cut(data, places):
        parts.dataReceived(piece)
    assert parts.received == whole.received == [line.removesuffix(b"\r") for line in data.split(b"\n")[:-1]]
    assert parts.clearLineBuffer() == whole.clearLineBuffer() == data.split(b"\n")[-1]


@given(PIECES, st.lists(st.integers(min_value=0), max_size=8))
def test_lines_of_people_end_as_terminals_end_them(pieces: list[bytes], places: list[int]) -> None:
    data = b"".join(pieces).replace(b"\xff", b"")
    parts = Lines(TextManners())
    for piece in cut(data, places):
        parts.dataReceived(piece)
    ends = data.replace(b"\r\n", b"\n").replace(b"\r\0", b"\n").replace(b"\r", b"\n")
    assert parts.received == ends.split(b"\n")[:-1]


@given(PIECES, st.lists(st.integers(min_value=0), max_size=8), st.integers(0, 5))
def test_what_was_not_received_is_given_back_as_it_came(pieces: list[bytes], places: list[int], most: int) -> None:
    data = b"".join(pieces).replace(b"\xff", b"")
    lines = Lines(TextManners(), most)
    lines.dataReceived(data)
    left = lines.clearLineBuffer()
    assert data.endswith(left)
    again = Lines(TextManners())
    again.dataReceived(data[: len(data) - len(left)])
    assert again.received == lines.received


class Lines(LineReceiver):
    """What is received, as some manners cut it; it pauses after *most* lines."""

    MAX_LENGTH = 1_000

    def __init__(self, manners: Manners, most: int = 1_000) -> None:
        self._manners = manners
        self._session = Session(1, Peer(), one_room=True)
        self._most = most
        self.received: list[bytes] = []
        self.paused = not most

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(self._manners.hear(data, self._session))

    def cut(self, data: bytes) -> list[bytes]:
        return self._manners.cut(data)

    def rest_after(self, data: bytes, lines: int) -> bytes:
        return self._manners.rest_after(data, lines)

    def lineReceived(self, line: bytes) -> None:
        self.received.append(line)
        self.paused = len(self.received) >= self._most


@given(PIECES, st.lists(st.integers(min_value=0), max_size=8))
def test_telnet(pieces: list[bytes], places: list[int]) -> None:
    data = b"".join(pieces)
    whole, parts = TelnetFilter(), TelnetFilter()
    text = whole.feed(data)
    answers = b""
    heard = b""
    for piece in cut(data, places):
        heard += parts.feed(piece)
        answers += parts.answer
    assert heard == text
    assert answers == whole.answer
    assert parts.left == whole.left
    assert b"\xff" not in text


@given(st.text().map(str.encode))
def test_telnet_leaves_plain_clients_alone(data: bytes) -> None:
    assert TelnetFilter().feed(data) == data


def test_telnet_commands() -> None:
    telnet = TelnetFilter()
    assert (
        telnet.feed(
            b"a\xff\xfb\x18b\xff\xfd\x01c\xff\xfe\x01\xff\xfc\x01d\xff\xfa\x18\x00\xff\xff\xff\xf0e\xff\xf1f\xff"
        )
        == b"abcdef"
    )
    assert telnet.answer == b"\xff\xfe\x18\xff\xfc\x01"
    assert not telnet.left
    assert telnet.feed(b"\xf4g") == b"g"
    assert telnet.left


def test_who_agrees_to_an_offer_is_not_answered() -> None:
    telnet = TelnetFilter()
    assert telnet.feed(b"\xff\xfd\x01\xff\xfd\x03secret", offering=True) == b"secret"
    assert telnet.answer == b"\xff\xfc\x03"


@pytest.mark.parametrize("text", ["ту", "Ü שלום", "한국어 日本", "❤️", "“x”", "Ф"])
@pytest.mark.parametrize("cut", range(1, 12))
def test_a_command_within_a_character_is_the_byte_that_the_client_took_for_it(text: str, cut: int) -> None:
    taken = {0x83: b"\xf4", 0x84: b"\xec", 0x8F: b"\xf5", 0x94: b"\xf6", 0x9A: b"\xed", 0x9C: b"\xf3"}
    sent = b"".join(
        b"\xff" + taken[byte] + b"\xff\xfd\x06" if byte in taken else bytes((byte,)) for byte in text.encode()
    )
    telnet = TelnetFilter()
    assert telnet.feed(sent[:cut]) + telnet.feed(sent[cut:]) == text.encode()
    assert not telnet.left
    assert telnet.feed(b"\xff\xf4") == b""
    assert telnet.left


def test_an_endless_telnet_command_is_not_kept() -> None:
    telnet = TelnetFilter()
    assert telnet.feed(b"\xff\xfa" + b"x" * 2000) == b"\xfa" + b"x" * 2000


def test_a_delimiter_that_changes_counts_from_the_next_line_on() -> None:
    class Changing(LineReceiver):
        delimiter = b"\n"

        def __init__(self) -> None:
            self.received: list[bytes] = []

        def lineReceived(self, line: bytes) -> None:
            self.received.append(line)
            self.delimiter = b"\r\n"

    receiver = Changing()
    receiver.dataReceived(b"one\ntwo\nthr\r\nfour")
    assert receiver.received == [b"one", b"two\nthr"]
    assert receiver.clearLineBuffer() == b"four"


def test_pauses_change_nothing_in_what_is_received() -> None:
    data = b"".join(b"%d" % number + (b"\r\n", b"\r", b"\n", b"\r\0")[number % 4] for number in range(5_000))
    whole, paused = Lines(TextManners(), 10_000), Lines(TextManners(), 1)
    whole.dataReceived(data)
    paused.dataReceived(data)
    while paused.paused:
        paused._most += 3
        paused.paused = False
        LineReceiver.dataReceived(paused, b"")
    assert paused.received == whole.received
    assert len(whole.received) == 5_000
