"""Delivery: one write a turn, slow readers cost nothing, and everybody sees one order."""

from __future__ import annotations

import gc
import tracemalloc
import weakref

import pytest
from box import Box, Client, SlowStore, SlowWork, Socket, TlsTransport
from conftest import LoggedFailures
from twisted.internet.task import Clock

from chat.core.limits import Limits
from chat.history.store import CannotKeep

NOW = "2026-11-21T09:15:02.114Z"
WINDOW = Limits(rate=None, window=2_000)


def test_one_write_a_turn() -> None:
    box = Box()
    talkers = [box.text(f"talker{number}") for number in range(4)]
    listener, bot = box.text("listener"), box.json("bot")
    before = listener.socket.sends, bot.socket.sends
    for talker in talkers:
        talker.protocol.dataReceived(b"one\ntwo\nthree\n")
    talkers[0].protocol.dataReceived(b"/msg listener psst\n/msg bot psst\n/topic tea\n")
    box.turn()
    assert (listener.socket.sends, bot.socket.sends) == (before[0] + 1, before[1] + 1)
    assert len(listener.lines()) == 15
    assert len(bot.objects()) == 14


def test_the_next_batch_is_stored_while_one_is_shown() -> None:
    store = SlowStore()
    box = Box(store=store)
    ada, bob = box.text("ada"), box.text("bob")
    ada.send("one")
    ada.send("two", "three")
    assert store.waiting_texts() == [["one"]]
    store.store()
    assert bob.lines() == ["ada: one"]
    assert store.waiting_texts() == [["two", "three"]]


class SlowSocket(Socket):
    """A socket to which each write takes half a second, once it has a clock."""

    clock: Clock | None = None

    def send(self, data: bytes) -> int:
        if self.clock is not None:
            self.clock.rightNow += 0.5
        return super().send(data)


def slow_socket(box: Box, name: str) -> Client:
    """Somebody who has come in, and whose socket is slow from now on."""
    client = box.connect(SlowSocket)
    client.send(name)
    client.received()
    client.socket.clock = box.clock
    return client


def test_where_storing_is_quicker_than_showing_more_is_stored_and_shown_together() -> None:
    store = SlowStore()
    box = Box(store=store)
    ada, bob = box.text("ada"), slow_socket(box, "bob")
    ada.send("zero")
    store.store()
    box.turn()
    assert bob.lines() == ["ada: zero"]
    sends = bob.socket.sends
    ada.send("one")
    ada.send("two", "three")
    store.store()
    assert bob.lines() == []
    assert store.waiting_texts() == [["two", "three"]]
    store.fail(CannotKeep("the disk is full."))
    box.turn()
    ada.received()
    ada.send("four")
    store.store()
    box.turn()
    assert bob.lines() == ["ada: one", "ada: four"]
    ada.send("five")
    ada.send("six", "seven")
    store.store()
    assert bob.lines() == []
    store.store()
    assert bob.lines() == ["ada: five", "ada: six", "ada: seven"]
    ada.send("eight")
    ada.send("nine")
    box.clock.advance(0.6)
    store.store()
    assert bob.lines() == ["ada: eight"]
    assert bob.socket.sends == sends + 4


def test_no_more_than_the_queue_holds_is_stored_before_it_is_shown() -> None:
    store = SlowStore()
    box = Box(store=store, limits=Limits(rate=None, pending=4))
    ada, bob = box.text("ada"), slow_socket(box, "bob")
    ada.send("zero")
    store.store()
    box.turn()
    bob.received()
    ada.send("one")
    ada.send("two", "three")
    store.store()
    assert bob.lines() == []
    ada.send("four", "five")
    store.store()
    assert bob.lines() == []
    ada.send("six")
    store.store()
    assert len(bob.lines()) == 5
    store.store()
    assert bob.lines() == ["ada: six"]


