"""How messages were changed, as far as anybody was told, and what programs know of the messages by that."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from e2e.torture.ledger import Event, Ledger, Request

KINDS = {"edit": "edited", "react": "reacted", "pin": "pinned", "delete": "deleted"}
"""The changes by the requests for them."""
MARK = " changed by "
"""What stands in all texts that messages were given by an edit, before the tag of the edit."""


class Known(NamedTuple):
    """What a program knows of a message."""

    text: str
    reactions: tuple[tuple[str, int], ...] = ()
    pinned: bool = False
    deleted: bool = False


class Model:
    """What a program knows of the messages that it was shown, as they were changed since."""

    def __init__(self) -> None:
        self.messages: dict[int, Known] = {}

    def take(self, event: Event) -> None:
        """Take in a message, or how one was changed that it knows."""
        number = event["id"]
        if event["type"] == "message":
            counts = sorted((one["text"], one["count"]) for one in event.get("reactions", ()))
            self.messages[number] = Known(event["text"], tuple(counts), bool(event.get("pinned")))
            return
        known = self.messages.get(number)
        if known is None:
            return
        match event["type"]:
            case "edited":
                known = known._replace(text=event["text"])
            case "deleted":
                known = known._replace(deleted=True)
            case "pinned":
                known = known._replace(pinned=event["on"])
            case "reacted":
                counts_now = {**dict(known.reactions), event["text"]: event["count"]}
                known = known._replace(reactions=tuple(sorted(one for one in counts_now.items() if one[1])))
        self.messages[number] = known


@dataclass
class Told:
    """A change that somebody was told of."""

    event: Event
    home: str
    """Who has asked for it, if that is known."""


class Changes:
    """All changes that anybody has asked for, or was told of."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.told: dict[int, Told] = {}
        """By their revs."""
        self._revs: dict[str, int] = {}
        """The rev of each tag."""
        self._edits: dict[int, list[Request]] = {}
        self._numbers: dict[int, tuple[str, int, str]] = {}

    def ask(self, request: Request) -> None:
        """Somebody is about to send a request for a change."""
        if request.kind == "edit":
            self._edits.setdefault(request.fields["id"], []).append(request)

    def number(self, number: int, what: tuple[str, int, str]) -> None:
        """A message, or a change, was shown under that number."""
        known = self._numbers.setdefault(number, what)
        if known != what:
            self._ledger.fault("doubled", f"the number {number} is that of {known} and of {what}")

    def tell(self, event: Event, label: str) -> None:
        """Somebody was told of a change."""
        ledger, rev = self._ledger, event.get("rev", 0)
        if not rev:
            return
        # The text of an edit that is replayed is what the message has now.
        text = event["text"] if event["type"] == "reacted" else ""
        self.number(rev, (event["type"], event["id"], text))
        if rev < event["id"]:
            ledger.fault("reordered", f"{label} was told of {event}, which was before the message")
        request = ledger.requests.get(event.get("tag") or "")
        if request is None or KINDS.get(request.kind) != event["type"]:
            self.told.setdefault(rev, Told(event, ""))
            return
        self.told[rev] = Told(event, request.who[0])
        if self._revs.setdefault(request.tag, rev) != rev:
            ledger.fault(
                "doubled", f"{request.tag} has changed message {event['id']} by {self._revs[request.tag]}, {rev}"
            )
        if request.refused:
            ledger.fault("other", f"{request.tag} was refused ({request.refused}), and was done: {event}")
        if request.kind == "edit":
            self._judge_edit(request, event)

    def _judge_edit(self, request: Request, event: Event) -> None:
        said = next((one for one in self._ledger.requests.values() if event["id"] in one.numbers), None)
        if said is not None and said.who[0] != request.who[0]:
            self._ledger.fault("rights", f"{request.tag} has edited what {said.who[0]} has said: {event}")

    def texts(self, said: Request, *numbers: int) -> set[str]:
        """All texts that a message may have, or have had; *numbers*: its id, if it was not acknowledged."""
        edits = (edit for number in {*said.numbers, *numbers} for edit in self._edits.get(number, ()))
        return {said.fields["text"], *(edit.fields["text"] for edit in edits if not edit.refused)}

    def may_have(self, number: int, text: str) -> bool:
        """Tell whether a message may have that text now: that of the last edit, or one of which nobody was told."""
        told = [(rev, one) for rev, one in self.told.items() if one.event["id"] == number]
        last = max((rev for rev, one in told if one.event["type"] == "edited"), default=0)
        if last and self.told[last].event["text"] == text:
            return True
        edits = self._edits.get(number, ())
        untold = {edit.fields["text"] for edit in edits if not edit.refused and edit.tag not in self._revs}
        return text in untold or (not last and MARK not in text)

    # -- the history

    def judge(self, history: sqlite3.Connection, there: Iterable[int]) -> None:
        """What somebody was told of is stored, or something later in its place."""
        kept = set(there)
        rows = list(map(_Row._make, history.execute("SELECT rev, id, kind, text, state, tag FROM changes")))
        by_rev = {row.rev: row for row in rows}
        for rev, told in self.told.items():
            number, kind = told.event["id"], told.event["type"]
            if kind == "deleted" or number not in kept:
                continue
            row, text = by_rev.get(rev), told.event["text"] if kind == "reacted" else ""
            if row is not None:
                right = (row.id, row.kind, row.text) == (number, kind, text)
                if not right or (kind != "edited" and bool(row.state) is not told.event["on"]):
                    self._ledger.fault("other", f"the history has {row}, and {told.event} was told")
                continue
            later = [
                row
                for row in rows
                if (row.id, row.kind, row.text) == (number, kind, text)
                and row.rev > rev
                and (kind != "reacted" or self._home(row.tag) in ("", told.home))
            ]
            if not later:
                self._ledger.fault("lost", f"{told.event} was told, and is not in the history")

    def _home(self, tag: str | None) -> str:
        request = self._ledger.requests.get(tag or "")
        return request.who[0] if request is not None else ""

    def judge_model(self, history: sqlite3.Connection, label: str, model: Model) -> None:
        """In the end a program knows of each message what the history says."""
        texts: dict[int, str] = dict(history.execute("SELECT id, text FROM messages WHERE deleted_by IS NULL"))
        counts: dict[int, list[tuple[str, int]]] = {}
        count = (
            "SELECT id, text, count(*) FROM changes WHERE kind = 'reacted' AND state GROUP BY id, text ORDER BY text"
        )
        for number, text, many in history.execute(count):
            counts.setdefault(number, []).append((text, many))
        pinned = {number for (number,) in history.execute("SELECT id FROM changes WHERE kind = 'pinned' AND state")}
        for number, known in model.messages.items():
            right = Known(texts.get(number, ""), tuple(counts.get(number, ())), number in pinned)
            if number not in texts:
                if not known.deleted and self._ledger.deleted.get(number):
                    self._ledger.fault("wrong state", f"{label} does not know that {number} is deleted: {known}")
            elif known != right:
                self._ledger.fault("wrong state", f"{label} knows of message {number}: {known}, and it is {right}")


class _Row(NamedTuple):
    """A change of the history."""

    rev: int
    id: int
    kind: str
    text: str
    state: int
    tag: str | None
