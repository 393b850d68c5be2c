"""Makes ``chat/core/look_alikes.py`` from the table of confusables that the package ``confusable_homoglyphs`` has.

Run it as ``PYTHONPATH=tests python -m look_alikes`` when a new version of that package brings one of Unicode's.
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import chat

FILE = Path(chat.__file__).with_name("core") / "look_alikes.py"

_HEAD = '''"""Which characters look alike: made by ``tests/look_alikes.py`` from Unicode's confusables.txt (UTS 39).

A line has, in hexadecimal, the characters that stand for others, joined by ``+``, and behind ``=`` these others, each
between commas.
Copyright of the data: Unicode, Inc., under the Unicode License v3 (https://www.unicode.org/license.txt).
"""

TABLE = """
'''


def prototypes() -> Mapping[str, str]:
    """Map characters to what stands for their look-alikes.

    The table of the package names pairs in both directions, so the pairs are joined to groups, of which the smallest
    member stands for all; a sequence (``rn``) stands for the character that looks like it (``m``).
    """
    from confusable_homoglyphs import confusables

    parents: dict[str, str] = {}

    def root(character: str) -> str:
        while (parent := parents.get(character, character)) != character:
            character = parent
        return character

    sequences: dict[str, str] = {}
    for source, targets in confusables.confusables_data.items():
        for target in (item["c"].strip("\u200e") for item in targets):
            if len(source) == len(target) == 1:
                low, high = sorted((root(source), root(target)))
                parents[high] = low
            elif len(source) == 1:
                sequences[source] = target
    found = {
        character: "".join(map(root, sequences.get(root(character), sequences.get(character, root(character)))))
        for character in parents.keys() | sequences.keys()
    }
    return {character: target for character, target in found.items() if character != target}


def written() -> str:
    """The text of the file."""
    groups: dict[str, list[str]] = defaultdict(list)
    for character, target in sorted(prototypes().items()):
        groups["+".join(f"{ord(each):x}" for each in target)].append(f"{ord(character):x}")
    lines = [
        f"{target}=,{line.replace(' ', ',')},\n"
        for target, alike in groups.items()
        for line in textwrap.wrap(" ".join(alike), width=100)
    ]
    return f'{_HEAD}{"".join(lines)}"""\n'


if __name__ == "__main__":
    FILE.write_text(written())
