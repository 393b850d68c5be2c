"""What a chat tells people when it begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat.daemon.greeting import Door, Greeting, Network
from chat.protocols.ways import PLAIN, TLS, WEB
from chat.settings import Settings

EVERYWHERE = [Door(PLAIN, "::", 12345), Door(TLS, "::", 12346)]
HERE = [Door(PLAIN, "127.0.0.1", 12345)]
AT_HOME = Network(["192.168.1.7", "fd00::7"], "desk.local")


def told(settings: Settings, doors: list[Door], network: Network = AT_HOME) -> list[str]:
    """What it says."""
    return list(Greeting(settings, doors, "AB:CD", "chat serve", "chat").lines(network, "Ctrl-C"))


def to_type(settings: Settings, doors: list[Door], network: Network = AT_HOME) -> list[str]:
    """What it says that one types."""
    return [line.strip() for line in told(settings, doors, network) if line.startswith("    ")]


def test_the_name_of_the_machine_comes_after_its_first_address() -> None:
    assert to_type(Settings(lan=True), EVERYWHERE) == [
        "nc 192.168.1.7 12345",
        "nc desk.local 12345",
        "nc fd00::7 12345",
        "chat tls://ada@192.168.1.7",
    ]


@pytest.mark.parametrize(
    ("doors", "lines"),
    [
        (HERE, ["nc localhost 12345", "chat ada@localhost"]),
        ([Door(PLAIN, "::1", 12345)], ["nc ::1 12345", "chat ada@[::1]"]),
        ([Door(PLAIN, "127.0.0.1", 99)], ["nc localhost 99", "chat ada@localhost:99"]),
        ([Door(PLAIN, "127.0.0.2", 12345)], ["nc 127.0.0.2 12345", "chat ada@127.0.0.2"]),
        ([Door(PLAIN, "/run/my chat", None)], ["nc -U '/run/my chat'"]),
        (
            [*HERE, Door(TLS, "127.0.0.1", 12346)],
            ["nc localhost 12345", "chat ada@localhost", "chat tls://ada@localhost"],
        ),
        ([Door(PLAIN, "0.0.0.0", 12345)], ["nc 192.168.1.7 12345", "nc desk.local 12345"]),  # noqa: S104
        ([Door(PLAIN, "fd00::7", 12345)], ["nc fd00::7 12345"]),
        ([*HERE, Door(TLS, "fd00::7", 1)], ["ncat --ssl fd00::7 1", "chat tls://ada@[fd00::7]:1"]),
    ],
)
def test_one_types_what_reaches_the_door(doors: list[Door], lines: list[str]) -> None:
    assert to_type(Settings(), doors) == lines


def test_a_chat_behind_a_proxy_has_nothing_to_type() -> None:
    """The proxy's address is not the chat's to know."""
    assert told(Settings(data="none", ways={"listen": ("haproxy:tcp:1",)}), [])[0] == "The chat is open."


def test_a_machine_on_no_network_has_an_address_to_come() -> None:
    lines = told(Settings(lan=True), EVERYWHERE, Network())
    assert "on no network" in lines[0]
    assert lines[2:4] == ["    nc ADDRESS 12345", "    chat tls://ada@ADDRESS"]


def test_the_key_the_members_and_the_firewall_are_told() -> None:
    network = Network(["192.168.1.7"], None, "A firewall is on.", container=True)
    lines = told(Settings(lan=True, key="tea", members_only=True), EVERYWHERE, network)
    assert {
        "All are asked for the key first: tea",
        "Only members come in.",
        "A firewall is on.",
        "This is a container: others may need the address of its host instead.",
    } <= set(lines)


def test_the_fingerprint_is_told_of_a_certificate_that_nobody_vouches_for() -> None:
    line = "Whoever comes by tls:// is shown this fingerprint: AB:CD"
    assert line in told(Settings(lan=True), EVERYWHERE)
    assert line in told(Settings(tls=True), [*HERE, Door(TLS, "127.0.0.1", 12346)])
    assert "AB:CD" not in "".join(told(Settings(lan=True, tls_cert="/etc/chat.pem"), EVERYWHERE))


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (Settings(), "To let others on your network in: chat serve --lan"),
        (Settings(ways={"listen": ("tcp:12345:interface=127.0.0.1",)}), None),
        (
            Settings(lan=True, ways={"listen": ("tcp:1:interface=::1",)}),
            "--lan changes nothing, as listen and tls-listen say where to listen.",
        ),
    ],
)
def test_how_others_come_in_is_told_if_they_do_not(settings: Settings, line: str | None) -> None:
    lines = told(settings, HERE)
    assert [told for told in lines if "--lan" in told] == ([] if line is None else [line])


def test_where_the_history_is_is_told_wherever_one_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert f"The history is in {tmp_path}/chat.db" in told(Settings(), HERE)
    assert f"The history is in {tmp_path}/data/chat.db" in told(Settings(data="data"), HERE)
    assert "Nothing is stored: what is said is gone when the chat ends." in told(Settings(data="none"), HERE)


EVERYWHERE_8080 = Door(WEB, "::", 8080)


@pytest.mark.parametrize(
    ("settings", "doors", "page"),
    [
        (Settings(), [], None),
        (Settings(), [Door(WEB, "127.0.0.1", 8080)], "http://localhost:8080/"),
        (Settings(), [Door(WEB, "127.0.0.1", 8443, tls=True)], "https://localhost:8443/"),
        (Settings(), [Door(WEB, "127.0.0.1", 80)], "http://localhost/"),
        (Settings(), [Door(WEB, "/run/web.sock", None)], None),
        (Settings(), [Door(WEB, "127.0.0.1", 8080), EVERYWHERE_8080], "http://192.168.1.7:8080/"),
        (Settings(), [Door(WEB, "fd00::7", 8080)], "http://[fd00::7]:8080/"),
        (Settings(web_url="https://example.org/chat/"), [EVERYWHERE_8080], "https://example.org/chat/"),
    ],
)
def test_the_page_is_where_others_can_open_it(settings: Settings, doors: list[Door], page: str | None) -> None:
    lines = [line for line in told(settings, [*HERE, *doors]) if "browser" in line]
    assert lines == ([f"In a browser, open {page}"] if page is not None else [])


def test_a_page_alone_is_all_that_is_told() -> None:
    assert told(Settings(data="none"), [EVERYWHERE_8080])[:2] == [
        "The chat is open, also to others on your network.",
        "In a browser, open http://192.168.1.7:8080/",
    ]
