"""Programs that talk and change what was said, for tests of that."""

from __future__ import annotations

from typing import Any

from box import Box, Client

from chat.core.accounts import Role
from chat.core.limits import Limits
from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105
HASH = hash_password(PASSWORD)
EVERYTHING = {"accept": ["changes", "lines", "conversations"]}
"""What a program accepts that knows all there is."""


def chat_with_accounts() -> Box:
    """A chat with an owner, root, and a registered user, zoe."""
    box = Box(limits=Limits(rate=None, plain_passwords=True))
    box.make_account("root", HASH, Role.OWNER)
    box.make_account("zoe", HASH)
    return box


def program(box: Box, name: str, **fields: Any) -> Client:
    """A program that knows all there is."""
    return box.json(name, **EVERYTHING, **fields)


def answers(client: Client, **request: Any) -> list[dict[str, Any]]:
    """What a program is sent once it has asked for this."""
    client.objects()
    client.ask(**request)
    return client.objects()


def said(client: Client, text: str, room: str = "lobby", **fields: Any) -> int:
    """Say something, and return its id."""
    (message,) = answers(client, type="say", room=room, text=text, **fields)
    assert message["type"] == "message", message
    return int(message["id"])
