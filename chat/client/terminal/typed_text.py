"""The text that is being typed: broken into rows between words, and drawn so that terminals agree on its width."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from prompt_toolkit.data_structures import Point
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.formatted_text.utils import fragment_list_to_text
from prompt_toolkit.layout.controls import BufferControl, UIContent
from prompt_toolkit.layout.processors import BeforeInput, Processor, Transformation, TransformationInput
from prompt_toolkit.layout.utils import explode_text_fragments

from chat.client.terminal.widths import cells, fitting, fusing, one_by_one, wrap


class EmojiApart(Processor):
    """Shows emoji one by one. The characters that join them stay in the text, but are not drawn."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Leave out what is not drawn, and map places in the text to places on the screen and back."""
        fragments = transformation_input.fragments
        text = fragment_list_to_text(fragments)
        if text.isascii():
            return Transformation(fragments)
        hidden = fusing(text)
        exploded = explode_text_fragments(fragments)
        kept = [index for index in range(len(text)) if index not in hidden]
        return Transformation(
            [(exploded[index][0], one_by_one(exploded[index][1])) for index in kept],
            source_to_display=lambda index: bisect_left(kept, index),
            display_to_source=lambda index: kept[index] if index < len(kept) else len(text),
        )


class TypedText(BufferControl):
    """Breaks the text into rows itself, as the window round it would break words. The last column is the cursor's.

    The *prompt*, with which the text begins, stays in view if the text has more rows than there is room for.
    """

    def __init__(self, prompt: Callable[[], StyleAndTextTuples], processors: Sequence[Processor], **other: Any) -> None:
        super().__init__(input_processors=[*processors, BeforeInput(prompt)], **other)
        self._prompt_only = prompt
        self._top = 0
        """How many rows are above those that are shown."""

    def create_content(self, width: int, height: int, preview_search: bool = False) -> UIContent:
        """Return the rows as lines of their own: those that are to be shown, or all if *height* is 1."""
        content = self._in_rows(width, height, preview_search)
        room = content.line_count - height
        if height == 1:
            return content
        if room <= 0:
            self._top = 0
            return content
        at = content.cursor_position.y
        # In place of the uppermost row stands the prompt, unless that is the first.
        self._top = min(max(self._top, at - height + 1), room, max(at - 1, 0))
        rows = [content.get_line(number) for number in range(self._top, self._top + height)]
        if self._top:
            rows[0] = [*self._prompt_only(), ("class:prompt.mark", "…")]
        cursor = Point(content.cursor_position.x, at - self._top)
        return UIContent(rows.__getitem__, height, cursor, show_cursor=content.show_cursor)

    def _in_rows(self, width: int, height: int, preview_search: bool) -> UIContent:
        content = super().create_content(width, height, preview_search)
        rows: list[StyleAndTextTuples] = []
        cursor = Point(0, 0)
        room = max(width - 1, 2)
        for number in range(content.line_count):
            line = content.get_line(number)
            text = fragment_list_to_text(line)
            starts = [0] if cells(text) <= width else [start for start, _ in wrap(text[:-1], room, room)]
            if number == content.cursor_position.y:
                place = content.cursor_position.x
                row = bisect_right(starts, place) - 1
                cursor = Point(fitting(text, starts[row], place, room) - starts[row], len(rows) + row)
            if len(starts) == 1:
                rows.append(line)
                continue
            characters = explode_text_fragments(line)
            rows += (characters[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True))
        return UIContent(rows.__getitem__, len(rows), cursor, show_cursor=content.show_cursor)
