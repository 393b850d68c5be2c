"""What fingers that know irssi and WeeChat expect when they read: each habit and each stumble a test, whole screens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from box import Box
from client.lunch import CALL, COUNTS, SPEAKERS, talk
from client.screens import Screen, across, play, shows
from client.seats import Seat
from e2e.waiting import DEADLINE

from chat.client.model.client import CannotDo

RULE = "─" * 80


def dev_talks(box: Box, *texts: str) -> None:
    """Have bob say something in dev."""
    bob = box.json("bob", rooms={"dev": None})
    for text in texts:
        bob.ask(type="say", room="dev", text=text)


def test_stumble_8_results_stand_over_the_talk_and_esc_closes_them() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.text("bob")
        bob.send("who wants green tea?", "I do", "black tea is fine too")
        await screen.sees("fine too")
        screen.press("/search tea\r")
        talk = """
10:15 bob: I do
10:15 bob: black tea is fine too
"""
        results = f"""
{RULE}
  Found, the newest first:
> [2026-11-21 10:15] #3 #lobby bob: black tea is fine too
  [2026-11-21 10:15] #1 #lobby bob: who wants green tea?
  /history around 3 shows what was said then.
  That is all.
 Up and Down choose, Enter goes there, Esc closes this
 localhost:12345 · 2 people · lag 0 ms  1:#lobby
ada #lobby>
"""
        await shows(screen, talk.rstrip("\n") + results)
        bob.send("typing goes on")
        await screen.sees("bob: typing goes on", "> [2026-11-21 10:15] #3")
        screen.press("\x1b")
        await shows(
            screen,
            """
10:15 bob: who wants green tea?
10:15 bob: I do
10:15 bob: black tea is fine too
10:15 bob: typing goes on
 localhost:12345 · 2 people · lag 0 ms  1:#lobby
ada #lobby>
""",
        )
        assert not any("Found" in line for line in screen.seat.shown())

    play(scene)


def test_stumble_8_enter_goes_from_a_result_to_its_place_and_esc_back() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        dev_talks(box, "one", "tea in dev", "three", "tea again")
        screen.press("/search tea\r")
        await screen.sees("> [2026-11-21 10:15] #4 #dev bob: tea again")
        screen.press("\x1b[B\x1b[B")
        await screen.sees("> [2026-11-21 10:15] #2 #dev bob: tea in dev")
        screen.press("\r")
        await shows(
            screen,
            """
── Saturday, 21 November 2026 ──
10:15 bob: one
── found ──
10:15 bob: tea in dev
10:15 bob: three
10:15 bob: tea again
 #dev as it was then (PageUp, PageDown; Enter goes there, Esc comes back)
 localhost:12345 · 1 person · lag 0 ms  1:#lobby 2:#dev(4)
ada #lobby>
""",
        )
        screen.press("\x1b")
        await screen.sees("> [2026-11-21 10:15] #2 #dev bob: tea in dev")
        screen.press("\x1b")
        await screen.sees_no("Found")

    play(scene, rooms=("lobby", "dev"))


def test_stumble_8_lists_of_all_sorts_leave_the_talk_alone() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        said = screen.seat.shown()
        for command, listed in {
            "/who": "In #lobby: ada",
            "/rooms": "#lobby, 1 user",
            "/pins": "Nothing is pinned in #lobby.",
            "/mentions": "Nobody has named you",
            "/help": "Alt-R reads all that is unread",
            "/conversations": "You have no conversations.",
            "/history": "Nothing was said in #lobby yet.",
        }.items():
            screen.press(f"{command}\r")
            await screen.sees(listed, "Esc closes this")
            screen.press("\x1b")
            await screen.sees_no("Esc closes this")
        assert screen.seat.shown() == said

    play(scene)


def test_stumble_8_a_long_list_is_read_from_its_top() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("/help all\r")
        await screen.sees("/help [command] - ", "Esc closes this")
        screen.press("\x1b[6~")
        await screen.sees_no("/help [command] - ")
        screen.press("\x1b[6~" * 20)
        await screen.sees("/reconnect - tries at once")

    play(scene)


def test_what_is_typed_goes_to_the_room_while_a_list_is_shown() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("/who\r")
        await screen.sees("Esc closes this")
        screen.press("hello\r")
        await screen.sees("ada: hello")
        assert not screen.has("Esc closes this")

    play(scene)


def test_habit_31_a_look_at_a_room_leaves_it_unread() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        dev_talks(box, "hello", "tests are red")
        await screen.sees("2:#dev(2)")
        screen.press("/peek dev\r")
        await shows(
            screen,
            """
