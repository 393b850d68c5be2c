"""The window without a connection: it says why, and asks for what the server wants to know."""

from __future__ import annotations

import pytest
from box import Box
from desktop.desks import Desk

from chat.core.limits import Limits

SECRET = "correct horse"  # noqa: S105 - of a test


@pytest.fixture
def box() -> Box:
    """A chat that takes passwords."""
    return Box(limits=Limits(rate=None, plain_passwords=True))


@pytest.mark.parametrize("draft", ["", "half a line"])
def test_a_password_is_asked_for_in_a_field_of_its_own(desk: Desk, draft: str) -> None:
    desk.entry.insert("insert", draft)
    desk.seat.lose_name(SECRET)
    desk.seat.wiring.wait(3)
    field = desk.window.secret.field
    desk.until(field.winfo_ismapped)
    assert desk.window.secret._label.cget("text") == "Password of ada"
    assert field.cget("show")
    banner = desk.window._banner.words.cget("text")
    assert banner.startswith("Disconnected from server. The name ada belongs to somebody.")
    assert (desk.root.focus_get() is field) == (not draft)
    for answer in ("wrong horse", SECRET):
        desk.focus(field)
        field.insert("end", answer)
        desk.press("<Return>", on=field)
        assert field.get() == ""
    desk.sees("That password is wrong.", "Connected again.")
    desk.until(lambda: not field.winfo_ismapped())
    assert desk.typed == draft
    desk.until(lambda: desk.root.focus_get() is desk.entry)


def test_the_banner_says_why_and_another_name_comes_back_at_once(desk: Desk, box: Box) -> None:
    desk.seat.wiring.cable.cut()
    box.text("ada")
    desk.seat.wiring.wait(3)
    words = "That name is taken. Choose another. /reconnect tries now."
    desk.until(lambda: desk.window._banner.words.cget("text").endswith(words))
    desk.say("/nick lovelace")
    desk.sees("Connected again.")
    desk.until(lambda: desk.window._banner.winfo_manager() == "")
    assert "lovelace" in desk.window._status.cget("text")
