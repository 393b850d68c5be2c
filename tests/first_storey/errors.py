"""Refusals: each class is a ``code`` of the wire, and its docstring says when it is used."""

from __future__ import annotations

from typing import ClassVar


class ChatError(Exception):
    """A request is refused; the message of the exception is the sentence that the user reads."""

    code: ClassVar[str]


class BadField(ChatError):
    """A field is missing or of the wrong type."""

    code = "bad-field"
