"""Reads a whole history, also while a chat uses it, and fills a history that no chat uses."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from secrets import token_urlsafe
from types import TracebackType

from msgspec import structs

from chat.core.events import File, Message, Topic
from chat.core.facts import AccessSet, Attached, LockSet, RoomRules, Said, StatusSet
from chat.core.limits import Limits
from chat.core.names import RESERVED, Registry
from chat.core.room import Access, Status
from chat.core.room_directory import KEPT
from chat.disk.file_directory import FileDirectory, NewFile, NoRoom
from chat.disk.private import ensure_in_data
from chat.history import files, rules
from chat.history.connection import connect, explained, transaction
from chat.history.directory import FILE, FILES, history_in, lock
from chat.history.migrations import migrate
from chat.history.rows import COLUMNS, messages_from
from chat.history.schema import VERSION
from chat.history.sqlite import LAST_ID, begin_stretch, insert, set_topic
from chat.history.store import CannotOpen

MOST_ROOMS = (KEPT - 1) * Limits().rooms

PIECE = 45_000
"""The bytes of a file in one line of an export, in which Base64 makes them a third more."""

IMPORTED = "import"
"""The sender of imported files: nobody, so that they take of nobody's share of the room for files."""

AT_ONCE = 5_000
"""The messages that are read or written at a time."""


_COUNT = "SELECT count(*) FROM messages WHERE room IS NOT NULL AND deleted_by IS NULL"
_SOME = f"SELECT {COLUMNS} FROM messages WHERE room IS NOT NULL AND deleted_by IS NULL AND id > ?"  # noqa: S608
_KNOWN = "SELECT 1 FROM messages WHERE room = ? UNION SELECT 1 FROM topics WHERE room = ? LIMIT 1"
_IDS = "CREATE TEMP TABLE imported (old INTEGER PRIMARY KEY, new INTEGER NOT NULL) STRICT"
_IMPORT = "INSERT OR REPLACE INTO imported (old, new) VALUES (?, ?)"
_IMPORTED = "SELECT new FROM imported WHERE old = ?"
_ALL_ROOMS = "SELECT DISTINCT room FROM messages WHERE room IS NOT NULL UNION SELECT room FROM topics"


class CannotImport(Exception):
    """The history can't take messages; the message of the exception is a sentence for the user."""


class Export:
    """Reads the rooms of the history in *directory*, or only some *rooms*; raises :class:`CannotOpen`.

    A chat may use the history meanwhile. Private messages are left out, and so is what is said after the export began,
    and without *private* what was said in private rooms.
    """

    left_out: Sequence[str] = ()
    """The private rooms that are left out."""

    def __init__(self, directory: Path, rooms: Collection[str] = (), *, private: bool = False) -> None:
        path = history_in(directory)
        with ExitStack() as opened:
            self._open(path, rooms, opened)
            if not private:
                self._leave_out([rule.room for rule in self.rules() if rule.access is Access.PRIVATE])
            opened.pop_all()

    def _open(self, path: Path, rooms: Collection[str], opened: ExitStack) -> None:
        try:
            self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
            opened.callback(self._connection.close)
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                age = "a newer" if version > VERSION else "an older"
                raise CannotOpen(f"{path} was written by {age} twisted-chat. Use the version that belongs to it.")
            (self._last_id,) = self._connection.execute(LAST_ID).fetchone()
            files.name_addresses(self._connection, str)
            self._files = FileDirectory(path.with_name(FILES))
        except sqlite3.Error as error:
            raise CannotOpen(f"{path} can't be read: {error}.") from error
        self._only = f" AND room IN ({', '.join('?' * len(rooms))})" if rooms else ""
        self._chosen: Sequence[str] = list(rooms)
        self._rooms = frozenset(rooms)
        ruled = {rules.room for rules in self.rules()}
        for room in self._chosen:
            if room not in ruled and self._connection.execute(_KNOWN, (room, room)).fetchone() is None:
                raise CannotOpen(f"Nothing was said in #{room}, or it is not in {path}.")

    def _leave_out(self, private: Sequence[str]) -> None:
        if self._rooms and private:
            raise CannotOpen(f"#{private[0]} is private. With --private it is exported.")
        self.left_out = private
        if private:
            self._only = f" AND room NOT IN ({', '.join('?' * len(private))})"
            self._chosen = private

    def count(self) -> int:
        """Count the messages. The chat may erase or drop some of them before they are read."""
        number: int = self._connection.execute(_COUNT + self._only, self._chosen).fetchone()[0]
        return number

    def messages(self) -> Iterator[Message]:
        """Yield all messages in the order of their ids."""
        last = 0
        query = f"{_SOME}{self._only} AND id <= ? ORDER BY id LIMIT ?"
        while rows := self._connection.execute(query, (last, *self._chosen, self._last_id, AT_ONCE)).fetchall():
            yield from messages_from(self._connection, rows, 0)
            last = rows[-1][0]

    def pieces(self, message: Message) -> Iterator[bytes]:
        """Yield what is in the file that came with a message, unless the chat has removed it since."""
        row = self._connection.execute("SELECT key FROM files WHERE id = ?", (message.id,)).fetchone()
        if row is None:
            return
        with suppress(FileNotFoundError), self._files.path(row[0]).open("rb") as file:
            while data := file.read(PIECE):
                yield data

    def topics(self) -> list[Topic]:
        """Return the topics of the rooms."""
        query = f"SELECT time, room, author, topic FROM topics WHERE topic <> '' {self._only} ORDER BY room"  # noqa: S608
        rows = self._connection.execute(query, self._chosen)
        return [Topic(time=time, room=room, name=author, topic=topic) for time, room, author, topic in rows]

    def rules(self) -> list[RoomRules]:
        """The rules of the rooms that have any."""
        found = rules.read(self._connection)
        chosen = [rule for rule in found if not self._rooms or rule.room in self._rooms]
        return [rule for rule in chosen if rule.room not in self.left_out]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


