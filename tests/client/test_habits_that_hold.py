"""What fingers that know other chats find as they expect it: completion, drafts, marks, widths, coming back."""

from __future__ import annotations

import pytest
from box import Box
from client.screens import PASTE, Screen, play
from client.seats import Seat

from chat.client.model.styled import nick_style

ALT_ENTER, ALT_END, F2 = "\x1b\r", "\x1b[1;3F", "\x1bOQ"
PAGE_UP = "\x1b[5~"


def crowd(box: Box) -> None:
    """Have bob and eve in the lobby, where eve spoke last."""
    for name in ("bob", "eve"):
        box.json(name).ask(type="say", room="lobby", text="hello")


# -- what is typed


def test_1_tab_completes_from_one_letter_and_goes_round() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        box.json("edna").ask(type="say", room="lobby", text="hello")
        await screen.sees("edna: hello")
        screen.press("e")
        for key, typed in (("\t", "edna: "), ("\t", "eve: "), ("\x1b[Z", "edna: ")):
            screen.press(key)
            await screen.until(lambda typed=typed: screen.typed == typed)  # type: ignore[misc]
        screen.press("hi b\t")
        await screen.until(lambda: screen.typed == "edna: hi bob ")

    play(scene, before=crowd)


def test_2_who_spoke_last_is_offered_first() -> None:
    box = Box()
    crowd(box)
    seat = Seat(box)
    assert list(seat.client.complete("").texts) == ["eve: ", "bob: "]
    box.json("fay").ask(type="say", room="lobby", text="hello")
    seat.pump()
    assert seat.client.complete("").texts[0] == "fay: "


def test_3_completion_gives_the_name_as_it_is_written() -> None:
    box = Box()
    crowd(box)
    assert list(Seat(box).client.complete("EV").texts) == ["eve: "]


@pytest.mark.parametrize(
    ("before", "texts"),
    [("/hist", ["/history "]), ("/join lo", ["lobby "]), ("see #lo", ["#lobby "]), ("ask @ev", ["@eve "])],
)
def test_4_commands_rooms_and_names_in_a_sentence_are_completed(before: str, texts: list[str]) -> None:
    box = Box()
    crowd(box)
    assert list(Seat(box).client.complete(before).texts) == texts


def test_6_a_paste_is_one_message_keeps_its_indentation_and_is_not_sent_by_itself() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(PASTE % "if x:\r    y\r\rz")
        await screen.sees("4 lines. Enter sends them as one message, Ctrl-C drops them.")
        assert not box.stored
        screen.press("\r")
        await screen.until(lambda: box.stored)
        assert box.stored[0].text == "if x:\n    y\n\nz"

    play(scene)


def test_7_a_paste_goes_on_where_the_cursor_is_and_typing_loses_none_of_it() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("see " + PASTE % "one\rtwo")
        await screen.sees("2 lines.")
        screen.press("!\r")
        await screen.until(lambda: box.stored)
        assert box.stored[0].text == "see one\ntwo!"

    play(scene)


def test_8_alt_enter_begins_a_line() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(f"one{ALT_ENTER}two")
        await screen.until(lambda: screen.typed == "one\ntwo")
        assert not box.stored

    play(scene)


def test_12_two_slashes_say_one() -> None:
    seat = Seat(Box())
    seat.enter("//who is that")
    assert seat.shown()[-1] == "ada: /who is that"


def test_13_a_blank_before_a_command_says_nothing() -> None:
    box = Box()
    seat = Seat(box)
    seat.enter(" /who")
    assert seat.shown()[-1] == "* In #lobby: ada"
    assert not box.stored


