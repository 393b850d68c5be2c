"""Compares what the programs were told and shown with what the history holds."""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from e2e.torture.ledger import DENS, LOBBY, Ledger, Request, Variable, Who

UNDER_WAY = 1.0
"""The seconds for which a private message may be under way to its recipient, on a machine that is busy."""


@dataclass(frozen=True)
class Row:
    """A message of the history."""

    number: int
    room: str | None
    author: str
    text: str
    tag: str
    author_id: int
    recipient_id: int


@dataclass(frozen=True)
class Evidence:
    """The program *home* was this subject when the *request* was carried out."""

    home: str
    subject: int
    request: Request


@contextmanager
def copied(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open a copy of the history, so that the next daemon finds the files as the one that was killed left them."""
    with TemporaryDirectory() as other, (folder / "chat.lock").open("ab") as claim:
        # The operator's tool may use the history just now.
        fcntl.flock(claim, fcntl.LOCK_EX)
        for name in ("chat.db", "chat.db-wal"):
            if (folder / name).exists():
                shutil.copy(folder / name, other)
        fcntl.flock(claim, fcntl.LOCK_UN)
        with closing(sqlite3.connect(Path(other) / "chat.db")) as connection:
            yield connection


def _first(request: Request) -> str:
    """The first line of what was said, before it was edited."""
    first: str = request.fields["text"].split("\n")[0]
    return first


class Judge:
    """Looks at the history while no daemon runs."""

    def __init__(self, ledger: Ledger, history: sqlite3.Connection) -> None:
        self._ledger = ledger
        self._history = history
        rows = history.execute(
            "SELECT id, room, author, text, tag, coalesce(author_id, 0), coalesce(recipient_id, 0) "
            "FROM messages WHERE deleted_by IS NULL ORDER BY id"
        )
        self._rows = [Row(*row) for row in rows]
        self._said = {number: request for request in ledger.requests.values() for number in request.numbers}
        self._by_id = {row.number: row for row in self._rows}
        self._subjects: dict[int, Who] = {}
        self._in_connection: dict[tuple[str, int], set[int]] = {}
        self._lasting = {party for (party,) in history.execute("SELECT coalesce(presence, id) FROM accounts")}
        """As whom the accounts have their conversations."""
        self._of: dict[str, list[int]] = {}
        """The accounts and presences of each program, in their order."""

    def judge(self) -> None:
        """Find all that should not be, after a kill or in the end."""
        self._judge_messages()
        self._judge_owners()
        self._judge_views()
        self._judge_lines()
        self._judge_private()
        self._judge_rights()
        self._ledger.changes.judge(self._history, self._by_id)

    def _judge_messages(self) -> None:
        """What was acknowledged is there, once, in the order in which its author sent it, and nothing else is."""
        ledger = self._ledger
        tags = Counter(row.tag for row in self._rows)
        for tag, many in tags.items():
            if many > 1:
                ledger.fault("doubled", f"{tag} was stored {many} times")
        last: dict[str, tuple[int, int]] = {}
        for row in self._rows:
            request = ledger.requests.get(row.tag)
            if request is None or row.room != request.fields.get("room"):
                ledger.fault("other", f"the history holds {row}, which nobody said")
                continue
            if row.text not in ledger.changes.texts(request, row.number):
                ledger.fault("other", f"nobody has given it that text: {row}")
            elif not ledger.changes.may_have(row.number, row.text):
                ledger.fault("wrong state", f"the last edit of {row} is another")
            if request.refused:
                ledger.fault("other", f"{row.tag} was refused ({request.refused}), and is in the history")
            label, said = row.tag.rsplit("-", 1)
            home = request.who[0]
            before, number = last.get(label, (0, 0))
            if not request.private or request.sends == 1:  # Else it may have been refused first, unheard.
                if int(said) < before:
                    ledger.fault("reordered", f"{row.tag} has the id {row.number}, and {label}-{before} had {number}")
                last[label] = int(said), row.number
            if request.who not in ledger.holders(row.author, request.since, request.until):
                ledger.fault("other", f"{home} never was {row.author}: {row}")
        for request in ledger.requests.values():
            for number in request.numbers:
                if number not in self._by_id and (number in ledger.deleted or self._may_have_ended(request)):
                    continue
                if ledger.deleted.get(number):
                    ledger.fault("other", f"{request.tag} was deleted, and is in the history")
                if number not in self._by_id or self._by_id[number].tag != request.tag:
                    ledger.fault("lost", f"{request.tag} was acknowledged with the id {number}")

    def _may_have_ended(self, request: Request) -> bool:
        """Tell whether both sides of a conversation may have left for good: then nobody has what they have said."""
        ledger = self._ledger
        readers = {who for number, _, who, _ in ledger.shown if number in request.numbers}
        readers = readers or ledger.holders(request.fields.get("name", ""), request.since, request.until)

        def may_have_left(home: str) -> bool:
            return home not in ledger.accounts and ledger.may_have_left(home, request.since, ledger.now())

        # Of several who may have had the name, one was meant.
        return request.private and may_have_left(request.who[0]) and any(may_have_left(home) for home, _ in readers)

    def _judge_owners(self) -> None:
        """Each message belongs to the presence or the account of who said it, which is never another's."""
        ledger = self._ledger
        before: dict[str, Evidence] = {}
        for number, home in self._history.execute("SELECT id, name FROM accounts"):
            self._subjects[number] = home, 0
            self._of[home] = [number]
        for row in self._rows:
            request = ledger.requests.get(row.tag)
            if request is None:
                continue
            home = request.who[0]
            owner = self._subjects.setdefault(row.author_id, request.who)
            if owner != request.who:
                ledger.fault("other", f"{row.author_id} is {owner} and {request.who}")
            self._of.setdefault(home, []).append(row.author_id)
            if request.sends == 1 and request.answered_in == request.connection:
                self._in_connection.setdefault((home, request.connection), set()).add(row.author_id)
            evidence = [Evidence(home, row.author_id, request)]
            if request.fields.get("name") in ledger.guests:
                evidence.append(Evidence(request.fields["name"], row.recipient_id, request))
            for one in evidence:
                if one.subject < 0:
                    self._judge_change(before.setdefault(one.home, one), one)
                    before[one.home] = one

    def _judge_change(self, old: Evidence, new: Evidence) -> None:
        """A presence ends if its user leaves, or if another takes the name while the user is not connected."""
        ledger = self._ledger
        if old.subject == new.subject:
            return
        if not ledger.may_have_left(old.home, old.request.since, new.request.until):
            tags = f"{old.request.tag} and {new.request.tag}"
            ledger.fault("rights", f"the presence of {old.home} ended between {tags}: {old.subject}, {new.subject}")

    def _judge_views(self) -> None:
        """What a program has seen of a room is the history of the room, from where it came in on."""
        ledger = self._ledger
        for (home, room), view in ledger.views.items():
            numbers = [number for number, _ in view]
            lines = [
                (row.number, row.author)
                for row in self._rows
                if row.room == room and numbers[0] <= row.number <= numbers[-1]
            ]
            for line in sorted(set(lines) - set(view)):
                if line[0] not in ledger.deleted:
                    ledger.fault("lost", f"{home} was not shown {line} of {room}")
            for line in sorted(set(view) - set(lines)):
                if line[0] not in ledger.deleted:
                    ledger.fault("lost", f"{home} was shown {line} of {room}")

    def _judge_lines(self) -> None:
        """What people with netcat have seen of the lobby is what was said there, in its order, and all of it."""
        ledger = self._ledger
        rows = {_first(ledger.requests[row.tag]): row for row in self._rows if row.tag in ledger.requests}
        gone = {_first(self._said[number]) for number in ledger.deleted if number in self._said}
        for home, lines in ledger.lines:
            seen = []
            for author, text in lines:
                row = rows.get(text)
                if row is None and text in gone:
                    continue
                if row is None or row.author != author or row.room != LOBBY:
                    ledger.fault("lost", f"{home} was shown by text {text!r} of {author}, and there is {row}")
                else:
                    seen.append(row.number)
            if len(set(seen)) != len(seen):
                ledger.fault("doubled", f"{home} was shown by text {seen}")
            if seen != sorted(seen):
                ledger.fault("reordered", f"{home} was shown by text {seen}")
            for row in self._rows:
                inside = row.room == LOBBY and seen and seen[0] < row.number < seen[-1]
                if inside and row.number not in seen and row.number not in ledger.deleted:
                    ledger.fault("lost", f"{home} was not shown by text {row}")
        for home, text in ledger.whispered:
            row = rows.get(text)
            ends = {self._subjects.get(end) for end in (row.author_id, row.recipient_id)} if row is not None else set()
            if row is not None and None not in ends and home not in {who[0] for who in ends if who is not None}:
                ledger.fault("shown to the wrong one", f"{home} was shown by text {row}")

    def _judge_private(self) -> None:
        """A private message goes to who has that name when it is sent, and is shown to nobody else."""
        ledger = self._ledger
        for row in self._rows:
            request = ledger.requests.get(row.tag)
            who = self._subjects.get(row.recipient_id)
            if request is None or row.room is not None or who is None:
                continue
            name = request.fields["name"]
            if who not in ledger.holders(name, request.since, request.until) and name != who[0]:
                ledger.fault("shown to the wrong one", f"{row.tag} to {name} was kept for {who}")
        for number, text, who, connection in ledger.shown:
            found = self._by_id.get(number)
            said = self._said.get(number)
            if found is None and said is not None and (number in ledger.deleted or self._may_have_ended(said)):
                continue
            said = said or (ledger.requests.get(found.tag) if found is not None else None)
            texts = ledger.changes.texts(said, number) if said is not None else set()
            if found is None or text not in texts | {one.replace("\n", " ") for one in texts}:
                ledger.fault("lost", f"{who} was shown the private message {number}, {text}")
                continue
            subjects = set(self._of.get(who[0], ()))
            if found.recipient_id not in self._subjects:
                continue  # A presence that has said nothing.
            if who[0] not in ledger.roles:
                subjects = self._in_connection.get((who[0], connection), subjects)
            if not {found.author_id, found.recipient_id} & subjects:
                ledger.fault("shown to the wrong one", f"{who} was shown {found}")

    def judge_delivery(
        self, places: Iterable[tuple[str, str, int]], devices: Iterable[tuple[str, str, Collection[int]]]
    ) -> None:
        """In the end, all have been shown everything: *places* tells up to which id programs have seen rooms, *devices*
        what private messages were shown to those that follow conversations."""
        ledger = self._ledger
        last = {row.room: row.number for row in self._rows}
        for home, room, number in places:
            if number < last.get(room, 0):
                ledger.fault("lost", f"{home} has seen {room} up to {number}, not {last[room]}")
        shown = {(number, who[0]) for number, _, who, _ in ledger.shown}
        for row in self._rows:
            who = self._subjects.get(row.recipient_id)
            if row.room is not None or who is None or row.recipient_id == row.author_id:
                continue
            here = who[0] in ledger.accounts or self._of[who[0]][-1] == row.recipient_id
            if not here or (row.number, who[0]) in shown or row.number in ledger.deleted:
                continue
            if self._may_have_crossed(who[0], ledger.requests[row.tag]):
                ledger.counts["crossed by a line and not shown"] += 1
            else:
                ledger.fault("lost", f"{who} was not shown {row}")
        for label, home, numbers in devices:
            for row in self._rows:
                ends = {self._subjects.get(end) for end in (row.author_id, row.recipient_id)}
                mine = row.room is None and home in {who[0] for who in ends if who is not None}
                if mine and row.number not in numbers and row.number not in ledger.deleted:
                    ledger.fault("lost", f"{label} was not shown {row}")
        self._judge_conversations()
        for row in self._rows:
            index = "private_words" if row.room is None else "words"
            find = f"SELECT rowid FROM {index} WHERE {index} MATCH ?"  # noqa: S608
            if (row.number,) not in self._history.execute(find, (f'"{row.text}"',)).fetchall():
                ledger.fault("other", f"a search does not find {row}")

    def _judge_conversations(self) -> None:
        """Both sides of a private message have it, and nobody else has."""
        copies: dict[int, set[int]] = {}
        for subject, number in self._history.execute("SELECT subject, id FROM copies"):
            copies.setdefault(number, set()).add(subject)
        ended = {subject for (subject,) in self._history.execute("SELECT subject FROM ended")}
        for number, author, recipient in self._history.execute("SELECT id, author, recipient FROM private"):
            there = copies.get(number, set())
            if there - {author, recipient}:
                self._ledger.fault("shown to the wrong one", f"{there} have {self._by_id.get(number)}")
            for party in {author, recipient} - there - ended:
                if party in self._lasting:
                    self._ledger.fault("lost", f"{party} has {self._by_id.get(number)} no more")

    def _may_have_crossed(self, home: str, request: Request) -> bool:
        """Tell whether a private message may have been under way when a connection broke.

        A line that its recipient sent meanwhile then confirms it, although nobody has it.
        """
        for one in self._ledger.connections[home]:
            if one.welcome > one.ended or one.ended < request.since:
                continue
            shown = max(one.welcome, min(request.until, one.ended))
            if one.last_line >= max(one.welcome, request.since) and one.ended - shown < UNDER_WAY:
                return True
            if request.until < one.ended:
                break
        return False

    def _judge_rights(self) -> None:
        """Accounts, roles, ops and invitations are what was acknowledged; all others' rights were given to them."""
        ledger, now = self._ledger, self._ledger.now()
        held: dict[tuple[str, int], tuple[bool, bool]] = {}
        for room, subject, op, invited in self._history.execute("SELECT room, subject, op, invited FROM rights"):
            held[room, subject] = bool(op), bool(invited)
        accounts = {
            name: (number, role) for number, name, role in self._history.execute("SELECT id, name, role FROM accounts")
        }
        for home, variable in ledger.accounts.items():
            self._settle(f"whether {home} has an account", variable, home in accounts)
            if home not in accounts:
                continue
            number, role = accounts[home]
            self._settle(f"the role of {home}", ledger.roles[home], role or "user")
            for room in DENS:
                op, invited = held.get((room, number), (False, False))
                self._settle(f"whether {home} is op of {room}", ledger.right("op", room, (home, 0)), op)
                self._settle(f"whether {home} is invited to {room}", ledger.right("invite", room, (home, 0)), invited)
        for room in DENS:
            if self._history.execute("SELECT access FROM rules WHERE room = ?", (room,)).fetchone() != ("private",):
                ledger.fault("rights", f"{room} is not private any more")
        for (room, subject), values in held.items():
            who = self._subjects.get(subject)
            if who is None or subject > 0:
                continue
            for kind, value in zip(("op", "invite"), values, strict=True):
                if value and True not in ledger.right(kind, room, who).possible(0, now):
                    ledger.fault("rights", f"{who} has {kind} of {room}, which nobody gave it")

    def _settle(self, what: str, variable: Variable, value: Hashable) -> None:
        ledger, now = self._ledger, self._ledger.now()
        possible = variable.possible(now, now)
        if not variable.settle(value, now, ledger.running()):
            ledger.fault("rights", f"{what}: {value}, and not {possible}")

    def settle_requests(self) -> None:
        """What had no answer when the daemon was killed was stored before, or is still to be stored."""
        stored = {row.tag for row in self._rows}
        for request in self._ledger.requests.values():
            if request.says and not request.numbers and not request.refused:
                if request.tag in stored:
                    request.until = min(request.until, self._ledger.now())
                else:
                    request.since = self._ledger.now()

    def unseen(self) -> int:
        """How many messages were stored that nobody had been shown: the kill came between store and show."""
        ledger = self._ledger
        seen = {number for view in ledger.views.values() for number, _ in view}
        seen |= {number for number, _, _, _ in ledger.shown}
        return sum(
            row.number not in seen and row.tag in ledger.requests and not ledger.requests[row.tag].numbers
            for row in self._rows
        )
