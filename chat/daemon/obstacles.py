"""What can keep a chat from starting, as sentences that say what to do."""

from __future__ import annotations

import errno
import os
import shlex
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from twisted.internet.error import CannotListenError

from chat.admin.address import FILE as SOCKET
from chat.admin.address import address_in, peer_of
from chat.protocols.listening import EVERYWHERE, Listening
from chat.protocols.ways import WayIn
from chat.settings import NO_DATA, Settings

PRIVILEGED = 1024
"""Lower ports are for root alone."""


class NotStarted(Exception):
    """The chat can't start, and what was said last says why."""


def cannot_listen(error: CannotListenError, settings: Settings, listening: Sequence[tuple[WayIn, Listening]]) -> str:
    """Say why the chat can't listen where it was told to, and what to do."""
    cause, port = error.socketError, error.port
    where = f"{error.interface} port {port}".lstrip() if isinstance(port, int) else str(port)
    number = getattr(cause, "errno", None) or 0
    why = os.strerror(number) if number > 0 else getattr(cause, "strerror", None) or str(cause)
    if isinstance(cause, OverflowError):
        why = "a port is a number from 0 to 65535"
    return f"can't listen on {where}: {why.rstrip('.')}. {_advice(number, port, settings, listening)}"


def _advice(number: int, port: int | str, settings: Settings, listening: Sequence[tuple[WayIn, Listening]]) -> str:
    refused = next(((way, one) for way, one in listening if one.address is None), None)
    choose = f"Choose another with --{refused[0].option if refused is not None else 'metrics'}."
    if number == errno.EACCES and isinstance(port, int) and port < PRIVILEGED:
        return f"Ports below {PRIVILEGED} are for root. {choose}"
    if number != errno.EADDRINUSE:
        return choose
    opened = [one for _, one in listening if one.address is not None and getattr(one.address, "port", None) == port]
    if opened:
        return (
            f"This chat listens there by {opened[0].description} already: choose another port, or, for IPv4 and IPv6, "
            f"give --lan or {EVERYWHERE}{port} in place of both."
        )
    place = Path(settings.data).absolute()
    if settings.data != NO_DATA and (process := _process_of(place)) is not None:
        how = f" (kill {process})" if process else ""
        return f"A chat with the history in {place} runs already: come in there, or stop it first{how}."
    if refused is None or not isinstance(port, int):
        return choose
    way, one = refused
    example = one.description.replace(str(port), str(port + 10))
    return f"{choose} For example: {'--lan ' if settings.lan else ''}--{way.option} {shlex.quote(example)}"


def _process_of(directory: Path) -> int | None:
    """The number of the process that runs a chat in *directory*, 0 if it can't be known; ``None`` if none does.

    Its lock is not tried: a chat that begins there in this moment would find it taken, and not begin.
    """
    with suppress(OSError), socket.socket(socket.AF_UNIX) as link, address_in(directory, SOCKET) as address:
        link.connect(address)
        peer = peer_of(link)
        return peer.process if peer is not None else 0
    return None
