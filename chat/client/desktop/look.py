"""The look of the desktop client: light and dark colours, fonts of any size, and flat ttk widgets.

The theme is ttk's own ``clam`` in our colours. It is drawn, not made of pictures, so it grows with the fonts.
"""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from dataclasses import dataclass
from tkinter import font, ttk
from typing import Any

from chat.client.model.styled import NICK_TONES

SMALLEST, LARGEST = 7, 32
"""The sizes of a font, in points."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours by their use."""

    window: str
    side: str
    surface: str
    border: str
    """Divides parts of the window."""
    edge: str
    """Surrounds what can be typed into or switched."""
    raised: str
    text: str
    muted: str
    accent: str
    """Texts and edges that stand out."""
    fill: str
    """The ground of the buttons that stand out."""
    on_fill: str
    selected: str
    mentioned: str
    alert: str
    link: str
    nicks: tuple[str, ...]


def _lighter(tone: str) -> str:
    """Mix a colour with white until it can be read on a dark background."""
    parts = (int(tone[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{part + (255 - part) * 11 // 20:02x}" for part in parts)


def _darker(tone: str) -> str:
    """Mix a colour with black until it can be read on a light background."""
    parts = (int(tone[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{part * 2 // 3:02x}" for part in parts)


_SCROLLBAR: Any = [
    (
        "Vertical.Scrollbar.trough",
        {"sticky": "ns", "children": [("Vertical.Scrollbar.thumb", {"expand": "1", "sticky": "nswe"})]},
    )
]
"""A bar without arrows."""

LIGHT = Palette(
    window="#f5f6f8",
    side="#eceef2",
    surface="#ffffff",
    border="#d9dce3",
    edge="#858b98",
    raised="#e6e8ed",
    text="#1f2430",
    muted="#5b616e",
    accent="#2b59d0",
    fill="#3366e6",
    on_fill="#ffffff",
    selected="#d3e0fd",
    mentioned="#fff3d1",
    alert="#ad3a0a",
    link="#1d4ed8",
    nicks=tuple(_darker(tone) for tone in NICK_TONES),
)
DARK = Palette(
    window="#1d1f25",
    side="#18191e",
    surface="#22252c",
    border="#353943",
    edge="#6f7686",
    raised="#313540",
    text="#e3e6ec",
    muted="#a3aab7",
    accent="#86a8ff",
    fill="#3b6be0",
    on_fill="#ffffff",
    selected="#2b3c66",
    mentioned="#403719",
    alert="#fb923c",
    link="#8ab4ff",
    nicks=tuple(_lighter(tone) for tone in NICK_TONES),
)


class Look:
    """The colours and fonts of a window. *size* is that of the font in points, 0 for the usual one."""

    def __init__(self, root: tkinter.Tk, dark: bool, size: int) -> None:
        self._root = root
        self._style = ttk.Style(root)
        self._style.theme_use("clam")
        self._watchers: list[Callable[[], object]] = []
        usual = font.nametofont("TkDefaultFont", root)
        self.usual_size = abs(usual.actual("size"))
        family = usual.actual("family")
        self.body = font.Font(root, family=family)
        self.bold = font.Font(root, family=family, weight="bold")
        self.italic = font.Font(root, family=family, slant="italic")
        self.small = font.Font(root, family=family)
        self.title = font.Font(root, family=family, weight="bold")
        self.dark = dark
        self.size = size or self.usual_size
        """The size of the font, in points."""
        self._apply()

    @property
    def palette(self) -> Palette:
        """The colours in use."""
        return DARK if self.dark else LIGHT

    @property
    def chosen_size(self) -> int:
        """The size that the user has chosen, 0 if it is the usual one."""
        return 0 if self.size == self.usual_size else self.size

    @property
    def gap(self) -> int:
        """The space between widgets, in pixels. It grows with the font."""
        return max(self.body.metrics("linespace") * 2 // 5, 4)

    def watch(self, watcher: Callable[[], object]) -> None:
        """Call *watcher* now, and whenever colours or fonts change. It must live as long as the look."""
        self._watchers.append(watcher)
        watcher()

    def toggle_dark(self) -> None:
        """Change from light to dark, or back."""
        self.dark = not self.dark
        self._apply()

    def resize(self, steps: int) -> None:
        """Make all fonts *points* larger; 0 gives them the usual size again."""
        self.size = min(max(self.size + steps, SMALLEST), LARGEST) if steps else self.usual_size
        self._apply()

    def menu(self, parent: tkinter.Misc | None = None) -> tkinter.Menu:
        """Return an empty menu in the colours in use."""
        colours = self.palette
        return tkinter.Menu(
            parent or self._root,
            tearoff=False,
            background=colours.raised,
            foreground=colours.text,
            activebackground=colours.selected,
            activeforeground=colours.text,
            font=self.body,
            borderwidth=1,
            activeborderwidth=0,
            relief="flat",
        )

    def _apply(self) -> None:
        for each in (self.body, self.bold, self.italic):
            each.configure(size=self.size)
        self.small.configure(size=max(self.size - 1, SMALLEST))
        self.title.configure(size=self.size + 2)
        self._apply_style()
        for watcher in self._watchers:
            watcher()

    def _apply_style(self) -> None:
        colours, gap, style = self.palette, self.gap, self._style
        self._root.configure(background=colours.window)
        style.configure(
            ".",
            background=colours.window,
            foreground=colours.text,
            fieldbackground=colours.surface,
            bordercolor=colours.edge,
            lightcolor=colours.window,
            darkcolor=colours.window,
            troughcolor=colours.window,
            focuscolor=colours.accent,
            insertcolor=colours.text,
            selectbackground=colours.selected,
            selectforeground=colours.text,
            font=self.body,
        )
        self._apply_buttons()
        style.configure(
            "TEntry", padding=(gap, gap * 2 // 3), lightcolor=colours.surface, darkcolor=colours.surface, relief="flat"
        )
        style.map(
            "TEntry",
            bordercolor=[("focus", colours.accent)],
            lightcolor=[("focus", colours.surface)],
            fieldbackground=[("disabled", colours.window)],
            foreground=[("disabled", colours.muted)],
            selectbackground=[("", colours.selected)],
            selectforeground=[("", colours.text)],
        )
        for name, ground in (("Side", colours.side), ("Surface", colours.surface), ("Alert", colours.mentioned)):
            style.configure(f"{name}.TFrame", background=ground)
            style.configure(f"{name}.TLabel", background=ground)
        style.configure("Border.TFrame", background=colours.border)
        style.configure("Edge.TFrame", background=colours.edge)
        style.configure("Muted.TLabel", foreground=colours.muted, font=self.small)
        style.configure("Heading.Side.TLabel", foreground=colours.muted, font=self.small)
        style.configure("Title.TLabel", font=self.title)
        style.configure("Hint.TLabel", foreground=colours.alert)
        style.configure("Purpose.TLabel", background=colours.surface, foreground=colours.muted, font=self.small)
        self._apply_lists()

    def _apply_buttons(self) -> None:
        colours, gap, style = self.palette, self.gap, self._style
        padding = (gap * 2, gap * 2 // 3)
        style.configure("TButton", padding=padding, background=colours.raised, relief="flat", anchor="center", width=0)
        style.map(
            "TButton",
            background=[("disabled", colours.window), ("active", colours.border), ("pressed", colours.border)],
            foreground=[("disabled", colours.muted)],
            lightcolor=[("", colours.raised)],
            bordercolor=[("focus", colours.accent)],
        )
        style.configure("Accent.TButton", background=colours.fill, foreground=colours.on_fill)
        style.map(
            "Accent.TButton",
            background=[("disabled", colours.raised), ("active", _mixed(colours.fill)), ("pressed", colours.fill)],
            lightcolor=[("", colours.fill)],
            bordercolor=[("disabled", colours.raised), ("focus", colours.text), ("", colours.fill)],
            focuscolor=[("", colours.on_fill)],
        )
        flat = {"background": colours.window, "relief": "flat", "padding": (gap, gap * 2 // 3), "arrowsize": 0}
        style.configure("Flat.TButton", **flat)
        style.map("Flat.TButton", **_flat(colours, colours.window))
        for name, ground in (("Surface", colours.surface), ("Alert", colours.mentioned)):
            style.configure(f"{name}.TButton", **flat | {"background": ground, "font": self.small})
            style.map(f"{name}.TButton", **_flat(colours, ground))
        style.configure(
            "TCheckbutton",
            indicatorbackground=colours.surface,
            indicatorforeground=colours.on_fill,
            indicatorsize=gap * 2 - 2,
            indicatormargin=(0, 0, gap, 0),
        )
        style.map(
            "TCheckbutton",
            background=[("active", colours.window)],
            indicatorbackground=[("selected", colours.fill)],
        )

    def _apply_lists(self) -> None:
        colours, style = self.palette, self._style
        style.configure(
            "Treeview",
            background=colours.side,
            fieldbackground=colours.side,
            foreground=colours.text,
            borderwidth=0,
            relief="flat",
            rowheight=self.body.metrics("linespace") + self.gap,
        )
        style.map("Treeview", background=[("selected", colours.selected)], foreground=[("selected", colours.text)])
        style.layout("Treeview", [("Treeview.treearea", {"sticky": "nswe"})])
        style.layout("Treeview.Item", [("Treeitem.padding", {"children": [("Treeitem.text", {"sticky": "nswe"})]})])
        for bar, ground in (("Vertical.TScrollbar", colours.surface), ("Side.Vertical.TScrollbar", colours.side)):
            style.layout(bar, _SCROLLBAR)
            style.configure(
                bar,
                background=colours.border,
                troughcolor=ground,
                bordercolor=ground,
                lightcolor=colours.border,
                darkcolor=colours.border,
                arrowsize=self.gap + 4,
                gripcount=0,
            )
            style.map(
                bar,
                background=[("disabled", ground), ("active", colours.muted)],
                lightcolor=[("disabled", ground)],
                darkcolor=[("disabled", ground)],
            )


def _flat(colours: Palette, ground: str) -> dict[str, Any]:
    """Return the colours of a button that looks like the *ground* until the pointer is on it."""
    return {
        "background": [("active", colours.raised)],
        "bordercolor": [("focus", colours.accent), ("", ground)],
        "lightcolor": [("", ground)],
    }


def _mixed(tone: str) -> str:
    """Return the colour of a widget under the pointer."""
    parts = (int(tone[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{part * 9 // 10:02x}" for part in parts)
