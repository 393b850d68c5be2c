"""The words around the messages: topic, status and prompt, cut to the width of the screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth

from chat.client.link.states import Online, Refused, Waiting
from chat.client.model import status
from chat.client.model.apart import Apart, Glance, Listing, Unread
from chat.client.model.model import Model
from chat.client.model.room import Room
from chat.client.terminal.widths import cells, displayed, shorten, wrap

_BACK = "Enter goes there, Esc comes back"


def topic_bar(room: Room, width: int) -> StyleAndTextTuples:
    """Return the bar with the room and its topic, or with the partner of a private conversation."""
    topic = status.topic(room)
    title = status.title(room)
    text = f" {title}: {topic}" if topic else f" {title}"
    return _cut([("class:bar", displayed(text))], width)


def status_bar(model: Model, address: str, unsent: int, width: int) -> StyleAndTextTuples:
    """Return the bar with connection, people, lag, rooms and time, or why there is no connection.

    Of what does not fit, the least important is left out. The lag and the room on the screen always stay, unless the
    reason why there is no connection takes their place.
    """
    style = "class:bar" if isinstance(model.state, Online) else "class:bar.alert"
    why, lag = displayed(model.why), status.lag(model)
    waiting = f"{unsent} unsent" if unsent else ""
    labels = [displayed(status.label(number, room)) for number, room in enumerate(model.rooms, 1)]
    own = model.rooms.index(model.current)
    clock = f" {model.local_time.local_now():%H:%M} "
    others = sorted(
        (n for n in range(len(labels)) if n != own), key=lambda n: _importance(model.rooms[n], abs(n - own))
    )

    kept = [detail for detail in (waiting, why, "" if why else lag) if detail]
    left = width - sum(map(_detail_cells, kept))
    if not why:
        left -= cells(labels[own]) + 1
    connection = displayed(status.connection(model.state, address))
    connection = connection if why else shorten(connection, max(left - 2, 1))
    left -= cells(connection) + 2

    shown = {own} if not why or cells(labels[own]) < left else set()
    left -= cells(labels[own]) + 1 if why and shown else 0
    hidden = cells(f" +{len(labels)}!") if others else 0
    urgent = [n for n in others if model.rooms[n].is_waiting]
    left = _add(urgent, labels, shown, left, hidden)
    for detail in (_hint(model), clock, "" if why else status.people(model.current)):
        cost = cells(detail) if detail is clock else _detail_cells(detail)
        if detail and cost + (hidden if len(shown) < len(labels) else 0) <= left:
            kept.append(detail)
            left -= cost
    if set(urgent) <= shown:
        left = _add([n for n in others if n not in shown], labels, shown, left, hidden)

    order = (waiting, why, _hint(model), status.people(model.current), lag)
    bar: StyleAndTextTuples = [(style, f" {connection} ")]
    bar += [("class:bar", f"· {detail} ") for detail in order if detail in kept]
    for n in sorted(shown):
        bar += [("class:bar", " "), (_room_style(model.rooms[n], model.current), labels[n])]
    if len(shown) < len(labels) and (shown or not why):
        bar += [("class:bar", " "), _rest([room for n, room in enumerate(model.rooms) if n not in shown])]
    if clock in kept:
        bar += [("class:bar", " " * (width - _cells(bar) - cells(clock))), ("class:bar", clock)]
    return _cut(bar, width)


def _hint(model: Model) -> str:
    return "/reconnect tries now" if isinstance(model.state, Waiting | Refused) else ""


def _importance(room: Room, distance: int) -> tuple[bool, bool, int]:
    """Return what rooms are sorted by of which not all fit: those that call the user first, then those near by."""
    return not room.calls, not room.is_waiting, distance


def _add(places: Iterable[int], labels: Sequence[str], shown: set[int], left: int, hidden: int) -> int:
    """Show the rooms at these *places* as far as they fit into what is *left*; return what is left then.

    *hidden* are the cells that tell how many are not shown, if not all are.
    """
    for place in places:
        is_last = len(shown) == len(labels) - 1
        cost = cells(labels[place]) + 1
        if cost + (0 if is_last else hidden) > left:
            break
        shown.add(place)
        left -= cost
    return left


def _rest(rooms: Sequence[Room]) -> tuple[str, str]:
    """Return style and text that stand for the rooms that do not fit."""
    if any(room.calls for room in rooms):
        return "class:bar.call", f"+{len(rooms)}!"
    return "class:bar.unread" if any(room.is_waiting for room in rooms) else "class:bar", f"+{len(rooms)}"


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

    If that is too long, it has fewer words, and if it still is, the name of the room is cut, and not the keys. *lowest*
    is the serial number of the lowest line that is visible.
    """
    before, place = "", displayed(view.title)
    match view:
        case Glance():
            before, after, brief = "A look at ", f" (PageUp, PageDown; {_BACK})", f" ({_BACK})"
        case Unread():
            more = view.lines.end - 1 - lowest
            room = view.room(lowest)
            before, place = "Unread in ", displayed(room.title) if room is not None else ""
            counted = f"↓ {more} more below (Alt-R reads on" if more else "this is the end (Alt-R comes back"
            after = f": {counted}, Esc leaves the rest unread)"
            brief = f": ↓ {more} more (Alt-R reads on, Esc stops)" if more else ": the end (Alt-R comes back)"
        case Listing():
            choosing = "" if view.chosen is None else "Up and Down choose, Enter goes there, "
            after = brief = f"{choosing}Esc closes this"
        case _:
            after, brief = f" as it was then (PageUp, PageDown; {_BACK})", f" as it was then ({_BACK})"
    if cells(f" {before}{place}{after}") > width:
        after = brief
    place = shorten(place, max(width - cells(f" {before}{after}"), 1))
    return [("class:more", shorten(f" {before}{place}{after}", width))]


def _room_style(room: Room, current: Room) -> str:
    if room is current:
        return "class:bar.current"
    return "class:bar.call" if room.calls else "class:bar.unread" if room.is_waiting else "class:bar"


def _detail_cells(detail: str) -> int:
    return cells(detail) + 3


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
