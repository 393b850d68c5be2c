"""What is known of private conversations, and the look at both sides of them when the day is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from machine.wording import words_of

if TYPE_CHECKING:
    from machine.promises import Register, Subject, Text, World

Ask = Callable[..., Any]
"""Asks for something, and returns the answer."""


class Conversations:
    """Which ``with`` names whom for whom, and how far everybody has read."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._others: dict[tuple[Subject, str], Subject] = {}
        """The other side, by who is told of it and by its ``with``."""
        self._withs: dict[tuple[Subject, Subject], str] = {}
        self._marks: dict[tuple[Subject, Subject], Register] = {}

    def other(self, reader: Subject, name: str) -> Subject | None:
        """Whom that ``with`` names for the party *reader*, if that is known."""
        return self._others.get((reader, name))

    def note(self, reader: Subject, name: str, other: Subject) -> None:
        """The party *reader* is told that *name* is the ``with`` of the party *other*, if it is clear who they are."""
        if reader.unknown or other.unknown:
            return
        for found, right in (
            (self._others.setdefault((reader, name), other), other),
            (self._withs.setdefault((reader, other), name), name),
        ):
            what = f"for {reader} the with {name!r} is of {other}, and {found} was told before."
            self._world.require("with", found == right, what)

    def note_message(self, reader: Subject, text: Text, event: Mapping[str, Any]) -> None:
        """A private message was shown to *reader*: note whom its ``with`` names."""
        author = self._world.author_of(text)
        if author is None or event.get("with") is None:
            return
        if author.party is not reader:
            self.note(reader, event["with"], author.party)
        elif text.end is not None:
            self.note(reader, event["with"], text.end.party)

    def mark(self, reader: Subject, other: Subject, register: Callable[[], Register]) -> Register:
        """Up to where *reader* has read the conversation with *other*."""
        return self._marks.setdefault((reader, other), register())

    # -- when the day is over

    def texts_of(self, party: Subject) -> dict[str, tuple[Text, Subject]]:
        """The texts that must be in the conversations of a party, each with the other side."""
        found = {}
        for text in self._world.texts.values():
            author = self._world.author_of(text)
            if text.room is not None or not text.stays or author is None or text.end is None:
                continue
            if author.party is party:
                found[text.text] = text, text.end.party
            elif text.end.party is party and not self._may_be_ignored(text, text.end):
                found[text.text] = text, author.party
        return found

    def _may_be_ignored(self, text: Text, by: Subject) -> bool:
        names = {name for author in text.authors for name in author.names}
        return any(any(by.ignores(name).everything()) for name in names)

    def look_at(self, account: Subject, ask: Ask) -> None:
        """Read all conversations of an *account*, and look whether they are what was said."""
        world, there = self._world, self.texts_of(account.party)
        found: dict[str, Subject | None] = {}
        for one in self._list(ask):
            other = self.other(account.party, one["with"])
            messages = self._read(one["with"], ask)
            ids = [message["id"] for message in messages]
            what = f"the conversation of {account} with {one['name']} has {ids}, and {one} is said of it."
            world.require("conversations", bool(ids) and ids[-1] == one["last"] and ids == sorted(set(ids)), what)
            for message in messages:
                self._check(account, other, message)
                found[words_of(message["text"])] = other
            unread = [
                message for message in messages if message["id"] > one["read"] and not self._is_by(account, message)
            ]
            if "unread" in one:
                what = f"{one['unread']} messages are said to be unread by {account}, and {len(unread)} are: {one}."
                world.require("conversations", one["unread"] == len(unread), what)
            self._search(account, one, messages, ask)
        for words, (text, _) in there.items():
            what = f"{words!r} (message {text.id}) is in no conversation of {account}."
            known = {*text.versions.everything()}
            world.require("conversations", bool(known & found.keys()), what)

    def _is_by(self, account: Subject, message: Mapping[str, Any]) -> bool:
        text = self._world.by_id[message["id"]]
        return any(author.party is account.party for author in text.authors)

    def _list(self, ask: Ask) -> Iterable[Any]:
        before: int | None = None
        more = True
        while more:
            page = ask("conversations", before=before)
            yield from page["conversations"]
            more = bool(page.get("more"))
            before = page["conversations"][-1]["last"] if page["conversations"] else 0

    def _read(self, name: str, ask: Ask) -> list[Any]:
        after, messages, more = 0, [], True
        while more:
            page = ask("history", **{"with": name, "after": after, "count": 5})
            messages += page["messages"]
            more = page["more"]
            after = messages[-1]["id"] if messages else 0
        return messages

    def _check(self, account: Subject, other: Subject | None, message: Mapping[str, Any]) -> None:
        """Check one message that is in a conversation with *other*."""
        from machine.promises import Look

        world = self._world
        text = world.shown((account,), dict(message), Look(None, 0, world.tick), late=False)
        if text is None:
            return
        parties = world.parties_of(text)
        what = f"{account} finds {text.text!r}, which is between {parties}, in the conversation with {other}."
        world.require("private", account.party in parties, what)
        world.require("conversations", other is None or other in parties, what)
        self.note_message(account.party, text, message)

    def _search(self, account: Subject, one: Mapping[str, Any], messages: list[Any], ask: Ask) -> None:
        """Search for the last message, in the conversation and everywhere."""
        words = words_of(messages[-1]["text"])
        number = messages[-1]["id"]
        if not words.startswith("words"):
            return
        inside = ask("search", **{"with": one["with"], "text": words}).get("messages", [])
        what = f"{account} finds {[message['id'] for message in inside]} by {words} in {one}."
        self._world.require("conversations", [message["id"] for message in inside] == [number], what)
        if not one.get("gone"):
            named = ask("search", text=f"{words} in:@{one['name']}").get("messages", [])
            found = [message["id"] for message in named]
            what = f"{account} finds {found} by {words} in:@{one['name']}, and not {number}."
            self._world.require("conversations", found == [number], what)
        everywhere = ask("search", text=words).get("messages", [])
        self._world.require("private", not everywhere, f"a plain search for {words} finds {everywhere}.")
