"""What changes of messages make of the lines on a screen. Each may come twice, and then changes nothing more."""

from __future__ import annotations

from dataclasses import replace

from chat.client.model.scrollback import Line, LineKind, Quote, Scrollback
from chat.core.events import AnyChange, Deleted, Edited, Message, Pinned, Reacted, Reaction
from chat.core.text import quoted


def apply(lines: Scrollback, change: AnyChange, mine: bool) -> Line | None:
    """Bring *lines* up to date with a *change*, which the user made if it is *mine*.

    Return the message as it is now, if it is there.
    """
    serial = lines.find(change.id)
    if isinstance(change, Edited | Deleted):
        # Any line may quote the message, or tell of it.
        lines.change(range(lines.first, lines.end), lambda line: changed(line, change, mine))
    elif serial is not None:
        lines.change((serial,), lambda line: changed(line, change, mine))
    return None if serial is None else lines[serial]


def changed(line: Line, change: AnyChange, mine: bool) -> Line:
    """Return *line* as it is after a *change* of its message, or of the one that it answers or tells of."""
    if line.reply is not None and line.reply.id == change.id:
        line = _requoted(line, line.reply, change)
    if line.about == change.id and isinstance(change, Deleted):
        return Line(line.kind, line.time, f"{change.by} deleted this.")
    if line.id != change.id or not line.is_message:
        return line
    match change:
        case Edited(text=text):
            return replace(line, text=text + line.link, edited=True)
        case Deleted(by=by):
            return Line(LineKind.NOTICE, line.time, f"{by} deleted this.", mine=line.mine, id=line.id)
        case Reacted():
            return replace(line, reactions=_reactions(line.reactions, change, mine))
        case Pinned(on=on):
            return replace(line, pinned=on)


def quote(message: Message) -> Quote | None:
    """Return what *message* answers; ``None`` if it answers none, or one that is gone."""
    if message.re is None or message.re_author is None:
        return None
    return Quote(message.re, message.re_author, message.re_text or "")


def _requoted(line: Line, reply: Quote, change: AnyChange) -> Line:
    match change:
        case Deleted():
            return replace(line, reply=None)
        case Edited(text=text):
            return replace(line, reply=replace(reply, text=quoted(text)))
    return line


def _reactions(before: tuple[Reaction, ...], change: Reacted, mine: bool) -> tuple[Reaction, ...]:
    was = next((one for one in before if one.text == change.text), None)
    is_mine = change.on if mine else was is not None and was.mine
    now = Reaction(text=change.text, count=change.count, mine=is_mine)
    if change.count < 1:
        return tuple(one for one in before if one is not was)
    if was is None:
        return (*before, now)
    return tuple(now if one is was else one for one in before)
