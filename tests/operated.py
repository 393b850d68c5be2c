"""A chat in memory with an audit record, and accounts, for tests of what its operator decides."""

from __future__ import annotations

from typing import Any

from box import Box, Client
from twisted.internet.defer import Deferred, succeed

from chat.core.accounts import Role
from chat.core.facts import Decision
from chat.core.limits import Limits
from chat.history.memory import MemoryStore
from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105
HASH = hash_password(PASSWORD)
LIMITS = Limits(rate=None, plain_passwords=True)


class Recorded(MemoryStore):
    """A history with an audit record."""

    def __init__(self) -> None:
        super().__init__()
        self.record: list[Decision] = []

    def append(self, records: Any) -> Deferred[None]:
        self.record += [record for record in records if isinstance(record, Decision)]
        return super().append(records)

    def audit(self, after: int, count: int) -> Deferred[Any]:
        return succeed(list(enumerate(self.record, 1))[after : after + count])


def make_box(bob: Role = Role.USER, **options: Any) -> Box:
    """A chat in which ada, an owner, and bob have accounts."""
    box = Box(limits=LIMITS, **options)
    box.make_account("ada", HASH, Role.OWNER)
    box.make_account("bob", HASH, bob)
    box.turn()
    return box


def come(box: Box, name: str, password: str | None = PASSWORD, **fields: Any) -> Client:
    """A program that says hello."""
    client = box.connect()
    if password is not None:
        fields["password"] = password
    client.ask(type="hello", name=name, **fields)
    return client
