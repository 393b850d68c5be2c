"""The line that is being typed in one room, and how it brings back what was typed before, here and elsewhere."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from itertools import groupby

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.history import History

from chat.client.model.input_history import InputHistory, places_of
from chat.client.model.room import Room
from chat.client.terminal.widths import fusing


class _Searched(History):
    """What is searched: the texts that were typed in all rooms."""

    def __init__(self, kept: InputHistory, room: Room) -> None:
        super().__init__()
        self._kept = kept
        self._room = room
        self.loaded = 0.0
        """The time of the newest text when they were loaded last."""

    @property
    def newest(self) -> float:
        """The time of the newest text."""
        return self._kept.texts[-1].time if self._kept.texts else 0.0

    async def load(self) -> AsyncGenerator[str, None]:
        self.loaded = self.newest
        for text in reversed(self.get_strings()):
            yield text

    def load_history_strings(self) -> Iterable[str]:
        return reversed(self.get_strings())

    def get_strings(self) -> list[str]:
        return [text for text, _ in groupby(typed.text for typed in self._kept.texts)]

    def append_string(self, string: str) -> None:
        self._kept.add(places_of(self._room)[0], string)

    def store_string(self, string: str) -> None:
        """The texts are kept elsewhere."""


class InputLine(Buffer):
    """What is typed in *room*, with *text* at first. *typed* is called when it changes.

    Up and Down go through what was typed here, :meth:`bring_back` also through what was typed in all rooms.
    """

    def __init__(self, kept: InputHistory, room: Room, text: str, typed: Callable[[Buffer], None]) -> None:
        self._kept = kept
        self._room = room
        self._draft = ""
        self._shown: str | None = None
        """The text that was brought back last; ``None`` if it is the draft."""
        self._searched = _Searched(kept, room)
        super().__init__(history=self._searched, multiline=False, document=Document(text), on_text_changed=typed)

    def history_backward(self, count: int = 1) -> None:
        """Bring back what was typed here before."""
        self.bring_back(count)

    def history_forward(self, count: int = 1) -> None:
        """Bring back what was typed here after what is shown; at last the draft."""
        self.bring_back(-count)

    def append_to_history(self) -> None:
        """Keep the text."""
        if self.text:
            self.history.append_string(self.text)

    def bring_back(self, count: int, everywhere: bool = False) -> None:
        """Show what was typed so many texts before what is shown, or after it if *count* is negative."""
        places = places_of(self._room)
        newest = {typed.text: at for at, typed in enumerate(self._kept.texts) if everywhere or typed.place in places}
        texts = sorted(newest, key=newest.__getitem__)
        if self._shown is None or self._shown != self.text:
            self._draft, self._shown = self.text, None
        here = texts.index(self._shown) if self._shown in texts else len(texts)
        there = max(here - count, 0)
        if there < len(texts):
            self._shown = text = texts[there]
        elif self._shown is not None:
            self._shown, text = None, self._draft
        else:
            return
        self.document = Document(text, len(text) if count > 0 else len(text.partition("\n")[0]))

    def delete_before_cursor(self, count: int = 1) -> str:
        """Delete characters before the cursor; one goes with what is not drawn behind it."""
        hidden, at = fusing(self.text), self.cursor_position
        while count < at and at - count in hidden:
            count += 1
        return super().delete_before_cursor(count)

    def delete(self, count: int = 1) -> str:
        """Delete characters behind the cursor; one goes with what is not drawn behind it."""
        return super().delete(self._step(self.cursor_position + count) - self.cursor_position)

    def move(self, forward: bool) -> None:
        """Go to the next place that is seen on the screen, or to the one before."""
        step = 1 if forward else -1
        self.cursor_position = self._step(self.cursor_position + step, step)

    def _step(self, place: int, step: int = 1) -> int:
        """Return the next place in this direction that is not before something that is not drawn."""
        hidden = fusing(self.text)
        while place in hidden:
            place += step
        return min(max(place, 0), len(self.text))

    def begin_search(self) -> None:
        """Have the search find what was typed in other rooms meanwhile."""
        if self._searched.loaded != self._searched.newest:
            self.reset(self.document)
            self.load_history_if_not_yet_loaded()
