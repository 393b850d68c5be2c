"""Messages that were changed lately, as they are now: changes are checked against this when they are applied."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, MutableMapping
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
    """What has become of a message. What was not changed is as the history has it."""

    deleted: bool = False
    edited: Edited | None = None
    counts: dict[str, int] = {}
    """How many users react with what, of those reactions that came or went lately."""


class ChangedMessages:
    """Knows what has become of the messages that were changed last, whether that is stored yet or not."""

    def __init__(self) -> None:
        self._now: OrderedDict[int, _Now] = OrderedDict()
        self._reacted: OrderedDict[tuple[int, Subject, str], bool] = OrderedDict()
        """Who reacts with what."""
        self._counted: OrderedDict[tuple[int, str], _Now] = OrderedDict()
        """Which reactions to which messages are counted."""

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
                count, who = now.counts.get(event.text), (event.id, party, event.text)
                own = self._reacted.get(who)
                self._count(event, now)
                _last(self._reacted, who, event.on)
                return partial(self._take_back, now, count, who, own)
        return lambda: None

    def _count(self, event: Reacted, now: _Now) -> None:
        now.counts[event.text] = event.count
        _last(self._counted, (event.id, event.text), now, forget=lambda kind, of: of.counts.pop(kind[1], None))

    def _take_back(self, now: _Now, count: int | None, who: tuple[int, Subject, str], own: bool | None) -> None:
        _put_back(now.counts, who[2], count)
        _put_back(self._reacted, who, own)


def gone(number: int) -> NoSuchMessage:
    """Make the refusal for a message that is not there, or that the user may not read."""
    return NoSuchMessage(f"There is no message {number}, or not any more.")


def _last(known: OrderedDict[K, V], key: K, value: V, forget: Callable[[K, V], object] = lambda key, value: None) -> V:
    """Have *known* hold a value as the last one, and only so many; *forget* is called with the one that goes."""
    known[key] = value
    known.move_to_end(key)
    if len(known) > REMEMBERED:
        forget(*known.popitem(last=False))
    return value


def _put_back(known: MutableMapping[K, V], key: K, before: V | None) -> None:
    """Have *known* hold what it held *before*, if it held something."""
    if before is None:
        known.pop(key, None)
    else:
        known[key] = before
