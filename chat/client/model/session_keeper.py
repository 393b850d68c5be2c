"""Keeps in a file what is open in a client, and opens it again at the next start."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from chat.client.link.link import Link, Post
from chat.client.model.client import changes_message, goes_to
from chat.client.model.input_history import InputHistory, places_of
from chat.client.model.model import Model, Observer
from chat.client.model.open_rooms import OpenRoom, OpenRooms, SavedLine, as_saved, restore
from chat.client.model.plain_text import as_typed
from chat.client.model.room import Room
from chat.client.model.scrollback import Line, LineKind
from chat.client.model.session_file import VERSION, SavedSession, SessionFile
from chat.core import names
from chat.core.errors import BadName
from chat.core.text import clean_lines

SAVE_EVERY = 2.0
"""After so many seconds what has changed is saved, so that little is lost if the client is killed."""
KEPT_LINES = 50
"""How many of the last messages of a private conversation are kept."""
_SAYING = re.compile(r"^/(me |reply (#\d+ )?|(?=/))")
"""What a text begins with as it was typed, and not as it was said."""

InThread = Callable[[Callable[[SavedSession], None], SavedSession], Deferred[None]]
"""Calls a function in a thread, so that a slow disk holds up nobody."""


def rooms_to_join(saved: SavedSession, rooms: Sequence[str], given: bool) -> tuple[Sequence[str], Sequence[str]]:
    """Return the rooms to come into, and those that are to be open besides because they were *saved* as open.

    *rooms* are those that the user has chosen. Unless they are *given* this time, they count only for the first time.
    """
    were_open: dict[str, bool] = {}
    for number, room in enumerate(saved.open.rooms):
        with suppress(BadName):  # somebody else may have written the file
            if not room.private:
                were_open[names.room_name(room.name)] = number == saved.open.current
    if were_open and not given:
        rooms = [max(were_open, key=were_open.__getitem__)]
    return rooms, [room for room in were_open if room not in rooms]


class SessionKeeper(Observer):
    """Keeps in *file* what is open in *model*, and what the user has typed, from :meth:`start` to :meth:`stop`.

    *saved* was in the file, and is open again at once: make it before the link runs. *chosen* is the room that the user
    wants to see in place of the one that they saw last.
    """

    def __init__(
        self,
        file: SessionFile,
        saved: SavedSession,
        model: Model,
        history: InputHistory,
        chosen: str | None,
    ) -> None:
        self.history = history
        self.drafts: dict[Room, str] = {}
        """What was half typed last time."""
        self.draft: Callable[[Room], str] = lambda room: self.drafts.get(room, "")
        """Returns what is half typed in a room. The screen sets it."""
        self.replace: Callable[[Room, str, str], object] = lambda room, before, after: None
        """Has another text stand in the line of a room, if it is still the one before. The screen sets it."""
        self.greet: Callable[[], object] | None = None
        """Greets somebody who uses the client for the first time here."""
        self.file = file
        self._link: Link | None = None
        self._model = model
        self._call: LoopingCall | None = None
        self._saved = saved
        self._failed = False
        self._name = model.name
        self._trouble = file.trouble
        """What the user is to be told as soon as they are in a room."""
        self._restored: dict[Room, OpenRoom] = {}
        """Where something stands in the line that was there or unsent last time: how it was."""
        for room, each in restore(model, saved.open, chosen).items():
            self._restore(room, each)
        model.observe(self)

    def _restore(self, room: Room, saved: OpenRoom) -> None:
        room.was_read = saved.read
        if room.private:
            room.remember(
                Line(
                    LineKind.ACTION if line.action else LineKind.SAY,
                    self._model.local_time.local(line.time),
                    line.text,
                    author=line.author,
                    mine=line.mine,
                    private=True,
                )
                for line in saved.lines
            )
        if draft := _line(saved):
            self.drafts[room] = draft
            self._restored[room] = saved
        if room.private and saved.unsent:
            self._tell_unsent(room)

    def _tell_unsent(self, room: Room) -> None:
        """Tell the user what was not sent last time."""
        if (saved := self._restored.get(room)) is not None and saved.unsent:
            what = "A message was" if len(saved.unsent) == 1 else f"{len(saved.unsent)} messages were"
            text = f"{what} not sent when you left. What you had typed is in your line again."
            self._model.tell(text, room=room)

    def line_added(self, room: Room, line: Line, old: bool) -> None:
        """Take out of the line what was said after all, before the client was killed or the connection broke."""
        saved = self._restored.get(room)
        if saved is None or not old or (line.id or 0) <= saved.read or not (line.mine or line.author == self._name):
            return
        texts = [*saved.unsent, saved.draft]
        said = next((text for text in texts if _SAYING.sub("", clean_lines(text)).strip() == line.text.strip()), None)
        if said is None:
            return
        unsent = list(saved.unsent)
        if said in unsent:
            unsent.remove(said)
            left = msgspec.structs.replace(saved, unsent=tuple(unsent))
            if room.private:
                self._model.tell("That had come after all: it is not in your line any more.", room=room)
        else:
            left = msgspec.structs.replace(saved, draft="")
        self._restored[room] = left
        if room in self.drafts:
            self.drafts[room] = _line(left)
        self.replace(room, _line(saved), _line(left))

    def room_ready(self, room: Room) -> None:
        """Tell the user what is kept for this room. Greet them if nothing was ever kept here."""
        greet, self.greet = self.greet, None
        if greet is not None and self.file.is_first:
            greet()
        trouble, self._trouble = self._trouble, ""
        if trouble:
            self._model.tell(trouble, room=room)
        self._tell_unsent(room)
        self._restored.pop(room, None)

    # Saving

    def start(self, link: Link, clock: IReactorTime, in_thread: InThread) -> None:
        """Save from now on whatever has changed, every few seconds, and with it what is unsent on *link*."""
        self._link = link
        self._call = LoopingCall(self._save_if_changed, in_thread)
        self._call.clock = clock
        self._call.start(SAVE_EVERY, now=False)

    def _save_if_changed(self, in_thread: InThread) -> Deferred[None] | None:
        session = self._session()
        if session == self._saved:
            return None
        self._saved = session
        return in_thread(self.file.save, session).addErrback(self._not_saved)

    def _not_saved(self, failure: Failure) -> None:
        reason: Any = failure.trap(OSError) and failure.value
        if not self._failed:
            self._failed = True
            why = reason.strerror or reason
            self._model.tell(f"What is open can't be kept for the next start: {why}.", LineKind.REFUSAL)

    def stop(self) -> list[str]:
        """Save for the last time; return what the user is to be told about what was not sent."""
        if self._call is not None and self._call.running:
            self._call.stop()
        unsent = self._outbox
        for room in self._model.rooms:
            if changes_message(draft := self.draft(room)):
                self.history.add(places_of(room)[0], draft)
        try:
            self.file.save(self._session())
        except OSError:
            return [f"Not sent: {line}" for line in self._lines(unsent)]
        return self._farewell(unsent)

    def _farewell(self, unsent: list[Post]) -> list[str]:
        places = [self._room_of(post) for post in unsent if as_typed(post) is not None]
        told = []
        for room, count in Counter(room for room in places if room is not None).items():
            what = "1 message was" if count == 1 else f"{count} messages were"
            told.append(f"{what} not sent, and will be in your line in {room.title} when you start again.")
        told += [f"Not sent: {line}" for line in self._lines(post for post in unsent if self._room_of(post) is None)]
        changes = len(unsent) - len(places)
        if changes:
            what = "1 change of a message was" if changes == 1 else f"{changes} changes of messages were"
            told.append(f"{what} not sent.")
        return told

    def _lines(self, posts: Iterable[Post]) -> list[str]:
        return [line for post in posts for line in (as_typed(post) or "").splitlines()]

    def _room_of(self, post: Post) -> Room | None:
        return next((room for room in self._model.rooms if goes_to(post, room)), None)

    @property
    def _outbox(self) -> list[Post]:
        return [] if self._link is None else list(self._link.outbox.values())

    def _session(self) -> SavedSession:
        """Return what is to be saved now."""
        opened = as_saved(self._model, self._draft)
        said = [(post, text) for post in self._outbox if (text := as_typed(post)) is not None]
        rooms = [
            msgspec.structs.replace(
                saved,
                read=max(room.seen, room.read, 0 if room.joined else room.was_read),
                lines=_last_lines(room) if room.private else (),
                unsent=tuple(text for post, text in said if goes_to(post, room)),
            )
            for saved, room in zip(opened.rooms, self._model.rooms, strict=False)
        ]
        return SavedSession(VERSION, OpenRooms(rooms, opened.current), self.history.texts)

    def _draft(self, room: Room) -> str:
        """Return what is half typed, unless it may be the code of an invitation, or changes what was said last.

        Next time that may be another message.
        """
        draft = self.draft(room)
        asks_code = self._link is not None and self._link.registering is not None
        is_code = asks_code and room is self._model.current
        return "" if is_code or changes_message(draft) else draft


def _line(saved: OpenRoom) -> str:
    """Return what is to stand in the line of a room."""
    texts = [*saved.unsent, *([saved.draft] if saved.draft else [])]
    if len(texts) > 1:
        # They become one message, in which a command would be said, or hold for all of them.
        texts[: len(saved.unsent)] = [_SAYING.sub("", text) for text in saved.unsent]
    return "\n".join(texts)


def _last_lines(room: Room) -> tuple[SavedLine, ...]:
    lines = list(islice((line for line in reversed(room.lines) if line.is_message), KEPT_LINES))
    return tuple(
        SavedLine(line.time.isoformat(), line.author, line.text, line.kind is LineKind.ACTION, line.mine)
        for line in reversed(lines)
    )
