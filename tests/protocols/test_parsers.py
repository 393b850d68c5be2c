"""The parsers find the same in a stream however it is cut."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chat.protocols.lines import LineSplitter
from chat.protocols.telnet import TelnetFilter

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
    splitter = LineSplitter(8)
    lines = [line for piece in cut(data, places) for line in splitter.feed(piece)]
    whole = [line.removesuffix(b"\r") for line in data.split(b"\n")[:-1]]
    assert lines == [line if len(line) <= 8 else None for line in whole]


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


def test_an_endless_telnet_command_is_not_kept() -> None:
    telnet = TelnetFilter()
    assert telnet.feed(b"\xff\xfa" + b"x" * 2000) == b"\xfa" + b"x" * 2000
