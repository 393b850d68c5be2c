"""Figures about a running chat, which are read only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Mapping

from chat.core.hub import Hub
from chat.delivery.feed_delivery import FeedDelivery
from chat.history.commit import GroupCommit
from chat.protocols.connection import Connections


class Figures:
    """The figures of one chat."""

    def __init__(self, hub: Hub, delivery: FeedDelivery, commit: GroupCommit, connections: Connections) -> None:
        self._hub = hub
        self._delivery = delivery
        self._commit = commit
        self._connections = connections

    def now(self) -> Mapping[str, float]:
        """Return what there is at this moment."""
        return {
            "connections": len(self._connections.open),
            "users": len(self._hub.users.all()),
            "sessions held": self._hub.tokens.held,
            "rooms": len(self._hub.rooms),
            "queue entries": len(self._hub.queue),
            "readers lagging": sum(not connection.ready for connection in self._connections.open),
            "backlog bytes": self._delivery.backlog,
        }

    def ever(self) -> Mapping[str, float]:
        """Return what there has been since the start."""
        return {
            "messages": self._commit.messages,
            "deliveries": self._delivery.deliveries,
            "batches": self._commit.batches,
            "commit seconds": self._commit.seconds,
        }

    def refusals(self) -> Mapping[str, int]:
        """Return how often something was refused, by the code of the refusal."""
        return self._hub.refusals

    def wrong_passwords(self) -> Mapping[str, int]:
        """How many wrong passwords the names got that got many within an hour."""
        return self._hub.guesses.many(self._hub.monotonic())

    def all(self) -> Mapping[str, float]:
        """Return all figures by their names."""
        refused = {f"refused {code}": count for code, count in self.refusals().items()}
        guessed = {f"wrong passwords of {name}": count for name, count in self.wrong_passwords().items()}
        return {**self.now(), **self.ever(), **refused, **guessed}