@contextmanager
def _filed() -> Iterator[None]:
    """Raise :class:`CannotImport` where a file can't be written."""
    try:
        yield
    except NoRoom as error:
        raise CannotImport("there is no room on the disk for the files. Nothing was imported.") from error
    except OSError as error:
        raise CannotImport(f"the files can't be written: {error.strerror}. Nothing was imported.") from error


class Import:
    """A context manager that fills the history in *directory*: with everything at its end, or nothing if it raises.

    In an empty history messages keep their ids. In any other they get new ids, greater than all before, and a room
    that has messages already is refused. Raises :class:`CannotOpen`, :class:`CannotImport` and :class:`CannotKeep`.
    """

    def __init__(self, directory: Path) -> None:
        with ExitStack() as opened:
            self._open(directory, opened)
            self._opened = opened.pop_all()
        self._keeps_ids = self._last_id == 0
        self._first_id = 0
        self._rooms: set[str] = set()
        self._known: Registry[str] = Registry()
        self._names: Registry[str] = Registry()
        self._waiting: list[Said] = []
        self._new_ids: dict[int, int] = {}
        """Of those that wait, if they do not keep their ids: the ids that they had."""
        self._files = FileDirectory(directory / FILES)
        self._file: NewFile | None = None
        """The file of the message that comes next."""
        self._keys: list[str] = []
        """Of the files that are in their places."""
        self._whole = transaction(self._connection)

    def _open(self, directory: Path, opened: ExitStack) -> None:
        path = directory / FILE
        opened.callback(os.close, lock(directory))
        try:
            ensure_in_data(path)
            self._connection = opened.enter_context(closing(connect(path)))
            migrate(self._connection, path)
            (self._last_id,) = self._connection.execute(LAST_ID).fetchone()
        except (sqlite3.Error, OSError) as error:
            raise CannotOpen(f"{path} can't be used: {error}. Choose another place with --data.") from error

    def __enter__(self) -> Import:
        with explained():
            self._whole.__enter__()
            known = [room for (room,) in self._connection.execute(_ALL_ROOMS)]
            self._connection.execute(_IDS)
            for room in (*known, *(rule.room for rule in rules.read(self._connection))):
                self._known.claim(room, room)
            for name in (*RESERVED, *(name for (name,) in self._connection.execute("SELECT name FROM accounts"))):
                self._names.claim(name, name)
        return self

    def looks_like(self, author: str) -> str:
        """Tell for which name that is reserved, or of an account, people could take that of an *author*; or ``""``.

        Who has the very name of an account may be the one.
        """
        names = self._names.holders(author)
        same = [name for name in names if name.casefold() == author.casefold() and name not in RESERVED]
        return names[0] if names and not same else ""

    def add(self, message: Message) -> bool:
        """Import a message of a room; return whether its file has come whole, if it has one.

        If messages keep their ids, each id must be greater than the one before.
        """
        self._check_room(message.room or "")
        if not self._keeps_ids or not message.id:
            self._new_ids[message.id] = self._last_id + 1
            message = structs.replace(message, id=self._last_id + 1, re=self._new_id(message.re))
        elif message.id <= self._last_id:
            raise CannotImport(f"its id {message.id} is not greater than that of the message before.")
        self._last_id = message.id
        self._first_id = self._first_id or message.id
        said = self._with_file(message)
        self._waiting.append(said)
        if len(self._waiting) == AT_ONCE:
            self._write()
        return message.file is None or said.attached is not None

    def add_piece(self, data: bytes) -> None:
        """Take a piece of the file of the message that comes next."""
        with _filed():
            if self._file is None:
                self._file = self._files.begin(token_urlsafe(16), 0)
            self._file.write(data)

    def _with_file(self, message: Message) -> Said:
        """Put the file of a *message* into its place, if that came whole."""
        new = self._file
        if message.file is None or new is None:
            return Said(structs.replace(message, file=None) if message.file is not None else message)
        with _filed():
            contents = new.finish()
        self._file = None
        self._keys.append(new.key)
        if contents.digest != message.file.digest:
            new.abandon()
            return Said(structs.replace(message, file=None))
        file = File(name=message.file.name, **contents._asdict())
        return Said(structs.replace(message, file=file), attached=Attached(new.key, IMPORTED))

    def _new_id(self, old: int | None) -> int | None:
        """The id that an imported message has now which had the id *old*, if there is one."""
        if old is None or old in self._new_ids:
            return self._new_ids[old] if old is not None else None
        row = self._connection.execute(_IMPORTED, (old,)).fetchone()
        return row[0] if row is not None else None

    def set_topic(self, topic: Topic) -> None:
        """Import the topic of a room."""
        self._check_room(topic.room)
        with explained():
            set_topic(self._connection, topic)

    def restrict(self, room: str, access: Access, status: Status, *, locked: bool) -> None:
        """Have a room be open to some only, be archived or closed, have its topic locked."""
        self._check_room(room)
        with explained():
            if access is not Access.OPEN:
                rules.write(self._connection, AccessSet(room, access))
            if status is not Status.LIVE:
                rules.write(self._connection, StatusSet(room, status))
            if locked:
                rules.write(self._connection, LockSet(room, True))

    def _check_room(self, room: str) -> None:
        if room in self._rooms:
            return
        if self._connection.execute("SELECT 1 FROM messages WHERE room = ?", (room,)).fetchone() is not None:
            raise CannotImport(
                f"#{room} is there already, with messages in it. Nothing was imported, so that nothing is there twice. "
                "With --room it can come in under another name."
            )
        for other in self._known.holders(room):
            if other != room:
                raise CannotImport(
                    f"#{room} looks like #{other}, which is there already. Nothing was imported. "
                    "With --room it can come in under another name."
                )
        if room not in self._known and len(self._known) >= MOST_ROOMS:
            raise CannotImport(
                f"#{room} would be one more than the {MOST_ROOMS:,} rooms that a chat keeps. Nothing was imported."
            )
        self._known.claim(room, room)
        self._rooms.add(room)

    def _write(self) -> None:
        messages: Sequence[Said] = self._waiting
        self._waiting = []
        with explained():
            insert(self._connection, messages, "import")
            self._connection.executemany(_IMPORT, self._new_ids.items())
            self._new_ids.clear()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        done = False
        try:
            with explained(), ExitStack() as whole:
                whole.push(self._whole)
                if error is not None:
                    raise error
                self._write()
                if self._first_id:
                    begin_stretch(self._connection, self._first_id, "import")
            done = True
        finally:
            if not done:
                self._files.remove(self._keys)
            if self._file is not None:
                self._file.abandon()
            self._opened.close()
