"""The desktop client: the dialog until the user has joined, then the window until the user leaves."""

from __future__ import annotations

import asyncio
import tkinter
import webbrowser
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.resources import files
from types import TracebackType
from typing import ParamSpec, TypeVar

import msgspec
from twisted.internet import tksupport
from twisted.internet.interfaces import IReactorTime
from twisted.internet.threads import deferToThread
from twisted.logger import Logger
from twisted.python import usage
from twisted.python.failure import Failure

from chat.client import options
from chat.client.desktop import saved_passwords, saved_state
from chat.client.desktop.dialog import Dialog
from chat.client.desktop.look import Look
from chat.client.desktop.notifications import Notifications
from chat.client.desktop.open_rooms import restore
from chat.client.desktop.placing import place, placing_of
from chat.client.desktop.window import Window
from chat.client.link.credentials import key_place, password_place
from chat.client.link.link import INVITATION_CODES, KEY_CODES, PASSWORD_CODES, CannotEnter, Link, Listener
from chat.client.link.tls import KnownHosts, Unknown, known_hosts_path
from chat.client.model.client import Client
from chat.client.model.model import LocalTime, Model
from chat.client.model.open_rooms import OpenRooms
from chat.client.model.read_marks import ReadMarks
from chat.client.options import ClientSettings

POLL, SLOW_POLL = 20, 100
"""Milliseconds between two calls of Tk's event loop, while the window is in front and while it is not."""
SAVE_EVERY = 2000
"""After so many milliseconds what has changed is saved, so that little is lost if the client does not end in order."""

P = ParamSpec("P")
T = TypeVar("T")

Connect = Callable[[ClientSettings, Listener], tuple[Link, "asyncio.Future[None]"]]
"""Makes a link and runs it; the future ends with the run."""


