"""Finds out whether a history is sound: reads all of it once, and says what is wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any

from chat.core.events import Message
from chat.core.facts import Said
from chat.history.copying import damages, in_one_line
from chat.history.rows import INDEX, INDEX_PRIVATE, words_between, words_of
from chat.history.schema import VERSION, create
from chat.history.sqlite import read_contents

AT_ONCE = 5_000
"""The messages that are read at a time."""

MOST = 5
"""So many faults that SQLite finds are told."""

RESTORE = "Restore a backup (chat admin restore)."
HARMLESS = "That does no harm."

Row = tuple[Any, ...]
"""A word of an index, one of its columns, in how many messages it is there, and how often."""

Progress = Callable[[str, int, int], None]
"""Is told what is being looked at, and how much of it is done of how much."""

_RULES = (
    (
        "SELECT count(*), min(id) FROM messages WHERE id < 1 OR id >= 1 << 53 OR (room IS NULL) = (recipient IS NULL)",
        "{count} are neither in a room nor private, or have ids that clients can't read",
    ),
    (
        """SELECT count(*), min(id) FROM messages WHERE room IS NULL AND deleted_by IS NULL
        AND NOT EXISTS (SELECT 1 FROM private WHERE private.id = messages.id)""",
        "{count} are private and between nobody, so that nobody can read them",
    ),
    (
        """SELECT count(*), min(id) FROM private WHERE NOT EXISTS (
            SELECT 1 FROM messages WHERE messages.id = private.id AND room IS NULL AND deleted_by IS NULL
        ) OR NOT EXISTS (SELECT 1 FROM copies WHERE copies.id = private.id)""",
        "{count} are kept for conversations, but are not there, or nobody has them",
    ),
    (
        """SELECT count(*), min(id) FROM copies WHERE NOT EXISTS (SELECT 1 FROM private WHERE private.id = copies.id)
        OR NOT EXISTS (
            SELECT 1 FROM conversations WHERE conversations.subject = copies.subject
            AND conversations.other = copies.other
        )""",
        "{count} are in conversations that are not there, or are not there themselves",
    ),
    (
        """SELECT count(*), min(id) FROM changes
        WHERE NOT EXISTS (SELECT 1 FROM messages WHERE messages.id = changes.id)""",
        "{count} were changed and are not there",
    ),
    (
        """SELECT count(*), min(id) FROM details
        WHERE NOT EXISTS (SELECT 1 FROM messages WHERE messages.id = details.id)""",
        "{count} have details and are not there",
    ),
    (
        """SELECT count(*), min(id) FROM files
        WHERE NOT EXISTS (SELECT 1 FROM messages WHERE messages.id = files.id AND deleted_by IS NULL)""",
        "{count} have files and are not there",
    ),
    (
        """SELECT count(*), min(id) FROM messages WHERE special IS NULL AND (
            EXISTS (SELECT 1 FROM files WHERE files.id = messages.id) OR
            EXISTS (SELECT 1 FROM details WHERE details.id = messages.id)
            OR EXISTS (SELECT 1 FROM changes WHERE changes.id = messages.id)
            OR EXISTS (SELECT 1 FROM reactions WHERE reactions.id = messages.id)
        )""",
        "{count} are shown without what belongs to them, such as reactions",
    ),
    (
        """SELECT count(*), min(id) FROM (
            SELECT id, text, sum(count) AS all_of, sum(counted) AS found FROM (
                SELECT id, text, count, 0 AS counted FROM reactions
                UNION ALL SELECT id, text, 0, 1 FROM changes WHERE kind = 'reacted' AND state = 1
            ) GROUP BY id, text
        ) WHERE all_of <> found""",
        "{count} have reactions that are counted wrongly",
    ),
    (
        """SELECT count(*), min(rev) FROM private_changes
        WHERE NOT EXISTS (SELECT 1 FROM changes WHERE changes.rev = private_changes.rev)""",
        "{count} are to be told of changes that are not there",
    ),
    (
        """SELECT count(*), min(id) FROM (
            SELECT id, time, lag(time) OVER (ORDER BY id) AS before, lag(id) OVER (ORDER BY id) AS other FROM messages
        ) AS message WHERE time < before
        AND NOT EXISTS (SELECT 1 FROM steps WHERE steps.id > other AND steps.id <= message.id)""",
        "{count} have earlier times than those before them, which is not noted: who asks for a time may miss some",
    ),
)
"""Questions that count messages which break a rule, with the id of the first, and what is to be said of them."""

_MISSING_ACCOUNTS = """
    SELECT count(DISTINCT account) FROM (
        SELECT account FROM marks UNION SELECT account FROM joined UNION SELECT account FROM own_words
        UNION SELECT account FROM former_names UNION SELECT maker FROM invitations WHERE maker > 0
        UNION SELECT maker FROM hooks WHERE maker > 0
        UNION SELECT subject FROM rights WHERE subject > 0 UNION SELECT subject FROM tokens WHERE subject > 0
        UNION SELECT subject FROM ignored WHERE subject > 0
    ) WHERE account NOT IN (SELECT id FROM accounts)
