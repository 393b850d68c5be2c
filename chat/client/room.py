"""One room, or one private conversation, as a screen shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from chat.client.scrollback import Line, Scrollback
from chat.core.events import RoomState, Rule

RECENTLY = timedelta(minutes=30)
MAXIMUM_SPEAKERS = 200
MAXIMUM_USERS = 10_000


def title_of(name: str, private: bool) -> str:
    """Write the title of a room (``#lobby``) or of a private conversation (``@bob``)."""
    return f"{'@' if private else '#'}{name}"


class Room:
    """A room, or, if *private*, the conversation with the user *name*."""

    def __init__(self, name: str, private: bool = False) -> None:
        self.name = name
        self.private = private
        self.joined = private
        self.topic = ""
        self.users: set[str] = set()
        self.ops: set[str] = set()
        """Those of them who are ops."""
        self.locked = False
        """Whether only ops set the topic."""
        self.away: dict[str, str] = {}
        self.lines = Scrollback()
        self.unread = 0
        self.calls = 0
        """How many of the unread messages name the user or are private."""
        self.mark: int | None = None
        """The serial number of the first line that was not seen when the room was last turned to."""
        self.earlier_asked = False
        """Whether older messages are being fetched, or there are none."""
        self.read_before = 0
        """The id up to which the room was read before the user came."""
        self.seen = 0
        """The id of the newest message that the user has seen."""
        self._speakers: dict[str, datetime] = {}

    @property
    def title(self) -> str:
        """What the room is called on the screen."""
        return title_of(self.name, self.private)

    def enter(self, state: RoomState) -> None:
        """Take over the state of the room that the server has sent.

        If the server knows up to which id the user has read, what follows is unread. Otherwise nothing is that was
        said before the user joined.
        """
        if not self.joined:
            self.read_before = state.last if state.read is None else state.read
        self.joined = True
        self.topic = state.topic
        self.locked = state.locked
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
        if event.rule == "lock":
            self.locked = event.on
        elif event.rule == "op" and event.name in self.users:
            self.ops.discard(event.name)
            if event.on:
                self.ops.add(event.name)

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
        if seen or line.mine or (not self.private and line.id is not None and line.id <= self.read_before):
            return
        if self.mark is None and serial > self.lines.first + 1:
            self.mark = serial
        self.unread += 1
        self.calls += line.mention or line.private

    def turned_to(self) -> None:
        """The user looks at the room now."""
        self.unread = self.calls = 0
        self.seen = max(self.seen, self.lines.newest_id or 0)

    def turned_away(self) -> None:
        """The user looks at it no more."""
        self.mark = None

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
