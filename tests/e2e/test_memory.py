"""Memory is bounded whatever clients do, and whatever is lost is said."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from e2e.clients import Bot, Event, Person, messages
from e2e.daemon import Daemon, DaemonFactory
from e2e.streams import SocketStream

MIB = 1 << 20
FEW = 8 * MIB
"""The bytes that a daemon may grow by. If it kept what a client sends or should read, it would grow by much more."""

TEXT = "x" * 4_000
DELIVERED = 42 * MIB


@pytest.fixture
def quiet_chat(start_chat: DaemonFactory) -> Daemon:
    """A daemon whose log does not grow with what is said."""
    return start_chat("--no-limits", "--no-log-talk")


def say(talker: Bot, size: int) -> list[int]:
    """Have *size* bytes said and stored; return the ids."""
    ids: list[int] = []
    while len(ids) * len(TEXT) < size:
        for _ in range(50):
            talker.request("say", room="lobby", text=TEXT)
        ids += [event["id"] for event in messages(talker.catch_up())]
    return ids


def warm(chat: Daemon) -> Bot:
    """Let the daemon take the memory that it uses anyway; return somebody to talk."""
    talker = chat.bot("talker")
    say(talker, 8 * MIB)
    return talker


def test_a_program_that_does_not_read_costs_no_memory_and_fills_its_gaps(quiet_chat: Daemon) -> None:
    talker = warm(quiet_chat)
    stuck = quiet_chat.socket(receive_buffer=4_096)
    stuck.request("hello", name="stuck")
    talker.until("joined", name="stuck")
    before = quiet_chat.rss
    ids = say(talker, DELIVERED)
    assert quiet_chat.rss - before < FEW
    seen: list[int] = []
    gaps = 0
    stuck.request("ping", tag="the end")
    for event in stuck_events(stuck):
        if event["type"] == "message":
            seen.append(event["id"])
        elif event["type"] == "missed":
            gaps += 1
            missed = [number for number in ids if event["after"] < number < event["before"]]
            assert event["count"] == len(missed)
            assert event["after"] in (seen[-1:] or [missed[0] - 1])
            seen += missed
    assert gaps
    assert seen == ids, "what was sent and what was missed are all, once, in order"
    assert read_pages(stuck, ids[0] - 1, ids[-1] + 1) == ids


def stuck_events(stuck: Bot) -> list[Event]:
    """All that comes up to the pong."""
    stuck.read_line()
    return stuck.until("pong", tag="the end")


def read_pages(bot: Bot, after: int, before: int) -> list[int]:
    """Read the ids of the history in pages, as a client that has missed something does."""
    found: list[int] = []
    more = True
    while more:
        page = bot.ask("history", room="lobby", after=after, before=before, count=200)
        found += [message["id"] for message in page["messages"]]
        after, more = found[-1], page["more"]
    return found


def test_a_person_who_does_not_read_is_told_how_many_messages_they_missed(quiet_chat: Daemon) -> None:
    talker = warm(quiet_chat)
    stuck = quiet_chat.stranger(receive_buffer=4_096)
    stuck.type("stuck")
    talker.until("joined", name="stuck")
    before = quiet_chat.rss
    ids = say(talker, DELIVERED)
    assert quiet_chat.rss - before < FEW
    heard = 0
    gaps = 0
    for line in after_the_last_replay(stuck):
        if line.startswith("* You missed "):
            gaps += 1
            heard += int(
                line.removeprefix("* You missed ").removesuffix(" messages in #lobby. Type /history to read them.")
            )
        elif line.startswith("talker: "):
            heard += 1
    assert gaps
    assert heard == len(ids)


def after_the_last_replay(person: Person) -> list[str]:
    """All that is shown up to now, without what was said before they came."""
    lines = person.catch_up()
    return lines[lines.index("* End of history.") + 1 :]


def test_private_messages_to_somebody_who_does_not_read_cost_no_memory(quiet_chat: Daemon) -> None:
    talker = warm(quiet_chat)
    stuck = quiet_chat.socket(receive_buffer=4_096)
    stuck.request("hello", name="stuck")
    talker.until("joined", name="stuck")
    before = quiet_chat.rss
    count = DELIVERED // len(TEXT)
    refused = 0
    for start in range(0, count, 50):
        for _ in range(start, min(start + 50, count)):
            talker.request("msg", name="stuck", text=TEXT)
        refused += sum(event.get("code") == "not-stored" for event in talker.catch_up())
    assert quiet_chat.rss - before < FEW
    stuck.request("ping", tag="the end")
    events = stuck_events(stuck)
    assert refused
    assert sum(1 for event in events if event["type"] == "message") + refused == count


def test_counting_what_was_missed_costs_no_memory(quiet_chat: Daemon) -> None:
    talker = warm(quiet_chat)
    stuck = quiet_chat.socket(receive_buffer=4_096)
    stuck.request("hello", name="stuck")
    talker.until("joined", name="stuck")
    for _ in range(DELIVERED // len(TEXT) // 4 // 50):
        for _ in range(50):
            talker.request("msg", name="stuck", text=TEXT)
        talker.catch_up()

    def tell(times: int) -> None:
        for _ in range(times):
            talker.send(b'{"type":"msg","name":"stuck","text":"x"}\n' * 200)
            talker.catch_up()

    tell(250)
    before = quiet_chat.rss
    tell(350)
    assert quiet_chat.rss - before < 3 * MIB


def test_logging_what_is_said_costs_no_memory(fast_chat: Daemon) -> None:
    talker = warm(fast_chat)
    assert grows_by(fast_chat, talker, lambda: say(talker, DELIVERED)) < FEW


def test_many_who_do_not_read_cost_little(quiet_chat: Daemon) -> None:
    talker = warm(quiet_chat)
    for number in range(50):
        quiet_chat.socket(receive_buffer=4_096).request("hello", name=f"stuck{number}")
    while len(talker.ask("who", room="lobby")["users"]) < 51:
        pass
    before = quiet_chat.rss
    say(talker, 6 * MIB)
    assert quiet_chat.rss - before < 50 * 200_000, "a place in the feed and one unfinished write each"


def never_reading(chat: Daemon, number: int, data: bytes) -> Bot:
    """Somebody who sends *data* again and again, until nothing more is taken, and reads nothing."""
    greedy = chat.socket(receive_buffer=4_096)
    greedy.request("hello", name=f"greedy{number}")
    assert isinstance(greedy.stream, SocketStream)
    greedy.stream.socket.settimeout(0.5)
    try:
        for _ in range(400):
            greedy.send(data)
    except TimeoutError:
        pass
    return greedy


def grows_by(chat: Daemon, talker: Bot, act: Callable[[], object]) -> int:
    """The bytes that the daemon grows by while something happens."""
    talker.catch_up()
    before = chat.rss
    act()
    talker.catch_up()
    return chat.rss - before


def test_requests_whose_answers_are_not_read_cost_no_memory(quiet_chat: Daemon) -> None:
    talker = warm(quiet_chat)
    requests = (
        b'{"type":"history","room":"lobby","count":200}\n' * 64
        + b'{"type":"help"}\n{"type":"rooms"}\n{"type":"who","room":"lobby"}\n{"type":"fly"}\n' * 64
    )
    assert grows_by(quiet_chat, talker, lambda: [never_reading(quiet_chat, n, requests) for n in range(4)]) < 4 * FEW


def test_questions_of_people_whose_answers_are_not_read_cost_no_memory(quiet_chat: Daemon) -> None:
    talker = warm(quiet_chat)
    requests = b"/history 200\n/help\n/rooms\n/who\n/fly\n" * 64
    assert grows_by(quiet_chat, talker, lambda: [never_reading(quiet_chat, n, requests) for n in range(4)]) < 4 * FEW


def test_telnet_options_whose_refusals_are_not_read_cost_no_memory(quiet_chat: Daemon) -> None:
    talker = warm(quiet_chat)
    options = b"\xff\xfd\x01\xff\xfb\x1f" * 10_000
    assert grows_by(quiet_chat, talker, lambda: [never_reading(quiet_chat, n, options) for n in range(4)]) < FEW


def test_replays_that_are_not_read_cost_no_memory(quiet_chat: Daemon) -> None:
    talker = warm(quiet_chat)
    rooms = [f"room{number}" for number in range(10)]
    for room in rooms:
        talker.ask("join", room=room)
        for _ in range(200):
            talker.request("say", room=room, text=TEXT)
        talker.catch_up()

    def come_in() -> None:
        for number in range(6):
            greedy = quiet_chat.socket(receive_buffer=4_096)
            greedy.request("hello", name=f"greedy{number}", rooms=dict.fromkeys(rooms, 0))
            talker.until("joined", name=f"greedy{number}", room=rooms[-1])
        for room in rooms:
            talker.ask("history", room=room, count=1)

    assert grows_by(quiet_chat, talker, come_in) < 6 * 4 * MIB


def test_lines_without_end_cost_no_memory(quiet_chat: Daemon) -> None:
    talker = warm(quiet_chat)
    eve, bot = quiet_chat.person("eve"), quiet_chat.bot("bot")

    def send() -> None:
        for _ in range(48):
            eve.send(b"x" * MIB)
            bot.send(b"{" * MIB)

    assert grows_by(quiet_chat, talker, send) < FEW
    eve.send(b"\nnext\n")
    assert eve.until("! ")[-1] == "! That line is too long, so it was dropped. Use at most 4096 bytes."
    bot.until("message", text="next")
    bot.send(b"\n")
    bot.expect("error", code="too-long")
    assert bot.catch_up() == []


def test_many_overlong_and_empty_lines_cost_no_memory(quiet_chat: Daemon) -> None:
    talker = warm(quiet_chat)
    eve = quiet_chat.person("eve")
    reader = threading.Thread(target=eve.until, args=("* Goodbye.",))
    reader.start()

    def send() -> None:
        for _ in range(64):
            eve.send((b"x" * 20_000 + b"\n") * 10 + b"\n" * 50_000)

    assert grows_by(quiet_chat, talker, send) < FEW
    eve.type("exit")
    reader.join()


def test_coming_and_going_leaves_nothing_behind(start_chat: DaemonFactory) -> None:
    chat = start_chat("--no-limits", "--no-log-talk")

    def visit(times: int) -> None:
        """Half of the visitors are people, the others programs of which the daemon keeps some for a minute."""
        for number in range(times):
            guest = chat.connect()
            guest.send(b"\n" if number % 2 else b'{"type":"hello","rooms":{"room%d":null}}\n' % number)
            guest.receive()
            guest.reset()
        chat.await_alone()

    visit(2_200)
    before = chat.rss
    visit(2_200)
    assert chat.rss - before < FEW
