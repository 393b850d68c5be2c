"""The commands ``chat export`` and ``chat import``."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import ClassVar

from tqdm import tqdm
from twisted.python import usage

from chat import __version__
from chat.archive.exporting import WRITERS, export_rooms, listed
from chat.archive.formats import JsonReader, Reader
from chat.archive.importing import Imported, Importing
from chat.archive.lines import Lines
from chat.archive.logs import IrssiReader, Nicks, PlainReader, WeechatReader, ZncReader
from chat.archive.moments import KNOWN, YEARS, day_in_name, stamps_for
from chat.core.errors import BadName
from chat.core.names import room_name
from chat.core.text import enumerate_words, some_of
from chat.disk.output import is_of_output
from chat.history.archive import CannotImport, Import
from chat.history.store import CannotKeep, CannotOpen

_NAMED = 5
"""The names that are told, where there may be many."""

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
    optFlags: ClassVar = [["private", None, "Export private rooms too."]]
    optParameters: ClassVar = [
        _DATA,
        ["format", "f", "jsonl", "jsonl (one object a line, as in docs/protocol.md; chat import reads it) or text."],
        ["output", "o", None, "Write to this file. [default: standard output]"],
    ]

    def __init__(self) -> None:
        super().__init__()
        self.rooms: list[str] = []
        self.compData = _completions(tuple(WRITERS))

    def opt_room(self, room: str) -> None:
        """Export only this room; may be given several times. [default: all rooms]"""
        self.rooms.append(_room(room))

    opt_r = opt_room

    def postOptions(self) -> None:
        _check_format(self["format"], list(WRITERS))


class ImportOptions(_Options):
    """The command line of ``chat import``."""

    synopsis = "Usage: chat import [options] FILE..."
    longdesc = """Imports rooms into a history that no chat uses at the time: either all of the files, or nothing. In
