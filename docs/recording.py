"""Makes ``docs/recording.svg``: two people talk, the daemon is killed and started again, and nothing is lost.

Run it as ``python docs/recording.py``. What the picture shows has happened just so: a daemon, its client, netcat and
``kill -9`` run in four terminals. It needs Linux, tmux, netcat and procps, and the packages of the dependency group
``docs``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from terminals import Terminal, close_all, until

PICTURE = Path(__file__).parent / "recording.svg"
FOLDER = Path("/tmp/demo")  # noqa: S108 - the picture shows its name
ON_ITS_OWN = [
    *("unshare", "--user", "--map-root-user", "--net", "--pid"),
    *("--fork", "--kill-child", "--mount-proc"),
    "sh",
    "-c",
]
COLUMNS, ROWS = 75, 13
WIDTH, HEIGHT, TOP = 956, 388, 56
SECONDS = 2.5
"""How long each frame is shown."""


class Shell(Terminal):
    """A terminal with a shell, at its *place* in the picture."""

    def __init__(self, name: str, title: str, place: tuple[int, int]) -> None:
        super().__init__(name, title, COLUMNS, ROWS)
        self.place = place
        self.states: list[tuple[int, str]] = []
        """What it has shown: a screen, and the first frame in which it was shown."""

    def start(self) -> None:
        """Start the shell."""
        self.open(FOLDER, "env", "PS1=$ ", "bash", "--norc", "--noprofile")
        self.wait("$")

    def enter(self, shown: str) -> None:
        """Press Enter, and wait until *shown* is on the screen."""
        self.press("Enter")
        self.wait(shown)

    def take(self, frame: int) -> None:
        """Note what it shows in this *frame*."""
        screen = self.coloured_screen()
        if not self.states or self.states[-1][1] != screen:
            self.states.append((frame, screen))


class Recording:
    """The four terminals, frame by frame, each frame with a caption."""

    def __init__(self) -> None:
        self.server = Shell("server", "the server", (0, 0))
        self.other = Shell("other", "the server, another terminal", (1, 0))
        self.ada = Shell("ada", "ada, with the client", (0, 1))
        self.bob = Shell("bob", "bob, with netcat", (1, 1))
        self.terminals = [self.server, self.other, self.ada, self.bob]
        self.captions: list[str] = []

    def take(self, caption: str) -> None:
        """Take a frame."""
        for terminal in self.terminals:
            terminal.take(len(self.captions))
        self.captions.append(caption)

    def wait_until_sent(self) -> None:
        """Wait until what ada said is stored."""
        until(lambda: "unsent" not in self.ada.screen(), self.ada.screen)

    def play(self) -> None:
        """Have everything happen."""
        for terminal in self.terminals:
            terminal.start()
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
        self.wait_until_sent()
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
        self.wait_until_sent()
        self.take("The chat is opened again, and Ada's client is back by itself.")
        self.bob.press("C-c")
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
        self.ada.press("C-d")
        self.ada.wait("$")

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
                column, row = terminal.place
                place = f'x="{column * WIDTH}" y="{TOP + row * HEIGHT}" width="{{width}}" height="{{height}}"'
                svg = terminal.draw(screen, f"t-{name}", place)
                drawn.append(f'<g class="{kind}" id="{name}">{svg}</g>')
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


def main() -> None:
    """Play where the port is free and no other chat can be killed, and draw."""
    if sys.argv[1:] != ["here"]:
        again = ['ip link set lo up && exec "$0" "$@"', sys.executable, __file__, "here"]
        sys.exit(subprocess.run([*ON_ITS_OWN, *again], check=False).returncode)
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    os.environ["XDG_STATE_HOME"] = str(FOLDER / "state")
    FOLDER.mkdir()
    recording = Recording()
    try:
        recording.play()
    finally:
        close_all()
        subprocess.run(["rm", "-r", str(FOLDER)], check=True)
    PICTURE.write_text(recording.svg())


if __name__ == "__main__":
    main()
