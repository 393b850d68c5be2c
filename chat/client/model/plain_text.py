"""Lines as plain text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chat.client.link.link import Post
from chat.client.model.scrollback import Line, LineKind
from chat.core.events import AnyChange, Deleted, Edited, Pinned, Reacted
from chat.core.text import in_quotes, quoted


def as_typed(post: Post) -> str | None:
    """Return how the user types again in its room what was said, or edited; ``None`` if the request has no text."""
    if post.type == "edit":
        return f"/edit #{post.fields['id']} {post.fields['text']}"
    if not post.says:
        return None
    text, answered = str(post.fields["text"]), post.fields.get("re")
    if answered is not None:
        return f"/reply #{answered} {text}"
    if post.is_action:
        return f"/me {text}"
    is_like_command = text.startswith("/") and "\n" not in text
    return f"/{text}" if is_like_command else text


def plain_text(line: Line) -> str:
    """Write a line as the text dialect does; it is several lines if its message has several."""
    return "\n".join(plain_lines(line))


def plain_lines(line: Line) -> list[str]:
    """Write a line as the text dialect does. Each line of a message is written as its author's."""
    match line.kind:
        case LineKind.NOTICE:
            return [f"* {line.text}"]
        case LineKind.REFUSAL:
            return [f"! {line.text}"]
        case LineKind.DAY:
            return [f"-- {line.text} --"]
    details = ["private"] if line.private else []
    first, *rest = line.text.split("\n")
    answer = [f"to {line.reply.author}, {in_quotes(line.reply.text)}"] if line.reply is not None else []
    return [_said(line, [*details, *answer], first), *(_said(line, details, text) for text in rest)]


def lines_with_time(line: Line) -> list[str]:
    """Write a line as the text dialect does, with its time, unless it tells the day."""
    time = "" if line.kind is LineKind.DAY else f"{line.time:%H:%M} "
    return [time + text for text in plain_lines(line)]


def _said(line: Line, details: list[str], text: str) -> str:
    among = f"({', '.join(details)}) " if details else ""
    return (
        f"~ {among}{line.author} {text}"
        if line.kind is LineKind.ACTION
        else f"{line.author} {among}".rstrip() + f": {text}"
    )


def change_in_words(change: AnyChange, line: Line | None, local: Callable[[str], datetime]) -> list[str]:
    """Tell how a message was changed; *line* is what it is now, if that is known. *local* reads a time of the wire."""
    match change:
        case Edited():
            return change.words()
        case Deleted():
            return [f"* {change.sentence(local)}"]
        case Reacted() if change.on and line is not None:
            return [f"* {change.by} reacted {change.text} to what {line.author} said: {in_quotes(quoted(line.text))}"]
        case Reacted() | Pinned():
            return []