10:15 * You are ada, alone in #dev.
── unread ──
10:15 bob: hello
10:15 bob: tests are red
 A look at #dev (PageUp, PageDown; Enter goes there, Esc comes back)
 localhost:12345 · 1 person · lag 0 ms  1:#lobby 2:#dev(2)
ada #lobby>
""",
        )
        screen.press("\x1b")
        await screen.sees_no("tests are red")
        await screen.sees("2:#dev(2)")

    play(scene, rooms=("lobby", "dev"))


def test_habit_31_enter_goes_to_the_room_that_is_looked_at() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        dev_talks(box, "hello")
        await screen.sees("2:#dev(1)")
        screen.press("/peek 2\r")
        await screen.sees("A look at")
        screen.press("\r")
        await screen.sees("ada #dev>", "bob: hello", "1:#lobby 2:#dev\n")

    play(scene, rooms=("lobby", "dev"))


def test_habit_15_a_key_puts_the_unread_line_at_the_top() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.json("bob", rooms={"dev": None})
        bob.ask(type="say", room="dev", text="before")
        screen.press("\x1b2")
        await screen.sees("bob: before")
        screen.press("\x1b1")
        await screen.sees("ada #lobby>")
        for number in range(60):
            bob.ask(type="say", room="dev", text=f"line {number:02}")
        screen.press("\x1b2")
        await screen.sees("line 59")
        screen.press("\x1bu")
        await screen.sees("line 00", "more below")
        assert screen.rows()[1] == across("unread")
        assert screen.rows()[2] == "10:15 bob: line 00"
        screen.press("\x1b[1;3F")
        await screen.sees("line 59")

    play(scene, rooms=("lobby", "dev"))


def test_habit_15_a_key_draws_the_unread_line_here_and_now() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.text("bob")
        bob.send("seen")
        await screen.sees("bob: seen")
        screen.press("\x1bu")
        await screen.sees("There is no unread line here. Alt-M draws one")
        screen.press("\x1bm")
        await shows(
            screen,
            """
10:15 bob: seen
── unread ──
 localhost:12345 · 2 people · lag 0 ms  1:#lobby
ada #lobby>
""",
        )
        bob.send(*(f"line {number:02}" for number in range(40)))
        await screen.sees("line 39")
        screen.press("\x1bu")
        await screen.sees("line 00")
        assert screen.rows()[1:3] == [across("unread"), "10:15 bob: line 00"]

    play(scene)


def test_habit_18_mentions_in_all_rooms_in_their_place() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.json("bob", rooms={"dev": None, "lobby": None})
        bob.ask(type="say", room="dev", text="ada: first")
        for number in range(30):
            bob.ask(type="say", room="lobby", text=f"talk {number:02}")
        bob.ask(type="say", room="lobby", text="second, ada")
        for number in range(30, 50):
            bob.ask(type="say", room="lobby", text=f"talk {number:02}")
        bob.ask(type="say", room="dev", text="ada: third")
        bob.ask(type="say", room="dev", text="the end")
        await screen.sees("2:#dev(3!)")
        screen.press("\x1bp")
        await shows(
            screen,
            """
10:15 * You are ada, alone in #dev.
── unread ──
10:15 bob: ada: first
10:15 bob: ada: third
10:15 bob: the end
 A look at #dev (PageUp, PageDown; Enter goes there, Esc comes back)
 localhost:12345 · 2 people · lag 0 ms  1:#lobby 2:#dev(3!)
