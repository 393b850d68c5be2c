"""The colours can be read: their contrast is what WCAG 2 asks for, 4.5 for texts and 3 for edges."""

from __future__ import annotations

import pytest

pytest.importorskip("tkinter")

from chat.client.desktop.look import DARK, LIGHT, Palette

PALETTES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])


def luminance(tone: str) -> float:
    """How bright a colour is, from 0 to 1."""
    parts = [int(tone[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21."""
    darker, brighter = sorted((luminance(one), luminance(other)))
    return (brighter + 0.05) / (darker + 0.05)


@PALETTES
@pytest.mark.parametrize("ground", ["window", "side", "surface", "raised", "selected", "mentioned"])
def test_every_text_can_be_read_on_every_ground(palette: Palette, ground: str) -> None:
    texts = {name: getattr(palette, name) for name in ("text", "muted", "accent", "alert", "link")}
    texts |= {f"nick{number}": tone for number, tone in enumerate(palette.nicks)}
    if ground == "raised":
        texts = {name: texts[name] for name in ("text", "muted")}
    found = {name: round(contrast(tone, getattr(palette, ground)), 2) for name, tone in texts.items()}
    assert {name: value for name, value in found.items() if value < 4.5} == {}


@PALETTES
def test_buttons_can_be_read(palette: Palette) -> None:
    assert contrast(palette.on_fill, palette.fill) >= 4.5
    assert contrast(palette.text, palette.border) >= 4.5


@PALETTES
def test_fields_have_an_edge_that_is_seen(palette: Palette) -> None:
    for edge in (palette.edge, palette.accent):
        assert contrast(edge, palette.window) >= 3
        assert contrast(edge, palette.surface) >= 3
