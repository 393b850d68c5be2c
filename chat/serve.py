"""``chat serve``: what ``twistd -n chat`` runs, for those who have no ``twistd`` on the path."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from twisted.application import app
from twisted.python import usage
from twisted.scripts import twistd

from twisted.plugins.chat_plugin import chat

COMMAND = "chat serve"


class _Twistd(twistd.ServerOptions):  # type: ignore[misc, name-defined]
    """The options of ``twistd``, with our plugin only: those of Twisted would load trial and take 1 MB."""

    @property
    def subCommands(self) -> list[tuple[str, None, Callable[[], usage.Options], str]]:  # noqa: N802 - Twisted's
        self.loadedPlugins = {chat.tapname: chat}
        return [(chat.tapname, None, lambda: chat.options(), chat.description)]


def run(options: Sequence[str]) -> None:
    """Run ``twistd --nodaemon chat`` with *options*; a failure ends the process with exit code 1."""
    sys.argv[1:] = ["--nodaemon", "chat", *options]
    app.run(twistd.runApp, _options_of_twistd)


def _options_of_twistd() -> usage.Options:
    """Make the options of ``twistd``, which tell those of ``chat`` what the user has typed."""
    options = _Twistd()
    options["command"] = COMMAND
    return options
