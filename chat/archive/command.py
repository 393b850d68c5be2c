"""The commands ``chat export`` and ``chat import``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, ClassVar, TextIO

from msgspec import structs
from tqdm import tqdm
from twisted.python import usage

from chat import __version__
from chat.archive.formats import BadLine, IrssiReader, JsonReader, Reader, Rules, WeechatReader, json_line, text_line
from chat.core.errors import BadName
from chat.core.events import Message, Topic
from chat.core.names import room_name
from chat.core.room import Access
from chat.core.text import enumerate_words
from chat.history.archive import CannotImport, Export, Import
from chat.history.store import CannotKeep, CannotOpen

_DATA = ["data", "d", ".", "The directory with the history (chat.db)."]


class _Options(usage.Options):
    def opt_version(self) -> None:
        """Print the version and leave."""
        print(f"chat {__version__}")
        sys.exit(0)


class ExportOptions(_Options):
    """The command line of ``chat export``."""

    synopsis = "Usage: chat export [options]"
    longdesc = """Writes what was said in rooms, in the order in which it was said. The chat may run meanwhile. Private
messages are left out, and so is who is op or invited. To reach a host that is called export, write export:12345."""
    optParameters: ClassVar = [
        _DATA,
        ["format", "f", "jsonl", "jsonl (one object a line, as in docs/protocol.md; chat import reads it) or text."],
        ["output", "o", None, "Write to this file. [default: standard output]"],
    ]

    def __init__(self) -> None:
        super().__init__()
        self.rooms: list[str] = []

    def opt_room(self, room: str) -> None:
        """Export only this room; may be given several times. [default: all rooms]"""
        self.rooms.append(_room(room))

    opt_r = opt_room

    def postOptions(self) -> None:
        _check_format(self["format"], _WRITERS)


class ImportOptions(_Options):
    """The command line of ``chat import``."""

    synopsis = "Usage: chat import [options] FILE"
    longdesc = """Imports rooms into a history that no chat uses at the time: either all of the file, or nothing. In
