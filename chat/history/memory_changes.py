"""Changes of messages in memory: the newest of each kind, and who is shown it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush
from typing import Any

import msgspec
from msgspec import structs

from chat.core.accounts import Subject
from chat.core.events import AnyChange, Deleted, Edited, Message, Pinned, Reacted, Reaction
from chat.core.facts import Changed
from chat.core.ports import Missed, Query
from chat.core.text import quoted

Key = tuple[type[AnyChange], str, Subject]
"""Of the changes of a message with the same key only the newest is kept."""


class Kept(msgspec.Struct, frozen=True):
    """A change that is kept, of a message of the ``room``, or one that parties have with others: ``holders``."""

    change: Changed
    room: str | None
    holders: dict[Subject, Subject]

    @property
    def key(self) -> Key:
        """What it has in common with the changes that it takes the place of."""
        event = self.change.event
        return (Reacted, event.text, self.change.party) if isinstance(event, Reacted) else (type(event), "", 0)


class KeptChanges:
    """The changes of messages that are there, and the deletions of others."""

    def __init__(self) -> None:
        self._all: dict[int, Kept] = {}
        """The changes by their numbers, in that order."""
        self._of: dict[int, dict[Key, int]] = {}
        """The numbers of the changes of each message."""
        self._for: dict[Subject, set[int]] = {}
        """The numbers of the changes of private messages that the parties are shown."""
        self._reactions: dict[int, dict[str, dict[Subject, None]]] = {}
        """Who reacts to each message, and with what, in the order in which that first came."""
        self._deleted: list[int] = []
        """A heap of the ids of messages that were deleted."""

    def __len__(self) -> int:
        return len(self._all)

    def keep(self, change: Changed, room: str | None, holders: Mapping[Subject, Subject]) -> None:
        """Keep a change of a message of *room*, or of *holders*; the same change before makes way."""
        event, kept = change.event, Kept(change, room, dict(holders))
        match event:
            case Deleted():
                self.forget(event.id)
                heappush(self._deleted, event.id)
            case Reacted():
                self._react(event, change.party)
        before = self._of.get(event.id, {}).get(kept.key)
        if before is not None:
            self._forget(self._all[before])
        self._all[event.rev] = kept
        self._of.setdefault(event.id, {})[kept.key] = event.rev
        for party in kept.holders:
            self._for.setdefault(party, set()).add(event.rev)

    def _react(self, event: Reacted, party: Subject) -> None:
        kinds = self._reactions.setdefault(event.id, {})
        parties = kinds.setdefault(event.text, {})
        if event.on:
            parties[party] = None
        else:
            parties.pop(party, None)
        if not parties:
            del kinds[event.text]

    # -- forgetting

    def forget(self, number: int) -> None:
        """Forget the changes of a message."""
        self._reactions.pop(number, None)
        for rev in list(self._of.get(number, {}).values()):
            self._forget(self._all[rev])

    def forget_oldest_deletion(self, before: int | None) -> bool:
        """Forget a deletion of a message with an id less than *before*, or of any; return whether there was one."""
        if not self._deleted or (before is not None and self._deleted[0] >= before):
            return False
        self.forget(heappop(self._deleted))
        return True

    def drop(self, room: str | None, last: int) -> None:
        """Forget the changes of messages of *room*, or of private ones, with ids up to *last*."""
        kept = [one.change.event.id for one in self._all.values() if one.room == room]
        for number in {number for number in kept if number <= last}:
            self.forget(number)

    def end(self, party: Subject) -> None:
        """A *party* is gone for good: what was shown to nobody else goes with it."""
        for rev in self._for.pop(party, ()):
            kept = self._all[rev]
            del kept.holders[party]
            if not kept.holders:
                self._forget(kept)

    def _forget(self, kept: Kept) -> None:
        event = kept.change.event
        del self._all[event.rev]
        of = self._of[event.id]
        del of[kept.key]
        if not of:
            del self._of[event.id]
        for party in kept.holders:
            if party in self._for:
                self._for[party].discard(event.rev)

    # -- questions

    def has(self, number: int) -> bool:
        """Tell whether a message was changed."""
        return number in self._of

    def is_pinned(self, number: int) -> bool:
        """Tell whether a message is pinned."""
        rev = self._of.get(number, {}).get((Pinned, "", 0))
        event = self._all[rev].change.event if rev is not None else None
        return isinstance(event, Pinned) and event.on

    def reactions(self, number: int, party: Subject) -> tuple[Reaction, ...]:
        """The reactions to a message, as *party* is to see them."""
        kinds = self._reactions.get(number, {}).items()
        return tuple(Reaction(text=text, count=len(parties), mine=party in parties) for text, parties in kinds)

    def find(self, query: Query | Missed, before: int) -> Iterator[tuple[Kept, Subject | None]]:
        """The changes of *query* with numbers less than *before*, and with whom the party has the message."""
        room = query.room if isinstance(query, Query) else None
        for rev, kept in self._all.items():
            if not query.after < rev < before or kept.change.event.id > (query.known or 0) or kept.room != room:
                continue
            other = kept.holders.get(query.party)
            if room is None and (other is None or (isinstance(query, Query) and other != query.other)):
                continue
            yield kept, other

    def event(self, kept: Kept, message: Message | None, token: str | None, other: Subject | None) -> AnyChange:
        """The change of *message* as it is now, as whoever has the *token* is shown it."""
        event = kept.change.event
        fields: dict[str, Any] = {
            "tag": event.tag if kept.change.token is not None and kept.change.token == token else None,
            "with_": str(other) if other is not None else None,
        }
        if isinstance(event, Deleted):
            fields.update(author=None, said=None)
        elif isinstance(event, Reacted):
            fields["count"] = len(self._reactions.get(event.id, {}).get(event.text, ()))
        elif isinstance(event, Edited) and message is not None:
            fields["text"] = message.text
        elif isinstance(event, Pinned) and message is not None:
            fields.update(author=message.author, text=quoted(message.text))
        return structs.replace(event, **fields)
