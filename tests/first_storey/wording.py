"""Events in words, as people read them in every client."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from first_storey import events
from first_storey.text import enumerate_words

MOST_NAMES = 10
"""The names that are listed one by one; of more others their number is given."""

NAMES_IN_A_LINE = 40
"""The names that are listed in a line of ``/who``."""


def presence(name: str, room: str, users: Collection[str]) -> str:
    """Say where *name* is and with whom: ``You are ada, in #lobby with bob and cy.``"""
    if len(users) > MOST_NAMES + 1:
        return f"You are {name}, in #{room} with {len(users) - 1} others."
    others = sorted((user for user in users if user != name), key=str.casefold)
    if not others:
        return f"You are {name}, alone in #{room}."
    return f"You are {name}, in #{room} with {enumerate_words(others)}."


def message(event: events.Message) -> str:
    """Write a message as a line: ``ada: hello``, ``~ ada waves``, ``ada (private): psst``."""
    if event.kind == "action":
        return f"~ (private) {event.author} {event.text}" if event.to else f"~ {event.author} {event.text}"
    return f"{event.author} (private): {event.text}" if event.to else f"{event.author}: {event.text}"


def local_time(time: str) -> datetime:
    """Read a time of the wire, in the time zone of this machine."""
    return datetime.fromisoformat(time).astimezone()


def past(event: events.History | events.Found, local: Callable[[str], datetime]) -> tuple[str, list[str], str]:
    """Write messages of the past: a sentence before, the messages, and a sentence behind, where there are any.

    *local* reads a time of the wire. What was found is written as ``[2026-11-21 09:15] #17 #dev bob: morning``.
    """
    before, nothing, behind = _frame(event, local)
    if not event.messages:
        return nothing, [], ""
    found = isinstance(event, events.Found)
    lines = [
        f"[{local(m.time):%Y-%m-%d %H:%M}] {f'#{m.id} #{m.room} ' if found else ''}{message(m)}" for m in event.messages
    ]
    return before, lines, behind


def _frame(event: events.History | events.Found, local: Callable[[str], datetime]) -> tuple[str, str, str]:
    """What stands before messages of the past, in their place where there are none, and behind them."""
    last = event.messages[-1] if event.more and event.messages else None
    match event:
        case events.Found(text=None):
            older = f"For older ones: /mentions {last.id}" if last else "That is all."
            return "You were named, the newest first:", "Nobody has named you since you were last here.", older
        case events.Found():
            older = f"For older ones: /search before:{last.id} {event.text}" if last else "That is all."
            return "Found, the newest first:", "Nothing was found.", older
        case events.History(since=None):
            return f"Earlier in #{event.room}:", f"Nothing was said in #{event.room} yet.", "End of history."
        case _:
            more = f"There is more: /history since {local(last.time):%Y-%m-%d %H:%M:%S}" if last else "End of history."
            return f"Earlier in #{event.room}:", f"Nothing was said in #{event.room} then.", more


def notice(event: events.Event) -> list[str]:
    """Write any event but a message or a refusal as sentences, one a line."""
    return _SENTENCES[type(event)](event)


def _renamed(event: events.Renamed) -> list[str]:
    return [
        f"You are now known as {event.new}." if event.room is None else f"{event.name} is now known as {event.new}."
    ]


def _topic(event: events.Topic) -> list[str]:
    if event.name is None:
        return [f"The topic of #{event.room} is: {event.topic}" if event.topic else f"#{event.room} has no topic."]
    if not event.topic:
        return [f"{event.name} cleared the topic of #{event.room}."]
    return [f"{event.name} set the topic of #{event.room} to: {event.topic}"]


def _away(event: events.Away) -> list[str]:
    who = "You are" if event.room is None else f"{event.name} is"
    if event.text is None:
        return [f"{who} back."]
    return [f"{who} away: {event.text}" if event.text else f"{who} away."]


