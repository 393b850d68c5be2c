"""Notifications of the desktop, where it has them and the library for them is installed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.logger import Logger

if TYPE_CHECKING:
    from desktop_notifier import DesktopNotifier

INTERVAL = 2.0
"""Seconds between two notifications at least."""


class Notifications:
    """*clicked* is called when the user clicks on one. *seconds* is a clock."""

    _log = Logger()

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._last = -INTERVAL
        self._notifier = _notifier()
        self._sending: set[asyncio.Task[None]] = set()

    def tell(self, title: str, text: str, clicked: Callable[[], None]) -> None:
        """Show a notification, unless there has just been one."""
        now = self._seconds()
        if self._notifier is None or now - self._last < INTERVAL:
            return
        self._last = now
        task = asyncio.get_running_loop().create_task(self._send(self._notifier, title, text, clicked))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, notifier: DesktopNotifier, title: str, text: str, clicked: Callable[[], None]) -> None:
        try:
            await notifier.send(title=title, message=text, on_clicked=clicked)
        except Exception as failure:
            self._log.info("No notifications from now on: {failure}", failure=failure)
            self._notifier = None


def _notifier() -> DesktopNotifier | None:
    try:
        from desktop_notifier import DesktopNotifier, Icon
    except ImportError:
        return None
    return DesktopNotifier(app_name="Chat", app_icon=Icon(name="twisted-chat"))
