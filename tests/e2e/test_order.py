"""Everyone in a room sees the same messages in the same order, and the ids are in that order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from e2e.clients import Bot, Person, messages
from e2e.daemon import Daemon

BOTS = [f"bot{number}" for number in range(6)]
PEOPLE = [f"person{number}" for number in range(6)]
EACH = 120
END = "all have spoken"

Said = tuple[str, str]


def test_everyone_sees_the_same_in_the_same_order(fast_chat: Daemon) -> None:
    bots = {name: fast_chat.bot(name) for name in BOTS}
    people = {name: fast_chat.person(name) for name in PEOPLE}
    watcher, listener = fast_chat.bot("watcher"), fast_chat.person("listener")
    last = fast_chat.bot("last")

    def talk_as_bot(name: str) -> None:
        for number in range(EACH):
            bots[name].request("say", room="lobby", text=f"{name} says {number}", tag=str(number))

    def talk_as_person(name: str) -> None:
        for number in range(EACH):
            people[name].type(f"{name} says {number}")

    with ThreadPoolExecutor(40) as pool:
        bot_views = {name: pool.submit(bot_view, bot) for name, bot in {**bots, "watcher": watcher}.items()}
        person_views = {name: pool.submit(person_view, one) for name, one in {**people, "listener": listener}.items()}
        talks = [pool.submit(talk_as_bot, name) for name in BOTS]
        talks += [pool.submit(talk_as_person, name) for name in PEOPLE]
        for talk in talks:
            talk.result()
        total = (len(BOTS) + len(PEOPLE)) * EACH
        for _ in range(total):
            while last.read()["type"] != "message":
                pass
        last.ask("say", room="lobby", text=END)

    ids, whole = watcher_ids_and_lines(bot_views["watcher"].result())
    assert len(whole) == total + 1
    assert ids == sorted(set(ids))
    for name in BOTS + PEOPLE:
        own = [text for author, text in whole if author == name]
        assert own == [f"{name} says {number}" for number in range(EACH)], "one's own words are in order"
    for name in BOTS:
        assert watcher_ids_and_lines(bot_views[name].result()) == (ids, whole)
    for name in [*PEOPLE, "listener"]:
        assert person_views[name].result() == [(author, text) for author, text in whole if author != name]


def bot_view(bot: Bot) -> list[tuple[int, str, str]]:
    """Return what a bot is shown up to the end."""
    events = messages(bot.until("message", text=END))
    return [(event["id"], event["author"], event["text"]) for event in events]


def watcher_ids_and_lines(view: list[tuple[int, str, str]]) -> tuple[list[int], list[Said]]:
    """The ids, and who said what."""
    return [number for number, _, _ in view], [(author, text) for _, author, text in view]


def person_view(person: Person) -> list[Said]:
    """Return what a person is shown up to the end."""
    lines = person.until(f"last: {END}")
    split = (line.partition(": ") for line in lines if not line.startswith("*"))
    return [(author, text) for author, _, text in split]


def test_nobody_leaves_before_their_last_words(fast_chat: Daemon) -> None:
    ada, watcher = fast_chat.person("ada"), fast_chat.bot("watcher")
    ada.expect("* watcher joined.")
    for number in range(50):
        name = f"guest{number}"
        guest = fast_chat.stranger()
        guest.send(f"{name}\nhello\n/me waves\nbye\nexit\n".encode())
        ada.expect(f"* {name} joined.", f"{name}: hello", f"~ {name} waves", f"{name}: bye", f"* {name} left.")
    kinds = [event["type"] for event in watcher.catch_up()]
    assert kinds == ["joined", "message", "message", "message", "left"] * 50


def test_private_messages_and_answers_stand_in_the_one_order(fast_chat: Daemon) -> None:
    bot, other = fast_chat.bot("bot"), fast_chat.bot("other")
    bot.catch_up()
    for number in range(100):
        bot.request("say", room="lobby", text=f"open {number}")
        bot.request("msg", name="other", text=f"private {number}")
        bot.request("ping", tag=str(number))
    seen = [event.get("text") or event.get("tag") for event in bot.catch_up()]
    assert seen == [word for number in range(100) for word in (f"open {number}", f"private {number}", str(number))]
    received = messages(other.catch_up())
    assert [event["text"] for event in received] == [
        text for number in range(100) for text in (f"open {number}", f"private {number}")
    ]
    ids = [event["id"] for event in received]
    assert ids == sorted(set(ids))
