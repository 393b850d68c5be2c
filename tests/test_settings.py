"""The options of the daemon and its configuration file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from twisted.python.usage import UsageError

from chat.core.doors import Doors, Inviters, Registration
from chat.protocols.ways import WEB
from chat.settings import LONGEST_KEY, Settings, from_elsewhere, is_key, read_config
from chat.tap import Options

EVERYTHING = """
listen = ["tcp:1", "tcp:2"]
welcome = "Hello."
history = 5
data = "/var/lib/chat"
sync = "normal"
keep = "90d"
keep-messages = 100
no-log-talk = true
no-limits = true
allow-plain-passwords = true
lan = true
log = true
tls = true
tls-listen = ["tcp:3"]
tls-cert = "/etc/cert.pem"
tls-key = "/etc/key.pem"
web = ["tcp:5"]
web-url = "https://Example.org/chat"
web-proxy = ["127.0.0.1", "10.0.0.0/8", "unix"]
metrics = "tcp:4"
reserve = ["boss", " ｈelpdesk "]
key = "open sesame"
members-only = true
registration = "closed"
invitations = "members"

[limit]
rate = 2
connections-each = 5
"""


def test_a_file_can_set_everything(tmp_path: Path) -> None:
    file = tmp_path / "chat.toml"
    file.write_text(EVERYTHING)
    values = read_config(str(file))
    assert values.keys() == {field.name for field in structs.fields(Settings)} - {"web"}
    assert Settings(**values) == Settings(
        ways={"listen": ("tcp:1", "tcp:2"), "tls_listen": ("tcp:3",), "web": ("tcp:5",)},
        welcome="Hello.",
        history=5,
        data="/var/lib/chat",
        sync="normal",
        keep="90d",
        keep_messages=100,
        no_log_talk=True,
        no_limits=True,
        allow_plain_passwords=True,
        lan=True,
        log=True,
        tls=True,
        tls_cert="/etc/cert.pem",
        tls_key="/etc/key.pem",
        web_url="https://example.org/chat/",
        web_proxy=("127.0.0.1", "10.0.0.0/8", "unix"),
        metrics="tcp:4",
        reserve=("boss", "helpdesk"),
        key="open sesame",
        members_only=True,
        registration=Registration.CLOSED,
        invitations=Inviters.MEMBERS,
        limit={"rate": 2.0, "connections_each": 5},
    )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (
            "colour = 1",
            'there is no key "colour". There are: listen, welcome, history, data, sync, keep, keep-messages, '
            "no-log-talk, no-limits, ",
        ),
        ('listen = "tcp:1"', '"listen" must be a list of strings, like ["tcp:12345"].'),
        ("listen = []", '"listen" must be a list of strings, like ["tcp:12345"].'),
        ("listen = [1]", '"listen" must be a list of strings, like ["tcp:12345"].'),
        ("history = 201", '"history" must be a whole number from 0 to 200.'),
        ("history = true", '"history" must be a whole number from 0 to 200.'),
        ("members-only = 1", '"members-only" must be true or false.'),
        ('registration = "some"', '"registration" must be "open", "invitation" or "closed".'),
        ('invitations = "all"', '"invitations" must be "moderators" or "members".'),
        (
            'key = ""',
            '"key" must be a string: 1 to 256 characters, not exit or quit, with no blank at its ends and no { or [ at '
            "its beginning.",
        ),
        ('sync = "off"', '"sync" must be "full" or "normal".'),
        ('keep = "90"', '"keep" must be a time, like "90d", or "forever".'),
        ('keep = "999999w"', '"keep": 999999w is too long a time. Use at most ten years, which is 3650d.'),
        ("keep = 90", '"keep" must be a time, like "90d", or "forever".'),
        ("keep-messages = 0", '"keep-messages" must be a whole number from 1 on.'),
        (f"keep-messages = {1 << 63}", '"keep-messages" must be a whole number from 1 on.'),
        ('no-limits = "yes"', '"no-limits" must be true or false.'),
        ("welcome", "this is not TOML: "),
        ('reserve = "boss"', '"reserve" must be a list of names, like ["boss", "helpdesk"].'),
        ('reserve = ["a b"]', '"reserve": That name can\'t be used. Use letters and digits, with _ - . only inside.'),
        ('web = "tcp:1"', '"web" must be true, or a list of strings, like ["tcp:8080"].'),
        ('web-url = "example.org"', '"web-url" must be an address, like "https://example.org/chat/".'),
        ('web-url = "https://a:b/"', '"web-url" must be an address, like "https://example.org/chat/".'),
        (
            'web-proxy = ["10.0.0.1/8"]',
            '"web-proxy" must be a list of addresses, networks or "unix", like ["127.0.0.1"].',
        ),
        ("limit = 1", '"limit" must be a table of limits, like rate = 4; docs/limits.md lists them.'),
        ("[limit]\nspeed = 1", 'there is no limit "speed". There are: connections, connections-each, '),
        ("[limit]\nrate = 0", 'the limit "rate" must be a number greater than 0, not 0.'),
        ("[limit]\nrate = nan", 'the limit "rate" must be a number greater than 0, not nan.'),
        ("[limit]\nrate = true", 'the limit "rate" must be a number greater than 0, not True.'),
        ("[limit]\nburst = 1.5", 'the limit "burst" must be a whole number greater than 0, not 1.5.'),
        ("[limit]\nkeepalive = 32768", 'the limit "keepalive" must be at most 32767, not 32768.'),
        ("[limit]\ngrace = 1e10", 'the limit "grace" must be at most 1000000000, not 10000000000.0.'),
        ("[limit]\nwindow = inf", 'the limit "window" must be at most 1000000000, not inf.'),
        (f"[limit]\nwindow = 1{'0' * 400}", 'the limit "window" must be at most 1000000000, not 1000'),
        ('[limit]\nburst = "many"', 'the limit "burst" must be a whole number greater than 0, not many.'),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, content: str, complaint: str) -> None:
    file = tmp_path / "chat.toml"
    file.write_text(content)
    with pytest.raises(ValueError, match=r"chat\.toml") as caught:
        read_config(str(file))
    assert f"{file}: {complaint}" in str(caught.value)


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "chat.toml"
    file.write_bytes(b'\xef\xbb\xbfwelcome = "Hello."\r\n')
    assert read_config(str(file))["welcome"] == "Hello."


@pytest.mark.parametrize("content", ["x" * (1 << 21), "a = " + "[" * 100_000])
def test_a_file_of_no_sense(tmp_path: Path, content: str) -> None:
    file = tmp_path / "chat.toml"
    file.write_text(content)
    with pytest.raises(ValueError, match=r"the file can't be read|this is not TOML"):
        read_config(str(file))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"can't be read \(No such file or directory\)"):
        read_config(str(tmp_path / "none.toml"))


@pytest.mark.parametrize("age", ["", "90", "0d", "-1d", "1.5d", "9999999d", "90 d", "٣d"])
def test_what_is_no_time_to_keep_messages(tmp_path: Path, age: str) -> None:
    file = tmp_path / "chat.toml"
    file.write_text(f'keep = "{age}"')
    with pytest.raises(ValueError, match='"keep" must be a time'):
        read_config(str(file))


@pytest.mark.parametrize("key", ["k", "open sesame", "é" * LONGEST_KEY, "a{", "exits"])
def test_a_key_that_can_be_typed_is_one(key: str) -> None:
    assert is_key(key)


@pytest.mark.parametrize("key", ["", " a", "a ", "a\n", "a\tb", "{a", "[a", "exit", "QUIT", "k" * (LONGEST_KEY + 1)])
def test_a_key_that_can_not_be_typed_is_none(key: str) -> None:
    assert not is_key(key)


@pytest.mark.parametrize(
    ("endpoint", "elsewhere"),
    [
        ("tcp:12345", True),
        ("tcp:port=12345", True),
        ("tcp:12345:interface=127.0.0.1", False),
        ("tcp:12345:127.0.0.1", False),
        ("tcp:interface=127.0.0.1:port=12345", False),
        ("tcp:12345:interface=localhost", False),
        ("tcp:12345:interface=192.0.2.1", True),
        ("tcp:12345:interface=chat.example.org", True),
        (r"tcp:12345:interface=\:\:1", False),
        (r"tcp:12345:interface=\:\:", True),
        ("tcp6:12345", True),
        (r"tcp6:12345:interface=\:\:1", False),
        ("unix:/run/chat.sock", False),
        ("ssl:12345", False),
        ("haproxy:tcp:12345:interface=127.0.0.1", True),
        ("haproxy:unix:/run/chat.sock", True),
        ("systemd:domain=UNIX:index=0", False),
        ("systemd:domain=INET6:index=0", True),
        ("onion:80", True),
        ("everywhere:12345", True),
    ],
)
def test_where_clients_come_from_by_an_endpoint(endpoint: str, elsewhere: bool) -> None:
    assert from_elsewhere(endpoint) is elsewhere


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"data": "none"}, "the data none, nobody could ever come in"),
        ({"registration": Registration.OPEN}, "accounts are made by invitation: leave registration out"),
        (
            {"ways": {"listen": ("unix:/a", "tcp:1")}},
            "from elsewhere by tcp:1, as passwords are not taken where others",
        ),
        ({"ways": {"listen": ("haproxy:unix:/a",)}}, "from elsewhere by haproxy:unix:/a"),
    ],
)
def test_doors_by_which_no_member_comes_in_are_refused(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Settings(members_only=True, **settings).check_doors()
    Settings(**settings).check_doors()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"registration": Registration.CLOSED},
        {"ways": {"listen": ("tcp:1",)}, "allow_plain_passwords": True},
        {"ways": {"listen": (), "tls_listen": ("tcp:1", "haproxy:tcp:2")}},
    ],
)
def test_doors_by_which_members_come_in(settings: dict[str, Any]) -> None:
    Settings(members_only=True, **settings).check_doors()


def test_accounts_are_made_by_everybody_or_by_invitation() -> None:
    assert Settings().doors == Doors()
    assert Settings(members_only=True).doors == Doors(members_only=True, registration=Registration.INVITATION)
    assert Settings(registration=Registration.CLOSED).doors == Doors(registration=Registration.CLOSED)


def test_the_key_is_in_no_text_of_the_settings() -> None:
    settings = Settings(key="open sesame")
    assert "sesame" not in f"{settings!r}{settings.doors!r}"


@pytest.mark.parametrize(
    ("settings", "endpoints"),
    [
        (Settings(), ()),
        (Settings(web=True), ("tcp:8080:interface=127.0.0.1",)),
        (Settings(lan=True), ("everywhere:8080",)),
        (Settings(lan=True, web=True), ("everywhere:8080",)),
        (Settings(lan=True, members_only=True), ()),
        (Settings(lan=True, web=True, ways={"web": ("tls:8443",)}), ("tls:8443",)),
    ],
)
def test_the_page_is_served_where_it_is_asked_for(settings: Settings, endpoints: tuple[str, ...]) -> None:
    assert settings.endpoints(WEB) == endpoints
    assert settings.encrypts == ("tls:8443" in endpoints or settings.lan)


@pytest.mark.parametrize(
    ("words", "ways", "alone"),
    [
        ([], {}, False),
        (["--web"], {}, True),
        (["--web", "--lan"], {}, True),
        (["--lan", "--web", "tcp:1"], {"web": ("tcp:1",)}, False),
        (["--web=tcp:1", "--web"], {"web": ("tcp:1",)}, True),
        (["--web", "tls:1", "--web", "tcp:2"], {"web": ("tls:1", "tcp:2")}, False),
        (["--web-url", "http://h", "--web-proxy", "::1", "--web-proxy", "unix"], {}, False),
    ],
)
def test_the_page_needs_no_endpoint(words: list[str], ways: dict[str, tuple[str, ...]], alone: bool) -> None:
    options = Options()
    options.parseOptions(words)
    assert (options.settings.ways, options.settings.web) == (ways, alone)
    if "--web-url" in words:
        assert (options.settings.web_url, options.settings.web_proxy) == ("http://h/", ("::1", "unix"))


@pytest.mark.parametrize(
    "words", [["--web-url", "example.org"], ["--web-proxy", "here"], ["--web", "8080"], ["--web", "tls:pigeon"]]
)
def test_what_the_page_can_not_be_served_by_is_refused(words: list[str]) -> None:
    with pytest.raises(UsageError, match=re.escape(f"{words[0]} {words[1]}: ")):
        Options().parseOptions(words)


WRITE = "Write one like tcp:12345, everywhere:12345 for others too, or unix:/run/chat.sock."


@pytest.mark.parametrize(
    ("endpoint", "sentence"),
    [
        *(
            (wrong, f": that is no endpoint. {WRITE}")
            for wrong in ("tcp:80x", "tcp", "tcp:1:x=2", "tls:80x", "everywhere:x")
        ),
        ("8080", ": that is no endpoint. For a port, write tcp:8080, or everywhere:8080 for others too."),
        ("ssl:443:privateKey=/nowhere", ": /nowhere: No such file or directory."),
        ("systemd:domain=INET:index=0", ": systemd has passed on no such socket."),
    ],
)
@pytest.mark.parametrize("option", ["--listen", "--metrics"])
def test_what_is_no_endpoint_is_told_in_our_words(option: str, endpoint: str, sentence: str) -> None:
    with pytest.raises(UsageError) as told:
        Options().parseOptions([option, endpoint])
    assert str(told.value) == f"{option} {endpoint}{sentence}"
