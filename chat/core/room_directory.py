"""Which rooms there are, in which order they are listed, and of whom they hold rights."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Sequence

from chat.core.accounts import Subject, is_presence
from chat.core.bans import RoomBan
from chat.core.errors import TooManyRooms
from chat.core.names import Registry, room_name
from chat.core.room import NO_RIGHTS, Access, Member, Rights, Room, Status

KEPT = 11
"""At most so many times the rooms that may be in use are known, most of them because something was said in them."""

FEW = 8
"""If at most an eighth of the rooms may have moved in the order, they are moved one by one; else all are sorted."""

Place = tuple[int, int, str]
"""Where a room stands in the order: the fuller first, then the one with the newer message."""


class RoomDirectory(Registry[Room]):
    """The rooms by their names. At most *most* are in use; others are kept, and nobody is in them.

    For the room that is called *always*, through which everybody comes in, there is place all the same.
    """

    def __init__(self, most: int, always: str = "") -> None:
        super().__init__()
        self._most = most
        self._always = always
        self._idle: set[Room] = set()
        """The rooms that are kept, and in which nobody is."""
        self._entitled: dict[Subject, set[Room]] = {}
        """The rooms that hold rights of each subject."""
        self._order: dict[Access, list[Place]] = {kind: [] for kind in Access}
        self._places: dict[str, tuple[Access, Place]] = {}
        self._stirred: dict[str, Room] = {}
        """The rooms whose places in the order may have changed, also those that are gone and still have one."""
        self._barred: dict[str, set[Room]] = {}
        """The rooms from which newcomers without an account are banned, by the networks that they come from."""
        self._guarded: tuple[set[str], set[str]] = set(), set()
        self._hidden: list[frozenset[str] | None] = [None, None]
        """Which rooms are hidden from users without an account, and from those with one, unless they are invited."""

    # -- which there are

    def find(self, name: str) -> Room | None:
        """The room that *name* means, which may look like its name, if there is one."""
        wanted = room_name(name)
        return self.get(wanted) or next(iter(self.holders(wanted)), None)

    def open(self, name: str) -> Room:
        """The room that *name* means, made if there is none; raises :class:`TooManyRooms`, :class:`BadName`."""
        room = self.find(name)
        if room is None:
            room = Room(room_name(name))
            if room.name != self._always:
                self._require_place()
            self.claim(room.name, room)
        return room

    def _require_place(self) -> None:
        """Raise :class:`TooManyRooms` unless there may be one more."""
        if len(self) - len(self._idle) >= self._most:
            raise TooManyRooms(f"The server holds {self._most} rooms and all are in use. Join one of them: /rooms")
        if len(self) >= KEPT * self._most:
            raise TooManyRooms(f"The server keeps {len(self)} rooms, which is the most. Join one of them: /rooms")

    def claim(self, name: str, holder: Room) -> None:
        """Enter a room."""
        super().claim(name, holder)
        holder.stirred = False
        if holder.kept and not holder.members:
            self._idle.add(holder)
        for subject in holder.subjects():
            self._entitled.setdefault(subject, set()).add(holder)
        self._bar(holder, *holder.bans.values())
        self.guard(holder)

    def release(self, name: str) -> None:
        """Set the name of a room free."""
        room = self[name]
        super().release(name)
        self._idle.discard(room)
        for subject in room.subjects():
            self._let_go(subject, room)
        self._bar(room, *room.bans.values())
        self.guard(room)
        if name not in self._places:
            self._stirred.pop(name, None)

    def _holds(self, room: Room) -> bool:
        return room.name in self and self[room.name] is room

    def put_back(self, room: Room) -> Room:
        """Have *room* again; if there is another of that name by now, return that one.

        If it was forgotten, the history holds nothing of it any more.
        """
        there = self.find(room.name)
        if there is None:
            room.kept = False
            self.claim(room.name, room)
        return there or room

    def forget(self, room: Room) -> bool:
        """Forget a room that is empty and has neither messages nor rules; tell whether that was so."""
        if not room.forgettable or self.get(room.name) is not room:
            return False
        self.release(room.name)
        return True

    # -- who is in them

    def enter(self, room: Room, member: Member) -> None:
        """*member* is in *room* from now on."""
        self._idle.discard(room)
        room.members[member] = None
        self.stir(room)

    def exit(self, room: Room, member: Member) -> None:
        """*member* is in *room* no longer."""
        del room.members[member]
        if room.kept and not room.members:
            self._idle.add(room)
        self.stir(room)

    # -- their order

    def stir(self, room: Room) -> None:
        """Somebody came into *room*, left it or spoke in it."""
        if not room.stirred:
            room.stirred = True
            self._stirred[room.name] = room

    def liveliest(self, access: Access) -> Sequence[Place]:
        """The places of the rooms of that *access* that are not closed, in their order."""
        stirred, self._stirred = self._stirred, {}
        for room in stirred.values():
            room.stirred = False
        if len(stirred) * FEW > len(self):
            self._places = {}
            self._order = {kind: [] for kind in Access}
            for room in self.all():
                self._put(room)
            for order in self._order.values():
                order.sort()
        else:
            for room in stirred.values():
                self._move(room)
        return self._order[access]

    def _put(self, room: Room) -> None:
        """Add *room* to those of its kind, at the end."""
        if room.status is not Status.CLOSED:
            place = place_of(room)
            self._places[room.name] = room.access, place
            self._order[room.access].append(place)

    def _move(self, room: Room) -> None:
        """Have the room of the name of *room* in its place in the order, if there is one."""
        kind, place = self._places.pop(room.name, (None, None))
        if kind is not None and place is not None:
            order = self._order[kind]
            del order[bisect_left(order, place)]
        if room.name in self:
            there = self[room.name]
            if there.status is not Status.CLOSED:
                self._places[there.name] = there.access, place_of(there)
                insort(self._order[there.access], place_of(there))

    # -- who reads them

    def guard(self, room: Room) -> None:
        """Note from whom *room* is hidden, and among which it is listed."""
        self.stir(room)
        there = self._holds(room)
        private = room.status is Status.CLOSED or room.access is Access.PRIVATE
        for account, hidden in ((False, private or room.access is Access.MEMBERS), (True, private)):
            guarded = self._guarded[account]
            if (there and hidden) is not (room.name in guarded):
                (guarded.add if there and hidden else guarded.discard)(room.name)
                self._hidden[account] = None

    def hidden(self, *, account: bool) -> frozenset[str]:
        """The rooms that only the invited read, of users with an *account*, or of those without."""
        found = self._hidden[account]
        if found is None:
            found = self._hidden[account] = frozenset(self._guarded[account])
        return found

    def _bar(self, room: Room, *bans: RoomBan | None) -> None:
        """Note whom *room* is barred to by their networks; *bans* have come or gone."""
        for network in {ban.network for ban in bans if ban is not None and ban.network}:
            rooms = self._barred.setdefault(network, set())
            if self._holds(room) and any(ban.network == network for ban in room.bans.values()):
                rooms.add(room)
            else:
                rooms.discard(room)
            if not rooms:
                del self._barred[network]

    def barred(self, network: str) -> Collection[Room]:
        """The rooms from which newcomers without an account from that *network* are banned."""
        return self._barred.get(network, ())

    # -- rights

    def entitle(self, room: Room, subject: Subject, rights: Rights) -> None:
        """Have *room* hold exactly these *rights* of *subject*."""
        before = room.bans.get(subject)
        room.give(subject, rights)
        if before is not rights.ban:
            self._bar(room, before, rights.ban)
        if not rights:
            self._let_go(subject, room)
        elif self._holds(room):
            self._entitled.setdefault(subject, set()).add(room)

    def _let_go(self, subject: Subject, room: Room) -> None:
        """*room* holds nothing of *subject* any more. Of presences is known whether any room ever did."""
        rooms = self._entitled.get(subject)
        if rooms is not None:
            rooms.discard(room)
            if not rooms and not is_presence(subject):
                del self._entitled[subject]

    def has_entitled(self, presence: Subject) -> bool:
        """Tell whether rooms hold, or have held, rights of a *presence*."""
        return presence in self._entitled

    def entitling(self, subject: Subject) -> Sequence[Room]:
        """The rooms that hold rights of *subject*."""
        return list(self._entitled.get(subject, ()))

    def move_rights(self, rooms: Sequence[Room], old: Subject, new: Subject) -> None:
        """Have *rooms* hold of *new* what they hold of *old*."""
        for room in rooms:
            rights = room.rights(old).of(new)
            self.entitle(room, old, NO_RIGHTS)
            self.entitle(room, new, rights)

    def end_rights(self, presence: Subject) -> None:
        """No room holds rights of a *presence* any more, but for bans that keep others from its network out."""
        for room in self._entitled.pop(presence, ()):
            ban = room.bans.get(presence)
            room.give(presence, Rights(ban=ban.of_network() if ban is not None else None))


def place_of(room: Room) -> Place:
    """Where *room* stands in the order."""
    return -len(room.members), -room.last_id, room.name
