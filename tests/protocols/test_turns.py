"""Passwords are checked one at a time, the addresses by turns; right ones never count as wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from box import Box, Client, Operator, SlowWork
from conftest import LoggedFailures
from twisted.internet.defer import Deferred, fail, succeed

from chat.core.accounts import Guesses, Role
from chat.core.limits import Limits
from chat.history.passwords import hash_password
from chat.history.turns import MOST

PASSWORD = "correct horse"  # noqa: S105
WRONG = "wrong horse"
HASH = hash_password(PASSWORD)
LIMITS = Limits(rate=None, plain_passwords=True)
BUSY = "Too many passwords wait to be checked just now. Try again in a few seconds."


class Chat:
    """A chat with accounts called user0, user1, and so on, where passwords are checked when told to."""

    def __init__(self, accounts: int = 10) -> None:
        self.work = SlowWork()
        self.box = Box(limits=LIMITS, run=self.work)
        for number in range(accounts):
            self.box.make_account(f"user{number}", HASH)

    def knock(self, number: int, host: str, password: str = PASSWORD) -> Client:
        """The program of a user says hello."""
        client = self.box.connect(host=host)
        client.ask(type="hello", name=f"user{number}", password=password)
        return client

    def do(self, times: int = 1) -> None:
        """Check the passwords whose turn it is, one after the other."""
        for _ in range(times):
            assert len(self.work.waiting) == 1, "one is checked at a time"
            self.work.do()
            self.box.turn()


def answer(client: Client) -> str:
    """What a program was answered: the type, or the code of a refusal."""
    events = client.objects()
    return str(events[0].get("code", events[0]["type"])) if events else "nothing"


def test_the_addresses_are_taken_in_turn() -> None:
    chat = Chat()
    first = [chat.knock(number, "198.51.100.7") for number in range(3)]
    second = [chat.knock(number, f"2001:db8:1:2::{number}") for number in range(3, 5)]
    third = chat.knock(5, "192.0.2.9")
    order = [first[0], second[0], third, first[1], second[1], first[2]]
    for client in order:
        assert answer(client) == "nothing"
        chat.do()
        assert answer(client) == "welcome"
    assert not chat.work.waiting


def test_many_addresses_at_once_are_told_to_try_again() -> None:
    chat = Chat(MOST + 2)
    clients = [chat.knock(number, f"198.51.100.{number}") for number in range(MOST)]
    late = chat.knock(MOST, "192.0.2.9")
    (refusal,) = late.objects()
    assert (refusal["code"], refusal["text"]) == ("too-many-tries", BUSY)
    behind = chat.knock(MOST + 1, "198.51.100.5")
    chat.do()
    late.ask(type="hello", name=f"user{MOST}", password=PASSWORD)
    chat.do(MOST + 1)
    assert {answer(client) for client in (*clients, behind, late)} == {"welcome"}


def test_who_types_is_told_to_try_again_too() -> None:
    chat = Chat(MOST + 1)
    for number in range(MOST):
        chat.knock(number, f"198.51.100.{number}")
    person = chat.box.connect()
    person.send(f"user{MOST}", PASSWORD)
    assert f"! {BUSY}" in person.socket.value().decode("latin-1")
    chat.do(MOST)
    person.send(PASSWORD)
    chat.do()
    assert f"* You are user{MOST}" in person.socket.value().decode("latin-1")


def test_a_group_of_bots_on_the_server_itself_comes_in_together() -> None:
    chat = Chat(201)
    bots = [chat.knock(number, "127.0.0.1") for number in range(200)]
    person = chat.knock(200, "198.51.100.7")
    chat.do(2)
    assert answer(person) == "welcome", "nobody else waits for them"
    chat.do(199)
    assert {answer(bot) for bot in bots} == {"welcome"}


@pytest.mark.parametrize("host", ["198.51.100.7", "127.0.0.1"])
def test_right_passwords_are_never_counted_among_the_wrong_ones(host: str) -> None:
    chat = Chat()
    crowd = [chat.knock(0, host) for _ in range(8)]
    chat.do(8)
    codes = [answer(client) for client in crowd]
    assert codes == ["welcome"] * 8


def test_a_right_password_makes_the_wrong_ones_before_it_forgotten() -> None:
    chat = Chat()
    for _ in range(4):
        for password in (WRONG, WRONG, PASSWORD):
            client = chat.knock(0, "127.0.0.1", password)
            chat.do()
            assert answer(client) == ("welcome" if password == PASSWORD else "wrong-password")


def test_nobody_learns_by_many_tries_at_once_which_one_was_right() -> None:
    chat = Chat()
    clients = [chat.knock(0, "198.51.100.7", password) for password in (WRONG, WRONG, WRONG, PASSWORD, WRONG)]
    chat.do(4)
    assert not chat.work.waiting
    assert [answer(client) for client in clients] == ["wrong-password"] * 3 + ["too-many-tries"] * 2
    chat.box.clock.advance(1)
    again = chat.knock(0, "198.51.100.7")
    chat.do()
    assert answer(again) == "welcome"


def test_nobody_waits_for_the_checks_of_those_who_have_gone() -> None:
    chat = Chat(2)
    for _ in range(300):
        chat.knock(0, "127.0.0.1", WRONG).lose()
    person = chat.knock(1, "127.0.0.1")
    chat.do(2)
    assert answer(person) == "welcome"
    assert not chat.work.waiting
    other = chat.knock(1, "198.51.100.7")
    chat.do()
    assert answer(other) == "welcome", "the next has its turn"


def test_many_wrong_passwords_at_once_keep_nobody_at_their_address_waiting() -> None:
    chat = Chat(2)
    for _ in range(300):
        # A client that has closed its end may still read, so its place in the line is kept.
        chat.knock(0, "127.0.0.1", WRONG).end()
    person = chat.knock(1, "127.0.0.1")
    chat.do(5)
    assert answer(person) == "welcome", "the first few are checked, and the others have to wait"


def test_who_registers_waits_for_their_turn_too() -> None:
    chat = Chat()
    crowd = [chat.box.connect(host="198.51.100.7") for _ in range(50)]
    for number, client in enumerate(crowd):
        client.ask(type="hello", name=f"guest{number}")
        client.ask(type="register", password=PASSWORD)
    person = chat.knock(0, "192.0.2.9")
    chat.do(2)
    assert answer(person) == "welcome", "nobody else waits for them"
    chat.do(49)
    assert len(chat.box.hub.accounts) == 60


def test_the_operator_waits_for_no_crowd() -> None:
    chat = Chat(MOST + 1)
    for number in range(MOST):
        chat.knock(number, f"198.51.100.{number}")
    operator = Operator(chat.box).ask("password", f"user{MOST}", secret="battery staple")
    chat.box.turn()
    assert len(chat.work.waiting) == 2
    while chat.work.waiting:
        chat.work.do()
        chat.box.turn()
    assert operator.answer()["text"] == f"user{MOST} has another password."


def test_a_check_that_fails_lets_the_next_one_have_its_turn(logged_failures: LoggedFailures) -> None:
    errors = [OSError("no memory")]

    def run(work: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        return fail(errors.pop()) if errors else succeed(work(*arguments))

    box = Box(limits=LIMITS, run=run)
    box.make_account("ada", HASH)
    codes = []
    for _ in range(2):
        client = box.connect()
        client.ask(type="hello", name="ada", password=PASSWORD)
        codes.append(answer(client))
    assert codes == ["internal", "welcome"]
    assert logged_failures.flush(OSError)


def test_a_name_that_is_guessed_at_is_named_in_the_figures() -> None:
    box = Box(limits=LIMITS)
    for name, role in (("ada", Role.USER), ("root", Role.OWNER)):
        box.make_account(name, HASH, role)
    for number in range(Guesses.MANY + 1):
        box.connect(host=f"198.51.{number}.7").ask(type="hello", name="Ada", password=WRONG)
    root = box.json("root", password=PASSWORD)
    root.ask(type="stats")
    figures = root.objects()[-1]["figures"]
    assert figures["wrong passwords of ada"] == Guesses.MANY + 1
    assert not [name for name in figures if name.endswith("of root")]
    box.clock.advance(Guesses.SPAN + 1)
    root.ask(type="stats")
    assert "wrong passwords of ada" not in root.objects()[-1]["figures"]


def test_who_has_waited_too_long_for_their_password_is_told() -> None:
    chat = Chat()
    client = chat.knock(0, "198.51.100.7")
    chat.box.clock.advance(70)
    chat.do()
    assert [event.get("code", event["type"]) for event in client.objects()] == ["no-name", "goodbye"]
