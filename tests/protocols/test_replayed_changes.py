"""Who comes back is shown what was changed meanwhile, and messages can be read in their place."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from box import Box, Client
from protocols.talking import EVERYTHING

from chat.core.limits import Limits

CHANGES = ("edited", "deleted", "reacted", "pinned")
TAGS = count()
FIRST_STOREY: dict[str, list[str]] = {"accept": []}


@pytest.fixture
def box() -> Box:
    """A chat in which messages are said as fast as one likes."""
    return Box(limits=Limits(rate=None))


def ask(client: Client, **request: Any) -> dict[str, Any]:
    """What answers a request."""
    client.objects()
    tag = f"tag {next(TAGS)}"
    client.ask(**request, tag=tag)
    (answer,) = [event for event in client.objects() if event.get("tag") == tag]
    return answer


def say(client: Client, text: str, room: str = "lobby") -> int:
    """Say something, and return its id."""
    return int(ask(client, type="say", room=room, text=text)["id"])


def change(client: Client, kind: str, number: int, **fields: Any) -> int:
    """Change a message, and return the number of that."""
    return int(ask(client, type=kind, id=number, **fields)["rev"])


def resume(box: Box, token: str, accept: dict[str, list[str]], **fields: Any) -> list[dict[str, Any]]:
    """The messages and changes that a client is shown which comes back."""
    client = box.connect()
    client.ask(type="hello", name="bob", token=token, **accept, **fields)
    return [event for event in client.objects() if event["type"] in ("message", *CHANGES)]


def shown(events: list[dict[str, Any]]) -> list[tuple[str, int, str | None]]:
    """Of each event its type, its number and its text."""
    return [(event["type"], event.get("rev", event["id"]), event.get("text")) for event in events]


def leave(box: Box, accept: dict[str, list[str]]) -> str:
    """Come in as bob, and go; return the token."""
    bob = box.connect()
    bob.ask(type="hello", name="bob", **accept)
    token = str(bob.objects()[0]["token"])
    bob.lose()
    return token


def test_changes_come_in_their_place(box: Box) -> None:
    ada = box.json("ada", rooms={"dev": None}, **EVERYTHING)
    one, two = say(ada, "one", "dev"), say(ada, "two", "dev")
    token = leave(box, EVERYTHING)
    edited = change(ada, "edit", one, text="ONE\n!")
    three = say(ada, "three", "dev")
    reacted = change(ada, "react", two, text="ok", on=True)
    change(ada, "edit", three, text="THREE")
    pinned = change(ada, "pin", one, room="dev", on=True)
    deleted = change(ada, "delete", two)
    events = resume(box, token, EVERYTHING, rooms={"dev": two})
    assert shown(events) == [
        ("edited", edited, "ONE\n!"),
        ("message", three, "THREE"),
        ("pinned", pinned, "ONE"),
        ("deleted", deleted, None),
    ]
    assert reacted not in [event.get("rev") for event in events]
    assert resume(box, token, EVERYTHING, rooms={"dev": deleted}) == []
    assert shown(resume(box, token, FIRST_STOREY, rooms={"dev": two})) == [("message", three, "THREE")]


def test_many_changes_come_page_by_page(box: Box) -> None:
    ada = box.json("ada", **EVERYTHING)
    old = [say(ada, "old") for _ in range(100)]
    token = leave(box, EVERYTHING)
    expected = []
    for number in old:
        expected += [("edited", change(ada, "edit", number, text="new"), "new"), ("message", say(ada, "more"), "more")]
        expected.append(("reacted", change(ada, "react", number, text="ok", on=True), "ok"))
    assert shown(resume(box, token, EVERYTHING, rooms={"lobby": old[-1]})) == expected


def test_whom_one_ignores_changes_nothing_but_that_it_is_gone(box: Box) -> None:
    ada, eve = box.json("ada", **EVERYTHING), box.json("eve", **EVERYTHING)
    first, second, mine = say(eve, "one"), say(eve, "two"), say(ada, "three")
    bob = box.connect()
    bob.ask(type="hello", name="bob", **EVERYTHING)
    token = str(bob.objects()[0]["token"])
    bob.ask(type="ignore", name="eve", on=True)
    bob.lose()
    change(eve, "edit", first, text="ONE")
    change(eve, "react", mine, text="no", on=True)
    deleted = change(eve, "delete", second)
    assert shown(resume(box, token, EVERYTHING, rooms={"lobby": mine})) == [("deleted", deleted, None)]


def test_changes_of_private_messages_come_with_the_conversation(box: Box) -> None:
    ada = box.json("ada", **EVERYTHING)
    bob = box.connect()
    bob.ask(type="hello", name="bob", **EVERYTHING)
    token = str(bob.objects()[0]["token"])
    one = int(ask(ada, type="msg", name="bob", text="one")["id"])
    two = int(ask(ada, type="msg", name="bob", text="two")["id"])
    with_ = next(event["with"] for event in bob.objects() if event["type"] == "message")
    bob.lose()
    three = int(ask(ada, type="msg", name="bob", text="three")["id"])
    edited = change(ada, "edit", one, text="ONE")
    deleted = change(ada, "delete", two)
    events = resume(box, token, EVERYTHING, private=two)
    assert shown(events) == [("message", three, "three"), ("edited", edited, "ONE"), ("deleted", deleted, None)]
    assert {event["with"] for event in events} == {with_}
    assert {event.get("room") for event in events} == {None}
    assert resume(box, token, EVERYTHING, private=deleted) == []
    known = {"accept": ["conversations"]}
    assert shown(resume(box, token, known, private=two)) == [("message", three, "three")]


def test_history_after_an_id_has_the_changes_of_what_was_there_before(box: Box) -> None:
    ada = box.json("ada", rooms={"dev": None}, **EVERYTHING)
    one, two = say(ada, "one", "dev"), say(ada, "two", "dev")
    edited = change(ada, "edit", one, text="ONE")
    three = say(ada, "three", "dev")
    pinned = change(ada, "pin", two, room="dev", on=True)
    page = ask(ada, type="history", room="dev", after=two)
    assert shown(page["messages"]) == [("message", three, "three")]
    assert shown(page["changes"]) == [("edited", edited, "ONE"), ("pinned", pinned, "two")]
    assert not page["more"]
    page = ask(ada, type="history", room="dev", after=two, count=1)
    assert (page["messages"], shown(page["changes"]), page["more"], page["next"]) == (
        [],
        [("edited", edited, "ONE")],
        True,
        edited,
    )
    assert "changes" not in ask(ada, type="history", room="dev")
    cy = box.json("cy", rooms={"dev": None})
    page = ask(cy, type="history", room="dev", after=two)
    assert (shown(page["messages"]), page.get("changes")) == ([("message", three, "three")], None)


def test_what_is_read_tells_what_is_one_s_own(box: Box) -> None:
    ada, bob = box.json("ada", **EVERYTHING), box.json("bob", **EVERYTHING)
    tea = say(ada, "tea")
    change(bob, "react", tea, text="ok", on=True)
    for client, mine in ((ada, {}), (bob, {"mine": True})):
        reaction = {"text": "ok", "count": 1, **mine}
        assert ask(client, type="history", room="lobby")["messages"][0]["reactions"] == [reaction]
        assert ask(client, type="search", text="tea")["messages"][0]["reactions"] == [reaction]
        assert ask(client, type="history", room="lobby", after=0)["messages"][0]["reactions"] == [reaction]


def test_history_around_a_message(box: Box) -> None:
    ada = box.json("ada", **EVERYTHING)
    ids = [say(ada, f"line {number}") for number in range(9)]

    def around(number: int, most: int) -> tuple[list[int], bool, bool]:
        page = ask(ada, type="history", room="lobby", around=number, count=most)
        assert page["around"] == number
        found = [message["id"] for message in page["messages"]]
        return found, page.get("more_before", False), page.get("more_after", False)

    assert around(ids[4], 4) == (ids[2:6], True, True)
    assert around(ids[0], 4) == (ids[:2], False, True)
    assert around(ids[8], 4) == (ids[6:], True, False)
    assert around(ids[4], 99) == (ids, False, False)


def test_people_read_around_a_message_and_on_from_there(box: Box) -> None:
    ada = box.text("ada")
    for number in range(1, 10):
        ada.send(f"line {number}")
    ada.send("/history 4 around 5", "/history around 5", "/history 2 around 9", "/history around 99")
    lines = [line.partition("] ada: ")[2] or line for line in ada.lines()]
    assert lines == [
        "* Earlier in #lobby:",
        *(f"line {number}" for number in (3, 4, 5, 6)),
        "* There is more: /history around 3, /history around 6",
        "* Earlier in #lobby:",
        *(f"line {number}" for number in range(1, 10)),
        "* End of history.",
        "* Earlier in #lobby:",
        "line 8",
        "line 9",
        "* There is more: /history around 8",
        "* Earlier in #lobby:",
        *(f"line {number}" for number in range(1, 10)),
        "* End of history.",
    ]


def test_who_could_not_take_more_is_shown_changes_in_their_place_too() -> None:
    box = Box(limits=Limits(rate=None, window=50_000))
    eve, bob = box.json("eve", **EVERYTHING), box.json("bob", **EVERYTHING)

    def tell(text: str) -> int:
        return int(ask(eve, type="msg", name="bob", text=text)["id"])

    first = tell("first")
    bob.socket.room = 0
    later = [tell(f"{number} {'x' * 2_000}") for number in range(50)]
    backlog = box.delivery.backlog
    revs = [change(eve, "edit", first, text=f"{number} {'y' * 2_000}") for number in range(50)]
    last = tell("last")
    assert box.delivery.backlog - backlog < 10_000
    for _ in range(20):
        bob.socket.drain()
        box.turn()
    events = [event for event in bob.objects() if event["type"] in ("message", *CHANGES)]
    numbers = [event.get("rev", event["id"]) for event in events]
    assert numbers == [first, *later, revs[-1], last]
    assert events[-2]["text"] == f"49 {'y' * 2_000}"
