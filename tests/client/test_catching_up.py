"""A reader's place in a room: nothing twice, nothing left out, always in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chat.client.link.message_order import MAXIMUM_HELD, CatchingUp
from chat.core.events import Message


def message(number: int) -> Message:
    return Message(id=number, time="2026-11-21T09:15:02.114Z", room="lobby", author="bob", kind="say", text=f"{number}")


def ids(messages: object) -> list[int]:
    return [m.id for m in messages]  # type: ignore[attr-defined]


def test_new_messages_pass() -> None:
    place = CatchingUp(last=5, backlog=False)
    assert ids(place.take(message(6))) == [6]
    assert ids(place.take(message(9))) == [9]


def test_a_message_that_was_shown_does_not_pass_again() -> None:
    place = CatchingUp(last=5, backlog=False)
    place.take(message(6))
    assert ids(place.take(message(6))) == []
    assert ids(place.take(message(5))) == []


def test_new_messages_wait_for_the_backlog() -> None:
    place = CatchingUp(last=3, backlog=True)
    assert ids(place.take(message(4))) == []
    shown, ask = place.page([message(2), message(3)], more=True)
    assert ids(shown) == [2, 3, 4]
    assert not ask


def test_the_backlog_may_hold_what_came_meanwhile() -> None:
    place = CatchingUp(last=3, backlog=True)
    place.take(message(4))
    shown, ask = place.page([message(3), message(4)], more=False)
    assert ids(shown) == [3, 4]
    assert not ask


def test_an_empty_backlog() -> None:
    place = CatchingUp(last=3, backlog=True)
    place.take(message(4))
    assert ids(place.page([], more=False)[0]) == [4]


def test_what_was_missed_comes_before_what_followed() -> None:
    place = CatchingUp(last=1, backlog=False)
    assert place.miss(before=5)
    assert ids(place.take(message(5))) == []
    assert ids(place.page([message(2), message(3), message(4), message(5)], more=False)[0]) == [2, 3, 4, 5]
    assert ids(place.take(message(6))) == [6]


def test_missing_again_while_catching_up_asks_only_once() -> None:
    place = CatchingUp(last=1, backlog=False)
    assert place.miss(before=5)
    assert not place.miss(before=9)
    _, ask = place.page([message(2), message(3), message(4)], more=False)
    assert ask


def test_page_after_page() -> None:
    place = CatchingUp(last=0, backlog=False)
    place.miss(before=5)
    shown, ask = place.page([message(1), message(2)], more=True)
    assert (ids(shown), ask) == ([1, 2], True)
    shown, ask = place.page([message(3), message(4)], more=False)
    assert (ids(shown), ask) == ([3, 4], False)


def test_a_server_that_promises_more_and_sends_nothing_is_not_asked_for_ever() -> None:
    place = CatchingUp(last=0, backlog=False)
    place.miss(before=5)
    assert place.page([], more=True) == ([], False)
    assert not place.catching_up


def test_a_page_of_whom_the_user_ignores_is_followed_by_the_next() -> None:
    place = CatchingUp(last=0, backlog=False)
    place.miss(before=9)
    assert place.page([], more=True, following=4) == ([], True)
    assert place.seen == 4
    assert place.page([], more=True, following=4) == ([], False)
    place = CatchingUp(last=0, backlog=False)
    place.miss(before=9)
    assert place.page([message(2)], more=True, following=4)[1]
    shown, ask = place.page([message(8)], more=False)
    assert (ids(shown), ask) == ([8], False)


def test_giving_up_shows_what_was_held_back() -> None:
    place = CatchingUp(last=0, backlog=False)
    place.miss(before=5)
    place.take(message(5))
    assert ids(place.give_up()) == [5]
    assert ids(place.take(message(6))) == [6]


def test_what_waits_is_bounded_and_asked_for_again() -> None:
    place = CatchingUp(last=0, backlog=True)
    for number in range(1, MAXIMUM_HELD + 11):
        place.take(message(number))
    shown, ask = place.page([message(1)], more=False)
    assert (ids(shown), ask) == ([1], True)
    shown, ask = place.page([message(number) for number in range(2, 100)], more=True)
    assert ask
    shown, ask = place.page([message(number) for number in range(100, MAXIMUM_HELD + 5)], more=False)
    assert ids(shown) == list(range(100, MAXIMUM_HELD + 11))
    assert not ask


@given(st.lists(st.sampled_from(["say", "say", "skip", "resume", "page"]), max_size=60), st.booleans())
def test_whatever_happens_each_message_is_shown_once_and_in_order(steps: list[str], backlog: bool) -> None:
    log: list[int] = []
    shown: list[int] = []
    place = CatchingUp(last=0, backlog=backlog)
    asked = backlog
    skipping = False

    def answer() -> bool:
        after = place.seen or 0
        page = [number for number in log if number > after]
        fresh, ask = place.page([message(number) for number in page[:3]], more=len(page) > 3)
        shown.extend(ids(fresh))
        return ask

    if backlog:
        asked = answer()
    for step in [*steps, "resume"]:
        if step == "say":
            log.append(len(log) + 1)
            if not skipping:
                shown.extend(ids(place.take(message(len(log)))))
        elif step == "skip":
            skipping = True
        elif step == "resume" and skipping:
            skipping = False
            asked |= place.miss(before=len(log) + 1)
        elif step == "page" and asked:
            asked = answer()
    while asked:
        asked = answer()
    assert shown == log
