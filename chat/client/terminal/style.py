"""Colours of the terminal client, which can be read on dark and on light backgrounds.

With ``NO_COLOR`` prompt_toolkit leaves only bold, underlined, dim and reversed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

from chat.client.model.styled import NICK_TONES


def _style(tones: Sequence[str], grey: str, warm: str, alarm: str) -> Style:
    nicks = {f"nick{number}": f"bold {tones[number % len(tones)]}" for number in range(len(NICK_TONES))}
    return Style.from_dict(
        {
            **nicks,
            "me": "bold",
            "caller": "reverse",
            "mention": "bold reverse",
            "url": "underline",
            "sought": "underline bold",
            "sought.current": "reverse",
            "time": grey,
            "notice": grey,
            "quiet": grey,
            "quiet.mine": "bold",
            "refusal": f"bold {warm}",
            "action": "italic",
            "day": grey,
            "unread": warm,
            "unsent": f"italic {grey}",
            "chosen": "bold",
            "more": f"bold {warm}",
            "hint": f"bold {warm}",
            "bar": "reverse",
            "bar.alert": f"reverse bold {warm}",
            "bar.current": "reverse bold underline",
            "bar.unread": "reverse bold",
            "bar.call": f"reverse bold {alarm}",
            "prompt": "bold",
            "offer.current": "reverse bold",
        }
    )


STYLE = _style(NICK_TONES, grey="#767676", warm="#af5f00", alarm="#d7005f")
STYLE_OF_FEW = _style(("ansired", "ansigreen", "ansimagenta", "ansicyan"), grey="dim", warm="ansired", alarm="ansired")
"""For terminals of 8 or 16 colours. Of these, blue, yellow and grey can't be read on some backgrounds."""


def style(depth: ColorDepth) -> Style:
    """Return the style for a terminal with that many colours."""
    return STYLE if depth in (ColorDepth.DEPTH_8_BIT, ColorDepth.DEPTH_24_BIT) else STYLE_OF_FEW


def color_depth() -> ColorDepth | None:
    """Return how many colours the terminal has, as the environment says; ``None`` if it says nothing."""
    if (wanted := ColorDepth.from_env()) is not None or os.environ.get("COLORTERM"):
        return wanted
    try:
        import curses
    except ImportError:
        return None
    try:
        curses.setupterm()
    except (curses.error, OSError, ValueError):
        return None
    colours = curses.tigetnum("colors")
    if colours >= 256:
        return ColorDepth.DEPTH_8_BIT
    return ColorDepth.DEPTH_4_BIT if colours >= 8 else ColorDepth.DEPTH_1_BIT
