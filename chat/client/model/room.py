"""One room, or one private conversation, as a screen shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum, auto

from chat.client.model.changes import apply
from chat.client.model.scrollback import Line, LineKind, Scrollback
from chat.core.events import AnyChange, Deleted, Pinned, RoomState, Rule

RECENTLY = timedelta(minutes=30)
MAXIMUM_SPEAKERS = 200
MAXIMUM_USERS = 10_000
STATUSES = ("archived", "closed")
"""The values of ``access`` that say that nobody speaks in a room."""


def title_of(name: str, private: bool) -> str:
    """Write the title of a room (``#lobby``) or of a private conversation (``@bob``)."""
    return f"{'@' if private else '#'}{name}"


class Earlier(Enum):
    """What is known of the messages before those that are shown."""

    WANTED = auto()
    """Nothing was fetched yet: the last messages are wanted as soon as the user looks."""
    POSSIBLE = auto()
    """There may be some."""
    ASKED = auto()
    """They are being fetched."""
    NONE = auto()
    """There are none."""


class OtherSide(Enum):
    """What is known of the other side of a private conversation."""

    HERE = auto()
    AWAY = auto()
    """They are not in the chat now."""
    UNSURE = auto()
    """Before anything was said, they were seen to leave, or somebody to take their name: who has it may be another."""
    GONE = auto()
    """They never come back: whoever has the name from now on is somebody else."""


class Room:
    """A room, or, if *private*, the conversation with the user *name*."""

    def __init__(self, name: str, private: bool = False) -> None:
        self.name = name
        self.private = private
        self.with_: str | None = None
        """How requests name the other side of the conversation; ``None`` if the server has not said it."""
        self.other_side = OtherSide.HERE
        self.joined = private
        self.topic = ""
        self.users: set[str] = set()
        self.ops: set[str] = set()
        """Those of them who are ops."""
        self.access = "open"
        """Who comes in: ``open``, ``members`` or ``private``."""
        self.status = ""
        """``archived`` or ``closed``, if nobody speaks there any more."""
        self.slow = False
        """Whether others than ops speak only so often."""
        self.locked = False
        """Whether only ops set the topic."""
        self.pins = 0
        """How many messages are pinned."""
        self.away: dict[str, str] = {}
        self.lines = Scrollback()
        self.unread = 0
        self.calls = 0
        """How many of the unread messages name the user or are private."""
        self.mark: int | None = None
        """The serial number of the first line that was not seen when the room was last turned to."""
        self.more_unread = False
        """Whether there are more unread messages than those that were counted."""
        self.earlier = Earlier.WANTED if private else Earlier.POSSIBLE
        self.waiting = 0
        """How many messages of the conversation were unread when the server listed it, until they are fetched."""
        self.read = 0
        """The id up to which the user has read the room, as the server knows it."""
        self.is_marked = True
        """Whether the server knows up to where the user has read the room."""
        self.seen = 0
        """The id of the newest message that the user has seen here."""
        self._seen_calls: set[int] = set()
        """The ids of unread messages for the user that they have seen."""
        self.quiet = False
        """Whether the user wants to be called here by nothing but their name, and without the bell."""
        self.was_read = 0
        """The id up to which the user had read the room when they last left, as this device remembers it; 0: none."""
        self._kept: int | None = None
        """The serial number behind the messages that this device remembers of the last time, if it shows some."""
        self._speakers: dict[str, datetime] = {}

    @property
    def title(self) -> str:
        """What the room is called on the screen."""
        gone = " (gone)" if self.other_side is OtherSide.GONE else ""
        return f"{title_of(self.name, self.private)}{gone}"

    @property
    def is_waiting(self) -> bool:
        """Whether there is something unread to which the user wants to be led."""
        return bool(self.calls or (self.unread and not self.quiet))

    @property
    def address(self) -> dict[str, str]:
        """How requests name the room or the conversation."""
        if not self.private:
            return {"room": self.name}
        return {"name": self.name} if self.with_ is None else {"with": self.with_}

    @property
    def unread_words(self) -> str:
        """How many messages are unread: ``3``, or ``200+`` if there are more."""
        return f"{self.unread}{'+' if self.more_unread else ''}"

    def clear(self) -> None:
        """Forget the lines that are shown. The messages can be fetched again."""
        self.lines.clear()
        self.mark = None
        self.earlier = Earlier.POSSIBLE

    def enter(self, state: RoomState) -> None:
        """Take over the state of the room that the server has sent.

        If the server knows up to which id the user has read, or else this device, what follows is unread. Otherwise
        nothing is that was said before the user joined.
        """
        if not self.joined and state.read is None:
            self.read = self.was_read if 0 < self.was_read <= state.last else state.last
        elif not self.joined and state.read is not None:
            self.read = state.read
        elif state.read is not None:
            self.read_up_to(state.read)
        self.is_marked = state.read is not None
        self.joined = True
        self.topic = state.topic
        self.locked = state.locked
        self.slow = state.slow > 0
        self.pins = state.pins
        self.status = state.access if state.access in STATUSES else ""
        if self.status:
            self.access = "private" if state.private else "open"
        else:
            self.access = "private" if state.private else state.access
        self.set_users(state.users, state.away, state.ops)

    def set_users(self, users: Iterable[str], away: Mapping[str, str], ops: Iterable[str]) -> None:
        """Take over who is there."""
        self.users.clear()
        for name in users:
            self.add_user(name)
        self.away = {name: text for name, text in away.items() if name in self.users}
        self.ops = self.users.intersection(ops)

    def set_rule(self, event: Rule) -> None:
        """A rule of the room has changed."""
        match event.rule:
            case "lock":
                self.locked = event.on
            case "slow":
                self.slow = event.on
            case "private" | "members" if event.on or event.rule == self.access:
                self.access = event.rule if event.on else "open"
            case "archived" | "closed" if event.on or event.rule == self.status:
                self.status = event.rule if event.on else ""
            case "op" if event.name in self.users:
                self.ops.discard(event.name)
                if event.on:
                    self.ops.add(event.name)

    @property
    def limits(self) -> list[str]:
        """What bounds who comes in and who speaks, in words: ``["members only", "slow"]``."""
        access = {"members": ["members only"], "private": ["private"]}.get(self.access, [])
        return [*access, *([self.status] if self.status else []), *(["slow"] if self.slow else [])]

    def add_user(self, name: str) -> None:
        """Somebody is there."""
        if len(self.users) < MAXIMUM_USERS:
            self.users.add(name)

    def remove_user(self, name: str) -> None:
        """Somebody is no longer there."""
        self.users.discard(name)
        self.ops.discard(name)
        self.away.pop(name, None)

    def rename_user(self, name: str, new: str) -> None:
        """Somebody has another name."""
        if name in self.users:
            self.users.discard(name)
            self.users.add(new)
        if name in self.ops:
            self.ops.discard(name)
            self.ops.add(new)
        if name in self.away:
            self.away[new] = self.away.pop(name)
        if name in self._speakers:
            self._speakers[new] = self._speakers.pop(name)

    def add_message(self, line: Line, seen: bool) -> None:
        """A message has come. *seen* is true if the user is looking at the room."""
        self._speakers.pop(line.author, None)
        self._speakers[line.author] = line.time
        if len(self._speakers) > MAXIMUM_SPEAKERS:
            del self._speakers[next(iter(self._speakers))]
        serial = self.lines.append(line)
        if seen and line.id is not None:
            self.seen = max(self.seen, line.id)
        if seen or line.mine or (line.id is not None and line.id <= self.read):
            return
        if self.mark is None and serial > self.lines.first + 1:
            self.mark = serial
        self.unread += 1
        self.calls += self._calls(line)

    def _calls(self, line: Line) -> bool:
        return line.mention or (line.private and not self.quiet)

    def remember(self, lines: Iterable[Line]) -> None:
        """Show messages that this device has kept since the last time, until the server sends some."""
        for line in lines:
            self._kept = self.lines.append(line) + 1

    def wait(self, unread: int) -> None:
        """So many messages of the conversation are unread, and none of them was fetched yet."""
        self.waiting = self.unread = unread
        self.calls = 0 if self.quiet else unread

    def add_earlier(self, lines: Iterable[Line], more: bool) -> list[Line]:
        """Put older messages above the others; *more*: there are still older ones. Return those that were not there."""
        oldest = self.lines.oldest_id
        older = [line for line in lines if oldest is None or (line.id is not None and line.id < oldest)]
        if older and self._kept is not None:
            self.lines.drop_before(self._kept)
            self._kept = None
        self.lines.prepend(older)
        self.there_is_earlier(more)
        return older

    def there_is_earlier(self, more: bool) -> None:
        """Note whether there are messages before those that are shown."""
        self.earlier = Earlier.POSSIBLE if more else Earlier.NONE
        self.waiting = 0

    def read_up_to(self, number: int) -> None:
        """The user has read up to the message with that id, here or on another device."""
        self.is_marked = True
        if number > self.read:
            self.read = number
            if self.unread:
                self.count_unread()

    def change(self, change: AnyChange, mine: bool, old: bool) -> Line | None:
        """A message was changed. Return it as it is now, if it is there.

        *mine*: the user did it. *old*: it was done before the room was entered, and counted then.
        """
        serial = self.lines.find(change.id)
        before = None if serial is None else self.lines[serial]
        now = apply(self.lines, change, mine)
        if not old:
            self._count_pin(change, before)
        if self.unread and isinstance(change, Deleted):
            self.count_unread()
        return now

    def _count_pin(self, change: AnyChange, before: Line | None) -> None:
        """Count what was pinned or unpinned, unless it is known to have been so *before*."""
        match change:
            case Pinned(on=on) if before is None or before.pinned != on:
                self.pins = max(self.pins + (1 if on else -1), 0)
            case Deleted() if before is not None and before.pinned:
                self.pins = max(self.pins - 1, 0)

    def newest(self, fits: Callable[[Line], bool]) -> Line | None:
        """Return the newest message that *fits*."""
        return next((line for line in reversed(self.lines) if line.is_message and line.id and fits(line)), None)

    def count_unread(self) -> None:
        """Count anew what is unread, and move the mark there."""
        known = max(self.read, self.seen)
        self.unread = self.calls = 0
        self.more_unread = False
        self.mark = None
        serial = oldest = self.lines.end
        while serial > self.lines.first:
            serial -= 1
            line = self.lines[serial]
            if line.id is not None and line.id <= known:
                break
            if line.id is not None and not line.mine and line.kind is not LineKind.NOTICE:
                self.unread += 1
                self.calls += self._calls(line) and line.id not in self._seen_calls
                oldest = serial
        else:
            self.more_unread = self.unread > 0 and self.earlier is not Earlier.NONE
        if self.unread and (self.more_unread or oldest > self.lines.first + 1):
            self.mark = oldest

    def turned_to(self) -> None:
        """The user looks at the room now."""
        self.unread = self.calls = 0
        self.more_unread = False
        self._seen_calls.clear()
        self.seen = max(self.seen, self.lines.newest_id or 0)

    def turned_away(self) -> None:
        """The user looks at it no more."""
        self.mark = None

    def unread_lines(self) -> list[Line]:
        """Return the messages after the last that the user has seen."""
        known = max(self.read, self.seen)
        return [line for line in self.lines if line.is_message and line.id is not None and line.id > known]

    def see(self, number: int) -> None:
        """The user has seen what was said up to the message with that id."""
        self.seen = max(self.seen, number)
        self.count_unread()

    def see_call(self, number: int) -> None:
        """The user has seen the message with that id, which is for them, and not those before it."""
        if self.calls and number > max(self.read, self.seen) and number not in self._seen_calls:
            self._seen_calls.add(number)
            self.calls -= 1

    def draw_mark(self) -> None:
        """Draw the mark below the newest line."""
        self.mark = self.lines.end

    def spoke_recently(self, name: str, now: datetime) -> bool:
        """Return whether *name* has spoken here recently."""
        last = self._speakers.get(name)
        return last is not None and now - last < RECENTLY

    def people(self) -> list[str]:
        """Return the names to complete: recent speakers, the last one first, then the others by name."""
        if self.private:
            return [self.name]
        speakers = [name for name in reversed(self._speakers) if name in self.users]
        return speakers + sorted(self.users.difference(speakers), key=str.casefold)
