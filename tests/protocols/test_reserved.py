"""Names that users would believe too much belong to the accounts that the operator makes."""

from __future__ import annotations

import pytest
from box import Box

from chat.core.errors import NameTaken
from chat.core.facts import MadeByOperator
from chat.core.limits import Limits
from chat.core.peer import Peer
from chat.core.session import Session
from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105
HASH = hash_password(PASSWORD)
LIMITS = Limits(rate=None, plain_passwords=True)


@pytest.fixture
def box() -> Box:
    """A chat that takes passwords everywhere."""
    return Box(limits=LIMITS, reserve=("helpdesk",))


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("server", ""),
        ("Admin", ""),
        ("root", ""),
        ("MODERATOR", ""),
        ("twisted-chat", ""),
        ("lobby", ""),
        ("helpdesk", ""),
        ("he1pdesk", " It looks like helpdesk."),
        ("rnoderator", " It looks like moderator."),
        ("\u0455erver", " It looks like server."),
    ],
)
def test_nobody_is_called_by_a_reserved_name(box: Box, name: str, like: str) -> None:
    refusal = f"! That name is reserved.{like} Choose another."
    eve = box.connect()
    eve.send(name, "eve", f"/nick {name}")
    _, first, _, second = eve.lines()
    assert (first, second) == (f"{refusal} Or press Enter to come in as a guest.", refusal)
    bot = box.connect()
    bot.ask(type="hello", name=name)
    assert [event["code"] for event in bot.objects()] == ["name-taken"]
    bot.ask(type="hello", name="robot", token="token-of-nobody")
    bot.ask(type="nick", name=name)
    assert bot.objects()[-1]["code"] == "name-taken"


def test_a_session_does_not_resume_under_a_reserved_name(box: Box) -> None:
    bot = box.connect()
    bot.ask(type="hello", name="bot")
    token = bot.objects()[0]["token"]
    bot.lose()
    again = box.connect()
    again.ask(type="hello", name="admin", token=token)
    assert [event["code"] for event in again.objects()] == ["name-taken"]


def test_a_guest_gets_no_reserved_name() -> None:
    box = Box(limits=LIMITS, reserve=("50001",))
    guest = box.connect()
    guest.send("")
    assert guest.lines()[1].startswith("* You are 50001-2, alone in #lobby.")


def test_an_account_that_has_such_a_name_keeps_it(box: Box) -> None:
    box.make_account("admin", HASH)
    admin = box.connect()
    admin.ask(type="hello", name="admin", password=PASSWORD)
    admin.ask(type="nick", name="ada")
    admin.ask(type="nick", name="server")
    admin.ask(type="nick", name="Admin")
    events = admin.objects()
    assert events[0]["registered"] is True
    assert [event["code"] for event in events if event["type"] == "error"] == ["name-taken"]
    assert events[-1]["new"] == "Admin"


def test_who_gives_a_reserved_name_up_does_not_get_it_back(box: Box) -> None:
    box.make_account("admin", HASH)
    admin = box.json("admin", password=PASSWORD)
    admin.ask(type="unregister", password=PASSWORD)
    admin.ask(type="register", password=PASSWORD)
    assert [event.get("code") for event in admin.objects()] == [None, "name-taken"]
    admin.ask(type="quit")
    eve = box.connect()
    eve.send("admin")
    assert eve.lines()[1].startswith("! That name is reserved.")


def test_the_operator_makes_accounts_with_reserved_names(box: Box) -> None:
    operator = Session(0, Peer(), one_room=False)
    box.hub.apply(operator, MadeByOperator(box.hub.take_account(), "server", HASH), action="account", target="server")
    box.turn()
    server = box.connect()
    server.ask(type="hello", name="server", password=PASSWORD)
    assert server.objects()[0]["registered"] is True


def test_the_operator_makes_no_account_of_a_name_that_somebody_has(box: Box) -> None:
    box.text("eve")
    box.make_account("ada", HASH)
    operator = Session(0, Peer(), one_room=False)
    for name, refusal in (
        ("\u0435ve", "eve is here under that name, and can make it theirs with /register."),
        ("ADA", "There is an account ada already."),
    ):
        with pytest.raises(NameTaken, match=refusal):
            box.hub.apply(operator, MadeByOperator(box.hub.take_account(), name, HASH))