an empty history messages keep their ids; otherwise they get new ones, and a room that has messages
already is refused. Times in logs are local time (TZ=Europe/Paris chat import ... for another zone).
To reach a host that is called import, write import:12345."""
    optFlags: ClassVar = [["strict", None, "Import nothing if a line of a log can't be read."]]
    optParameters: ClassVar = [
        _DATA,
        [
            "format",
            "f",
            "jsonl",
            "jsonl (written by chat export), or a log: irssi, weechat, znc, plain ([16:59] <ada> hi).",
        ],
        ["room", "r", None, "Import into this room; needed for logs. [default: as in the file]"],
        ["date", None, None, "The day on which a log begins, if neither it nor its name says so: 2026-11-21."],
        ["time-format", None, None, "How the log writes times, as for strftime. [default: many forms are known]"],
        [
            "encoding",
            "e",
            None,
            "How the log is encoded. [default: UTF-8, UTF-16 or UTF-32; Windows-1252 for lines that are not UTF-8]",
        ],
        ["action-prefix", None, "*", "What WeeChat was set to write before actions (weechat.look.prefix_action)."],
    ]

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []
        self.compData = _completions(("jsonl", *_LOGS))

    def parseArgs(self, *words: str) -> None:  # noqa: N802 - Twisted calls it so
        """Take the names of the files, and the options that may follow them."""
        for place, word in enumerate(words):
            if place and word.startswith("-"):
                self.parseOptions(words[place:])
                return
            self.files.append(word)

    def postOptions(self) -> None:
        if not self.files:
            raise usage.UsageError("Say which file is to be imported.")
        _check_format(self["format"], ("jsonl", *_LOGS))
        if len(self.files) > 1 and self["format"] == "jsonl":
            raise usage.UsageError(f"There can be one file only, and {self.files[1]} is another.")
        if len(self.files) > 1 and self["date"] is not None:
            raise usage.UsageError("--date tells the day of one log only. Import others by names that tell theirs.")
        if self["room"] is not None:
            self["room"] = _room(self["room"])
        elif self["format"] != "jsonl":
            raise usage.UsageError(f"Say with --room which room the {self['format']} log becomes.")
        if self["encoding"] is not None:
            _check_encoding(self["encoding"])
        self.day = _day(self["date"]) if self["date"] is not None else None
        try:
            self.stamps = KNOWN if self["time-format"] is None else stamps_for(self["time-format"])
        except ValueError as why:
            raise usage.UsageError(f"--time-format {self['time-format']}: {why}") from why


def _completions(formats: Sequence[str]) -> usage.Completions:
    """Make what completes the values of the options."""
    return usage.Completions(
        optActions={
            "data": usage.CompleteDirs(),
            "format": usage.CompleteList(formats),
            "output": usage.CompleteFiles(),
        },
        multiUse=["room"],
    )


def run(word: str, arguments: list[str]) -> int:
    """Run ``chat export`` or ``chat import``; return the exit code."""
    options = ExportOptions() if word == "export" else ImportOptions()
    try:
        options.parseOptions(arguments)
    except usage.UsageError as refusal:
        return _complain(f"{str(refusal).rstrip('.')}. chat {word} --help explains.", 2)
    try:
        if isinstance(options, ExportOptions):
            directory, private = Path(options["data"]), bool(options["private"])
            for note in export_rooms(directory, options.rooms, options["format"], options["output"], private=private):
                _tell(note)
        else:
            _import(options)
    except (CannotOpen, CannotKeep, CannotImport) as refusal:
        return _complain(str(refusal), 1)
    except OSError as error:
        if is_of_output(error):
            raise
        return _complain(f"{error.filename or options['data']}: {error.strerror}.", 1)
    except KeyboardInterrupt:
        return _complain("Interrupted before the end. Nothing was imported." if word == "import" else "Interrupted.", 1)
    return 0


def _import(options: ImportOptions) -> None:
    nicks = Nicks()
    size = sum(os.stat(name).st_size for name in options.files)
    with (
        tqdm(total=size or None, unit="B", unit_scale=True, disable=None, leave=False) as bar,
        Import(Path(options["data"])) as target,
    ):
        importing = Importing(target, options["room"], strict=options["strict"] or options["format"] == "jsonl")
        for name in options.files:
            reader = _reader(options, name, nicks)
            with open(name, "rb") as file:
                try:
                    importing.read(name, Lines(file, options["encoding"] or ""), reader, bar.update)
                except UnicodeError as error:
                    encoding = options["encoding"] or "text"
                    raise CannotImport(f"{name} can't be read as {encoding}: {error}. Nothing was imported.") from error
        result = importing.result
        if not result.messages and options["format"] != "jsonl":
            why = result.shown[0] if result.shown else "Only joins and the like are in it."
            raise CannotImport(f"There is no message in {enumerate_words(options.files)}. {why}")
    _report(result, nicks)


def _reader(options: ImportOptions, name: str, nicks: Nicks) -> Reader:
    if options["format"] == "jsonl":
        return JsonReader()
    day = options.day or day_in_name(name)
    return _LOGS[options["format"]](options["room"], day, options.stamps, nicks, options["action-prefix"].strip())


def _report(result: Imported, nicks: Nicks) -> None:
    """Say what was imported on the standard output, and what people may wonder about on the other."""
    for line in result.shown:
        _tell(line)
    if result.unread > len(result.shown):
        _tell(f"{_counted(result.unread - len(result.shown), 'further line')} not read either.")
    if result.guessed:
        _tell(f"{_counted(result.guessed, 'line')} not UTF-8, and read as Windows-1252. --encoding names another.")
    if result.lost:
        _tell(f"{_counted(result.lost, 'file')} not whole, and left out: the messages have come without.")
    if result.future:
        _tell(f"{_counted(result.future, 'message')} written in the future, as the times in the file say.")
    if nicks.changed:
        changed = [f"{nick} became {name}" for nick, name in nicks.changed.items()]
        _tell(f"Nicks that can't be names here were changed: {some_of(changed, _NAMED)}.")
    if result.alike:
        alike = [f"{name} ({_objection(name, other)})" for name, other in result.alike.items()]
        _tell(f"Names that nobody could take here: {some_of(alike, _NAMED)}.")
    others = f" {_counted(result.passed_over, 'other line')} passed over." if result.passed_over else ""
    unread = f" {_counted(result.unread, 'line')} not read." if result.unread else ""
    print(f"{_counted(result.messages, 'message')} imported.{others}{unread}")
    if result.private:
        are = "is" if len(result.private) == 1 else "are"
        print(f"{listed(result.private)} {are} private: only moderators come in until they invite others.")


def _objection(name: str, other: str) -> str:
    return "reserved" if name.casefold() == other.casefold() else f"looks like {other}"


def _counted(number: int, what: str) -> str:
    return f"1 {what} was" if number == 1 else f"{number} {what}s were"


def _check_format(name: str, formats: Sequence[str]) -> None:
    if name not in formats:
        raise usage.UsageError(f"--format must be {' or '.join(formats)}, not {name}.")


def _check_encoding(name: str) -> None:
    try:
        "".encode(name)
        codecs.getincrementaldecoder(name)
    except (LookupError, UnicodeError) as error:
        raise usage.UsageError(f"--encoding {name} is not known. Try cp1252, latin-1, koi8-r or shift-jis.") from error


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.year not in YEARS:
        raise usage.UsageError(f"--date {text} is no day like 2026-11-21.")
    return day


def _room(name: str) -> str:
    try:
        return room_name(name)
    except BadName as refusal:
        raise usage.UsageError(f"--room {name}: {refusal}") from refusal


def _complain(sentence: str, code: int) -> int:
    _tell(sentence)
    return code


def _tell(sentence: str) -> None:
    print(f"chat: {sentence}", file=sys.stderr)


_LOGS: Mapping[str, Callable[..., Reader]] = {
    "irssi": IrssiReader,
    "weechat": WeechatReader,
    "znc": ZncReader,
    "plain": PlainReader,
}
