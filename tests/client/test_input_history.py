"""Habits 9 and 10: what was typed before comes back, of this room and of all, and is searched."""

from __future__ import annotations

from box import Box
from client.screens import Screen, play

UP, DOWN = "\x1b[A", "\x1b[B"
CTRL_UP, CTRL_DOWN = "\x1b[1;5A", "\x1b[1;5B"


async def press(screen: Screen, keys: str, typed: str) -> None:
    """Press keys, and wait until that is typed."""
    screen.press(keys)
    await screen.until(lambda: screen.typed == typed)


async def said_in_two_rooms(screen: Screen) -> None:
    """Say something in #lobby, then in #dev, then in #lobby."""
    for keys, line in (("", "first"), ("\x0e", "of dev"), ("\x10", "last")):
        screen.press(f"{keys}{line}\r")
        await screen.sees(f"ada: {line}")


def test_habit_9_up_and_down_go_through_what_was_typed_in_this_room() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await said_in_two_rooms(screen)
        await press(screen, "half", "half")
        await press(screen, UP, "last")
        await press(screen, UP, "first")
        await press(screen, UP, "first")
        await press(screen, DOWN, "last")
        await press(screen, DOWN, "half")
        await press(screen, DOWN, "half")

    play(scene, rooms=("lobby", "dev"))


def test_habit_9_ctrl_up_and_ctrl_down_go_through_what_was_typed_in_all_rooms() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await said_in_two_rooms(screen)
        await press(screen, "half", "half")
        await press(screen, CTRL_UP, "last")
        await press(screen, CTRL_UP, "of dev")
        await press(screen, CTRL_UP, "first")
        await press(screen, CTRL_DOWN, "of dev")
        await press(screen, CTRL_DOWN + CTRL_DOWN, "half")
        await press(screen, CTRL_UP + CTRL_UP, "of dev")
        screen.press("!\r")
        await screen.sees("ada: of dev!")
        assert screen.seat.room("#lobby").lines.newest_id == box.stored[-1].id

    play(scene, rooms=("lobby", "dev"))


def test_habit_9_what_was_brought_back_can_be_undone() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("said\r")
        await screen.sees("ada: said")
        await press(screen, "half", "half")
        await press(screen, CTRL_UP, "said")
        await press(screen, "\x1f", "half")

    play(scene)


def test_habit_9_up_goes_through_the_lines_of_a_text_first() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("said\r")
        await screen.sees("ada: said")
        await press(screen, "one\x1b\rtwo", "one\ntwo")
        await press(screen, UP + "-", "one-\ntwo")
        await press(screen, UP, "said")
        await press(screen, DOWN, "one-\ntwo")

    play(scene)


def test_habit_10_ctrl_r_finds_what_was_typed_in_another_room() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await said_in_two_rooms(screen)
        screen.press("\x12")
        await screen.sees("I-search backward")
        screen.press("dev")
        await screen.sees("> of dev")
        screen.press("\r")
        await screen.until(lambda: screen.typed == "of dev")

    play(scene, rooms=("lobby", "dev"))


def test_a_code_that_is_asked_for_in_the_line_does_not_come_back() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("said\r")
        await screen.sees("ada: said")
        screen.seat.client.link.registering = "correct horse"
        await press(screen, "the-code", "the-code")
        await press(screen, "\x03", "")
        screen.press("the-code\r")
        await screen.until(lambda: screen.typed == "" and screen.has_read())
        await press(screen, UP, "said")
        assert "the-code" not in [typed.text for typed in screen.history.texts]

    play(scene)
