"""Who is held for those who may come back."""

from __future__ import annotations

from itertools import count

import pytest

from chat.core.limits import Limits
from chat.core.peer import Peer
from chat.core.session import Session
from chat.core.tokens import Tokens

NUMBERS = count(1)


def lost(*hosts: str) -> list[Session]:
    """Sessions from these addresses."""
    return [Session(next(NUMBERS), Peer.at(host, 7), one_room=False) for host in hosts]


@pytest.mark.parametrize("crowd", ["198.51.100.7", "2001:db8:1:2::7"])
def test_whoever_loses_many_connections_makes_place_for_others(crowd: str) -> None:
    tokens = Tokens(Limits(held=10))
    others = lost("192.0.2.1", "192.0.2.2", "2001:db8:1:3::7")
    many = lost(*[crowd] * 30)
    ended = []
    for session in (*others, *many):
        one = tokens.hold(session)
        if one is not None:
            tokens.release(one)
            ended.append(one)
    assert ended == many[:23]
    assert tokens.held == 10
    assert [tokens.release(session) for session in (*others, *others)] == [True] * 3 + [False] * 3
    assert tokens.held == 7


def test_of_one_each_the_first_makes_place() -> None:
    tokens = Tokens(Limits(held=3))
    sessions = lost(*(f"192.0.2.{number}" for number in range(4)))
    assert [tokens.hold(session) for session in sessions] == [None, None, None, sessions[0]]
