"""The full-screen client asks for what the server wants to know before it lets the user in again."""

from __future__ import annotations

from box import Box
from client.screens import Screen, play

from chat.core.limits import Limits

SECRET = "correct horse"  # noqa: S105 - of a test
LIMITS = Limits(rate=None, plain_passwords=True)


async def is_asked(screen: Screen) -> None:
    """Somebody registers the user's name during a break: wait until the user is asked for the password."""
    screen.seat.lose_name(SECRET)
    screen.seat.wiring.wait(3)
    await screen.sees("Password of ada:")


def test_a_password_is_asked_for_hidden_while_the_half_typed_line_waits() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("half a li")
        await screen.sees("ada #lobby> half a li")
        await is_asked(screen)
        assert not screen.has("half a li")
        screen.press("wrong\r")
        await screen.sees("That password is wrong.", "Password of ada:")
        screen.press(SECRET + "\t")
        await screen.sees("Password of ada: *************")
        screen.press("\r")
        await screen.sees("* Connected again.", "ada #lobby> half a li")
        assert SECRET not in "\n".join(screen.rows())
        screen.press("ne\r")
        await screen.sees("ada: half a line")
        await screen.press_until("\x1b[A", lambda: screen.typed == "half a line")

    play(scene, columns=120, limits=LIMITS)


def test_where_a_password_is_asked_for_commands_work_and_are_seen() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await is_asked(screen)
        screen.press("/who\r")
        await screen.sees("There is no connection now.", "Password of ada: /who")
        screen.press("\x03")
        await screen.sees_no("/who")
        screen.press("/nick lovelace\r")
        await screen.sees("* Connected again.", "lovelace #lobby>")
        assert screen.typed == ""

    play(scene, columns=120, limits=LIMITS)


def test_a_password_that_was_begun_does_not_become_a_line() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await is_asked(screen)
        screen.press("corr")
        await screen.sees("Password of ada: ****")
        screen.seat.enter("/nick lovelace")
        await screen.sees("lovelace #lobby>")
        assert screen.typed == ""

    play(scene, columns=120, limits=LIMITS)
