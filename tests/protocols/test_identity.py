"""Names that belong to somebody, in both dialects."""

from __future__ import annotations

from typing import Any

import pytest
from box import Box, Client, SlowStore, TlsTransport
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import implementer

from chat.core.limits import Limits
from chat.core.ports import Lookup
from chat.history.store import CannotKeep

PASSWORD = "correct horse"  # noqa: S105
PROMPT = "* That name belongs to somebody. Type its password, or press Enter to choose another name."
TRUSTING = Limits(rate=None, plain_passwords=True)


@pytest.fixture
def box() -> Box:
    """A chat in which the name ada is registered, and ada is not there."""
    box = Box(limits=TRUSTING)
    ada = box.text("ada")
    ada.send(f"/register {PASSWORD}")
    assert ada.lines() == ["* The name ada is yours now. You need its password when you come in next."]
    ada.send("exit")
    return box


def hello(box: Box, **fields: Any) -> Client:
    """A program that has said hello."""
    bot = box.connect()
    bot.ask(type="hello", **fields)
    return bot


def raw(client: Client) -> bytes:
    """All that a client was sent."""
    data: bytes = client.socket.value()
    return data


def test_a_registered_name_needs_its_password_and_hides_it(box: Box) -> None:
    user = box.connect()
    user.send("Ada")
    assert raw(user).decode("latin-1").endswith(f"{PROMPT}\r\n\xff\xfb\x01")
    user.send(PASSWORD)
    assert b"\xff\xfc\x01\r\n* You are ada, alone in #lobby." in raw(user)


AGAIN = b"* Type the password of ada, or press Enter to choose another name.\r\n\xff\xfb\x01"


def test_a_wrong_password_is_asked_for_again_and_never_taken_for_a_name(box: Box) -> None:
    user = box.connect()
    user.send("ada", "swordfish")
    assert raw(user).endswith(b"\xff\xfc\x01\r\n! That password is wrong.\r\n" + AGAIN)
    user.send("swordfish", "swordfish", "swordfish")
    assert raw(user).endswith(b"\r\n! There were too many wrong passwords. Try again in 1 second.\r\n" + AGAIN)
    box.clock.advance(1)
    user.send(PASSWORD)
    assert b"\r\n* You are ada, alone in #lobby." in raw(user)
    user.send("/msg", "hello")
    assert raw(user).count(AGAIN) == 4
    assert box.stored[-1].text == "hello"


def test_after_a_wrong_password_another_name_can_be_chosen(box: Box) -> None:
    user = box.connect()
    user.send("ada", "wrong horse", "", "bob")
    assert raw(user).count(AGAIN) == 1
    assert b"* You are bob, alone in #lobby." in raw(user)


def test_who_asks_for_a_name_that_looks_like_another_is_told_which(box: Box) -> None:
    user = box.connect()
    user.send("аda")
    like = PROMPT.replace("somebody. ", "somebody. It looks like ada. ")
    assert like in raw(user).decode("latin-1")


def test_enter_chooses_another_name(box: Box) -> None:
    user = box.connect()
    user.send("ada", "", "bob")
    assert b"\r\n* Type your name and press Enter.\r\n* You are bob, alone in #lobby." in raw(user)


def test_what_is_typed_ahead_is_not_taken_for_the_name_of_somebody_else(box: Box) -> None:
    user = box.connect()
    user.send("ada", PASSWORD, "hello")
    assert box.stored[-1].author == "ada"
    assert box.stored[-1].text == "hello"


def test_look_alikes_of_a_registered_name_are_refused(box: Box) -> None:
    bot = hello(box, name="\u0430da")
    (refusal,) = bot.objects()
    assert refusal["code"] in ("password-needed", "name-taken")
    bot.ask(type="hello", name="\u0430da", password=PASSWORD)
    (welcome, _) = bot.objects()
    assert welcome["name"] == "ada"
    bot.ask(type="quit")
    owner = box.json("ll")
    owner.ask(type="register", password=PASSWORD)
    owner.ask(type="quit")
    assert [refusal["code"] for refusal in hello(box, name="Il").objects()] == ["name-taken"]