mention 3 of 3
ada #lobby>
""",
        )
        screen.press("\x1bp")
        await screen.sees("mention 2 of 3", "talk 29", "bob: second, ada", "talk 30", "more below")
        screen.press("\x1bp")
        await screen.sees("mention 1 of 3", "A look at #dev", "2:#dev(3)")
        screen.press("\x1bp")
        await screen.sees("Nothing that is shown before this names you.")
        screen.press("\x1bn")
        await screen.sees("mention 2 of 3")
        screen.press("\x1b")
        await screen.sees("talk 49", "ada #lobby>")
        assert not screen.has("mention")
        assert not screen.has("more below")

    play(scene, rooms=("lobby", "dev"))


async def much_talk(screen: Screen, box: Box) -> None:
    """Have bob talk, with tea in it three times."""
    bob = box.text("bob")
    for number in range(60):
        bob.send(f"line {number:02}{' and Tea' if number in (5, 30, 58) else ''}")
    await screen.sees("line 59")


def test_habit_25_search_in_what_is_shown() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await much_talk(screen, box)
        screen.press("half typed\x13tea")
        await screen.sees("Search #lobby: tea", "match 3 of 3 (Up, Down; Enter stays here, Esc comes back)")
        row = next(number for number, text in enumerate(screen.rows()) if "line 58" in text)
        assert [cell.data for cell in screen.screen.buffer[row].values() if cell.reverse] == list("Tea")
        screen.press("\x1b[A")
        await screen.sees("match 2 of 3", "line 30 and Tea", "more below")
        screen.press("\x13")
        await screen.sees("match 1 of 3", "line 05 and Tea")
        screen.press("\x1b[A\x1b[B")
        await shows(
            screen,
            """
10:15 bob: line 23
10:15 bob: line 24
10:15 bob: line 25
10:15 bob: line 26
10:15 bob: line 27
10:15 bob: line 28
10:15 bob: line 29
10:15 bob: line 30 and Tea
10:15 bob: line 31
10:15 bob: line 32
10:15 bob: line 33
10:15 bob: line 34
10:15 bob: line 35
10:15 bob: line 36
10:15 bob: line 37
 ↓ 22 lines more below (PageDown, or Alt-End)
 localhost:12345 · 2 people · lag 0 ms  1:#lobby
match 2 of 3 (Up, Down; Enter stays here, Esc comes back)
Search #lobby: tea
""",
        )
        screen.press("\x1b")
        await screen.sees("line 59", "ada #lobby> half typed")
        assert not screen.has("match")
        row = next(number for number, text in enumerate(screen.rows()) if "line 58" in text)
        assert not any(cell.underscore or cell.reverse for cell in screen.screen.buffer[row].values())

    play(scene)


def test_habit_25_enter_stays_at_the_match() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await much_talk(screen, box)
        screen.press("\x13tea\x1b[A\r")
        await screen.sees("line 30 and Tea", "more below", "ada #lobby>")
        assert not screen.has("match")
        assert [message.text for message in box.stored if message.author == "ada"] == []

    play(scene)


def test_habit_25_what_is_not_here_is_searched_in_all_rooms() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        dev_talks(box, "green tea", "no")
        await screen.sees("2:#dev(2)")
        screen.press("\x13green tea")
        await screen.sees('"green tea" is not in the 2 lines here. Enter searches all rooms for it.')
        screen.press("\r")
        await screen.sees("> [2026-11-21 10:15] #1 #dev bob: green tea")
        screen.press("\r")
        await screen.sees("─ found ─", "bob: green tea", "#dev as it was then")

    play(scene, rooms=("lobby", "dev"))


def test_habit_25_keys_that_send_or_complete_do_not_while_searching() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await much_talk(screen, box)
        screen.press("draft\x13bo\t\x1b\r")
        await screen.until(screen.has_read)
        assert screen.typed == "bo"
        screen.press("\x03")
        await screen.until(lambda: screen.typed == "draft")
        screen.press("\x13tea\x1b2")
        await screen.sees("ada #dev>")
        assert screen.typed == ""
        screen.press("\x1b1")
        await screen.sees("ada #lobby> draft")

    play(scene, rooms=("lobby", "dev"))


def test_stumble_5_a_private_message_to_nobody_stays_in_the_line_and_opens_no_window() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("/msg nosuch meet me at noon\r")
        await shows(
            screen,
            """
