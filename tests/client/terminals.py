"""The real command ``chat``: in pipes, and at a pseudo-terminal."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pexpect
import pyte
from e2e.waiting import DEADLINE, wait_for

COMMAND = [sys.executable, "-m", "chat"]
FOLDER = Path(__file__).parents[2]
STATES = mkdtemp(prefix="chat-state-")
"""Where the clients of the tests keep what was open, each in a folder of its own."""
atexit.register(rmtree, STATES, ignore_errors=True)
ENVIRONMENT = os.environ | {
    "XDG_CONFIG_HOME": "/nonexistent",
    "XDG_STATE_HOME": STATES,
    "PROMPT_TOOLKIT_NO_CPR": "1",
}


def run(*arguments: str, send: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command ``chat``, and *send* it text through a pipe."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=FOLDER,
        env=ENVIRONMENT,
        input=send,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


class RealTerminal:
    """The command ``chat`` in a pseudo-terminal, and what is on its screen.

    *state* is the folder where it keeps what was open; by default each has its own.
    """

    def __init__(
        self,
        *arguments: str,
        columns: int = 80,
        lines: int = 20,
        term: str = "xterm-256color",
        state: Path | None = None,
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self.screen)
        self.raw = ""
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "chat", *arguments],
            cwd=FOLDER,
            env=ENVIRONMENT | {"TERM": term, "XDG_STATE_HOME": str(state or self._state())},
            dimensions=(lines, columns),
            encoding="utf-8",
        )

    @staticmethod
    def _state() -> Path:
        """Make a folder in which somebody has kept something, so that they are no newcomer."""
        state = Path(mkdtemp(dir=STATES))
        (state / "twisted-chat" / "terminal").mkdir(parents=True)
        return state

    def read(self) -> str:
        """Draw what has come on the screen; return what the screen shows."""
        try:
            while True:
                text = self.child.read_nonblocking(65536, timeout=0)
                self.raw += text
                self._stream.feed(text)
        except (pexpect.TIMEOUT, pexpect.EOF):
            pass
        return "\n".join(row.rstrip() for row in self.screen.display)

    def sees(self, *parts: str) -> None:
        """Wait until the screen shows all *parts*."""
        try:
            wait_for(lambda: all(part in self.read() for part in parts), f"{parts} on the screen")
        except AssertionError as failure:
            raise AssertionError(f"{failure}; there is:\n{self.read()}") from None

    def sees_in_rows(self, text: str) -> None:
        """Wait until the screen shows *text*, which may be broken between words."""
        try:
            wait_for(lambda: text in " ".join(self.read().split()), f"{text!r} on the screen")
        except AssertionError as failure:
            raise AssertionError(f"{failure}; there is:\n{self.read()}") from None

    def press(self, keys: str) -> None:
        """Press keys."""
        self.child.send(keys)

    def resize(self, lines: int, columns: int) -> None:
        """Give the terminal another size."""
        self.screen.resize(lines, columns)
        self.child.setwinsize(lines, columns)

    def ends(self) -> int | None:
        """Wait until it has ended; return the exit code."""
        wait_for(self._has_ended, "the client ends")
        code: int | None = self.child.exitstatus
        return code

    def close(self) -> None:
        """End it, unless it has ended, and wait, so that the daemon sees it leave."""
        if self.child.isalive():
            self.child.kill(signal.SIGTERM)
            self.ends()
        self.child.close()

    def _has_ended(self) -> bool:
        alive = self.child.isalive()
        self.read()
        return not alive

    def is_restored(self) -> bool:
        """Tell whether the terminal is as it was before."""
        return (
            self.raw.rfind("\x1b[?1049l") > self.raw.rfind("\x1b[?1049h")
            and self.raw.rfind("\x1b[?25h") > self.raw.rfind("\x1b[?25l")
            and self.raw.rfind("\x1b[?2004l") > self.raw.rfind("\x1b[?2004h")
        )