@pytest.mark.parametrize("happening", ["a message", "a cut", "another size", "another room"])
def test_14_typing_is_never_disturbed(happening: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("half a")
        await screen.sees("ada #lobby> half a")
        match happening:
            case "a message":
                box.json("bob").ask(type="say", room="lobby", text="hello ada")
                await screen.sees("bob: hello ada")
            case "a cut":
                screen.seat.wiring.cable.cut()
                await screen.sees("Disconnected from server.")
            case "another size":
                screen.resize(20, 70)
            case "another room":
                screen.press("\x1b2\x1b1")
        screen.press(" line")
        await screen.until(lambda: screen.typed == "half a line")

    play(scene, rooms=("lobby", "dev"))


# -- what is read


def test_16_the_place_in_the_scrollback_is_kept_over_another_room() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.json("bob", rooms={"lobby": None})
        for number in range(60):
            bob.ask(type="say", room="lobby", text=f"line {number}")
        await screen.sees("line 59")
        screen.press(PAGE_UP)
        await screen.sees("lines more below (PageDown, or Alt-End)")
        before = screen.rows()[:10]
        screen.press("\x1b2")
        await screen.sees("ada #dev>")
        screen.press("\x1b1")
        await screen.until(lambda: screen.rows()[:10] == before)
        screen.press(ALT_END)
        await screen.sees("line 59")

    play(scene, rooms=("lobby", "dev"))


def test_17_ones_own_name_is_a_call_and_a_word_that_contains_it_is_not() -> None:
    box = Box()
    seat = Seat(box, rooms=("lobby", "dev"))
    bob = box.json("bob", rooms={"lobby": None, "dev": None})
    for text, rung in (("in canada", 0), ("ADA!", 1), ("\x07 bell", 1)):
        bob.ask(type="say", room="dev", text=text)
        seat.pump()
        assert seat.bells.rung == rung
    bob.ask(type="msg", name="ada", text="psst")
    seat.pump()
    assert seat.bells.rung == 2
    assert seat.shown("#dev")[-1] == "bob: bell"


def test_19_a_name_has_the_same_colour_each_time() -> None:
    assert nick_style("bob") == nick_style("BOB") == "nick2"


def test_20_further_rows_of_a_message_hang_below_the_first() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        box.json("bob").ask(type="say", room="lobby", text="word " * 20)
        await screen.sees("bob: word")
        first = next(number for number, row in enumerate(screen.rows()) if "bob: word" in row)
        assert screen.rows()[first + 1].startswith(" " * len("10:15 bob: ") + "word")

    play(scene, columns=60)


def test_21_times_are_in_ones_own_zone_and_a_new_day_has_a_line() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.json("bob")
        bob.ask(type="say", room="lobby", text="today")
        await screen.sees("10:15 bob: today")
        box.clock.advance(14 * 3600)
        bob.ask(type="say", room="lobby", text="tomorrow")
        await screen.sees("Sunday, 22 November 2026", "00:15 bob: tomorrow")

    play(scene)


# -- the connection


def test_32_attempts_come_ever_more_seldom_and_no_more_seldom_than_each_half_minute() -> None:
    seat = Seat(Box())
    seat.wiring.endpoint.refusing = True
    seat.wiring.cable.cut()
    waits = []
    for _ in range(8):
        waits.append(getattr(seat.model.state, "seconds", 0))
        seat.wiring.wait(60)
    assert waits[0] <= 2
    assert max(waits) <= 30


def test_33_the_gap_is_filled_in_order_without_a_bell() -> None:
    box = Box()
    seat = Seat(box, rooms=("lobby", "dev"))
    bob = box.json("bob", rooms={"dev": None})
    seat.wiring.cable.cut()
    for text in ("one", "ada: two", "three"):
        bob.ask(type="say", room="dev", text=text)
    seat.wiring.wait(5)
    shown = [line for line in seat.shown("#dev") if line.startswith("bob")]
    assert shown == ["bob: one", "bob: ada: two", "bob: three"]
    assert seat.bells.rung == 0
    assert (seat.room("#dev").unread, seat.room("#dev").calls) == (3, 1)


def test_34_who_writes_in_private_is_told_why_one_is_away() -> None:
    box = Box()
    seat = Seat(box)
    seat.enter("/away at lunch")
    bob = box.text("bob")
    bob.send("/msg ada psst")
    assert any("at lunch" in line for line in bob.lines())


# -- what was stumbled over


def test_stumble_1_enter_at_the_copy_view_sends_nothing() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(f"half{F2}")
        await screen.until(lambda: screen.terminal.shows_copy_view)
        screen.press("\r")
        await screen.until(lambda: not screen.terminal.shows_copy_view)
        assert screen.typed == "half"
        assert not box.stored

    play(scene)


@pytest.mark.parametrize(
    ("key", "typed"),
    [
        ("\x1bh", "one two"),
        ("\x1bs", "one two"),
        ("\x1b[13;2u", "one \ntwo"),  # Shift-Enter
        ("\x1b[127;5u", "two"),  # Ctrl-Backspace
        ("\x11", "one two"),
    ],
)
def test_stumble_2_a_key_without_a_meaning_types_nothing(key: str, typed: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(f"one {key}two")
        await screen.until(lambda: screen.typed.endswith("two"))
        assert screen.typed == typed

    play(scene)


@pytest.mark.parametrize(("line", "said"), [("/me waves", "~ ada waves"), ("every day", "ada: every day")])
def test_what_is_typed_soon_after_esc_is_typed(line: str, said: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("/who\r")
        await screen.sees("Esc closes this")
        screen.press("\x1b")
        waits_for_more = screen.terminal.application.key_processor.key_buffer
        await screen.until(lambda: waits_for_more or not screen.has("Esc closes this"))
        screen.press(f"{line}\r")
        await screen.sees(said)

    play(scene)


def test_stumble_3_up_brings_back_what_ctrl_c_cleared() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("a long thought\x03")
        await screen.until(lambda: screen.typed == "")
        await screen.press_until("\x1b[A", lambda: screen.typed == "a long thought")

    play(scene)


def test_stumble_6_why_there_is_no_connection_is_told() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.seat.wiring.endpoint.refusing = True
        screen.seat.wiring.cable.cut()
        screen.seat.wiring.wait(2)
        await screen.sees("Still no connection. Nothing is listening there.", "· Nothing is listening there.")

    play(scene)


def test_stumble_7_a_second_tab_adds_nobody() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("eve\t\t")
        await screen.until(lambda: screen.typed == "eve: ")
        screen.press("\x01\x0b thanks\x01ev\t")
        await screen.until(lambda: screen.typed == "eve: thanks")

    play(scene, before=crowd)


def test_stumble_10_what_tab_offers_covers_neither_the_messages_nor_the_bar() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await screen.sees("eve: hello")
        screen.press("/l\t")
        await screen.until(lambda: screen.typed.startswith("/l") and len(screen.typed) > 2)
        await screen.sees("eve: hello", " localhost:12345 ·", "/lock", "/leave")

    play(scene, before=crowd)


def test_stumble_10_the_typed_line_is_broken_between_words() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("several words that are too many for one row of it")
        await screen.sees("row of it")
        assert all(
            word in " ".join(screen.rows()).split() for word in ["several", "words", "that", "are", "too", "many"]
        )

    play(scene, columns=40)
