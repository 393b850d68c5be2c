"""Whose room it is, and to whom it may go."""

from __future__ import annotations

from box import Box
from core.test_names_end import LIMITS

from chat.core.accounts import Role
from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105
HASH = hash_password(PASSWORD)


def test_a_moderator_may_be_given_a_room_and_takes_one_that_has_no_founder() -> None:
    box = Box(limits=LIMITS)
    box.make_account("mo", HASH, Role.MODERATOR)
    ada, mo = box.json("ada"), box.json("mo", password=PASSWORD, rooms={"tea": None})
    ada.ask(type="register", password=PASSWORD)
    ada.ask(type="join", room="dev")
    mo.ask(type="join", room="dev")
    ada.ask(type="room", room="dev", access="founder", name="mo")
    assert box.hub.rooms["dev"].founder == box.hub.accounts["mo"].id
    ada.ask(type="join", room="coffee")
    mo.ask(type="join", room="coffee")
    mo.ask(type="op", room="coffee", name="ada", on=False)
    mo.ask(type="room", room="coffee", access="founder", name="mo")
    assert box.hub.rooms["coffee"].founder == box.hub.accounts["mo"].id
