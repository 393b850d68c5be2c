"""Messages that were changed lately, as they are now: changes are checked against this when they are applied."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from msgspec import Struct, structs

from chat.core.accounts import Subject
from chat.core.errors import NoSuchMessage
from chat.core.events import AnyChange, Deleted, Edited, Message, Reacted, Reaction

REMEMBERED = 4_096
"""So many messages, and reactions of users to them, are known. More can't be changed before the first is stored."""

K = TypeVar("K")
V = TypeVar("V")


class _Now(Struct):
    """What has become of a message; of what was not changed the history knows."""

    deleted: bool = False
    edited: Edited | None = None
    counts: dict[str, int] = {}
    """How many users react with what, of those reactions that came or went."""


class ChangedMessages:
    """Knows of the last messages that were changed what has become of them, be it stored yet or not."""

    def __init__(self) -> None:
        self._now: OrderedDict[int, _Now] = OrderedDict()
        self._reacted: OrderedDict[tuple[int, Subject, str], bool] = OrderedDict()
        """Who reacts with what."""

    def is_deleted(self, number: int) -> bool:
        """Tell whether the message was deleted lately."""
        now = self._now.get(number)
        return now is not None and now.deleted

    def current(self, message: Message, party: Subject) -> Message:
        """Return a *message* that was looked up for *party* as it is now; raises :class:`NoSuchMessage`."""
        now = self._now.get(message.id)
        if now is None:
            return message
        if now.deleted:
            raise gone(message.id)
        if now.edited is not None:
            message = structs.replace(message, text=now.edited.text, edited=now.edited.time)
        counts = {**{one.text: one.count for one in message.reactions}, **now.counts}
        mine = {one.text for one in message.reactions if one.mine}
        reactions = tuple(
            Reaction(text=text, count=count, mine=self._reacted.get((message.id, party, text), text in mine))
            for text, count in counts.items()
            if count
        )
        return structs.replace(message, reactions=reactions)

    def change(self, event: AnyChange, party: Subject) -> Callable[[], None]:
        """A message is changed by *party*; return what undoes that. Raises :class:`NoSuchMessage` if it is deleted."""
        if self.is_deleted(event.id):
            raise gone(event.id)
        now = _last(self._now, event.id, self._now.get(event.id) or _Now())
        match event:
            case Deleted():
                now.deleted = True
                return lambda: setattr(now, "deleted", False)
            case Edited():
                before, now.edited = now.edited, event
                return lambda: setattr(now, "edited", before)
            case Reacted():
                counts, who = dict(now.counts), (event.id, party, event.text)
                own = self._reacted.get(who)
                now.counts = {**counts, event.text: event.count}
                _last(self._reacted, who, event.on)
                return partial(self._take_back, now, counts, who, own)
        return lambda: None

    def _take_back(self, now: _Now, counts: dict[str, int], who: tuple[int, Subject, str], own: bool | None) -> None:
        now.counts = counts
        if own is None:
            self._reacted.pop(who, None)
        else:
            self._reacted[who] = own


def gone(number: int) -> NoSuchMessage:
    """The refusal of who asks for a message that is not there, or that they may not read."""
    return NoSuchMessage(f"There is no message {number}, or not any more.")


def _last(known: OrderedDict[K, V], key: K, value: V) -> V:
    """Have *known* hold a value as the last one, and only so many."""
    known[key] = value
    known.move_to_end(key)
    if len(known) > REMEMBERED:
        known.popitem(last=False)
    return value