an empty history messages keep their ids; otherwise they get new ones, and a room that has messages
already is refused. To reach a host that is called import, write import:12345."""
    optParameters: ClassVar = [
        _DATA,
        ["format", "f", "jsonl", "jsonl (written by chat export), irssi or weechat (logs, in local time)."],
        ["room", "r", None, "Import into this room; needed for irssi and weechat. [default: as in the file]"],
    ]

    def parseArgs(self, *words: str) -> None:  # noqa: N802 - Twisted calls it so
        """Take the name of the file, and the options that may follow it."""
        if words and "file" in self:
            raise usage.UsageError(f"There can be one file only, and {words[0]} is another.")
        if words:
            self["file"], *rest = words
            self.parseOptions(rest)

    def postOptions(self) -> None:
        if "file" not in self:
            raise usage.UsageError("Say which file is to be imported.")
        _check_format(self["format"], _READERS)
        if self["room"] is not None:
            self["room"] = _room(self["room"])
        elif self["format"] != "jsonl":
            raise usage.UsageError(f"Say with --room which room the {self['format']} log becomes.")


def run(word: str, arguments: list[str]) -> int:
    """Run ``chat export`` or ``chat import``; return the exit code."""
    options = ExportOptions() if word == "export" else ImportOptions()
    try:
        options.parseOptions(arguments)
    except usage.UsageError as refusal:
        return _complain(f"{str(refusal).rstrip('.')}. chat {word} --help explains.", 2)
    try:
        if isinstance(options, ExportOptions):
            _export(options)
        else:
            _import(options)
    except (CannotOpen, CannotKeep, CannotImport) as refusal:
        return _complain(str(refusal), 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _complain(f"{error.filename or options['data']}: {error.strerror}.", 1)
    except KeyboardInterrupt:
        return _complain("Interrupted before the end. Nothing was imported." if word == "import" else "Interrupted.", 1)
    return 0


def _export(options: ExportOptions) -> None:
    write = _WRITERS[options["format"]]
    with closing(Export(Path(options["data"]), options.rooms)) as export, _output(options["output"]) as output:
        rules = export.rules() if options["format"] == "jsonl" else []
        for rule in rules:
            item = Rules(
                room=rule.room,
                private=rule.access is Access.PRIVATE,
                locked=rule.locked,
                access=Access.MEMBERS if rule.access is Access.MEMBERS else Access.OPEN,
                status=rule.status,
            )
            if item != Rules(room=rule.room):
                print(json_line(item), file=output)
        no_bar = True if output.isatty() else None
        for message in tqdm(export.messages(), total=export.count(), unit=" messages", disable=no_bar, leave=False):
            print(write(message), file=output)
        if options["format"] == "jsonl":
            for topic in export.topics():
                print(json_line(topic), file=output)
        output.flush()
    left_out = [rule.room for rule in rules if rule.ops or rule.invited]
    if left_out:
        sentence = f"Ops and invitations of {_listed(left_out)} are not exported, as they are accounts of this chat."
        print(f"chat: {sentence}", file=sys.stderr)


@contextmanager
def _output(name: str | None) -> Iterator[TextIO]:
    """Open the standard output, or the file called *name*, which appears only once it is whole."""
    if name is None:
        yield sys.stdout
        return
    part = f"{name}.part"
    try:
        with open(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            yield file
        os.replace(part, name)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def _import(options: ImportOptions) -> None:
    name, room = options["file"], options["room"]
    reader = _READERS[options["format"]](room or "")
    rooms: set[str] = set()
    private: list[str] = []
    imported = skipped = number = 0
    with (
        open(name, "rb") as file,
        tqdm(total=_size(file), unit="B", unit_scale=True, disable=None, leave=False) as bar,
        Import(Path(options["data"])) as target,
    ):
        for number, line in enumerate(file, 1):
            try:
                item = reader.read(line.rstrip(b"\r\n").decode("utf-8", "replace"))
                if item is None or item.room is None:
                    skipped += bool(line.strip())
                    continue
                rooms.add(item.room)
                if room is not None:
                    if len(rooms) > 1:
                        raise BadLine(f"the file has more rooms than one, which can't all become #{room}.")
                    item = structs.replace(item, room=room)
                match item:
                    case Topic():
                        target.set_topic(item)
                    case Rules():
                        access = Access.PRIVATE if item.private else item.access
                        target.restrict(item.room, access, item.status, locked=item.locked)
                        private += [item.room] * (access is Access.PRIVATE)
                    case _:
                        target.add(item)
                        imported += 1
            except (BadLine, CannotImport) as why:
                raise CannotImport(f"{name}, line {number}: {why}") from why
            finally:
                bar.update(len(line))
    others = f" {_counted(skipped, 'other line')} passed over." if skipped else ""
    print(f"{_counted(imported, 'message')} imported.{others}")
    if private:
        are = "is" if len(private) == 1 else "are"
        print(f"{_listed(private)} {are} private: only moderators come in until they invite others.")


def _listed(rooms: Sequence[str]) -> str:
    return enumerate_words([f"#{room}" for room in rooms])


def _size(file: BinaryIO) -> int | None:
    """Return the size of *file* in bytes; ``None`` for a pipe."""
    return os.fstat(file.fileno()).st_size or None


def _counted(number: int, what: str) -> str:
    return f"1 {what} was" if number == 1 else f"{number} {what}s were"


def _check_format(name: str, formats: Mapping[str, object]) -> None:
    if name not in formats:
        raise usage.UsageError(f"--format must be {' or '.join(formats)}, not {name}.")


def _room(name: str) -> str:
    try:
        return room_name(name)
    except BadName as refusal:
        raise usage.UsageError(f"--room {name}: {refusal}") from refusal


def _complain(sentence: str, code: int) -> int:
    print(f"chat: {sentence}", file=sys.stderr)
    return code


_WRITERS: Mapping[str, Callable[[Message], str]] = {"jsonl": json_line, "text": text_line}
_READERS: Mapping[str, Callable[[str], Reader]] = {
    "jsonl": lambda room: JsonReader(),
    "irssi": IrssiReader,
    "weechat": WeechatReader,
}
