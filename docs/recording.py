"""Makes ``docs/recording.svg``: two people talk, the daemon is killed and started again, and nothing is lost.

Run it as ``python docs/recording.py``. What the picture shows has happened just so: a daemon, its client, netcat and
``kill -9`` run in four terminals. It needs Linux, tmux, netcat and procps, and the packages of the dependency group
``docs``.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

PICTURE = Path(__file__).parent / "recording.svg"
FOLDER = Path("/tmp/demo")  # noqa: S108 - the picture shows its name
ON_ITS_OWN = [
    *("unshare", "--user", "--map-root-user", "--net", "--pid"),
    *("--fork", "--kill-child", "--mount-proc"),
    "sh",
    "-c",
]
SERVER = f"recording-{os.getpid()}"
COLUMNS, ROWS = 75, 13
WIDTH, HEIGHT, TOP = 956, 388, 56
SECONDS = 2.5
"""How long each frame is shown."""

TERMINAL = """<svg x="{{x}}" y="{{y}}" width="{width}" height="{height}" viewBox="0 0 {width} {height}">
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix" xml:space="preserve">
{matrix}
</g>
</g>
</svg>"""


def tmux(*arguments: str) -> str:
    """Run tmux, and return what it prints."""
    return subprocess.run(["tmux", "-L", SERVER, *arguments], check=True, capture_output=True, text=True).stdout


@dataclass
class Terminal:
    """A terminal, and what it has shown: a screen, and the first frame in which it was shown."""

    name: str
    title: str
    place: tuple[int, int]
    states: list[tuple[int, str]] = field(default_factory=list)

    def open(self) -> None:
        """Start a shell in it."""
        shell = ["env", "PS1=$ ", "COLORTERM=truecolor", "bash", "--norc", "--noprofile"]
        tmux("new-session", "-d", "-s", self.name, "-x", str(COLUMNS), "-y", str(ROWS), "-c", str(FOLDER), *shell)
        self.wait("$")

    def type(self, text: str) -> None:
        """Type *text*."""
        tmux("send-keys", "-t", self.name, "-l", text)
        self.wait(text[-20:])

    def enter(self, shown: str) -> None:
        """Press Enter, and wait until *shown* is on the screen."""
        tmux("send-keys", "-t", self.name, "Enter")
        self.wait(shown)

    def screen(self) -> str:
        """What is on the screen."""
        return tmux("capture-pane", "-p", "-t", self.name)

    def wait(self, shown: str) -> None:
        """Wait until *shown* is on the screen; give up after 20 seconds."""
        deadline = time.monotonic() + 20
        while shown not in self.screen():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{shown!r} is not in\n{self.screen()}")
            time.sleep(0.05)

    def take(self, frame: int) -> None:
        """Note what it shows in this *frame*."""
        screen = tmux("capture-pane", "-e", "-p", "-N", "-t", self.name)
        if not self.states or self.states[-1][1] != screen:
            self.states.append((frame, screen))


class Recording:
    """The four terminals, frame by frame, each frame with a caption."""

    def __init__(self) -> None:
        self.server = Terminal("server", "the server", (0, 0))
        self.other = Terminal("other", "the server, another terminal", (1, 0))
        self.ada = Terminal("ada", "ada, with the client", (0, 1))
        self.bob = Terminal("bob", "bob, with netcat", (1, 1))
        self.terminals = [self.server, self.other, self.ada, self.bob]
        self.captions: list[str] = []

    def take(self, caption: str) -> None:
        """Take a frame."""
        for terminal in self.terminals:
            terminal.take(len(self.captions))
        self.captions.append(caption)

    def play(self) -> None:
        """Have everything happen."""
        for terminal in self.terminals:
            terminal.open()
        self.server.type("twistd -n chat")
        self.take("One command opens the chat.")
        self.server.enter("ends the chat.")
        self.take("One command opens the chat.")
        self.bob.type("nc localhost 12345")
        self.bob.enter("Type your name")
        self.bob.type("bob")
        self.bob.enter("You are bob")
        self.take("Bob has only netcat.")
        self.ada.type("chat ada@localhost")
        self.ada.enter("#lobby>")
        self.bob.wait("ada joined")
        self.take("Ada has the client.")
        self.bob.type("lunch at one?")
        self.bob.enter("lunch at one?")
        self.ada.wait("bob: lunch at one?")
        self.take("They talk. What they see is on disk before they see it.")
        self.ada.type("yes, the usual place")
        self.ada.enter("ada: yes, the usual place")
        self.bob.wait("ada: yes, the usual place")
        self.take("They talk. What they see is on disk before they see it.")
        self.other.type("kill -9 $(pgrep -f 'twistd -n chat')")
        self.take("Now the daemon is killed.")
        self.other.enter("kill -9")
        self.server.wait("Killed")
        self.ada.wait("Disconnected")
        self.take("Now the daemon is killed.")
        self.ada.type("I bring the cake")
        self.ada.enter("ada: I bring the cake")
        self.take("Ada goes on talking. Her client keeps what it could not send.")
        self.server.type("twistd -n chat")
        self.server.enter("ends the chat.")
        self.ada.wait("1 person")
        self.take("The chat is opened again, and Ada's client is back by itself.")
        tmux("send-keys", "-t", self.bob.name, "C-c")
        self.bob.wait("^C")
        self.bob.type("nc localhost 12345")
        self.bob.enter("Type your name")
        self.bob.type("bob")
        self.bob.enter("End of history")
        said = [line for line in self.bob.screen().splitlines() if line.startswith("[")]
        expected = ["bob: lunch at one?", "ada: yes, the usual place", "ada: I bring the cake"]
        if [line.partition("] ")[2] for line in said] != expected:
            raise AssertionError(f"Something was lost: {said}")
        for _ in range(2):
            self.take("Bob comes back too. Nothing is lost, and nothing is there twice.")

    def svg(self) -> str:
        """Draw it: each state of a terminal is visible in the frames that show it."""
        frames = len(self.captions)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {2 * HEIGHT + TOP}">',
            "<style>",
            f".state {{ visibility: hidden; animation-duration: {frames * SECONDS}s; "
            "animation-iteration-count: infinite; animation-timing-function: step-end; }",
            ".caption { font: bold 30px sans-serif; fill: #58c; text-anchor: middle; }",
            "@media (prefers-reduced-motion) { .state { animation: none; } .last { visibility: visible; } }",
        ]
        drawn = []
        captions = [(at, text) for at, text in enumerate(self.captions) if text not in self.captions[:at]]
        for number, (first, end, text) in enumerate(_spans(captions, frames)):
            parts.append(_visible(f"c{number}", first, end, frames))
            kind = "caption state last" if end == frames else "caption state"
            drawn.append(f'<text class="{kind}" id="c{number}" x="{WIDTH}" y="38">{text}</text>')
        for terminal in self.terminals:
            for number, (first, end, screen) in enumerate(_spans(terminal.states, frames)):
                name = f"{terminal.name}{number}"
                parts.append(_visible(name, first, end, frames))
                kind = "state last" if end == frames else "state"
                drawn.append(f'<g class="{kind}" id="{name}">{_draw(terminal, screen, f"t-{name}")}</g>')
        return "\n".join([*parts, "</style>", *drawn, "</svg>", ""])


def _spans(states: list[tuple[int, str]], frames: int) -> list[tuple[int, int, str]]:
    ends = [first for first, _ in states[1:]] + [frames]
    return [(first, end, shown) for (first, shown), end in zip(states, ends, strict=True)]


def _visible(name: str, first: int, end: int, frames: int) -> str:
    """The rules that show the element *name* from one frame to another."""
    begins, ends = (f"{100 * at / frames:.3f}%" for at in (first, end))
    shown = f"{begins} {{ visibility: visible; }}"
    hidden = f" {ends} {{ visibility: hidden; }}" if end < frames else ""
    before = "0% { visibility: hidden; } " if first else ""
    return f"#{name} {{ animation-name: {name}; }} @keyframes {name} {{ {before}{shown}{hidden} }}"


def _draw(terminal: Terminal, screen: str, unique_id: str) -> str:
    console = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(screen.removesuffix("\n")), no_wrap=True, overflow="crop")
    svg = console.export_svg(title=terminal.title, theme=MONOKAI, code_format=TERMINAL, unique_id=unique_id)
    column, row = terminal.place
    return svg.replace("{x}", str(column * WIDTH)).replace("{y}", str(TOP + row * HEIGHT))


def main() -> None:
    """Play where the port is free and no other chat can be killed, and draw."""
    if sys.argv[1:] != ["here"]:
        again = ['ip link set lo up && exec "$0" "$@"', sys.executable, __file__, "here"]
        sys.exit(subprocess.run([*ON_ITS_OWN, *again], check=False).returncode)
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    FOLDER.mkdir()
    recording = Recording()
    try:
        recording.play()
    finally:
        subprocess.run(["tmux", "-L", SERVER, "kill-server"], check=False, capture_output=True)
        subprocess.run(["rm", "-r", str(FOLDER)], check=True)
    PICTURE.write_text(recording.svg())


if __name__ == "__main__":
    main()
