"""Where the client keeps its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat.client import places


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's home, where nothing is set."""
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)


@pytest.mark.parametrize("given", [None, "", " ", "relative/is/ignored"])
def test_the_usual_places(monkeypatch: pytest.MonkeyPatch, given: str | None) -> None:
    if given is not None:
        monkeypatch.setenv("XDG_CONFIG_HOME", given)
        monkeypatch.setenv("XDG_STATE_HOME", given)
    monkeypatch.setattr("sys.platform", "linux")
    assert places.config() == Path("/home/ada/.config/twisted-chat")
    assert places.state() == Path("/home/ada/.local/state/twisted-chat")


def test_those_of_apple(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    support = Path("/home/ada/Library/Application Support/twisted-chat")
    assert (places.config(), places.state()) == (support, support)


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_those_that_are_set(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setenv("XDG_CONFIG_HOME", "/etc/ada")
    monkeypatch.setenv("XDG_STATE_HOME", "/var/ada")
    assert (places.config(), places.state()) == (Path("/etc/ada/twisted-chat"), Path("/var/ada/twisted-chat"))


def test_nobody_knows_of_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs as a user without a name."""

    def home() -> Path:
        raise RuntimeError

    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(Path, "home", home)
    assert places.config() == Path("/.config/twisted-chat")
