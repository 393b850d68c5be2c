"""What a terminal sends becomes keys and pastes, however it is cut, and its answers become nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.keys import Keys

from chat.client.terminal.pastes import LARGE, KeyParser
from chat.client.terminal.sequences import LONGEST, PASTE_PAUSE, SEQUENCE_TIME

PAUSE = 0.05

ANSWERS = [
    "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
    "\x1b]10;rgb:ffff/ffff/ffff\a",
    "\x1b]4;1;rgb:cd/00/00\x9c",
    "\x1b[?64;1;2;6;22c",
    "\x1b[>41;354;0c",
    "\x1b[?2026;2$y",
    "\x1b[?0u",
    "\x1bP>|tmux 3.3a\x1b\\",
    "\x1bP1+r524742=38\x1b\\",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1b[I",
    "\x1b[O",
    "\x1b[0n",
    "\x1b[8;24;80t",
    "\x1b[<0;12;5M",
    "\x1b[<0;12;5m",
    "\x1b[M !!",
    "\x1b[96;14;13M",
    "\x9b?1;2c",
    "\x9d11;rgb:0/0/0\x9c",
]
"""What terminals answer and report, also to questions of a program that has ended."""

UNKNOWN = ["\x1b[1;3P", "\x1b[27;5;59~", "\x1b[57444u", "\x1b[57444;1:3u", "\x1b[97;5:3u", "\x1b[1;129A", "\x1b[99~"]
UNKNOWN += ["\x1b[26;9~", "\x1bOj", "\x1bO5~", "\x1b[[Z", "\x1b[1114112;1u", "\x1b[55296u", "\x1b[97;9u"]
"""Keys that mean nothing to us."""

PASTED = "def f():\r    return 1\r/topic oops\rmore"


class Clock:
    """The seconds."""

    now = 0.0

    def __call__(self) -> float:
        """Return them."""
        return self.now


class Terminal:
    """A terminal that sends text, and the keys that are made of it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.keys: list[tuple[str, str]] = []
        self._parser = KeyParser(lambda press: self.keys.append((str(press.key), press.data)), self.clock)

    def sends(self, *pieces: str) -> Terminal:
        """Send pieces without a pause between them."""
        for piece in pieces:
            self._parser.feed(piece)
        return self

    def pauses(self, seconds: float = PAUSE) -> Terminal:
        """Send nothing for a while."""
        self.clock.now += seconds
        self._parser.flush()
        return self

    @property
    def typed(self) -> str:
        """What is typed into a line that knows no keys but Alt-Enter."""
        return "".join(
            "\r" if (key, data) == ("Keys.ControlM", "") else data for key, data in self.keys if types(key, data)
        )

    @property
    def names(self) -> list[str]:
        """What the keys are called."""
        return [key for key, _ in self.keys]


def types(key: str, data: str) -> bool:
    """Whether a key types something."""
    return not key.startswith("Keys.") or key == "Keys.BracketedPaste" or (key, data) == ("Keys.ControlM", "")


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """Cut *text* at every place."""
    return ((text[:place], text[place:]) for place in range(1, len(text)))


@pytest.mark.parametrize("answer", ANSWERS + UNKNOWN)
def test_what_is_no_key_becomes_nothing(answer: str) -> None:
    assert Terminal().sends(answer).pauses().keys == []
    assert Terminal().sends(f"x{answer}y").pauses().names == ["x", "y"]
    assert Terminal().sends(*answer, "y").pauses().names == ["y"]
    for start, end in pieces(answer):
        assert Terminal().sends(start, f"{end}y").pauses().names == ["y"]


@pytest.mark.parametrize("answer", ANSWERS + UNKNOWN)
def test_the_rest_of_an_answer_may_come_late(answer: str) -> None:
    for start, end in pieces(answer):
        if start != "\x1b":
            assert Terminal().sends(start).pauses().sends(f"{end}y").pauses().names == ["y"]


