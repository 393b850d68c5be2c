"""Plain lines for simple terminals and screen readers."""

from __future__ import annotations

import io

import pytest
from box import Box
from client.seats import Seat

from chat.client.plain.plain import MAXIMUM_HELD, Plain


class PlainSeat:
    """Somebody at a simple terminal."""

    def __init__(self, box: Box, rooms: tuple[str, ...] = ("lobby",)) -> None:
        self.output = io.StringIO()
        self.seat = Seat(box, rooms=rooms)
        self.plain = Plain(self.seat.client, self.output)

    def type(self, text: str) -> None:
        """Press keys."""
        self.plain.feed(text.encode())
        self.seat.pump()

    def seen(self) -> str:
        """What the terminal was sent since the last look."""
        text = self.output.getvalue()
        self.output.seek(0)
        self.output.truncate()
        return text


def test_lines_are_shown_as_they_come() -> None:
    box = Box()
    seat = PlainSeat(box)
    bob = box.text("bob")
    bob.send("hello", "/me waves")
    seat.seat.pump()
    assert seat.seen() == "10:15 bob: hello\r\n10:15 ~ bob waves\r\n"


def test_what_is_typed_is_said_and_shown_once() -> None:
    box = Box()
    seat = PlainSeat(box)
    seat.type("hello\r")
    assert seat.seen() == "hello\r\n"
    assert [message.text for message in box.stored] == ["hello"]


def test_nothing_disturbs_the_line_that_is_being_typed() -> None:
    box = Box()
    seat = PlainSeat(box)
    bob = box.text("bob")
    seat.type("hel")
    bob.send("one", "two")
    seat.seat.pump()
    assert seat.seen() == "hel"
    seat.type("lo\r")
    assert seat.seen() == "lo\r\n10:15 bob: one\r\n10:15 bob: two\r\n"


def test_what_waits_is_shown_when_the_line_is_taken_back() -> None:
    box = Box()
    seat = PlainSeat(box)
    bob = box.text("bob")
    seat.type("h")
    bob.send("one")
    seat.seat.pump()
    seat.type("\x7f")
    assert seat.seen() == "h\b \b10:15 bob: one\r\n"


def test_what_waits_is_bounded() -> None:
    box = Box()
    seat = PlainSeat(box)
    bob = box.text("bob")
    seat.type("h")
    for number in range(MAXIMUM_HELD + 5):
        bob.send(f"{number}")
    seat.seat.pump()
    seat.type("\x15")
    lines = seat.seen().split("\r\n")
    assert lines[0].endswith("* 5 lines are left out.")
    assert lines[1] == "10:15 bob: 5"


def test_editing() -> None:
    box = Box()
    seat = PlainSeat(box)
    seat.type("one twoo\x7f three\x17日本\x7f\x1b[A\x1b[3~!\r")
    seat.type("all of this\x15but this\r")
    assert [message.text for message in box.stored] == ["one two 日!", "but this"]


@pytest.mark.parametrize(
    "sent",
    [
        "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
        "\x1b[?64;1;2;6;22c",
        "\x1bP>|tmux 3.3a\x1b\\",
        "\x1b[I\x1b[O",
        "\x1b[1;3P",
        "\x1bOA",
        "\x1bj",
    ],
)
@pytest.mark.parametrize("in_pieces", [False, True])
def test_what_a_terminal_answers_and_keys_without_a_meaning_are_never_typed(sent: str, in_pieces: bool) -> None:
    box = Box()
    seat = PlainSeat(box)
    for piece in sent if in_pieces else [sent]:
        seat.type(piece)
    seat.type("hello\r")
    assert [message.text for message in box.stored] == ["hello"]


def test_after_the_esc_key_the_next_key_is_typed() -> None:
    box = Box()
    seat = PlainSeat(box)
    seat.type("\x1b")
    seat.plain.flush()
    seat.type("hello\r")
    assert [message.text for message in box.stored] == ["hello"]


def test_keys_that_are_sent_as_sequences_are_typed() -> None:
    box = Box()
    seat = PlainSeat(box)
    seat.type("\x1b[104uix\x1b[127u\x1b[13u")
    assert [message.text for message in box.stored] == ["hi"]


def test_wide_characters_are_erased_whole() -> None:
    seat = PlainSeat(Box())
    seat.type("日\x7f")
    assert seat.seen() == "日\b \b\b \b"


