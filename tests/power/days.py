"""Days in the life of a chat, which are recorded."""

from __future__ import annotations

import json
import random
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from hashlib import sha256
from http import HTTPStatus
from itertools import count
from pathlib import Path
from urllib.request import Request, urlopen

from e2e.clients import Bot
from e2e.daemon import HOST, Daemon, Yard
from e2e.streams import TlsStream

from chat.history.directory import CERTIFICATE, FILE, FILES
from chat.history.schema import VERSION
from power.judge import Check, Day, Promise, content_of
from power.recording import Recorder

ROUNDS = 60
"""How often all say or change something on a day of talk."""

HANDSHAKE = b"\x16\x03"
"""What the certificate is sent after, and what is in nothing else that a chat sends."""

TLS = ("--tls-listen", f"tcp:0:interface={HOST}")
CHAT = (sys.executable, "-m", "chat")
VERSIONS = Path(__file__).parents[1] / "history" / "versions"

_LEAVES_A_LOG = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("PRAGMA user_version = " + sys.argv[2])
os._exit(0)
"""
"""Leaves a write-ahead log, as a chat does that is killed."""


class Talk:
    """Programs and somebody with netcat, who say and change things in rounds; each waits for all that it has asked."""

    def __init__(self, recorder: Recorder, data: Path, seed: int) -> None:
        self.promises: list[Promise] = []
        self._recorder = recorder
        self._data = data
        self._chance = random.Random(seed)  # noqa: S311
        self._words = (f"w{number}x" for number in count(1))
        self._tags = (f"t{number}" for number in count(1))
        self._said: list[int] = []

    def live(self, daemon: Daemon, rounds: int, *, first: bool = False) -> None:
        """Come in, talk, and stay."""
        self._bots = [daemon.socket() for _ in range(3)]
        for name, bot in zip(("ada", "bob", "cy"), self._bots, strict=True):
            password = {} if first or name == "cy" else {"password": f"the password of {name}"}
            rooms = {"lobby": None, "dev": None}
            bot.hello(name, accept=["conversations", "changes", "lines"], rooms=rooms, **password)
        self._old, self._person = daemon.bot("dan"), daemon.person("eve")
        if first:
            self._begin()
        self.go_on(rounds)

    def go_on(self, rounds: int) -> None:
        """Talk."""
        for _ in range(rounds):
            self._rule(self._bots[0])
            for bot in self._bots:
                self._act(bot)
            self._person.type(f"{next(self._words)} says eve")
            for bot in self._bots:
                self._catch_up(bot)
            self._old.catch_up()
            self._person.catch_up()

    def _begin(self) -> None:
        ada, bob, _ = self._bots
        for name, bot in (("ada", ada), ("bob", bob)):
            registered = f"SELECT 1 FROM accounts WHERE name = '{name}'"  # noqa: S608
            self._ask(bot, "register", password=f"the password of {name}", query=registered)
            self._catch_up(bot)
        told = self._recorder.run(*CHAT, "admin", "role", "ada", "owner", "--data", str(self._data))
        self.promises.append(Promise(told.strip(), "SELECT 1 FROM accounts WHERE role = 'owner'"))
        self._ask(ada, "op", room="dev", name="bob", on=True, query="SELECT 1 FROM rights WHERE room = 'dev'")
        self._ask(ada, "room", room="dev", access="members", query="SELECT 1 FROM rules WHERE access = 'members'")
        self._ask(ada, "ban", target="192.0.2.0/24", text="1d", query="SELECT 1 FROM bans")
        tokens = "SELECT 1 FROM tokens JOIN accounts ON subject = accounts.id WHERE name = 'ada'"
        self._ask(ada, "say", room="lobby", text=next(self._words), query=tokens)
        self._catch_up(ada)

    def _ask(self, bot: Bot, kind: str, *, query: str = "", **fields: object) -> None:
        tag = next(self._tags)
        bot.request(kind, **fields, tag=tag)
        if query:
            self.promises.append(Promise(f'"tag":"{tag}"', query))

    def _rule(self, ada: Bot) -> None:
        """Change something that has no number: one in a round, so that every change is stored by itself."""
        if self._said and self._chance.random() < 0.5:
            number = self._said[-1]
            self._ask(ada, "read", room="lobby", id=number, query=f"SELECT 1 FROM marks WHERE id >= {number}")  # noqa: S608
        else:
            topic = next(self._words)
            query = f"SELECT 1 FROM topics WHERE topic = '{topic}'"  # noqa: S608
            self._ask(ada, "topic", room="lobby", text=topic, query=query)

    def _act(self, bot: Bot) -> None:
        chance = self._chance
        for _ in range(chance.randint(1, 3)):
            text = f"{next(self._words)} {'over the wire ' * chance.randrange(100)}"
            message = chance.choice(self._said) if self._said else None
            match chance.randrange(10) if message is not None else 0:
                case 1:
                    self._ask(bot, "msg", name=chance.choice(("ada", "bob")), text=text)
                case 2:
                    self._ask(bot, "edit", text=text)
                case 3:
                    self._ask(bot, "delete")
                case 4:
                    self._ask(bot, "react", id=message, text=chance.choice("👍🎉😀"))
                case 5:
                    self._ask(bot, "pin", room="lobby", id=message)
                case _:
                    self._ask(bot, "say", room=chance.choice(("lobby", "lobby", "dev")), text=text)

    def _catch_up(self, bot: Bot) -> None:
        events = bot.catch_up()
        self._said += [event["id"] for event in events if event["type"] == "message" and event.get("room") == "lobby"]
        del self._said[:-20]


def talk(folder: Path, seed: int, *, rounds: int = ROUNDS, sync: str = "full") -> Day:
    """A chat is started, killed, started, ended, and started again, when it drops old messages."""
    recorder = Recorder(folder)
    data = recorder.disk / "chat"
    options = ("--data", str(data), "--sync", sync, "--no-limits")
    day = Talk(recorder, data, seed)
    for part, more in enumerate(((), (), ("--keep-messages", "30"))):
        with _yard(folder) as yard:
            daemon = yard.start(*options, *more, wrapper=recorder.wrapper)
            day.live(daemon, rounds // (part + 1), first=part == 0)
            if part == 0:
                daemon.kill()
            elif more:
                daemon.await_log("old messages were dropped")
    return Day(recorder, data, day.promises)


def first_start(folder: Path, seed: int) -> Day:
    """A chat makes its directory, its history and its certificate, which somebody is shown and talks by."""
    recorder = Recorder(folder)
    data = recorder.disk / "var" / "lib" / "chat"
    with _yard(folder) as yard:
        daemon = yard.start("--data", str(data), *TLS, wrapper=recorder.wrapper)
        _say(daemon, tls=True)
    return Day(recorder, data, check=_whole(recorder, {data / CERTIFICATE: HANDSHAKE}))


def first_certificate(folder: Path, seed: int) -> Day:
    """A chat that was killed is started again, and makes its certificate."""
    recorder = Recorder(folder)
    data = recorder.disk
    with _yard(folder) as yard:
        daemon = yard.start("--data", str(data))
        _say(daemon)
        daemon.kill()
        daemon = yard.start("--data", str(data), *TLS, wrapper=recorder.wrapper)
        _say(daemon, tls=True)
    return Day(recorder, data, check=_whole(recorder, {data / CERTIFICATE: HANDSHAKE}))


def _say(daemon: Daemon, *, tls: bool = False) -> None:
    hal = daemon.bot("hal")
    gus = Bot(TlsStream((HOST, daemon.tls_port)) if tls else daemon.connect())
    gus.hello("gus")
    gus.request("say", room="lobby", text="w0x")
    hal.until("message", text="w0x")
    gus.close()


def upgrade(folder: Path, version: int, *, killed: bool) -> Day:
    """A chat brings a history of an older *version* up to date, which was left by a chat that was *killed*, or not."""
    recorder = Recorder(folder)
    data, before = recorder.disk, VERSIONS / f"{version}.db"
    shutil.copy(before, data / FILE)
    if killed:
        subprocess.run([sys.executable, "-c", _LEAVES_A_LOG, data / FILE, str(version)], check=True)
        assert (data / f"{FILE}-wal").stat().st_size
    with _yard(folder) as yard:
        _say(yard.start("--data", str(data), wrapper=recorder.wrapper))
    old = content_of(before)

    def check(left: Path, sent: bytes) -> Iterator[str]:
        copy = left / f"{FILE}.v{version}"
        try:
            if (content_of(left / FILE) != old or copy.exists()) and content_of(copy) != old:
                yield "there is no copy of the older history"
        except sqlite3.DatabaseError as error:
            yield f"the copy of the older history is not whole: {error}"

    return Day(recorder, data, check=check)


def imports_and_exports(folder: Path, seed: int) -> Day:
    """Rooms are imported into a new history and into that one, the operator makes an account, and all is exported."""
    recorder = Recorder(folder)
    data = recorder.disk / "srv" / "chat"
    promises = []
    for room, many in (("lobby", 200 + seed % 100), ("dev", 100)):
        file = folder / f"{room}.jsonl"
        file.write_text("".join(f"{json.dumps(line)}\n" for line in _lines_of(room, many)))
        told = recorder.run(*CHAT, "import", str(file), "--data", str(data))
        assert told.startswith(f"{many} messages"), told
        query = f"SELECT 1 FROM (SELECT count(*) AS many FROM messages WHERE room = '{room}') WHERE many = {many}"  # noqa: S608
        promises.append(Promise(told.splitlines()[0], query))
    told = recorder.run(*CHAT, "admin", "account", "ada", "--data", str(data), said="a password\n")
    promises.append(Promise(told.splitlines()[-1], "SELECT 1 FROM accounts WHERE name = 'ada'"))
    exported = recorder.disk / "rooms.jsonl"
    export = shlex.join((*CHAT, "export", "--data", str(data), "--output", str(exported)))
    told = recorder.run("sh", "-c", f"{export} && echo exported")
    return Day(recorder, data, promises, _whole(recorder, {exported: told.encode()}))


def _lines_of(room: str, many: int) -> Iterator[dict[str, object]]:
    for number in range(1, many + 1):
        time = f"2026-11-03T09:{number // 60:02}:{number % 60:02}.000Z"
        said = {"id": number, "time": time, "room": room, "author": "ada", "kind": "say", "text": f"line {number}"}
        yield {"type": "message", **said}


def backup(folder: Path, seed: int) -> Day:
    """A chat is backed up while people talk, and the backup is restored; then the chat goes on."""
    recorder = Recorder(folder)
    data, target = recorder.disk / "chat", recorder.disk / "backups" / "monday.db"
    target.parent.mkdir()
    day = Talk(recorder, data, seed)
    tool = (*CHAT, "admin", "--data", str(data))
    with _yard(folder) as yard:
        daemon = yard.start("--data", str(data), "--no-limits", wrapper=recorder.wrapper)
        day.live(daemon, 10, first=True)
        made = recorder.run(*tool, "backup", str(target)).splitlines()[-1]
        day.go_on(5)
    restored = recorder.run(*tool, "restore", str(target)).splitlines()[-1]
    (kept,) = data.glob("chat.db.before-restore-*")
    with _yard(folder) as yard:
        _say(yard.start("--data", str(data), wrapper=recorder.wrapper))
    day.promises.append(Promise(restored, "SELECT 1 FROM audit WHERE action = 'restore'"))
    return Day(recorder, data, day.promises, _whole(recorder, {target: made.encode(), kept: restored.encode()}))


def files(folder: Path, seed: int) -> Day:
    """Files are sent and fetched, and some are deleted; the chat is killed, and goes on."""
    recorder = Recorder(folder)
    data = recorder.disk / "chat"
    options = ("--data", str(data), "--no-limits", "--web", f"tcp:0:interface={HOST}")
    with _yard(folder) as yard:
        daemon = yard.start(*options, wrapper=recorder.wrapper)
        _send_files(daemon, range(8), seed)
        daemon.kill()
        _send_files(yard.start(*options, wrapper=recorder.wrapper), range(8, 12), seed)

    def check(left: Path, sent: bytes) -> Iterator[str]:
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(left / "chat" / FILE)) as history:
            for key, digest in history.execute("SELECT key, digest FROM files").fetchall():
                file = left / "chat" / FILES / key
                if not file.exists() or sha256(file.read_bytes()).hexdigest() != digest:
                    yield f"the file {key} of a message is not whole"

    return Day(recorder, data, check=check)


def _send_files(daemon: Daemon, numbers: range, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    ada = daemon.bot("ada", accept=["changes", "lines"])
    (port,) = daemon.web_ports
    for number in numbers:
        body = chance.randbytes(chance.choice((1, 5_000, 300_000)))
        url = ada.ask("upload", room="lobby", name=f"w{number}x.bin", size=len(body))["url"]
        request = Request(f"http://{HOST}:{port}/u/{url.split('/u/')[1]}", body, method="PUT")
        with urlopen(request) as answer:  # noqa: S310
            assert answer.status == HTTPStatus.CREATED
        said = ada.until("message")[-1]
        if number % 3 == 1:
            ada.ask("delete", id=said["id"])


def _whole(recorder: Recorder, files: Mapping[Path, bytes]) -> Check:
    """Each of these files is as it is now, or is not there; it is there once somebody was sent what stands with it."""
    contents = {file.relative_to(recorder.disk): file.read_bytes() for file in files}
    sentences = {file.relative_to(recorder.disk): sentence for file, sentence in files.items()}

    def check(left: Path, sent: bytes) -> Iterator[str]:
        for file, content in contents.items():
            if not (left / file).exists():
                if sentences[file] in sent:
                    yield f"{file} is gone, and somebody was told that it is there"
            elif (left / file).read_bytes() != content:
                yield f"{file} is not whole"

    return check


def _yard(folder: Path) -> Yard:
    """A yard in a folder of its own."""
    place = folder / f"daemons{len(list(folder.glob('daemons*')))}"
    place.mkdir()
    return Yard(place)


DAYS: dict[str, Callable[[Path, int], Day]] = {
    "talk": talk,
    "first start": first_start,
    "first certificate": first_certificate,
    **{
        f"upgrade from version {version}{', which was killed' if killed else ''}": (
            lambda folder, seed, version=version, killed=killed: upgrade(folder, version, killed=killed)  # type: ignore[misc]
        )
        for version in range(1, VERSION)
        for killed in (False, True)
    },
    "import and export": imports_and_exports,
    "backup and restore": backup,
    "files": files,
}
"""What is recorded, in a folder and by a seed."""
