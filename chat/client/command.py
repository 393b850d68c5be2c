"""The command ``chat``: reads the options, installs the asyncio reactor and runs what was asked for."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from signal import SIGHUP, SIGINT, SIGTERM
from typing import NoReturn

from twisted.internet import asyncioreactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.threads import deferToThread
from twisted.logger import ILogObserver, globalLogBeginner
from twisted.python import usage

from chat.client import places
from chat.client.link.credentials import (
    Keyring,
    NoPassword,
    ask,
    ask_code,
    ask_key,
    ask_name,
    ask_new_password,
    from_file,
    key_place,
    password_place,
    place_of_answer,
)
from chat.client.link.link import (
    INVITATION_CODES,
    KEY_CODES,
    PASSWORD_CODES,
    REGISTRATION_CODES,
    CannotEnter,
    Link,
    Listener,
)
from chat.client.link.sending import CannotSend, look_at
from chat.client.link.states import Asking
from chat.client.link.tls import KnownHosts, Trust, Unknown, known_hosts_path
from chat.client.mistakes import LogFile, Mistakes
from chat.client.model.client import Client
from chat.client.model.input_history import InputHistory
from chat.client.model.model import LocalTime, Model
from chat.client.model.read_marks import ReadMarks
from chat.client.model.scrollback import LineKind
from chat.client.model.session_file import SessionFile, file_name
from chat.client.model.session_keeper import SessionKeeper, rooms_to_join
from chat.client.options import KEY_VARIABLE, ClientSettings, read
from chat.client.plain.file_sender import FileSender
from chat.client.plain.output import CannotPrint, Output, complain
from chat.client.plain.pipe import Lines, Sender, Tail
from chat.client.plain.plain import Keys, Plain
from chat.client.signals import handled, interruptible
from chat.client.terminal.terminal import Terminal

BACKLOG = 50
"""How many of a room's last messages to show at first."""
IMPATIENCE = 1.0
"""Seconds to wait for a connection before the user is told what is going on."""
ENDING = (SIGINT, SIGTERM, SIGHUP)


def main(*arguments: str) -> NoReturn:
    """Run the command with *arguments* and those of the process; end the process with an exit code."""
    try:
        settings = read([*arguments, *sys.argv[1:]])
    except usage.UsageError as refusal:
        complain(f"{str(refusal).rstrip('.')}. chat --help explains.")
        sys.exit(2)
    mistakes = Mistakes()
    observers: list[ILogObserver] = [mistakes]
    if settings.log is not None:
        try:
            log = LogFile(settings.log)
        except OSError as failure:
            complain(f"{settings.log} can't be written: {failure.strerror}.")
            sys.exit(2)
        observers.append(log)
    globalLogBeginner.beginLoggingTo(observers, redirectStandardIO=False)
    loop = asyncio.new_event_loop()
    asyncioreactor.install(loop)
    from twisted.internet import task

    def started(reactor: IReactorTime) -> Deferred[None]:
        running = Deferred.fromFuture(loop.create_task(_run(settings, reactor)))
        return running.addCallback(_leave_with)

    try:
        task.react(started)
    finally:
        mistakes.tell(sys.stderr)
        if settings.log is not None and log.failure:
            complain(f"{settings.log} can't be written: {log.failure}.")


def main_gui() -> NoReturn:
    """Run the command ``chat-gui``."""
    main("--gui")


def _leave_with(code: int) -> NoReturn:
    raise SystemExit(code)


async def _run(settings: ClientSettings, reactor: IReactorTime) -> int:
    """Do what was asked for; return the exit code."""
    if sys.stdin is None and not settings.tail and not settings.gui:
        complain("there is no input. Say something by a pipe, or print what is said with --tail.")
        return 2
    person = sys.stdin is not None and sys.stdin.isatty() and not settings.tail
    if settings.notice and (person or settings.tail or settings.gui):
        complain("--notice is for what comes in by a pipe, as in: make 2>&1 | chat --notice --rooms builds")
        return 2
    try:
        settings = _with_secrets(settings)
        if settings.gui:
            return await _gui(settings, reactor)
        if settings.invitation is not None and settings.password is None:
            if not person:
                raise NoPassword("An invitation makes your name yours. Say with --password-file with which password.")
            return await _run_again(_registering(settings), reactor)
        if settings.file is not None:
            return 0 if await _send_file(settings, settings.file, reactor) else 1
        if settings.tail:
            return await _tail(settings, reactor)
        if not person:
            return 0 if await _send(settings, reactor) else 1
        async with Output.of(sys.stdout) as output:
            if settings.plain or os.environ.get("TERM", "dumb") == "dumb" or not sys.stdout.isatty():
                await _plain(settings, reactor, output)
            else:
                await _screen(settings, reactor, output)
    except CannotEnter as reason:
        if isinstance(reason.__cause__, Unknown) and person:
            return await _run(settings, reactor) if _keeps(reason.__cause__) else 1
        if person and _may_be_helped(settings, reason):
            print(reason, flush=True)
            return await _run_again(_with_answers(settings, reason), reactor)
        complain(f"{settings.address}: {reason}{_hint(reason)}")
        return 1
    except (NoPassword, CannotPrint) as reason:
        complain(str(reason))
        return 1
    except Exception:
        traceback.print_exc()
        complain("This is a mistake of the client's own. Please report it with the lines above.")
        return 70
    return 0