"""
_BAD_ACCOUNTS = """
    SELECT count(*), min(name) FROM accounts
    WHERE id < 1 OR id > (SELECT seq FROM sqlite_sequence WHERE name = 'accounts') OR presence IS NULL OR presence >= 0
    OR presence IN (SELECT presence FROM accounts GROUP BY presence HAVING count(*) > 1)
"""
_IN_ROOMS = """
    SELECT messages.id, room, messages.author, text, coalesce(answers, 0), coalesce(everybody, 0)
    FROM messages LEFT JOIN details ON details.id = messages.id
    WHERE messages.id > ? AND room IS NOT NULL AND deleted_by IS NULL ORDER BY messages.id LIMIT ?
"""
_IN_PRIVATE = """
    SELECT messages.id, messages.author, text, private.author, private.recipient
    FROM private JOIN messages ON messages.id = private.id
    WHERE private.id > ? AND deleted_by IS NULL ORDER BY private.id LIMIT ?
"""


def faults(connection: sqlite3.Connection, progress: Progress) -> Iterator[str]:
    """Say in sentences what is wrong with a history, of which *connection* sees one moment, and what can be done."""
    try:
        progress("the file", 0, 1)
        damaged = damages(connection, MOST)
        yield from (f"The file is damaged: {damage}. {RESTORE}" for damage in damaged)
        progress("the file", 1, 1)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if damaged or version != VERSION:
            return
        strange = _first_strange(connection)
        if strange is not None:
            yield f"No chat can use it: {strange}. {RESTORE}"
            return
        yield from _broken_rules(connection, progress)
        unread = _first_unread(connection)
        if unread is not None:
            yield f"No chat can use it: {unread}. {RESTORE}"
        yield from _wrong_indexes(connection, progress)
    except sqlite3.DatabaseError as error:
        yield f"The file is damaged: {error}. {RESTORE}"


def first_unusable(connection: sqlite3.Connection) -> str | None:
    """What a chat would stumble over, first of all, in a history of the newest version."""
    return _first_strange(connection) or _first_unread(connection)


def _first_strange(connection: sqlite3.Connection) -> str | None:
    """What is there that no chat makes, such as a trigger, or is not there, or is another one."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as other:
        create(other)
        right = _shapes(other)
    found = _shapes(connection)
    for kind, name in sorted(right.keys() | found.keys()):
        if (kind, name) not in right:
            return f"it has the {kind} {in_one_line(name)[:80]}, which no chat makes"
        if right[kind, name] != found.get((kind, name)):
            return f"the {kind} {name} is not {'there' if (kind, name) not in found else 'as a chat makes it'}"
    return None


def _first_unread(connection: sqlite3.Connection) -> str | None:
    """What keeps a chat from beginning with it."""
    try:
        read_contents(connection)
    except (ValueError, TypeError, OverflowError) as error:
        return in_one_line(str(error))
    return None


def _shapes(connection: sqlite3.Connection) -> dict[tuple[str, str], object]:
    """What there is of tables, indexes and the like, with the columns that they have."""
    parts = connection.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema").fetchall()
    indexes_of_words = tuple(f"{name}_" for _, name, _, sql in parts if sql.startswith("CREATE VIRTUAL"))
    shapes: dict[tuple[str, str], object] = {}
    for kind, name, table, _ in parts:
        columns: Sequence[object] = ()
        # SQLite itself makes what belongs to the indexes of words, and notes of statistics.
        if not name.startswith((*indexes_of_words, "sqlite_")):
            pragma = f"{'index' if kind == 'index' else 'table'}_xinfo"
            columns = connection.execute(f"SELECT * FROM pragma_{pragma}(?)", (name,)).fetchall()  # noqa: S608
        if not name.startswith("sqlite_stat"):
            shapes[kind, name] = (table, columns)
    return shapes


