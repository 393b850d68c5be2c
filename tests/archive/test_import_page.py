"""docs/import.md: each command that it shows does what it says."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path

import pytest

from chat.archive.command import ExportOptions, ImportOptions, run

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "import.md").read_text()


def test_the_commands_of_the_page_do_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    shown = re.findall(r"^    ([^\n]+)\n(?:\n```text\n(.*?)```)?", PAGE, re.MULTILINE | re.DOTALL)
    assert len(shown) == 11
    for command, output in shown:
        words = [
            str(path)
            for word in shlex.split(command.replace("/srv/", f"{tmp_path}/"))
            for path in (sorted(Path().glob(word)) if "*" in word else [word])
        ]
        if words[0].startswith("TZ="):
            monkeypatch.setenv("TZ", words.pop(0).removeprefix("TZ="))
            time.tzset()
        chat, word, *arguments = words
        assert (chat, run(word, arguments)) == ("chat", 0)
        out, err = capsys.readouterr()
        if word == "import":
            assert f"{err}{out}" == output
        monkeypatch.setenv("TZ", "UTC")
        time.tzset()


def test_the_page_tells_of_every_option() -> None:
    for options in (ExportOptions(), ImportOptions()):
        for option in {name.removesuffix("=") for name in options.longOpt} - {"help", "version", "data"}:
            assert f"--{option}" in PAGE
