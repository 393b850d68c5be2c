"""Programs that speak JSON lines."""

from __future__ import annotations

from e2e.clients import messages
from e2e.daemon import Daemon


def test_three_lines_are_a_bot(chat: Daemon) -> None:
    ada = chat.person("ada")
    bot = chat.socket()
    bot.send(
        b'{"type":"hello","name":"bot"}\n'
        b'{"type":"say","room":"lobby","text":"build is green","tag":"a1"}\n'
        b'{"type":"quit"}\n'
    )
    assert bot.read_line() == b"* Welcome to chat. Type your name and press Enter.\r\n"
    welcome = bot.expect("welcome", name="bot")
    assert welcome["limits"] == {"text": 4096, "line": 16384, "name": 32, "rooms": 50, "lines": 100}
    bot.expect("room", room="lobby", users=["ada", "bot"], last=0, topic="", away={})
    message = bot.expect("message", room="lobby", author="bot", kind="say", text="build is green", tag="a1")
    assert message["id"] > 0
    bot.expect("goodbye", text="Goodbye.")
    assert bot.read_line() == b""
    ada.expect("* bot joined.", "bot: build is green", "* bot left.")


def test_everything_said_comes_back_with_its_tag(fast_chat: Daemon) -> None:
    bot, other = fast_chat.bot("bot"), fast_chat.bot("other")
    bot.expect("joined", name="other")
    tags = [f"tag {number}" for number in range(300)]
    for tag in tags:
        bot.request("say", room="lobby", text=f"about {tag}", tag=tag)
    said = bot.catch_up()
    assert [event["tag"] for event in said] == tags
    assert [event["text"] for event in said] == [f"about {tag}" for tag in tags]
    assert other.catch_up() == said


def test_every_request_is_answered_with_its_tag(chat: Daemon) -> None:
    bot, other = chat.bot("bot"), chat.bot("other")
    assert bot.ask("say", room="lobby", text="hi")["type"] == "message"
    assert bot.ask("me", room="lobby", text="waves")["kind"] == "action"
    assert bot.ask("msg", name="other", text="psst")["to"] == "other"
    assert bot.ask("join", room="dev")["users"] == ["bot"]
    assert bot.ask("who", room="dev")["users"] == ["bot"]
    assert bot.ask("leave", room="dev")["type"] == "left"
    assert bot.ask("nick", name="tob")["new"] == "tob"
    assert bot.ask("topic", room="lobby", text="tea")["name"] == "tob"
    assert bot.ask("topic", room="lobby")["topic"] == "tea"
    assert bot.ask("away", text="lunch")["text"] == "lunch"
    assert bot.ask("away")["text"] is None
    (lobby,) = bot.ask("rooms")["rooms"]
    assert (lobby["room"], lobby["users"], lobby["topic"]) == ("lobby", 2, "tea")
    assert [message["text"] for message in bot.ask("history", room="lobby")["messages"]] == ["hi", "waves"]
    assert bot.ask("ignore", name="other")["names"] == ["other"]
    assert bot.ask("ignore")["names"] == ["other"]
    assert {line["name"] for line in bot.ask("help")["commands"]} >= {"join", "msg", "nick"}
    assert bot.ask("ping")["type"] == "pong"
    other.until("message", to="other", text="psst")


def test_what_the_other_members_see(chat: Daemon) -> None:
    watcher, bot = chat.bot("watcher"), chat.bot("bot")
    bot.ask("nick", name="tob")
    bot.ask("topic", room="lobby", text="tea")
    bot.ask("away", text="lunch")
    bot.ask("leave", room="lobby")
    watcher.expect("joined", room="lobby", name="bot")
    watcher.expect("renamed", room="lobby", name="bot", new="tob")
    watcher.expect("topic", room="lobby", name="tob", topic="tea")
    watcher.expect("away", room="lobby", name="tob", text="lunch")
    watcher.expect("left", room="lobby", name="tob")
    assert watcher.catch_up() == []


def test_a_bot_is_in_many_rooms(chat: Daemon) -> None:
    names = [f"room{number}" for number in range(8)]
    bot = chat.bot("bot", rooms=dict.fromkeys(names))
    other = chat.bot("other", rooms={"room3": None, "room5": None})
    bot.until("joined", room="room5", name="other")
    for room in ("room3", "room5"):
        other.ask("say", room=room, text=f"in {room}")
    assert [(event["room"], event["text"]) for event in messages(bot.catch_up())] == [
        ("room3", "in room3"),
        ("room5", "in room5"),
    ]
    assert {room["room"] for room in bot.ask("rooms")["rooms"]} == set(names)


def test_a_bot_without_a_name_is_a_guest(chat: Daemon) -> None:
    welcome = chat.socket().hello()
    assert welcome["name"].isdecimal()


def test_history_is_read_in_pages(fast_chat: Daemon) -> None:
    bot = fast_chat.bot("bot")
    for number in range(450):
        bot.request("say", room="lobby", text=str(number))
    ids = [event["id"] for event in bot.catch_up()]
    found: list[int] = []
    more = True
    while more:
        page = bot.ask("history", room="lobby", after=found[-1] if found else 0, count=200)
        found += [message["id"] for message in page["messages"]]
        more = page["more"]
    assert found == ids
    newest = bot.ask("history", room="lobby", before=ids[100], count=3)
    assert [message["id"] for message in newest["messages"]] == ids[97:100]
    assert newest["more"]
    between = bot.ask("history", room="lobby", after=ids[10], before=ids[12])
    assert [message["id"] for message in between["messages"]] == [ids[11]]
    assert not between["more"]


def test_unknown_fields_are_ignored(chat: Daemon) -> None:
    bot = chat.socket()
    bot.hello("bot", colour="red", nested={"deep": [1, 2, {"x": None}]})
    bot.expect("room")
    bot.request("say", room="lobby", text="hi", shade=[], id=7, author="root", time="never", to="x")
    message = bot.expect("message", text="hi", author="bot", room="lobby")
    assert message["id"] == 1
    assert "to" not in message


def test_people_and_programs_understand_each_other(chat: Daemon) -> None:
    ada, bot = chat.person("ada"), chat.bot("bot")
    ada.expect("* bot joined.")
    ada.type("hello", "/me waves", "/msg bot psst")
    bot.expect("message", author="ada", kind="say", text="hello", room="lobby")
    bot.expect("message", author="ada", kind="action", text="waves", room="lobby")
    bot.expect("message", author="ada", kind="say", text="psst", to="bot")
    bot.request("msg", name="ada", text="psst")
    ada.expect("bot (private): psst")


def test_the_greeting_is_for_people_however_soon_a_hello_comes(fast_chat: Daemon) -> None:
    talker = fast_chat.bot("talker")
    greetings = set()
    for _ in range(50):
        for _ in range(50):
            talker.request("say", room="lobby", text="x" * 4_000)
        bot = fast_chat.socket()
        bot.request("hello")
        greetings.add(bot.read_line())
        bot.expect("welcome")
        talker.catch_up()
    assert greetings == {b"* Welcome to chat. Type your name and press Enter.\r\n"}
