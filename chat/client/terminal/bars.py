"""The words around the messages: topic, status and prompt, cut to the width of the screen."""

from __future__ import annotations

from collections.abc import Sequence

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth

from chat.client.link.states import Online, Refused, Waiting
from chat.client.model import status
from chat.client.model.apart import Apart, Glance, Listing, Unread
from chat.client.model.model import Model
from chat.client.model.room import Room
from chat.client.terminal.widths import cells, displayed, shorten, wrap


def topic_bar(room: Room, width: int) -> StyleAndTextTuples:
    """Return the bar with the room and its topic, or with the partner of a private conversation."""
    topic = status.topic(room)
    title = status.title(room)
    text = f" {title}: {topic}" if topic else f" {title}"
    return _cut([("class:bar", displayed(text))], width)


def status_bar(model: Model, address: str, unsent: int, width: int) -> StyleAndTextTuples:
    """Return the bar with connection, people, lag and rooms, or why there is no connection.

    Of what does not fit, the least important is left out.
    """
    style = "class:bar" if isinstance(model.state, Online) else "class:bar.alert"
    connection, why = status.connection(model.state, address), displayed(status.why(model.state))
    hint = "/reconnect tries now" if isinstance(model.state, Waiting | Refused) else ""
    waiting = f"{unsent} unsent" if unsent else ""
    people = status.people(model.current)
    lag = status.lag(model)
    all_rooms = [_room(number, room, model.current) for number, room in enumerate(model.rooms, 1)]
    calling = [room for room in all_rooms if room[2]]
    bar: StyleAndTextTuples = []
    for details, rooms in (
        ((waiting, why, hint, people, lag), all_rooms),
        ((waiting, why, hint, people), all_rooms),
        ((waiting, why, hint), all_rooms),
        ((waiting, why, hint, "" if why else people), calling),
        ((waiting, why, hint), calling),
        ((waiting, why), calling),
        ((why and waiting, why), calling),
    ):
        bar = [(style, f" {connection} ")]
        bar += [("class:bar", f"· {detail} ") for detail in details if detail]
        bar += [part for room_style, text, _ in rooms for part in (("class:bar", " "), (room_style, text))]
        if _cells(bar) <= width:
            break
    return _cut(bar, width)


def prompt(model: Model, width: int) -> StyleAndTextTuples:
    """Return the prompt: the user's name and the room to which a line goes, or what the user is asked for."""
    question = status.question(model.state)
    text = displayed(question or status.place(model))
    return [("class:prompt", shorten(text, max(width // 2, 8))), ("class:prompt.mark", ": " if question else "> ")]


def search_prompt(title: str, width: int) -> StyleAndTextTuples:
    """Return the prompt while the user types what to find among the lines that are shown."""
    text = shorten(f"Search {displayed(title)}".rstrip(), max(width // 2, 8))
    return [("class:prompt", text), ("class:prompt.mark", ": ")]


def hint(text: str, width: int) -> StyleAndTextTuples:
    """Return the rows of a hint."""
    text = displayed(text)
    return [("class:hint", "\n".join(text[start:end].rstrip() for start, end in wrap(text, width, width)))]


def offers(texts: Sequence[str], current: int, width: int) -> StyleAndTextTuples:
    """Return the row of what Tab offers: as much as fits, with the *current* one in it."""
    first, left = 0, width
    for index, text in enumerate(texts):
        left -= cells(text) + 2
        if left < 0:
            if index > current:
                break
            first, left = index, width - cells(text) - 2
    row: StyleAndTextTuples = []
    for index, text in enumerate(texts[first:], first):
        row += [("class:offer.current" if index == current else "class:offer", text), ("", "  ")]
    return row


def more_below(lines: int, width: int) -> StyleAndTextTuples:
    """Return the row that says how many newer lines are hidden."""
    counted = "1 line" if lines == 1 else f"{lines} lines"
    return [("class:more", shorten(f" ↓ {counted} more below (PageDown, or Alt-End)", width))]


def apart(view: Apart, lowest: int, width: int) -> StyleAndTextTuples:
    """Return the row below what is shown over the room: what it is, and how to come back.

    *lowest* is the serial number of the lowest line that is visible.
    """
    title = displayed(view.title)
    match view:
        case Glance():
            text = f"A look at {title} (PageUp, PageDown; Enter goes there, Esc comes back)"
        case Unread():
            more = view.lines.end - 1 - lowest
            room = view.room(lowest)
            where = displayed(room.title) if room is not None else ""
            counted = f"↓ {more} more below (Alt-R reads on" if more else "this is the end (Alt-R comes back"
            text = f"Unread in {where}: {counted}, Esc leaves the rest unread)"
        case Listing() if view.chosen is not None:
            text = "Up and Down choose, Enter goes there, Esc closes this"
        case Listing():
            text = "Esc closes this"
        case _:
            text = f"{title} as it was then (PageUp, PageDown; Enter goes there, Esc comes back)"
    return [("class:more", shorten(f" {text}", width))]


def _room(number: int, room: Room, current: Room) -> tuple[str, str, bool]:
    """A room in the status bar: style, text, and whether there is something unread."""
    text = f"{number}:{displayed(room.title)}"
    if room is current:
        return "class:bar.current", text, False
    if room.calls:
        return "class:bar.call", f"{text}({room.unread_words}!)", True
    if room.unread:
        return "class:bar.unread", f"{text}({room.unread_words})", True
    return "class:bar", text, False


def _cells(parts: StyleAndTextTuples) -> int:
    return sum(cells(part[1]) for part in parts)


def _cut(parts: StyleAndTextTuples, width: int) -> StyleAndTextTuples:
    """Cut or fill *parts* to *width* cells, also where a terminal draws them on the fewest."""
    fitted: StyleAndTextTuples = []
    left = fill = width
    for style, text, *_ in parts:
        text = shorten(text, left)
        fitted.append((style, text))
        left -= cells(text)
        fill -= get_cwidth(text)
    return [*fitted, ("class:bar", " " * fill)]
