"""The text dialect, as ``docs/protocol.md`` describes it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from box import START, Box, Client

from chat.core.accounts import Role
from chat.core.commands.table import for_people
from chat.core.limits import Limits
from chat.history.passwords import hash_password

LOCAL = datetime.fromtimestamp(START, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def test_a_user_is_greeted_and_told_who_is_there() -> None:
    box = Box()
    ada = box.connect()
    assert ada.lines() == ["* Hi. Type your name and press Enter."]
    ada.send("ada")
    assert ada.lines() == ["* You are ada, alone in #lobby. Type /help for commands, exit to leave."]
    bob = box.connect()
    bob.send("bob")
    assert bob.lines()[1] == "* You are bob, in #lobby with ada. Type /help for commands, exit to leave."
    assert ada.lines() == ["* bob joined."]
    cy = box.connect()
    cy.send("cy")
    assert cy.lines()[1] == "* You are cy, in #lobby with ada and bob. Type /help for commands, exit to leave."


def test_of_more_than_ten_others_the_number_is_given() -> None:
    box = Box()
    for number in range(11):
        box.text(f"user{number}")
    last = box.connect()
    last.send("last")
    assert last.lines()[1] == "* You are last, in #lobby with 11 others. Type /help for commands, exit to leave."


def test_others_see_what_is_said_and_the_speaker_does_not_see_it_again() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    ada.send("hello", "/me waves", "//etc/passwd")
    assert bob.lines() == ["ada: hello", "~ ada waves", "ada: /etc/passwd"]
    assert ada.lines() == []


def test_lines_end_in_crlf() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    bob.send_bytes(b"one\r\ntwo\n")
    assert ada.received() == "bob: one\r\nbob: two\r\n"


def test_a_newcomer_reads_what_was_said_before() -> None:
    box = Box(replay=2)
    box.text("ada").send("one", "two", "/me waves")
    bob = box.connect()
    bob.send("bob")
    assert bob.lines()[2:] == [
        "* Earlier in #lobby:",
        f"[{LOCAL}] ada: two",
        f"[{LOCAL}] ~ ada waves",
        "* End of history.",
    ]


def test_an_empty_line_makes_a_guest_named_by_port() -> None:
    box = Box()
    guest = box.connect()
    guest.send("")
    assert guest.lines()[1].startswith("* You are 50001, alone in #lobby.")


def test_a_guest_whose_port_is_taken_gets_another_name() -> None:
    box = Box()
    squatter = box.connect()
    squatter.send("50002")
    guest = box.connect()
    guest.send("")
    assert guest.lines()[1].startswith("* You are 50002-2, in #lobby with 50002.")


@pytest.mark.parametrize(("name", "like"), [("Ada", ""), ("ADA", ""), ("аda", " It looks like ada."), ("ａｄａ", "")])
def test_a_name_that_looks_like_another_is_taken(name: str, like: str) -> None:
    box = Box()
    box.text("ada")
    other = box.connect()
    other.send(name, "bob")
    assert other.lines()[1:] == [
        f"! That name is taken.{like} Choose another. Or press Enter to come in as a guest.",
        "* You are bob, in #lobby with ada. Type /help for commands, exit to leave.",
    ]


@pytest.mark.parametrize("name", ["a b", "_", "a-", ".", "x" * 33, "a:b", "😀", "\x1b[31mred", "a\u202eb", "#room"])
def test_a_name_of_other_characters_is_refused(name: str) -> None:
    client = Box().connect()
    client.send(name)
    refusal = client.lines()[1]
    assert refusal.startswith("! That name ")
    assert "\x1b" not in refusal
    client.send("ok")
    assert client.lines()[0].startswith("* You are ok,")


@pytest.mark.parametrize("word", ["exit", "QUIT", "Exit", "/quit", " quit "])
def test_leaving(word: str) -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    bob.send("bye", word, "never said")
    assert bob.lines() == ["* Goodbye."]
    assert bob.socket.half_closed
    assert ada.lines() == ["bob: bye", "* bob left."]
    bob.end()
    assert bob.socket.disconnecting


def test_the_end_of_input_leaves_after_the_last_line() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.connect()
    bob.protocol.dataReceived(b"bob\nhi\nunfinished")
    bob.end()
    assert ada.lines() == ["* bob joined.", "bob: hi", "bob: unfinished", "* bob left."]
    assert bob.lines()[-1] == "* Goodbye."
    assert bob.socket.disconnecting


def test_a_broken_connection_leaves() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    bob.protocol.connectionLost()
    box.turn()
    assert ada.lines() == ["* bob left."]


def test_one_byte_at_a_time() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.connect()
    for byte in "bob\r\nhé 👋\r\n".encode():
        bob.send_bytes(bytes([byte]))
    assert ada.lines() == ["* bob joined.", "bob: hé 👋"]


def test_hostile_bytes_reach_nobody() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    bob.send_bytes(b"a\x1b[2Jb\x00\x07\x08c\xc2\x9b1m\xe2\x80\xaed\xff\xfe!\xfe\tx\r\r\xe2\x80\xa8\n")
    assert ada.received() == "bob: a[2Jbc1md\ufffd x\r\n"


def test_no_text_imitates_another_line() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    bob.send("hi\r* cy joined.", "\x85! Type your password:", "  * cy left.", "~ ada agrees")
    assert ada.lines() == [
        "bob: hi",
        "bob: * cy joined.",
        "bob: ! Type your password:",
        "bob: * cy left.",
        "bob: ~ ada agrees",
    ]


def test_an_overlong_text_is_refused_whole() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    bob.send("x" * 4097, "y" * 60_000, "é" * 2048, "fine")
    assert ada.lines() == ["bob: " + "é" * 2048, "bob: fine"]
    assert bob.lines() == [
        "! That text is too long, so it was not sent. Use at most 4096 bytes.",
        "! That line is too long, so it was dropped. Use at most 4096 bytes.",
    ]


def test_an_endless_line_is_not_kept() -> None:
    box = Box()
    bob = box.text("bob")
    for _ in range(100):
        bob.send_bytes(b"x" * 65_536)
    bob.send("", "/who")
    assert bob.lines() == [
        "! That line is too long, so it was dropped. Use at most 4096 bytes.",
        "* In #lobby: bob",
    ]


def test_a_web_browser_is_sent_away() -> None:
    browser = Box().connect()
    browser.send_bytes(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nhello\r\n")
    assert browser.lines()[1:] == ["* This is a chat, not a web server. Connect with nc, telnet or the chat client."]
    assert browser.socket.half_closed


def test_help_lists_every_command_that_the_user_may_use() -> None:
    ada = Box().text("ada")
    ada.send("/help all")
    shown = ada.lines()
    everybodys = [f"* {command.usage}" for command in for_people() if not command.privileged]
    assert [line.split(" - ")[0] for line in shown[:-1]] == everybodys
    ada.send("/join den", "/help all")
    assert {"* /kick name [text]", *everybodys} <= {line.split(" - ")[0] for line in ada.lines()}
    ada.send("/help msg", "/help /me")
    assert ada.lines() == [
        "* /msg name [text] - says something to one user only; without a text, shows what you two said last",
        "* /me text - says what you do: /me waves",
    ]


def test_help_names_the_commands_by_topic_on_one_screen() -> None:
    box = Box(limits=Limits(plain_passwords=True))
    box.make_account("root", hash_password("correct horse"), Role.OWNER)
    ada, root = box.text("ada"), box.connect()
    root.send("root", "correct horse")
    root._read = len(root.socket.value())
    ada.received()
    ada.send("/help")
    shown = ada.lines()
    assert shown == [
        "* Say something by typing it. // begins a line with one slash. exit leaves.",
        "* Rooms: /who, /rooms, /join, /topic, /room",
        "* Talk: /me, /reply, /paste, /msg, /conversations, /upload",
        "* You and others: /nick, /ignore, /away, /notify, /whois, /quit",
        "* Earlier messages: /history, /search, /mentions, /edit, /delete, /react, /pins",
        "* Your account: /register, /password, /rename, /unregister, /invitation",
        "* Your devices: /devices, /logout",
        "* /help msg explains /msg, and /help all explains them all.",
    ]
    root.send("/help")
    assert root.lines() == [
        *shown[:-1],
        "* As an op here: /pin, /kick, /mute, /unmute, /op, /invite, /uninvite, /lock, /slow, /hook, /hooks, /unhook",
        "* As a moderator: /ban, /unban, /stats, /bans",
        "* As an owner: /moderator",
        shown[-1],
    ]
    assert max(len(line) for line in shown) < 80


@pytest.mark.parametrize(("typed", "meant"), [("/hlep", "/help"), ("/jion x", "/join"), ("/WHOO", "/who")])
def test_a_mistyped_command_gets_the_nearest_one(typed: str, meant: str) -> None:
    ada = Box().text("ada")
    ada.send(typed)
    assert ada.lines()[0].endswith(f"Did you mean {meant}?")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (
            "/msg",
            "! Usage: /msg name [text] (says something to one user only; without a text, shows what you two said last)",
        ),
        ("/msg nobody", "! There is nobody called nobody here. See /who for those in this room."),
        ("/msg nobody hi", "! There is nobody called nobody here. See /who for those in this room."),
        ("/msg bobb hi", "! There is nobody called bobb here. Did you mean bob?"),
        ("/who there", "! There is no room #there. See /rooms for those there are."),
        ("/join", "! Usage: /join room (goes to a room, which comes into being where there is none)"),
        (
            "/join dev room",
            "! The name of a room has no blanks. Usage: /join room "
            "(goes to a room, which comes into being where there is none)",
        ),
        ("/whois bob smith", "! A name has no blanks. Usage: /whois name (tells who somebody is, and where)"),
        ("/paste now", "! Usage: /paste (takes several lines as one message, up to a line with a dot)"),
        ("/join a/b", "! That room name can't be used. Use letters and digits, with _ - . only inside."),
        ("/join lobby", "! You are in #lobby already."),
        ("/nick bob", "! That name is taken. Choose another."),
        ("/nick ada", "! You are ada already."),
        ("/nick a b", "! That name can't be used. Use letters and digits, with _ - . only inside."),
        (
            "/mentions many",
            "! many is not a number. Usage: /mentions [before] (shows what named you since you were last here)",
        ),
        (
            "/history many",
            "! Say how many, since when, or which day: /history 50, /history since 09:00, /history 2026-11-20.",
        ),
        ("/me", "! Usage: /me text (says what you do: /me waves)"),
        ("/ignore ada", "! You can't ignore yourself."),
        ("/xyzzy", "! There is no command /xyzzy. Type /help for the commands."),
        ("/", "! There is no command /. Type /help for the commands."),
        ("/say hi", "! There is no command /say. Type /help for the commands."),
        ("/send log.txt", "! Files are sent by another program: /upload shows the line for it."),
        ("/leave", "! You are always in one room: /join lobby goes to the lobby, exit leaves."),
        ("/topic " + "x" * 513, "! That topic is too long, so it was not sent. Use at most 512 bytes."),
        ("\x00\x1b", "! There is nothing to say in that."),
    ],
)
def test_a_refusal_says_what_to_do_and_changes_nothing(line: str, answer: str) -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    ada.send(line)
    assert ada.lines() == [answer]
    assert bob.received() == ""
    ada.send("still here")
    assert bob.lines() == ["ada: still here"]


def test_a_farewell_is_no_hindrance_to_leaving() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    ada.send("/quit so long")
    assert ada.lines() == ["* Goodbye."]
    assert bob.lines() == ["* ada left."]


def test_rooms_are_joined_one_at_a_time_and_vanish_when_empty() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    ada.send("/join #Dev")
    assert ada.lines() == ["* You are ada, alone in #dev. Type /help for commands, exit to leave."]
    assert bob.lines() == ["* ada left."]
    bob.send("hello?", "/rooms")
    assert bob.lines() == ["* #lobby, 1 user, active 2026-11-21 09:15", "* #dev, 1 user"]
    assert ada.lines() == []
    ada.send("/join lobby", "/rooms")
    assert ada.lines()[-1] == "* #lobby, 2 users, active 2026-11-21 09:15"


def test_a_topic_of_another_room_does_not_become_the_topic_of_this_one() -> None:
    box = Box()
    ada = box.text("ada")
    ada.received()
    ada.send("/topic tea", "/topic #dev", "/topic #LOBBY", "/topic #lobby more tea", "/topic #12 is mended")
    assert ada.lines() == [
        "* ada set the topic of #lobby to: tea",
        "! You are not in #dev. Join it first: /join dev",
        "* The topic of #lobby is: tea",
        "* ada set the topic of #lobby to: more tea",
        "* ada set the topic of #lobby to: #12 is mended",
    ]
    program = box.json("bot")
    program.ask(type="topic", room="lobby", text="#dev")
    assert ada.lines() == ["* bot joined.", "* bot set the topic of #lobby to: #dev"]


def test_private_messages() -> None:
    box = Box()
    ada, bob, cy = box.text("ada"), box.text("bob"), box.text("cy")
    ada.received(), bob.received()
    ada.send("/msg BOB psst   you ")
    assert bob.lines() == ["ada (private): psst   you"]
    assert ada.received() == cy.received() == ""


def test_a_name_may_be_written_with_its_mark() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    ada.send("/msg @bob psst", "/whois @bob", "/ignore @bob")
    assert bob.lines() == ["ada (private): psst"]
    whois, _, ignored = ada.lines()
    assert whois == "* bob has no account, and is in #lobby."
    assert ignored == "* You ignore bob."


def test_a_message_to_somebody_away_says_so() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    bob.send("/away lunch")
    assert bob.lines() == ["* You are away: lunch"]
    assert ada.lines() == ["* bob is away: lunch"]
    ada.send("/msg bob hungry?", "/who")
    assert ada.lines() == ["* bob is away: lunch", "* In #lobby: ada, bob (away: lunch)"]
    bob.send("/away")
    assert ada.lines() == ["* bob is back."]


def test_others_are_told_of_being_away_only_if_it_changes() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    bob.send("/away", "/away lunch", "/away lunch")
    assert bob.lines() == ["* You are back.", "* You are away: lunch", "* You are away: lunch"]
    assert ada.lines() == ["* bob is away: lunch"]


@pytest.mark.parametrize("character", ["\u2800", "\u3164\u200d", "\ufe0f", "\u0301", "\U000e0100"])
def test_what_nobody_could_see_is_not_said(character: str) -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    for command in ("", "/me ", "/msg bob ", "/topic ", "/away "):
        ada.send(f"{command}{character}{character}")
        assert ada.lines() == ["! There is nothing to say in that."], command
    assert bob.lines() == []
    ada.send("/who")
    assert ada.lines() == ["* In #lobby: ada, bob"]
    program = box.json("eve")
    program.ask(type="away", text=character)
    assert [event["code"] for event in program.objects()] == ["empty"]


def test_renaming() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    ada.send("/nick lovelace", "hi")
    assert ada.lines() == ["* You are now known as lovelace."]
    assert bob.lines() == ["* ada is now known as lovelace.", "lovelace: hi"]
    box.text("ada")
    bob.received()
    ada.send("/nick Lovelace")
    assert bob.lines() == ["* lovelace is now known as Lovelace."]


def test_topics() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    ada.send("/topic", "/topic tea \x07time", "/topic")
    assert ada.lines() == [
        "* #lobby has no topic.",
        "* ada set the topic of #lobby to: tea time",
        "* The topic of #lobby is: tea time",
    ]
    cy = box.connect()
    cy.send("cy")
    assert cy.lines()[2] == "* The topic of #lobby is: tea time"
    bob.send("/topic -")
    assert bob.lines()[-1] == "* bob cleared the topic of #lobby."


def test_ignoring() -> None:
    box = Box()
    ada, bob, cy = box.text("ada"), box.text("bob"), box.text("cy")
    ada.send("/ignore bob")
    assert ada.lines()[-1] == "* You ignore bob."
    bob.send("spam", "/msg ada spam", "/me spams")
    cy.send("hello")
    assert ada.lines() == ["cy: hello"]
    ada.send("/history")
    ada.send("/ignore bob")
    assert ada.lines() == ["* Earlier in #lobby:", f"[{LOCAL}] cy: hello", "* End of history.", "* You ignore nobody."]
    bob.send("better?")
    assert ada.lines() == ["bob: better?"]


def test_history() -> None:
    ada = Box().text("ada")
    ada.send("/history", "one", "two", "three", "/history 2")
    assert ada.lines() == [
        "* Nothing was said in #lobby yet.",
        "* Earlier in #lobby:",
        f"[{LOCAL}] ada: two",
        f"[{LOCAL}] ada: three",
        "* End of history.",
    ]


def test_history_of_a_time() -> None:
    box = Box()
    ada = box.text("ada")
    ada.send("one")
    box.clock.advance(3600)
    ada.send("two")
    box.clock.advance(86_400)
    first, second, now = (datetime.fromtimestamp(START + seconds).astimezone() for seconds in (0, 3_600, 90_000))
    ada.send(f"/history since {second:%Y-%m-%d %H:%M}", f"/history since {now:%H:%M}", "/history 2020-02-29")
    assert ada.lines() == [
        "* Earlier in #lobby:",
        f"[{second:%Y-%m-%d %H:%M}] ada: two",
        "* End of history.",
        "* Nothing was said in #lobby then.",
        "* Nothing was said in #lobby then.",
    ]
    ada.send(f"/history {first:%Y-%m-%d}")
    assert ada.lines()[1] == f"[{first:%Y-%m-%d %H:%M}] ada: one"


def test_a_long_time_is_read_piece_by_piece() -> None:
    box = Box()
    ada = box.text("ada")
    for number in range(250):
        ada.send(str(number))
        box.clock.advance(1)
    ada.send("/history since 2026-01-01")
    page = ada.lines()
    last = datetime.fromtimestamp(START + 199).astimezone()
    assert page[200:] == [
        f"[{last:%Y-%m-%d %H:%M}] ada: 199",
        "* There is more: /history after 200",
    ]
    ada.send(page[-1].removeprefix("* There is more: "))
    rest = ada.lines()
    assert rest[1].endswith("ada: 200")
    assert rest[-2].endswith("ada: 249")
    assert rest[-1] == "* End of history."


def read_on(client: Client, line: str) -> list[str]:
    """What is shown to who types *line* and then does as told where there is more, without times."""
    shown: list[str] = []
    for _ in range(10):
        client.send(line)
        first, *page, last = client.lines()
        assert first == "* Earlier in #lobby:"
        shown += [said.partition("] ")[2] for said in page]
        if last == "* End of history.":
            return shown
        line = last.removeprefix("* There is more: ")
    raise AssertionError(f"it leads in a circle: {line}")


def test_each_of_many_lines_of_one_second_is_shown_once() -> None:
    box = Box()
    ada = box.text("ada")
    ada.send("yesterday")
    box.clock.advance(86_400)
    for number in range(1, 451):
        ada.send(str(number))
    box.clock.advance(86_400)
    ada.send("tomorrow")
    days = [datetime.fromtimestamp(START + day * 86_400).astimezone() for day in (1, 2)]
    lines = [f"ada: {number}" for number in range(1, 451)]
    assert read_on(ada, f"/history {days[0]:%Y-%m-%d}") == lines
    assert read_on(ada, f"/history since {days[0]:%Y-%m-%d}") == [*lines, "ada: tomorrow"]
    assert read_on(ada, "/history after 1") == [*lines, "ada: tomorrow"]
    assert read_on(ada, "/history 10 after 440") == [*lines[439:], "ada: tomorrow"]
    assert read_on(ada, "/history after 440 before 444") == lines[439:442]
    backwards = read_on(ada, "/history before 452")
    assert backwards == [*lines[250:], *lines[50:250], "ada: yesterday", *lines[:50]]
    ada.send("/history after 452", "/history before 1")
    assert ada.lines() == ["* Nothing was said in #lobby then."] * 2


def test_who_takes_a_name_that_they_ignore_is_shown_what_they_say() -> None:
    box = Box(limits=Limits(rate=None))
    bob = box.json("bob")
    bob.ask(type="ignore", name="ada", on=True)
    bob.ask(type="nick", name="ada")
    bob.objects()
    bob.ask(type="say", room="lobby", text="hello", tag="t")
    assert [event["tag"] for event in bob.objects()] == ["t"]
    bob.ask(type="history", room="lobby")
    assert [message["text"] for message in bob.objects()[0]["messages"]] == ["hello"]


def test_who_ignores_many_lines_reads_on_behind_them() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.send("/ignore bob", "first tea")
    bob.send(*(f"tea {number}" for number in range(250)))
    ada.send("last tea")
    ada.received()
    assert read_on(ada, "/history after 0") == ["ada: first tea", "ada: last tea"]
    assert read_on(ada, "/history after 1") == ["ada: last tea"]
    ada.send("/search before:252 tea")
    assert ada.lines() == ["* Found, the newest first:", "* For older ones: /search before:232 tea"]
    program = box.json("bot")
    program.ask(type="ignore", name="bob")
    program.ask(type="history", room="lobby", after=1)
    program.ask(type="history", room="lobby", before=252)
    _, forward, backward = program.objects()
    assert (forward["messages"], forward["more"], forward["next"], forward["after"]) == ([], True, 21, 1)
    assert (backward["messages"], backward["more"], backward["next"], backward["before"]) == ([], True, 232, 252)


def test_mentions() -> None:
    box = Box()
    bob, ada = box.text("bob"), box.text("ada")
    bob.send("ada: you are here", "/msg ada only ada sees this")
    ada.send("exit")
    bob.send("where is Ada?", "ada-2 is not ADA.b", "adamant", "/join dev", "/me asks for ada again")
    ada = box.text("ada")
    ada.send("I am ada", "/mentions")
    assert ada.lines() == [
        "* You were named, the newest first:",
        f"[{LOCAL}] #6 #dev ~ bob asks for ada again",
        f"[{LOCAL}] #3 #lobby bob: where is Ada?",
        "* /history around 6 shows what was said then.",
        "* That is all.",
    ]
    ada.send("/mentions 6")
    assert ada.lines()[1] == f"[{LOCAL}] #3 #lobby bob: where is Ada?"
    bob.send("/nick rob", "/mentions")
    assert bob.lines()[-1] == "* Nobody has named you since you were last here."


def test_a_name_that_was_given_up_was_last_here_then() -> None:
    box = Box()
    bob, ada = box.text("bob"), box.text("ada")
    bob.send("ada?")
    ada.send("/nick lovelace")
    bob.send("ada!")
    ada.send("/nick ada")
    ada.received()
    ada.send("/mentions")
    way = "* /history around 2 shows what was said then."
    assert ada.lines()[1:] == [f"[{LOCAL}] #2 #lobby bob: ada!", way, "* That is all."]


def test_a_name_of_which_nothing_is_remembered_was_last_here_when_it_spoke() -> None:
    box = Box(limits=Limits(rate=None, departed=0))
    bob, ada = box.text("bob"), box.text("ada")
    bob.send("ada: before")
    ada.send("hello", "exit")
    bob.send(*(f"ada: {number}" for number in range(21)))
    ada = box.text("ada")
    ada.send("hello again", "/mentions")
    answer = ada.lines()
    assert len(answer) == 23
    assert answer[-1] == "* For older ones: /mentions 4"
    ada.send("/mentions 4")
    way = "* /history around 3 shows what was said then."
    assert ada.lines()[1:] == [f"[{LOCAL}] #3 #lobby bob: ada: 0", way, "* That is all."]


def test_search() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    bob.send("green tea", "/join dev", "/me makes Tea")
    ada.received()
    ada.send("/search TEA", "/search coffee", '/search "green tea" author:bob', "/search ?")
    assert ada.lines() == [
        "* Found, the newest first:",
        f"[{LOCAL}] #2 #dev ~ bob makes Tea",
        f"[{LOCAL}] #1 #lobby bob: green tea",
        "* /history around 2 shows what was said then.",
        "* That is all.",
        "* Nothing was found.",
        "* Found, the newest first:",
        f"[{LOCAL}] #1 #lobby bob: green tea",
        "* /history around 1 shows what was said then.",
        "* That is all.",
        '! There is nothing to look for in that. Try: /search tea "hot water" author:ada room:#dev',
    ]


def test_what_was_found_is_read_in_its_place() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    bob.send("/join dev", "before", "green tea", "after", "/msg ada in private", "/msg bob to myself")
    ada.send("/search tea")
    (way,) = [line for line in ada.lines() if "/history around" in line]
    assert way == "* /history around 2 shows what was said then."
    ada.send("/history around 2", "/history 2 around 3", "/history around 4")
    assert [line.partition("] ")[2] or line for line in ada.lines()] == [
        *("* Earlier in #dev:", "bob: before", "bob: green tea", "bob: after", "* End of history."),
        *("* Earlier in #dev:", "bob: green tea", "bob: after", "* There is more: /history around 2"),
        *("* Earlier in private with bob:", "bob: in private", "* End of history."),
    ]
    bob.received()
    bob.send("/history around 4", "/history around 5")
    assert [line.partition("] ")[2] or line for line in bob.lines()] == [
        *("* Earlier in private with ada:", "bob: in private", "* End of history."),
        *("* Earlier in private with bob:", "bob: to myself", "* End of history."),
    ]


def test_what_may_not_be_read_is_not_read_by_its_number() -> None:
    box = Box(limits=Limits(rate=None, plain_passwords=True))
    ada, bob, eve = box.text("ada"), box.text("bob"), box.text("eve")
    bob.send("/register correct horse battery", "/join dev", "/room private", "secret tea", "/msg ada psst")
    eve.send("in the lobby")
    eve.received()
    eve.send("/history around 1", "/history around 2", "/history around 99")
    assert [line.partition("] ")[2] or line for line in eve.lines()] == 3 * [
        *("* Earlier in #lobby:", "eve: in the lobby", "* End of history."),
    ]
    assert "secret tea" not in ada.received()


def test_a_search_goes_on_where_it_ended() -> None:
    ada = Box().text("ada")
    ada.send(*(f"tea {number}" for number in range(1, 31)), "/search tea author:ada")
    answer = ada.lines()
    assert answer[1] == f"[{LOCAL}] #30 #lobby ada: tea 30"
    assert len(answer) == 23
    assert answer[-1] == "* For older ones: /search before:11 tea author:ada"
    ada.send(answer[-1].removeprefix("* For older ones: "))
    assert ada.lines()[1::9] == [f"[{LOCAL}] #10 #lobby ada: tea 10", f"[{LOCAL}] #1 #lobby ada: tea 1"]


def test_whom_one_ignores_is_not_found() -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    bob.send("tea")
    ada.send("/ignore bob")
    ada.received()
    ada.send("/search tea")
    assert ada.lines() == ["* Nothing was found."]


def test_telnet_interrupt_leaves_and_options_are_refused() -> None:
    box = Box()
    user = box.connect()
    user.received()
    user.send_bytes(b"\xff\xfb\x18\xff\xfd\x01ada\r\nhi\r\n\xff\xf4\xff\xfd\x06")
    raw = user.socket.value()
    assert raw.startswith(b"* Hi. Type your name and press Enter.\r\n\xff\xfe\x18\xff\xfc\x01")
    assert raw.endswith(b"* Goodbye.\r\n")
    assert [message.text for message in box.stored] == ["hi"]


def test_a_flood_is_slowed_and_not_lost() -> None:
    box = Box(limits=Limits())
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    bob.send(*(str(number) for number in range(30)))
    assert len(ada.lines()) == 20
    assert bob.socket.producerState == "paused"
    box.clock.advance(0.25)
    box.turn()
    assert ada.lines() == ["bob: 20"]
    for _ in range(40):
        box.clock.advance(0.25)
    assert [int(line.removeprefix("bob: ")) for line in ada.lines()] == list(range(21, 30))
    assert bob.socket.producerState == "producing"


def test_the_server_takes_only_so_many() -> None:
    box = Box(limits=Limits(connections=1, rate=None))
    box.text("ada")
    late = box.connect()
    assert late.lines() == ["! The server is full. Try again later.", "* Goodbye."]
    assert late.socket.half_closed