@given(st.lists(st.sampled_from([*ANSWERS, *UNKNOWN]) | st.text("abcé日👍 ", min_size=1)), st.data())
def test_only_what_was_typed_is_typed(parts: list[str], data: st.DataObject) -> None:
    sent = "".join(parts)
    places = sorted(data.draw(st.sets(st.integers(0, len(sent)))))
    cut = [sent[start:end] for start, end in zip([0, *places], [*places, len(sent)], strict=True)]
    assert Terminal().sends(*cut).pauses().typed == "".join(part for part in parts if part[0] not in "\x1b\x9b\x9d")


@given(st.from_regex(r"\A\x1b\[[0-?]+[ -/]*[@-~]\Z"))
def test_no_control_sequence_types_more_than_a_character(sequence: str) -> None:
    typed = Terminal().sends(sequence).pauses().typed
    assert typed == "" or (sequence.endswith(("u", "~")) and len(typed) == 1)


@given(st.lists(st.text(st.characters(codec=None) | st.sampled_from("\x1b[]OPM\\~\r\n\x9b;0123"))))
def test_nothing_is_too_odd(pieces: list[str]) -> None:
    terminal = Terminal()
    for piece in pieces:
        terminal.sends(piece).pauses()
    terminal.pauses(PASTE_PAUSE + 1).sends("\r").pauses()
    assert terminal.keys[-1] == (str(Keys.ControlM), "\r")


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        ("\x1b", ["Keys.Escape"]),
        ("\x1b[A", ["Keys.Up"]),
        ("\x1b\x1b[A", ["Keys.Escape", "Keys.Up"]),
        ("\x1bOQ", ["Keys.F2"]),
        ("\x1b[[B", ["Keys.F2"]),
        ("\x1bx", ["Keys.Escape", "x"]),
        ("\x1b\r", ["Keys.Escape", "Keys.ControlM"]),
        ("\x1b[15;5~", ["Keys.ControlF5"]),
        ("\x1b[24;80R", ["Keys.CPRResponse"]),
        ("\x1b[13u", ["Keys.ControlM"]),
        ("\x1b[13;2u", ["Keys.Escape", "Keys.ControlM"]),
        ("\x1b[27;2;13~", ["Keys.Escape", "Keys.ControlM"]),
        ("\x1b[13;3u", ["Keys.Escape", "Keys.ControlM"]),
        ("\x1b[13;5u", ["Keys.ControlM"]),
        ("\x1b[13;66u", ["Keys.Escape", "Keys.ControlM"]),
        ("\x1b[127;5u", ["Keys.Escape", "Keys.ControlH"]),
        ("\x1b[27;5;127~", ["Keys.Escape", "Keys.ControlH"]),
        ("\x1b[127;2u", ["Keys.ControlH"]),
        ("\x1b[9;2u", ["Keys.BackTab"]),
        ("\x1b[9;5u", []),
        ("\x1b[27u", ["Keys.Escape"]),
        ("\x1b[99;5u", ["Keys.ControlC"]),
        ("\x1b[99;133u", ["Keys.ControlC"]),
        ("\x1b[99;6u", []),
        ("\x1b[27;6;95~", ["Keys.ControlUnderscore"]),
        ("\x1b[59;5u", []),
        ("\x1b[97;3u", ["Keys.Escape", "a"]),
        ("\x1b[27;3;97~", ["Keys.Escape", "a"]),
        ("\x1b[97;3:3u", []),
        ("\x1b[45:95;6u", ["Keys.ControlUnderscore"]),
        ("\x1b[32;2u", [" "]),
        ("\x1b[97:65;2u", ["A"]),
        ("\x1b[97;2u", ["A"]),
        ("\x1b[97u", ["a"]),
    ],
)
def test_keys(sent: str, names: list[str]) -> None:
    assert Terminal().sends(sent).pauses().names == names
    assert Terminal().sends(*sent).pauses().names == names


