"""Whatever clients do, and whatever can't be stored: memory is what the file holds, and nothing belongs to nobody.

Requests, failures of the disk, breaks and restarts in random order; then the tables are compared with the hub.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest
from box import Box, Client, Operator, SlowWork
from history.stores import REACTOR
from twisted.internet.defer import Deferred, succeed

from chat.core.commands import files
from chat.core.doors import Doors, Inviters, Registration
from chat.core.errors import ChatError
from chat.core.events import File
from chat.core.facts import Contents, Record
from chat.core.limits import Limits
from chat.core.links import Links
from chat.core.private import cost
from chat.history import answers, conversations
from chat.history.sqlite import LAST_ID, SqliteStore, T
from chat.history.store import CannotKeep

LIMITS = Limits(rate=None, plain_passwords=True, grace=30, rooms=12)
NAMES = ("ada", "bob", "eve", "dan", "ADA", "server")
ROOMS = ("lobby", "dev", "tea")
PASSWORDS = ("correct horse", "battery staple")
TALK = ("say", "say", "say", "msg", "msg", "upload", "edit", "edit", "react", "react", "pin", "delete")
TEXTS = ("tea", "milk", "sugar")
ACCESS = ("private", "open", "open", "members", "archived", "closed", "founder")
RULES = (
    ("open",), ("members",), ("private",), ("archive",), ("close",), ("delete",), ("delete",), ("lock", "on"),
    ("slow", "10s"), ("founder", "ada"),
)  # fmt: skip
STEPS = 200
MOST_CLIENTS = 8
LAST_TOKENS = 8
LAST_CODES = 4


class HistoryFile(SqliteStore):
    """A history without threads, which stores a batch, or fails to, when the test says so."""

    def __init__(self, directory: Path) -> None:
        super().__init__(REACTOR, directory, "off")
        self.waiting: list[tuple[Deferred[None], Sequence[Record]]] = []

    def open(self) -> Contents:
        with ExitStack() as opened:
            contents = self._open(opened)
            self._opened = opened.pop_all()
        return contents

    def append(self, records: Sequence[Record]) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self.waiting.append((done, list(records)))
        return done

    def store(self) -> None:
        """Store the batch that waits."""
        done, records = self.waiting.pop(0)
        self._write(records)
        done.callback(None)

    def fail(self) -> None:
        """Fail to store the batch that waits."""
        self.waiting.pop(0)[0].errback(CannotKeep("the disk is full."))

    def rows(self, query: str, *values: object) -> list[Any]:
        """What the file holds."""
        return self._writer.execute(query, values).fetchall()

    def _defer(self, pool: object, work: Callable[..., T], *arguments: Any) -> Deferred[T]:
        return succeed(work(*arguments))

    def close(self) -> None:
        self._opened.close()


class World:
    """A chat, its clients, and chance."""

    def __init__(self, folder: Path, seed: int, *, fails: bool, talks: bool) -> None:
        self.random = Random(seed)  # noqa: S311 - the same in each run
        self.fails = fails
        self.talks = talks
        self.folder = folder
        self.tokens: list[str] = []
        self.codes = ["of no invitation"]
        self.doors = self.random.choice([Doors(), Doors(None, False, Registration.INVITATION, Inviters.MEMBERS)])
        self.start()

    def start(self) -> None:
        """Go on from the file."""
        self.file = HistoryFile(self.folder)
        self.work = SlowWork()
        self.clients: list[Client] = []
        contents = self.file.open()
        self.box = Box(limits=LIMITS, store=self.file, run=self.work, doors=self.doors)
        self.box.hub.random = Random(self.random.random())  # noqa: S311 - the same in each run
        self.box.hub.restore(contents)
        self.box.hub.links = Links("http://192.0.2.1/", files=True)
        self.check_files()
        self.box.clock.callLater(LIMITS.grace, self.box.hub.end_absent)

    def settle(self) -> None:
        """Have all that waits stored and answered."""
        self.box.turn()
        while self.file.waiting or self.work.waiting:
            if self.file.waiting:
                self.file.store()
            else:
                self.work.do()
            self.box.turn()

    def step(self) -> None:
        """Something happens."""
        steps = {
            self.connect: 6.0,
            self.send: 30.0,
            self.send_file: 4.0,
            self.fail: 2.0,
            self.store: 6.0,
            self.hash: 6.0,
            self.lose: 3.0,
            self.wait: 1.0,
            self.operate: 3.0,
            self.restart: 0.3,
            self.kill: 0.3,
        }
        (step,) = self.random.choices(list(steps), list(steps.values()))
        step()
        self.box.turn()

    def connect(self) -> None:
        if len(self.clients) >= MOST_CLIENTS:
            return
        chance = self.random
        fields: dict[str, Any] = {"type": "hello", "name": chance.choice([*NAMES, ""])}
        if chance.random() < 0.5:
            fields["password"] = chance.choice(PASSWORDS)
        if self.tokens and chance.random() < 0.6:
            fields["token"] = chance.choice(self.tokens[-LAST_TOKENS:])
        if self.talks or chance.random() < 0.5:
            fields["rooms"] = dict.fromkeys(chance.sample(ROOMS, 3 if self.talks else 2))
        if chance.random() < 0.2:
            fields |= {"register": True, "code": chance.choice(self.codes), "password": chance.choice(PASSWORDS)}
        self.clients.append(self.box.connect())
        self.clients[-1].ask(**fields)

    def send(self) -> None:
        if self.clients:
            requests = [self.request() for _ in range(self.random.choice([1, 1, 1, 2, 3]))]
            named = [client for client in self.clients if client.protocol.session.named] if self.talks else []
            self.random.choice(named or self.clients).send(*map(json.dumps, requests))

    def send_file(self) -> None:
        """A file comes for which somebody has asked, or half of one."""
        hub, tickets = self.box.hub, self.box.hub.uploads._tickets
        ticket = self.random.choice(list(tickets.values())) if tickets else None
        if ticket is None or ticket.sent or ticket.comes is not None:
            return
        try:
            files.begin(hub, ticket, 3)
        except ChatError:
            return
        new = self.file.files.begin(hub.make_token(), 3)
        new.write(b"tea")
        if self.random.random() < 0.8:
            file = File(name=ticket.name, **new.finish()._asdict())
            try:
                files.send(hub, ticket, file, new.key, lambda sentence: None, new.abandon)
                return
            except ChatError:
                pass
        files.give_up(hub, ticket)
        new.abandon()

    def request(self) -> dict[str, Any]:
        """What a program may ask for."""
        chance = self.random
        room, name, password = chance.choice(ROOMS), chance.choice(NAMES), chance.choice(PASSWORDS)
        lately = [number for (number,) in self.file.rows("SELECT id FROM messages ORDER BY id DESC LIMIT 6")]
        number = chance.choice(lately or [1])
        tag = chance.choice([None, "a", "b", "c"])
        others = [other for (other,) in self.file.rows("SELECT other FROM conversations ORDER BY subject, other")]
        place = {"with": str(chance.choice(others))} if others and chance.random() < 0.3 else {"room": room}
        fields: dict[str, dict[str, Any]] = {
            "upload": {**place, "name": "log.bin", "size": 3},
            "say": {"room": room, "text": chance.choice(TEXTS), "tag": chance.choice("abc")},
            "msg": {"name": name, "text": chance.choice(TEXTS), "re": chance.choice([None, number])},
            "edit": {"id": chance.choice([None, number]), "text": chance.choice(TEXTS), "tag": tag},
            "react": {"id": number, "text": chance.choice(["ok", "no"]), "tag": tag},
            "pin": {"room": room, "id": number, "tag": tag},
            "notify": {"words": chance.sample(["tea", "ops"], 1)},
            "join": {"room": room},
            "leave": {"room": room},
            "nick": {"name": name},
            "register": {"password": password, "code": chance.choice(self.codes)},
            "invitation": {},
            "rename": {"name": name, "password": password},
            "logout": {"device": chance.choice([None, 1, 2])},
            "unregister": {"password": password},
            "password": {"password": password},
            "invite": {"room": room, "name": name},
            "op": {"room": room, "name": name},
            "mute": {"room": room, "name": name},
            "unmute": {"room": room, "name": name},
            "kick": {"room": room, "name": name},
            "lock": {"room": room},
            "room": {"room": room, "access": chance.choice(ACCESS), "name": chance.choice([room, name])},
            "slow": {"room": room, "text": chance.choice(["10s", "off"])},
            "uninvite": {"room": room, "name": name},
            "topic": {"room": room, "text": "tea"},
            "delete": {"id": chance.choice([None, number]), "tag": tag},
            "ban": chance.choice([{"target": chance.choice(["", "@"]) + name}, {"target": name, "room": room}]),
            "unban": chance.choice([{"target": chance.choice(["", "@"]) + name}, {"target": name, "room": room}]),
            "moderator": {"name": name},
            "read": {"room": room, "id": chance.randrange(9)},
            "ping": {},
            "quit": {},
        }
        if fields["room"]["access"] not in ("closed", "founder", "open"):
            del fields["room"]["name"]
        if chance.random() < 0.3:
            fields["say"] |= {"re": number, "notice": chance.random() < 0.5}
        kind = chance.choice(TALK if self.talks and chance.random() < 0.9 else [*fields, "register", "nick"])
        return {"type": kind, **{field: value for field, value in fields[kind].items() if value is not None}}

    def operate(self) -> None:
        name = self.random.choice(NAMES)
        room = self.random.choice(ROOMS)
        often = [("role", name, "owner"), ("password", name), ("account", name), ("unban", name)]
        seldom = [
            ("rename", name, self.random.choice(NAMES)), ("reset", name), ("logout", name), ("unregister", name),
            ("disconnect", name), ("kick", name, room), ("ban", name, "1m"), ("announce", "tea"), ("erase", name),
            ("erase", name), *(("room", room, *rule) for rule in RULES),
        ]  # fmt: skip
        words = self.random.choice(often if self.random.random() < 0.5 else seldom)
        operator = Operator(self.box).ask(*words, secret=self.random.choice(PASSWORDS))
        if self.random.random() < 0.1:
            self.box.turn()
            operator.lose()

    def store(self) -> None:
        if self.file.waiting:
            self.file.store()

    def fail(self) -> None:
        if self.file.waiting and self.fails:
            self.file.fail()

    def hash(self) -> None:
        if self.work.waiting:
            self.work.do()

    def lose(self) -> None:
        if self.clients:
            client = self.clients.pop(self.random.randrange(len(self.clients)))
            self.note(client)
            client.lose()

    def wait(self) -> None:
        self.box.clock.advance(self.random.choice([1, LIMITS.grace + 1]))

    def restart(self) -> None:
        self.check()
        self.file.close()
        self.start()

    def kill(self) -> None:
        if not self.work.waiting:
            self.file.close()
            self.start()

    def note(self, client: Client) -> None:
        self.codes += [event["code"] for event in client.objects() if event["type"] == "notice" and "code" in event]
        del self.codes[:-LAST_CODES]
        if client.token and client.token not in self.tokens:
            self.tokens.append(client.token)

    def check(self) -> None:
        """Nothing waits: compare the hub with the file."""
        self.settle()
        for client in list(self.clients):
            self.note(client)
            if client.protocol.session.gone:
                self.clients.remove(client)
                client.lose()
        self.settle()
        if not self.clients:
            self.clients.append(self.box.connect())
        # What could not be stored goes with the next message.
        self.clients[0].ask(type="hello", name="zoe")
        self.clients[0].ask(type="msg", name=self.clients[0].protocol.session.name, text="psst")
        self.settle()
        self.check_accounts()
        self.check_rooms()
        self.check_private()
        self.check_changes()
        self.check_tokens()
        self.file._remove_files()
        self.check_files()

    def check_files(self) -> None:
        """Each message that has a file has it whole, and there is no other."""
        keys = {key for (key,) in self.file.rows("SELECT key FROM files")}
        assert set(self.file.files.names()) == keys
        assert all(self.file.files.path(key).read_bytes() == b"tea" for key in keys)
        assert not self.file.rows(
            "SELECT id FROM files WHERE id NOT IN (SELECT id FROM messages WHERE special = 1 AND deleted_by IS NULL)"
        )
        assert not [ticket for ticket in self.box.hub.uploads._tickets.values() if ticket.comes is not None]

    @property
    def present(self) -> set[int]:
        """Whose something may be: the accounts, and the presences that are here or may come back."""
        hub = self.box.hub
        presences = {user.presence for user in hub.users.all() if user.account is None}
        return presences | set(hub._absent) | set(hub.accounts._by_id)

    def check_accounts(self) -> None:
        hub, rows = self.box.hub, self.file.rows
        accounts = {number: (name, role) for number, name, role in rows("SELECT id, name, role FROM accounts")}
        assert accounts == {account.id: (account.name, account.role) for account in hub.accounts.all()}
        assert set(accounts) == set(hub.accounts._by_id)
        last = next((number for (number,) in rows("SELECT seq FROM sqlite_sequence WHERE name = 'accounts'")), 0)
        for table, column in (("messages", "author_id"), ("messages", "recipient_id"), ("marks", "account")):
            for (number,) in rows(f"SELECT DISTINCT {column} FROM {table} WHERE {column} > 0"):  # noqa: S608
                assert number in accounts or (number <= last and table == "messages"), (table, column)
        users = hub.users.all()
        assert hub._user_of == {user.subject: user for user in users}
        assert all(session.user is user and not session.gone for user in users for session in user.sessions)
        listed = rows("SELECT account, room FROM joined ORDER BY account, rowid")
        ordered = sorted(hub.accounts.all(), key=lambda account: account.id)
        assert listed == [(account.id, room) for account in ordered for room in account.rooms]
        former = [(name, owner.id, until) for name, (owner, until) in hub.accounts._former.items()]
        assert sorted(former) == sorted(rows("SELECT name, account, until FROM former_names"))
        assert set(hub.accounts._holders) == {account.name for account in ordered} | {name for name, *_ in former}
        assert set(rows("SELECT digest, maker FROM invitations")) == {
            (invitation.digest, invitation.maker) for invitation in hub.invitations._open.values()
        }

    def check_rooms(self) -> None:
        hub, rows = self.box.hub, self.file.rows
        present = self.present
        for room in hub.rooms.all():
            held = {
                subject: (
                    subject in room.ops,
                    subject == room.maker,
                    int(room.invited.get(subject, 0)),
                    subject in room.muted,
                )
                for subject in {*room.ops, *room.invited, *room.muted}
            }
            assert set(held) <= present
            assert room.maker in {0, *room.ops}
            bans = {ban.subject for ban in room.bans.values()}
            assert {number for number in bans if number > 0} <= present
            assert {number for number in bans if hub.rooms[room.name] not in hub.rooms.entitling(number)} <= (
                bans - present
            )
            assert all(member.is_in(room) for member in hub.users.all() if member in room.members)
            assert all(member in room.members for member in hub.users.all() if member.is_in(room))
            query = "SELECT subject, op, founder, invited, muted FROM rights WHERE room = ?"
            stored = {
                row[0]: (bool(row[1]), bool(row[2]), row[3], row[4] is not None) for row in rows(query, room.name)
            }
            assert stored == held or not room.kept
            assert {row[0] for row in rows("SELECT subject FROM room_bans WHERE room = ?", room.name)} == bans
            rules = rows("SELECT access, status, locked, slow FROM rules WHERE room = ?", room.name)
            assert rules in ([(room.access, room.status, room.locked, room.slow)], []) or not room.kept
            assert rules or (room.access, room.status, room.locked, room.slow) == ("open", "", False, 0)
            assert {number for number in stored if number > 0} <= present

    def check_private(self) -> None:
        """The file has no text that nobody has, and tells what takes whose share; who is gone has nothing."""
        hub, rows = self.box.hub, self.file.rows
        while conversations.clean(self.file._writer, 9):
            pass
        parties = {user.party for user in hub.users.all()} | set(hub._absent)
        parties |= {account.party for account in hub.accounts.all()}
        assert {
            party for (party,) in rows("SELECT subject FROM copies UNION SELECT subject FROM conversations")
        } <= parties
        held = {number for (number,) in rows("SELECT id FROM copies")}
        assert held == {number for (number,) in rows("SELECT id FROM private")}
        assert held == {
            number for (number,) in rows("SELECT id FROM messages WHERE room IS NULL AND deleted_by IS NULL")
        }
        talks = "SELECT DISTINCT subject, other FROM copies ORDER BY 1, 2"
        assert rows(talks) == rows("SELECT subject, other FROM conversations ORDER BY 1, 2")
        spent: dict[str, int] = {}
        for sender, text in rows("SELECT sender, text FROM private JOIN messages USING (id)"):
            spent[sender] = spent.get(sender, 0) + cost(text)
        assert spent == conversations.spent(self.file._writer)
        assert all(hub.shares.spent(sender) >= size for sender, size in spent.items())

    def check_changes(self) -> None:
        """Changes are those of messages that are there; the words of these are found, and no others."""
        hub, rows = self.box.hub, self.file.rows
        ((last,),) = rows(LAST_ID)
        assert last < hub.next_id
        deleted = {number for (number,) in rows("SELECT id FROM messages WHERE deleted_by IS NOT NULL")}
        changed = {number for (number,) in rows("SELECT id FROM changes")}
        assert changed <= {number for (number,) in rows("SELECT id FROM messages WHERE special = 1")}
        of_deleted = rows("SELECT id, kind FROM changes WHERE id IN (SELECT id FROM messages WHERE deleted_by <> '')")
        assert {kind for _, kind in of_deleted} <= {"deleted"}
        assert len(of_deleted) == len({number for number, _ in of_deleted})
        assert {number for (number,) in rows("SELECT id FROM changes WHERE kind = 'deleted'")} <= deleted
        edited = "SELECT id FROM changes WHERE kind = 'edited' ORDER BY id"
        assert rows("SELECT id FROM details WHERE edited IS NOT NULL ORDER BY id") == rows(edited)
        assert not deleted & {number for (number,) in rows("SELECT id FROM details")}
        shown = rows("SELECT DISTINCT rev FROM private_changes ORDER BY rev")
        assert shown == rows("SELECT rev FROM changes WHERE room IS NULL ORDER BY rev")
        parties = {user.party for user in hub.users.all()} | set(hub._absent)
        parties |= {account.party for account in hub.accounts.all()}
        assert {party for (party,) in rows("SELECT subject FROM private_changes")} <= parties
        for room in hub.rooms.all():
            pins = "SELECT id FROM changes WHERE room = ? AND kind = 'pinned' AND state = 1 ORDER BY rev"
            assert [number for (number,) in rows(pins, room.name)] == list(room.pinned)
        ordered = sorted(hub.accounts.all(), key=lambda account: account.id)
        words = [(account.id, word) for account in ordered for word in account.words]
        assert rows("SELECT account, word FROM own_words ORDER BY account, rowid") == words
        for text in TEXTS:
            for index, here in (("words", "room IS NOT NULL"), ("private_words", "room IS NULL")):
                found = rows(f"SELECT rowid FROM {index} WHERE {index} MATCH ? ORDER BY rowid", f'text : "{text}"')  # noqa: S608
                assert found == rows(f"SELECT id FROM messages WHERE {here} AND text = ? ORDER BY id", text)  # noqa: S608

    def check_tokens(self) -> None:
        hub = self.box.hub
        stored = dict(self.file.rows("SELECT digest, subject FROM tokens"))
        assert {subject for subject in stored.values() if subject > 0} <= self.present
        for token in hub.tokens._live.values():
            assert token.session is not None
            assert token.session.user is not None
            assert token.session.token is token
            assert token.subject == token.session.user.subject
            assert stored.get(token.digest) == token.subject or not token.kept
        for token in hub.tokens._idle.values():
            assert token.session is None
            assert stored.get(token.digest, 0) in (0, token.subject)


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords in no time."""
    monkeypatch.setattr(answers, "hash_password", lambda password: f"hash of {password}")
    monkeypatch.setattr(answers, "is_password", lambda encoded, password: encoded == f"hash of {password}")


@pytest.mark.parametrize("fails", [False, True], ids=["", "failing"])
@pytest.mark.parametrize("talks", [False, True], ids=["", "talking"])
@pytest.mark.parametrize("seed", range(15))
def test_memory_is_what_the_file_holds(tmp_path: Path, seed: int, talks: bool, fails: bool) -> None:
    world = World(tmp_path, seed, fails=fails, talks=talks)
    try:
        for _ in range(STEPS):
            world.step()
        world.check()
    finally:
        world.file.close()