10:15 * You are ada, alone in #lobby.
10:15 ! There is nobody called nosuch here. See /who for those in this room.
 localhost:12345 · 1 person · lag 0 ms  1:#lobby
ada #lobby> /msg nosuch meet me at noon
""",
        )
        assert screen.seat.titles == ["#lobby"]

    play(scene)


def test_stumble_5_what_is_typed_before_the_refusal_is_not_said_to_the_room() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        async def without_an_answer(condition: Callable[[], bool]) -> None:
            async with asyncio.timeout(DEADLINE):
                while not condition():
                    await asyncio.sleep(0.002)

        screen.press("/msg nosuch one\r")
        await without_an_answer(lambda: screen.seat.model.current.title == "@nosuch")
        screen.press("two")
        await without_an_answer(lambda: screen.typed == "two")
        await screen.sees("! There is nobody called nosuch here.", "ada #lobby> /msg nosuch one")
        assert screen.seat.titles == ["#lobby"]
        assert box.stored == []
        screen.press("\x03")
        await screen.press_until("\x1b[A", lambda: screen.typed == "two")

    play(scene)


def test_stumble_5_what_the_partner_who_has_left_does_not_get_stays_in_the_line() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.text("bob")
        bob.send("/msg ada hi")
        await screen.sees("2:@bob(1!)")
        bob.send("exit")
        screen.press("\x1b2")
        await screen.sees("bob is gone for good.")
        screen.press("are you there?\r")
        await screen.sees("! ", "ada @bob (gone)> are you there?")

    play(scene)


def test_habit_5_tab_after_reply_offers_what_named_one_anywhere() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob, eve = box.json("bob", rooms={"dev": None}), box.text("eve")
        bob.ask(type="say", room="dev", text="ada: are you coming?")
        eve.send("hello all", "/msg ada a secret", "nobody is named here")
        await screen.sees("2:#dev(1!)", "3:@eve(1!)")
        screen.press("/reply \t")
        await screen.sees('Answers eve in @eve: "a secret"', "ada #lobby> /reply #3")
        screen.press("\t")
        await shows(
            screen,
            """
10:15 eve: hello all
10:15 eve: nobody is named here
 localhost:12345 · 2 people · lag 0 ms  1:#lobby 2:#dev(1!) 3:@eve(1!)
#3  #1
Answers bob in #dev: "ada: are you coming?"
ada #lobby> /reply #1
""",
        )
        screen.press("yes, soon")
        await screen.sees('Answers bob in #dev: "ada: are you coming?"', "/reply #1 yes, soon")
        screen.press("\r")
        await screen.sees("Your answer goes to #dev.")
        said = box.stored[-1]
        assert (said.room, said.author, said.text, said.re) == ("dev", "ada", "yes, soon", 1)
        assert screen.typed == ""
        screen.press("/reply \tit is safe\r")
        await screen.sees("Your answer goes to @eve.")
        assert (box.stored[-1].room, box.stored[-1].to, box.stored[-1].text) == (None, "eve", "it is safe")

    play(scene, rooms=("lobby", "dev"))


def test_habit_5_an_answer_to_nothing_stays() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("/reply #99 yes\r")
        await screen.sees("There is no message #99 in what is shown here. Tab after /reply offers some.")
        assert screen.typed == "/reply #99 yes"
        box.text("bob").send("ada: well?")
        await screen.sees("bob: ada: well?")
        screen.press("\x15/reply \t\r")
        await screen.sees("Type what you answer behind the number.", "/reply #1")
        screen.press("99 is enough\r")
        await screen.sees("ada: 99 is enough", "┌ bob: ada: well?")

    play(scene)


class Fingers:
    """Presses keys at a screen, counts them, and reads what comes."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self.count = 0
        self.read = ""

    async def press(self, key: str, *expected: str) -> None:
        """Press a key, wait for what it shows, and read it."""
        self.count += 1
        before = self._screen.rows()
        self._screen.press(key)
        await self._screen.until(lambda: self._screen.rows() != before and self._screen.has(*expected))
        self.read += "\n".join([*self._screen.rows(), ""])