def test_the_second_part_of_an_alt_key_types_nothing() -> None:
    assert Terminal().sends("\x1bx").keys == [("Keys.Escape", "\x1b"), ("x", "")]
    assert Terminal().sends("\x1b").pauses().sends("x").keys == [("Keys.Escape", "\x1b"), ("x", "x")]


def test_what_has_no_end_is_given_up() -> None:
    for start in ("\x1b]11;", "\x1b[", "\x1bP", "\x1b[M"):
        assert Terminal().sends(start).pauses(SEQUENCE_TIME + 0.1).sends("y").names == ["y"]
        assert Terminal().sends(start, "\x03", "y").names == ["Keys.ControlC", "y"]
    assert Terminal().sends("\x1b]", "x" * (LONGEST + 1), "y").names == ["y"]
    assert Terminal().sends("\x1b[", "1" * (LONGEST + 1), "y").names == ["y"]


@pytest.mark.parametrize("text", ["one", "one\r\n/quit\r\n", "\x1b[31mred", "\x03\x04", "", "~\x1b[201"])
def test_a_paste_with_marks(text: str) -> None:
    sent = f"\x1b[200~{text}\x1b[201~"
    for start, end in pieces(sent):
        assert Terminal().sends(start, end, "y").pauses().keys == [("Keys.BracketedPaste", text), ("y", "y")]
        if start != "\x1b":
            late = Terminal().sends(start).pauses(PASTE_PAUSE - 1 if len(start) > 5 else PAUSE).sends(end)
            assert late.keys == [("Keys.BracketedPaste", text)]


def test_a_paste_whose_end_is_lost_does_not_take_all_that_is_typed_later() -> None:
    terminal = Terminal().sends("\x1b[200~one\rtwo").pauses(PASTE_PAUSE + 1)
    assert terminal.keys == [("Keys.BracketedPaste", "one\rtwo")]
    assert terminal.sends("y").names == ["Keys.BracketedPaste", "y"]


@pytest.mark.parametrize("end", ["", "\r", "\r\r"])
def test_a_paste_without_marks(end: str) -> None:
    assert Terminal().sends(PASTED + end).pauses().keys == [("Keys.BracketedPaste", PASTED + end)]
    for start, rest in pieces(PASTED + end):
        if start == "def f():\r":
            continue
        terminal = Terminal().sends(start, rest)
        assert ("Keys.ControlM", "\r") not in terminal.keys
        terminal.pauses()
        assert ("Keys.ControlM", "\r") not in terminal.keys
        assert terminal.typed.rstrip("\r") == PASTED


def test_a_paste_without_marks_may_be_cut_after_its_first_line_if_that_is_long() -> None:
    line = "x" * LARGE
    terminal = Terminal().sends(f"{line}\r", "/quit\r").pauses()
    assert terminal.typed == f"{line}\r/quit"
    assert ("Keys.ControlM", "\r") not in terminal.keys
    assert Terminal().sends(f"{line}\r").pauses().names[-1] == "Keys.ControlM"


def test_enter_sends_what_was_typed() -> None:
    assert Terminal().sends("one\r").names == ["o", "n", "e", "Keys.ControlM"]
    assert Terminal().sends("one", "\r", "two", "\r").names == [*"one", "Keys.ControlM", *"two", "Keys.ControlM"]
    assert Terminal().sends("o\r\x1b[A").names == ["o", "Keys.ControlM", "Keys.Up"]
    assert Terminal().sends("\r\r").names == ["Keys.ControlM", "Keys.ControlM"]


def test_tab_completes_unless_it_is_pasted() -> None:
    assert Terminal().sends("b\thow").names == ["b", "Keys.ControlI", "h", "o", "w"]
    assert Terminal().sends("\tone\r\ttwo").pauses().keys == [("Keys.BracketedPaste", "\tone\r\ttwo")]
