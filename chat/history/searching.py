"""Finding messages by their words, with the index of words."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable
from contextlib import closing
from itertools import islice
from typing import Any

from chat.core.ports import Search
from chat.core.words import words
from chat.history.indexing import EVERYBODY, indexed_answers, indexed_name, indexed_party
from chat.history.rows import COLUMNS, LETTER, ids_in_json, letters_from, messages_from
from chat.history.store import Page, alerts

MOST_LOOKED_AT = 3_000
"""The messages with the words of a search that are looked at, as they may be in hidden rooms, or name nobody after all:
``example.org`` does not name org."""

FEW = 500
"""So many messages with the words of a search are looked at before hidden rooms are left out."""

_IN_ROOMS = """
    SELECT messages.id, room, author, text, answers, notice, everybody
    FROM (SELECT rowid AS found FROM words WHERE words MATCH ?1 AND rowid >= ?2 AND rowid < ?3)
    JOIN messages ON messages.id = found LEFT JOIN details ON special AND details.id = found
    WHERE deleted_by IS NULL
    ORDER BY found DESC
"""
_FOUND = f"""
    SELECT {COLUMNS} FROM messages WHERE messages.id IN (SELECT value FROM json_each(?)) ORDER BY messages.id DESC
"""  # noqa: S608
_IN_PRIVATE = f"""
    SELECT {LETTER}
    FROM (SELECT rowid AS found FROM private_words WHERE private_words MATCH ?1 AND rowid >= ?2 AND rowid < ?3)
    JOIN copies ON subject = ?4 AND copies.id = found JOIN messages ON messages.id = found
    WHERE deleted_by IS NULL AND (NOT ?5 OR other = ?5) ORDER BY found DESC
"""  # noqa: S608
_LAST_WORDS = "SELECT rowid FROM words WHERE words MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT 1"


def find(connection: sqlite3.Connection, search: Search, parts: Iterable[tuple[int, int]]) -> Page:
    """Find the messages of *search* in these *parts* of the history: from which id on, and before which."""
    if search.party:
        return _find_in_private(connection, search, parts)
    if search.room is not None and search.rooms is not None and search.room not in search.rooms:
        return Page([], more=False)
    found, looks = list[int](), 0

    def page(*, more: bool, next: int | None = None) -> Page:
        rows = connection.execute(_FOUND, (ids_in_json(found),))
        return Page(messages_from(connection, rows, search.reader), more, next=next)

    with closing(_hits(connection, search, parts)) as hits:
        for number, room, author, text, answers, notice, everybody in hits:
            if looks == MOST_LOOKED_AT:
                return page(more=True, next=number + 1)
            looks += 1
            if search.rooms is not None and room not in search.rooms:
                continue
            if search.naming is not None and not alerts(search, author, text, answers or 0, notice, everybody):
                continue
            if len(found) == search.count:
                return page(more=True)
            found.append(number)
    return page(more=False)


def _hits(
    connection: sqlite3.Connection, search: Search, parts: Iterable[tuple[int, int]]
) -> Generator[tuple[Any, ...], None, None]:
    """The messages with the words of *search*, newest first.

    Once there are many, those in rooms of ``search.hidden`` are left out, which makes a search for rare words slower.
    """
    expression = _expression(search)
    left = FEW if search.hidden and search.room is None else 0
    for first, end in parts:
        with closing(connection.execute(_IN_ROOMS, (expression, first, end))) as rows:
            for row in rows:
                yield row
                left -= 1
                if not left:
                    end = row[0]
                    break
            else:
                continue
        hidden = " OR ".join(f'"{indexed_name(room)}"' for room in search.hidden)
        expression = f"({expression}) NOT room : ({hidden})"
        with closing(connection.execute(_IN_ROOMS, (expression, first, end))) as rows:
            yield from rows


def _find_in_private(connection: sqlite3.Connection, search: Search, parts: Iterable[tuple[int, int]]) -> Page:
    expression, found = _expression(search), list[tuple[Any, ...]]()
    for first, end in parts:
        values = (expression, first, end, search.party, search.other)
        with closing(connection.execute(_IN_PRIVATE, values)) as rows:
            found += islice(rows, search.count + 1 - len(found))
    more = len(found) > search.count
    return Page(letters_from(connection, found[: search.count], search.party, search.token), more)


def last_words(connection: sqlite3.Connection, name: str, before: int) -> int:
    """The id of what a user of that *name* said last *before* an id, or 0."""
    row = connection.execute(_LAST_WORDS, (f'author : "{indexed_name(name)}"', before)).fetchone()
    return row[0] if row is not None else 0


def _expression(search: Search) -> str:
    """Write a search in the language of FTS5; it has nothing in quotes but words of ours."""
    terms = [f"text : {_phrase(phrase)}" for phrase in search.phrases]
    if search.naming is not None:
        names = filter(None, (tuple(words(name)) for name in (search.naming, *search.words)))
        calls = [f"text : {_phrase(name)}" for name in names] + [f'room : "{EVERYBODY}"']
        calls += [f'room : "{indexed_answers(answered)}"' for answered in search.answered]
        terms.append(f"({' OR '.join(calls)})")
    if search.author is not None:
        terms.append(f'author : "{indexed_name(search.author)}"')
    if search.room is not None:
        terms.append(f'room : "{indexed_name(search.room)}"')
    terms += [f'parties : "{indexed_party(party)}"' for party in (search.party, search.other) if party]
    return " AND ".join(terms)


def _phrase(phrase: tuple[str, ...]) -> str:
    """Write words that follow one another; the star of a beginning stands behind the quotes."""
    text = " ".join(phrase)
    return f'"{text[:-1]}" *' if text.endswith("*") else f'"{text}"'
