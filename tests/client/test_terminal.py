"""The full-screen client, with keys from a pipe and a terminal emulator that is only an object."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from box import Box, Client
from client.screens import PASTE, Screen, play
from e2e.waiting import DEADLINE
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import ColorDepth

from chat.client.model.client import MAXIMUM_PASTE
from chat.core.doors import Doors
from chat.core.links import Links

UP, DOWN = "\x1b[A", "\x1b[B"


async def scrolled_up(screen: Screen, box: Box) -> Client:
    """Have bob say 50 lines, and go up by a page; return bob."""
    bob = box.text("bob")
    for number in range(50):
        bob.send(f"line {number:02}")
    await screen.sees("line 49")
    screen.press("\x1b[5~")
    await screen.sees("more below")
    return bob


def test_what_is_said_is_seen_and_what_is_typed_stays() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.text("bob")
        screen.press("half a li")
        await screen.sees("ada #lobby> half a li")
        bob.send("hello", "/me waves")
        await screen.sees("10:15 bob: hello", "10:15 ~ bob waves", "ada #lobby> half a li")
        screen.press("ne\r")
        await screen.sees("10:15 ada: half a line")
        assert screen.typed == ""

    play(scene)


def test_the_status_bar_tells_how_things_are() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await screen.sees(" localhost:12345 · 1 person · lag 0 ms  1:#lobby 2:#dev")
        box.json("bob", rooms={"dev": None, "lobby": None}).ask(type="say", room="dev", text="hi ada")
        await screen.sees("2 people", "2:#dev(1!)")
        screen.seat.wiring.endpoint.refusing = True
        screen.seat.wiring.cable.cut()
        screen.press("waits\r")
        await screen.sees("no connection, next try in 1 s · 1 unsent", "  ... ada: waits")

    play(scene, rooms=("lobby", "dev"))


def test_each_room_has_its_own_draft_and_its_own_history() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("said in lobby\r")
        await screen.sees("ada: said in lobby")
        screen.press("draft\x0e")
        await screen.sees("ada #dev>")
        assert screen.typed == ""
        screen.press("said in dev\r")
        await screen.sees("ada: said in dev")
        screen.press("\x10")
        await screen.sees("ada #lobby> draft")
        screen.press("\x03")
        await screen.until(lambda: screen.typed == "")
        await screen.press_until("\x1b[A", lambda: screen.typed == "said in lobby")

    play(scene, rooms=("lobby", "dev"))


def test_a_password_does_not_come_back() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("hello\r")
        await screen.sees("ada: hello")
        screen.press("/register correct horse\r")
        await screen.sees("! Others could read a password on this connection.")
        screen.press("\x1b[A")
        await screen.until(lambda: screen.typed == "hello")

    play(scene)


@pytest.mark.parametrize("key", ["\x0e", "\x10", "\x1b2", "\x1b[1;3C", "\x1b[1;3D", "\x1ba"])
def test_keys_that_turn_to_another_room(key: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        box.json("bob", rooms={"dev": None}).ask(type="say", room="dev", text="hi")
        await screen.sees("2:#dev(1)")
        screen.press(key)
        await screen.sees("ada #dev>", "bob: hi")

    play(scene, rooms=("lobby", "dev"))


def test_the_unread_mark() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.json("bob", rooms={"dev": None})
        bob.ask(type="say", room="dev", text="one")
        await screen.sees("2:#dev(1)")
        screen.press("\x0e")
        await screen.sees("─ unread ─", "bob: one")
        screen.press("\x0e")
        await screen.sees("ada #lobby>")
        screen.press("\x0e")
        await screen.sees("bob: one")
        assert not screen.has("unread")

    play(scene, rooms=("lobby", "dev"))


def test_scrolling_keeps_the_place_and_says_what_is_below() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = await scrolled_up(screen, box)
        assert not screen.has("line 49")
        before = screen.rows()[1:-4]
        bob.send("something new")
        await screen.until(lambda: screen.viewport.below > 15)
        assert not screen.has("something new")
        assert screen.rows()[1:-4] == before
        screen.press("\x1b[6~\x1b[6~")
        await screen.sees("something new")
        assert not screen.has("more below")

    play(scene)


def test_sending_goes_to_the_newest_line() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await scrolled_up(screen, box)
        screen.press("here I am\r")
        await screen.sees("ada: here I am")

    play(scene)


def test_older_messages_are_fetched_at_the_top() -> None:
    def before(box: Box) -> None:
        bob = box.text("bob")
        for number in range(100):
            bob.send(f"line {number:02}")
        bob.send("exit")

    async def scene(screen: Screen, box: Box) -> None:
        await screen.sees("line 99")
        screen.press("\x1b[5~" * 4)
        await screen.until(lambda: screen.seat.room("#lobby").lines.oldest_id == 1)
        screen.press("\x1b[5~" * 6)
        await screen.sees("line 00", "21 November 2026")

    play(scene, before=before)


def test_completion_by_tab() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob, bert = box.text("bob"), box.text("bert")
        bert.send("hi")
        bob.send("hi")
        await screen.sees("bob: hi")
        screen.press("b\t")
        await screen.until(lambda: screen.typed == "bob: ")
        await screen.sees("bert:")
        screen.press("\t")
        await screen.until(lambda: screen.typed == "bert: ")
        screen.press("\x1b[Z")
        await screen.until(lambda: screen.typed == "bob: ")
        screen.press("hello be\tthere\r")
        await screen.sees("ada: bob: hello bert there")

    play(scene)


def test_tab_again_does_nothing_if_only_one_name_fits() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob, eve = box.text("bob"), box.text("eve")
        bob.send("hi")
        eve.send("hi")
        await screen.sees("eve: hi")
        screen.press("ev\t\t\t")
        await screen.until(screen.has_read)
        assert screen.typed == "eve: "
        screen.press("\x15/ms\tb\t\t")
        await screen.until(screen.has_read)
        assert screen.typed == "/msg bob "

    play(scene)


def test_completion_before_a_blank_adds_none() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        box.text("eve").send("hi")
        await screen.sees("eve: hi")
        screen.press(" thanks\x01ev\t")
        await screen.until(lambda: screen.typed == "eve: thanks")

    play(scene)


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("a👍🏽b", ["a", "👍🏽", "b"]),
        ("1️⃣ ok", ["1️⃣", " ", "o", "k"]),
        ("👩\u200d👧!", ["👩\u200d", "👧", "!"]),
        ("🇩🇪", ["🇩", "🇪"]),
    ],
)
def test_keys_take_what_is_not_drawn_together_with_what_it_belongs_to(typed: str, seen: list[str]) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        buffer = screen.terminal.application.current_buffer

        async def has(text: str, at: int) -> None:
            await screen.until(lambda: (screen.typed, buffer.cursor_position) == (text, at))

        screen.press(typed)
        await screen.until(lambda: screen.typed == typed)
        places = [len("".join(seen[:count])) for count in range(len(seen) + 1)]
        for place in places[-2::-1]:
            screen.press("\x1b[D")
            await has(typed, place)
        for place in places[1:]:
            screen.press("\x1b[C")
            await has(typed, place)
        for count in range(len(seen) - 1, 0, -1):
            screen.press("\x7f")
            await has("".join(seen[:count]), places[count])
        screen.press("\x01\x1b[3~")
        await screen.until(lambda: screen.typed == "")

    play(scene)


def test_what_tab_offers_hides_nothing() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        for name in ("bob", "bert", "bella"):
            box.text(name).send("hi")
        await screen.sees("bella: hi")
        screen.press("b\t")
        await screen.sees("bella: hi", "localhost:12345 · 4 people", "bella:  bert:  bob:\n", "> bella:")

    play(scene, lines=9)


def test_keys_typed_ahead_of_a_completion_are_not_lost() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        box.text("bob").send("hi")
        await screen.sees("bob: hi")
        screen.press("b\thow are you?\r")
        await screen.sees("ada: bob: how are you?")

    play(scene)


def test_a_pasted_line_is_typed() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("see: " + PASTE % "one\x1b[31m line\r\n")
        await screen.sees("ada #lobby> see: one[31m line")
        assert box.stored == []

    play(scene)


def test_several_pasted_lines_become_one_message() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("draft: " + PASTE % "\r\none\r\n/quit\r\n\r\n    three\r\n")
        await screen.sees("4 lines. Enter sends them as one message, Ctrl-C drops them.", "> draft: one", "    three")
        assert box.stored == []
        screen.press("\r")
        await screen.sees("10:15 ada: draft: one", "           /quit", "               three")
        assert [message.text for message in box.stored] == ["draft: one\n/quit\n\n    three"]
        assert not screen.has("4 lines")

    play(scene)


def test_alt_enter_begins_a_line() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("one\x1b\r")
        await screen.sees("2 lines.")
        screen.press("two")
        await screen.until(lambda: screen.typed == "one\ntwo")
        screen.press("\r")
        await screen.sees("10:15 ada: one", "           two", "ada #lobby>")
        assert [message.text for message in box.stored] == ["one\ntwo"]

    play(scene)


@pytest.mark.parametrize("end", ["", "\r", "\r\r"])
def test_a_paste_without_brackets_is_known_by_coming_at_once(end: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("def f():\r    return\t1\r/topic oops\rmore" + end)
        await screen.sees("4 lines. Enter sends them as one message")
        assert box.stored == []
        screen.press("\r")
        await screen.sees("ada: def f():")
        assert [message.text for message in box.stored] == ["def f():\n    return 1\n/topic oops\nmore"]

    play(scene)


def test_of_more_than_five_lines_the_first_and_the_last_are_told() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(
            "so: " + PASTE % "def f():\n    one\n    two\n\n    three\n    return 'what it is, and no more of it'"
        )
        await screen.sees(
            """6 lines, from "so: def f():" to "return 'what it is, and no mo…". Enter sends""", "them as one message,"
        )
        screen.press("!")
        await screen.until(lambda: screen.typed.endswith("!"))
        await screen.sees("6 lines, from")
        screen.press("\r")
        await screen.sees("ada: so: def f():")
        assert box.stored[0].text.split("\n")[:2] == ["so: def f():", "    one"]

    play(scene)


def test_the_prompt_stays_in_view_while_more_is_typed_than_there_is_room_for() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        def shows(*rows: str, cursor: int) -> Callable[[], bool]:
            def shown() -> bool:
                return screen.rows()[-8:] == list(rows) and screen.screen.cursor.y - screen.size.rows + 8 == cursor

            return shown

        screen.press(PASTE % "\n".join(f"line {number}" for number in range(12)))
        await screen.until(shows("ada #lobby> …", *(f"line {number}" for number in range(5, 12)), cursor=7))
        await screen.press_until(UP, shows("ada #lobby> …", *(f"line {number}" for number in range(5, 12)), cursor=1))
        await screen.press_until(UP, shows("ada #lobby> …", *(f"line {number}" for number in range(3, 10)), cursor=1))
        await screen.press_until(
            UP, shows("ada #lobby> line 0", *(f"line {number}" for number in range(1, 8)), cursor=1)
        )
        await screen.press_until(DOWN, shows("ada #lobby> …", *(f"line {number}" for number in range(2, 9)), cursor=7))
        screen.press("\x03" + "tea " * 200)
        await screen.until(lambda: screen.rows()[-8] == "ada #lobby> …" and screen.rows()[-1].startswith("tea"))
        screen.press("\x01")
        await screen.until(lambda: screen.rows()[-8].startswith("ada #lobby> tea tea"))

    play(scene)


def test_a_long_paste_without_brackets_is_whole_though_it_is_read_in_parts() -> None:
    lines = [f"{number:031}" for number in range(90)]
    text = "\r".join(lines)
    assert text[1023] == "\r", "a read ends with a line break"

    async def scene(screen: Screen, box: Box) -> None:
        screen.press(f"{text}\r")
        await screen.sees("90 lines, from ")
        await screen.until(screen.has_read)
        assert box.stored == []
        screen.press("\r")
        await screen.until(lambda: box.stored)
        assert box.stored[0].text.split("\n") == lines

    play(scene)


ANSWERS = [
    "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
    "\x1b[?64;1;2;6;22c\x1b[>41;354;0c",
    "\x1bP>|tmux 3.3a\x1b\\",
    "\x1b[I\x1b[O",
]
NO_KEYS = [
    "\x1b[27;5;59~",
    "\x1b[57444u",
    "\x1b[15;5~",
    "\x1b[1;3P",
    "\x1bk",
    "\x1bX",
    "\x1b0",
    "\x1b-",
    "\x1b#",
    "\x11",
]
NO_KEYS += ["\x0f", "\x1bé", "\x1b[62~", "\x1b[99;6u"]


@pytest.mark.parametrize("sent", ANSWERS + NO_KEYS)
def test_what_means_nothing_types_nothing(sent: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("one" + sent)
        await screen.until(screen.has_read)
        screen.press(f"{sent}y")
        await screen.until(lambda: screen.typed == "oney")
        screen.press("\r")
        await screen.sees("ada: oney")

    play(scene)


@pytest.mark.parametrize("key", ["\x1b\r", "\x1b\n", "\x1b[13;2u", "\x1b[27;2;13~", "\x1b[13;3u"])
def test_keys_that_begin_a_line(key: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(f"one{key}two")
        await screen.until(lambda: screen.typed == "one\ntwo")
        assert box.stored == []

    play(scene)


@pytest.mark.parametrize("key", ["\x1b\x7f", "\x1b[127;5u", "\x1b[27;5;127~", "\x1b[127;3u"])
def test_keys_that_delete_a_word(key: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(f"one two{key}")
        await screen.until(lambda: screen.typed == "one ")

    play(scene)


def test_a_key_soon_after_esc_keeps_its_meaning() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("one\x03\x03")
        await screen.sees("Press Ctrl-C again, or Ctrl-D, to leave.")
        screen.press("\x1b")
        await screen.sees_no("Press Ctrl-C again")
        screen.press("x")
        await screen.until(lambda: screen.typed == "x")

    play(scene)


def test_an_alt_key_without_a_meaning_leaves_all_as_it_is() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("\x03")
        await screen.sees("Press Ctrl-C again, or Ctrl-D, to leave.")
        screen.press("\x1bk")
        await screen.until(screen.has_read)
        assert screen.has("Press Ctrl-C again")

    play(scene)


@pytest.mark.parametrize("happening", ["cut", "resize", "talk"])
def test_what_is_half_typed_keeps_its_cursor(happening: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("draft\x1b[D\x1b[D")
        await screen.sees("> draft")
        if happening == "cut":
            screen.seat.wiring.cable.cut()
            await screen.sees("no connection")
            box.clock.advance(2)
            await screen.sees("Connected again.")
        elif happening == "resize":
            screen.resize(lines=15, columns=60)
        else:
            box.text("bob").send("hello")
            await screen.sees("bob: hello")
        screen.press("-\r")
        await screen.sees("ada: dra-ft")
        assert [message.text for message in box.stored if message.author == "ada"] == ["dra-ft"]

    play(scene)


def test_up_brings_back_what_ctrl_c_cleared() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("said\r")
        await screen.sees("ada: said")
        screen.press("a long draft\x03")
        await screen.until(lambda: screen.typed == "")
        await screen.press_until("\x1b[A", lambda: screen.typed == "a long draft")
        screen.press("\x03/password secret\x03")
        await screen.until(lambda: screen.typed == "")
        await screen.until(screen.has_read)
        screen.press("\x1b[A")
        await screen.until(lambda: screen.typed == "a long draft")

    play(scene)


def test_what_answers_a_question_is_neither_shown_nor_kept() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.seat.wiring.cable.cut()
        screen.seat.wiring.move_to(Box(doors=Doors(key="open sesame")))
        screen.seat.wiring.wait(2)
        await screen.sees("Key of the chat")
        screen.press(PASTE % "\n".join(["sesame"] * 6))
        await screen.sees("6 lines. ")
        assert not screen.has("sesame")
        screen.press("\x03")
        await screen.until(lambda: screen.typed == "")
        assert screen.terminal.application.current_buffer.history.get_strings() == []

    play(scene)


def test_a_paste_of_too_many_lines_is_said_to_go_as_a_file() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(PASTE % "\n".join(map(str, range(150))))
        await screen.sees(
            "150 lines, and the server takes 100 at once. Enter twice sends them as a file, ", "Ctrl-C drops"
        )

    def takes_files(box: Box) -> None:
        box.hub.links = Links("http://192.0.2.1/", files=True)

    play(scene, columns=120, before=takes_files)


def test_a_paste_of_too_many_lines_is_refused_and_stays() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(PASTE % "\n".join(map(str, range(150))))
        await screen.sees("150 lines, and the server takes 100 at once. Ctrl-C drops them.")
        screen.press("\r")
        await screen.sees("That has 150 lines, and the server takes 100 at once.")
        assert screen.typed.count("\n") == 149
        assert box.stored == []
        screen.press("\x03")
        await screen.until(lambda: screen.typed == "")
        await screen.sees_no("150 lines")

    play(scene)


def test_a_changed_text_does_not_come_into_another_room_when_its_own_closes() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        for line, seen in (("in the lobby", "ada: in"), ("/join dev", "ada #dev>"), ("green tea", "ada: green tea")):
            screen.press(f"{line}\r")
            await screen.sees(seen)
        screen.press("/edit better")
        await screen.until(lambda: screen.typed == "/edit better")
        box.admin("kick", "ada", "#dev")
        await screen.sees("ada #lobby>")
        assert screen.typed == ""
        screen.press("\x1b[1;5A")
        await screen.until(lambda: screen.typed == "/edit better")

    play(scene)


def test_what_was_said_last_is_put_into_the_input_to_be_edited() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("gren tea\r")
        await screen.sees("10:15 ada: gren tea")
        screen.press("/edit\r")
        await screen.until(lambda: screen.typed == "/edit #1 gren tea")
        screen.press("\x7f\x7f\x7f\x7f\x7fen tea\r")
        await screen.sees("10:15 ada: green tea (edited)", "ada #lobby>")
        assert screen.typed == ""

    play(scene)


def test_what_is_edited_by_its_number_is_shown_while_one_types() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("gren tea\r")
        await screen.sees("ada: gren tea")
        screen.press("/go dev\r")
        await screen.sees("ada #dev>")
        screen.press("/edit #1 green tea")
        await screen.sees('Changes what you said in #lobby: "gren tea"')
        screen.press("\r")
        await screen.sees("That changes what you said in #lobby.")
        screen.press("/edit #2")
        await screen.until(lambda: screen.typed == "/edit #2")
        await screen.sees_no("Changes what you said")
        assert [line.text for line in screen.seat.room("#lobby").lines if line.is_message] == ["green tea"]

    play(scene, rooms=("lobby", "dev"))


def test_a_message_with_its_answer_and_its_reactions() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.json("bob", rooms={"lobby": None})
        bob.ask(type="say", room="lobby", text="ada: green tea?")
        await screen.sees("bob: ada: green tea?")
        screen.press("/react 👍\r")
        await screen.sees("      👍 1")
        screen.press("/reply yes\r")
        await screen.sees("      ┌ bob: ada: green tea?", "10:15 ada: yes")
        bob.ask(type="delete", id=1)
        await screen.sees("* bob deleted this.")
        assert not screen.has("┌")

    play(scene)


def test_the_messages_that_name_one_are_gone_through() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.text("bob")
        for number in range(90):
            bob.send(f"ada: {number}" if number % 30 == 5 else f"line {number}")
        await screen.sees("line 89")
        for key, shown in (("p", "65"), ("p", "35"), ("p", "5"), ("n", "35")):
            screen.press(f"\x1b{key}")
            await screen.sees(f"bob: ada: {shown}", f"mention {(int(shown) + 25) // 30} of 3")
        screen.press("\x1bn\x1bn")
        await screen.sees("Nothing that is shown after this names you.")
        screen.press("\x1b[1;5F")
        await screen.sees("line 89")
        assert screen.typed == ""

    play(scene)


def test_a_message_that_was_found_is_read_in_its_place() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.text("bob")
        for number in range(400):
            bob.send(f"tea {number}" if number == 100 else f"line {number}")
        await screen.sees("line 399")
        screen.press("/search tea\r")
        await screen.sees("#101 #lobby bob: tea 100")
        screen.press("/history around 101\r")
        await screen.sees("─ found ─", "bob: line 99", "bob: tea 100", "bob: line 101", "#lobby as it was then")
        await screen.press_until("\x1b[6~", lambda: screen.has("bob: line 180"))
        await screen.press_until("\x1b[5~", lambda: screen.has("bob: line 10\n"))
        screen.press("\x1b")
        await screen.sees("#101 #lobby bob: tea 100", "ada #lobby>")
        assert not screen.has("as it was then")

    play(scene)


F2 = "\x1bOQ"
COME_BACK = "-- Press Enter to come back --"
BACK = {"Enter": "\r", "Esc": "\x1b", "q": "q", "Ctrl-C": "\x03"}


@pytest.mark.parametrize("back", BACK.values(), ids=BACK)
def test_the_half_typed_line_is_as_it_was_after_the_copy_view(back: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("draft\x1b[D" + F2)
        await screen.sees("* You are ada, alone in #lobby.", COME_BACK)
        screen.press(back)
        await screen.sees("ada #lobby> draft")
        screen.press("-\r")
        await screen.sees("ada: draf-t")
        assert [message.text for message in box.stored] == ["draf-t"]

    play(scene)


@pytest.mark.parametrize(
    "keys",
    ["looking", "\x04", "\x1a", "\x0c", F2, "\x1b[A", "\x1bq", "\x1bx", "\x1b[I", "\t", PASTE % "one\r", "one\rtwo"],
)
def test_what_is_typed_at_the_copy_view_is_thrown_away(keys: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("draft" + F2)
        await screen.sees(COME_BACK)
        screen.press(keys)
        await screen.until(screen.has_read)
        assert not screen.has("ada #lobby>")
        screen.press("\r")
        await screen.sees("ada #lobby> draft")
        assert screen.typed == "draft"
        assert box.stored == []

    play(scene)


def test_a_paste_that_comes_in_parts_does_not_end_the_copy_view() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(F2)
        await screen.sees(COME_BACK)
        start, end = (PASTE % "one\r|two\r").split("|")
        screen.press(start)
        await screen.until(screen.has_read)
        screen.press(end + "\r")
        await screen.sees("ada #lobby>")
        assert screen.typed == ""
        assert box.stored == []

    play(scene)


def test_the_copy_view_shows_what_is_on_the_screen_with_its_times() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await scrolled_up(screen, box)
        shown = [row for row in screen.rows() if "bob: line" in row]
        screen.press(F2)
        await screen.sees(COME_BACK)
        assert [row for row in screen.rows() if row][-len(shown) - 1 :] == [*shown, COME_BACK]
        assert screen.rows()[0].startswith(shown[0])

    play(scene)


def test_what_comes_together_with_f2_is_thrown_away() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("draft" + F2 + "looking\r" + "more\r")
        await screen.until(screen.has_read)
        screen.press("\r")
        await screen.until(lambda: screen.has("ada #lobby> draft") and not screen.terminal.shows_copy_view)
        assert screen.typed == "draft"
        assert box.stored == []

    play(scene)


def test_pasted_lines_are_still_there_after_the_copy_view() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("draft" + PASTE % "one\ntwo" + F2)
        await screen.sees(COME_BACK)
        screen.press("\r")
        await screen.sees("2 lines.", "> draftone")
        assert box.stored == []
        screen.press("\r")
        await screen.sees("ada: draftone")
        assert [message.text for message in box.stored] == ["draftone\ntwo"]

    play(scene)


@pytest.mark.parametrize("happening", ["cut", "resize", "talk"])
def test_what_happens_during_the_copy_view_types_nothing(happening: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("draft" + F2)
        await screen.sees(COME_BACK)
        if happening == "cut":
            screen.seat.wiring.cable.cut()
            await screen.until(lambda: not screen.seat.wiring.link.online)
            box.clock.advance(2)
        elif happening == "resize":
            screen.resize(lines=15, columns=60)
        else:
            box.text("bob").send("hello")
        await screen.until(lambda: screen.seat.wiring.link.online)
        assert screen.has(COME_BACK)
        assert not screen.has("ada #lobby>")
        screen.press("\r")
        await screen.sees("ada #lobby> draft")
        screen.press(" more\r")
        await screen.sees("ada: draft more")
        assert [message.text for message in box.stored if message.author == "ada"] == ["draft more"]

    play(scene)


def test_the_copy_view_end_with_the_client() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(F2)
        await screen.sees(COME_BACK)

    play(scene)


def test_too_much_is_not_pasted() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(PASTE % ("x" * (MAXIMUM_PASTE + 1)))
        await screen.sees("That is too much to paste")
        assert screen.typed == ""

    play(scene)


def test_a_long_hint_wraps() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("/reply yes\r")
        await screen.sees("There is nothing here that names you.", "bob: yes")

    play(scene, columns=40)


def test_a_line_that_is_too_long_stays() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(PASTE % ("x" * 5000) + "\r")
        await screen.sees("That is 5000 bytes long")
        assert screen.typed == "x" * 5000
        assert box.stored == []

    play(scene)


def test_a_wrong_command_stays_to_be_mended() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("/tpoic\r")
        await screen.sees("Did you mean /topic?", "ada #lobby> /tpoic")
        screen.press("!")
        await screen.sees_no("Did you mean")

    play(scene)


def test_ctrl_c_clears_then_asks_then_leaves() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("half\x03")
        await screen.until(lambda: screen.typed == "")
        assert not screen.has("Press Ctrl-C again")
        screen.press("\x03")
        await screen.sees("Press Ctrl-C again, or Ctrl-D, to leave.")
        screen.press("x\x7f")
        await screen.sees_no("Press Ctrl-C again")
        screen.press("\x03\x03")
        await screen.until(lambda: screen.seat.wiring.over.called)

    play(scene)


@pytest.mark.parametrize("keys", ["\x04", "exit\r", "QUIT\r", "/quit\r"])
def test_leaving(keys: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(keys)
        await screen.until(lambda: screen.seat.wiring.over.called)

    play(scene)


def test_ctrl_d_does_not_leave_in_the_middle_of_a_line() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("ab\x01\x04")
        await screen.until(lambda: screen.typed == "b")
        assert not screen.seat.wiring.over.called

    play(scene)


def test_search_in_what_was_typed() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("the first\r")
        await screen.sees("ada: the first")
        screen.press("another\r")
        await screen.sees("ada: another")
        await screen.until(lambda: len(screen.terminal.application.current_buffer._working_lines) == 3)
        screen.press("\x12fir")
        await screen.sees("I-search backward: fir", "> the first")
        assert len(box.stored) == 2
        screen.press("\r")
        await screen.until(lambda: screen.typed == "the first")
        assert len(box.stored) == 2

    play(scene)


def test_the_bell_rings_for_a_mention() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.text("bob")
        bob.send("hello")
        await screen.sees("bob: hello")
        bob.send("hello ada")
        screen.seat.pump()
        assert "\a" in screen.written.getvalue()

    play(scene)


def test_hostile_text_is_harmless() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        wire = screen.seat.wiring.cable.wire
        wire.dataReceived(
            b'{"type":"message","id":99,"time":"2026-11-21T09:15:02.114Z","room":"lobby","author":"e\\u001b[2Jve",'
            b'"kind":"say","text":"\\u001b]0;owned\\u0007\\u009b31m\\u202ehidden\\nada: forged"}\n'
        )
        await screen.sees("10:15 e[2Jve: ]0;owned31mhidden", "              ada: forged")
        assert screen.screen.title == ""

    play(scene)


def test_wide_characters_and_long_urls() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.text("bob")
        bob.send("see https://example.org/somewhere/else for 日本語のテキスト")
        await screen.sees("           https://example.org/somewhere/else", "日")
        assert all(len(row) <= 48 for row in screen.rows())

    play(scene, columns=48)


def test_a_small_screen() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        box.text("bob").send("hello")
        await screen.sees("bob: hello")

    play(scene, columns=24, lines=6)


def test_another_size_is_drawn_anew() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        box.text("bob").send("a text of several words that needs more than one row on a narrow screen")
        await screen.sees("on a narrow")
        screen.screen.resize(12, 40)
        screen.resize(lines=12, columns=40)
        await screen.sees("bob: a text of several words that\n", "\n           narrow screen\n")

    play(scene)


def test_a_mistake_in_a_drawing_ends_the_screen_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(keys: PipeInput) -> None:
        box = Box()
        screen = Screen(box, keys, 80, 20, ("lobby",))
        running = asyncio.ensure_future(screen.terminal.run())
        await screen.sees("You are ada")
        monkeypatch.setattr(screen.terminal, "_painter", None)
        monkeypatch.setattr(screen.viewport, "_paint", None)
        box.text("bob").send("hello")
        screen.seat.pump()
        with pytest.raises(TypeError):
            await asyncio.wait_for(running, DEADLINE)

    with create_pipe_input() as keys:
        asyncio.run(run(keys))


def test_with_no_color_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert ColorDepth.from_env() == ColorDepth.DEPTH_1_BIT


@pytest.mark.parametrize("keys", ["", "\x1bg", "\x13"], ids=["typing", "choosing", "searching"])
def test_what_was_half_typed_in_a_room_that_closes_is_kept(keys: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("\x1b2half a thought" + keys)
        await screen.until(screen.is_settled)
        screen.seat.model.close(screen.seat.room("#dev"))
        await screen.sees("ada #lobby>")
        if keys:
            assert screen.typed == ""
            screen.press("\x1b[A")
        await screen.sees("ada #lobby> half a thought")

    play(scene, rooms=("lobby", "dev"))


def test_what_was_half_typed_in_another_room_that_closes_is_brought_back_and_not_typed() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("\x1b2half a thought\x1b1")
        await screen.until(screen.is_settled)
        screen.seat.model.close(screen.seat.room("#dev"))
        await screen.until(screen.is_settled)
        assert screen.typed == ""
        screen.press("\x1b[A")
        await screen.sees("ada #lobby> half a thought")

    play(scene, rooms=("lobby", "dev"))


def test_the_command_that_closes_a_conversation_is_not_typed_again() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        box.text("bob")
        screen.press("/msg bob hello\r")
        await screen.sees("ada @bob>", "ada: hello")
        screen.press("/leave\r")
        await screen.sees("ada #lobby>")
        await screen.until(screen.is_settled)
        assert screen.typed == ""
        screen.press("/go nowhere\r")
        await screen.sees("You are not in nowhere", "ada #lobby> /go nowhere")

    play(scene)


@pytest.mark.parametrize("key", ["\x1bg", "\x13"], ids=["a room", "a word"])
def test_of_what_is_pasted_to_be_found_only_the_first_line_is_typed(key: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(key + PASTE % "dev\nlobby")
        await screen.until(lambda: screen.typed == "dev")

    play(scene, rooms=("lobby", "dev"))
