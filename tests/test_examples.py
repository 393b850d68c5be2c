"""The programs of docs/bots.md, in a chat in memory."""

from __future__ import annotations

import json
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from chat.testing import Chat, Client, Limits

EXAMPLES = Path(__file__).parents[1] / "examples"


class Dice:
    """The bot of dice.py, whose lines come when the test says so."""

    def __init__(self, chat: Chat) -> None:
        self.bot: dict[str, Any] = run_path(str(EXAMPLES / "dice.py"))
        self.chat = chat
        self.connect()

    def connect(self) -> None:
        """Connect, as the program does after a break."""
        self.client: Client = self.chat.connect()
        self.client.ask(**self.bot["hello"])
        self.take()

    def take(self) -> list[str]:
        """Let the bot have what has come; return what it says to that, which is not sent."""
        return [answer for line in self.client.lines() for answer in self.bot["receive"](line)]


def test_dice_says_again_what_may_have_got_lost() -> None:
    chat = Chat()
    ada = chat.text("ada")
    dice = Dice(chat)
    ada.send("!roll 1d1")
    (answer,) = dice.take()
    dice.client.cut()
    dice.connect()
    assert ada.lines() == ["* dice joined."]
    dice.client.send(answer)
    dice.client.cut()
    again = chat.connect(dice.bot["receive"])
    again.ask(**dice.bot["hello"])
    assert dice.bot["unanswered"] == {}
    assert ada.lines() == ["dice: ada rolls 1."]


def test_dice_does_not_take_the_tag_of_another_for_its_own() -> None:
    chat = Chat()
    eve = chat.json("eve")
    dice = Dice(chat)
    eve.ask(type="say", room="lobby", text="!roll 1d1", tag="q")
    (question,) = [event["id"] for event in eve.objects() if event["type"] == "message"]
    dice.take()
    eve.ask(type="say", room="lobby", text="mine", tag=f"roll {question}")
    dice.take()
    assert list(dice.bot["unanswered"]) == [f"roll {question}"]


def test_dice_tells_a_refusal_and_ends_when_it_is_sent_away(capsys: pytest.CaptureFixture[str]) -> None:
    chat = Chat()
    chat.text("dice")
    receive = run_path(str(EXAMPLES / "dice.py"))["receive"]
    chat.connect(receive).ask(type="hello", name="dice")
    assert "That name is taken" in capsys.readouterr().out
    assert list(receive('{"type":"goodbye","text":"The server is shutting down. Goodbye."}')) == []
    with pytest.raises(SystemExit, match="banned"):
        list(receive('{"type":"goodbye","text":"You are banned.","code":"banned"}'))


def reminder(chat: Chat) -> None:
    """Start the bot of remind.py."""
    run_path(str(EXAMPLES / "remind.py"))["bot"](chat.endpoint, chat.clock).startService()
    chat.advance(0)


def test_the_reminder_reminds_in_time() -> None:
    chat = Chat()
    ada, program = chat.text("ada"), chat.json("program")
    reminder(chat)
    ada.send("!remind 10m tea", "!remind me")
    chat.advance(599)
    assert ada.lines() == ["* program joined.", "* reminder joined.", "reminder: ada: in 10 minutes."]
    chat.advance(1)
    assert ada.lines() == ["reminder: ada: tea"]
    said = [event for event in program.objects() if event.get("author") == "reminder"]
    assert [event.get("notice") for event in said] == [True, None]


def test_the_reminder_answers_no_program() -> None:
    chat = Chat(Limits(rate=None))
    program = chat.json("program")
    reminder(chat)
    program.ask(type="say", room="lobby", text="!remind 10m tea", notice=True)
    program.ask(type="msg", name="reminder", text="!remind 10m tea")
    chat.advance(3600)
    assert [event["author"] for event in program.objects() if event["type"] == "message"] == ["program", "program"]


def test_bots_of_one_chat_do_not_answer_each_other() -> None:
    chat = Chat()
    ada = chat.text("ada")
    reminder(chat)
    chat.connect((bot := run_path(str(EXAMPLES / "dice.py")))["receive"]).ask(**bot["hello"])
    ada.send("!remind 1m !roll 1d1", "!roll 1d1")
    chat.advance(3600)
    assert ada.lines()[2:] == ["reminder: ada: in 1 minutes.", "dice: ada rolls 1.", "reminder: ada: !roll 1d1"]
    assert json.loads(json.dumps(bot["hello"]))["rooms"]["lobby"] > 0