def test_programs_give_the_password_in_hello(box: Box) -> None:
    bot = hello(box, name="ada")
    assert [refusal["code"] for refusal in bot.objects()] == ["password-needed"]
    bot.ask(type="hello", name="ada", password="wrong horse", tag="t")
    assert [(refusal["code"], refusal["tag"]) for refusal in bot.objects()] == [("wrong-password", "t")]
    bot.ask(type="hello", name="ada", password=PASSWORD)
    welcome = bot.objects()[0]
    assert (welcome["name"], welcome["registered"]) == ("ada", True)


def test_nobody_takes_a_registered_name_by_renaming(box: Box) -> None:
    bob = box.text("bob")
    bob.send("/nick ada", "/nick ADA")
    refusal = "! That name belongs to somebody. If that is you, leave and come in with its password."
    assert bob.lines() == [refusal, refusal]


def test_the_owner_may_be_called_otherwise_and_come_back(box: Box) -> None:
    ada = hello(box, name="ada", password=PASSWORD)
    ada.ask(type="nick", name="lovelace")
    ada.ask(type="nick", name="ada")
    assert "error" not in {event["type"] for event in ada.objects()}


def test_the_right_password_lets_another_device_stand_beside(box: Box) -> None:
    bob = box.text("bob")
    first = hello(box, name="ada", password=PASSWORD)
    assert bob.lines() == ["* ada joined."]
    second = hello(box, name="ada", password=PASSWORD)
    assert bob.lines() == []
    first.received()
    bob.send("still there?")
    assert [device.objects()[-1]["text"] for device in (first, second)] == ["still there?"] * 2


@pytest.mark.parametrize("name", ["ada", "\u0430da"])
def test_another_device_goes_by_the_name_that_its_user_has_now(box: Box, name: str) -> None:
    hello(box, name="ada", password=PASSWORD).ask(type="nick", name="\u0430da")
    second = box.connect()
    second.ask(type="hello", name=name, password=PASSWORD)
    welcome, room = second.objects()
    assert (welcome["name"], room["users"]) == ("\u0430da", ["\u0430da"])
    second.lose()
    again = box.connect()
    again.ask(type="hello", name="\u0430da", token=welcome["token"])
    assert again.objects()[0]["name"] == "\u0430da"


def test_wrong_tries_are_slowed_for_the_name_and_the_right_password_has_to_wait_too(box: Box) -> None:
    bot = box.connect()
    for _ in range(4):
        bot.ask(type="hello", name="ada", password="wrong horse")
    codes = [event["code"] for event in bot.objects()]
    assert codes == ["wrong-password"] * 3 + ["too-many-tries"]
    bot.ask(type="hello", name="ada", password=PASSWORD)
    assert [event["code"] for event in bot.objects()] == ["too-many-tries"]
    box.clock.advance(2)
    bot.ask(type="hello", name="ada", password=PASSWORD)
    assert bot.objects()[0]["type"] == "welcome"


def hold_proofs(box: Box) -> None:
    """Let the answers to all passwords come together, a second later."""
    answer = box.delivery._lookups._answer

    def slowly(lookup: Lookup) -> Deferred[Any]:
        return deferLater(box.clock, 1, lambda: None).addCallback(lambda _: answer(lookup))

    box.delivery._lookups._answer = slowly


def test_many_tries_at_once_are_no_way_around_the_wait(box: Box) -> None:
    hold_proofs(box)
    attackers = [hello(box, name="ada", password=f"horse {number}") for number in range(10)]
    box.clock.advance(1)
    box.turn()
    codes = [attacker.objects()[0]["code"] for attacker in attackers]
    assert codes == ["wrong-password"] * 3 + ["too-many-tries"] * 7


def test_wrong_tries_are_slowed_for_the_address_whatever_the_name(box: Box) -> None:
    bob = box.text("bob")
    bob.send(f"/register {PASSWORD}", "exit")
    attacker = box.connect(host="198.51.100.7")
    for name in ("ada", "bob", "ada", "bob"):
        attacker.ask(type="hello", name=name, password="wrong horse")
    assert [event["code"] for event in attacker.objects()] == ["wrong-password"] * 3 + ["too-many-tries"]
    assert hello(box, name="bob", password=PASSWORD).objects()[0]["type"] == "welcome"