class Desktop:
    """Shows the desktop client on the display of *root*."""

    _log = Logger()

    def __init__(
        self, root: tkinter.Tk, settings: ClientSettings, reactor: IReactorTime, connect: Connect, local_time: LocalTime
    ) -> None:
        self._root = root
        self._settings = settings
        self._reactor = reactor
        self._connect = connect
        self._local_time = local_time
        self._saved = saved_state.load()
        self._written = msgspec.json.encode(self._saved)
        """What is in the file."""
        self._can_save = True
        self._pace = POLL
        self._link: Link | None = None
        self._window: Window | None = None
        self._address = ""
        """The address under which is saved what is open."""
        self._unknown: Unknown | None = None
        """The server whose certificate the user was asked about."""
        self._next: ClientSettings | None = None
        """What to try next without asking the user, because the keyring had what was missing."""
        self._asked: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        root.withdraw()
        root.report_callback_exception = self._failed
        self._icon = tkinter.PhotoImage(master=root, data=(files(__package__) / "icon.png").read_bytes())
        root.iconphoto(True, self._icon)
        self._look = Look(root, self._saved.dark, self._saved.size)
        self._notifications = Notifications(reactor.seconds)

    async def run(self, farewell: str = "") -> str:
        """Show the dialog and the window, until the user leaves.

        Return why the server ended the session for good, or ``""`` if it did not. Pass that to the next run as its
        *farewell*, which the dialog shows.
        """
        tksupport.install(self._root, POLL)
        self._root.bind_all("<FocusIn>", lambda _: self._poll(), add=True)
        self._root.bind_all("<FocusOut>", lambda _: self._root.after_idle(self._poll), add=True)
        try:
            linked = await self._enter(farewell)
            if linked is not None:
                await linked
            return self._link.farewell if self._link is not None else ""
        finally:
            tksupport.uninstall()
            self._remember()
            for waiting in self._root.tk.splitlist(self._root.tk.call("after", "info")):
                self._root.after_cancel(waiting)
            self._root.destroy()

    def _poll(self) -> None:
        """Call Tk's event loop, more often while the window is in front."""
        pace = SLOW_POLL if self._root.focus_displayof() is None else POLL
        if pace != self._pace:
            self._pace = pace
            tksupport.uninstall()
            tksupport.install(self._root, pace)

    def leave(self) -> None:
        """Leave the chat, or the dialog if there is no chat yet."""
        if self._link is not None:
            self._link.leave()
        elif not self._asked.done():
            self._asked.set_result(False)

    def _go(self) -> None:
        """Try to connect with what is in the dialog."""
        if not self._asked.done():
            self._asked.set_result(True)

    async def _enter(self, farewell: str) -> asyncio.Future[None] | None:
        """Show the dialog until a connection works, then open the window; return the link's run, if there is one.

        *farewell* says why the last session ended.
        """
        settings, remembered = self._settings, self._saved
        dialog = Dialog(self._root, self._look, self._go, self.leave)
        known = not settings.address_given and remembered.server
        dialog.server.set(remembered.server if known else settings.host)
        dialog.port.set(remembered.port if known else str(settings.port))
        dialog.tls.set(remembered.tls if known else settings.tls)
        chosen = len(settings.names) == 1 or not remembered.name
        dialog.name.set(settings.names[0] if chosen else remembered.name)
        dialog.show()
        if farewell:
            dialog.failed(farewell)
        elif settings.invitation is not None:
            dialog.code.set(settings.invitation)
            dialog.ask_invitation("", await _in_thread(saved_passwords.can_keep))
        elif settings.address_given:
            self._asked.set_result(True)
        while await self._asked:
            self._asked = asyncio.get_running_loop().create_future()
            linked = await self._attempt(dialog)
            if linked is not None:
                return linked
        return None

    async def _attempt(self, dialog: Dialog) -> asyncio.Future[None] | None:
        """Connect with what is in the dialog."""
        try:
            settings = self._settings_of(dialog)
        except usage.UsageError as refusal:
            dialog.failed(str(refusal))
            return None
        dialog.connecting(settings.address)
        if dialog.trusted and self._unknown is not None:
            self._trust(self._unknown)
        linked = await self._connected(dialog, settings)
        while linked is None and self._next is not None:
            linked = await self._connected(dialog, self._next)
        return linked

    def _settings_of(self, dialog: Dialog) -> ClientSettings:
        """Read the dialog; raises :class:`usage.UsageError`."""
        server, port, name = dialog.server.get().strip(), dialog.port.get().strip(), dialog.name.get().strip()
        host = f"[{server}]" if ":" in server else server
        address = f"{options.TLS if dialog.tls.get() else ''}{host}:{port}"
        chosen = {"address": address} | ({"name": name} if name else {})
        settings, given = options.settings(chosen), self._settings
        self._address = f"{name}@{settings.address}"
        settings = replace(settings, rooms=self._rooms())
        settings = replace(settings, key=dialog.key.get() or given.key)
        if code := dialog.code.get().strip():
            password = dialog.new_password.get()
            if not (name and password):
                raise usage.UsageError("With an invitation you choose your name, and a password for it.")
            if password != dialog.again.get():
                raise usage.UsageError("The two passwords differ.")
            return replace(settings, password=password, invitation=code)
        of_name = given.password if given.names == settings.names else None
        return replace(settings, password=dialog.password.get() or of_name)

    def _rooms(self) -> tuple[str, ...]:
        """Return the rooms to join: those that were open last time, and those that the user wants this time."""
        saved = self._saved.open.get(self._address, OpenRooms())
        were_open = [room.name for room in saved.rooms if not room.private]
        given = self._settings
        wanted = given.rooms if given.rooms_given or not were_open else ()
        return tuple(dict.fromkeys((*were_open, *wanted)))

    async def _connected(self, dialog: Dialog, settings: ClientSettings) -> asyncio.Future[None] | None:
        """Connect; if that fails, show the reason in the dialog."""
        model = Model(settings.names[0], settings.rooms, self._local_time)
        link, linked = self._connect(settings, model)
        self._link = link
        entered = link.entered.asFuture(asyncio.get_running_loop())
        await asyncio.wait([linked, entered], return_when=asyncio.FIRST_COMPLETED)
        if not linked.done():
            await self._come_in(dialog, settings, Client(link, model))
            return linked
        self._link = None
        entered.cancel()
        try:
            await linked
            dialog.failed("")
        except CannotEnter as reason:
            await self._explain(dialog, settings, reason)
        return None

    async def _explain(self, dialog: Dialog, settings: ClientSettings, reason: CannotEnter) -> None:
        """Show in the dialog why it failed, and ask for what would help."""
        self._next = self._unknown = None
        if isinstance(reason.__cause__, Unknown):
            self._unknown = reason.__cause__
            dialog.ask_trust(self._unknown.question)
            return
        can_keep = await _in_thread(saved_passwords.can_keep)
        if reason.code in PASSWORD_CODES:
            if settings.password is None:
                kept = await _in_thread(saved_passwords.kept, password_place(settings.names[0], settings.address))
                self._next = replace(settings, password=kept) if kept is not None else None
            if self._next is None:
                dialog.ask_password(str(reason), can_keep)
        elif reason.code in KEY_CODES:
            if settings.key is None:
                kept = await _in_thread(saved_passwords.kept, key_place(settings.address))
                self._next = replace(settings, key=kept) if kept is not None else None
            if self._next is None:
                dialog.ask_key(str(reason), can_keep)
        elif reason.code in INVITATION_CODES:
            dialog.ask_invitation(str(reason), can_keep)
        else:
            dialog.failed(str(reason))

    async def _come_in(self, dialog: Dialog, settings: ClientSettings, client: Client) -> None:
        """Save what worked, and open the window in the dialog's place."""
        saved = self._saved
        saved.server, saved.port = dialog.server.get().strip(), dialog.port.get().strip()
        saved.tls, saved.name = dialog.tls.get(), dialog.name.get().strip()
        if dialog.keep.get() and settings.password is not None:
            owner = password_place(settings.names[0], settings.address)
            await _in_thread(saved_passwords.keep, owner, settings.password)
        if dialog.keep.get() and settings.key is not None:
            await _in_thread(saved_passwords.keep, key_place(settings.address), settings.key)
        ReadMarks(client.link, client.model, self._reactor)
        dialog.destroy()  # first, so that the window gets the keyboard as it appears, and keeps it
        self._open_window(client, settings.address)

    def _trust(self, unknown: Unknown) -> None:
        """Keep the certificate that the user trusts."""
        try:
            KnownHosts(known_hosts_path()).keep(unknown.place, unknown.fingerprint)
        except OSError as failure:
            self._log.warn("{path} can't be written: {failure}", path=known_hosts_path(), failure=failure)

    def _open_window(self, client: Client, address: str) -> None:
        self._remember()
        place(self._root, self._look, self._saved.placing)
        wanted = self._settings.rooms[0] if self._settings.rooms_given else None
        drafts = restore(client.model, self._saved.open.get(self._address, OpenRooms()), wanted)
        tell, browse = self._notifications.tell, self._open_link
        self._window = Window(self._root, self._look, client, address, tell, browse, drafts)
        self._root.after(SAVE_EVERY, self._remember_often)

    def _remember_often(self) -> None:
        """Save whenever something has changed."""
        self._remember()
        self._root.after(SAVE_EVERY, self._remember_often)

    def _remember(self) -> None:
        """Save how it looks and what is open, if that has changed. What can't be saved is tried again the next time."""
        self._saved.dark, self._saved.size = self._look.dark, self._look.chosen_size
        self._saved.placing = placing_of(self._root, self._look) or self._saved.placing
        if self._window is not None:
            self._saved.leave_open(self._address, self._window.open_rooms)
        if msgspec.json.encode(self._saved) == self._written:
            return
        try:
            self._saved.save(self._address)
        except OSError as failure:
            if self._can_save:
                self._log.warn("{file} can't be written: {failure}", file=saved_state.path(), failure=failure)
            self._can_save = False
        else:
            self._written, self._can_save = msgspec.json.encode(self._saved), True

    def _open_link(self, link: str) -> None:
        """Show a web page. This is done in a thread, because starting a browser takes time."""
        opening = deferToThread(webbrowser.open, link)
        opening.addErrback(lambda failure: self._log.failure("{link} can't be opened", failure=failure, link=link))

    def _failed(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Drawing or a key failed."""
        self._log.failure("A mistake of the client's while it handled its window", Failure(error, kind, trace))


async def _in_thread(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, partial(function, *arguments, **named))
