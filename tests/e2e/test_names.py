"""Names: no two present look alike, and what can't be a name is refused with a sentence."""

from __future__ import annotations

import unicodedata

import pytest

from e2e.daemon import Daemon

GUEST = "Or press Enter to come in as a guest."


@pytest.mark.parametrize(
    ("present", "wanted"),
    [
        ("ada", "ada"),
        ("Ada", "ada"),
        ("ada", "ADA"),
        ("ada", "аda"),  # Cyrillic а
        ("ada", "аdа"),
        ("lilo", "1ilo"),
        ("lilo", "IiIo"),
        ("jürgen", "ju\u0308rgen"),
        ("straße", "STRASSE"),
        ("ada", "ａｄａ"),
        ("modern", "rnodern"),
    ],
)
def test_names_that_look_alike_are_not_both_present(shared_chat: Daemon, present: str, wanted: str) -> None:
    first, second = shared_chat.bot(present), shared_chat.stranger()
    second.type(wanted)
    second.read()
    same = unicodedata.normalize("NFKC", wanted).casefold() == present.casefold()
    like = "" if same else f" It looks like {present}."
    taken = f"! That name is taken.{like} Choose another."
    second.expect(f"{taken} {GUEST}")
    bot = shared_chat.socket()
    bot.request("hello", name=wanted)
    bot.first("error", code="name-taken")
    second.type("Zoe")
    second.until("* You are Zoe")
    second.type(f"/nick {wanted}")
    second.expect(taken)
    assert [message for message in first.catch_up() if message["type"] == "renamed"] == []
    first.request("quit")
    first.until("goodbye")
    second.until(f"* {present} left.")
    second.type(f"/nick {wanted}")
    assert second.read().startswith("* You are now known as ")


@pytest.mark.parametrize(
    "name",
    [
        "two words",
        "-ada",
        "ada-",
        ".ada",
        "ada.",
        "_",
        "ada:",
        "*",
        "~",
        "!",
        "#ada",
        "@ada",
        "/who",
        "//",
        "[2026-11-21",
        "ada (private)",
        "x" * 33,
        "😀",
        "\u0301",
        "a" + "\u0301" * 20,
        "<b>",
        "…",
        "x" * 4_097,
    ],
)
def test_what_cannot_be_a_name_is_refused_with_a_sentence(shared_chat: Daemon, name: str) -> None:
    stranger = shared_chat.stranger()
    stranger.type(name)
    stranger.read()
    assert stranger.read().startswith("! That name ")
    bot = shared_chat.socket()
    bot.request("hello", name=name)
    bot.first("error", code="bad-name")
    bot.request("hello")
    bot.expect("welcome")
    before = bot.until("room")[-1]["users"]
    stranger.type("")
    assert stranger.read().startswith("* You are ")
    joined = bot.expect("joined")["name"]
    stranger.type(f"/nick {name}", "exit")
    assert stranger.until("! That name ")
    stranger.until("* Goodbye.")
    bot.until("left", name=joined)
    assert bot.ask("who", room="lobby")["users"] == before


@pytest.mark.parametrize("name", ["ada", "Zoë", "張三", "мария", "a", "a.b-c_d", "42", "x" * 32, "हिन्दी"])
def test_names_of_any_script_come_in(shared_chat: Daemon, name: str) -> None:
    person = shared_chat.stranger()
    assert person.walk_in(name) == [f"* You are {name}, alone in #lobby. Type /help for commands, exit to leave."]


def test_a_name_is_free_again_once_its_user_has_left(chat: Daemon) -> None:
    for _ in range(5):
        ada = chat.person("ada")
        ada.type("exit")
        ada.until("* Goodbye.")


def test_a_name_is_free_again_once_its_user_has_another(chat: Daemon) -> None:
    ada = chat.person("ada")
    ada.type("/nick lovelace")
    ada.expect("* You are now known as lovelace.")
    chat.person("ada").type("hello")
    ada.expect("* ada joined.", "ada: hello")