async def _run_again(settings: ClientSettings | None, reactor: IReactorTime) -> int:
    """Go on with what the user has answered; ``None``: the user gives up."""
    return 1 if settings is None else await _run(settings, reactor)


def _with_secrets(settings: ClientSettings) -> ClientSettings:
    """Read password and key from where the user keeps them; raises :class:`NoPassword`."""
    password, key = settings.password, settings.key
    if password is None and settings.password_file is not None:
        password = from_file(settings.password_file)
    if key is None and settings.key_file is not None:
        key = from_file(settings.key_file, "key")
    if key is None:
        key = os.environ.get(KEY_VARIABLE) or None
    if settings.keyring:
        ring = Keyring()
        if password is None and settings.invitation is None:
            password = ring.get(password_place(settings.names[0], settings.address))
        if key is None:
            key = ring.get(key_place(settings.address))
    return replace(settings, password=password, key=key)


def _may_be_helped(settings: ClientSettings, refused: CannotEnter) -> bool:
    """Return whether a user who is refused can answer what is asked for."""
    if refused.code in (*PASSWORD_CODES, *KEY_CODES, *INVITATION_CODES):
        return True
    return settings.invitation is not None and refused.code in REGISTRATION_CODES


def _with_answers(settings: ClientSettings, refused: CannotEnter) -> ClientSettings | None:
    """Ask the user for what the server asked for; return ``None`` if the user gives nothing."""
    with interruptible():
        if refused.code in KEY_CODES:
            key = ask_key()
            if key is not None and settings.keyring:
                Keyring().keep(key_place(settings.address), key)
            return None if key is None else replace(settings, key=key)
        if refused.code in PASSWORD_CODES:
            password = ask(refused.name)
            if password is not None and settings.keyring:
                Keyring().keep(password_place(refused.name, settings.address), password)
            return None if password is None else replace(settings, names=(refused.name,), password=password)
    if refused.code in INVITATION_CODES:
        with interruptible():
            code = ask_code()
            name = ask_name() if code is None else None
        if code is None:
            return None if name is None else replace(settings, names=(name,), invitation=None, password=None)
        settings = replace(settings, invitation=code)
        if settings.password is not None:
            return settings
    return _registering(settings)


def _registering(settings: ClientSettings) -> ClientSettings | None:
    """Ask for the name and the password of somebody who is invited; return ``None`` if they give none."""
    with interruptible():
        name = ask_name(settings.names[0])
        password = None if name is None else ask_new_password(name)
    if name is None or password is None:
        return None
    if settings.keyring:
        Keyring().keep(password_place(name, settings.address), password)
    return replace(settings, names=(name,), password=password)


def _hint(refused: CannotEnter) -> str:
    """Tell how one gives what was asked for."""
    match refused.code:
        case "password-needed":
            return " Say with --password-file where it is."
        case "not-secure":
            return " With tls:// before the address the connection has TLS."
        case "key-needed":
            return " Say with --key-file where it is."
        case "invitation-needed":
            return " Say with --invitation which."
    return ""


def _keeps(unknown: Unknown) -> bool:
    """Ask whether to trust a server that the user sees for the first time; keep its certificate if so."""
    print(unknown.question)
    try:
        with interruptible():
            answer = input("Trust this certificate from now on? [y/N] ")
    except (EOFError, KeyboardInterrupt):
        print()
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        return False
    known = KnownHosts(known_hosts_path())
    try:
        known.keep(unknown.place, unknown.fingerprint)
    except OSError as failure:
        complain(f"{known.path} can't be written: {failure.strerror}.")
        return False
    return True


def _link(
    settings: ClientSettings,
    reactor: IReactorTime,
    listener: Listener,
    backlog: int = 0,
    reopened: Iterable[str] = (),
) -> Link:
    """Make a link; one with a *backlog* is a user's, who wants all rooms of the account and is shown what was said."""
    return Link(
        endpoint(settings, reactor),
        reactor,
        listener,
        names=settings.names,
        rooms=settings.rooms,
        backlog=backlog,
        random=random.random,
        monotonic=time.monotonic,
        tag_prefix=secrets.token_hex(8),
        password=settings.password,
        all_rooms=backlog > 0,
        conversations=not isinstance(listener, Sender | FileSender),
        key=settings.key,
        invitation=settings.invitation,
        interactive=backlog > 0,
        reopened=reopened,
    )


