"""The accounts by their names, and the rooms that are theirs."""

from __future__ import annotations

from chat.core.account_directory import AccountDirectory
from chat.core.accounts import Account


def make(*names: str) -> tuple[AccountDirectory, list[Account]]:
    """A directory of accounts with these names."""
    directory = AccountDirectory()
    accounts = [Account(number, name) for number, name in enumerate(names, 1)]
    for account in accounts:
        directory.enter(account)
    return directory, accounts


def test_names_that_are_kept_again_end_in_their_time() -> None:
    directory, (ada, bob) = make("ada", "bob")
    directory.rename(ada, "ada2", 10.0)
    directory.rename(bob, "bob2", 20.0)
    directory.enter(ada, directory.drop(ada))
    assert directory.free_names(15.0) == ["ada"]
    assert directory.get("ada") is None
    assert directory.get("bob") is bob


def test_a_name_of_before_that_is_kept_again_because_it_could_not_be_taken_ends_in_its_time() -> None:
    directory, (ada, bob) = make("ada", "bob")
    directory.rename(ada, "ada2", 10.0)
    directory.rename(bob, "bob2", 20.0)
    directory.rename(ada, "ada", 30.0)()
    assert directory.former_names(ada) == ["ada"]
    assert directory.free_names(15.0) == ["ada"]


def test_a_room_that_is_gone_is_taken_from_those_who_have_it_and_from_nobody_else() -> None:
    directory, (ada, bob, cy) = make("ada", "bob", "cy")

    class Untouched(dict[str, None]):
        def __contains__(self, room: object) -> bool:
            raise AssertionError("every account is looked at when a room is gone")

    cy.rooms = Untouched()
    for account in (ada, bob):
        directory.list_room(account, "dev", on=True)
        directory.list_room(account, "tea", on=True)
    assert directory.unlist("dev")
    assert not directory.unlist("dev")
    assert [list(account.rooms) for account in (ada, bob)] == [["tea"]] * 2
    directory.list_room(ada, "tea", on=False)
    directory.drop(bob)
    assert not directory.unlist("tea")
