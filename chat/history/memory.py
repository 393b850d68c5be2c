"""A history that ends with the process."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, dropwhile, islice
from operator import attrgetter
from typing import Any

from msgspec.structs import asdict, replace
from twisted.internet.defer import Deferred, succeed

from chat.core.accounts import StoredAccount, Subject
from chat.core.events import Deleted, Edited, File, Message, Sent
from chat.core.facts import (
    AccountRenamed,
    Attached,
    Between,
    Changed,
    Contents,
    Decision,
    PasswordSet,
    PresencesEnded,
    ReadUpTo,
    ReadWith,
    Record,
    Registered,
    RoleSet,
    Said,
    Seen,
    Unregistered,
    WordsSet,
    fact_of,
)
from chat.core.files import cost as file_cost
from chat.core.ports import (
    Conversation,
    ConversationsOf,
    Missed,
    Query,
    SaidBy,
    Search,
    StoredToken,
    Unread,
    UnreadOf,
)
from chat.core.private import cost
from chat.core.text import quoted
from chat.core.words import folded_name, words
from chat.history.memory_changes import KeptChanges
from chat.history.store import Page, alerts, read_around, stretches, with_changes

_OVERHEAD = 400
"""About what a message takes beside its text, in bytes."""
_CHANGE = 300
"""About what a change takes, in bytes."""
MOST_SEARCHED = 10_000
"""The newest messages that a search looks at, so that nobody waits for it."""

FOUND_AT_ONCE = 50
"""The messages of somebody that are found at once."""

_BY_ID = attrgetter("id")
_BY_TIME = attrgetter("time")


class MemoryStore:
    """Keeps the newest messages, about *capacity* bytes of them."""

    def __init__(self, capacity: int = 64 * 1024 * 1024) -> None:
        self._capacity = capacity
        self._size = 0
        self._all: deque[Message] = deque()
        self._steps: list[int] = []
        """The ids from which on times begin anew."""
        self._rooms: dict[str, deque[Message]] = {}
        self._owners: dict[int, tuple[Subject, Subject, Subject]] = {}
        """The authors and recipients of the messages, and whom they answer."""
        self._between: dict[int, Between] = {}
        """Between whom the private messages are."""
        self._copies: dict[Subject, dict[int, Subject]] = {}
        """Which private messages the parties have, and with whom."""
        self._read: dict[tuple[Subject, Subject], int] = {}
        """Up to which id parties have read their conversations with others."""
        self._tokens: dict[int, str | None] = {}
        """The digests of the tokens under which the private messages were said."""
        self._spent: dict[str, int] = {}
        self._attached: dict[int, Attached] = {}
        """What there is of the files of messages."""
        self._changes = KeptChanges()
        self._accounts: dict[Subject, StoredAccount] = {}

    def open(self) -> Contents:
        """Begin with nothing."""
        return Contents()

    def append(self, records: Sequence[Record]) -> Deferred[None]:
        """Keep the messages and accounts; topics, rules and tags live in the hub as long as this process."""
        for record in records:
            self._write(fact_of(record))
        while self._size + len(self._changes) * _CHANGE > self._capacity:
            self._drop_oldest()
        return succeed(None)

    def _write(self, fact: object) -> None:
        match fact:
            case Said():
                self._keep(fact)
            case Changed():
                self._keep_change(fact)
            case WordsSet(account, own):
                self._change(account, words=own)
            case Registered(account, name, password, presence):
                self._accounts[account] = StoredAccount(account, name, password, presence=presence)
            case Unregistered(account):
                gone = self._accounts.pop(account, None)
                self._end(gone.presence or account if gone is not None else account)
            case PresencesEnded(presences):
                for presence in presences:
                    self._end(presence)
            case PasswordSet(account, password):
                self._change(account, password=password)
            case AccountRenamed(account, name):
                self._change(account, name=name)
            case RoleSet(account, role):
                self._change(account, role=role)
            case ReadUpTo(account, room, number) if account in self._accounts:
                self._change(account, marks={**self._accounts[account].marks, room: number})
            case ReadWith(party, other, number) | Seen(party, other, number):
                self._read[party, other] = max(self._read.get((party, other), 0), number)

    def _end(self, party: Subject) -> None:
        """A party is gone for good: what nobody else has goes with it."""
        for number in self._copies.pop(party, {}):
            between = self._between[number]
            if not any(number in self._copies.get(one, ()) for one in (between.author, between.other)):
                self._changes.forget(number)
                self._erase((number,))
        for one, other in list(self._read):
            if one == party:
                del self._read[one, other]
        self._changes.end(party)

    def _change(self, account: Subject, **changes: Any) -> None:
        if account in self._accounts:
            self._accounts[account] = replace(self._accounts[account], **changes)

    def messages(self, ids: Sequence[int], party: Subject) -> Deferred[Sequence[Message]]:
        """Find the messages of rooms that have these *ids*, as *party* is to see them, in the order of their ids."""
        found = map(self._get, sorted(set(ids)))
        return succeed([self._complete(one, party) for one in found if one is not None and one.room is not None])

    def account(self, account: Subject) -> Deferred[StoredAccount | None]:
        """Find the account with that id."""
        return succeed(self._accounts.get(account))

    def missed(self, wanted: Missed, count: int) -> Deferred[Page]:
        """Find the first *count* private messages of *wanted*."""
        found = [
            self._letter(number, wanted.party, wanted.token)
            for number, other in self._copies.get(wanted.party, {}).items()
            if wanted.after < number < wanted.before
            and (not wanted.unread or self._is_unread(wanted.party, other, number))
            and number >= wanted.newest.get(other, 0)
            and (wanted.own or not self._is_own(wanted.party, number) or self._tokens[number] != wanted.token)
        ]
        return succeed(self._with_changes(Page(found[:count], more=len(found) > count), wanted, count))

    def _letter(self, number: int, party: Subject, token: str | None) -> Message:
        """The private message with the id *number*, as *party* is shown it."""
        message = self._all[bisect_left(self._all, number, key=_BY_ID)]
        mine, other = self._is_own(party, number), self._copies[party][number]
        tag = message.tag if not mine or self._tokens[number] == token else None
        fields = {**asdict(self._complete(message, party)), "tag": tag, "with_": str(other)}
        return (Sent if mine and other != party else Message)(**fields)

    def _is_own(self, party: Subject, number: int) -> bool:
        return self._between[number].author == party

    def _is_unread(self, party: Subject, other: Subject, number: int) -> bool:
        return not self._is_own(party, number) and number > self._read.get((party, other), 0)

    def unread(self, asked: UnreadOf) -> Deferred[Unread]:
        """Find out what a party has not read."""
        copies = {number: other for number, other in self._copies.get(asked.party, {}).items() if number < asked.before}
        senders: dict[Subject, tuple[str, int]] = {}
        unread = [number for number, other in copies.items() if self._is_unread(asked.party, other, number)]
        for number in reversed(unread):
            other = copies[number]
            name, count = senders.get(other, (self._letter(number, asked.party, None).author, 0))
            senders[other] = name, count + 1
        recent = list(copies)[-asked.recent :][:1]
        found = [(other, name, count) for other, (name, count) in senders.items()]
        newest = {
            other: [number for number in unread if copies[number] == other][-asked.most]
            for other, _, count in found
            if asked.most is not None and count > asked.most
        }
        shown = [number for number in unread if number >= newest.get(copies[number], 0)]
        return succeed(Unread(found, shown[0] if shown else asked.before, recent[0] if recent else 1, newest))

    def conversations(self, asked: ConversationsOf) -> Deferred[Sequence[Conversation]]:
        """Find the conversations of a party."""
        party = asked.party
        found: dict[Subject, Conversation] = {}
        for number, other in reversed(self._copies.get(party, {}).items()):
            before = found.get(other)
            unread = int(self._is_unread(party, other, number))
            if before is not None:
                found[other] = replace(before, unread=before.unread + unread)
                continue
            message = self._letter(number, party, None)
            name = message.to if self._is_own(party, number) else message.author
            read = self._read.get((party, other), 0)
            found[other] = Conversation(other, number, read, name or "", message.time, unread)
        return succeed([one for one in found.values() if one.last < asked.before][: asked.count])

    def spent(self, sender: str) -> Deferred[int]:
        """Find out how much of its share of the room for private messages a *sender* has taken."""
        return succeed(self._spent.get(sender, 0))

    def file(self, key: str) -> Deferred[File | None]:
        """Find the file with that *key*, if its message is there."""
        messages = (self._get(number) for number, one in self._attached.items() if one.key == key)
        return succeed(next((message.file for message in messages if message is not None), None))

    def files_of(self, sender: str) -> Deferred[tuple[int, int]]:
        """Find out how much room the files of a *sender* take, and those of all."""
        own = together = 0
        for number, attached in self._attached.items():
            message = self._get(number)
            size = file_cost(message.file.size) if message is not None and message.file is not None else 0
            own += size if attached.sender == sender else 0
            together += size
        return succeed((own, together))

    def _keep(self, said: Said) -> None:
        message = said.message
        self._owners[message.id] = (said.author, said.recipient, said.answers)
        if said.attached is not None:
            self._attached[message.id] = said.attached
        if said.between is not None:
            self._keep_between(said, said.between)
        self._size += _size(message)
        if self._all and message.time < self._all[-1].time:
            self._steps.append(message.id)
        self._all.append(message)
        if message.room is not None:
            self._rooms.setdefault(message.room, deque()).append(message)

    def _keep_between(self, said: Said, between: Between) -> None:
        message, author, other = said.message, between.author, between.other
        self._between[message.id] = between
        self._tokens[message.id] = said.token
        self._spent[between.sender] = self._spent.get(between.sender, 0) + cost(message.text)
        self._copies.setdefault(author, {})[message.id] = other
        if between.heard:
            self._copies.setdefault(other, {})[message.id] = author

    def _forget_beside(self, message: Message) -> None:
        """A message is gone: forget what is kept beside it, of its file and of who said it to whom in private."""
        self._attached.pop(message.id, None)
        between = self._between.pop(message.id, None)
        if between is not None:
            del self._tokens[message.id]
            self._spent[between.sender] -= cost(message.text)
            for party in (between.author, between.other):
                self._copies.get(party, {}).pop(message.id, None)

    def _erase(self, ids: Sequence[int]) -> None:
        for number in ids:
            message = self._get(number)
            if message is not None:
                self._size -= _size(message)
                self._all.remove(message)
                del self._owners[number]
                self._forget_beside(message)
                if message.room is not None:
                    self._rooms[message.room].remove(message)

    # -- changes

    def _keep_change(self, change: Changed) -> None:
        """Change a message, unless it is gone."""
        event = change.event
        message = self._get(event.id)
        if message is None:
            return
        self._changes.keep(change, message.room, self._holders(message))
        match event:
            case Deleted():
                self._erase((message.id,))
            case Edited(text=text, time=time):
                self._edit(message, text, time)

    def _holders(self, message: Message) -> dict[Subject, Subject]:
        """Who has a private message, and with whom."""
        between = self._between.get(message.id)
        parties = (between.author, between.other) if between is not None else ()
        return {
            party: self._copies[party][message.id] for party in parties if message.id in self._copies.get(party, ())
        }

    def _edit(self, message: Message, text: str, time: str) -> None:
        edited = replace(message, text=text, edited=time)
        self._size += _size(edited) - _size(message)
        for messages in (self._all, self._rooms[message.room] if message.room is not None else ()):
            if messages:
                messages[bisect_left(messages, message.id, key=_BY_ID)] = edited
        between = self._between.get(message.id)
        if between is not None:
            self._spent[between.sender] += cost(text) - cost(message.text)

    def _complete(self, message: Message, party: Subject) -> Message:
        """The *message* with all that *party* is to see of it."""
        if message.re is None and not self._changes.has(message.id):
            return message
        answered = self._get(message.re) if message.re is not None else None
        if answered is not None and (answered.room != message.room or not self._in_one_place(message, answered, party)):
            answered = None
        return replace(
            message,
            re_author=answered.author if answered is not None else None,
            re_text=quoted(answered.text) if answered is not None else None,
            reactions=self._changes.reactions(message.id, party),
            pinned=self._changes.is_pinned(message.id),
        )

    def _in_one_place(self, message: Message, answered: Message, party: Subject) -> bool:
        """Tell whether *party* has both in one conversation, if they are private."""
        copies = self._copies.get(party, {})
        other = copies.get(message.id)
        return message.room is not None or (other is not None and copies.get(answered.id) == other)

    def _with_changes(self, page: Page, query: Query | Missed, count: int) -> Page:
        """Put the changes into a *page* that *query* asks for."""
        if query.known is None:
            return page
        before = page.messages[-1].id if page.more else query.before
        found = [
            self._changes.event(kept, self._get(kept.change.event.id), query.token, other)
            for kept, other in self._changes.find(query, before)
        ]
        return with_changes(page, found, count)

    def _get(self, number: int) -> Message | None:
        index = bisect_left(self._all, number, key=_BY_ID)
        return self._all[index] if index < len(self._all) and self._all[index].id == number else None

    def _drop_oldest(self) -> None:
        if self._changes.forget_oldest_deletion(before=self._all[0].id if self._all else None):
            return
        message = self._all.popleft()
        self._changes.forget(message.id)
        del self._owners[message.id]
        self._forget_beside(message)
        self._size -= _size(message)
        if message.room is not None:
            self._rooms[message.room].popleft()
            if not self._rooms[message.room]:
                del self._rooms[message.room]

    def read(self, query: Query) -> Deferred[Page]:
        """Find the messages of *query*."""
        if query.around is not None:
            return succeed(read_around(query, query.around, self._find))
        page = self._find(query)
        return succeed(page if query.newest else self._with_changes(page, query, query.count))

    def _find(self, query: Query) -> Page:
        room: Sequence[Message]
        if query.room is not None:
            room = self._rooms.get(query.room, ())
        else:
            copies = self._copies.get(query.party, {}).items()
            room = [self._letter(number, query.party, query.token) for number, other in copies if other == query.other]
        parts = self._ranges(room, query)
        most = query.count
        if query.newest:
            indices = list(islice(chain.from_iterable(map(reversed, reversed(parts))), most))[::-1]
        else:
            indices = list(islice(chain.from_iterable(parts), most))
        found = [self._complete(room[i], query.party) if query.room is not None else room[i] for i in indices]
        return Page(found, more=len(indices) < sum(map(len, parts)))

    def _stretches(self, first: int, end: int) -> list[tuple[int, int]]:
        """Divide the ids from *first* to *end* where times begin anew."""
        return stretches(first, [step for step in self._steps if first < step < end], end)

    def search(self, search: Search) -> Deferred[Page]:
        """Find the messages of *search* among the last, newest first."""
        fits = _test(search, lambda message: self._owners[message.id][2])
        found: list[Message] = []
        messages: Iterable[Message] = reversed(self._all)
        if search.party:
            copies = self._copies.get(search.party, {}).items()
            ids = [number for number, other in copies if search.other in (0, other)]
            messages = (self._letter(number, search.party, search.token) for number in reversed(ids))
        spans = self._spans(search)
        for looked, message in enumerate(dropwhile(lambda message: message.id >= search.before, messages)):
            if message.id <= search.after or self._is_last_word(search, message):
                break
            if looked == MOST_SEARCHED:
                return succeed(Page(found, more=True, next=message.id + 1))
            if not (any(message.id in span for span in spans) and fits(message)):
                continue
            if len(found) == search.count:
                return succeed(Page(found, more=True))
            found.append(message if search.party else self._complete(message, search.reader))
        return succeed(Page(found, more=False))

    def _spans(self, search: Search) -> Sequence[range]:
        """Between which ids what was said since and until the times of *search* is."""
        parts = self._ranges(self._all, search)
        return [range(self._all[part.start].id, self._all[part.stop - 1].id + 1) for part in parts if part]

    def _ranges(self, messages: Sequence[Message], asked: Query | Search) -> Sequence[range]:
        """The indices of those *messages* that have the ids and the times that were *asked* for."""
        found = []
        for first, end in self._stretches(asked.after + 1, asked.before):
            start, stop = bisect_left(messages, first, key=_BY_ID), bisect_left(messages, end, key=_BY_ID)
            if asked.since is not None:
                start = bisect_left(messages, asked.since, start, stop, key=_BY_TIME)
            if asked.until is not None:
                stop = bisect_left(messages, asked.until, start, stop, key=_BY_TIME)
            found.append(range(start, stop))
        return found

    def _is_last_word(self, search: Search, message: Message) -> bool:
        """Tell whether this is what the user said last before they were away."""
        return (
            search.absent_at is not None
            and message.id < search.absent_at
            and message.room is not None
            and folded_name(message.author) == folded_name(search.naming or "")
        )

    def said_by(self, wanted: SaidBy) -> Deferred[tuple[Sequence[Said], int]]:
        """Find the first messages of *wanted*, and up to which id that is all."""
        taken = {subject for one in self._accounts.values() for subject in (one.id, one.presence)}
        ids = [
            message.id
            for message in self._all
            if wanted.after < message.id < wanted.before
            and (
                self._owners[message.id][0] in wanted.subjects
                if wanted.subjects
                else message.author.lower() == wanted.name.lower() and self._owners[message.id][0] not in taken - {0}
            )
        ][:FOUND_AT_ONCE]
        said = [one for one in map(self._said, ids) if one is not None]
        return succeed((said, ids[-1] if len(ids) == FOUND_AT_ONCE else wanted.before - 1))

    def message(self, number: int, party: Subject = 0) -> Deferred[Said | None]:
        """Find the message with the id *number*, as *party* is to see it, and whose it is, if it is there."""
        return succeed(self._said(number, party))

    def _said(self, number: int, party: Subject = 0) -> Said | None:
        message = self._get(number)
        author, recipient, answers = self._owners.get(number, (0, 0, 0))
        between = self._between.get(number)
        if between is not None:
            between = replace(between, heard=number in self._copies.get(between.other, {}))
        if message is None:
            return None
        seen = self._complete(message, party)
        return Said(seen, author=author, recipient=recipient, between=between, answers=answers)

    def audit(self, after: int, count: int) -> Deferred[Sequence[tuple[int, Decision]]]:
        """No audit record is kept."""
        return succeed([])

    def aged(self, until: str, now: str) -> Deferred[int]:
        """Find up to which id all is too old."""
        messages, last = self._all, 0
        for first, end in self._stretches(1, messages[-1].id + 1) if messages else ():
            start, stop = bisect_left(messages, first, key=_BY_ID), bisect_left(messages, end, key=_BY_ID)
            young = bisect_left(messages, until, start, stop, key=_BY_TIME)
            if young > start:
                last = messages[young - 1].id
            if young < stop and messages[young].time <= now:
                break
        return succeed(last)

    def overdue(self, last: int, most: int | None) -> Deferred[Sequence[tuple[str | None, int]]]:
        """Find what is too old, and too much for its room."""
        found: dict[str | None, int] = {}
        for name, room in self._rooms.items():
            index = bisect_left(room, last + 1, key=_BY_ID)
            index = max(index, len(room) - most if most is not None else 0)
            if index:
                found[name] = room[index - 1].id
        for message in self._all:
            if message.room is None and message.id <= last:
                found[None] = message.id
        return succeed(list(found.items()))

    def drop(self, room: str | None, last: int) -> Deferred[int]:
        """Drop all at once."""
        going = [message for message in self._all if message.room == room and message.id <= last]
        self._changes.drop(room, last)
        if going:
            gone = {message.id for message in going}
            self._owners = {number: owners for number, owners in self._owners.items() if number not in gone}
            self._all = deque(message for message in self._all if message.id not in gone)
            self._size -= sum(map(_size, going))
            for message in going:
                self._forget_beside(message)
        if going and room is not None:
            kept = self._rooms.pop(room)
            if len(kept) > len(going):
                self._rooms[room] = deque(message for message in kept if message.id not in gone)
        return succeed(len(going))

    def drop_decisions(self, until: str) -> Deferred[int]:
        """There is no audit record."""
        return succeed(0)

    def token(self, token: str, most: int) -> Deferred[StoredToken | None]:
        """Nothing is left of an earlier process."""
        return succeed(None)

    def close(self) -> None:
        """Nothing is to be done."""


def _test(search: Search, answers: Callable[[Message], Subject]) -> Callable[[Message], bool]:
    """Make a test for the messages that *search* is for."""
    author = folded_name(search.author) if search.author is not None else None
    phrases = [f" {' '.join(phrase)} ".replace("* ", "") for phrase in search.phrases]

    def fits(message: Message) -> bool:
        if search.party == 0 and (
            message.room is None or (search.rooms is not None and message.room not in search.rooms)
        ):
            return False
        if search.room is not None and message.room != search.room:
            return False
        if author is not None and folded_name(message.author) != author:
            return False
        if search.naming is not None and not alerts(
            search, message.author, message.text, answers(message), message.notice, message.all
        ):
            return False
        if not phrases:
            return True
        text = f" {' '.join(words(message.text))} "
        return all(phrase in text for phrase in phrases)

    return fits


def _size(message: Message) -> int:
    return len(message.text) + _OVERHEAD