def test_a_transport_that_takes_only_so_much_at_once_is_given_all_that_the_socket_takes() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    bob.socket.most = 100
    ada.send("x" * 250)
    assert bob.lines() == ["ada: " + "x" * 250]
    assert bob.socket.producer is None
    bob.socket.room = 150
    ada.send("y" * 250)
    assert len(bob.received()) == 150
    bob.socket.drain()
    assert len(bob.received()) == 250 + len("ada: \r\n") - 150


def test_everybody_sees_the_same_order() -> None:
    box = Box()
    bots = [box.json(f"bot{number}") for number in range(3)]
    people = [box.text(f"user{number}") for number in range(3)]
    for client in (*bots, *people):
        client.received()
    for round_ in range(20):
        for number, person in enumerate(people):
            person.protocol.dataReceived(f"{round_} from {number}\n".encode())
        for bot in bots:
            bot.protocol.dataReceived(b'{"type":"say","room":"lobby","text":"%d"}\n' % round_)
    box.turn()
    views = [[(item["id"], item["author"], item["text"]) for item in bot.objects()] for bot in bots]
    assert views[0] == views[1] == views[2]
    assert [number for number, _, _ in views[0]] == list(range(1, 121))
    for number, person in enumerate(people):
        others = [f"{author}: {text}" for _, author, text in views[0] if author != f"user{number}"]
        assert person.lines() == others


def test_a_private_message_and_what_came_before_it_keep_their_order() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    bob.send("one", "/msg ada two", "three", "/msg ada four", "exit")
    assert ada.lines() == ["bob: one", "bob (private): two", "bob: three", "bob (private): four", "* bob left."]


def test_the_last_words_of_a_room_come_before_the_next_room() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    bob.protocol.dataReceived(b"last words\n")
    ada.protocol.dataReceived(b"/join dev\n")
    bob.protocol.dataReceived(b"unheard\n")
    box.turn()
    assert ada.lines() == ["bob: last words", "* You are ada, alone in #dev. Type /help for commands, exit to leave."]


def test_nothing_is_shown_before_it_is_stored() -> None:
    store = SlowStore()
    box = Box(store=store)
    ada, bob, bot = box.text("ada"), box.text("bob"), box.json("bot")
    for client in (ada, bob, bot):
        client.received()
    ada.send("hello", "/msg bot psst", "exit")
    assert bob.received() == bot.received() == ada.received() == ""
    store.store()
    box.turn()
    assert bob.lines() == ["ada: hello", "* ada left."]
    assert [answer["type"] for answer in bot.objects()] == ["message", "message", "left"]
    assert ada.lines() == ["* Goodbye."]


def test_while_one_batch_is_stored_the_next_gathers() -> None:
    store = SlowStore()
    box = Box(store=store)
    ada = box.text("ada")
    for text in ("one", "two", "three"):
        ada.send(text)
    assert store.waiting_texts()[0] == ["one"]
    store.store()
    box.turn()
    assert store.waiting_texts() == [["two", "three"]]


def test_what_can_not_be_stored_is_shown_to_nobody_and_its_author_is_told() -> None:
    store = SlowStore()
    box = Box(store=store)
    ada, bot = box.text("ada"), box.json("bot")
    ada.received()
    bot.ask(type="say", room="lobby", text="lost", tag="t1")
    bot.ask(type="say", room="lobby", text="lost", tag="t1")
    bot.ask(type="topic", room="lobby", text="lost", tag="t2")
    bot.ask(type="away", text="still works")
    while store.waiting:
        store.fail(CannotKeep("the disk is full."))
        box.turn()
    assert ada.lines() == ["* bot is away: still works"]
    sentence = "Not stored, not sent: the disk is full. Try again later."
    again = "Not stored, not sent: the first try failed. Try again later."
    assert bot.objects() == [
        {"type": "error", "code": "not-stored", "text": sentence, "tag": "t1"},
        {"type": "error", "code": "not-stored", "text": again, "tag": "t1"},
        {"type": "error", "code": "not-stored", "text": sentence, "tag": "t2"},
        {"type": "away", "time": NOW, "room": None, "name": "bot", "text": "still works"},
        {"type": "away", "time": NOW, "room": "lobby", "name": "bot", "text": "still works"},
    ]
    ada.send("/topic")
    assert ada.lines() == ["* #lobby has no topic."]
    bot.ask(type="say", room="lobby", text="kept", tag="t1")
    store.store()
    box.turn()
    assert ada.lines() == ["bot: kept"]


