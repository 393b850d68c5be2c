"""A keyring in a file, for programs that tests start."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend


class FileRing(KeyringBackend):
    """Keeps passwords in the file that ``TEST_RING`` names."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        """Return the password that was stored, if there is one."""
        password: str | None = self._read().get(f"{service} {username}")
        return password

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store it."""
        self._path.write_text(json.dumps(self._read() | {f"{service} {username}": password}))

    @property
    def _path(self) -> Path:
        return Path(os.environ["TEST_RING"])

    def _read(self) -> dict[str, str]:
        return dict(json.loads(self._path.read_text())) if self._path.exists() else {}
