"""The colours of the terminal client can be read on dark and on light backgrounds, however many there are."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from box import Box
from client.screens import Screen, play
from e2e.waiting import DEADLINE
from prompt_toolkit.output import ColorDepth

from chat.client.terminal.style import STYLE, STYLE_OF_FEW

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
CUBE = ("00", "5f", "87", "af", "d7", "ff")


def luminance(rgb: tuple[int, ...]) -> float:
    """How bright a colour is, as WCAG 2 defines it."""
    red, green, blue = (v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in rgb))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """The contrast of two colours, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def colours() -> set[str]:
    """All colours of the style for 256."""
    return {attrs.color for _, attrs in STYLE.class_names_and_attrs if attrs.color}


def test_every_colour_can_be_read_on_black_and_on_white() -> None:
    assert len(colours()) > 10
    for colour in colours():
        rgb = tuple(bytes.fromhex(colour))
        assert min(contrast(rgb, BLACK), contrast(rgb, WHITE)) >= 4, colour


def test_every_colour_is_among_the_256() -> None:
    for colour in colours():
        parts = re.findall("..", colour)
        is_grey = len(set(parts)) == 1 and (int(parts[0], 16) - 8) % 10 == 0
        assert is_grey or all(part in CUBE for part in parts), colour


def test_of_few_colours_none_is_taken_that_some_backgrounds_hide() -> None:
    taken = {attrs.color for _, attrs in STYLE_OF_FEW.class_names_and_attrs if attrs.color}
    assert taken == {"ansired", "ansigreen", "ansimagenta", "ansicyan"}


@pytest.mark.parametrize(
    ("environment", "depth"),
    [
        ({"TERM": "xterm-256color"}, ColorDepth.DEPTH_8_BIT),
        ({"TERM": "linux"}, ColorDepth.DEPTH_4_BIT),
        ({"TERM": "vt100"}, ColorDepth.DEPTH_1_BIT),
        ({"TERM": "vt100", "COLORTERM": "truecolor"}, None),
        ({"TERM": "nonsense"}, None),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, ColorDepth.DEPTH_1_BIT),
    ],
)
def test_the_environment_says_how_many_there_are(environment: dict[str, str], depth: ColorDepth | None) -> None:
    names = ("TERM", "COLORTERM", "NO_COLOR", "PROMPT_TOOLKIT_COLOR_DEPTH")
    rest = {name: value for name, value in os.environ.items() if name not in names}
    code = "from chat.client.terminal.style import color_depth; print(color_depth())"
    told = subprocess.check_output([sys.executable, "-c", code], env=rest | environment, text=True, timeout=DEADLINE)
    assert told.strip() == str(depth)


@pytest.mark.parametrize("depth", [ColorDepth.DEPTH_8_BIT, ColorDepth.DEPTH_4_BIT, ColorDepth.DEPTH_1_BIT])
def test_only_colours_are_sent_that_the_terminal_has(depth: ColorDepth) -> None:
    sent: list[str] = []

    async def scene(screen: Screen, box: Box) -> None:
        screen.output.default_color_depth = depth
        screen.press("\x0c")
        box.json("bob").ask(type="say", room="lobby", text="hello ada")
        await screen.until(lambda: "hello" in screen.written.getvalue())
        sent.append(screen.written.getvalue())

    play(scene)
    plain, of_256 = re.subn(r"38;5;\d+", "", sent[0])
    codes = {code for codes in re.findall(r"\x1b\[([\d;]*)m", plain) for code in codes.split(";")}
    assert bool(of_256) == (depth is ColorDepth.DEPTH_8_BIT)
    assert bool(codes & set(map(str, range(30, 38)))) == (depth is ColorDepth.DEPTH_4_BIT)
    assert not codes & set(map(str, range(90, 98)))
    assert "7" in codes