def test_a_session_that_waits_for_the_history_is_not_read_further() -> None:
    store = SlowStore()
    box = Box(store=store, limits=Limits(rate=None, pending_each=8))
    ada, bob = box.text("ada"), box.text("bob")
    bob.received()
    ada.send(*(str(number) for number in range(100)))
    assert ada.socket.producerState == "paused"
    while store.waiting:
        assert len(store.waiting[0][1]) <= 8
        store.store()
        box.turn()
    assert [line.removeprefix("ada: ") for line in bob.lines()] == [str(number) for number in range(100)]
    assert ada.socket.producerState == "producing"


def test_nobody_is_read_further_while_very_much_waits_for_the_history() -> None:
    store = SlowStore()
    box = Box(store=store, limits=Limits(rate=None, pending=8))
    crowd = [box.text(f"user-{number}") for number in range(20)]
    reader = box.text("reader")
    crowd[0].send("first")
    for client in crowd:
        client.send(*(f"{client.protocol.session.name} {number}" for number in range(5)))
    assert crowd[-1].socket.producerState == "paused"
    while store.waiting:
        assert len(box.hub.queue) <= 8
        assert len(store.waiting[0][1]) <= 8
        store.store()
        box.turn()
    said = [line.partition(": ")[2] for line in reader.lines() if ": " in line]
    assert sorted(said) == sorted(["first", *(f"user-{who} {number}" for who in range(20) for number in range(5))])
    for who in range(20):
        assert [line for line in said if line.startswith(f"user-{who} ")] == [f"user-{who} {n}" for n in range(5)]
    assert {client.socket.producerState for client in crowd} == {"producing"}


def test_a_flood_of_many_keeps_nobody_out_of_the_queue() -> None:
    store = SlowStore()
    box = Box(store=store, limits=Limits(rate=None, pending=8, pending_each=4))
    flooders = [box.text(f"flooder-{number}") for number in range(6)]
    ada = box.text("ada")
    for flooder in flooders:
        flooder.protocol.dataReceived(b"x\n" * 1_000)
    ada.send("hello")
    for _ in range(6):
        store.store()
        box.turn()
    assert "hello" in [message.text for message in box.stored]


def test_messages_without_end_do_not_stop_a_chat_that_keeps_nothing() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.protocol.dataReceived(b"/topic\n" * 64 + b"a\n" * 20_000)
    begin = box.clock.calls.pop(0)
    begin.func(*begin.args, **begin.kw)
    bob.protocol.dataReceived(b"b\n" * 20_000)
    box.turn()
    cyd = box.connect()
    cyd.send("cyd")
    assert "* You are cyd, in #lobby with ada and bob." in cyd.received()
    assert len(box.stored) == 40_000


def test_nothing_holds_a_connection_that_is_gone() -> None:
    box = Box()
    ada, bot = box.text("ada"), box.json("bot")
    ada.send("hello", "/join dev", "/history", "/search hello")
    bot.ask(type="history", room="lobby")
    gone = [weakref.ref(client.protocol) for client in (ada, bot)]
    gc.disable()
    try:
        ada.lose()
        bot.lose()
        del ada, bot
        assert [connection() for connection in gone] == [None, None]
    finally:
        gc.enable()


