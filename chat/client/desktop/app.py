"""The course of the desktop client: the dialog, until the user is in; the window, until they leave."""

from __future__ import annotations

import asyncio
import tkinter
import webbrowser
from collections.abc import Callable
from importlib.resources import files
from types import TracebackType

from twisted.internet import tksupport
from twisted.internet.interfaces import IReactorTime
from twisted.internet.threads import deferToThread
from twisted.logger import Logger
from twisted.python import usage
from twisted.python.failure import Failure

from chat.client import options
from chat.client.client import Client
from chat.client.desktop import memory
from chat.client.desktop.dialog import Dialog
from chat.client.desktop.look import Look
from chat.client.desktop.notifications import Notifications
from chat.client.desktop.window import Window
from chat.client.link import CannotEnter, Link, Listener
from chat.client.model import Model, Surroundings
from chat.client.options import Settings

POLL = 20
"""Milliseconds between two looks at what Tk has to do."""
GEOMETRY = "1000x640"

Connect = Callable[[Settings, Listener], tuple[Link, "asyncio.Future[None]"]]
"""Makes a link and runs it; the future is that of the run."""


class Desktop:
    """Shows the desktop client on the display of *root*."""

    _log = Logger()

    def __init__(
        self, root: tkinter.Tk, settings: Settings, reactor: IReactorTime, connect: Connect, surroundings: Surroundings
    ) -> None:
        self._root = root
        self._settings = settings
        self._connect = connect
        self._surroundings = surroundings
        self._memory = memory.recall()
        self._link: Link | None = None
        self._asked: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        root.withdraw()
        root.report_callback_exception = self._failed
        self._icon = tkinter.PhotoImage(master=root, data=(files(__package__) / "icon.png").read_bytes())
        root.iconphoto(True, self._icon)
        self._look = Look(root, self._memory.dark, self._memory.size)
        self._notifications = Notifications(reactor.seconds)

    async def run(self) -> None:
        """Show the dialog and the window, until the user leaves."""
        tksupport.install(self._root, POLL)
        try:
            linked = await self._enter()
            if linked is not None:
                await linked
        finally:
            tksupport.uninstall()
            self._remember()
            self._root.destroy()

    def leave(self) -> None:
        """Leave the chat; without one, leave the dialog."""
        if self._link is not None:
            self._link.leave()
        elif not self._asked.done():
            self._asked.set_result(False)

    async def _enter(self) -> asyncio.Future[None] | None:
        """Ask where to go until that works, and open the window; return the link's run, if it came to one."""
        settings, remembered = self._settings, self._memory
        dialog = Dialog(self._root, self._look, lambda: self._asked.set_result(True), self.leave)
        known = not settings.address_given and remembered.server
        dialog.server.set(remembered.server if known else settings.host)
        dialog.port.set(remembered.port if known else str(settings.port))
        chosen = len(settings.names) == 1 or not remembered.name
        dialog.name.set(settings.names[0] if chosen else remembered.name)
        dialog.show()
        if settings.address_given:
            self._asked.set_result(True)
        while await self._asked:
            self._asked = asyncio.get_running_loop().create_future()
            linked = await self._attempt(dialog)
            if linked is not None:
                dialog.destroy()
                return linked
        return None

    async def _attempt(self, dialog: Dialog) -> asyncio.Future[None] | None:
        """Try to come in with what stands in the dialog."""
        server, port, name = dialog.server.get().strip(), dialog.port.get().strip(), dialog.name.get().strip()
        place = f"[{server}]" if ":" in server else server
        chosen = {"address": f"{place}:{port}", "rooms": list(self._settings.rooms)}
        try:
            settings = options.settings(chosen | ({"name": name} if name else {}))
        except usage.UsageError as refusal:
            dialog.failed(str(refusal))
            return None
        dialog.connecting(settings.address)
        model = Model(settings.names[0], settings.rooms, self._surroundings)
        link, linked = self._connect(settings, model)
        self._link = link
        entered = link.entered.asFuture(asyncio.get_running_loop())
        await asyncio.wait([linked, entered], return_when=asyncio.FIRST_COMPLETED)
        if not linked.done():
            self._memory.server, self._memory.port, self._memory.name = server, port, name
            self._open_window(Client(link, model), settings.address)
            return linked
        self._link = None
        entered.cancel()
        try:
            await linked
            dialog.failed("")
        except CannotEnter as reason:
            dialog.failed(str(reason))
        return None

    def _open_window(self, client: Client, address: str) -> None:
        self._root.geometry(self._memory.geometry or GEOMETRY)
        Window(self._root, self._look, client, address, self._notifications.tell, self._open_link)
        self._remember()

    def _remember(self) -> None:
        self._memory.dark, self._memory.size = self._look.dark, self._look.chosen_size
        if self._root.state() != "withdrawn":
            self._memory.geometry = self._root.geometry()
        self._memory.save()

    def _open_link(self, link: str) -> None:
        """Show a web page, in a thread: starting a browser takes its time."""
        opening = deferToThread(webbrowser.open, link)
        opening.addErrback(lambda failure: self._log.failure("{link} can't be opened", failure=failure, link=link))

    def _failed(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """A mistake in a drawing or a key."""
        self._log.failure("A mistake of the client's while it handled its window", Failure(error, kind, trace))
