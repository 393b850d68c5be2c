"""Text that terminals draw wider or narrower than wcwidth says, in tmux, which counts otherwise than wcwidth."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from client.terminals import COMMAND, ENVIRONMENT, FOLDER
from e2e.daemon import Daemon
from e2e.waiting import wait_for

from chat.client.terminal.widths import cells

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

WORDS = {
    "Devanagari": "हिंदी",
    "Bengali": "বাংলা",
    "Tamil": "தமிழில்",
    "Telugu": "తెలుగులో",
    "Malayalam": "മലയാളം",
    "Kannada": "ಕನ್ನಡ",
    "Thai": "ภาษาไทยน้ำ",
}
UNCERTAIN = {
    "keycaps": "1\ufe0f\u20e32\ufe0f\u20e3" * 40,
    "new emoji": "\U0001fae9\U0001facd\U0001fac8\U0001f6d8" * 25,
    "unassigned": "\U0003fffd\U000e01ef\u0378x" * 40,
    "flags": "\U0001f1e9\U0001f1ea\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f" * 20,
    "families": "\U0001f469\u200d\U0001f467\U0001f44d\U0001f3fd\u261d\ufe0f\u270c" * 12,
    "marks": "".join(WORDS.values()) * 6,
    "old symbols": "\u3248\u302e\u2713\u2605\u25cf" * 20,
}


class Tmux:
    """The command ``chat`` in a terminal of tmux."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._socket = folder / "tmux"
        command = shlex.join([*COMMAND, *arguments])
        size = ("-x", "80", "-y", "24")
        self.do("-f", os.devnull, "new-session", "-d", *size, "-c", str(FOLDER), command, ";", "set", "status", "off")
        self.do("resize-window", *size)

    def do(self, *command: str) -> str:
        """Carry out a command of tmux."""
        environment = ENVIRONMENT | {"LC_ALL": "C.UTF-8"}
        environment.pop("TMUX", None)
        return subprocess.run(
            ["tmux", "-S", str(self._socket), *command],
            env=environment,
            capture_output=True,
            check=True,
            encoding="utf-8",
        ).stdout

    def screen(self, *options: str) -> str:
        """What the screen shows."""
        return "\n".join(row.rstrip() for row in self.do("capture-pane", "-p", *options).splitlines())

    def sees(self, *parts: str) -> None:
        """Wait until the screen shows all *parts*."""
        try:
            wait_for(lambda: all(part in self.screen() for part in parts), f"{parts} on the screen")
        except AssertionError as failure:
            raise AssertionError(f"{failure}; there is:\n{self.screen()}") from None

    def drawn_anew(self) -> str:
        """Have the whole screen drawn again; return what it shows then."""
        self.do("send-keys", "C-l", "!")
        self.sees("> !")
        self.do("send-keys", "BSpace")
        wait_for(lambda: "> !" not in self.screen(), "the line is empty")
        return self.screen()

    def screen_drawn_anew(self) -> str:
        """What the screen shows after Ctrl-L."""
        self.do("send-keys", "C-l")
        return self.screen()

    def close(self) -> None:
        """End it."""
        self.do("kill-server")


@pytest.fixture
def ada(shared_chat: Daemon, tmp_path: Path) -> Iterator[Tmux]:
    """Somebody at the full-screen client."""
    terminal = Tmux(tmp_path, f"ada@127.0.0.1:{shared_chat.port}")
    terminal.sees("ada #lobby>", "You are ada")
    yield terminal
    terminal.close()


@pytest.mark.parametrize("script", WORDS)
def test_all_words_of_a_script_can_be_read(shared_chat: Daemon, ada: Tmux, script: str) -> None:
    words = [f"{number}{unicodedata.normalize('NFC', WORDS[script])}" for number in range(10, 40)]
    shared_chat.person("bob").type(" ".join(words) + f" {script}-end")
    ada.sees(f"{script}-end")
    assert set(words) <= set(ada.screen().split())


@pytest.mark.parametrize("kind", UNCERTAIN)
def test_no_row_shows_what_stood_there_before(shared_chat: Daemon, ada: Tmux, kind: str) -> None:
    bob = shared_chat.person("bob")
    for number in range(24):
        bob.type(f"filler {number} " + "x" * 40)
    bob.type(f"{kind} {UNCERTAIN[kind]}")
    for number in range(8):
        bob.type(f"{kind} {number}")
        ada.sees(f"{kind} {number}")
        shown = without_bar(ada.screen())
        assert shown == without_bar(ada.drawn_anew())


def without_bar(screen: str) -> list[str]:
    """The rows of *screen* without the bar above the line that is typed: its clock and its lag change."""
    *rows, _, typed = screen.splitlines()
    return [*rows, typed]


def test_the_cursor_stands_where_the_next_letter_goes(ada: Tmux) -> None:
    typed = f"ada #lobby> {WORDS['Devanagari']} {WORDS['Bengali']} end."
    ada.do("send-keys", "-l", typed[12:])
    ada.sees(typed)
    assert ada.do("display-message", "-p", "#{cursor_x}").strip() == str(cells_in_tmux(typed))
    before, after = typed[:-10], typed[-10:]
    ada.do("send-keys", *["Left"] * len(after), "X")
    ada.sees(f"{before}X{after}")
    assert ada.do("display-message", "-p", "#{cursor_x}").strip() == str(cells_in_tmux(before + "X"))


def cells_in_tmux(text: str) -> int:
    """How many cells tmux takes for Indic text: one for each character but the marks that are not spacing."""
    return sum(unicodedata.category(character) != "Mn" for character in text)


def test_another_size_leaves_no_remains(shared_chat: Daemon, ada: Tmux) -> None:
    shared_chat.person("bob").type(f"sizes {UNCERTAIN['marks']}")
    ada.do("send-keys", "-l", WORDS["Tamil"] + " end.")
    ada.sees("sizes", "end.")
    for width in ("60", "100", "81"):
        ada.do("resize-window", "-x", width, "-y", "30")
        ada.sees("end.")
        wait_for(lambda: ada.screen() == ada.screen_drawn_anew(), f"the same screen at {width} columns")


def test_a_long_url_is_one_piece_for_the_mouse(shared_chat: Daemon, ada: Tmux) -> None:
    url = "https://example.org/" + "/".join(f"part-{number}" for number in range(30))
    shared_chat.person("bob").type(f"look: {url} and tell me")
    ada.sees("and tell me")
    assert url in ada.screen("-J").split("\n")
    assert f"\n{url[:80]}\n{url[80:160]}\n" in ada.screen()


def test_characters_of_ambiguous_width_take_one_cell() -> None:
    ambiguous = "\N{MIDDLE DOT}\N{HORIZONTAL ELLIPSIS}\N{DOWNWARDS ARROW}\N{GREEK SMALL LETTER ALPHA}\N{DEGREE SIGN}"
    assert {unicodedata.east_asian_width(character) for character in ambiguous} == {"A"}
    assert [cells(character) for character in ambiguous] == [1] * len(ambiguous)
