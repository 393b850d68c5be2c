"""Clients of the chat, and people with netcat: what they send, and what they are shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from e2e.test_hostile_bytes import FORBIDDEN

from machine.promises import INFINITY, Device, Look, Subject, Text, World, words_of

LOBBY = "lobby"
TELNET = re.compile(rb"\xff[\xfb\xfc\xfe].", re.DOTALL)
"""What a client is answered that asks for options of telnet."""
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
        """Whether it is not clear yet if they can have the name that they have given."""

    def type(self, line: str) -> None:
        """Type a line."""
        self.world.tick += 1
        self.log(f"{self.title} > {line!r}")
        if not self.name:
            self.tried, self.waits = self.world.tick, True
        if line.startswith("/msg "):
            _, to, words = line.split(" ", 2)
            self._try(Text(words, set(self.subjects), to=to))
        elif line and not line.startswith("/") and self.name:
            self._try(Text(line, set(self.subjects), room=LOBBY))
        self.line.send(f"{line}\n".encode())

    def _try(self, text: Text) -> None:
        text.tries.append(Look(self, self.world.tick, INFINITY))
        self.world.texts[words_of(text.text)] = text

    def look(self) -> None:
        world = self.world
        for whole in self.lines():
            line = whole.removesuffix("\r")
            self.log(f"{self.title} < {line}")
            world.require("true words", whole.endswith("\r") and not FORBIDDEN & set(line), f"{line!r} is shown.")
            world.require("no mistake", "server made a mistake" not in line, line)
            if came := re.fullmatch(r"\* You are (\S+), (alone )?in #.*", line):
                if not self.name:
                    self.subjects = (Subject(f"presence {came[1]} at {self.title}", is_account=False),)
                    self.came_in(came[1], self.tried)
                    self.device.room(world.room(LOBBY)).write(True, self, self.tried).finish(world.tick)
                    self._check_ban()
                    if came[2]:
                        # The lobby may have been empty, and so have gone, if nothing was said in it.
                        world.room(LOBBY).topic.may_put("", 0, world.tick)
            elif line.startswith(("! ", "* That name belongs")):
                self.waits = False
            elif line and not line.startswith(("* ", "! ", "[")):
                self._check_words(line)
        if self.line.closed and not self.over:
            self.line.lose()
            self.cut()

    def _check_ban(self) -> None:
        look = Look(self, self.tried, self.world.tick)
        banned = self.world.must_be_banned(self.name, self.host, None, look)
        self.world.require("ban", not banned, f"{self.name} from {self.host} came in.")
        owners = set(self.world.owner(self.name).values(look))
        self.world.require("own name", None in owners, f"{self.title} came in as {self.name} without a password.")

    def _check_words(self, line: str) -> None:
        text = self.world.texts.get(words_of(line))
        self.world.require("true words", text is not None, f"nobody said what {self.title} is shown: {line!r}")
        if text is not None and text.room is None:
            self.world.require("true words", "(private" in line, f"{self.title} is shown a private message: {line!r}")
            self.world.check_ends(text, self.subjects, Look(self, 0, self.world.tick), f"{line!r} is shown")

    def cut(self) -> None:
        self.over = True
        self.device.over = True
        self.device.has_left(self.world.tick)
        self.gave_up_name(self.world.tick)
