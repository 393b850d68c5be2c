"""How the operator asks and is answered: one request a connection, a sentence or a page of lines for an answer."""

from __future__ import annotations

import sys

import pytest
from box import Box, Operator, SlowStore
from conftest import LoggedFailures
from operated import HASH, LIMITS, Recorded, make_box

from chat.core.accounts import Role
from chat.core.facts import Decision
from chat.core.limits import Limits
from chat.core.operating.request import PAGE


@pytest.fixture
def box() -> Box:
    """The chat."""
    return make_box(bob=Role.MODERATOR, store=Recorded())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("role", "nobody", "owner"), "There is no account nobody. Users make theirs with /register."),
        (("password", "nobody"), "There is no account nobody. Users make theirs with /register."),
        (("role", "bob", "king"), "There is no role king. There are: owner, moderator, user."),
        (("fly",), 'The chat that runs there does not know "fly". '),
        ((), 'The chat that runs there does not know "". '),
        (("role", "bob"), 'The chat that runs there does not know "role bob". '),
    ],
)
def test_a_refusal_is_a_sentence(box: Box, words: tuple[str, ...], sentence: str) -> None:
    assert box.admin(*words).startswith(sentence)


def test_a_queue_that_is_full_is_told() -> None:
    store = SlowStore()
    box = Box(limits=Limits(rate=None, pending=2), store=store)
    box.make_account("bob", HASH)
    store.store()
    for name in ("ada", "eve"):
        client = box.json(name)
        client.protocol.dataReceived(b'{"type":"ping"}\n{"type":"ping"}\n')
    operator = Operator(box).ask("role", "bob", "owner")
    box.turn()
    assert operator.answer()["text"] == "The chat has too much to do just now, so nothing was done. Try again."
    assert box.admin("accounts") == "bob"


def pages(box: Box, *words: str) -> list[list[str]]:
    """All pages of a list."""
    found: list[list[str]] = []
    after: str | None = ""
    while after is not None:
        operator = Operator(box).ask(*words, after=after)
        box.turn()
        answer = operator.answer()
        operator.lose()
        found.append(answer["lines"])
        after = answer.get("next")
    return found


@pytest.mark.parametrize("number", [0, 1, PAGE, PAGE + 1, 2 * PAGE + 7])
def test_lists_come_in_pages(number: int) -> None:
    store = Recorded()
    box = Box(limits=LIMITS, store=store)
    names = [f"{'aA'[index % 2]}{index}" for index in range(number)]
    for name in names:
        box.make_account(name, HASH)
    store.record = [Decision("t", "ada", "ban", name) for name in names]
    expected = {
        "accounts": sorted(names, key=str.casefold),
        "audit": [f"t ada: ban {name}" for name in names],
    }
    for word, lines in expected.items():
        found = pages(box, word)
        assert [line for page in found for line in page] == lines
        assert max(map(len, found)) <= PAGE


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"role bob owner\n", "bad-json"),
        (b'{"words": "role"}\n', "bad-json"),
        (b'{"words": ["audit"], "after": "x"}\n', "bad-field"),
        (b'{"words": ["audit"], "after": "9999999999999999999"}\n', "bad-field"),
        (b"x" * 70_000, "too-long"),
        (b'{"words": ["\xff"]}\n', "unknown-command"),
    ],
)
def test_what_is_no_request_is_refused(box: Box, data: bytes, code: str) -> None:
    operator = Operator(box)
    operator.send(data)
    box.turn()
    assert operator.answer()["code"] == code


def test_a_connection_is_for_one_request(box: Box) -> None:
    operator = Operator(box).ask("role", "bob", "user").ask("role", "bob", "owner")
    box.turn()
    assert operator.answer()["text"] == "bob is user now."
    box.clock.advance(60)
    assert operator.socket.disconnected, "whatever the client does, it lasts a minute"


def test_there_are_so_many_connections_at_a_time(box: Box) -> None:
    others = [Operator(box) for _ in range(16)]
    operator = Operator(box).ask("role", "bob", "user")
    box.turn()
    assert operator.answer()["text"] == "16 others ask the chat at the same time. Try again."
    assert operator.socket.disconnecting
    for other in (operator, *others):
        other.lose()
    assert box.admin("role", "bob", "user") == "bob is user now."


def test_a_chat_that_ends_answers_what_was_asked() -> None:
    store = SlowStore()
    box = make_box(bob=Role.MODERATOR, store=store)
    store.store()
    store.store()
    asked, silent = Operator(box).ask("role", "bob", "user"), Operator(box)
    box.turn()
    done = box.operators.farewell()
    assert silent.socket.disconnected
    store.store()
    box.turn()
    assert asked.answer()["text"] == "bob is user now."
    asked.lose()
    silent.lose()
    assert done.called


def test_a_chat_that_was_installed_anew_while_it_runs_says_so(
    monkeypatch: pytest.MonkeyPatch, logged_failures: LoggedFailures
) -> None:
    box = Box()
    monkeypatch.setitem(sys.modules, "chat.core.operating.table", None)
    assert box.admin("users") == (
        "What chat admin needs can't be loaded: the chat was installed anew while it ran. Restart it."
    )
    assert logged_failures.flush(ImportError)