def _begin(settings: ClientSettings, reactor: IReactorTime) -> tuple[Client, SessionKeeper]:
    """Make the client of a user, with what was open last time."""
    file = SessionFile(places.state() / "terminal" / file_name(settings.names[0], settings.address))
    saved = file.load()
    rooms, others = rooms_to_join(saved, settings.rooms, settings.rooms_given)
    model = Model(settings.names[0], (*rooms, *others), _local_time())
    chosen = rooms[0] if settings.rooms_given else None
    keeper = SessionKeeper(file, saved, model, InputHistory(time.time, saved.typed), chosen)
    client = _client(settings, _link(replace(settings, rooms=tuple(rooms)), reactor, model, BACKLOG, others), model)
    keeper.greet = client.greet_newcomer
    return client, keeper


@contextmanager
def _kept(keeper: SessionKeeper, client: Client, reactor: IReactorTime, output: Output) -> Iterator[None]:
    """Keep what is open while the context lasts, and at its end; tell the user then what was not sent."""
    keeper.start(client.link, reactor, deferToThread)
    try:
        yield
    finally:
        told = [*keeper.stop(), *(f"{upload.name} was not sent." for upload in client.uploads)]
    for line in told:
        output.write(f"{line}\n")


def endpoint(settings: ClientSettings, reactor: IReactorTime) -> IStreamClientEndpoint:
    """Return the endpoint of the server."""
    from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS

    host = HostnameEndpoint(reactor, settings.host, settings.port)
    if not settings.tls:
        return host
    return wrapClientTLS(Trust(settings.host, settings.port, KnownHosts(known_hosts_path())), host)


def _client(settings: ClientSettings, link: Link, model: Model) -> Client:
    """Make a client, which keeps in the keyring what the user answers after a break, if they want that."""
    client = Client(link, model)
    if settings.keyring:
        client.given = partial(_keep_answer, settings, model)
    return client


def _keep_answer(settings: ClientSettings, model: Model, asking: Asking, secret: str) -> None:
    """Keep an answer in a thread, as the user may have to unlock the keyring first."""
    place = place_of_answer(asking, settings.address)
    if place is None:
        return

    def kept(keeping: asyncio.Future[None]) -> None:
        if (failure := keeping.exception()) is not None:
            model.tell(str(failure), LineKind.REFUSAL)

    asyncio.get_running_loop().run_in_executor(None, lambda: Keyring().keep(place, secret)).add_done_callback(kept)


def _start(link: Link) -> asyncio.Future[None]:
    """Run a link in the running loop."""
    return Deferred.fromCoroutine(link.run()).asFuture(asyncio.get_running_loop())


def _local_time() -> LocalTime:
    return LocalTime(now=lambda: datetime.now(UTC))


async def _screen(settings: ClientSettings, reactor: IReactorTime, output: Output) -> None:
    client, keeper = _begin(settings, reactor)
    link = client.link
    with _ending(link, output):
        linked = _start(link)
        if await _entered(link, linked, keeper, settings, output):
            ReadMarks(link, client.model, reactor)
            await output.finish()
            terminal = Terminal(client, settings.address, keeper.history, keeper.drafts)
            keeper.draft, keeper.replace = terminal.draft, terminal.replace
            linked.add_done_callback(lambda _: terminal.close())
            with _kept(keeper, client, reactor, output):
                try:
                    await terminal.run()
                finally:
                    link.leave()
                await linked
        await linked
        await _say_farewell(link, output)


async def _plain(settings: ClientSettings, reactor: IReactorTime, output: Output) -> None:
    client, keeper = _begin(settings, reactor)
    link = client.link
    plain = Plain(client, output, sys.stdin.encoding)
    plain.drafts, keeper.draft, keeper.replace = keeper.drafts, plain.draft, plain.replace
    keys = Keys(sys.stdin.fileno(), plain)

    def filled() -> None:
        plain.hold()
        keys.leave_waiting()

    def drained() -> None:
        keys.listen()
        plain.go_on()

    output.filled, output.drained = filled, drained
    with _ending(link, output):
        linked = _start(link)
        if await _entered(link, linked, keeper, settings, output):
            ReadMarks(link, client.model, reactor)
            with _kept(keeper, client, reactor, output), keys.taken(), handled((SIGINT,), plain.interrupt):
                await asyncio.wait([linked])
        await linked
        await _say_farewell(link, output)


