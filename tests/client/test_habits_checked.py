"""The habits of reading that need no key: the partner's coming and going, widths, addresses, what can be copied."""

from __future__ import annotations

import re

from box import Box
from client.screens import Screen, play, shows
from client.seats import Seat

from chat.core.limits import Limits
from chat.history.passwords import hash_password

ADDRESS = "https://example.org/" + "/".join(f"part-{number:02}" for number in range(14))
PASSWORD = "correct horse"  # noqa: S105
LINK = re.compile(r"\x1b\]8;id=[0-9a-f]+;([!-~]+)\x1b\\")


def test_habit_22_the_partner_leaves_comes_back_and_is_renamed_in_the_private_talk() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = Seat(box, "bob", password=PASSWORD)
        bob.enter("/msg ada hi")
        await screen.sees("2:@bob(1!)")
        screen.press("\x1b2")
        await screen.sees("ada @bob>")
        screen.press("half typed")
        bob.enter("/quit")
        await screen.sees("* bob is not here now.")
        bob = Seat(box, "bob", password=PASSWORD)
        await screen.sees("* bob is here now.")
        bob.enter(f"/rename robert {PASSWORD}")
        await shows(
            screen,
            """
10:15 bob: hi
10:15 * bob is not here now.
10:15 * bob is here now.
10:15 * bob is now known as robert.
 localhost:12345 · lag 0 ms  1:#lobby 2:@robert
ada @robert> half typed
""",
        )

    play(
        scene,
        before=lambda box: box.make_account("bob", hash_password(PASSWORD)),
        limits=Limits(rate=None, plain_passwords=True),
    )


def test_habit_23_no_row_shows_what_stood_there_before() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.text("bob")
        for text in ("a keycap 1️⃣ end", "a flag 🇩🇪 end", "a family 👨‍👩‍👧 end", "हिन्दी में शब्द end", "x" * 60):
            bob.send(text)
        await screen.sees("x" * 60)
        bob.send(*["short"] * 17)
        await screen.until(lambda: screen.rows()[1:18] == ["10:15 bob: short"] * 17)

    play(scene)


def test_habit_24_a_long_address_is_one_piece() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        box.text("bob").send(f"see {ADDRESS} please")
        await shows(
            screen,
            f"""
10:15 bob: see
{ADDRESS[:80]}
{ADDRESS[80:]}
           please
 localhost:12345 · 2 people · lag 0 ms  1:#lobby
ada #lobby>
""",
        )

    play(scene)


def test_habit_24_each_part_of_an_address_leads_to_all_of_it() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        box.text("bob").send(f"see {ADDRESS} please")
        written = ""

        def read() -> bool:
            nonlocal written
            written += screen.written.getvalue()
            return screen.has("please")

        await screen.until(read)
        assert set(LINK.findall(written)) == {ADDRESS}
        screen.press("/search part\r")
        await screen.until(lambda: bool(LINK.findall(screen.written.getvalue())))
        assert set(LINK.findall(screen.written.getvalue())) == {ADDRESS}

    play(scene)