async def lunch(screen: Screen, box: Box) -> None:
    """Sit in quiet while the others talk."""
    screen.press("\x1b4")
    await screen.sees("ada #quiet>")
    speakers = {name: box.json(name, rooms=dict.fromkeys(COUNTS)) for name in SPEAKERS}
    for room in COUNTS:
        for name, text in talk(room):
            speakers[name].ask(type="say", room=room, text=text)
    await screen.sees("1:#lobby(40) 2:#dev(122!) 3:#ops(5) 4:#quiet")


def after_lunch(scene: Callable[[Screen, Box], Awaitable[None]]) -> None:
    """Play a scene after lunch, at a terminal of 100 columns and 30 lines."""
    play(scene, columns=100, lines=30, rooms=(*COUNTS, "quiet"))


ALT_R = "\x1br"


def test_after_lunch_all_is_read_with_six_keys() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await lunch(screen, box)
        before = screen.rows()
        fingers = Fingers(screen)
        await fingers.press(ALT_R, "#dev, 122 unread", "Unread in #dev: ↓")
        while fingers.count < 20 and not screen.has("this is the end"):
            await fingers.press(ALT_R)
        await fingers.press(ALT_R, "1:#lobby 2:#dev 3:#ops 4:#quiet", "ada #quiet>")
        said = [text for room in COUNTS for _, text in talk(room)]
        assert len(said) == 167
        assert [text for text in said if text not in fingers.read] == []
        assert fingers.count <= 6
        assert screen.rows()[:-2] == before[:-2]

    after_lunch(scene)


def test_after_lunch_the_mention_is_read_with_two_keys() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await lunch(screen, box)
        before = screen.rows()
        fingers = Fingers(screen)
        await fingers.press("\x1bp", "mention 1 of 1", CALL, "A look at #dev")
        await fingers.press("\x1b", "ada #quiet>", "1:#lobby(40) 2:#dev(122) 3:#ops(5) 4:#quiet")
        assert fingers.count == 2
        assert screen.rows()[:-2] == before[:-2]

    after_lunch(scene)


def test_after_lunch_the_mention_is_read_and_the_rest_taken_as_read_with_two_keys() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await lunch(screen, box)
        fingers = Fingers(screen)
        await fingers.press("\x1bp", "mention 1 of 1", CALL)
        await fingers.press("\x1be", "ada #quiet>", "1:#lobby 2:#dev 3:#ops 4:#quiet", "All that has come is read.")
        assert fingers.count == 2
        assert not screen.has("A look at #dev")

    after_lunch(scene)


def test_what_is_unread_is_read_only_as_far_as_it_was_shown() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.json("bob", rooms={"dev": None})
        for number in range(30):
            bob.ask(type="say", room="dev", text=f"line {number} {'x' * 60}")
        bob.ask(type="say", room="dev", text="the end")
        await screen.sees("2:#dev(31)")
        screen.press(ALT_R)
        await screen.sees("Unread in #dev: ↓ 16 more below")
        bob.ask(type="say", room="dev", text="and one more")
        await screen.sees("2:#dev(32)")
        screen.press("\x1b")
        await screen.sees("2:#dev(17)")
        screen.press(ALT_R)
        await screen.sees("#dev, 17 unread")
        screen.press(ALT_R)
        await screen.sees("the end", "and one more", "this is the end")
        screen.press(ALT_R)
        await screen.sees("2:#dev\n")
        screen.press(ALT_R)
        await screen.sees("Nothing is unread in other rooms.")

    play(scene, rooms=("lobby", "dev"))


