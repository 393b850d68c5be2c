"""``chat admin``: the tool. What it is told to do is done by the chat that runs there, which it reaches by a socket."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from twisted.python import usage

from chat.admin import files
from chat.admin.link import Alone, CannotAdminister, Chat, as_json
from chat.admin.options import COMMANDS, Options
from chat.core.text import clean
from chat.disk.output import is_of_output
from chat.history.backup import CannotBackUp
from chat.history.restore import CannotRestore
from chat.history.store import CannotOpen


def run(arguments: list[str], alone: Alone) -> int:
    """Run ``chat admin``; return the exit code."""
    options = Options()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Not every name can be written in every locale, nor what is no UTF-8 in the name of a file.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        options.parseOptions(arguments)
    except usage.UsageError as refusal:
        return _refuse(refusal)
    try:
        if options["words"][0] in files.COMMANDS:
            return files.run(Path(options["data"]), options["words"], _print_json if options["json"] else _print)
        chat = Chat(Path(options["data"]), alone, options=options.filters, json=bool(options["json"]))
        nothing = COMMANDS[options["words"][0]].nothing
        for line in chat.do(options["words"]):
            (print if options["json"] else _print)(line)
            nothing = ""
        if nothing and sys.stdout.isatty() and not options["json"]:
            print(nothing)
        sys.stdout.flush()
    except usage.UsageError as refusal:
        return _refuse(refusal)
    except (CannotAdminister, CannotOpen, CannotBackUp, CannotRestore) as refusal:
        return _complain(str(refusal), 1)
    except PermissionError as error:
        where = error.filename or options["data"]
        return _complain(f"You may not use {where}. Run chat admin as the user that the chat runs as, or as root.", 1)
    except OSError as error:
        if is_of_output(error):
            raise
        return _complain(f"{error.filename or options['data']}: {error.strerror}.", 1)
    except KeyboardInterrupt:
        return _complain("Interrupted.", 1)
    return 0


def _refuse(refusal: usage.UsageError) -> int:
    sentence = str(refusal).rstrip(".")
    return _complain(f"{sentence}{'' if sentence.endswith('?') else '.'} chat admin --help explains.", 2)


def _complain(sentence: str, code: int) -> int:
    print(f"chat: {clean(sentence)}", file=sys.stderr)
    return code


def _print(line: str) -> None:
    """Print a line, in which names of files and what is in the history may be written as somebody liked."""
    print(clean(line))


def _print_json(text: str) -> None:
    print(as_json(text))
