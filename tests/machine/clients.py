"""Clients of the chat, and people with netcat: what they send, and what they are shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from e2e.test_hostile_bytes import FORBIDDEN

from machine.promises import ANYTHING, INFINITY, Device, Look, Subject, Text, World
from machine.wording import FILE, WORDS, Shown, quote_of, read_line, words_of

LOBBY = "lobby"
TELNET = re.compile(rb"\xff[\xfb\xfc\xfe].", re.DOTALL)
"""What a client is answered that asks for options of telnet."""
ASKED = re.compile(
    "(?P<key>needs a key)|(?P<password>belongs to somebody.* Type its password)|(?P<name>ype your name and press)"
)
"""What people are asked for before they are in."""
Log = Callable[[str], None]


class Line(Protocol):
    """A connection."""

    @property
    def closed(self) -> bool: ...
    def send(self, data: bytes) -> None: ...
    def received(self) -> bytes: ...
    def lose(self) -> None: ...
    def stick(self, room: int) -> None: ...
    def drain(self) -> None: ...


class End:
    """A client on a connection."""

    def __init__(self, world: World, title: str, line: Line, host: str, log: Log) -> None:
        self.world = world
        self.title = title
        self.line = line
        self.host = host
        self.log = log
        self.subjects: tuple[Subject, ...] = ()
        self.name = ""
        self.device = Device(title)
        self.stuck = False
        """Whether it has ever not read at once."""
        self.over = False
        """Whether it is told that it is over, or has broken off."""
        self._rest = b""

    @property
    def who(self) -> Subject | None:
        """Who it is, if that is clear."""
        return self.subjects[0] if len(self.subjects) == 1 else None

    @property
    def account(self) -> Subject | None:
        """Its account, if it has one and it is clear which."""
        return self.who if self.who is not None and self.who.is_account else None

    def lines(self) -> list[str]:
        """The whole lines that have come."""
        *whole, self._rest = (self._rest + self.line.received()).split(b"\n")
        return [TELNET.sub(b"", line).decode() for line in whole]

    def look(self) -> None:
        """Look at what has come."""
        raise NotImplementedError

    def cut(self) -> None:
        """There is nothing any more at the other end of its connection."""
        raise NotImplementedError

    def lose(self) -> None:
        """Its connection breaks."""
        self.world.tick += 1
        self.log(f"{self.title} breaks off")
        self.line.lose()
        self.cut()

    def came_in(self, name: str, sent: float) -> None:
        """It goes by *name* now."""
        now = self.world.tick
        self.name = name
        holder = self.world.holder(name)
        for subject in self.subjects:
            subject.names.add(name)
            subject.devices.add(self.device)
            write = holder.write(subject, self, sent)
            if len(self.subjects) == 1:
                write.finish(now)
            else:
                write.done = now

    def gave_up_name(self, sent: float) -> None:
        """It is gone, and its user with it, unless they have other devices."""
        now = self.world.tick
        others = {device for subject in self.subjects for device in subject.devices if not device.over} - {self.device}
        for subject in self.subjects:
            subject.away.may_put(None, 0, now)
        if not self.name or not self.subjects:
            return
        if not others:
            self.world.holder(self.name).write(None, self, sent).finish(now)
        elif all(device.held for device in others):
            self.world.holder(self.name).may_put(None, sent, now)


class Person(End):
    """Somebody with netcat, who talks in the lobby. No line that they are shown looks like what it is not."""

    def __init__(self, world: World, title: str, line: Line, host: str, log: Log) -> None:
        super().__init__(world, title, line, host, log)
        self.tried = 0.0
        self.waits = False
        """Whether what they have typed was not answered yet."""
        self._greeted = False
        self.asked = "name"
        """What they are asked for, until they are in: ``key``, ``name``, ``password``."""
        self._given: dict[str, str] = {}
        """What they have answered."""

    def type(self, line: str) -> None:
        """Type a line."""
        self.world.tick += 1
        self.log(f"{self.title} > {line!r}")
        if not self.name:
            self._answer(line)
        command, _, rest = line.partition(" ")
        match command:
            case "/msg" if " " in rest:
                to, words = rest.split(" ", 1)
                self._try(Text(words, set(self.subjects), to=to))
            case "/edit":
                self._edit(rest)
            case "/delete":
                for text in self._texts():
                    text.may_be_deleted = True
            case "/react":
                self.world.loose.add(rest.split(" ")[0])
            case "/pin" if rest.isdecimal() and int(rest) in self.world.by_id:
                self.world.by_id[int(rest)].pinned.may_put(ANYTHING, self.world.tick, INFINITY)
            case "/notify" if rest:
                for subject in self.subjects:
                    subject.words.may_put(ANYTHING, self.world.tick, INFINITY)
            case "/reply":
                self._try(Text(rest, set(self.subjects), room=LOBBY, answers=-1))
            case _ if line and not line.startswith("/") and self.name:
                self._try(Text(line, set(self.subjects), room=LOBBY))
        self.line.send(f"{line}\n".encode())

    def paste(self, text: str) -> None:
        """Type several lines that are to be one message."""
        self.world.tick += 1
        self.log(f"{self.title} pastes {text!r}")
        self._try(Text(text, set(self.subjects), room=LOBBY))
        self.line.send(f"/paste\n{text}\n.\n".encode())

    def _texts(self) -> list[Text]:
        """What they have said, or tried to."""
        mine = {one for subject in self.subjects for one in (subject, *subject.former)}
        return [text for text in self.world.texts.values() if mine & text.authors]

    def _edit(self, raw: str) -> None:
        """They give what they have said last another text, whatever that is."""
        self.world.edit(raw, None, self.subjects)
        for text in self._texts():
            text.versions.may_put(words_of(raw), self.world.tick, INFINITY)

    def _answer(self, line: str) -> None:
        self.waits = True
        self._given[self.asked] = line
        if self.asked == "name":
            self._given.pop("password", None)
        if self.asked != "password" or line:
            self.tried = self.world.tick
        if self.asked != "name":
            self.world.tries[self.host] = self.world.tries.get(self.host, 0) + 1

    @property
    def tried_name(self) -> str:
        """The name that they have given last."""
        return self._given.get("name", "")

    def _look_who(self, name: str) -> tuple[Subject, ...]:
        """Find out who they are, who are said to be in under that name."""
        key = self.world.doors.key
        self.world.require("key", key is None or self._given.get("key") == key, f"{self.title} is in without the key.")
        password = self._given.get("password")
        if password is None:
            self.world.require("members only", not self.world.doors.members_only, f"{self.title} is in.")
            return (Subject(f"presence {name} at {self.title}", is_account=False),)
        look = Look(self, self.tried, self.world.tick)
        owners = {owner for owner in self.world.owner(self.tried_name).values(look) if owner is not None}
        right = [owner for owner in owners if owner.password.may_be(password, look)]
        self.world.require("own password", bool(right), f"{self.title} came in by {password!r} as one of {owners}.")
        self.world.tries[self.host] -= 1
        return tuple(right) or (Subject("somebody", is_account=True, unknown=True),)

    def _try(self, text: Text) -> None:
        text.tries.append(Look(self, self.world.tick, INFINITY))
        self.world.add(text)

    def look(self) -> None:
        world = self.world
        for whole in self.lines():
            line = whole.removesuffix("\r")
            self.log(f"{self.title} < {line}")
            world.require("true words", whole.endswith("\r") and not FORBIDDEN & set(line), f"{line!r} is shown.")
            world.require("no mistake", "server made a mistake" not in line, line)
            if came := re.fullmatch(r"\* You are (\S+), (alone )?in #.*", line):
                if not self.name:
                    self.subjects = self._look_who(came[1])
                    self.came_in(came[1], self.tried)
                    self.device.room(world.room(LOBBY)).write(True, self, self.tried).finish(world.tick)
                    self._check_ban()
                    if came[2]:
                        # The lobby may have been empty, and so have gone, if nothing was said in it.
                        world.room(LOBBY).topic.may_put("", 0, world.tick)
            elif not self.name and (asked := ASKED.search(line)):
                self.asked = next(kind for kind, found in asked.groupdict().items() if found)
                self.waits, self._greeted = self.waits and not self._greeted, True
            elif line.startswith("! "):
                self.waits = False
                if not self.name and line.endswith("Choose another."):
                    # The account whose password they have given was given up meanwhile.
                    self.asked = "name"
                    self._given.pop("password", None)
            elif line.startswith("["):
                self._check_old(line)
            elif line and not line.startswith(("* ", "! ")):
                self._check_words(line)
        if self.line.closed and not self.over:
            self.line.lose()
            self.cut()

    def _check_ban(self) -> None:
        look = Look(self, self.tried, self.world.tick)
        banned = self.world.must_be_banned(self.name, self.host, self.account, look)
        self.world.require("ban", not banned, f"{self.name} from {self.host} came in.")
        owners = set(self.world.owner(self.name).values(look))
        mine = None in owners or "password" in self._given
        self.world.require("own name", mine, f"{self.title} came in as {self.name} without a password.")

    def _read(self, line: str, *, old: bool) -> tuple[Text | None, Shown] | None:
        """What a line says that they are shown, and how; ``None`` if nobody can have said it.

        *old*: they read it again, so that it is not told whether it is private.
        """
        world, refused, line = self.world, False, FILE.sub("", line)
        known = [world.versions[words] for words in reversed(WORDS.findall(line)) if words in world.versions]
        for version in known or [version for version in world.versions.values() if "\n" in version.shown]:
            text = version.text
            authors = (text.authors if text is not None else set()) | version.authors
            shown = read_line(line, version.shown, set[str]().union(*(author.names for author in authors)))
            if shown is None or not (old or text is None or shown.private is (text.room is None)):
                continue
            if not version.refused:
                # A line that others have said too may be of any of them.
                return text if known else None, shown
            refused = True
        world.require("refused", not refused, f"{self.title} is shown {line!r}, which was refused.")
        return None

    def _check_words(self, line: str) -> None:
        read = self._read(line, old=False)
        self.world.require("true words", read is not None, f"nobody said what {self.title} is shown so: {line!r}")
        text, shown = read if read is not None else (None, None)
        if text is None or shown is None:
            return
        self._check_quote(text, shown, line)
        if text.room is None:
            text.shown_to.update(self.subjects)
            self.world.check_ends(text, self.subjects, Look(self, 0, self.world.tick), f"{line!r} is shown")

    def _check_quote(self, text: Text, shown: Shown, line: str) -> None:
        """Check what is said to be answered by a line."""
        if not shown.quote:
            return
        other = self.world.by_id.get(text.answers or 0)
        right = {quote_of(self.world.versions[words].shown) for words in other.versions.everything()} if other else ()
        may = text.answers == -1 or shown.quote in right
        self.world.require("answer", may, f"{line!r} is shown to {self.title}, and answers {other}.")

    def _check_old(self, line: str) -> None:
        """Check what was said before: they have asked for it, or it was said before they came."""
        read = self._read(line, old=True)
        self.world.require("true words", read is not None, f"nobody said what {self.title} reads again: {line!r}")
        text = read[0] if read is not None else None
        if text is not None and text.room is None:
            self.world.check_ends(text, self.subjects, Look(self, 0, self.world.tick), f"{line!r} is shown")
            text.shown_to.update(self.subjects)

    def cut(self) -> None:
        self.over = True
        self.device.over = True
        self.device.has_left(self.world.tick)
        self.gave_up_name(self.world.tick)
