"""Lines as they are, with nothing around them."""

from __future__ import annotations

from chat.client.scrollback import Kind, Line


def bare(line: Line) -> str:
    """Write a line as the text dialect does."""
    match line.kind:
        case Kind.SAY:
            return f"{line.author}{' (private)' if line.private else ''}: {line.text}"
        case Kind.ACTION:
            return f"~ {'(private) ' if line.private else ''}{line.author} {line.text}"
        case Kind.NOTICE:
            return f"* {line.text}"
        case Kind.REFUSAL:
            return f"! {line.text}"
        case Kind.DAY:
            return f"-- {line.text} --"
