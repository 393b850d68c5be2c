"""How many may connect from one address, and how often."""

from __future__ import annotations

from chat.core import doorkeeper
from chat.core.doorkeeper import Doorkeeper
from chat.core.limits import Limits
from chat.core.peer import Peer

FEW = Limits(connections_each=2, connects_burst=3, connects_rate=0.5)


def code(keeper: Doorkeeper, host: str, now: float = 0) -> str | None:
    """Connect from there; return the code of the refusal."""
    refusal = keeper.enter(Peer.at(host, 1), now)
    return None if refusal is None else refusal.code


def test_so_many_from_one_address_at_once() -> None:
    keeper = Doorkeeper(FEW)
    assert [code(keeper, "192.0.2.1") for _ in range(3)] == [None, None, "too-many-connections"]
    assert code(keeper, "192.0.2.2") is None
    for _ in range(2):
        keeper.leave(Peer.at("192.0.2.1", 9))
    assert code(keeper, "192.0.2.1", now=10) is None


def test_so_many_from_one_address_in_a_time() -> None:
    keeper = Doorkeeper(FEW)
    for _ in range(3):
        assert code(keeper, "192.0.2.1") is None
        keeper.leave(Peer.at("192.0.2.1", 1))
    refusal = keeper.enter(Peer.at("192.0.2.1", 1), 0)
    assert str(refusal) == "Your address connects too often. Try again in 3 seconds."
    keeper.leave(Peer.at("192.0.2.1", 1))
    assert code(keeper, "192.0.2.1", now=6) is None


def test_a_customer_has_a_64_of_ipv6() -> None:
    keeper = Doorkeeper(FEW)
    hosts = ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:1::3", "2001:db8:0:2::1")
    assert [code(keeper, host) for host in hosts] == [None, None, "too-many-connections", None]


def test_an_ipv4_address_is_the_same_by_ipv6() -> None:
    keeper = Doorkeeper(FEW)
    assert [code(keeper, host) for host in ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1")][2] == "too-many-connections"


def test_this_machine_is_not_counted() -> None:
    keeper = Doorkeeper(FEW)
    for peer in (Peer(), Peer.at("127.0.0.1", 1), Peer.at("::1", 1)) * 5:
        assert keeper.enter(peer, 0) is None
    keeper.leave(Peer())
    assert len(keeper) == 0


def test_nobody_is_counted_without_limits() -> None:
    keeper = Doorkeeper(FEW.without_rates())
    assert {code(keeper, "192.0.2.1") for _ in range(100)} == {None}


def test_it_remembers_no_more_than_so_many_addresses_but_all_that_are_connected() -> None:
    keeper = Doorkeeper(FEW)
    code(keeper, "192.0.2.1")
    for number in range(2 * doorkeeper.REMEMBERED):
        address = Peer.at(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 1)
        keeper.enter(address, 0)
        keeper.leave(address)
    assert len(keeper) <= doorkeeper.REMEMBERED + 2
    assert code(keeper, "192.0.2.1") is None
    assert code(keeper, "192.0.2.1") == "too-many-connections"
