"""A thousand connections in one room."""

from __future__ import annotations

from e2e.clients import Person, messages
from e2e.daemon import Daemon, DaemonFactory, raise_descriptor_limit

MEMBERS = 1_000
LINES = 20


def test_a_thousand_members_each_hear_every_message_once(start_chat: DaemonFactory) -> None:
    raise_descriptor_limit()
    chat = start_chat("--no-limits", "--no-log-talk")
    members = crowd(chat)
    talker = chat.bot("talker")
    for number in range(LINES):
        talker.request("say", room="lobby", text=f"line {number}")
    talker.request("say", room="lobby", text="end")
    assert [event["text"] for event in messages(talker.catch_up())] == [*(f"line {n}" for n in range(LINES)), "end"]
    expected = [f"talker: line {number}\r\n".encode() for number in range(LINES)]
    for member in members:
        heard = []
        while (line := member.read_line()) != b"talker: end\r\n":
            if line.startswith(b"talker: "):
                heard.append(line)
        assert heard == expected


def crowd(chat: Daemon) -> list[Person]:
    """Bring a thousand people in."""
    members = [chat.stranger() for _ in range(MEMBERS)]
    for number, member in enumerate(members):
        member.type(f"member{number}")
    last = chat.bot("last")
    assert len(last.ask("who", room="lobby")["users"]) == MEMBERS + 1
    return members
