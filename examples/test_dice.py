"""Tests the bot of dice.py, without sockets and in no time."""

import re
from pathlib import Path
from runpy import run_path

from chat.testing import Chat


def start(chat):
    """Bring a new bot into the chat; return it."""
    bot = run_path(str(Path(__file__).with_name("dice.py")))
    come(chat, bot)
    return bot


def come(chat, bot):
    """Have the bot connect, as it does again after a break."""
    chat.connect(bot["receive"]).ask(**bot["hello"])


def test_it_rolls():
    chat = Chat()
    ada = chat.text("ada")
    start(chat)
    ada.send("!roll 2d6", "!roll 0d6", "hello")
    joined, rolled = ada.lines()
    assert joined == "* dice joined."
    assert 2 <= int(re.fullmatch(r"dice: ada rolls (\d+)\.", rolled)[1]) <= 12


def test_it_does_not_answer_programs():
    chat = Chat()
    build = chat.json("build")
    start(chat)
    build.ask(type="say", room="lobby", text="!roll 2d6", notice=True)
    assert [event["author"] for event in build.objects() if event["type"] == "message"] == ["build"]


def test_it_comes_back_and_answers_what_it_missed_once():
    chat = Chat()
    ada = chat.text("ada")
    bot = start(chat)
    ada.send("!roll 1d1")
    chat.cut("dice")
    ada.send("!roll 2d1")
    chat.advance(5)
    come(chat, bot)
    assert ada.lines() == ["* dice joined.", "dice: ada rolls 1.", "dice: ada rolls 2."]
