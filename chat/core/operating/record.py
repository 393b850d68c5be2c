"""What the operator learns of the chat itself: what was decided, and how it is doing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chat.core.bans import ACCOUNT
from chat.core.errors import BadField
from chat.core.facts import Decision
from chat.core.hub import Hub
from chat.core.operating.request import PAGE, Command, Operator, Request, Topic, show_page
from chat.core.ports import AuditPage
from chat.core.times import second

ACTIONS = (
    "account", "announce to", "archived", "backup", "ban", "close", "delete", "delete room", "disconnect", "erase",
    "founder", "hook", "invitation by", "invite", "kick", "lock", "logout", "members", "mute", "no archived", "no ban",
    "no founder", "no invite", "no lock", "no members", "no mute", "no op", "no private", "no slow", "op", "open",
    "password", "private", "register", "rename", "restore", "role moderator", "role owner", "role user", "slow",
    "unban", "unhook", "unregister",
)  # fmt: skip
"""All that can be decided, as the record calls it."""

FILTERS = ("by", "about", "what", "room", "since", "until")
"""The options of the audit record: by whom and about whom something was decided, what, in which room, and when."""


class DecisionLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of the audit record."""

    time: str
    by: str
    action: str
    target: str
    room: str | None = None
    why: str = ""

    def __str__(self) -> str:
        where = f" in #{self.room}" if self.room else ""
        why = f": {self.why}" if self.why else ""
        return f"{second(self.time)} {self.by}: {self.action} {self.target}{where}{why}"


class Figure(msgspec.Struct, frozen=True):
    """A figure about the chat."""

    name: str
    value: float

    def __str__(self) -> str:
        return f"{self.name}: {self.value:g}"


def _list_decisions(hub: Hub, session: Operator, request: Request) -> None:
    if not (request.after or "0").isdecimal() or len(request.after) > 18:
        raise BadField(f"No list goes on after {request.after[:64]!r}. Ask for it from its beginning.")
    what = request.options.get("what", "")
    if not any(_is_called(action, what) for action in ACTIONS):
        raise BadField(f"Nothing that is decided is called {what[:40]}. There are: {', '.join(ACTIONS)}.")

    def found(decisions: Sequence[tuple[int, Decision]]) -> None:
        more = str(decisions[PAGE - 1][0]) if len(decisions) > PAGE else None
        lines = [
            DecisionLine(one.time, one.by, one.action, one.target, one.room, one.why)
            for _, one in decisions[:PAGE]
            if _is_wanted(one, request.options)
        ]
        show_page(hub, session, request, lines, more)

    hub.ask_in_turn(session, AuditPage(int(request.after or 0), PAGE + 1), found, None)


def _is_wanted(decision: Decision, options: dict[str, str]) -> bool:
    """Tell whether the *options* let a decision through; ``what`` are words of its action."""
    since, until = options.get("since"), options.get("until")
    if (since is not None and decision.time < since) or (until is not None and decision.time >= until):
        return False
    asked = {name: value.casefold() for name, value in options.items()}
    target = decision.target.casefold()
    return (
        asked.get("by", decision.by.casefold()) == decision.by.casefold()
        and asked.get("about", target).removeprefix(ACCOUNT) == target.removeprefix(ACCOUNT)
        and _is_called(decision.action, asked.get("what", ""))
        and asked.get("room", decision.room or "").removeprefix("#") == (decision.room or "")
    )


def _is_called(action: str, what: str) -> bool:
    """Tell whether all words of *what* are in the *action*."""
    return set(what.casefold().split()) <= set(action.split())


def _show_stats(hub: Hub, session: Operator, request: Request) -> None:
    show_page(hub, session, request, [Figure(*one) for one in hub.figures().items()], None)


COMMANDS = (
    Command(
        "audit",
        "prints what ops, moderators and the operator have decided; the options below say which of it",
        _list_decisions,
        Topic.CHAT,
        example="audit --by mo --since 7d",
        options=FILTERS,
        nothing="No decision was found.",
    ),
    Command("stats", "tells how the chat is doing, in numbers", _show_stats, Topic.CHAT, example="stats", live=True),
)