@pytest.mark.parametrize(
    ("columns", "keys", "hint"),
    [
        (80, "\x1br", " Unread in #offer: the end (Alt-R comes back)"),
        (80, "/peek offer\r", " A look at #offer (PageUp, PageDown; Enter goes there, Esc comes back)"),
        (80, f"/peek {'long' * 5}\r", f" A look at #{'long' * 5} (Enter goes there, Esc comes back)"),
        (60, f"/peek {'long' * 5}\r", " A look at #longlonglong… (Enter goes there, Esc comes back)"),
        (60, "/history around 1\r", " #lobby as it was then (Enter goes there, Esc comes back)"),
    ],
)
def test_the_name_of_a_room_and_the_keys_that_come_back_from_it_are_both_visible(
    columns: int, keys: str, hint: str
) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.json("bob", rooms={"lobby": None, "offer": None})
        for room in ("lobby", "offer"):
            bob.ask(type="say", room=room, text="one")
        await screen.until(lambda: screen.seat.room("#offer").unread == 1)
        screen.press(keys)
        await screen.sees(hint)

    play(scene, columns=columns, rooms=("lobby", "offer", "long" * 5))


def test_short_messages_share_a_row_when_much_is_read() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.json("bob", rooms={"dev": None})
        for text in ("one", "two", "three", "ada, four", "five\nin two lines", "six", "x" * 60, "y"):
            bob.ask(type="say", room="dev", text=text)
        await screen.sees("2:#dev(8!)")
        screen.press(ALT_R)
        await shows(
            screen,
            f"""
── #dev, 8 unread ──
10:15 bob: one   bob: two   bob: three
10:15 bob: ada, four
10:15 bob: five
           in two lines
10:15 bob: six
10:15 bob: {"x" * 60}   bob: y
 Unread in #dev: this is the end (Alt-R comes back, Esc leaves the rest unread)
 localhost:12345 · 1 person · lag 0 ms  1:#lobby 2:#dev(8!)
ada #lobby>
""",
        )

    play(scene, rooms=("lobby", "dev"))


def test_a_mention_that_is_looked_at_while_reading_comes_back_to_reading() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await lunch(screen, box)
        screen.press(ALT_R)
        await screen.sees("Unread in #dev: ↓")
        screen.press("\x1bp")
        await screen.sees("mention 1 of 1", "A look at #dev")
        screen.press(ALT_R)
        await screen.sees("Unread in #dev: ↓")
        screen.press("\x1bp")
        await screen.sees("mention 1 of 1", "A look at #dev")
        screen.press("\x1b")
        await screen.sees("Unread in #dev: ↓")

    after_lunch(scene)


def test_a_search_ends_when_the_room_closes() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("\x1b2\x13tea")
        await screen.sees("Search #dev: tea")
        screen.seat.model.close(screen.seat.room("#dev"))
        await screen.sees("ada #lobby>")
        assert screen.typed == ""

    play(scene, rooms=("lobby", "dev"))


def test_what_was_searched_in_a_list_is_not_lit_in_the_room_above_it_afterwards() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.text("bob")
        screen.press("/who\r")
        await screen.sees("Esc closes this")
        screen.press("\x13tea")
        await screen.sees("Search: tea")
        bob.send("tea is ready")
        await screen.sees("bob: tea is ready")
        screen.press("\x1b")
        await screen.sees("ada #lobby>")
        await screen.until(screen.is_settled)
        rows = screen.terminal._view.viewport.visible()
        assert not [part for row in rows for part in row if "sought" in part[0]]

    play(scene)


def test_enter_does_not_go_to_a_room_that_has_closed() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("/peek dev\r")
        await screen.sees("A look at #dev")
        screen.seat.model.close(screen.seat.room("#dev"))
        screen.press("\r")
        await screen.sees("You are not in #dev.", "ada #lobby>")

    play(scene, rooms=("lobby", "dev"))


