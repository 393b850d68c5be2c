"""What the operator does with those who are here, and with those who are to stay away."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import msgspec

from chat.core import durations
from chat.core.commands import moderation
from chat.core.commands.deciding import reason
from chat.core.commands.room_people import kick_out
from chat.core.effects import Show, show_device
from chat.core.errors import Empty, NoSuchUser
from chat.core.events import Event, Notice
from chat.core.hub import Hub
from chat.core.lifecycle import EndUser
from chat.core.operating.request import Command, Operator, Request, Topic, show_lines
from chat.core.operating.rooms import find_room
from chat.core.ports import Delivery
from chat.core.session import Session, State, User
from chat.core.text import bounded, counted
from chat.core.times import minute, timestamp

LONGEST_ANNOUNCEMENT = 1_000
"""The bytes of an announcement."""


class SessionLine(msgspec.Struct, frozen=True):
    """A line in the list of who is here: one device of a user."""

    name: str
    account: str | None
    role: str
    device: int
    way: str
    address: str | None
    port: int
    since: str
    idle: int
    held: bool
    rooms: list[str]

    def __str__(self) -> str:
        facts = [f"account {self.account}"] if self.account not in (None, self.name) else []
        facts += ["no account"] if self.account is None else []
        facts += [self.role] if self.role else []
        host = self.address if self.address is None or ":" not in self.address else f"[{self.address}]"
        where = "this machine" if self.address is None else f"{host}:{self.port}"
        idle = f"idle for {durations.in_words(self.idle)}" if self.idle >= 1 else "active"
        return ", ".join(
            [
                f"{self.name} ({', '.join(facts)})" if facts else self.name,
                f"device {self.device}",
                f"{self.way} from {where}",
                f"since {minute(self.since)}",
                "connection broken" if self.held else idle,
                f"in {' '.join(f'#{room}' for room in self.rooms) or 'no room'}",
            ]
        )


def _list(hub: Hub, session: Operator, request: Request) -> None:
    show_lines(hub, session, request, _sessions(hub))


def _sessions(hub: Hub) -> Iterator[tuple[str, SessionLine]]:
    now = hub.monotonic()
    for user in hub.users.all():
        account = user.account
        for device in user.sessions:
            line = SessionLine(
                name=user.name,
                account=account.name if account is not None else None,
                role=account.role.value if account is not None else "",
                device=device.device,
                way=f"{device.way} over TLS" if device.peer.tls else device.way,
                address=str(device.peer.address) if device.peer.address is not None else None,
                port=device.peer.port,
                since=timestamp(device.began),
                idle=int(now - device.active),
                held=device.state is State.HELD,
                rooms=list(device.rooms),
            )
            yield f"{user.name.casefold()} {user.name} {device.device:02}", line


def _find(hub: Hub, name: str) -> User:
    """Who goes by *name*, or is here with the account of that name."""
    account = hub.accounts.get(name)
    user = hub.users.get(name) or (hub.user_with(account.id) if account is not None else None)
    if user is None:
        raise NoSuchUser(f"There is nobody called {name[:64]} here. chat admin users lists who is.")
    return user


def _disconnect(hub: Hub, session: Operator, request: Request, name: str, *words: str) -> None:
    user = _find(hub, name)
    why = reason(" ".join(words))
    sentence = f"Whoever runs the server has disconnected you{f': {why}' if why else '.'}"
    done = Show(session, Notice(text=f"{user.name} is disconnected."))
    effects = (EndUser(hub, user, sentence, "disconnected"), done)
    hub.decide(session, effects, tuple, action="disconnect", target=user.name, room=None, why=why)


def _kick(hub: Hub, session: Operator, request: Request, name: str, room: str, *words: str) -> None:
    mine, user = find_room(hub, room), _find(hub, name)
    kick_out(hub, session, None, mine, user, " ".join(words), f"{user.name} is out of #{mine.name}.")


class Announce(msgspec.Struct, frozen=True):
    """Show *event* to everybody who is here, on all devices."""

    hub: Hub
    event: Event
    by: Session

    def perform(self, delivery: Delivery) -> None:
        here = [device for user in self.hub.users.all() for device in user.sessions if not device.gone]
        for device in here:
            show_device(delivery, device, self.event)
        delivery.show(self.by, Notice(text=f"That is shown on {counted(len(here), 'device')}."))


def _announce(hub: Hub, session: Operator, request: Request, *words: str) -> None:
    text = bounded(" ".join(words), LONGEST_ANNOUNCEMENT, "announcement")
    if not text:
        raise Empty("There is nothing to announce in that.")
    told = Announce(hub, Notice(text=f"Announcement by whoever runs the server: {text}"), session)
    hub.decide(session, (told,), tuple, action="announce to", target="everybody", room=None, why=text)


# -- bans


def _list_bans(hub: Hub, session: Operator, request: Request) -> None:
    show_lines(hub, session, request, ((ban.target, ban) for ban in moderation.ban_lines(hub)))


def _ban(hub: Hub, session: Operator, request: Request, target: str, *words: str) -> None:
    moderation.keep_out(hub, session, None, target, " ".join(words), None)


def _unban(hub: Hub, session: Operator, request: Request, target: str) -> None:
    moderation.let_in(hub, session, None, target, None)


_command = partial(Command, topic=Topic.PEOPLE, live=True)

COMMANDS = (
    _command(
        "users",
        "lists who is here, from where, by which way, since when",
        _list,
        example="users",
        nothing="Nobody is here.",
    ),
    _command(
        "disconnect NAME [WHY...]",
        "ends all sessions of a user, who may come back",
        _disconnect,
        example="disconnect eve too much noise",
    ),
    _command("kick NAME ROOM [WHY...]", "puts a user out of a room", _kick, example="kick eve dev off topic"),
    _command(
        "announce TEXT...",
        "tells everybody who is here",
        _announce,
        example='announce "The chat restarts at 20:00."',
    ),
    Command("bans", "lists who may not come in", _list_bans, Topic.BANS, example="bans", nothing="Nobody is banned."),
    Command(
        "ban TARGET [TIME] [WHY...]",
        "keeps out a name, an account (@NAME) or addresses, for a time (2h, 7d) or for ever",
        _ban,
        Topic.BANS,
        example="ban @bob 7d spam",
    ),
    Command("unban TARGET", "lets a name, an account or addresses in again", _unban, Topic.BANS, example="unban mal"),
)
