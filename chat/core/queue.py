"""The one order: whatever anybody is shown waits here until what it tells of is stored."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence

import msgspec
from twisted.logger import Logger

from chat.core.effects import Effect, Show
from chat.core.errors import NotStored
from chat.core.events import Refusal
from chat.core.facts import Quiet, Record, Said, TokenKept, made_by, subjects
from chat.core.limits import Limits
from chat.core.ports import Delivery
from chat.core.session import Session

log = Logger()

MOST_OWED = 4_096
"""So many facts at most that nobody asked for, and that could not be stored, are tried again."""

Undo = Callable[[], Sequence[Effect]]
"""Takes a change of the state back; returns what is to be shown all the same, if something is."""


class Entry(msgspec.Struct, gc=False):
    """What a request of *session* causes: a record to be stored, and then effects.

    A record of a room's message implies that the message is published. If the record can't be stored, *undo* takes
    back what it had changed, and the session gets a refusal under *tag*. *weight* is the entry's part of what a session
    may have waiting.
    """

    session: Session
    effects: Sequence[Effect] = ()
    record: Record | None = None
    undo: Undo | None = None
    tag: str | None = None
    weight: int = 1


class Queue:
    """Holds entries in their order.

    Whoever runs it is woken when it is no longer empty, takes the batch that waits, has its records stored, settles it
    and flushes.
    """

    def __init__(self, delivery: Delivery, limits: Limits, wake: Callable[[], None]) -> None:
        self._delivery = delivery
        self._limits = limits
        self._wake = wake
        self._entries: list[Entry] = []
        self._owed: list[Entry] = []
        """What nobody asked for, and what could not be stored when it was its turn."""
        self._effects = 0
        """How much they will show, which is what takes memory."""
        self._relieved: dict[int, Session] = {}
        self._paused: OrderedDict[Callable[[], None], None] = OrderedDict()

    def __repr__(self) -> str:
        return "\n".join(map(repr, self._entries)) or "an empty queue"

    def add(self, entry: Entry) -> None:
        """Have *entry* wait behind all that came before."""
        entry.session.pending += entry.weight
        self._effects += len(entry.effects) or 1
        self._entries.append(entry)
        if len(self._entries) == 1:
            self._wake()

    def __len__(self) -> int:
        return len(self._entries)

    # -- running it

    def take(self) -> list[Entry]:
        """Take all that waits; if something of it is to be stored, what is owed goes first."""
        batch, self._entries = self._entries, []
        self._effects = 0
        if self._owed and any(entry.record is not None for entry in batch):
            batch, self._owed = [*self._owed, *batch], []
        return batch

    def pay(self) -> None:
        """Have what is owed stored although nothing else is."""
        owed, self._owed = self._owed, []
        for entry in owed:
            self.add(entry)

    def fail(self, batch: Sequence[Entry], why: str) -> None:
        """A *batch* could not be stored: undo what it and all that waits behind it had changed, the newest first.

        A message behind it stands by itself: it is tried in its turn, unless it is by or for an account that was to be
        made, or the presence as which somebody was to go on without one. Who was refused something after a change of
        their own is told that it was not stored either, as what they were refused for may hold no more. What nobody
        asked for is so all the same, and is stored with the next batch.
        """
        made = {made_by(entry.record) for entry in (*batch, *self._entries)} - {0}
        owed = [
            Entry(entry.session, (), entry.record, weight=0)
            for entry in batch
            if isinstance(entry.record, Quiet) and entry.undo is None and made.isdisjoint(subjects(entry.record))
        ]
        self._owed = owed[-MOST_OWED:]
        changed: set[int] = set()
        for entry in (*batch, *self._entries):
            if entry.undo is not None and not isinstance(entry.record, Quiet | Said):
                changed.add(entry.session.id)
            elif entry.session.id in changed and (refusal := _refusal(entry)) is not None:
                entry.effects = (_not_stored(entry.session, why, refusal.tag),)
        for entry in reversed(self._entries):
            alone = entry.undo is None or isinstance(entry.record, TokenKept | Said)
            if not alone or not made.isdisjoint(subjects(entry.record)):
                _undo(entry, why)
        for entry in reversed(batch):
            if entry.record is not None or entry.undo is not None:
                _undo(entry, why)

    def settle(self, batch: Sequence[Entry]) -> Collection[Session]:
        """Have the effects of a *batch*, whose records are stored. :meth:`flush` sends what they show.

        Returns the sessions that met a mistake of ours.
        """
        delivery = self._delivery
        failed = []
        enough = self._limits.pending_each // 2
        for entry in batch:
            session = entry.session
            record = entry.record
            try:
                if isinstance(record, Said) and (room := record.message.room) is not None:
                    delivery.publish(room, record.message, session)
                for effect in entry.effects:
                    effect.perform(delivery)
            except Exception:
                log.failure("delivering to {session!r} failed", session=session)
                failed.append(session)
            session.pending -= entry.weight
            if session.paused is not None and session.pending <= enough:
                self._relieved[session.id] = session
        return failed

    def flush(self) -> Collection[Session]:
        """Send what was shown, and read on from those of whom enough has left the queue.

        Returns the sessions that met a mistake of ours.
        """
        failed = self._delivery.flush()
        relieved, self._relieved = self._relieved, {}
        while self._paused and not self.full:
            _call(self._paused.popitem(last=False)[0])
        for session in relieved.values():
            resume, session.paused = session.paused, None
            if resume is not None:
                _call(resume)
        return failed

    # -- holding back who fills it

    @property
    def full(self) -> bool:
        """Whether so much waits that nothing more should be read from anyone now."""
        return self._effects >= self._limits.pending

    def busy(self, session: Session) -> bool:
        """Tell whether so much of *session* waits that no more should be read from it now."""
        return session.pending >= self._limits.pending_each

    def holds_back(self, session: Session) -> bool:
        """Tell whether it is full, or busy with *session*. Each line asks, so this calls neither of the two."""
        return session.pending >= self._limits.pending_each or self._effects >= self._limits.pending

    def pause_until_room(self, resume: Callable[[], None]) -> None:
        """Call *resume* once the queue is no longer full."""
        self._paused[resume] = None

    def forget(self, resume: Callable[[], None]) -> None:
        """Do not call *resume* any more."""
        self._paused.pop(resume, None)


def _undo(entry: Entry, why: str) -> None:
    """Turn an entry whose record is not stored into a refusal."""
    record, undo = entry.record, entry.undo
    entry.record = entry.undo = None
    entry.effects = ()
    try:
        if undo is not None:
            entry.effects = undo()
    except Exception:
        # The log is not to have what the record may tell.
        log.failure("undoing {kind} failed", kind=type(record).__name__)
    if isinstance(record, Quiet):
        return
    if isinstance(record, Said) and entry.tag is not None and entry.session.token is not None:
        entry.session.token.tags.pop(entry.tag, None)
    entry.effects = (*entry.effects, _not_stored(entry.session, why, entry.tag))


def _not_stored(session: Session, why: str, tag: str | None) -> Show:
    text = f"Not stored, not sent: {why} Try again later."
    return Show(session, Refusal(code=NotStored.code, text=text, tag=tag))


def _refusal(entry: Entry) -> Refusal | None:
    """The refusal that is all there is to *entry*."""
    match entry.effects:
        case [Show(event=Refusal() as refusal)]:
            return refusal
    return None


def _call(step: Callable[[], None]) -> None:
    """Take one step of several; a mistake in it is not for the others to bear."""
    try:
        step()
    except Exception:
        log.failure("{step!r} failed", step=step)
