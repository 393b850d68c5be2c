"""``chat serve``: what ``twistd -n chat`` runs, for those who have no ``twistd`` on the path."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from twisted.application import app
from twisted.python import usage
from twisted.scripts import twistd

COMMAND = "chat serve"


def run(options: Sequence[str]) -> None:
    """Run ``twistd --nodaemon chat`` with *options*; a failure ends the process with exit code 1."""
    sys.argv[1:] = ["--nodaemon", "chat", *options]
    app.run(twistd.runApp, _options_of_twistd)


def _options_of_twistd() -> usage.Options:
    """Make the options of ``twistd``, which tell those of ``chat`` what the user has typed."""
    options: usage.Options = twistd.ServerOptions()  # type: ignore[attr-defined]
    options["command"] = COMMAND
    return options