@pytest.mark.parametrize("drawn", ["✓", "ि", "\U0001f1e9\U0001f1ea", "👍🏽", "\U0003fffd"])
def test_what_terminals_draw_differently_wide_is_erased_by_writing_the_rest_again(drawn: str) -> None:
    seat = PlainSeat(Box())
    seat.type(f"one é日 ह{drawn}")
    seat.seen()
    seat.type("\x7f")
    kept = f"one é日 ह{drawn[:-1]}"
    assert (seat.seen(), seat.plain.typed) == (f"\r\n{kept}", kept)
    seat.type("!\x7f")
    assert seat.seen() == "!\b \b"


def test_characters_that_come_in_pieces() -> None:
    seat = PlainSeat(Box())
    for byte in "é日".encode():
        seat.plain.feed(bytes([byte]))
    assert seat.plain.typed == "é日"


def test_completion() -> None:
    box = Box()
    box.text("bob")
    box.text("bobby")
    seat = PlainSeat(box)
    seat.type("b\t")
    assert seat.plain.typed == "bob"
    seat.type("b\t")
    assert seat.plain.typed == "bobby: "
    seat.type("\x15x\t")
    assert seat.plain.typed == "x"


def test_help_names_only_keys_that_there_are() -> None:
    seat = PlainSeat(Box())
    seat.type("/help\r")
    shown = seat.seen()
    assert "Tab completes. /go active goes to a room with something unread, /mentions lists what names you." in shown
    assert not any(key in shown for key in ("Alt-", "Ctrl-", "PageUp"))


def test_a_line_that_can_not_be_carried_out() -> None:
    seat = PlainSeat(Box())
    seat.type("/xyzzy\r")
    assert seat.seen().endswith("! There is no command /xyzzy. Type /help for the commands.\r\n")


def test_other_rooms_are_named() -> None:
    box = Box()
    seat = PlainSeat(box, rooms=("lobby", "dev"))
    bob = box.json("bob", rooms={"dev": None})
    bob.ask(type="say", room="dev", text="hello")
    seat.seat.pump()
    assert seat.seen().endswith("10:15 [#dev] bob: hello\r\n")
    seat.type("/go dev\r")
    assert seat.seen().endswith("* What you type goes to #dev now.\r\n")


def test_the_bell() -> None:
    box = Box()
    seat = PlainSeat(box)
    box.text("bob").send("hi ada")
    seat.seat.pump()
    assert "\a" in seat.seen()


def test_leaving_by_ctrl_d_on_an_empty_line_only() -> None:
    seat = PlainSeat(Box())
    seat.type("h\x04")
    assert not seat.seat.wiring.over.called
    seat.type("\x7f\x04")
    assert seat.seat.wiring.over.called


def test_ctrl_c_clears_then_asks_then_leaves() -> None:
    seat = PlainSeat(Box())
    seat.type("hel")
    seat.plain.interrupt()
    assert seat.plain.typed == ""
    seat.plain.interrupt()
    assert seat.seen().endswith("* Press Ctrl-C again, or Ctrl-D, to leave.\r\n")
    seat.plain.interrupt()
    seat.seat.pump()
    assert seat.seat.wiring.over.called


PASTE = "* Paste your lines now. A line with a dot alone ends them, and says them as one message."


def test_lines_are_pasted_as_one_message() -> None:
    box = Box()
    seat = PlainSeat(box)
    seat.type("/paste\r")
    assert seat.seen() == f"/paste\r\n{PASTE}\r\n"
    seat.type("\x1b[200~pa\r  pb\r\tpc\r\r/quit\r.\r\x1b[201~")
    assert [message.text for message in box.stored] == ["pa\n  pb\n pc\n\n/quit"]
    assert seat.seen() == "pa\r\n  pb\r\n pc\r\n\r\n/quit\r\n.\r\n"
    seat.type("/paste\r/leave\r.\rafter\r/paste\r.\r")
    assert [message.text for message in box.stored[1:]] == ["/leave", "after"]


def test_a_paste_is_dropped_by_ctrl_c() -> None:
    box = Box()
    seat = PlainSeat(box)
    seat.type("/paste\rone\rtw")
    seat.plain.interrupt()
    seat.type("three\r")
    assert [message.text for message in box.stored] == ["three"]
    assert "tw\r\n* What you pasted was dropped.\r\nthree\r\n" in seat.seen()


