"""The hooks of the random days: what is known of them, and what programs send to their addresses."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from house import Exchange

if TYPE_CHECKING:
    from machine.promises import Look, Subject, Text, World


@dataclass
class Said:
    """Something that a hook has said, or tried to: each text is said under one tag, as often as it likes."""

    text: Text
    tag: str
    unsure: bool = False
    """Whether a try had no answer when the chat ended."""


@dataclass
class Hook:
    """A hook of which a program was told the secret."""

    name: str
    room: str
    secret: str
    makers: tuple[Subject, ...]
    subject: Subject
    said: list[Said] = field(default_factory=list)
    may_have_ended: bool = False
    """Whether something has happened that may be its end."""
    ended: float = math.inf
    """When it was told to be gone."""


@dataclass
class Waiting:
    """A try that has no answer yet."""

    hook: Hook
    said: Said
    look: Look
    posting: Exchange


class Hooks:
    """All hooks of a day, and what they say. Names that look alike have in common what *fold* tells."""

    def __init__(self, world: World, fold: Callable[[str], str]) -> None:
        self._world = world
        self._fold = fold
        self.known: list[Hook] = []
        self.waiting: list[Waiting] = []

    def made(self, subject: Subject, fields: Mapping[str, Any], answer: str, makers: tuple[Subject, ...]) -> None:
        """A program was told that it has made a hook, which speaks as *subject*."""
        subject.names.add(answer.split()[0])
        secret = answer.split()[-1].rpartition("/")[2]
        self.known.append(Hook(answer.split()[0], fields["room"], secret, makers, subject))

    def may_end(self, *, name: str | None = None, room: str | None = None, maker: Subject | None = None) -> None:
        """Those of a name, a room or a maker may have ended."""
        for hook in self.known:
            if (
                (name is not None and self._fold(name) == self._fold(hook.name))
                or hook.room == room
                or maker in hook.makers
            ):
                hook.may_have_ended = True

    def ended(self, name: str, room: str) -> None:
        """A program was told that a hook is gone."""
        for hook in self.known:
            if self._fold(name) == self._fold(hook.name) and hook.room == room:
                hook.ended = min(hook.ended, self._world.tick)

    def post(self, hook: Hook, said: Said, look: Look, posting: Exchange) -> None:
        """Something was sent to the address of *hook*."""
        said.text.tries.append(look)
        said.text.refused = False
        self.waiting.append(Waiting(hook, said, look, posting))

    def look(self, names: Mapping[str, str]) -> None:
        """Look at the answers; *names* are those of who is here, each with what has it."""
        for one in list(self.waiting):
            answer = one.posting.answer()
            if answer is not None:
                self.waiting.remove(one)
                self._answered(one, *answer, names)

    def _answered(self, one: Waiting, status: int, words: bytes, names: Mapping[str, str]) -> None:
        world, hook, text = self._world, one.hook, one.said.text
        one.look.done = world.tick
        if status == HTTPStatus.OK:
            world.require("hook", words == b"ok", f"{hook.name} is answered {words!r}.")
            world.require("hook", hook.ended >= one.look.sent, f"{hook.name} says {text.text!r} after its end.")
            taken = names.get(self._fold(hook.name))
            world.require("hook", hook.may_have_ended or taken is None, f"{taken} is called as the hook {hook.name}.")
            text.acknowledged, text.refused = True, False
            return
        gone = hook.may_have_ended or hook.ended < math.inf
        world.require("hook", gone or status != HTTPStatus.NOT_FOUND, f"{hook.name} is not there any more.")
        others = any(other.said is one.said for other in self.waiting)
        if not (text.acknowledged or one.said.unsure or others):
            text.refused = True

    def chat_ended(self) -> None:
        """The chat has ended, and what waits has no answer."""
        for one in self.waiting:
            one.said.unsure = True
            one.look.done = self._world.tick
        self.waiting = []
