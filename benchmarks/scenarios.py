"""The shapes of load that the servers are measured with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MAIN = ("limit", "chat", "memory", "ngircd", "inspircd")
ALL = (*MAIN, "miniircd", "words", "threads")


@dataclass(frozen=True)
class Scenario:
    """One shape of load: the settings of the load generator, and the servers that take part."""

    name: str
    title: str
    load: Mapping[str, float | str]
    servers: Sequence[str]
    quick: bool = False
    """Whether it is part of a quick run."""

    @property
    def connections(self) -> int:
        """How many clients there are."""
        return int(float(self.load["members"]) * float(self.load.get("rooms", 1)))


def _room(members: int, size: int, talkers: int, servers: Sequence[str], *, quick: bool = False) -> Scenario:
    title = f"one room, {members:,} members, {talkers} talkers, {size} bytes"
    load = {"members": members, "talkers": talkers, "size": size}
    return Scenario(f"room-{members}-{size}", title, load, servers, quick)


SCENARIOS = (
    _room(100, 64, 20, ("limit", "chat")),
    _room(200, 64, 20, (*ALL, "quiet"), quick=True),
    _room(200, 512, 20, ("limit", "chat")),
    _room(1_000, 64, 20, (*MAIN, "quiet", "asyncio", "uvloop"), quick=True),
    _room(1_000, 512, 20, ("limit", "chat")),
    _room(2_000, 64, 20, ("limit", "chat")),
    Scenario(
        "storm",
        "5,000 come at once and ask who is there; then they talk, 20 talkers, 64 bytes",
        {"members": 5_000, "talkers": 20, "list": 1},
        ("limit", "chat", "ngircd", "inspircd"),
    ),
    _room(5_000, 512, 20, ("limit", "chat")),
    Scenario(
        "rooms",
        "1,000 rooms of 10; idle, then in each room one message after the other",
        {"members": 10, "rooms": 1_000, "talkers": 1, "window": 1, "idle": 16},
        ("limit", "chat", "memory", "ngircd"),
        quick=True,
    ),
    Scenario(
        "steady",
        "one room, 1,000 members, 50 messages a second",
        {"members": 1_000, "talkers": 20, "rate": 50},
        ("limit", "chat", "ngircd"),
        quick=True,
    ),
    Scenario(
        "all-talk",
        "one room, 1,024 members who all talk, 768 messages a second",
        {"members": 1_024, "talkers": 1_024, "rate": 768},
        ("limit", "chat", "ngircd"),
        quick=True,
    ),
    Scenario(
        "web",
        "programs, or browsers: one room, 1,000 members, 20 talkers, 64 bytes",
        {"members": 1_000, "talkers": 20},
        ("json", "web"),
    ),
    Scenario(
        "stuck",
        "one room, 1,000 members, 20 talkers, 64 bytes, and one who never reads",
        {"members": 1_001, "talkers": 20, "stuck": 1},
        ("limit", "chat", "ngircd"),
        quick=True,
    ),
    Scenario(
        "tls-room",
        "over TLS: one room, 1,000 members, 20 talkers, 64 bytes",
        {"members": 1_000, "talkers": 20},
        ("chat-tls", "ngircd-tls"),
    ),
    Scenario(
        "tls-rooms",
        "over TLS: 200 rooms of 10, in each one message after the other",
        {"members": 10, "rooms": 200, "talkers": 1, "window": 1},
        ("chat-tls", "ngircd-tls"),
    ),
    Scenario(
        "json",
        "one room, 1,000 members that speak JSON, 20 talkers, 64 bytes, with ids and tags",
        {"members": 1_000, "talkers": 20, "dialect": "json"},
        ("chat",),
        quick=True,
    ),
)
