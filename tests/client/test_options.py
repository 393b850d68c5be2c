"""The command line and the configuration file of the client."""

from __future__ import annotations

import getpass
import subprocess
import sys
from pathlib import Path

import pytest
from twisted.python import usage

from chat.client import options
from chat.client.model.client import OWN_COMMANDS
from chat.client.options import ClientSettings, read, split_address
from chat.disk.texts import LONGEST


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration file that is looked for."""
    path = tmp_path / "client.toml"
    monkeypatch.setattr(options, "config_path", lambda: path)
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    return path


def test_defaults() -> None:
    settings = read([])
    assert (settings.host, settings.port, settings.rooms) == ("localhost", 12345, ("lobby",))
    assert settings.names[:3] == ("ada", "ada-2", "ada-3")
    assert settings.names[-1] == ""
    assert not settings.tail
    assert not settings.plain
    assert not settings.gui
    assert not settings.address_given
    assert settings.timeout == 30
    assert settings.log is None


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("example.org", (None, "example.org", 12345)),
        ("example.org:99", (None, "example.org", 99)),
        ("ada@example.org:99", ("ada", "example.org", 99)),
        ("@example.org", ("", "example.org", 12345)),
        ("[::1]:99", (None, "::1", 99)),
        ("[::1]", (None, "::1", 12345)),
        ("::1", (None, "::1", 12345)),
        ("ada@", ("ada", "localhost", 12345)),
        (":99", (None, "localhost", 99)),
    ],
)
def test_addresses(address: str, parts: tuple[str | None, str, int]) -> None:
    assert split_address(address) == parts


@pytest.mark.parametrize("address", ["host:port", "host:0", "host:65536", "host:-1", "[::1", "[::1]99", "host:٣"])
def test_impossible_addresses(address: str) -> None:
    with pytest.raises(usage.UsageError):
        read([address])


def test_an_address_on_the_command_line_is_gone_to(config: Path) -> None:
    config.write_text('address = "bob@example.org:99"\ngui = true\n')
    assert (read([]).gui, read([]).address_given) == (True, False)
    assert read(["localhost"]).address_given


def test_a_name_that_was_chosen_is_the_only_one() -> None:
    assert read(["--name", "bob"]).names == ("bob",)
    assert read(["bob@localhost"]).names == ("bob",)
    assert read(["--name", "cy", "bob@localhost"]).names == ("cy",)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--name", "a b"],
        ["--rooms", "a b"],
        ["--timeout", "soon"],
        ["--timeout", "0"],
        ["--timeout", "nan"],
        ["--nonsense"],
        ["one", "two"],
        ["one", "--plain", "two"],
        ["--config", "/nonexistent"],
    ],
)
def test_impossible_options(arguments: list[str]) -> None:
    with pytest.raises(usage.UsageError):
        read(arguments)


def test_rooms() -> None:
    assert read(["--rooms", "Lobby,#dev"]).rooms == ("lobby", "dev")
    assert read(["--room", "dev"]).rooms == ("dev",)


def test_a_log_in_name_that_is_no_name_makes_a_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "a b")
    assert read([]).names == ("",)


def test_the_configuration_file(config: Path) -> None:
    config.write_text(
        'address = "bob@example.org:99"\nrooms = ["lobby", "dev"]\nplain = true\ntimeout = 5\nlog = "/tmp/chat.log"\n'
    )
    assert read([]) == ClientSettings(
        host="example.org",
        port=99,
        names=("bob",),
        rooms=("lobby", "dev"),
        tail=False,
        plain=True,
        gui=False,
        address_given=False,
        timeout=5.0,
        log=Path("/tmp/chat.log"),  # noqa: S108
    )


def test_the_command_line_wins(config: Path) -> None:
    config.write_text('address = "bob@example.org:99"\nname = "bert"\nrooms = ["dev"]\ntimeout = 5\n')
    settings = read(["localhost", "--name", "cy", "--rooms", "tea", "--timeout", "7"])
    assert (settings.host, settings.port, settings.names) == ("localhost", 12345, ("cy",))
    assert (settings.rooms, settings.timeout) == (("tea",), 7.0)


def test_another_configuration_file(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('name = "bob"\n')
    assert read(["--config", str(other)]).names == ("bob",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "colour = 1",
            "there is no setting 'colour'. There are: address, gui, key-file, keyring, log, name, password-file, ",
        ),
        ("rooms = 'dev'", "'rooms' must be a list of texts like [\"lobby\", \"dev\"], not 'dev'."),
        ("rooms = []", "'rooms' must be a list"),
        ("name = 7", "'name' must be a text like \"ada\", not 7."),
        ("plain = 1", "'plain' must be true or false, not 1."),
        ("timeout = true", "'timeout' must be a number of seconds like 30, not True."),
        ("timeout = -1", "'timeout' must be a number of seconds like 30, not -1."),
        ("rooms = [", "is not TOML"),
    ],
)
def test_a_wrong_configuration_is_refused(config: Path, text: str, sentence: str) -> None:
    config.write_text(text)
    with pytest.raises(usage.UsageError) as refusal:
        read([])
    assert str(refusal.value).startswith(str(config))
    assert sentence in str(refusal.value)


def test_every_option_has_a_setting_and_is_explained(config: Path) -> None:
    text = str(options.Options())
    for key in options._KEYS:
        assert key == "address" or f"--{key}" in text
    assert text.count("[default:") == len(options.Options.optParameters)


def test_importing_the_command_imports_no_reactor() -> None:
    code = "import sys, chat.client.command; sys.exit('twisted.internet.reactor' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_document_of_the_client_has_every_option_and_command() -> None:
    document = (Path(__file__).parents[2] / "docs" / "client.md").read_text()
    for row in (*options.Options.optFlags, *options.Options.optParameters):
        assert isinstance(row, list)
        assert f"`--{row[0]}" in document
    for name in OWN_COMMANDS:
        assert f"`/{name}`" in document


def test_who_writes_the_port_as_for_netcat_is_told_where_it_stands(config: Path) -> None:
    with pytest.raises(usage.UsageError, match=r"12345 is another\. A port stands behind the host: ada@host:12345\."):
        read(["ada@host", "12345"])
    with pytest.raises(usage.UsageError, match=r"other is another\.$"):
        read(["ada@host", "other"])


def test_rooms_of_the_command_line_are_known_as_such(config: Path) -> None:
    config.write_text('rooms = ["lobby", "dev"]')
    assert not read([]).rooms_given
    assert read(["--rooms", "tea"]).rooms_given


def test_a_byte_order_mark_is_passed_over(config: Path) -> None:
    config.write_bytes(b'\xef\xbb\xbfname = "bob"\r\n')
    assert read([]).names == ("bob",)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("x" * (LONGEST + 1), "can't be read: File too large."), ("a = " + "[" * 100_000, "is not TOML: ")],
)
def test_a_configuration_file_of_no_sense(config: Path, content: str, complaint: str) -> None:
    config.write_text(content)
    with pytest.raises(usage.UsageError, match=complaint):
        read([])


def test_a_home_that_may_not_be_looked_into_has_no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    def exists(path: Path) -> bool:
        raise PermissionError

    monkeypatch.setattr(Path, "exists", exists)
    assert read([]).names[0] == "ada"


def test_a_log_in_the_home_of_nobody() -> None:
    with pytest.raises(usage.UsageError, match="nobody has such a home directory"):
        read(["--log", "~no-such-user/log"])
