"""Writes rooms of a history into a file."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from chat.archive.formats import Piece, Rules, json_line, text_line
from chat.core.events import Message
from chat.core.room import Access
from chat.core.text import enumerate_words
from chat.disk.files import led_to, put_in_place
from chat.history.archive import Export
from chat.history.directory import FILE, is_of_chat
from chat.history.store import CannotOpen

WRITERS: Mapping[str, Callable[[Message], str]] = {"jsonl": json_line, "text": text_line}


def export_rooms(directory: Path, rooms: Sequence[str], form: str, output: str | None, *, private: bool) -> list[str]:
    """Write *rooms*, or all rooms, to the file *output*, or to the standard output.

    Return sentences that say what was left out.
    """
    with closing(Export(directory, rooms, private=private)) as export, _open(output, directory / FILE) as file:
        rules = export.rules() if form == "jsonl" else []
        for rule in rules:
            item = Rules(
                room=rule.room,
                private=rule.access is Access.PRIVATE,
                locked=rule.locked,
                access=Access.MEMBERS if rule.access is Access.MEMBERS else Access.OPEN,
                status=rule.status,
            )
            if item != Rules(room=rule.room):
                print(json_line(item), file=file)
        write = WRITERS[form]
        no_bar = True if file.isatty() else None
        for message in tqdm(export.messages(), total=export.count(), unit=" messages", disable=no_bar, leave=False):
            print(write(message), file=file)
            if message.file is not None and form == "jsonl":
                for data in export.pieces(message):
                    print(json_line(Piece(id=message.id, data=data)), file=file)
        if form == "jsonl":
            for topic in export.topics():
                print(json_line(topic), file=file)
        file.flush()
    notes = []
    if export.left_out:
        are, them = ("is", "it") if len(export.left_out) == 1 else ("are", "them")
        notes.append(
            f"{listed(export.left_out)} {are} private and not exported. With --private the export has {them} too."
        )
    unwritten = [rule.room for rule in rules if rule.ops or rule.invited]
    if unwritten:
        notes.append(f"Ops and invitations of {listed(unwritten)} are not exported, as they are accounts of this chat.")
    return notes


def listed(rooms: Sequence[str]) -> str:
    """Write the names of rooms as an enumeration."""
    return enumerate_words([f"#{room}" for room in rooms])


@contextmanager
def _open(name: str | None, history: Path) -> Iterator[TextIO]:
    """Open the standard output, or the file called *name*, which appears only once it is whole, for its owner alone.

    A device or a pipe is written as it is.
    """
    if name is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        yield sys.stdout
        return
    target = led_to(Path(name)) if os.path.islink(name) else Path(name)
    if target.exists() and target.samefile(history):
        raise CannotOpen(f"{name} is the history itself. Choose another file with --output.")
    if is_of_chat(history.parent, target):
        raise CannotOpen(f"{name} is a name for files of the chat itself. Choose another file with --output.")
    if not target.parent.is_dir():
        raise CannotOpen(f"There is no directory {target.parent}. Make it first.")
    if target.exists() and not target.is_file():
        with target.open("w", encoding="utf-8") as file:
            yield file
        return
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        with open(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            yield file
        put_in_place(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
