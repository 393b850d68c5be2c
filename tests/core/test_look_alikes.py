"""The table of characters that look alike."""

from __future__ import annotations

import sys

from look_alikes import FILE, prototypes, written

from chat.core import names


def test_the_table_is_made_from_that_of_unicode() -> None:
    assert FILE.read_text() == written()


def test_each_character_is_found_in_the_table_and_no_other() -> None:
    stand = prototypes()
    for character in map(chr, range(sys.maxunicode + 1)):
        assert names._prototype(character) == stand.get(character, character)
