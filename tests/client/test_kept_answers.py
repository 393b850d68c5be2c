"""What the user is asked for after a break is kept in the keyring, as it is at the start."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import ClassVar

import pytest
from box import Box
from client.seats import Seat

from chat.client import command
from chat.client.link.credentials import NoPassword
from chat.client.link.states import Online
from chat.client.options import ClientSettings
from chat.core.doors import Doors
from chat.core.limits import Limits

PASSWORD = "correct horse"  # noqa: S105 - of a test
LIMITS = Limits(rate=None, plain_passwords=True)
SETTINGS = ClientSettings(
    host="chat.example.org",
    port=12345,
    names=("ada",),
    rooms=("lobby",),
    tail=False,
    plain=False,
    gui=False,
    address_given=True,
    timeout=30.0,
    log=None,
    keyring=True,
)


@pytest.fixture
def box() -> Box:
    """A chat without a limit of the rate, which takes passwords."""
    return Box(limits=LIMITS)


def outrun(box: Box) -> Seat:
    """ada, whose connection broke, and whose name somebody else registered meanwhile."""
    seat = Seat(box)
    seat.lose_name(PASSWORD)
    seat.wiring.wait(2)
    return seat


class Ring:
    """Stands for the keyring."""

    kept: ClassVar[dict[str, str]] = {}
    fails = False

    def keep(self, place: str, password: str) -> None:
        if self.fails:
            raise NoPassword("The keyring can't be written: it is locked.")
        self.kept[place] = password


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> type[Ring]:
    """The keyring, with nothing in it."""
    monkeypatch.setattr(Ring, "kept", {})
    monkeypatch.setattr(command, "Keyring", Ring)
    return Ring


def answer(seat: Seat, secret: str) -> None:
    """Have ada, who wants what she answers to be kept, give that *secret*, and wait until it is kept."""

    async def give() -> None:
        seat.client.given = partial(command._keep_answer, SETTINGS, seat.model)
        seat.client.give(secret)
        await asyncio.get_running_loop().shutdown_default_executor()
        await asyncio.sleep(0)

    asyncio.run(give())
    seat.pump()


def test_a_password_that_is_asked_for_after_a_break_is_kept_in_the_keyring(box: Box, ring: type[Ring]) -> None:
    answer(outrun(box), PASSWORD)
    assert ring.kept == {"ada@chat.example.org:12345": PASSWORD}


def test_a_key_that_is_asked_for_after_a_break_is_kept_in_the_keyring(box: Box, ring: type[Ring]) -> None:
    seat = Seat(box)
    seat.wiring.cable.cut()
    seat.wiring.move_to(Box(limits=LIMITS, doors=Doors(key="open sesame")))
    seat.wiring.wait(2)
    answer(seat, "open sesame")
    assert ring.kept == {"key of chat.example.org:12345": "open sesame"}


def test_a_keyring_that_keeps_nothing_is_told_and_hinders_nothing(
    box: Box, ring: type[Ring], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring, "fails", True)
    seat = outrun(box)
    answer(seat, PASSWORD)
    assert seat.model.state == Online()
    assert "! The keyring can't be written: it is locked." in seat.shown()