def _broken_rules(connection: sqlite3.Connection, progress: Progress) -> Iterator[str]:
    """What is wrong about what belongs together."""
    for number, (query, sentence) in enumerate(_RULES):
        progress("what belongs together", number, len(_RULES))
        count, first = connection.execute(query).fetchone()
        if count:
            yield f"Of the messages, {sentence.format(count=count)} (the first is {first}). {RESTORE}"
    progress("what belongs together", len(_RULES), len(_RULES))
    count, name = connection.execute(_BAD_ACCOUNTS).fetchone()
    if count:
        yield f"{count} of the accounts can't be told from others (one is {name}). {RESTORE}"
    (count,) = connection.execute(_MISSING_ACCOUNTS).fetchone()
    if count:
        yield f"Rights or other things are kept for {count} accounts that are not there. {HARMLESS}"
    rows = connection.execute("SELECT last FROM ids").fetchall()
    if len(rows) != 1 or rows[0][0] < 0:
        yield f"It is not known which ids were used, so that some could be used twice. {RESTORE}"


def _wrong_indexes(connection: sqlite3.Connection, progress: Progress) -> Iterator[str]:
    """What is wrong with the indexes of words: they are made anew in a temporary file, and compared."""
    for table, columns, what, messages in (
        ("words", "text, author, room", "in rooms", _in_rooms),
        ("private_words", "text, author, parties", "in private", _in_private),
    ):
        with closing(sqlite3.connect("", isolation_level=None)) as other:
            other.execute("PRAGMA synchronous = OFF")
            other.execute("PRAGMA journal_mode = OFF")
            other.execute(
                f"CREATE VIRTUAL TABLE {table} USING fts5({columns}, content='', columnsize=0, tokenize='ascii')"
            )
            other.execute("BEGIN")
            for rows in messages(connection, f"the words {what}", progress):
                other.executemany(INDEX if table == "words" else INDEX_PRIVATE, rows)
            other.execute("COMMIT")
            wrong = _differing(_terms(connection, table), _terms(other, table))
        if wrong:
            yield f"Searches {what} find wrong messages, or miss some: the index differs in {wrong} words. {RESTORE}"


def _in_rooms(connection: sqlite3.Connection, what: str, progress: Progress) -> Iterator[list[tuple[object, ...]]]:
    """What the index is to hold of messages in rooms."""
    after, last = 0, connection.execute("SELECT coalesce(max(id), 0) FROM messages").fetchone()[0]
    (total,) = connection.execute(
        "SELECT count(*) FROM messages WHERE room IS NOT NULL AND deleted_by IS NULL"
    ).fetchone()
    done = 0
    while after < last and (rows := connection.execute(_IN_ROOMS, (after, AT_ONCE)).fetchall()):
        progress(what, done, total)
        yield [
            words_of(Said(_message(number, author, text, room, everybody=bool(everybody)), answers=answers))
            for number, room, author, text, answers, everybody in rows
        ]
        after, done = rows[-1][0], done + len(rows)
    progress(what, total, total)


def _in_private(connection: sqlite3.Connection, what: str, progress: Progress) -> Iterator[list[tuple[object, ...]]]:
    """What the index is to hold of private messages."""
    after, done = 0, 0
    (total,) = connection.execute("SELECT count(*) FROM private").fetchone()
    while rows := connection.execute(_IN_PRIVATE, (after, AT_ONCE)).fetchall():
        progress(what, done, total)
        yield [words_between(_message(number, name, text), author, other) for number, name, text, author, other in rows]
        after, done = rows[-1][0], done + len(rows)
    progress(what, total, total)


def _message(number: int, author: str, text: str, room: str | None = None, *, everybody: bool = False) -> Message:
    return Message(
        id=number, time="", room=room, to=None, author=author, kind="say", text=text, tag=None, all=everybody
    )


def _terms(connection: sqlite3.Connection, table: str) -> Iterator[Row]:
    """All words of an index, by columns: in how many messages they are, and how often."""
    name = f"terms_of_{table}"
    connection.execute(f"CREATE VIRTUAL TABLE temp.{name} USING fts5vocab('main', '{table}', 'col')")
    return iter(connection.execute(f"SELECT term, col, doc, cnt FROM temp.{name}"))  # noqa: S608


def _differing(one: Iterator[Row], other: Iterator[Row]) -> int:
    """How many words are in one of two indexes only, or differ; both have them in the same order."""
    word = itemgetter(0)
    both = groupby(merge(_by_word(one), _by_word(other), key=word), word)
    found = ([rows for _, rows in pairs] for _, pairs in both)
    return sum(1 for rows in found if len(rows) != 2 or rows[0] != rows[1])


def _by_word(rows: Iterator[Row]) -> Iterator[tuple[object, list[Row]]]:
    for word, found in groupby(rows, itemgetter(0)):
        yield word, sorted(found)
