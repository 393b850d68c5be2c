"""The options of the daemon and its configuration file."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from chat.settings import Settings, read_config

EVERYTHING = """
listen = ["tcp:1", "tcp:2"]
welcome = "Hello."
history = 5
data = "/var/lib/chat"
sync = "normal"
no-log-talk = true
no-limits = true
allow-plain-passwords = true
"""


def test_a_file_can_set_everything(tmp_path: Path) -> None:
    file = tmp_path / "chat.toml"
    file.write_text(EVERYTHING)
    values = read_config(str(file))
    assert values.keys() == {field.name for field in fields(Settings)}
    assert Settings(**values) == Settings(("tcp:1", "tcp:2"), "Hello.", 5, "/var/lib/chat", "normal", True, True, True)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (
            "colour = 1",
            'there is no key "colour". There are: listen, welcome, history, data, sync, no-log-talk, no-limits, ',
        ),
        ('listen = "tcp:1"', '"listen" must be a list of strings, like ["tcp:12345"].'),
        ("listen = []", '"listen" must be a list of strings, like ["tcp:12345"].'),
        ("listen = [1]", '"listen" must be a list of strings, like ["tcp:12345"].'),
        ("history = 201", '"history" must be a whole number from 0 to 200.'),
        ("history = true", '"history" must be a whole number from 0 to 200.'),
        ('sync = "off"', '"sync" must be "full" or "normal".'),
        ('no-limits = "yes"', '"no-limits" must be true or false.'),
        ("welcome", "this is not TOML: "),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, content: str, complaint: str) -> None:
    file = tmp_path / "chat.toml"
    file.write_text(content)
    with pytest.raises(ValueError, match=r"chat\.toml") as caught:
        read_config(str(file))
    assert f"{file}: {complaint}" in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"can't be read \(No such file or directory\)"):
        read_config(str(tmp_path / "none.toml"))
