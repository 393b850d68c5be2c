"""One room, or one private conversation, as a screen shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from first_storey.scrollback import Line, Scrollback

RECENTLY = timedelta(minutes=30)
MAXIMUM_SPEAKERS = 200
MAXIMUM_USERS = 10_000


def title_of(name: str, private: bool) -> str:
    """Write the title of a room (``#lobby``) or of a private conversation (``@bob``)."""
    return f"{'@' if private else '#'}{name}"


class Room:
    """What is known of a room; with *private*, of the conversation with the user *name*."""

    def __init__(self, name: str, private: bool = False) -> None:
        self.name = name
        self.private = private
        self.joined = private
        self.topic = ""
        self.users: set[str] = set()
        self.away: dict[str, str] = {}
        self.lines = Scrollback()
        self.unread = 0
        self.calls = 0
        """How many of the unread messages name the user or are private."""
        self.mark: int | None = None
        """The serial number of the first line that was not seen when the room was last turned to."""
        self.earlier_asked = False
        """Whether older messages have been asked for and not come, or there are none."""
        self.read_before = 0
        """The id up to which the room was read before the user came."""
        self.seen = 0
        """The id of the newest message that the user has seen."""
        self._speakers: dict[str, datetime] = {}

    @property
    def title(self) -> str:
        """What the room is called on the screen."""
        return title_of(self.name, self.private)

    def enter(
        self, topic: str, users: Iterable[str], away: Mapping[str, str], last: int, read: int | None = None
    ) -> None:
        """The server tells how things stand.

        What was said before the user first came is not unread, unless the server knows better: up to the id *read*.
        """
        if not self.joined:
            self.read_before = last if read is None else read
        self.joined = True
        self.topic = topic
        self.set_users(users, away)

    def set_users(self, users: Iterable[str], away: Mapping[str, str]) -> None:
        """Take over who is there."""
        self.users.clear()
        for name in users:
            self.add_user(name)
        self.away = {name: text for name, text in away.items() if name in self.users}

    def add_user(self, name: str) -> None:
        """Somebody is there."""
        if len(self.users) < MAXIMUM_USERS:
            self.users.add(name)

    def remove_user(self, name: str) -> None:
        """Somebody is no longer there."""
        self.users.discard(name)
        self.away.pop(name, None)

    def rename_user(self, name: str, new: str) -> None:
        """Somebody has another name."""
        if name in self.users:
            self.users.discard(name)
            self.users.add(new)
        if name in self.away:
            self.away[new] = self.away.pop(name)
        if name in self._speakers:
            self._speakers[new] = self._speakers.pop(name)

    def add_message(self, line: Line, seen: bool) -> None:
        """Something was said; *seen*: the user is looking at the room."""
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
        """Tell whether anybody would wonder where *name* is."""
        last = self._speakers.get(name)
        return last is not None and now - last < RECENTLY

    def people(self) -> list[str]:
        """Who may be meant: the recent speakers, the last one first, then the others by name."""
        if self.private:
            return [self.name]
        speakers = [name for name in reversed(self._speakers) if name in self.users]
        return speakers + sorted(self.users.difference(speakers), key=str.casefold)