def test_what_shares_a_row_is_copied_too() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        dev_talks(box, "one", "two", "three")
        await screen.sees("2:#dev(3)")
        screen.press(ALT_R)
        await screen.sees("bob: one   bob: two   bob: three")
        assert [line.text for line in screen.viewport.lines()] == ["#dev, 3 unread", "one", "two", "three"]

    play(scene, rooms=("lobby", "dev"))


def test_a_message_that_is_edited_while_it_is_read_takes_the_rows_that_it_needs() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.json("bob", rooms={"dev": None}, accepts=["changes"])
        for text in ("one", "two", "three"):
            bob.ask(type="say", room="dev", text=text)
        await screen.sees("2:#dev(3)")
        screen.press(ALT_R)
        await screen.sees("bob: one   bob: two   bob: three")
        bob.ask(type="edit", id=2, text="x" * 66)
        await screen.sees("10:15 bob: one\n", f"10:15 bob: {'x' * 66}\n", "(edited)", "bob: three")

    play(scene, rooms=("lobby", "dev"))


def test_habit_15_the_unread_line_is_there_if_all_that_was_fetched_is_unread() -> None:
    def before(box: Box) -> None:
        dev_talks(box, *(f"line {number:03}" for number in range(300)))

    async def scene(screen: Screen, box: Box) -> None:
        dev = screen.seat.room("#dev")
        await screen.until(lambda: dev.lines.newest_id == 300)
        first = dev.lines.oldest_id or 0
        dev.read = dev.seen = first - 10
        dev.count_unread()
        screen.press("\x1b2")
        await screen.sees("line 299")
        screen.press("\x1bu")
        await screen.until(lambda: screen.rows()[1:3] == [across("unread"), f"10:15 bob: line {first - 1}"])

    play(scene, rooms=("lobby", "dev"), before=before)


def test_habit_31_without_a_screen_the_last_lines_are_told() -> None:
    box = Box()
    seat = Seat(box, rooms=("lobby", "dev"))
    dev_talks(box, *(f"line {number:02}" for number in range(12)))
    seat.pump()
    seat.enter("/peek dev")
    assert seat.shown()[1:] == [f"* 10:15 bob: line {number:02}" for number in range(2, 12)]
    assert seat.room("#dev").unread == 12
    with pytest.raises(CannotDo, match=r"You are not in garden\."):
        seat.client.enter("/peek garden")


def test_stumble_8_a_topic_of_another_room_is_that_rooms() -> None:
    seat = Seat(Box(), rooms=("lobby", "dev"))
    seat.enter("/topic #dev tests are green", "/topic #dev")
    assert seat.room("#dev").topic == "tests are green"
    assert seat.room("#lobby").topic == ""
    assert seat.shown("#dev")[-1] == "* The topic of #dev is: tests are green"
    assert seat.shown()[-2:] == [
        "* ada set the topic of #dev to: tests are green",
        "* The topic of #dev is: tests are green",
    ]
    seat.enter("/topic #12 is mended")
    assert seat.room("#lobby").topic == "#12 is mended"
    seat.enter("/topic #garden")
    assert seat.room("#lobby").topic == "#12 is mended"
    assert seat.shown()[-1].startswith("! ")


def test_what_names_its_room_works_in_a_private_conversation_too() -> None:
    seat = Seat(Box(), rooms=("lobby", "dev"))
    bob = seat.box.text("bob")
    seat.enter("/msg bob", "/topic #dev tests are green", "/topic #dev", "/who dev")
    assert seat.model.current.title == "@bob"
    assert seat.room("#dev").topic == "tests are green"
    assert seat.shown("@bob")[-2:] == ["* The topic of #dev is: tests are green", "* In #dev: ada (op)"]
    for line in ("/topic", "/topic green", "/who", "/kick bob", "/kick bob 10m", "/lock", "/pin"):
        with pytest.raises(CannotDo, match="works in rooms"):
            seat.client.enter(line)
    with pytest.raises(CannotDo, match="works in rooms"):
        seat.client.enter("/history")  # nothing was said yet
    assert "ada" not in bob.received()
