"""Shows the line that is being typed so that all terminals agree on its width."""

from __future__ import annotations

from bisect import bisect_left

from prompt_toolkit.formatted_text.utils import fragment_list_to_text
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.layout.utils import explode_text_fragments

from chat.client.rows import fusing


class EmojiApart(Processor):
    """Shows emoji one by one. The characters that join them stay in the text, but are not drawn."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Leave out what is not drawn, and map places in the text to places on the screen and back."""
        fragments = transformation_input.fragments
        text = fragment_list_to_text(fragments)
        hidden = fusing(text)
        if not hidden:
            return Transformation(fragments)
        exploded = explode_text_fragments(fragments)
        kept = [index for index in range(len(text)) if index not in hidden]
        return Transformation(
            [exploded[index] for index in kept],
            source_to_display=lambda index: bisect_left(kept, index),
            display_to_source=lambda index: kept[index] if index < len(kept) else len(text),
        )
