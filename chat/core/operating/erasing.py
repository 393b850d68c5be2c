"""How the operator erases what somebody has said, piece by piece beside all else that goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from chat.core.commands.changes import NoteChange, ShowBetween, TakeBack, deletion
from chat.core.effects import Effect, Publish
from chat.core.errors import NoSuchMessage, NotStored
from chat.core.events import BY_OPERATOR, Erased, Notice
from chat.core.facts import Changed, Said
from chat.core.hub import Hub
from chat.core.names import user_name
from chat.core.operating.request import Command, Operator, Progress, Request, Then, Topic
from chat.core.peer import Peer
from chat.core.ports import SaidBy
from chat.core.session import Session
from chat.core.text import counted


def _erase(hub: Hub, session: Operator, request: Request, name: str) -> None:
    account = hub.accounts.get(name)
    name = account.name if account is not None else user_name(name)
    erasure = Erasure(hub, session, name, account.subjects if account is not None else ())
    hub.decide(session, (Then(erasure.go_on),), tuple, action="erase", target=name, room=None)


class Erasure:
    """Erases what was said up to now by *subjects*, or, if there are none, as *name* by who has no account.

    It goes on as long as the operator waits for it. What is erased is erased for good, also if the rest is not.
    """

    def __init__(self, hub: Hub, session: Operator, name: str, subjects: Sequence[int]) -> None:
        self._hub = hub
        self._session = session
        self._name = name
        self._subjects = subjects
        self._after = 0
        self._before = hub.next_id
        self._rooms: Counter[str | None] = Counter()
        """How many messages of each room are erased."""
        self._piece: list[str | None] = []
        """The rooms of the messages that are being erased."""
        self._failed = False
        self._itself = Session(0, Peer(), one_room=False)
        """Who erases them: if they can't be stored, the operator is not to be told so of each of them."""

    def go_on(self) -> None:
        """Look for the next piece, when what was erased before is stored."""
        session = self._session
        if not self._failed:
            self._rooms.update(self._piece)
        self._piece = []
        if session.gone or self._failed or self._after + 1 >= self._before:
            self._end()
            return
        session.still_working()
        wanted = SaidBy(self._subjects, self._name, self._after, self._before)
        self._hub.ask(session, wanted, self._found, None)

    def _found(self, found: tuple[Sequence[Said], int]) -> None:
        said, self._after = found
        for one in said:
            self._take_out(one)
        done = 100 * min(self._after, self._before) // self._before
        count = self._rooms.total() + len(self._piece)
        self._hub.show(self._session, Progress(text=f"{count:,} erased, {done} % looked through"))
        self._hub.then(self._session, Then(self.go_on))

    def _take_out(self, said: Said) -> None:
        hub, session = self._hub, self._itself
        message, between, room = said.message, said.between, said.message.room
        event = deletion(hub, message, BY_OPERATOR)
        effects: list[Effect] = []
        if between is not None:
            effects += [
                ShowBetween(hub, session, between, event, message),
                TakeBack(hub, between, message.id, message.text),
            ]
        elif room is not None:
            effects += [Publish(room, event), NoteChange(hub, room, event, message)]
        try:
            hub.apply(session, Changed(event), effects, also=self._fail)
        except NoSuchMessage:
            # Somebody has deleted it meanwhile.
            return
        self._piece.append(room)

    def _fail(self) -> tuple[()]:
        """What was erased last could not be stored."""
        self._failed = True
        return ()

    def _end(self) -> None:
        for room, count in self._rooms.items():
            if room is not None:
                told = Erased(room=room, by=BY_OPERATOR, name=self._name, count=count)
                self._hub.then(self._session, Publish(room, told))
        many = self._rooms.total()
        is_erased = f"{counted(many, 'message')} {'is' if many == 1 else 'are'} erased"
        if self._failed:
            why = "Not all is erased, as the history can't be written."
            self._hub.refuse(self._session, NotStored(f"{why} {is_erased} that {self._name} said. Try again later."))
        else:
            self._hub.show(self._session, Notice(text=f"{is_erased} that {self._name} said."))


COMMANDS = (
    Command(
        "erase NAME",
        "erases all that an account has said, in rooms and in private; without an account, all that was said as NAME",
        _erase,
        Topic.MESSAGES,
        example="erase eve",
    ),
)
