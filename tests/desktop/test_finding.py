"""The window: searching, and reading what was found in its place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from box import Box, Client
from desktop.desks import Desk, say
from desktop.displays import Display

ACCEPTED = ["changes", "conversations", "lines"]


@pytest.fixture
def box() -> Box:
    """A chat."""
    return Box()


@pytest.fixture
def bob(box: Box) -> Client:
    """Somebody who has lost a needle."""
    bob = box.text("bob")
    bob.send("the needle", "after it")
    return bob


@pytest.fixture
def late(display: Display, box: Box, bob: Client) -> Iterator[Desk]:
    """Somebody who came long after that: the window has only the last of what was said since."""
    say(box, "cy", 300)
    desk = Desk(display, box)
    desk.until(lambda: "cy 299." in desk.visible)
    yield desk
    desk.close()


def program(box: Box, room: str = "lobby") -> Client:
    """A program that knows all."""
    return box.json("eve", rooms={room: None}, accept=ACCEPTED)


def search(desk: Desk, text: str) -> None:
    """Search, and wait for the answer."""
    desk.press("<Control-f>")
    desk.window.finder.field.delete(0, "end")
    desk.window.finder.field.insert("end", text)
    desk.press("<Return>", on=desk.window.finder.field)
    desk.until(lambda: status(desk) not in ("", "Searching …") and not desk.window._drawing)


def open_chosen(desk: Desk, *keys: str) -> None:
    """Press keys in the field of the search, and Enter."""
    desk.press(*keys, "<Return>", on=desk.window.finder.field)
    desk.until(lambda: not searching(desk))


def searching(desk: Desk) -> bool:
    """Whether the search covers the room."""
    return bool(desk.window.finder.winfo_manager())


def status(desk: Desk) -> str:
    """What the window says of the search."""
    return str(desk.window.finder._status.cget("text"))


def bar(desk: Desk) -> str:
    """What the window says is shown in place of the newest lines."""
    return str(desk.window.place.words.cget("text")) if desk.window.place.winfo_manager() else ""


# -- the place of a message


def test_a_found_message_is_shown_among_those_round_it(late: Desk) -> None:
    search(late, "needle")
    open_chosen(late, "<Down>")
    late.until(lambda: "bob  10:15\nthe needle\nafter it\ncy  10:15\ncy 0." in late.visible)
    assert late.text.get("sel.first", "sel.last") == "bob  10:15\nthe needle\n"
    assert bar(late) == "Older messages of #lobby"
    assert late.root.focus_get() is late.entry
    late.press("<Escape>")
    late.until(lambda: searching(late))
    assert "the needle" in late.window.finder.text.get("chosen.first", "chosen.last")
    assert late.root.focus_get() is late.window.finder.field
    late.press("<Escape>", on=late.window.finder.field)
    late.until(lambda: "cy 299." in late.visible and not searching(late))
    assert (late.seat.model.search, late.seat.model.excerpt) == (None, None)
    assert bar(late) == ""


def test_what_was_said_round_it_is_read_on_to_both_ends(late: Desk) -> None:
    search(late, "150")
    open_chosen(late, "<Down>")
    late.until(lambda: "cy 150." in late.visible)
    for key, end in (("<Prior>", "the needle"), ("<Next>", "cy 299.")):
        while end not in late.visible:
            late.press(key)
            late.until(lambda: late.window._drawing is None)
    said = [line for line in late.shown.splitlines() if line.startswith("cy ") and line.endswith(".")]
    assert said == [f"cy {number}." for number in range(300)]


def test_what_one_says_is_shown_below_the_newest(late: Desk) -> None:
    search(late, "needle")
    open_chosen(late, "<Down>")
    late.until(lambda: "the needle" in late.visible)
    late.say("thanks")
    late.until(lambda: "ada  10:15\nthanks" in late.visible)
    assert bar(late) == "Search for “needle”"
    late.window.place.results.invoke()
    late.until(lambda: searching(late))


def test_the_button_leads_back_to_the_newest(late: Desk) -> None:
    search(late, "needle")
    open_chosen(late, "<Down>")
    late.until(lambda: "the needle" in late.visible)
    late.window.conversation.newer.invoke()
    late.until(lambda: "cy 299." in late.visible)
    say(late.box, "dan", 3)
    late.until(lambda: "dan 2." in late.visible)


def test_a_message_that_is_gone_meanwhile(late: Desk, bob: Client) -> None:
    search(late, "needle")
    bob.send("/delete 1")
    late.seat.pump()
    late.press("<Down>", "<Return>", on=late.window.finder.field)
    late.until(lambda: status(late) == "Nothing was found.")
    late.press("<Escape>", on=late.window.finder.field)
    late.window.go_to_message(1)
    late.sees("There is no message 1 in #lobby, or not any more.")
    assert bar(late) == ""


def test_what_was_answered_is_fetched(late: Desk) -> None:
    eve = program(late.box)
    eve.ask(type="say", room="lobby", text="found it", re=1)
    late.until(lambda: "┌ bob: the needle\nfound it" in late.visible)
    late.click(late.text, late.row_of("┌ bob"))
    late.until(lambda: "bob  10:15\nthe needle\nafter it\n" in late.visible)
    late.press("<Escape>")
    late.until(lambda: "found it" in late.visible)


def test_changes_reach_what_is_read(late: Desk) -> None:
    search(late, "needle")
    open_chosen(late, "<Down>")
    late.until(lambda: "the needle" in late.visible)
    program(late.box).ask(type="react", id=1, text="👍", on=True)
    late.sees("the needle\n  👍 1 \n")


def test_changes_reach_the_results(desk: Desk, box: Box) -> None:
    eve = program(box)
    for text in ("tea one", "tea two"):
        eve.ask(type="say", room="lobby", text=text, tag=text)
    search(desk, "tea")
    found = desk.window.finder.text
    desk.press("<Down>", "<Down>", on=desk.window.finder.field)
    eve.ask(type="edit", id=1, text="cake one")
    eve.ask(type="delete", id=2)
    desk.until(lambda: "cake one" in found.get("1.0", "end"))
    desk.until(lambda: "two" not in found.get("1.0", "end"))
    assert "cake one" in found.get("chosen.first", "chosen.last")
    open_chosen(desk)
    assert desk.text.get("sel.first", "sel.last") == "eve  10:15\ncake one  (edited)\n"


def test_what_covers_the_room_goes_where_the_user_turns_to(desk: Desk, box: Box) -> None:
    desk.seat.enter("/join dev")
    search(desk, "tea")
    desk.press("<Alt-Key-1>", on=desk.window.finder.field)
    desk.until(lambda: desk.root.title().startswith("#lobby"))
    assert not searching(desk)
    assert bar(desk) == "Search for “tea”"
    desk.press("<Control-f>")
    desk.focus(desk.entry)
    desk.say("hello")
    desk.until(lambda: "hello" in desk.visible and not searching(desk))


@pytest.mark.parametrize("keys", ["<Control-End>", "<End>"])
def test_keys_lead_back_to_the_newest(late: Desk, keys: str) -> None:
    search(late, "needle")
    open_chosen(late, "<Down>")
    late.until(lambda: "the needle" in late.visible)
    late.focus(late.text)
    late.press(keys, on=late.text)
    late.until(lambda: "cy 299." in late.visible)


def test_found_in_private(desk: Desk, box: Box) -> None:
    bob = box.text("bob")
    bob.send("/msg ada the needle")
    desk.until(lambda: ("@bob", "1") in desk.rooms)
    search(desk, "in:me needle")
    open_chosen(desk, "<Down>")
    desk.until(lambda: desk.root.title().startswith("@bob") and "the needle" in desk.visible)


def test_the_results_are_gone_through_by_keys(desk: Desk, box: Box) -> None:
    box.text("bob").send("tea 1", "tea 2", "tea 3")
    search(desk, "tea")
    found = desk.window.finder.text
    desk.press("<Down>", "<Down>", on=desk.window.finder.field)
    assert "tea 2" in found.get("chosen.first", "chosen.last")
    desk.press("<Down>", "<Down>", "<Up>", on=desk.window.finder.field)
    assert "tea 2" in found.get("chosen.first", "chosen.last")
    desk.press("<Up>", "<Up>", on=desk.window.finder.field)
    assert not found.tag_ranges("chosen")
    desk.press("<Down>", on=desk.window.finder.field)
    search(desk, "nothing like it")
    assert status(desk) == "Nothing was found."


def test_a_room_is_joined_only_after_a_second_word(desk: Desk, box: Box) -> None:
    bob = box.text("bob")
    bob.send("/join dev", "the needle")
    search(desk, "needle")
    desk.press("<Down>", "<Return>", on=desk.window.finder.field)
    assert status(desk) == "You are not in #dev. If you join it, everybody there sees that."
    assert desk.rooms == [("#lobby", "")]
    assert "* ada joined." not in bob.lines()
    desk.press("<Up>", on=desk.window.finder.field)
    assert status(desk) == "Found, the newest first. A click goes there."
    desk.press("<Down>", "<Return>", "<Return>", on=desk.window.finder.field)
    desk.until(lambda: desk.root.title().startswith("#dev") and "the needle" in desk.visible)
    assert "* ada joined." in bob.lines()


# -- what covers the room


def test_what_is_said_while_something_covers_the_room_is_unread(late: Desk) -> None:
    eve = late.box.text("eve")
    search(late, "needle")
    eve.send("ada: urgent 1")
    late.until(lambda: late.rooms == [("#lobby", "1")])
    open_chosen(late, "<Down>")
    eve.send("ada: urgent 2")
    late.until(lambda: late.rooms == [("#lobby", "2")])
    assert late.root.title() == "(2) #lobby - ada@localhost:12345"
    assert not late.notes
    late.press("<Escape>")
    late.press("<Escape>", on=late.window.finder.field)
    late.until(lambda: "new   ───────\neve  10:15\nada: urgent 1\nada: urgent 2" in late.visible)
    late.until(lambda: late.rooms == [("#lobby", "")])


def test_the_newest_are_followed_where_they_are_in_view(desk: Desk, box: Box) -> None:
    say(box, "bob", 50)
    box.text("cy").send("the needle")
    search(desk, "needle")
    open_chosen(desk, "<Down>")
    desk.until(lambda: "the needle" in desk.visible)
    say(box, "dan", 3)
    desk.until(lambda: "dan 2." in desk.visible)


def test_lines_that_are_fetched_stand_under_one_name(display: Display, box: Box) -> None:
    say(box, "bob", 4)
    say(box, "cy", 250)
    desk = Desk(display, box)
    desk.until(lambda: "cy 249." in desk.visible)
    for _ in range(100):
        desk.press("<Prior>")
    desk.until(lambda: "bob 0." in desk.visible)
    lines = desk.shown.splitlines()
    assert (lines.count("bob  10:15"), lines.count("cy  10:15")) == (1, 1)
    desk.close()


# -- answers that come late, or not at all


def test_an_answer_for_which_nobody_waits_is_dropped(desk: Desk, box: Box) -> None:
    box.text("bob").send("tea", "coffee")
    desk.sees("coffee")
    before = desk.shown
    window = desk.window
    window._open_finder()
    for text in ("tea", " ".join(f"word{number}" for number in range(40))):
        window._search(text)
        window._close_finder()
    window._open_finder()
    window._search("tea")
    window._search("coffee")
    desk.until(lambda: status(desk).startswith("Found"))
    assert [found.line.text for found in window._model.search.found] == ["coffee"]  # type: ignore[union-attr]
    window._close_finder()
    window._client.open_at(1)
    window.go_to_newest()
    desk.update()
    assert desk.shown == before


def test_a_search_waits_for_the_connection(desk: Desk, box: Box) -> None:
    box.text("bob").send("tea")
    desk.sees("tea")
    desk.seat.wiring.endpoint.refusing = True
    desk.seat.wiring.cable.cut()
    search(desk, "tea")
    assert status(desk) == "Not searched: there is no connection."
    assert desk.window._hint.cget("text") == ""
    desk.seat.wiring.endpoint.refusing = False
    desk.seat.wiring.wait(60)
    desk.until(lambda: status(desk) == "Found, the newest first. A click goes there.")


def test_a_search_that_is_cut_off_is_asked_again(desk: Desk, box: Box) -> None:
    box.text("bob").send("tea")
    desk.sees("tea")
    desk.window._open_finder()
    desk.window._search("tea")
    desk.seat.wiring.cable.cut()
    desk.window._draw()
    assert status(desk) == "Not searched: there is no connection."
    desk.seat.wiring.wait(60)
    desk.until(lambda: status(desk) == "Found, the newest first. A click goes there.")


# -- pins


def test_what_is_pinned_is_listed_and_leads_there(desk: Desk, box: Box) -> None:
    desk.seat.enter("/join dev")
    desk.window._show_pins()
    desk.until(lambda: status(desk) == "Nothing is pinned in #dev.")
    desk.press("<Escape>", on=desk.window.finder.field)
    bob = program(box, "dev")
    for text in ("first", "second", "third"):
        bob.ask(type="say", room="dev", text=text, tag=text)
    desk.seat.enter("/pin 1", "/pin 2")
    desk.window._show_pins()
    desk.until(lambda: status(desk) == "Pinned in #dev. A click goes there.")
    assert [found.line.text for found in desk.seat.model.search.found] == ["second", "first"]  # type: ignore[union-attr]
    open_chosen(desk, "<Down>", "<Down>")
    assert bar(desk) == "Pinned in #dev"
    assert desk.text.get("sel.first", "sel.last") == "eve  10:15\nfirst  (pinned)\n"