def test_who_leaves_while_waiting_to_be_read_holds_up_nobody() -> None:
    store = SlowStore()
    box = Box(store=store, limits=Limits(rate=None, pending=2))
    ada, bob, cyd = box.text("ada"), box.text("bob"), box.text("cyd")
    ada.send("one", "two", "three")
    bob.send("never read")
    cyd.send("four")
    bob.lose()
    box.settle()
    assert [line for line in cyd.lines() if line.startswith("ada: ")] == ["ada: one", "ada: two", "ada: three"]
    assert "cyd: four" in ada.lines()


def test_who_is_gone_does_not_wait_to_be_read() -> None:
    box = Box(store=SlowStore(), limits=Limits(rate=None, pending=2))
    ada, bob, cyd = box.text("ada"), box.text("bob"), box.text("cyd")
    ada.send("one")
    cyd.send("two", "three")
    bob.send("never read")
    assert bob.socket.producerState == "paused"
    gone = weakref.ref(bob.protocol)
    gc.disable()
    try:
        bob.protocol.connectionLost()
        assert box.hub.queue.full
        del bob
        assert gone() is None
    finally:
        gc.enable()


def test_a_mistake_in_sending_to_one_disturbs_nobody(logged_failures: LoggedFailures) -> None:
    box = Box()
    ada, bob, eve = box.text("ada"), box.text("bob"), box.text("eve")
    bob.received()

    def broken(data: bytes | memoryview) -> int:
        raise ZeroDivisionError

    outbox = eve.protocol._outbox
    outbox.send, outbox.fast = broken, False
    ada.send("one", "two")
    assert logged_failures.flush(ZeroDivisionError)
    eve.lose()
    ada.send("three")
    logged_failures.flush(ZeroDivisionError)
    assert [line for line in bob.lines() if line.startswith("ada: ")] == ["ada: one", "ada: two", "ada: three"]


def test_a_slow_reader_goes_on_where_it_was() -> None:
    box = Box()
    ada, fast, slow = box.text("ada"), box.text("fast"), box.text("slow")
    fast.received()
    slow.socket.room = 20
    ada.send(*(f"line {number}" for number in range(50)))
    assert len(fast.lines()) == 50
    slow.socket.drain()
    ada.send("and on")
    fast_later = fast.lines()
    received = slow.lines()
    assert received == [*(f"ada: line {number}" for number in range(50)), *fast_later]


@pytest.mark.parametrize("taken", [0, 1, 12, 30, 1_000])
@pytest.mark.parametrize("besides", ["nothing", "asks", "leaves"])
def test_who_speaks_is_sent_what_others_say_in_the_same_turn_however_little_its_socket_takes(
    taken: int, besides: str
) -> None:
    box = Box()
    ada, bob, cyd = box.text("ada"), box.text("bob"), box.text("cyd")
    cyd.received()
    bob.received()
    bob.socket.room = taken
    for number in range(4):
        ada.protocol.dataReceived(f"a{number}\n".encode())
        bob.protocol.dataReceived(f"b{number}\n".encode())
        if number == 2 and besides != "nothing":
            bob.protocol.dataReceived({"asks": b"/topic\n", "leaves": b"/join dev\n"}[besides])
    box.turn()
    ada.send("later")
    bob.socket.drain()
    ada.send("at last")
    seen = [line for line in bob.lines() if line.startswith(("ada: ", "bob: "))]
    expected = ["ada: a0", "ada: a1", "ada: a2", "ada: a3", "ada: later", "ada: at last"]
    assert seen == (expected if besides != "leaves" else expected[:3])
    said = [f"{name}: {name[0]}{number}" for number in range(4) for name in ("ada", "bob")]
    assert [line for line in cyd.lines() if line in said] == (said if besides != "leaves" else said[:-1])


def test_an_answer_keeps_its_place_among_what_others_say_in_the_turn_in_which_one_speaks() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    bob.received()
    bob.protocol.dataReceived(b"hello\n")
    ada.protocol.dataReceived(b"before\n")
    bob.protocol.dataReceived(b"/topic\n")
    ada.protocol.dataReceived(b"after\n")
    box.turn()
    before, answer, after = bob.lines()
    assert (before, after) == ("ada: before", "ada: after")
    assert "#lobby" in answer


