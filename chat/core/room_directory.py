"""Which rooms there are, and what they hold of users without an account."""

from __future__ import annotations

from collections.abc import Sequence

from chat.core.accounts import Subject, is_presence
from chat.core.errors import TooManyRooms
from chat.core.names import Registry, room_name
from chat.core.room import NO_RIGHTS, Rights, Room

SHELVED = 10
"""So many times the rooms that are held are known by their names only, because nobody is in them."""


class RoomDirectory(Registry[Room]):
    """The rooms by their names, at most *most*."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._shelf: Registry[tuple[str, int]] = Registry()
        """The names of rooms that had to make place, and the ids of their last messages."""
        self._entitled: dict[Subject, set[Room]] = {}
        """The rooms that hold rights of users without an account."""

    def find(self, name: str) -> Room | None:
        """The room that *name* means, which may look like its name, if there is one."""
        wanted = room_name(name)
        return self.get(wanted) or next(iter(self.holders(wanted)), None)

    def open(self, name: str) -> Room:
        """The room that *name* means, made if there is none; raises :class:`TooManyRooms`, :class:`BadName`."""
        room = self.find(name)
        if room is None:
            self._make_place()
            wanted = room_name(name)
            # Where a look-alike is on the shelf, it is that room.
            found = self._shelf.get(wanted) or next(iter(self._shelf.holders(wanted)), None)
            name, last_id = found or (wanted, 0)
            if found is not None:
                self._shelf.release(name)
            room = Room(name, last_id)
            room.kept = bool(last_id)
            self.claim(name, room)
        return room

    def _make_place(self) -> None:
        """Keep no more than the name of a room in which nobody is and nothing is ruled."""
        if len(self) < self._most:
            return
        for room in self.all():
            if room.kept and room.last_id and room.plain and len(self._shelf) < SHELVED * self._most:
                self._shelf.claim(room.name, (room.name, room.last_id))
                self.release(room.name)
                return
        raise TooManyRooms(f"The server holds {self._most} rooms and all are in use. Join one of them: /rooms")

    def put_back(self, room: Room) -> Room:
        """Have *room* again; if there is another of that name by now, return that one."""
        there = self.find(room.name)
        if there is None:
            self.claim(room.name, room)
        return there or room

    def forget(self, room: Room) -> bool:
        """Forget a room that is empty and has neither messages nor rules; tell whether that was so."""
        if not room.forgettable or self.get(room.name) is not room:
            return False
        self.release(room.name)
        return True

    # -- rights

    def entitle(self, room: Room, subject: Subject, rights: Rights) -> None:
        """Have *room* hold exactly these *rights* of *subject*."""
        room.give(subject, rights)
        if is_presence(subject) and rights:
            self._entitled.setdefault(subject, set()).add(room)
        elif subject in self._entitled:
            self._entitled[subject].discard(room)

    def has_entitled(self, presence: Subject) -> bool:
        """Tell whether rooms hold, or have held, rights of a *presence*."""
        return presence in self._entitled

    def entitling(self, subject: Subject) -> Sequence[Room]:
        """The rooms that hold rights of *subject*."""
        rooms = self._entitled.get(subject, ()) if is_presence(subject) else self.all()
        return [room for room in rooms if room.rights(subject)]

    def move_rights(self, rooms: Sequence[Room], old: Subject, new: Subject) -> None:
        """Have *rooms* hold of *new* what they hold of *old*."""
        for room in rooms:
            rights = room.rights(old)
            self.entitle(room, old, NO_RIGHTS)
            self.entitle(room, new, rights)

    def end_rights(self, presence: Subject) -> None:
        """No room holds rights of a *presence* any more."""
        for room in self._entitled.pop(presence, ()):
            room.give(presence, NO_RIGHTS)
