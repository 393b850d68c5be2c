"""The logic of the page: its modules are tested by node, on a chat in memory (``page/*.test.mjs``)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import msgspec
import pytest

from chat.client.model.client import ALIASES
from chat.core import events
from chat.core.command import Parameter
from chat.core.commands import table
from chat.core.errors import BadField
from chat.core.text import mentions
from chat.core.when import read

TESTS = Path(__file__).parent / "page"
PAGE = Path(__file__).parents[2] / "chat" / "protocols" / "web" / "page"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None and "CI" not in os.environ, reason="there is no node here")


def node(*arguments: str, zone: str = "UTC") -> str:
    """Run node in that time zone, and return what it writes."""
    assert NODE is not None, "CI has node"
    environment = {**os.environ, "PYTHON": sys.executable, "TZ": zone}
    done = subprocess.run([NODE, *arguments], capture_output=True, text=True, timeout=240, env=environment, check=False)
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-5_000:]
    return done.stdout


@needs_node
@pytest.mark.parametrize("name", sorted(path.name for path in TESTS.glob("*.test.mjs")))
def test_the_modules_of_the_page(name: str) -> None:
    assert "# fail 0" in node("--test", "--test-reporter=tap", str(TESTS / name))


def written(parameter: Parameter) -> str:
    """Write a parameter as the page's table of commands does."""
    name = parameter.name if parameter.kind.value == parameter.name else f"{parameter.name}:{parameter.kind.value}"
    name = f"@{name}" if parameter.here else name
    return f"[{name}]" if parameter.typed and (parameter.optional or parameter.alone) else name


def test_the_page_knows_the_commands_that_people_type() -> None:
    lines = []
    for topic, commands in (("Help", [table.find("help")]), *table.TOPICS):
        people_type = [command for command in commands if not command.programs]
        lines += [f"{topic}:"] * bool(people_type)
        for command in people_type:
            parameters = [written(one) for one in command.parameters if not one.programs]
            lines.append(" ".join((command.name + "!" * command.privileged, *parameters)))
    found = re.search(r"export const SERVED = `\n(.*?)\n`", (PAGE / "command_table.js").read_text(), re.DOTALL)
    assert found is not None
    assert found[1].split("\n") == lines


def test_the_page_knows_what_other_chats_call_commands() -> None:
    found = re.search(r"export const ALIASES = `\n(.*?)\n`", (PAGE / "command_table.js").read_text(), re.DOTALL)
    assert found is not None
    lines = [line.split() for line in found[1].split("\n")]
    assert {alias: name for name, *aliases in lines for alias in aliases} == ALIASES


def test_the_page_reads_every_object_that_programs_are_sent() -> None:
    table_of_shapes = re.search(r"const TABLE = `\n(.*?)\n`", (PAGE / "wire.js").read_text(), re.DOTALL)
    assert table_of_shapes is not None
    needed = {
        shape.split()[0]: {
            re.split(r"[#%=@]", field)[0] for field in shape.split()[1:] if not re.search(r"[?*!]", field)
        }
        for shape in re.split(r"\n(?!\t)", table_of_shapes[1])
    }
    parts: dict[str, type[msgspec.Struct]] = {
        "reaction": events.Reaction,
        "limits": events.Limits,
        "listed": events.ListedRoom,
        "ban": events.BanLine,
        "summary": events.RoomSummary,
        "conversed": events.ConversationLine,
        "device": events.Device,
        "explained": events.CommandHelp,
    }
    for name, part in parts.items():
        assert needed[name] <= {field.encode_name for field in msgspec.structs.fields(part) if field.required}, name
    for event in get_args(events.AnyEvent):
        always = {field.encode_name for field in msgspec.structs.fields(event) if field.required}
        assert needed[event.__struct_config__.tag] <= always, event


SAMPLES = [
    *(
        "ada",
        "ADA",
        "hi ada!",
        "@ada",
        "[ada]",
        "ada: x",
        "ada-2",
        "ada.b",
        "ada|away",
        "ada[m]",
        "ada.",
        "x-ada",
        "-ada",
    ),
    *(
        "> ada",
        "a\n> ada\nada",
        "ada_",
        "_ada",
        "éada",
        "adaé",
        "ada{",
        "{ada}",
        "ada\\",
        "太郎さん",
        "x太郎",
        "a.b",
        "a+b",
        "~ada~",
    ),
    *("ada's", "ada…", "ada]x", "ada^ x", "`ada`", "ada\u0301", "ｅada", "ada1", "1ada"),
]


@needs_node
def test_names_are_found_where_the_server_finds_them() -> None:
    names = ["ada", "太郎", "a.b", "[x"]
    expected = [[list(span) for span in mentions(text, names)] for text in SAMPLES]
    module = (PAGE / "mentions.js").as_uri()
    script = (
        f"import {{ mentions }} from {json.dumps(module)};"
        f"console.log(JSON.stringify({json.dumps(SAMPLES)}.map((text) => mentions(text, {json.dumps(names)}))));"
    )
    found = json.loads(node("--input-type=module", "--eval", script))
    assert {text: sorted(spans) for text, spans in zip(SAMPLES, expected, strict=True)} == dict(
        zip(SAMPLES, found, strict=True)
    )


WHEN = [
    *("50", "0", "-5", "50 around 217", "around 217", "AROUND 217", "2026-11-20 around 217", "around 3 after 4", "x"),
    *("since 09:00", "since 9:00", "since 15:59:59", "since 16:00:01", "SINCE 2026-11-20", "since 2026-11-20 09:00"),
    *("since", "since 25:00", "since 9:60", "since 2026-02-30", "2026-02-29", "2026-2-9", "0000-01-01"),
    *("2026-11-20", "2026-03-29", "2026-10-25", "2026-12-31", "2026-11-20 after 5", "after 5", "before 9", "yesterday"),
    *(
        "after 5 before 9",
        "before 9 after 5",
        "after 5 after 6",
        "50 before 9",
        "since 9:00 before 9",
        "after",
        "5 after",
    ),
]


@needs_node
def test_what_stands_behind_history_is_read_as_the_other_clients_read_it() -> None:
    zone = "Europe/Berlin"
    now = datetime(2026, 11, 26, 16, tzinfo=ZoneInfo(zone))
    expected: dict[str, object] = {}
    for text in WHEN:
        try:
            expected[text] = read(text, now, ZoneInfo(zone))
        except BadField as refusal:
            expected[text] = str(refusal)
    script = (
        f"import {{ past }} from {json.dumps((PAGE / 'when.js').as_uri())};"
        f"const read = (text) => {{ try {{ return past(text, new Date({now.timestamp() * 1000})); }} "
        "catch (refusal) { return refusal.message; } };"
        f"console.log(JSON.stringify({json.dumps(WHEN)}.map(read)));"
    )
    found = json.loads(node("--input-type=module", "--eval", script, zone=zone))
    assert dict(zip(WHEN, found, strict=True)) == expected