def test_a_reader_that_falls_out_of_the_window_is_told_how_much_it_missed() -> None:
    box = Box(limits=WINDOW)
    ada, slow, bot = box.text("ada"), box.text("slow"), box.json("bot")
    fast = box.text("fast")
    for client in (slow, bot, fast):
        client.received()
        client.socket.room = 30
    fast.socket.room = 1 << 30
    for number in range(1, 1001):
        ada.send(f"line {number}")
    assert len(fast.lines()) == 1000
    slow.socket.drain()
    bot.socket.drain()
    lines = slow.lines()
    gap = next(index for index, line in enumerate(lines) if not line.startswith("ada: "))
    missed = 1000 - (len(lines) - 1)
    assert missed > 800
    assert lines == [
        *(f"ada: line {number}" for number in range(1, gap + 1)),
        f"* You missed {missed} messages in #lobby. Type /history to read them.",
        *(f"ada: line {number}" for number in range(gap + missed + 1, 1001)),
    ]
    answers = bot.objects()
    (told,) = [answer for answer in answers if answer["type"] == "missed"]
    seen = [answer["id"] for answer in answers if answer["type"] == "message"]
    assert sorted([*seen, *range(told["after"] + 1, told["before"])]) == list(range(1, 1001))
    assert told["count"] == told["before"] - told["after"] - 1
    ada.send("on")
    assert slow.lines() == ["ada: on"]
    assert [answer["text"] for answer in bot.objects()] == ["on"]


def test_who_knows_of_changes_is_told_how_many_it_missed_of_them_too() -> None:
    box = Box(limits=WINDOW)
    ada, old, new = box.json("ada"), box.json("old"), box.json("new", accept=["changes", "lines"])
    for client in (old, new):
        client.received()
        client.socket.room = 30
    for number in range(100):
        ada.ask(type="say", room="lobby", text=f"line {number}")
        ada.ask(type="edit", text=f"line {number} again")
    seen = {}
    for client in (old, new):
        client.socket.drain()
        events = client.objects()
        (told,) = [event for event in events if event["type"] == "missed"]
        numbers = [
            int(event.get("rev", event.get("id", 0))) for event in events if event["type"] in ("message", "edited")
        ]
        seen[client] = told, numbers
    told, numbers = seen[new]
    assert sorted([*numbers, *range(told["after"] + 1, told["before"])]) == list(range(1, 201))
    assert told["count"] == told["before"] - told["after"] - 1
    told, numbers = seen[old]
    missed = {number for number in range(1, 201, 2) if told["after"] < number < told["before"]}
    assert sorted([*numbers, *missed]) == list(range(1, 201, 2))
    assert told["count"] == len(missed)


def test_a_reader_that_never_reads_costs_no_memory() -> None:
    box = Box(limits=WINDOW)
    ada, fast = box.text("ada"), box.text("fast")
    for number in range(10):
        box.text(f"stuck{number}").socket.room = 0
    ada.send(*(["x" * 100] * 1000))
    fast.received()
    fast.socket.clear()
    tracemalloc.start()
    for _ in range(5):
        ada.send(*(["y" * 100] * 1000))
        fast.socket.clear()
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    stored = sum(len(message.text) for message in box.stored[-5000:])
    assert stored == 500_000
    assert grown < 5000 * 1_200 + 500_000


def test_a_feed_keeps_nothing_when_all_have_read_it() -> None:
    box = Box()
    ada, slow = box.text("ada"), box.text("slow")
    (feed,) = box.delivery.feeds("lobby")
    ada.send("one", "two")
    assert feed.end == feed.start
    slow.socket.room = 0
    ada.send("three")
    ada.send("four")
    assert (feed.end - feed.start) > 0
    slow.socket.drain()
    assert feed.end == feed.start
    slow.socket.room = 0
    ada.send("five")
    ada.send("six")
    assert (feed.end - feed.start) > 0
    slow.protocol.connectionLost()
    assert feed.end == feed.start


