"""Files that come with messages: how they are called, and who may send which one now."""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from chat.core.accounts import Subject
from chat.core.private import Shares
from chat.core.session import ResumeToken, Session
from chat.core.text import clean, seen

LONGEST_NAME = 100
"""The characters of a file's name."""

LEAST = 65_536
"""The bytes that a file counts at least, so that the number of files is bounded too."""

UPLOADS_EACH = 10
"""So many files each user may be about to send; one more takes the place of the oldest."""

_UNSAFE = str.maketrans(dict.fromkeys("<>:\"|?*&;$`'\\/", "_"))
"""What means something else to a shell, a web page or another system."""

ALL = ""
"""Whose share in :class:`Shares` is that of all senders together."""


def file_name(name: str) -> str:
    """Clean the name of a file, which may have been given with its folders; its ending stays."""
    last = clean(name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1])
    last = seen(last).translate(_UNSAFE).strip(" .-")
    stem, dot, ending = last.rpartition(".")
    if len(last) > LONGEST_NAME and 0 < len(ending) <= 10:
        last = f"{stem[: LONGEST_NAME - len(ending) - 1].rstrip()}{dot}{ending}"
    return last[:LONGEST_NAME].rstrip(" .") or "file"


def cost(size: int) -> int:
    """What a file takes of the share of its sender."""
    return max(size, LEAST)


def address(site: str, key: str, name: str) -> str:
    """Where the file with that *key* and *name* is fetched; ``""`` if nowhere."""
    return f"{site}f/{key}/{quote(name)}" if site else ""


class Ticket(msgspec.Struct, eq=False):
    """Somebody may send one file, into ``room`` or to the party ``to``, until then (monotonic seconds).

    ``most`` are the bytes that it may have; without a ``name``, it has that under which it comes. It is theirs as long
    as the session that asked, or who resumed it, is here.
    """

    key: str
    session: Session
    token: ResumeToken | None
    party: Subject
    sender: str
    """Whose share of the room for files it takes."""
    room: str | None
    to: Subject
    name: str
    most: int
    until: float
    comes: int | None = None
    """What is reserved for it, while it is coming."""
    sent: str = ""
    """Once it was sent: the sentence that says so."""

    @property
    def stands(self) -> bool:
        """Whether who asked for it is still here by the same session."""
        holder = self.session if self.token is None else self.token.resumes
        return holder is not None and not holder.gone


class Uploads:
    """Who may send which file now, and how much room each sender has taken.

    A sender is an account, by its party, or the network of users without one. What the history has dropped since it
    was asked is not counted here: what is known is never too little.
    """

    def __init__(self) -> None:
        self._tickets: dict[str, Ticket] = {}
        """In the order in which they were given, which is that of their ends."""
        self._of: dict[Subject, dict[str, None]] = {}
        """The keys of the tickets of each party."""
        self._shares = Shares()
        self._coming = Shares()
        """What is reserved for files that are coming."""

    def add(self, ticket: Ticket, now: float) -> None:
        """Somebody may send a file from *now* on."""
        while self._tickets and (first := next(iter(self._tickets.values()))).until < now and first.comes is None:
            self._drop(first)
        own = [self._tickets[key] for key in self._of.get(ticket.party, ())]
        waiting = [one for one in own if one.comes is None]
        for one in waiting[: max(0, len(waiting) - UPLOADS_EACH + 1)]:
            self._drop(one)
        self._tickets[ticket.key] = ticket
        self._of.setdefault(ticket.party, {})[ticket.key] = None

    def end(self, party: Subject) -> None:
        """The *party* has left: it sends nothing more, but for what is coming, which is refused when it is there."""
        for key in list(self._of.get(party, ())):
            if self._tickets[key].comes is None:
                self._drop(self._tickets[key])

    def _drop(self, ticket: Ticket) -> None:
        del self._tickets[ticket.key]
        own = self._of[ticket.party]
        del own[ticket.key]
        if not own:
            del self._of[ticket.party]

    def find(self, key: str, now: float) -> Ticket | None:
        """The ticket with that *key*, if it is good *now*."""
        ticket = self._tickets.get(key)
        return ticket if ticket is not None and (ticket.until >= now or ticket.comes is not None) else None

    def __len__(self) -> int:
        return len(self._tickets)

    def count(self, sender: str, own: int, together: int) -> None:
        """The history holds so much of the *sender*, and of all *together*; what is coming is counted besides."""
        self._shares.set(sender, own + self._coming.spent(sender))
        self._shares.set(ALL, together + self._coming.spent(ALL))

    def taken(self, sender: str = ALL) -> int:
        """How much the *sender* has taken, or all have together."""
        return self._shares.spent(sender)

    def reserve(self, ticket: Ticket, size: int) -> None:
        """A file of this *size* is coming."""
        ticket.comes = cost(size)
        for sender in (ticket.sender, ALL):
            self._shares.add(sender, ticket.comes)
            self._coming.add(sender, ticket.comes)

    def settle(self, ticket: Ticket, size: int | None) -> None:
        """What was coming has this *size* now and stays; or it does not come any more: ``None``."""
        came, ticket.comes = ticket.comes or 0, None
        kept = 0 if size is None else cost(size)
        for sender in (ticket.sender, ALL):
            self._shares.add(sender, kept - came)
            self._coming.add(sender, -came)
