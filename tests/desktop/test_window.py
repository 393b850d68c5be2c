"""The window: what is shown, and where what is typed goes."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from box import Box
from desktop.desks import Desk, say
from desktop.displays import Display

from chat.client.desktop.conversation import MAXIMUM_FOLLOWED, PAGE
from chat.client.desktop.dialog import Dialog
from chat.client.desktop.drafts import Editing
from chat.client.desktop.look import DARK, LIGHT, Look
from chat.client.desktop.question import Request
from chat.client.model.client import MAXIMUM_PASTE
from chat.client.model.scrollback import MAXIMUM_LINES, Line, LineKind
from chat.client.model.search_results import Found


@pytest.fixture
def box() -> Box:
    """A chat."""
    return Box()


def test_what_is_said_is_shown_under_names_with_times(desk: Desk, box: Box) -> None:
    bob = box.text("bob")
    bob.send("morning", "see https://example.org/a?b=c.", "/me waves", "ada: hello", "adamant")
    desk.say("hello bob", "once more")
    desk.sees(
        "bob  10:15\nmorning\nsee https://example.org/a?b=c.\n10:15  bob waves\nbob  10:15\nada: hello\nadamant\n"
    )
    desk.sees("ada  10:15\nhello bob\nonce more\n", "Saturday, 21 November 2026")
    assert "url" in desk.tags_of("https://example.org")
    assert "mentioned" in desk.tags_of("ada: hello")
    assert "mentioned" not in desk.tags_of("adamant")
    assert {tag for tag in desk.tags_of("bob  10:15") if tag.startswith("nick")}
    assert "me" in desk.tags_of("ada  10:15\nhello bob")


def test_rooms_and_people_beside_the_conversation(desk: Desk, box: Box) -> None:
    bob = box.text("bob")
    cy = box.json("cy", rooms={"dev": None})
    desk.say("/join dev")
    desk.until(lambda: desk.rooms == [("#lobby", ""), ("#dev", "")])
    assert desk.root.title() == "#dev - ada@localhost:12345"
    bob.send("one", "two", "/msg ada psst", "/away tea")
    cy.ask(type="say", room="dev", text="seen")
    desk.until(lambda: desk.rooms == [("#lobby", "2"), ("#dev", ""), ("@bob", "1")])
    desk.until(lambda: desk.root.title() == "(3) #dev - ada@localhost:12345")
    desk.press("<Alt-Key-1>")
    desk.until(lambda: desk.rooms == [("#lobby", ""), ("#dev", ""), ("@bob", "1")])
    desk.sees("───────   new   ───────\nbob  10:15\none\ntwo\n")
    assert desk.people == ["ada", "bob (away)"]
    desk.press("<Control-n>")
    desk.until(lambda: desk.people == ["ada", "cy"])
    desk.press("<Alt-a>")
    desk.sees("psst")
    desk.press("<Control-p>", "<Control-p>")
    desk.sees_no("new")
    desk.window.rooms.tree.selection_set("r1")
    desk.sees("seen")


def test_a_private_message_by_a_double_click(desk: Desk, box: Box) -> None:
    bob = box.text("bob")
    desk.until(lambda: desk.people == ["ada", "bob"])
    tree = desk.window.people.tree
    for event in ("<Button-1>", "<ButtonRelease-1>", "<Button-1>"):
        tree.event_generate(event, x=20, y=int(tree.bbox(desk.person("bob"))[1]) + 2)
    desk.until(lambda: desk.rooms == [("#lobby", ""), ("@bob", "")])
    assert desk.root.focus_get() is desk.entry
    desk.say("psst")
    desk.sees("psst")
    assert "ada (private): psst" in bob.lines()


def test_numbers_are_names_too(desk: Desk, box: Box) -> None:
    box.text("0042").send("007")
    desk.until(lambda: desk.people == ["0042", "ada"])
    tree = desk.window.people.tree
    desk.focus(tree)
    tree.focus(desk.person("0042"))
    desk.press("<Return>", on=tree)
    desk.until(lambda: desk.rooms == [("#lobby", ""), ("@0042", "")])


@pytest.mark.parametrize("key", ["<Return>", "<Button-1>"])
def test_the_mark_stays_on_the_person_while_others_come_and_go(desk: Desk, box: Box, key: str) -> None:
    box.text("dan"), box.text("eve")
    zoe = box.text("zoe")
    desk.until(lambda: desk.people == ["ada", "dan", "eve", "zoe"])
    tree = desk.window.people.tree
    place = int(tree.bbox(desk.person("eve"))[1]) + 2
    desk.focus(tree)
    for event in ("<Button-1>", "<ButtonRelease-1>"):
        tree.event_generate(event, x=20, y=place)
    desk.update()
    box.text("bob")
    zoe.send("exit")
    desk.until(lambda: desk.people == ["ada", "bob", "dan", "eve"])
    assert tree.selection() == (desk.person("eve"),)
    assert tree.focus() == desk.person("eve")
    tree.event_generate(key, x=20, y=place)
    desk.until(lambda: desk.rooms == [("#lobby", ""), ("@eve", "")])


@pytest.mark.parametrize("way", ["exit", "/nick fay"])
def test_who_has_left_or_has_another_name_is_not_marked(desk: Desk, box: Box, way: str) -> None:
    box.text("bob")
    eve = box.text("eve")
    desk.until(lambda: desk.people == ["ada", "bob", "eve"])
    tree = desk.window.people.tree
    desk.focus(tree)
    tree.selection_set(desk.person("eve"))
    tree.focus(desk.person("eve"))
    eve.send(way)
    desk.until(lambda: "eve" not in desk.people)
    assert (tree.selection(), tree.focus()) == ((), "")
    desk.press("<Return>", on=tree)
    assert desk.rooms == [("#lobby", "")]


def test_the_place_is_kept_while_lines_come(desk: Desk, box: Box) -> None:
    say(box, "bob", 100)
    desk.until(lambda: "bob 99." in desk.visible)
    desk.press("<Prior>", "<Prior>")
    seen = desk.visible
    assert "bob 99." not in seen
    assert desk.window.conversation.newer.winfo_ismapped()
    say(box, "cy", 3)
    desk.sees("cy 2.")
    assert desk.visible == seen
    desk.until(lambda: desk.window.conversation.newer.cget("text") == "↓ 4 new")
    desk.say("/join dev")
    desk.until(lambda: desk.root.title().startswith("#dev"))
    desk.press("<Control-p>")
    desk.sees("cy 2.")
    assert desk.visible.splitlines()[1:5] == seen.splitlines()[1:5]
    desk.window.conversation.newer.invoke()
    desk.until(lambda: "cy 2." in desk.visible)
    assert not desk.window.conversation.newer.winfo_ismapped()
    say(box, "dan", 3)
    desk.until(lambda: "dan 2." in desk.visible)


def test_older_lines_come_at_the_top(display: Display, box: Box) -> None:
    say(box, "bob", 300)
    desk = Desk(display, box)
    desk.until(lambda: "bob 299." in desk.visible)
    assert "bob 240." not in desk.shown
    for _ in range(200):
        desk.press("<Prior>")
        if "bob 0." in desk.visible:
            break
    said = [line for line in desk.shown.splitlines() if line.endswith(".") and line.startswith("bob")]
    assert said == [f"bob {number}." for number in range(300)]
    assert desk.shown.count("21 November 2026") == 1
    desk.close()


def test_a_flood_is_bounded(desk: Desk, box: Box) -> None:
    talker = box.text("bob")
    for chunk in range(MAXIMUM_LINES // 500 + 2):
        for number in range(500):
            talker.send(f"line {chunk * 500 + number}.")
        desk.update()
    last = f"line {MAXIMUM_LINES + 999}."
    desk.until(lambda: last in desk.visible)
    assert len(desk.shown.splitlines()) < MAXIMUM_FOLLOWED + PAGE
    desk.focus(desk.text)
    for _ in range(MAXIMUM_LINES // PAGE + 2):
        desk.press("<Home>", on=desk.text)
    rows = [line for line in desk.shown.splitlines() if line.startswith("line")]
    assert rows == [f"line {number}." for number in range(MAXIMUM_LINES + 1000 - len(rows), MAXIMUM_LINES + 1000)]
    assert len(rows) > MAXIMUM_LINES - 10
    for number in range(1000):
        talker.send(f"after {number}.")
        if not number % 100:
            desk.update()
    desk.sees("after 999.")
    assert f"line {MAXIMUM_LINES}." in desk.shown
    desk.press("<Control-End>")
    desk.until(lambda: "after 999." in desk.visible)
    assert len(desk.shown.splitlines()) < MAXIMUM_FOLLOWED + PAGE


def test_what_is_followed_for_long_is_bounded(desk: Desk, box: Box) -> None:
    talker = box.text("bob")
    for number in range(MAXIMUM_FOLLOWED + 2 * PAGE):
        talker.send(f"line {number}.")
        if number % 100 == 99:
            desk.sees(f"line {number}.")
            assert len(desk.shown.splitlines()) < MAXIMUM_FOLLOWED + PAGE


def test_unread_while_another_window_is_in_front(desk: Desk, box: Box, elsewhere: Callable[[], None]) -> None:
    bob = box.text("bob")
    bob.send("seen", "ada: seen too")
    desk.sees("seen too")
    elsewhere()
    desk.until(lambda: not desk.seat.model.looking)
    bob.send("unseen", "ada: look", "/msg ada psst")
    desk.sees("seen too\n───────   new   ───────\nbob  10:15\nunseen\nada: look\n")
    assert [note[:2] for note in desk.notes] == [("bob in #lobby", "ada: look"), ("bob", "psst")]
    desk.until(lambda: desk.root.title() == "(3) #lobby - ada@localhost:12345")
    desk.notes[1][2]()
    desk.until(lambda: desk.seat.model.looking and desk.root.title() == "(2) @bob - ada@localhost:12345")
    assert desk.root.focus_get() is desk.entry
    desk.press("<Control-p>")
    desk.sees("new   ───────\nbob  10:15\nunseen\n")
    desk.press("<Control-p>", "<Control-p>")
    desk.sees_no("new")


def test_what_is_not_stored_yet_waits_below(desk: Desk) -> None:
    desk.seat.wiring.endpoint.refusing = True
    desk.seat.wiring.cable.cut()
    desk.say("waits")
    desk.sees("Disconnected from server. The connection was lost. Reconnecting by itself.\nada: waits\n")
    desk.until(lambda: desk.window._banner.words.cget("text").startswith("Disconnected from server. Next try in"))
    assert "1 unsent" in desk.window._status.cget("text")
    desk.seat.wiring.endpoint.refusing = False
    desk.seat.wiring.wait(5)
    desk.sees("Connected again.", "ada  10:15\nwaits\n")
    desk.sees_no("ada: waits")
    assert desk.window._banner.winfo_manager() == ""


def test_who_does_not_want_to_wait_tries_at_once(desk: Desk) -> None:
    desk.seat.wiring.endpoint.refusing = True
    desk.seat.wiring.cable.cut()
    banner = desk.window._banner
    desk.until(lambda: banner.try_now.winfo_ismapped())
    desk.seat.wiring.endpoint.refusing = False
    banner.try_now.invoke()
    desk.sees("Connected again.")
    desk.until(lambda: not banner.winfo_manager())
    assert not banner.try_now.winfo_ismapped()


def test_nobody_talks_to_themselves_by_a_double_click(desk: Desk) -> None:
    tree = desk.window.people.tree
    desk.focus(tree)
    tree.focus(desk.person("ada"))
    desk.press("<Return>", on=tree)
    assert [title for title, _ in desk.rooms] == ["#lobby"]


def test_what_is_half_typed_to_somebody_goes_to_no_other_of_that_name_unasked(desk: Desk, box: Box) -> None:
    bob = box.text("bob")
    desk.until(lambda: "bob" in desk.people)
    tree = desk.window.people.tree
    desk.focus(tree)
    tree.focus(desk.person("bob"))
    desk.press("<Return>", on=tree)
    desk.until(lambda: desk.root.title().startswith("@bob"))
    desk.entry.insert("insert", "the secret is 42")
    bob.send("exit")
    other = box.text("bob")
    desk.sees("bob was seen to leave, or to have another name. Whoever has the name now may be somebody else.")
    desk.focus(desk.entry)
    desk.press("<Return>")
    assert "bob may be somebody else now." in desk.window._hint.cget("text")
    assert desk.typed == "the secret is 42"
    assert not [line for line in other.lines() if "secret" in line]
    desk.press("<Return>")
    assert "ada (private): the secret is 42" in other.lines()


def test_copying(desk: Desk, box: Box) -> None:
    bob = box.text("bob")
    bob.send("one two three", "/me waves", "four")
    desk.say("five")
    desk.sees("five")
    start = desk.row_of("two")
    desk.text.tag_add("sel", start, f"{start} + 3 chars")
    desk.press("<<Copy>>", on=desk.text)
    assert desk.copied == "two"
    desk.text.tag_add("sel", start, f"{desk.row_of('five')} + 2 chars")
    desk.press("<<Copy>>", on=desk.text)
    assert desk.copied.splitlines() == [
        "[2026-11-21 10:15] bob: one two three",
        "[2026-11-21 10:15] ~ bob waves",
        "[2026-11-21 10:15] bob: four",
        "[2026-11-21 10:15] ada: five",
    ]


def test_links(desk: Desk, box: Box) -> None:
    box.text("bob").send("see https://example.org/1, or https://example.org/2")
    desk.sees("example.org/2")
    desk.click(desk.text, f"{desk.row_of('https://example.org/1')} + 5 chars")
    assert desk.links == ["https://example.org/1"]
    desk.press("<Control-o>")
    assert desk.links == ["https://example.org/1", "https://example.org/2"]


def test_completion(desk: Desk, box: Box) -> None:
    box.text("bob").send("hello")
    box.text("bert")
    desk.until(lambda: len(desk.people) == 3)
    desk.entry.insert("insert", "b, 👍")
    desk.entry.mark_set("insert", "1.1")
    desk.press("<Tab>")
    assert desk.typed == "bob: , 👍"
    desk.press("<Tab>")
    assert desk.typed == "bert: , 👍"
    desk.press("<Shift-Tab>")
    assert desk.typed == "bob: , 👍"
    assert desk.entry.get("insert", "end-1c") == ", 👍"


def test_completion_of_files_goes_into_folders(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "tea cups").mkdir()
    (tmp_path / "tea cups" / "blue.png").write_text("x")
    desk.entry.insert("insert", f"/send {tmp_path}/t")
    desk.press("<Tab>", "<Tab>")
    assert desk.typed == f"/send {tmp_path}/tea cups/blue.png"


def test_what_was_sent_comes_back(desk: Desk) -> None:
    desk.say("one", "two")
    desk.entry.insert("insert", "half")
    desk.press("<Up>", "<Up>", "<Up>")
    assert desk.typed == "one"
    desk.press("<Down>", "<Down>", "<Down>")
    assert desk.typed == "half"
    desk.seat.enter("/join dev")
    desk.until(lambda: desk.typed == "")
    desk.press("<Up>", "<Control-p>")
    desk.until(lambda: desk.typed == "half")


def test_what_is_typed_at_once_after_turning_to_a_room_goes_there(desk: Desk) -> None:
    desk.entry.insert("insert", "/join dev")
    desk.entry.event_generate("<Return>")
    desk.entry.insert("insert", "to dev")
    desk.until(lambda: desk.root.title().startswith("#dev"))
    assert desk.typed == "to dev"
    desk.entry.event_generate("<Control-p>")
    assert desk.typed == ""
    desk.entry.insert("insert", "to the lobby")
    desk.until(lambda: desk.root.title().startswith("#lobby"))
    assert desk.typed == "to the lobby"
    desk.press("<Up>")
    assert desk.typed == "/join dev"


def test_a_code_that_is_asked_for_in_the_field_is_neither_saved_nor_comes_back(desk: Desk) -> None:
    desk.say("hello")
    desk.seat.client.link.registering = "correct horse"
    desk.entry.insert("insert", "the-code")
    assert [room.draft for room in desk.window.open_rooms.rooms] == [""]
    desk.press("<Return>", "<Up>")
    assert desk.typed == "hello"
    desk.entry.insert("end", "!")
    assert [room.draft for room in desk.window.open_rooms.rooms] == ["hello!"]


def test_a_password_does_not_come_back(desk: Desk) -> None:
    desk.say("hello", "/register correct horse")
    desk.press("<Up>")
    assert desk.typed == "hello"


def test_several_lines(desk: Desk, box: Box) -> None:
    bob = box.text("bob")
    desk.entry.insert("insert", "one")
    desk.press("<Shift-Return>")
    desk.entry.insert("insert", "/quit\n")
    desk.until(lambda: desk.entry.cget("height") == 3)
    desk.press("<Return>")
    assert bob.lines()[-2:] == ["ada: one", "ada: /quit"]
    assert (desk.typed, desk.entry.cget("height")) == ("", 1)


def test_pasting(desk: Desk) -> None:
    desk.root.clipboard_clear()
    desk.root.clipboard_append("one\r\ntwo\x07\u202e")
    desk.press("<<Paste>>")
    assert desk.typed == "one\ntwo"
    desk.root.clipboard_clear()
    desk.root.clipboard_append("x" * (MAXIMUM_PASTE + 1))
    desk.press("<<Paste>>")
    assert desk.typed == "one\ntwo"
    assert "too much to paste" in desk.window._hint.cget("text")


def test_what_cannot_be_done_is_said_and_kept(desk: Desk) -> None:
    desk.say("/nonsense")
    assert desk.typed == "/nonsense"
    assert "There is no command /nonsense." in desk.window._hint.cget("text")
    desk.entry.insert("insert", "x")
    desk.until(lambda: desk.window._hint.cget("text") == "")


def test_a_long_sentence_wraps(desk: Desk) -> None:
    desk.say("/mute")
    hint = desk.window._hint
    desk.window.hint(" ".join([hint.cget("text")] * 3))
    desk.until(lambda: hint.winfo_width() > 1 and hint.winfo_reqwidth() <= hint.winfo_width())
    height = hint.winfo_height()
    desk.window.hint("x")
    desk.until(lambda: hint.winfo_height() < height)


def test_searching(desk: Desk, box: Box) -> None:
    bob = box.text("bob")
    bob.send("/join dev")
    bob.send(*(f"green tea {number}" for number in range(30)))
    finder = desk.window.finder
    desk.entry.event_generate("<Control-f>")
    assert desk.root.focus_get() is finder.field
    finder.field.insert("end", "tea")
    desk.press("<Return>", on=finder.field)
    desk.until(lambda: "green tea 10" in finder.text.get("1.0", "end"))
    assert "green tea 9\n" not in finder.text.get("1.0", "end")
    finder._older.invoke()
    desk.until(lambda: "green tea 0" in finder.text.get("1.0", "end"))
    assert finder.text.get("1.0", "end").count("green tea") == 30
    desk.click(finder.text, finder.text.search("green tea 29", "1.0"))
    assert finder._status.cget("text") == "You are not in #dev. If you join it, everybody there sees that."
    assert [title for title, _ in desk.rooms] == ["#lobby"]
    finder._join.invoke()
    desk.until(lambda: desk.root.title().startswith("#dev") and "green tea 29" in desk.visible)
    assert not finder.winfo_ismapped()
    desk.press("<Control-f>")
    finder.field.delete(0, "end")
    finder.field.insert("end", "nothing like it")
    desk.press("<Return>", on=finder.field)
    desk.until(lambda: finder._status.cget("text") == "Nothing was found.")
    desk.press("<Escape>", on=finder.field)
    assert desk.root.focus_get() is desk.entry


def test_a_message_that_was_found_is_gone_to(desk: Desk, box: Box) -> None:
    say(box, "bob", 150)
    desk.until(lambda: "bob 149." in desk.visible)
    line = Line(LineKind.SAY, datetime(2026, 11, 21, 9, 15, tzinfo=UTC), "bob 19.", author="bob", id=20)
    desk.window._go_to_found(Found(line, room="lobby"), join=False)
    desk.until(lambda: "bob 19." in desk.visible)
    assert desk.text.get("sel.first", "sel.last") == "bob 19.\n"
    assert "bob 149." not in desk.visible


def test_the_newest_is_followed_after_a_message_at_the_end_was_found(desk: Desk, box: Box) -> None:
    say(box, "bob", 150)
    desk.until(lambda: "bob 149." in desk.visible)
    last = desk.seat.room("#lobby").newest(lambda line: True)
    assert last is not None
    desk.window._go_to_found(Found(last, room="lobby"), join=False)
    desk.until(lambda: "bob 149." in desk.visible)
    say(box, "cy", 3)
    desk.until(lambda: "cy 2." in desk.visible)
    assert not desk.window.conversation.newer.winfo_ismapped()


def test_light_dark_and_sizes(desk: Desk) -> None:
    assert desk.text.cget("background") == LIGHT.surface
    desk.press("<Control-d>")
    assert desk.text.cget("background") == desk.entry.cget("background") == DARK.surface
    usual = desk.look.body.actual("size")
    desk.press("<Control-plus>", "<Control-plus>")
    assert desk.look.body.actual("size") == usual + 2
    desk.press("<Control-minus>")
    assert desk.look.body.actual("size") == usual + 1
    desk.press("<Control-Key-0>")
    assert desk.look.body.actual("size") == usual


def test_the_keyboard_reaches_every_part(desk: Desk) -> None:
    parts = []
    for _ in range(4):
        desk.press("<F6>", on=desk.root.focus_get())
        parts.append(desk.root.focus_get())
    window = desk.window
    assert parts == [window.rooms.tree, window.conversation.text, window.people.tree, desk.entry]


def test_what_is_typed_as_a_window_appears_is_not_lost(display: Display, box: Box) -> None:
    """Tk has not handled an event yet when it is known which field gets the keyboard."""
    desk = Desk(display, box)
    assert desk.began_at is desk.entry
    desk.close()


def test_what_is_typed_as_a_password_is_asked_for_goes_into_its_field(display: Display) -> None:
    root = tkinter.Tk(screenName=display.name)
    root.withdraw()
    dialog = Dialog(root, Look(root, dark=False, size=0), lambda: None, lambda: None)
    dialog.show()
    assert dialog.focus_lastfor() is dialog._fields[0]
    dialog.ask_password("That name belongs to somebody.", can_keep=True)
    assert dialog.focus_lastfor() is dialog._password_field
    root.destroy()


def test_typing_goes_to_the_box_from_everywhere(desk: Desk) -> None:
    for part in (desk.text, desk.window.rooms.tree, desk.window.people.tree):
        desk.focus(part)
        desk.press("<Key-x>", "<Key-y>", on=part)
        desk.until(lambda: desk.root.focus_get() is desk.entry)
    assert desk.typed == "xyxyxy"
    tree = desk.window.rooms.tree
    desk.focus(tree)
    for event in ("<Button-1>", "<ButtonRelease-1>"):
        tree.event_generate(event, x=20, y=5)
    assert desk.root.focus_get() is desk.entry


def test_the_keys_are_told_in_a_dialog_of_their_own(desk: Desk) -> None:
    before = desk.shown
    desk.press("<F1>")
    assert desk.asks.startswith("Keys\nEnter sends, Shift-Enter begins another line")
    desk.focus(desk.question.cancel)
    desk.press("<Escape>", on=desk.question.cancel)
    assert (desk.asks, desk.shown) == ("", before)


def test_help_names_only_keys_that_the_window_has(desk: Desk) -> None:
    desk.say("/help")
    desk.until(lambda: "Alt-A goes to unread rooms, Ctrl-F searches, F1 lists the keys." in desk.shown)
    assert not any(key in desk.shown for key in ("Alt-R", "Alt-P", "Alt-G"))


def test_what_is_half_typed_in_a_room_that_closes_is_kept(desk: Desk, box: Box) -> None:
    bob = box.text("bob")
    bob.send("/join dev")
    desk.say("/join dev")
    desk.until(lambda: desk.root.title().startswith("#dev"))
    desk.entry.insert("insert", "a long answer")
    bob.send("/kick ada")
    desk.until(lambda: desk.root.title().startswith("#lobby"))
    assert desk.typed == "a long answer"


def test_a_room_is_joined_in_a_dialog_and_what_is_half_typed_stays(desk: Desk, box: Box) -> None:
    box.text("bob").send("/join dev")
    box.text("cy").send("/join attic")
    desk.entry.insert("insert", "a long answer")
    desk.choose("Join a room …")
    request = desk.question
    assert isinstance(request, Request)
    desk.until(lambda: {request.list.item(row, "text") for row in request.list.get_children()} == {" attic", " dev"})
    assert desk.root.focus_lastfor() is desk.entry
    assert request.focus_lastfor() is request.field
    request.field.insert(0, "dev lounge")
    desk.focus(request.field)
    desk.press("<Return>", on=request.field)
    assert desk.question is request
    assert "name" in request._refusal.cget("text")
    request.list.selection_set(next(r for r in request.list.get_children() if request.list.item(r, "text") == " dev"))
    desk.until(lambda: request.field.get() == "dev")
    desk.press("<Return>", on=request.field)
    desk.until(lambda: desk.rooms == [("#lobby", ""), ("#dev", "")] and desk.root.title().startswith("#dev"))
    assert desk.asks == ""
    desk.press("<Control-p>")
    desk.until(lambda: desk.typed == "a long answer")


def test_the_topic_is_set_in_a_dialog_of_the_room_for_which_it_was_opened(desk: Desk, box: Box) -> None:
    bob = box.text("bob")
    bob.send("/topic tea")
    desk.until(lambda: desk.window._topic.cget("text") == "tea")
    desk.entry.insert("insert", "a long answer")
    desk.choose("Set the topic …")
    desk.seat.enter("/join dev")
    request = desk.question
    assert isinstance(request, Request)
    assert request.field.get() == "tea"
    request.field.insert("end", " and cake")
    desk.focus(request.field)
    desk.press("<Return>", on=request.field)
    desk.until(lambda: desk.window._topic.cget("text") == "tea and cake")
    assert desk.root.title().startswith("#lobby")
    assert desk.typed == "a long answer"
    desk.choose("Set the topic …")
    request = desk.question
    assert isinstance(request, Request)
    request.field.delete(0, "end")
    request.action.invoke()
    desk.until(lambda: desk.window._topic.cget("text") == "")


def test_what_is_chosen_in_the_menu_is_done_in_the_room_that_was_shown(desk: Desk, box: Box) -> None:
    desk.say("/join dev")
    desk.until(lambda: desk.root.title().startswith("#dev"))
    menu = desk.window._window_menu()
    desk.seat.enter("/go lobby")
    menu.invoke("Leave this room")
    desk.until(lambda: desk.rooms == [("#lobby", "")])


def test_leaving_the_chat_is_apart_from_leaving_a_room_and_loses_nothing_unasked(desk: Desk) -> None:
    menu = desk.window._window_menu()
    assert menu.entrycget("end", "label") == "Exit"
    desk.seat.wiring.endpoint.refusing = True
    desk.seat.wiring.cable.cut()
    desk.say("we meet at noon")
    desk.entry.insert("insert", "half typed")
    desk.choose("Exit")
    assert desk.asks == (
        "Exit the chat?\n1 message is not sent yet.\nThat would be lost.\n"
        "What else is half typed is kept for the next start."
    )
    assert desk.question.focus_lastfor() is desk.question.cancel
    desk.focus(desk.question.cancel)
    desk.press("<Return>", on=desk.question.cancel)
    assert (desk.asks, desk.typed) == ("", "half typed")
    assert not desk.seat.wiring.over.called
    desk.focus(desk.entry)
    desk.press("<Control-q>")
    desk.question.action.invoke()
    desk.until(lambda: desk.seat.wiring.over.called)


@pytest.mark.parametrize("line", ["exit", "/quit"])
def test_who_loses_nothing_is_not_asked(desk: Desk, line: str) -> None:
    desk.entry.insert("insert", "half typed")
    desk.seat.enter("/join dev")
    desk.until(lambda: desk.root.title().startswith("#dev") and desk.typed == "")
    desk.say(line)
    desk.until(lambda: desk.seat.wiring.over.called)
    assert desk.asks == ""


@pytest.mark.parametrize("line", ["exit", "/quit"])
def test_a_line_that_leaves_the_chat_loses_nothing_unasked(desk: Desk, line: str) -> None:
    desk.say("one")
    desk.sees("ada  10:15\none")
    desk.window.entry.begin_for(Editing(desk.seat.room("#lobby").lines[desk.seat.room("#lobby").lines.end - 1]))
    desk.entry.insert("end", " and two")
    desk.seat.enter("/join dev")
    desk.until(lambda: desk.root.title().startswith("#dev") and desk.typed == "")
    desk.say(line)
    lost = "In #lobby you have not finished an edit or a reaction.\nThat would be lost."
    desk.until(lambda: desk.asks == f"Exit the chat?\n{lost}")
    assert not desk.seat.wiring.over.called


def test_what_is_deleted_is_drawn_anew(desk: Desk, box: Box) -> None:
    bob = box.text("bob")
    bob.send("oops", "fine", "again")
    desk.say("mine")
    desk.sees("bob  10:15\noops\nfine\nagain\nada  10:15\nmine\n")
    bob.send("/delete 1", "/delete 3")
    desk.sees("10:15  bob deleted this.\nbob  10:15\nfine\n10:15  bob deleted this.\nada  10:15\nmine\n")
    bob.send("more")
    desk.sees("mine\nbob  10:15\nmore\n")
    start = desk.row_of("fine")
    desk.text.tag_add("sel", start, f"{desk.row_of('mine')} + 2 chars")
    desk.press("<<Copy>>", on=desk.text)
    assert desk.copied.splitlines() == [
        "[2026-11-21 10:15] bob: fine",
        "[2026-11-21 10:15] * bob deleted this.",
        "[2026-11-21 10:15] ada: mine",
    ]


def test_at_the_smallest_size_there_is_room_to_type_and_no_button_is_gone(desk: Desk) -> None:
    root, window = desk.root, desk.window
    width, height = root.minsize()
    root.geometry(f"{width}x{height}")
    desk.until(lambda: root.winfo_width() == width)
    assert window.entry.text.winfo_width() >= desk.look.body.measure("0" * 20)
    buttons = [widget for widget in descendants(root) if widget.winfo_name() in ("menu", "find", "send")]
    assert len(buttons) == 3
    for button in (*buttons, window.entry.text):
        right = button.winfo_rootx() - root.winfo_rootx() + button.winfo_width()
        bottom = button.winfo_rooty() - root.winfo_rooty() + button.winfo_height()
        assert button.winfo_viewable()
        assert button.winfo_width() >= button.winfo_reqwidth() or button is window.entry.text
        assert (right <= width, bottom <= height) == (True, True)
    assert not window.rooms.winfo_viewable()
    assert not window.people.winfo_viewable()
    root.geometry(f"{desk.look.body.measure('0') * 75}x{height}")
    desk.until(lambda: window.rooms.winfo_viewable() and not window.people.winfo_viewable())
    root.geometry(f"{desk.look.body.measure('0') * 120}x{height}")
    desk.until(lambda: window.rooms.winfo_viewable() and window.people.winfo_viewable())
    desk.say("/msg bob")
    desk.until(lambda: not window.people.winfo_viewable())


def test_a_long_topic_ends_in_dots_and_is_shown_whole_under_the_pointer(desk: Desk, box: Box) -> None:
    long = "what this room is about, at length: " * 6
    box.text("bob").send(f"/topic {long}")
    topic = desk.window._topic
    desk.until(lambda: topic.cget("text").endswith("…"))
    assert desk.look.small.measure(topic.cget("text")) <= topic.winfo_width()
    topic.event_generate("<Enter>")
    assert topic.tip is not None
    assert topic.tip.winfo_children()[0].cget("text") == long.strip()
    topic.event_generate("<Leave>")
    assert topic.tip is None
    box.text("cy").send("/topic tea")
    desk.until(lambda: topic.cget("text") == "tea")
    topic.event_generate("<Enter>")
    assert topic.tip is None


def descendants(widget: tkinter.Misc) -> list[tkinter.Misc]:
    """All widgets within another."""
    return [each for child in widget.winfo_children() for each in (child, *descendants(child))]
