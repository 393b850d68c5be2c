"""How the index of words, which knows ASCII only, is told words, authors, rooms and parties."""

from __future__ import annotations

from functools import lru_cache

from chat.core.words import folded_name, words

_OURS = "\xb6\xb6\xb6"
"""What the words of the index begin with that are no words of texts, so that no beginning of a word finds them."""

EVERYBODY = f"{_OURS}everybody"
"""The word of the index for messages that are meant for everybody."""


def indexed_text(text: str) -> str:
    """Write *text* so that the tokenizer of the index, which knows ASCII only, finds our words in it."""
    return text if text.isascii() else " ".join(words(text))


@lru_cache(maxsize=4096)
def indexed_name(name: str) -> str:
    """Write the name of an author or room as one word of the index, which no text has."""
    return f"{_OURS}{folded_name(name).encode().hex()}"


def indexed_place(room: str, answers: int, *, everybody: bool) -> str:
    """Write for the index in which room a message is, whose message it answers (0: nobody's), and if it is for all."""
    place = indexed_name(room)
    if answers:
        place = f"{place} {indexed_answers(answers)}"
    return f"{place} {EVERYBODY}" if everybody else place


def indexed_answers(answers: int) -> str:
    """Write as one word of the index whose message is answered."""
    return f"{_OURS}to{answers & 0xFFFF_FFFF_FFFF_FFFF:x}"


def indexed_party(party: int) -> str:
    """Write a party of a conversation as one word of the index."""
    return f"{_OURS}p{party & 0xFFFF_FFFF_FFFF_FFFF:x}"


def indexed_parties(author: int, other: int) -> str:
    """Write the two parties of a conversation for the index."""
    return f"{indexed_party(author)} {indexed_party(other)}"