def test_a_crowd_behind_one_address_may_log_in_at_once(box: Box) -> None:
    for number in range(10):
        user = box.text(f"user{number}")
        user.send(f"/register {PASSWORD}", "exit")
    hold_proofs(box)
    crowd = [hello(box, name=f"user{number}", password=PASSWORD) for number in range(10)]
    box.clock.advance(1)
    box.turn()
    assert [user.objects()[0]["type"] for user in crowd] == ["welcome"] * 10


def test_passwords_are_not_taken_where_others_listen() -> None:
    box = Box()
    ada = box.text("ada")
    ada.send(f"/register {PASSWORD}")
    assert ada.lines() == [
        "! Others could read a password on this connection. Connect with TLS, or from the server itself."
    ]


def test_nobody_is_asked_for_a_password_where_others_listen() -> None:
    box = Box()
    ada = box.connect(TlsTransport)
    ada.ask(type="hello", name="ada")
    ada.ask(type="register", password=PASSWORD)
    refusal = (
        "The name ada belongs to somebody, and others could read its password on this connection. Connect with TLS, or "
        "choose another name."
    )
    assert [(event["code"], event["text"]) for event in hello(box, name="ada").objects()] == [("not-secure", refusal)]
    user = box.connect()
    user.send("ada", "bob")
    assert f"! {refusal}\r\n* You are bob, in #lobby with ada." in raw(user).decode()


@pytest.mark.parametrize("password", ["short", "x" * 257])
def test_bad_passwords_are_refused(password: str) -> None:
    bot = Box(limits=TRUSTING).json("bot")
    bot.ask(type="register", password=password)
    assert [event["code"] for event in bot.objects()] == ["bad-password"]


def test_changing_the_password(box: Box) -> None:
    ada = hello(box, name="ada", password=PASSWORD)
    ada.ask(type="password", password="short")
    ada.ask(type="password", password="battery staple")
    assert [event.get("code", event["type"]) for event in ada.objects()[-2:]] == ["bad-password", "notice"]
    ada.ask(type="quit")
    assert hello(box, name="ada", password=PASSWORD).objects()[-1]["code"] == "wrong-password"
    assert hello(box, name="ada", password="battery staple").objects()[0]["type"] == "welcome"


def test_unregistering_sets_the_name_free(box: Box) -> None:
    ada = hello(box, name="ada", password=PASSWORD)
    ada.ask(type="unregister", password=PASSWORD)
    ada.ask(type="quit")
    assert "registered" not in hello(box, name="ada").objects()[0]


def test_a_resumed_session_needs_no_password_and_keeps_its_rights(box: Box) -> None:
    first = hello(box, name="ada", password=PASSWORD)
    token = first.objects()[0]["token"]
    second = hello(box, name="ada", token=token)
    assert second.objects()[0]["registered"] is True


def test_the_token_of_an_account_opens_a_new_session_for_thirty_days(box: Box) -> None:
    first = hello(box, name="ada", password=PASSWORD)
    token = first.objects()[0]["token"]
    first.ask(type="quit")
    box.clock.advance(29 * 86_400)
    second = hello(box, name="ada", token=token)
    welcome = second.objects()[0]
    assert (welcome["token"], welcome["registered"]) == (token, True)
    second.ask(type="quit")
    box.clock.advance(30 * 86_400)
    assert [event["code"] for event in hello(box, name="ada", token=token).objects()] == ["password-needed"]


def test_private_messages_wait_for_a_registered_user(box: Box) -> None:
    bob = box.text("bob")
    bob.send("/msg ada one", "/msg ADA two")
    assert bob.lines() == ["* ada is not here, and will get that when they come in."] * 2
    ada = hello(box, name="ada", password=PASSWORD)
    events = ada.objects()
    assert [event["text"] for event in events if event["type"] == "message"] == ["one", "two"]
    assert "While you were away you got 2 private messages." in [event.get("text") for event in events]
    ada.ask(type="quit")
    again = hello(box, name="ada", password=PASSWORD)
    assert [event for event in again.objects() if event["type"] == "message"] == []


