"""Files that come with messages: how they are called, and who may send which one now."""

from __future__ import annotations

from collections.abc import Iterator
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

    ``most`` are the bytes that it may have. It is theirs as long as the session that asked, or who resumed it, is here.
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
        self._shares = Shares()

    def add(self, ticket: Ticket, now: float) -> None:
        """Somebody may send a file from *now* on."""
        for key, one in list(self._tickets.items()):
            if one.comes is None and (one.until < now or not one.stands):
                del self._tickets[key]
        own = [key for key, one in self._tickets.items() if one.party == ticket.party and one.comes is None]
        for key in own[: max(0, len(own) - UPLOADS_EACH + 1)]:
            del self._tickets[key]
        self._tickets[ticket.key] = ticket

    def find(self, key: str, now: float) -> Ticket | None:
        """The ticket with that *key*, if it is good *now*."""
        ticket = self._tickets.get(key)
        return ticket if ticket is not None and (ticket.until >= now or ticket.comes is not None) else None

    def __len__(self) -> int:
        return len(self._tickets)

    def count(self, sender: str, own: int, together: int) -> None:
        """The history holds so much of the *sender*, and of all *together*; what is coming is counted besides."""
        coming = list(self._coming())
        self._shares.set(sender, own + sum(size for of, size in coming if of == sender))
        self._shares.set(ALL, together + sum(size for _, size in coming))

    def _coming(self) -> Iterator[tuple[str, int]]:
        return ((one.sender, one.comes) for one in self._tickets.values() if one.comes is not None)

    def taken(self, sender: str = ALL) -> int:
        """How much the *sender* has taken, or all have together."""
        return self._shares.spent(sender)

    def reserve(self, ticket: Ticket, size: int) -> None:
        """A file of this *size* is coming."""
        ticket.comes = cost(size)
        self._shares.add(ticket.sender, ticket.comes)
        self._shares.add(ALL, ticket.comes)

    def settle(self, ticket: Ticket, size: int) -> None:
        """What was coming has this *size* now and stays; or it does not come any more: 0."""
        taken = (cost(size) if size else 0) - (ticket.comes or 0)
        ticket.comes = None
        self._shares.add(ticket.sender, taken)
        self._shares.add(ALL, taken)
