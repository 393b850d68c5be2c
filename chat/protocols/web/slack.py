"""What programs send that speak to Slack's incoming webhooks, as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_MARKED = re.compile(r"<(!date\^[^<>|\n]*|(?:[!@#]|[a-z][a-z\d+.-]*:)[^<>|\s]+)(?:\|([^<>\n]*))?>")
"""An address, a user, a channel or a command, perhaps with how it is shown."""

_CUT = "..."


def text_of(payload: Mapping[str, Any]) -> str:
    """Return what a *payload* says; ``""`` if there is nothing that can be shown.

    Where there are blocks, the text is only what notifications show. Colours and pictures are left out, and buttons
    that lead to no address.
    """
    lines = list(_blocks(payload.get("blocks"))) or [_written(payload.get("text"))]
    for attachment in _mappings(payload.get("attachments")):
        lines += _attachment(attachment)
    return "\n".join(line for line in lines if line.strip())


def cut(text: str, most: int, lines: int) -> str:
    """Return the beginning of a *text* that has more than *most* bytes, or so many *lines*: nobody could shorten it."""
    kept = text.split("\n")
    if len(kept) > lines:
        text = "\n".join([*kept[: lines - 1], _CUT])
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= most:
        return text
    return encoded[: most - len(_CUT)].decode("utf-8", "ignore") + _CUT


def _attachment(attachment: Mapping[str, Any]) -> Iterator[str]:
    yield _written(attachment.get("pretext"))
    yield _written(attachment.get("author_name"))
    title, link = _written(attachment.get("title")), attachment.get("title_link")
    yield _linked(link, title) if isinstance(link, str) and link else title
    yield _written(attachment.get("text"))
    for field in _mappings(attachment.get("fields")):
        yield ": ".join(filter(None, (_written(field.get("title")), _written(field.get("value")))))
    yield from _blocks(attachment.get("blocks"))
    yield from _buttons(attachment.get("actions"))
    if not any(attachment.get(part) for part in ("pretext", "title", "text", "fields", "blocks")):
        yield _written(attachment.get("fallback"))


def _blocks(blocks: object) -> Iterator[str]:
    for block in _mappings(blocks):
        yield from _texts(block.get("text"))
        for part in ("fields", "elements"):
            for text in _mappings(block.get(part)):
                yield from _texts(text)
        yield from _buttons([block.get("accessory")])
        yield from _buttons(block.get("elements"))


def _buttons(buttons: object) -> Iterator[str]:
    """Where buttons lead to: what others do in Slack, nobody can do here."""
    for button in _mappings(buttons):
        link, label = button.get("url"), button.get("text")
        if isinstance(link, str) and link:
            yield _linked(link, " ".join(_texts(label)) or _written(label))


def _texts(text: object) -> Iterator[str]:
    """The text of a text object, which is marked up unless it says that it is plain."""
    if isinstance(text, Mapping) and isinstance(text.get("text"), str):
        yield text["text"] if text.get("type") == "plain_text" else _written(text["text"])


def _written(text: object) -> str:
    """A *text* without the markup that hides something: links are shown with their addresses."""
    if not isinstance(text, str):
        return ""
    shown = _MARKED.sub(lambda found: _mark(found[1], found[2]), text)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _mark(what: str, label: str | None) -> str:
    match what[:1]:
        case "!":
            return label if label and "^" in what else f"@{(label or what[1:].partition('^')[0]).lstrip('@')}"
        case "@" | "#":
            return f"{what[0]}{(label or what[1:]).lstrip(what[0])}"
    return _linked(what, label or "")


def _linked(link: str, label: str) -> str:
    bare = link.removeprefix("mailto:")
    return f"{label} ({bare})" if label and label not in (link, bare) else bare


def _mappings(values: object) -> Sequence[Mapping[str, Any]]:
    return [value for value in values if isinstance(value, Mapping)] if isinstance(values, list) else []
