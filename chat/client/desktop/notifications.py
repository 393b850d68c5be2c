"""Desktop notifications over D-Bus. Without a bus or without the library there are none, and no error.

Source: the Desktop Notifications Specification 1.2 of freedesktop.org.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

if TYPE_CHECKING:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

INTERVAL = 2.0
"""The fewest seconds between two notifications."""
MAXIMUM_TEXT = 200
_NAME = "org.freedesktop.Notifications"
_PATH = "/org/freedesktop/Notifications"


class Notifications:
    """Notifies the user of what happens while the window is not in front. *seconds* returns the time."""

    _log = Logger()

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._last = -INTERVAL
        self._bus: MessageBus | None = None
        self._markup = False
        self._shown = 0
        """The number of the notification that is shown: the next takes its place."""
        self._clicked: Callable[[], None] | None = None
        self._telling: asyncio.Task[None] | None = None

    def tell(self, title: str, text: str, clicked: Callable[[], None]) -> None:
        """Show a notification, unless there has just been one; call *clicked* when the user clicks on it."""
        now = self._seconds()
        if now - self._last < INTERVAL or (self._telling is not None and not self._telling.done()):
            return
        self._last = now
        self._clicked = clicked
        self._telling = asyncio.get_running_loop().create_task(self._tell(title, text[:MAXIMUM_TEXT]))

    async def _tell(self, title: str, text: str) -> None:
        try:
            bus = self._bus or await self._connected()
            text = html.escape(text, quote=False) if self._markup else text
            about = ["Chat", self._shown, "twisted-chat", title, text, ["default", "Show"], {}, -1]
            (self._shown,) = await self._call(bus, "Notify", "susssasa{sv}i", about)
        except Exception as failure:
            self._bus = None
            self._log.debug("There are no notifications: {failure}", failure=failure)

    async def _connected(self) -> MessageBus:
        from dbus_fast.aio import MessageBus

        bus = await MessageBus().connect()
        bus.add_message_handler(self._received)
        rule = f"type='signal',interface='{_NAME}',member='ActionInvoked'"
        bus_name, bus_path = "org.freedesktop.DBus", "/org/freedesktop/DBus"
        await self._call(bus, "AddMatch", "s", [rule], name=bus_name, path=bus_path)
        (abilities,) = await self._call(bus, "GetCapabilities", "", [])
        self._markup = "body-markup" in abilities
        self._bus = bus
        return bus

    async def _call(
        self, bus: MessageBus, member: str, signature: str, body: list[Any], name: str = _NAME, path: str = _PATH
    ) -> list[Any]:
        from dbus_fast import Message, MessageType

        answer = await bus.call(
            Message(destination=name, path=path, interface=name, member=member, signature=signature, body=body)
        )
        if answer is None or answer.message_type is MessageType.ERROR:
            raise ConnectionError(f"{member}: {answer and answer.body}")
        return list(answer.body)

    def _received(self, message: Message) -> None:
        if message.member == "ActionInvoked" and message.body[0] == self._shown and self._clicked is not None:
            self._clicked()