@contextmanager
def _ending(link: Link, output: Output) -> Iterator[None]:
    """Leave the chat when the user wants to, or when nobody reads the output."""

    def end() -> None:
        output.hurry()
        link.leave()

    output.ended = link.leave
    with handled(ENDING, end):
        yield


async def _say_farewell(link: Link, output: Output) -> None:
    if link.farewell:
        output.write(f"{link.farewell}\n")
    output.write("Disconnected from server.\n")
    await output.finish()


async def _gui(settings: ClientSettings, reactor: IReactorTime) -> int:
    """Show the window; return the exit code."""
    try:
        import tkinter

        from chat.client.desktop.app import Desktop
    except ImportError as failure:
        if failure.name not in ("tkinter", "_tkinter"):
            raise
        complain("This Python has no Tk for the window: install it (python3-tk, on Debian), or leave out --gui.")
        return 1

    def connect(chosen: ClientSettings, listener: Listener) -> tuple[Link, asyncio.Future[None]]:
        link = _link(chosen, reactor, listener, BACKLOG)
        return link, _start(link)

    farewell = ""
    while True:
        try:
            root = tkinter.Tk(className="twisted-chat")
        except tkinter.TclError as failure:
            complain(f"There is no display for the window ({failure}): start it on a desktop, or leave out --gui.")
            return 1
        desktop = Desktop(root, settings, reactor, connect, _local_time())
        with handled(ENDING, desktop.leave):
            farewell = await desktop.run(farewell)
        if not farewell:
            return 0


async def _entered(
    link: Link, linked: asyncio.Future[None], keeper: SessionKeeper, settings: ClientSettings, output: Output
) -> bool:
    """Wait until the link has joined the chat, or has ended; return whether it has joined. Raises :class:`CannotEnter`.

    If it has not, what the user is to be told about the file is told here, as they may try again, and load it again.
    All of that is written before they are asked for anything, which does not go through *output*.
    """
    entered = link.entered.asFuture(asyncio.get_running_loop())
    _, waiting = await asyncio.wait([linked, entered], timeout=IMPATIENCE, return_when=asyncio.FIRST_COMPLETED)
    if len(waiting) == 2:
        output.write(f"Connecting to {settings.address}. Ctrl-C leaves.\n")
        await asyncio.wait([linked, entered], return_when=asyncio.FIRST_COMPLETED)
    entered.cancel()
    if not linked.done():
        return True
    if keeper.file.trouble:
        output.write(f"{keeper.file.trouble}\n")
    try:
        await linked
    finally:
        await output.finish()
    return False


async def _send(settings: ClientSettings, reactor: IReactorTime) -> bool:
    """Send what comes in by the pipe; return whether all of it was stored."""
    loop = asyncio.get_running_loop()
    sender = Sender(settings.rooms[0], settings.timeout, reactor, complain, notice=settings.notice)
    link = _link(settings, reactor, sender)
    lines = Lines(sys.stdin.fileno(), loop, sender.advance, sys.stdin.encoding)
    return await _sent(link, sender, lambda: sender.start(link, lines), lines.stop)


async def _send_file(settings: ClientSettings, name: str, reactor: IReactorTime) -> bool:
    """Send a file; return whether it was stored."""
    try:
        path, size = look_at(name)
    except CannotSend as why:
        complain(str(why))
        return False
    sender = FileSender(settings.rooms[0], path, size, settings.timeout, reactor, complain)
    link = _link(settings, reactor, sender)
    return await _sent(link, sender, lambda: sender.start(link))


async def _sent(
    link: Link, sender: Sender | FileSender, start: Callable[[], None], stop: Callable[[], None] | None = None
) -> bool:
    """Connect, and have *sender* send all it has, from *start* to *stop*; return whether all of it was stored."""
    with handled(ENDING, sender.give_up):
        linked = _start(link)
        start()
        finished: asyncio.Future[bool] = sender.finished.asFuture(asyncio.get_running_loop())
        await asyncio.wait((linked, finished), return_when=asyncio.FIRST_COMPLETED)
        if stop is not None:
            stop()
        link.leave()
        await linked
    if link.farewell:
        complain(link.farewell)
    return finished.done() and finished.result()


async def _tail(settings: ClientSettings, reactor: IReactorTime) -> int:
    """Print what is said; return the exit code."""
    async with Output.of(sys.stdout) as output:
        tail = Tail(output, _local_time(), complain)
        link = _link(settings, reactor, tail)
        tail.start(link)
        tail.expelled.addCallback(lambda _: link.leave())
        output.filled, output.drained = link.pause, link.resume
        with _ending(link, output):
            await _start(link)
            await output.finish()
    if tail.expelled.called:
        return 1
    if link.farewell:
        complain(link.farewell)
        return 1
    return 0
