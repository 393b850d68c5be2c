"""The table of characters that look alike."""

from __future__ import annotations

import re
import sys

from look_alikes import FILE, prototypes, written

from chat.core import names
from chat.core.look_alikes import TABLE


def test_the_table_is_made_from_that_of_unicode() -> None:
    assert FILE.read_text() == written()


def test_each_character_is_found_in_the_table_and_no_other() -> None:
    stand = prototypes()
    assert {chr(int(point, 16)) for point in re.findall(r"(?<=,)[^,\n]+(?=,)", TABLE)} == set(stand)
    for character in {*stand, *map(chr, range(0, sys.maxunicode, 100))}:
        assert names._prototype(character) == stand.get(character, character)
