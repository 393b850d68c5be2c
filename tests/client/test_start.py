"""The terminal client starts soon: it has loaded nothing that it does not use yet."""

from __future__ import annotations

import subprocess
import sys

import pytest
from e2e.waiting import DEADLINE

NOT_USED = {
    "chat.client.desktop",
    "chat.daemon",
    "chat.history",
    "chat.protocols",
    "difflib",
    "keyring",
    "precis_i18n",
    "prometheus_client",
    "segno",
    "sqlite3",
    "tkinter",
    "tqdm",
    "twisted.internet.reactor",
    "twisted.trial",
    "twisted.web",
    "unittest",
    "websockets",
}
"""TLS is not among them: Twisted loads it together with TCP."""


def test_nothing_is_loaded_that_is_not_used() -> None:
    code = "import sys, chat.client.command, twisted.internet.endpoints; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True, timeout=DEADLINE).split()
    assert "chat.client.terminal.terminal" in loaded
    assert not NOT_USED.intersection(loaded)


@pytest.mark.parametrize("arguments", [[], ["serve"]])
def test_ctrl_c_while_it_is_loaded_is_no_mistake(arguments: list[str]) -> None:
    code = """
import sys, chat.command
class Interrupted:
    def find_spec(self, name, path, target=None):
        if name in ("chat.client.command", "chat.daemon.serve"):
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
chat.command.main()
"""
    command = [sys.executable, "-c", code, *arguments]
    ended = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=DEADLINE, check=False)
    assert (ended.returncode, ended.stderr) == (1, "chat: Interrupted.\n")
