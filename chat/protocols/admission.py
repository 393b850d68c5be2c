"""Who may connect, and how long they may take to say who they are."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from chat.core.authentication import refuse_banned
from chat.core.doorkeeper import Doorkeeper
from chat.core.errors import ChatError, NoName, ServerFull
from chat.core.hub import Hub
from chat.core.peer import Peer
from chat.protocols.timeouts import Timeouts

TO_REFUSE = 32
"""Connections beyond the most, which are told so; more are closed at once."""


class Newcomer(Protocol):
    """A connection that has still to say something before it is one of a client."""

    def abort(self) -> None:
        """Close at once."""


class Applicant(Newcomer, Protocol):
    """A connection that wants to be let in."""

    def turn_away(self, refusal: ChatError) -> None:
        """Tell the client why it can't stay, and close."""


class Unheard(Exception):
    """A connection is one of so many that it is closed without a word."""


class Admission:
    """Lets clients of one chat in: not too many, none that are banned, and only those that give a name in time."""

    def __init__(self, hub: Hub, clock: IReactorTime, monotonic: Callable[[], float], connections: Sized) -> None:
        self._hub = hub
        self._monotonic = monotonic
        self._connections = connections
        self.doorkeeper = Doorkeeper(hub.limits)
        self.nameless: Timeouts[Applicant] = Timeouts(clock, hub.limits.name_time, self._miss_name)
        """Those that have given no name; who takes one is taken out."""
        self.handshakes: Timeouts[Newcomer] = Timeouts(clock, hub.limits.handshake, lambda late: late.abort())
        """Those that have not agreed on TLS, and those that are expected."""
        self.expected: set[Newcomer] = set()
        """Those of which a proxy has not said yet for whom they are."""

    def expect(self, newcomer: Newcomer) -> None:
        """Wait until a proxy says for whom *newcomer* is; raises :class:`Unheard` if there are too many connections."""
        self.expected.add(newcomer)
        self.handshakes.add(newcomer)
        if len(self._connections) + len(self.expected) > self._hub.limits.connections + TO_REFUSE:
            raise Unheard

    def require_place(self) -> None:
        """Raise :class:`ServerFull` or :class:`Unheard` if there are too many connections."""
        more = len(self._connections) - self._hub.limits.connections
        if more > TO_REFUSE:
            raise Unheard
        if more > 0:
            raise ServerFull("The server is full. Try again later.")

    def enter(self, peer: Peer) -> None:
        """Count a connection from *peer*; raises :class:`ChatError` or :class:`Unheard` if it may not stay.

        In any case :meth:`leave` is to be called when it is gone.
        """
        refusal = self.doorkeeper.enter(peer, self._monotonic())
        if self.doorkeeper.overrun(peer):
            raise Unheard
        refuse_banned(self._hub, self._hub.bans.of_address(peer.address, self._hub.seconds))
        if refusal is not None:
            raise refusal

    def leave(self, peer: Peer) -> None:
        """A connection from *peer* that was counted is gone."""
        self.doorkeeper.leave(peer)

    def require_name(self, tries: int) -> None:
        """Raise :class:`NoName` after too many lines that were no name."""
        if tries >= self._hub.limits.name_tries:
            raise NoName(f"None of {tries} lines was a name that can be had. Connect again when you have one.")

    def settle(self, newcomer: Newcomer) -> None:
        """A proxy has said for whom *newcomer* is, or it is gone."""
        self.handshakes.discard(newcomer)
        self.expected.discard(newcomer)

    def forget(self, applicant: Applicant) -> None:
        """The connection is gone."""
        self.nameless.discard(applicant)
        self.handshakes.discard(applicant)

    def _miss_name(self, applicant: Applicant) -> None:
        seconds = self._hub.limits.name_time
        applicant.turn_away(NoName(f"No name came for {seconds:g} seconds. Connect again when you have one."))