def test_too_long_a_paste_is_refused_whole() -> None:
    box = Box()
    seat = PlainSeat(box)
    seat.type("/paste\r" + "x\r" * 101 + ".\r")
    assert seat.seen().endswith("! That has 101 lines, and the server takes 100 at once.\r\n")
    seat.type("/paste\r" + f"{'x' * 4000}\r" * 3 + "y\r.\r")
    assert seat.seen().endswith("! That is too much to paste, so it was not sent: at most 8192 bytes at once.\r\n")
    assert box.stored == []


def test_help_tells_of_pasting_where_it_works() -> None:
    seat = PlainSeat(Box())
    seat.type("/help paste\r/past\t")
    assert seat.plain.typed == "/paste "
    assert "* /paste - takes several lines as one message, up to a line with a dot\r\n" in seat.seen()
    seat.type("\x15/help\r")
    assert "/paste" in seat.seen()


def test_a_stalled_terminal_gets_lines_later_and_only_as_many_as_are_kept() -> None:
    box = Box()
    seat = PlainSeat(box)
    bob = box.text("bob")
    seat.plain.hold()
    for number in range(MAXIMUM_HELD + 5):
        bob.send(f"{number}")
    seat.seat.pump()
    assert seat.seen() == ""
    seat.plain.go_on()
    shown = seat.seen().splitlines()
    assert shown[0] == "* 5 lines are left out."
    assert (shown[1], shown[-1]) == ("10:15 bob: 5", f"10:15 bob: {MAXIMUM_HELD + 4}")


def test_what_a_stalled_terminal_did_not_get_waits_for_the_end_of_the_line_that_is_typed() -> None:
    box = Box()
    seat = PlainSeat(box)
    seat.type("h")
    seat.plain.hold()
    box.text("bob").send("one")
    seat.seat.pump()
    seat.plain.go_on()
    assert seat.seen() == "h"
    seat.type("i\r")
    assert seat.seen() == "i\r\n10:15 bob: one\r\n"


def test_what_is_typed_is_read_in_the_encoding_of_the_terminal() -> None:
    box = Box()
    seat = PlainSeat(box)
    plain = Plain(seat.seat.client, io.StringIO(), "latin-1")
    plain.feed(b"\xfc\r")
    seat.seat.pump()
    assert [message.text for message in box.stored] == ["ü"]


def test_a_message_that_was_found_is_printed_among_those_round_it() -> None:
    box = Box()
    bob = box.json("bob")
    for number in range(40):
        bob.ask(type="say", room="lobby", text=f"line {number}")
    seat = PlainSeat(box)
    seat.seen()
    seat.type("/history around 20\r")
    shown = seat.seen().splitlines()[1:]
    assert any("bob: line 19" in line for line in shown)
    assert 15 < len(shown) < 25
    seat.type("/history around 99\r")
    assert "99" in seat.seen()


def test_the_rooms_with_something_unread_are_gone_through() -> None:
    box = Box()
    seat = PlainSeat(box, rooms=("lobby", "dev"))
    box.json("bob", rooms={"dev": None}).ask(type="say", room="dev", text="hello")
    seat.seat.pump()
    seat.type("/win active\r")
    assert "* What you type goes to #dev now.\r\n" in seat.seen()
    seat.type("/go active\r")
    assert "* What you type goes to #lobby now.\r\n" in seat.seen()
    seat.type("/go active\r")
    assert "! Nothing is unread in other rooms.\r\n" in seat.seen()


def test_what_was_half_typed_last_time_is_kept_although_something_else_is_typed_now() -> None:
    box = Box()
    seat = PlainSeat(box, rooms=("lobby", "dev"))
    lobby, dev = seat.seat.model.rooms
    seat.plain.drafts |= {lobby: "last time", dev: "in dev"}
    seat.type("now")
    seat.plain.room_ready(lobby)
    assert (seat.plain.draft(lobby), seat.plain.draft(dev)) == ("last time\nnow", "in dev")
    seat.type("\x15/go dev\r")
    assert seat.plain.typed == "in dev"
    assert (seat.plain.draft(lobby), seat.plain.draft(dev)) == ("last time", "in dev")