def test_a_private_message_to_an_account_of_two_sessions_is_shown_once_to_the_one_that_sends_it(box: Box) -> None:
    first = hello(box, name="ada", password=PASSWORD)
    first.ask(type="nick", name="ada2")
    second = hello(box, name="ada", password=PASSWORD)
    first.objects()
    second.objects()
    first.ask(type="msg", name="ada", text="psst", tag="a")
    assert [event["text"] for event in first.objects()] == ["psst"]
    assert [event["text"] for event in second.objects()] == ["psst"]


def test_a_guest_is_not_given_a_registered_name() -> None:
    box = Box(limits=TRUSTING)
    guest = box.connect()
    guest.send("", f"/register {PASSWORD}")
    port = guest.lines()[1].split()[3].rstrip(",")
    guest.send("exit")
    box._ports = iter([int(port)])  # type: ignore[assignment]
    again = box.connect()
    again.send("")
    assert f"* You are {port}-2, alone in #lobby." in again.received()


def test_read_marks_follow_the_user_to_another_device(box: Box) -> None:
    bob = box.text("bob")
    bob.send("one", "two", "three")
    first = hello(box, name="ada", password=PASSWORD)
    first.ask(type="read", room="lobby", id=2, tag="t")
    assert first.objects()[-1] == {"type": "read", "room": "lobby", "id": 2, "tag": "t"}
    first.ask(type="quit")
    state = next(event for event in hello(box, name="ada", password=PASSWORD).objects() if event["type"] == "room")
    assert state["read"] == 2
    again = hello(box, name="ada", password=PASSWORD)
    again.received()
    again.ask(type="read", room="lobby", id=99)
    assert again.objects()[-1]["id"] == 3
    bot = box.json("bot")
    bot.ask(type="read", room="lobby", id=2)
    assert bot.objects()[-1]["code"] == "not-allowed"


def test_a_password_that_can_not_be_stored_leaves_the_name_free() -> None:
    store = SlowStore()
    box = Box(limits=TRUSTING, store=store)
    ada = box.text("ada")
    ada.send(f"/register {PASSWORD}")
    store.fail(CannotKeep("the disk of the server is full."))
    box.turn()
    assert ada.lines() == ["! Not stored, not sent: the disk of the server is full. Try again later."]
    ada.send(f"/register {PASSWORD}")
    store.store()
    box.turn()
    assert ada.lines()[0].startswith("* The name ada is yours now.")


def test_wrong_passwords_from_elsewhere_do_not_lock_the_owner_out(box: Box) -> None:
    attacker = box.connect(host="198.51.100.7")
    for _ in range(8):
        attacker.ask(type="hello", name="ada", password="wrong horse")
    assert attacker.objects()[-1]["code"] == "too-many-tries"
    owner = box.connect(host="198.51.100.8")
    owner.ask(type="hello", name="ada", password=PASSWORD)
    assert owner.objects()[0]["type"] == "welcome"


def test_one_network_of_ipv6_counts_as_one_address(box: Box) -> None:
    codes = []
    for number in range(5):
        attacker = box.connect(host=f"2001:db8:1:2::{number + 1:x}")
        attacker.ask(type="hello", name="ada", password="wrong horse")
        codes += [event["code"] for event in attacker.objects()]
    assert codes == ["wrong-password"] * 3 + ["too-many-tries"] * 2


def test_a_name_that_is_guessed_at_is_told_to_the_operator_once(box: Box) -> None:
    told: list[str] = []

    @implementer(ILogObserver)
    def note(event: LogEvent) -> None:
        if "wrong passwords" in event.get("log_format", ""):
            told.append(formatEvent(event))

    globalLogPublisher.addObserver(note)
    try:
        for number in range(120):
            box.connect(host=f"198.51.{number}.7").ask(type="hello", name="ada", password="wrong horse")
    finally:
        globalLogPublisher.removeObserver(note)
    assert told == ["ada has got 100 wrong passwords within an hour"]
