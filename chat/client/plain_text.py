"""Lines as plain text."""

from __future__ import annotations

from chat.client.scrollback import Line, LineKind


def plain_text(line: Line) -> str:
    """Write a line as the text dialect does."""
    match line.kind:
        case LineKind.SAY:
            return f"{line.author}{' (private)' if line.private else ''}: {line.text}"
        case LineKind.ACTION:
            return f"~ {'(private) ' if line.private else ''}{line.author} {line.text}"
        case LineKind.NOTICE:
            return f"* {line.text}"
        case LineKind.REFUSAL:
            return f"! {line.text}"
        case LineKind.DAY:
            return f"-- {line.text} --"
