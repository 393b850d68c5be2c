"""The devices on which a user is connected: seeing them, and logging one or all of them out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from chat.core.command import Command, Kind, Parameter
from chat.core.effects import Effect, Show
from chat.core.errors import BadField
from chat.core.events import Device, Devices, Notice
from chat.core.facts import LoggedOut
from chat.core.hub import Hub
from chat.core.lifecycle import quit_chat
from chat.core.ports import Delivery
from chat.core.queue import Undo
from chat.core.rights import user_of
from chat.core.session import Session, State, User
from chat.core.times import timestamp

EVERY = "all"
"""How people write that they mean all devices."""

LONGEST_NUMBER = 9
"""The digits that the number of a device may have."""


def list_devices(hub: Hub, session: Session, tag: str | None) -> None:
    """Show where the user is connected."""
    now = hub.monotonic()
    devices = [
        Device(
            device=device.device,
            way=f"{device.way} over TLS" if device.peer.tls else device.way,
            address=str(device.peer.address) if device.peer.address is not None else None,
            since=timestamp(device.began),
            idle=int(now - device.active),
            this=device is session,
            held=device.state is State.HELD,
        )
        for device in sorted(user_of(session).sessions, key=lambda device: device.device)
    ]
    hub.answer(session, Show(session, Devices(devices=devices, tag=tag)))


def log_out(hub: Hub, session: Session, tag: str | None, device: int | None = None, which: str | None = None) -> None:
    """End one session of the user, or all, with the tokens that would bring them back."""
    user = user_of(session)
    if which is not None and which.strip().lower() != EVERY:
        if not (which.isascii() and which.isdecimal() and len(which) <= LONGEST_NUMBER):
            raise BadField("Say which device is to be logged out: /logout 2, or /logout all. /devices lists them.")
        device = int(which)
    if device is None:
        _log_out_all(hub, session, user, tag)
        return
    found = next((one for one in user.sessions if one.device == device), None)
    if found is None:
        raise BadField(f"You have no device {device}. /devices lists them.")
    digests = (found.token.digest,) if found.token is not None else ()
    done = Show(session, Notice(text=f"Device {device} is logged out.", tag=tag))
    ended = EndDevices((found,), hub, "This device was logged out from another one.", session)
    hub.apply(session, LoggedOut(user.subject, digests), (done, ended), tag=tag, also=ended.begin())


def _log_out_all(hub: Hub, session: Session, user: User, tag: str | None) -> None:
    done = Show(session, Notice(text="All devices are logged out.", tag=tag))
    ended = EndDevices(user.sessions, hub, "All your devices were logged out from another one.", session)
    hub.apply(session, LoggedOut(user.subject, None), (done, ended), tag=tag, also=ended.begin())


class EndDevices(msgspec.Struct, frozen=True):
    """These *devices* leave the chat, because *by* logs them out."""

    devices: Sequence[Session]
    hub: Hub
    text: str
    by: Session

    def begin(self) -> Undo:
        """From now on they decide nothing by what they wait for; return what undoes that."""

        def mark(logged_out: bool) -> Sequence[Effect]:
            for device in self.devices:
                device.logged_out = logged_out
            return ()

        mark(True)
        return partial(mark, False)

    def perform(self, delivery: Delivery) -> None:
        for device in self.devices:
            text = "You have logged out." if device is self.by else self.text
            quit_chat(self.hub, device, text, "logged-out")


COMMANDS = (
    Command("devices", (), "lists where you are connected", list_devices),
    Command(
        "logout",
        (
            Parameter("device", Kind.NUMBER, optional=True, programs=True),
            Parameter("which", Kind.TEXT, people=True),
        ),
        "logs a device out: /logout 2, or /logout all",
        log_out,
        stores=True,
    ),
)
