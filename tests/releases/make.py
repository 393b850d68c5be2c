"""Makes the data directory of a release: people and programs talk to a chat of that version, and it ends.

PYTHONPATH=tests python -m releases.make VERSION [CHECKOUT]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from e2e.clients import Bot
from e2e.daemon import LISTEN, Daemon

HERE = Path(__file__).parent
PASSWORD = "correct horse battery staple"  # noqa: S105
NOT_KEPT = shutil.ignore_patterns("log", "*.lock", "*.sock")
TWISTD = "from twisted.scripts.twistd import run; run()"


def main(version: str, checkout: str = "") -> None:
    """Make the directory of *version*, by the chat in *checkout*, or by the one that is installed."""
    environment = {**os.environ, "PYTHONPATH": checkout}
    with TemporaryDirectory() as name:
        folder = Path(name)
        words = [
            sys.executable,
            "-c",
            TWISTD,
            "--nodaemon",
            "--pidfile=",
            "chat",
            "--listen",
            LISTEN,
            "--tls-listen",
            LISTEN,
        ]
        daemon = Daemon(words, folder, 1, environment)
        try:
            talk(daemon)
        finally:
            daemon.end()
        role = [sys.executable, "-m", "chat", "admin", "role", "ada", "owner", "--data", name]
        subprocess.run(role, env=environment, cwd=folder, check=True)
        shutil.copytree(folder, HERE / version, ignore=NOT_KEPT)


def talk(chat: Daemon) -> None:
    """Have people talk, by what programs could send in the first version already."""
    ada, bob, guest = chat.bot("ada"), chat.bot("bob"), chat.bot("carol")
    requests: tuple[tuple[Bot, str, dict[str, str]], ...] = (
        (ada, "register", {"password": PASSWORD}),
        (bob, "register", {"password": PASSWORD}),
        (ada, "say", {"room": "lobby", "text": "green 茶 for all"}),
        (guest, "say", {"room": "lobby", "text": "I have no account."}),
        (ada, "join", {"room": "dev"}),
        (ada, "topic", {"room": "dev", "text": "tea time"}),
        (ada, "say", {"room": "dev", "text": "who is here?"}),
        (bob, "join", {"room": "dev"}),
        (bob, "say", {"room": "dev", "text": "I am"}),
        (ada, "join", {"room": "secret"}),
        (ada, "room", {"room": "secret", "access": "private"}),
        (ada, "say", {"room": "secret", "text": "nobody reads this"}),
        (ada, "msg", {"name": "bob", "text": "psst"}),
        (bob, "msg", {"name": "ada", "text": "yes?"}),
    )
    for who, kind, fields in requests:
        answer = who.ask(kind, **fields)
        assert answer["type"] != "error", answer


if __name__ == "__main__":
    main(*sys.argv[1:])
