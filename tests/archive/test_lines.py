"""Lines of files of whatever size and encoding."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.archive.lines import MAXIMUM_LINE, Lines


def lines(data: bytes, encoding: str = "") -> list[str | None]:
    """The lines of a file with these bytes."""
    return list(Lines(io.BufferedReader(io.BytesIO(data)), encoding))


TEXTS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\ufeff"), max_size=20), min_size=1
)


@given(TEXTS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]), st.sampled_from(["\n", "\r\n"]))
def test_a_file_is_read_in_the_encoding_of_its_mark(texts: list[str], encoding: str, end: str) -> None:
    data = "".join(text + end for text in ["begin", *texts]).encode(encoding)
    assert lines(data) == ["begin", *texts]


@given(TEXTS, st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "shift-jis", "koi8-r"]))
def test_a_named_encoding_counts(texts: list[str], encoding: str) -> None:
    data = "".join(f"{text}\n" for text in texts).encode(encoding, "ignore")
    found = lines(data, encoding)
    assert "".join(f"{line}\n" for line in found).encode(encoding, "replace") == data


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_recognised(encoding: str) -> None:
    assert lines("--- Log opened\n09:15 <ada> ☕\n".encode(encoding)) == ["--- Log opened", "09:15 <ada> ☕"]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"caf\xe9 f\xfcr 20\xb0C", "café für 20°C"),
        (b"na\xefve \x9350\x80\x94", "naïve “50€”"),
        (b"caf\xe9", "café"),
    ],
)
def test_a_line_that_is_not_utf_8_is_windows_1252_and_counts(data: bytes, line: str) -> None:
    read = Lines(io.BufferedReader(io.BytesIO("é 👋\n".encode() + data + b"\n" + "ü\n".encode())))
    assert list(read) == ["é 👋", line, "ü"]
    assert read.guessed == 1


def test_a_letter_that_a_server_has_cut_in_two_spoils_no_line() -> None:
    assert lines("привет".encode()[:-1] + b"\n") == ["приве\ufffd"]


def test_a_mark_within_a_file_of_several_is_passed_over() -> None:
    assert lines(b"\xef\xbb\xbfone\n\xef\xbb\xbftwo\n") == ["one", "two"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_that_is_too_long_is_not_held(encoding: str) -> None:
    longest = "x" * (MAXIMUM_LINE - 1)
    texts = ["before", longest, "x" * MAXIMUM_LINE, "x" * (3 * MAXIMUM_LINE), "after"]
    data = "\n".join([*texts, "y" * (2 * MAXIMUM_LINE)]).encode(encoding)
    assert lines(data) == ["before", longest, None, None, "after", None]


def test_the_last_line_needs_no_end_and_a_null_byte_ends_none() -> None:
    assert lines(b"a\0b\nlast") == ["a\0b", "last"]
    assert lines(b"") == []
