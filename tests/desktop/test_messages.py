"""The window: messages of several lines, and what can be done with a message."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from box import Box, Client
from desktop.desks import Desk
from twisted.internet.defer import Deferred, succeed

from chat.client.desktop.drawing import NO_BREAK
from chat.client.link.link import Post
from chat.client.link.sending import Upload
from chat.client.model.client import MAXIMUM_PASTE
from chat.core.links import Links

ACCEPTED = ["changes", "conversations", "lines"]
TAGS = count()
TRACEBACK = "Traceback:\n\n  File x"


@pytest.fixture
def box() -> Box:
    """A chat."""
    return Box()


def program(box: Box, name: str = "bob") -> Client:
    """A program that knows all, in the lobby."""
    return box.json(name, rooms={"lobby": None}, accept=ACCEPTED)


def said(client: Client, text: str, room: str = "lobby", **fields: Any) -> int:
    """Have it say something; return the id."""
    tag = f"t{next(TAGS)}"
    client.ask(type="say", room=room, text=text, **fields, tag=tag)
    return int(next(event["id"] for event in client.objects() if event.get("tag") == tag))


def edit_in_place(desk: Desk, text: str) -> None:
    """Type *text* in place of what is in the input field."""
    desk.entry.delete("1.0", "end")
    desk.entry.insert("1.0", text)
    desk.update()
    desk.press("<Return>")


def choose(desk: Desk, text: str, *labels: str) -> None:
    """Right-click on a message, and choose an entry of its menu, and of the menu below."""
    menu = menu_of(desk, text)
    for label in labels:
        index = labels_of(menu).index(label)
        if menu.type(index) == "cascade":
            menu = menu.nametowidget(menu.entrycget(index, "menu"))
        else:
            menu.invoke(index)
    desk.update()


def menu_of(desk: Desk, text: str) -> tkinter.Menu:
    """The menu that a right click on a message opens."""
    opened: list[tkinter.Menu] = []
    desk.window._post = lambda menu, x, y: opened.append(menu)  # type: ignore[method-assign]
    box = desk.text.bbox(desk.row_of(text))
    assert box is not None
    desk.text.event_generate("<Button-3>", x=box[0] + 1, y=box[1] + 1)
    (menu,) = opened
    return menu


def labels_of(menu: tkinter.Menu) -> list[str]:
    """The entries of a menu."""
    last = menu.index("end")
    assert last is not None
    return [menu.entrycget(n, "label") if menu.type(n) != "separator" else "" for n in range(last + 1)]


def hint(desk: Desk) -> str:
    """The sentence above the input field."""
    return str(desk.window._hint.cget("text"))


def bar(desk: Desk) -> str:
    """What the text in the input field is for."""
    purpose = desk.window.entry.purpose
    return str(purpose.cget("text")) if purpose.winfo_ismapped() else ""


# -- texts of several lines


def test_what_is_typed_or_pasted_in_several_lines_is_one_message(desk: Desk, box: Box) -> None:
    desk.entry.insert("insert", "one")
    desk.press("<Shift-Return>", "<Alt-Return>")
    desk.root.clipboard_clear()
    desk.root.clipboard_append("  two\r\n\u2028three")
    desk.press("<<Paste>>", "<Return>")
    desk.until(lambda: box.stored)
    assert [each.text for each in box.stored] == ["one\n\n  two\n\nthree"]
    desk.sees("ada  10:15\none\n\n  two\n\nthree\n")


def test_a_text_that_is_too_long_is_refused_with_the_figure_and_stays(desk: Desk, box: Box) -> None:
    for text, why in (("x\n" * 101 + "x", "102 lines, and the server takes 100"), ("x" * 5000, "5000 bytes")):
        desk.entry.delete("1.0", "end")
        desk.root.clipboard_clear()
        desk.root.clipboard_append(text)
        desk.press("<<Paste>>", "<Return>")
        assert why in hint(desk)
        assert desk.typed == text
    desk.root.clipboard_clear()
    desk.root.clipboard_append("y" * (MAXIMUM_PASTE + 1))
    desk.press("<<Paste>>")
    assert str(MAXIMUM_PASTE) in hint(desk)
    assert desk.typed == "x" * 5000
    assert not box.stored


def test_a_text_that_is_too_long_is_offered_as_a_file_where_the_chat_takes_files(desk: Desk, box: Box) -> None:
    box.hub.links = Links("http://192.0.2.1/", files=True)
    desk.seat.wiring.cable.cut()
    desk.seat.wiring.wait(5)
    sent: list[Path | bytes] = []

    def put(url: str, upload: Upload, moved: Callable[[], object], certificate: bytes | None = None) -> Deferred[None]:
        sent.append(upload.file)
        return succeed(None)

    desk.seat.client.put = put
    desk.root.clipboard_clear()
    desk.root.clipboard_append("x\n" * 101 + "x")
    desk.press("<<Paste>>", "<Return>")
    assert hint(desk) == "That has 102 lines, too long for a message. Enter again sends it as a file."
    desk.press("<Return>")
    desk.until(lambda: len(sent) == 1)
    assert desk.typed == ""
    desk.root.clipboard_clear()
    desk.root.clipboard_append("y" * (MAXIMUM_PASTE + 1))
    desk.press("<<Paste>>")
    assert hint(desk).endswith("/send sends it as a file.")
    desk.say("/send")
    desk.until(lambda: len(sent) == 2)
    assert sent == [b"x\n" * 102, b"y" * (MAXIMUM_PASTE + 1) + b"\n"]


def test_escape_twice_stops_a_file(desk: Desk, box: Box, tmp_path: Path) -> None:
    box.hub.links = Links("http://192.0.2.1/", files=True)
    desk.seat.wiring.cable.cut()
    desk.seat.wiring.wait(5)
    sent: list[Upload] = []

    def put(url: str, upload: Upload, moved: Callable[[], object], certificate: bytes | None = None) -> Deferred[None]:
        sent.append(upload)
        return Deferred()

    desk.seat.client.put = put
    (tmp_path / "log.txt").write_text("x")
    desk.say(f"/send {tmp_path}/log.txt")
    desk.sees("log.txt (1 byte): 0 %")
    question = "Press Esc again to send no more of log.txt."
    desk.press("<Escape>")
    assert hint(desk) == question
    desk.press("x", "<BackSpace>")
    desk.until(lambda: hint(desk) == "")
    desk.press("<Escape>")
    assert hint(desk) == question
    assert not sent[0]._stopped
    desk.press("<Escape>")
    desk.sees("You stopped sending log.txt.")
    assert sent[0]._stopped
    assert hint(desk) == ""


def test_commands_begin_no_text_of_several_lines(desk: Desk, box: Box) -> None:
    edit_in_place(desk, "/usr/bin/x\n/quit")
    desk.until(lambda: box.stored)
    assert [each.text for each in box.stored] == ["/usr/bin/x\n/quit"]


def test_messages_of_several_lines_and_places_in_them(desk: Desk, box: Box) -> None:
    bob = program(box)
    said(bob, "before")
    said(bob, TRACEBACK)
    said(bob, "after\nthat")
    desk.sees("bob  10:15\nbefore\nTraceback:\n\n  File x\nafter\nthat\n")
    desk.text.tag_add("sel", desk.row_of("File"), f"{desk.row_of('that')} + 2 chars")
    desk.press("<<Copy>>", on=desk.text)
    time = "[2026-11-21 10:15]"
    assert desk.copied.splitlines() == [
        f"{time} bob: Traceback:",
        "bob: ",
        "bob:   File x",
        f"{time} bob: after",
        "bob: that",
    ]
    bob.ask(type="delete", id=2)
    desk.sees("before\n10:15  bob deleted this.\nbob  10:15\nafter\nthat\n")


def test_what_is_not_delivered_comes_back(desk: Desk, box: Box) -> None:
    bob = box.text("bob")
    desk.say("/msg bob hello")
    desk.until(lambda: desk.root.title().startswith("@bob"))
    bob.send("/quit")
    desk.sees("bob is gone for good.")
    edit_in_place(desk, "are you\n  gone?")
    desk.sees("Whoever that was is gone for good.")
    assert desk.typed == "are you\n  gone?"


def test_what_is_not_delivered_waits_in_its_room(desk: Desk, box: Box) -> None:
    box.text("bob").send("/join dev")
    desk.seat.enter("/join dev")
    desk.until(lambda: desk.root.title().startswith("#dev"))
    post = partial(desk.seat.model.post_refused, Post("t", "me", {"room": "dev", "text": "waves"}))
    desk.seat.model.expect("t")
    desk.press("<Control-p>")
    desk.until(lambda: desk.root.title().startswith("#lobby"))
    post()
    assert desk.typed == ""
    desk.press("<Control-n>")
    desk.until(lambda: desk.typed == "/me waves")
    desk.entry.insert("end", "!")
    desk.seat.model.expect("t")
    post()
    assert desk.typed == "/me waves!"


# -- changes


def test_changes_are_drawn_where_the_message_is(desk: Desk, box: Box) -> None:
    bob = program(box)
    number = said(bob, "gren tea?")
    said(bob, "yes", re=number)
    desk.sees("bob  10:15\ngren tea?\n┌ bob: gren tea?\nyes\n")
    bob.ask(type="edit", id=number, text="green\ntea?")
    desk.sees("bob  10:15\ngreen\ntea?  (edited)\n┌ bob: green\nyes\n")
    bob.ask(type="react", id=number, text="👍", on=True)
    desk.sees("tea?  (edited)\n  👍 1 \n┌ bob: green\nyes\n")
    bob.ask(type="react", id=number, text="👍", on=False)
    desk.sees_no("👍")
    bob.ask(type="delete", id=number)
    desk.sees("10:15  bob deleted this.\nbob  10:15\nyes\n")


def test_a_click_on_a_reaction_joins_in_or_takes_back(desk: Desk, box: Box) -> None:
    bob = program(box)
    number = said(bob, "tea?")
    for text in ("👍", "yes"):
        bob.ask(type="react", id=number, text=text, on=True)
    desk.sees(" 👍 1   yes 1 \n")
    desk.click(desk.text, f"{desk.row_of('yes 1')}")
    desk.sees(" 👍 1   yes 2 \n")
    assert "reacted" in desk.tags_of("yes 2")
    desk.click(desk.text, f"{desk.row_of('yes 2')}")
    desk.sees(" 👍 1   yes 1 \n")


def test_reactions_wrap_whole_and_begin_below_each_other(desk: Desk, box: Box) -> None:
    bob = program(box)
    number = said(bob, "ada: tea?")
    for text in range(20):
        bob.ask(type="react", id=number, text=f"word{text}", on=True)
    desk.sees("word19 1")
    corners = [desk.text.bbox(desk.row_of(f"word{text} 1") + " - 1 chars") for text in range(20)]
    ends = [desk.text.bbox(desk.row_of(f"word{text} 1") + f" + {len(f'word{text} 1')} chars") for text in range(20)]
    places = [(one[:2], end[1]) for one, end in zip(corners, ends, strict=True) if one is not None and end is not None]
    assert len(places) == 20
    assert all(top == end for (_, top), end in places)
    firsts = [min(x for (x, top), _ in places if top == row) for row in {top for (_, top), _ in places}]
    assert len(firsts) > 1
    assert len(set(firsts)) == 1


def test_the_answer_leads_to_what_it_answers(desk: Desk, box: Box) -> None:
    bob = program(box)
    number = said(bob, "tea?")
    for line in range(60):
        said(bob, f"line {line}")
    said(bob, "yes", re=number)
    desk.until(lambda: "┌ bob: tea?\nyes" in desk.visible)
    desk.click(desk.text, f"{desk.row_of('┌ bob')} + 3 chars")
    desk.until(lambda: "tea?\nline 0" in desk.visible)
    assert desk.text.get("sel.first", "sel.last") == "bob  10:15\ntea?\n"
    desk.press("<Escape>")
    assert not desk.text.tag_ranges("sel")


# -- the menu of a message


def test_the_menu_has_what_the_user_may_do(desk: Desk, box: Box) -> None:
    bob = program(box)
    said(bob, "theirs")
    desk.say("mine")
    desk.sees("mine")
    assert labels_of(menu_of(desk, "theirs")) == ["Reply", "React", "Copy"]
    assert labels_of(menu_of(desk, "mine")) == ["Reply", "React", "Edit", "Copy", "", "Delete"]
    assert labels_of(menu_of(desk, "You are ada")) == ["Copy"]
    box.clock.advance(3600)
    assert labels_of(menu_of(desk, "mine")) == ["Reply", "React", "Copy", "", "Delete"]


def test_moderators_do_what_ops_do_but_not_in_private(desk: Desk, box: Box) -> None:
    bob = program(box)
    said(bob, "theirs")
    bob.ask(type="msg", name="ada", text="psst", tag="psst")
    desk.sees("theirs")
    desk.seat.model.is_moderator = True
    assert labels_of(menu_of(desk, "theirs")) == ["Reply", "React", "Copy", "Pin", "", "Delete"]
    desk.seat.enter("/go @bob")
    desk.sees("psst")
    assert labels_of(menu_of(desk, "psst")) == ["Reply", "React", "Copy"]
    choose(desk, "psst", "Reply")
    edit_in_place(desk, "yes")
    desk.sees("┌ bob: psst\nyes\n")
    choose(desk, "psst", "React", "👍  yes")
    desk.sees("psst\n  👍 1 \n")


def test_ops_pin_and_delete(desk: Desk, box: Box) -> None:
    desk.seat.enter("/join dev")
    bob = box.json("bob", rooms={"dev": None}, accept=ACCEPTED)
    said(bob, "theirs", room="dev")
    desk.sees("theirs")
    assert labels_of(menu_of(desk, "theirs")) == ["Reply", "React", "Copy", "Pin", "", "Delete"]
    choose(desk, "theirs", "Pin")
    desk.sees("theirs  (pinned)\n")
    choose(desk, "theirs", "Unpin")
    desk.sees_no("(pinned)")
    choose(desk, "theirs", "Delete")
    desk.sees("ada deleted this.")


def test_replying(desk: Desk, box: Box) -> None:
    number = said(program(box), "green tea?")
    desk.sees("green tea?")
    desk.entry.insert("insert", "half")
    choose(desk, "green tea?", "Reply")
    desk.until(lambda: bar(desk) == "Answer to bob: green tea?")
    assert desk.typed == "half"
    desk.press("<Escape>")
    desk.until(lambda: not bar(desk))
    assert desk.typed == "half"
    choose(desk, "green tea?", "Reply")
    edit_in_place(desk, "//yes\n/please")
    edit_in_place(desk, "no answer")
    desk.sees("┌ bob: green tea?\n//yes\n/please\nno answer\n")
    assert [(each.text, each.re) for each in box.stored][1:] == [("//yes\n/please", number), ("no answer", None)]
    assert not bar(desk)


def test_a_reply_may_begin_with_a_slash_and_commands_are_commands(desk: Desk, box: Box) -> None:
    number = said(program(box), "where?")
    desk.sees("where?")
    choose(desk, "where?", "Reply")
    edit_in_place(desk, "/topic Tea")
    assert desk.seat.model.current.topic == "Tea"
    choose(desk, "where?", "Reply")
    edit_in_place(desk, "//etc")
    desk.until(lambda: len(box.stored) == 2)
    assert (box.stored[-1].text, box.stored[-1].re) == ("/etc", number)


def test_editing(desk: Desk, box: Box) -> None:
    desk.say("gren tea?", "later")
    desk.sees("gren tea?\nlater\n")
    desk.entry.insert("insert", "half")
    choose(desk, "gren", "Edit")
    desk.until(lambda: bar(desk) == "Edit what you said at 10:15")
    assert desk.typed == "gren tea?"
    desk.press("<Escape>")
    assert desk.typed == "half"
    choose(desk, "gren", "Edit")
    edit_in_place(desk, "green\n  tea?")
    desk.sees("ada  10:15\ngreen\n  tea?  (edited)\nlater\n")
    assert (desk.typed, bar(desk)) == ("half", "")
    edit_in_place(desk, "/edit")
    assert desk.typed == "/edit #2 later"
    edit_in_place(desk, "/edit sooner\nor later")
    desk.sees("sooner\nor later  (edited)\n")


def test_each_room_keeps_what_its_text_is_for(desk: Desk, box: Box) -> None:
    said(program(box), "green tea?")
    desk.sees("green tea?")
    choose(desk, "green tea?", "Reply")
    desk.entry.insert("insert", "yes")
    desk.seat.enter("/join dev")
    desk.until(lambda: (desk.typed, bar(desk)) == ("", ""))
    desk.press("<Control-p>")
    desk.until(lambda: (desk.typed, bar(desk)) == ("yes", "Answer to bob: green tea?"))


def test_reacting(desk: Desk, box: Box) -> None:
    said(program(box), "green tea?")
    desk.sees("green tea?")
    choose(desk, "green tea?", "React", "👍  yes")
    desk.sees("green tea?\n  👍 1 \n")
    choose(desk, "green tea?", "React", "👍  yes  (take back)")
    desk.sees_no("👍")
    desk.entry.insert("insert", "half")
    choose(desk, "green tea?", "React", "Another …")
    desk.until(lambda: (desk.typed, bar(desk)) == ("", "Reaction to bob: green tea?"))
    edit_in_place(desk, "two words")
    assert "React with one emoji" in hint(desk)
    assert desk.typed == "two words"
    edit_in_place(desk, " 🍵 ")
    desk.sees("green tea?\n  🍵 1 \n")
    assert (desk.typed, bar(desk), hint(desk)) == ("half", "", "")


def test_deleting_and_copying(desk: Desk, box: Box) -> None:
    said(program(box), TRACEBACK)
    desk.say("mine")
    desk.sees("mine")
    choose(desk, "mine", "Delete")
    desk.sees("ada deleted this.")
    choose(desk, "Traceback", "Copy")
    assert desk.copied == TRACEBACK
    start = desk.row_of("back")
    desk.text.tag_remove("sel", "1.0", "end")
    desk.text.tag_add("sel", start, f"{start} + 4 chars")
    choose(desk, "back", "Copy")
    assert desk.copied == "back"


def test_a_message_is_chosen_by_keys(desk: Desk, box: Box) -> None:
    bob = program(box)
    for text in ("one", TRACEBACK, "three"):
        said(bob, text)
    desk.sees("three")
    opened: list[list[str]] = []
    desk.window._post = lambda menu, x, y: opened.append(labels_of(menu))  # type: ignore[method-assign]
    desk.press("<Shift-F10>")
    assert desk.text.get("sel.first", "sel.last") == "three\n"
    desk.press("<Alt-Up>")
    assert desk.text.get("sel.first", "sel.last") == f"{TRACEBACK}\n"
    desk.press("<Alt-Up>", "<Alt-Up>", "<Alt-Up>")
    assert desk.text.get("sel.first", "sel.last") == "bob  10:15\none\n"
    bob.ask(type="react", id=1, text="x", on=True)
    selected = "bob  10:15\none\n  x 1 \n"
    desk.until(lambda: desk.text.get("sel.first", "sel.last").replace(NO_BREAK, " ") == selected)
    desk.press("<Alt-Down>", "<Menu>")
    assert desk.text.get("sel.first", "sel.last") == f"{TRACEBACK}\n"
    assert opened == [["Reply", "React", "Copy"]] * 2


# -- who is alerted


@pytest.mark.parametrize(
    ("fields", "notes"),
    [
        ({"text": "ada: look"}, 1),
        ({"text": "the deploy\nis done"}, 1),
        ({"text": "yes", "re": 1}, 1),
        ({"text": "> ada: look\nno"}, 0),
        ({"text": "ada: look", "notice": True}, 0),
        ({"text": "yes", "re": 2}, 0),
    ],
)
def test_notifications(desk: Desk, box: Box, elsewhere: Callable[[], None], fields: dict[str, Any], notes: int) -> None:
    desk.say("mine")
    bob = program(box)
    number = said(bob, "theirs")
    desk.seat.model.words = ["deploy"]
    elsewhere()
    desk.until(lambda: not desk.seat.model.looking)
    said(bob, **fields)
    bob.ask(type="edit", id=number, text="ada: edited")
    desk.sees("edited")
    assert [note[:2] for note in desk.notes] == [("bob in #lobby", fields["text"])] * notes


def test_everybody_is_alerted(desk: Desk, box: Box, elsewhere: Callable[[], None]) -> None:
    bob = box.json("bob", rooms={"dev": None}, accept=ACCEPTED)
    desk.seat.enter("/join dev")
    elsewhere()
    desk.until(lambda: not desk.seat.model.looking)
    said(bob, "@room tea", room="dev")
    desk.until(lambda: [note[:2] for note in desk.notes] == [("bob in #dev", "@room tea")])


def test_what_a_menu_begins_is_begun_in_the_room_of_the_message(desk: Desk, box: Box) -> None:
    bob = box.text("bob")
    bob.send("green tea?")
    desk.sees("green tea?")
    line = desk.seat.room("#lobby").newest(lambda line: True)
    assert line is not None
    menu = desk.window._menu.menu(line)
    desk.seat.enter("/join dev")
    desk.until(lambda: desk.root.title().startswith("#dev"))
    menu.invoke("Reply")
    desk.say("yes")
    assert 'ada (to bob, "green tea?"): yes' in bob.lines()
