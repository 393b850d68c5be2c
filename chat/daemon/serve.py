"""``chat serve``: what ``twistd -n chat`` runs, for those who have no ``twistd`` on the path."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from twisted.application import app
from twisted.scripts import twistd

from twisted.plugins.chat_plugin import chat

COMMAND = "chat serve"


def run(options: Sequence[str]) -> None:
    """Run ``twistd --nodaemon chat`` with *options*; a failure ends the process with exit code 1."""
    sys.argv[1:] = ["--nodaemon", chat.tapname, *options]
    app.run(twistd.runApp, _TwistdOptions)


class _TwistdOptions(twistd.ServerOptions):  # type: ignore[misc, name-defined]
    """The options of ``twistd``, with no plugin but ours. They tell those of ``chat`` what the user has typed.

    A look for plugins imports them all, and complains where Twisted can't write down which there are.
    """

    def __init__(self) -> None:
        super().__init__()
        self["command"] = COMMAND

    @property
    def subCommands(self) -> Iterator[tuple[str, None, Any, str]]:  # noqa: N802 - Twisted calls it so
        """Name what can be run, and remember its plugin."""
        self.loadedPlugins = {chat.tapname: chat}
        yield (chat.tapname, None, chat.options, chat.description)