def test_answers_that_are_not_read_stop_the_questions() -> None:
    box = Box(limits=WINDOW)
    greedy = box.text("greedy")
    greedy.socket.room = 0
    for _ in range(50):
        greedy.send(*(["/help all"] * 100))
    assert greedy.socket.producerState == "paused"
    assert box.delivery.backlog < 128_000
    answers = 0
    while answers < 5_000:
        greedy.socket.drain()
        box.turn()
        arrived = len([line for line in greedy.lines() if line.startswith("* /help")])
        assert arrived > 0
        answers += arrived
    assert greedy.socket.producerState == "producing"


def test_private_messages_to_a_stuck_reader_are_shown_once_it_reads_again() -> None:
    box = Box(limits=WINDOW)
    ada, stuck = box.text("ada"), box.text("stuck")
    stuck.socket.room = 0
    ada.send(*(["/msg stuck " + "x" * 100] * 100))
    assert box.delivery.backlog < 4_000
    stuck.socket.drain()
    ada.send("/msg stuck hello")
    lines = stuck.lines()
    got = len([line for line in lines if "xxx" in line])
    assert got == 100
    assert lines[-1] == "ada (private): hello"


def test_a_private_message_is_not_missed_by_who_waits_for_an_answer() -> None:
    work = SlowWork()
    box = Box(limits=Limits(rate=None, plain_passwords=True), run=work)
    ada, bob = box.text("ada"), box.json("bob")
    bob.ask(type="register", password="correct horse")
    ada.send("/msg bob psst")
    work.do()
    box.turn()
    told, answer = bob.objects()
    assert (told["type"], told["author"], told["text"]) == ("message", "ada", "psst")
    assert answer["text"].startswith("The name bob is yours now.")


def test_over_tls_nothing_goes_around_the_encryption() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.connect(TlsTransport)
    bob.send("bob")
    bob.socket.producer.pauseProducing()
    ada.send("one", "two")
    assert bob.lines() == [
        "* Hi. Type your name and press Enter.",
        "* You are bob, in #lobby with ada. Type /help for commands, exit to leave.",
    ]
    bob.socket.producer.resumeProducing()
    assert bob.lines() == ["ada: one", "ada: two"]
    bob.send("exit")
    assert bob.lines() == ["* Goodbye."]
    assert bob.socket.producer is None
    assert bob.socket.disconnecting


def test_everyone_is_told_when_the_chat_ends_and_nothing_accepted_is_lost() -> None:
    store = SlowStore()
    box = Box(store=store)
    ada, bob, stuck, nobody = box.text("ada"), box.json("bob"), box.text("stuck"), box.connect()
    for client in (ada, bob, nobody):
        client.received()
    stuck.socket.room = 0
    ada.send("last words")
    done = box.connections.farewell("The end.")
    ada.send("too late")
    store.store()
    box.turn()
    assert ada.lines() == ["* The end."]
    assert [answer.get("text") for answer in bob.objects()] == ["last words", "The end."]
    assert nobody.lines() == ["* The end."]
    for client in (ada, bob, nobody):
        client.end()
        client.protocol.connectionLost()
    assert not done.called
    box.connections.abort()
    assert stuck.socket.aborted
    stuck.protocol.connectionLost()
    assert done.called
    assert [message.text for message in box.stored] == ["last words"]


def test_what_is_missed_does_not_begin_before_one_came() -> None:
    box = Box(limits=WINDOW)
    talker = box.text("talker")
    talker.send(*(f"line {number}" for number in range(5)))
    bot = box.json("bot")
    bot.socket.room = 0
    talker.send("/topic tea")
    for _ in range(12):
        talker.send("x" * 400)
    bot.socket.drain()
    (missed,) = (event for event in bot.objects() if event["type"] == "missed")
    assert missed["count"] == missed["before"] - missed["after"] - 1