def _missed(event: events.Missed) -> list[str]:
    messages = "1 message" if event.count == 1 else f"{event.count} messages"
    if event.room is None:
        return [f"You missed {messages} said to you in private."]
    return [f"You missed {messages} in #{event.room}. Type /history to read them."]


def _who(event: events.Who) -> list[str]:
    if not event.users:
        return [f"Nobody is in #{event.room}."]
    ops = set(event.ops)
    names = [_described(name, name in ops, event.away.get(name)) for name in sorted(event.users, key=str.casefold)]
    lines = [", ".join(names[start : start + NAMES_IN_A_LINE]) for start in range(0, len(names), NAMES_IN_A_LINE)]
    return [f"In #{event.room}: {line}" for line in lines]


def _described(name: str, op: bool, away: str | None) -> str:
    """Write who somebody is: ``ada (op, away: tea)``."""
    facts = ["op"] * op + ([] if away is None else [f"away: {away}" if away else "away"])
    return f"{name} ({', '.join(facts)})" if facts else name


def _rooms(event: events.Rooms) -> list[str]:
    return [
        f"#{room.room}, {'1 user' if room.users == 1 else f'{room.users} users'}"
        + (f": {room.topic}" if room.topic else "")
        for room in event.rooms
    ]


def _ignored(event: events.Ignored) -> list[str]:
    return [f"You ignore {enumerate_words(event.names)}." if event.names else "You ignore nobody."]


def _help(event: events.Help) -> list[str]:
    return [f"{command.usage} - {command.summary}" for command in event.commands]


def _left(event: events.Left) -> list[str]:
    if event.by is None:
        return [f"{event.name} left."]
    return [f"{event.name} was kicked out by {event.by}{f': {event.text}' if event.text else '.'}"]


_RULES = {
    ("op", True): "{by} made {name} an op.",
    ("op", False): "{by} took back that {name} is an op.",
    ("mute", True): "{by} muted {name} {text}",
    ("mute", False): "{by} lets {name} speak again.",
    ("invite", True): "{by} invited {name}.",
    ("private", True): "{by} made the room private: only who is invited comes in.",
    ("private", False): "{by} opened the room to everybody.",
    ("lock", True): "{by} locked the topic: only ops set it.",
    ("lock", False): "{by} unlocked the topic.",
}


def _rule(event: events.Rule) -> list[str]:
    return [_RULES[event.rule, event.on].format(by=event.by, name=event.name, text=event.text)]


def _bans(event: events.Bans) -> list[str]:
    if not event.bans:
        return ["Nobody is banned."]
    return [
        f"{ban.target}, {f'until {_minute(ban.until)}' if ban.until else 'for ever'}, by {ban.by}"
        + (f": {ban.why}" * bool(ban.why))
        for ban in event.bans
    ]


def _minute(time: str) -> str:
    """Write a time of the wire where the reader is."""
    return f"{local_time(time):%Y-%m-%d %H:%M}"


_SENTENCES: Mapping[type[events.Event], Callable[[Any], list[str]]] = {
    events.Joined: lambda event: [f"{event.name} joined."],
    events.Left: _left,
    events.Rule: _rule,
    events.Deleted: lambda event: [f"{event.by} deleted message {event.id}."],
    events.Read: lambda event: [f"You have read #{event.room} up to message {event.id}."],
    events.Bans: _bans,
    events.Stats: lambda event: [f"{name}: {value:g}" for name, value in event.figures.items()],
    events.Renamed: _renamed,
    events.Topic: _topic,
    events.Away: _away,
    events.Missed: _missed,
    events.Welcome: lambda event: [f"You are {event.name}."],
    events.RoomState: lambda event: [f"You are in #{event.room}."],
    events.Who: _who,
    events.Rooms: _rooms,
    events.Ignored: _ignored,
    events.Help: _help,
    events.Notice: lambda event: [event.text],
    events.Ping: lambda event: [],
    events.Pong: lambda event: ["Pong."],
    events.Goodbye: lambda event: [event.text],
}
