"""The web port of real daemons: over TCP, TLS and proxies, on all reactors, and with real clients."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from protocols.browsing import frame, handshake
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from e2e.daemon import HOST, LISTEN, Daemon, DaemonFactory
from e2e.tools import tool
from e2e.waiting import DEADLINE, wait_for

DOCS = Path(__file__).parents[2] / "docs"
TLS_LISTEN = f"tls:0:interface={HOST}"


class Tab:
    """A program that speaks as the page does."""

    def __init__(self, url: str, **options: Any) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        secure: dict[str, Any] = {"ssl": context} if url.startswith("wss:") else {}
        self._stack = ExitStack()
        opened = connect(url, **secure, open_timeout=DEADLINE, ping_interval=None, compression=None, **options)
        self.link: ClientConnection = self._stack.enter_context(opened)
        self.token = ""

    def ask(self, **fields: Any) -> None:
        """Send an object."""
        self.link.send(json.dumps(fields))

    def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Return the next message of that type with these fields."""
        while True:
            event: dict[str, Any] = json.loads(self.link.recv(timeout=DEADLINE))
            self.token = event.get("token", self.token)
            if event["type"] == kind and fields.items() <= event.items():
                return event

    def hello(self, name: str, **fields: Any) -> dict[str, Any]:
        """Come in."""
        self.ask(type="hello", name=name, **fields)
        return self.until("welcome")

    def __enter__(self) -> Tab:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()


def url_of(port: int, *, tls: bool = False) -> str:
    """Where the WebSocket of a daemon is."""
    return f"{'wss' if tls else 'ws'}://{HOST}:{port}/ws"


def fetch(port: int, path: str, **headers: str) -> tuple[int, bytes]:
    """Get something by HTTP."""
    connection = http.client.HTTPConnection(HOST, port, timeout=DEADLINE)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("reactor", ["epoll", "poll", "select", "asyncio"])
def test_browsers_talk_over_tcp_and_tls_on_every_reactor(start_chat: DaemonFactory, reactor: str) -> None:
    chat = start_chat("--web", LISTEN, "--web", TLS_LISTEN, "--no-limits", before=["-r", reactor])
    plain, encrypted = chat.web_ports
    with Tab(url_of(plain)) as ada, Tab(url_of(encrypted, tls=True)) as bob:
        ada.hello("ada")
        bob.hello("bob")
        for first in range(0, 300, 30):
            # So much is kept for who does not read yet, also where their socket holds none of it.
            numbers = range(first, first + 30)
            for number in numbers:
                ada.ask(type="say", room="lobby", text=f"{number} " + "x" * 4_000)
            for number in numbers:
                assert bob.until("message")["text"].startswith(f"{number} ")
                assert ada.until("message")["text"].startswith(f"{number} ")
        bob.ask(type="devices")
        assert bob.until("devices")["devices"][0]["way"] == "web over TLS"
        for tab in (ada, bob):
            tab.ask(type="quit")
            tab.until("goodbye")
            with pytest.raises(ConnectionClosed):
                tab.link.recv(timeout=DEADLINE)
            assert tab.link.close_code == 1000


def test_a_page_that_is_loaded_anew_goes_on_and_misses_nothing(start_chat: DaemonFactory) -> None:
    chat = start_chat("--web", LISTEN)
    (port,) = chat.web_ports
    bot = chat.bot("bot")
    with Tab(url_of(port)) as ada:
        ada.hello("ada")
        bot.ask("say", room="lobby", text="one")
        last = ada.until("message")["id"]
        ada.link.close(1001)
        bot.ask("say", room="lobby", text="two")
        with Tab(url_of(port)) as again:
            again.ask(type="hello", token=ada.token, rooms={"lobby": last})
            assert again.until("message")["text"] == "two"


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_the_daemon_ends_the_socket(start_chat: DaemonFactory, end: signal.Signals) -> None:
    chat = start_chat("--web", LISTEN)
    with Tab(url_of(*chat.web_ports)) as ada:
        ada.hello("ada")
        ada.until("room")
        if end is signal.SIGTERM:
            chat.signal(end)
            ada.until("goodbye")
        else:
            chat.kill()
        with pytest.raises(ConnectionClosed):
            ada.link.recv(timeout=DEADLINE)
        assert ada.link.close_code == (1000 if end is signal.SIGTERM else 1006)


def test_a_page_of_another_site_gets_nothing(start_chat: DaemonFactory) -> None:
    chat = start_chat("--web", LISTEN)
    (port,) = chat.web_ports
    for origin in ("https://evil.example", "null"):
        with pytest.raises(InvalidStatus):
            Tab(url_of(port), origin=origin)
    with pytest.raises(InvalidStatus), socket.create_connection((HOST, port)) as made:
        Tab("ws://evil.example/ws", sock=made, origin="http://evil.example")
    assert fetch(port, "/", Host="evil.example")[0] == 421
    assert fetch(port, "/")[0] == 200


def test_nothing_that_is_asked_for_is_logged(start_chat: DaemonFactory) -> None:
    chat = start_chat("--web", LISTEN)
    (port,) = chat.web_ports
    for path in ("/h/secret", "/u/secret", "/?secret", "/ws?secret"):
        fetch(port, path, Referer="http://localhost/secret")
    with Tab(f"{url_of(port)}?secret") as ada:
        ada.hello("ada")
    assert "secret" not in chat.log()


def test_a_handshake_has_a_deadline_however_slowly_it_comes(start_chat: DaemonFactory) -> None:
    chat = start_chat("--web", LISTEN, "--web", TLS_LISTEN, "--limit", "handshake=2")
    for port in chat.web_ports:
        with socket.create_connection((HOST, port), timeout=DEADLINE) as slow:
            slow.settimeout(0.2)
            head = b"\x16\x03\x01\x02\x00" if port == chat.web_ports[1] else b"GET / HTTP/1.1\r\nX: "
            assert drip(slow, head + b"\x01" * 1_000) < 100


def drip(link: socket.socket, data: bytes) -> int:
    """Send *data* byte by byte, five in a second; return how many the other end has taken before it closed."""
    for sent, byte in enumerate(data):
        try:
            link.sendall(bytes([byte]))
            if link.recv(1) == b"":
                return sent
        except TimeoutError:
            continue
        except ConnectionError:
            return sent
    return len(data)


def test_thousands_of_fragments_take_no_memory(start_chat: DaemonFactory) -> None:
    chat = start_chat("--web", LISTEN, "--no-limits")
    (port,) = chat.web_ports
    with Tab(url_of(port)) as ada:
        ada.hello("ada")
        before = chat.rss
        with suppress(ConnectionClosed):
            ada.link.send((b"x" * 1_000).decode() for _ in range(20_000))
        wait_for(lambda: ada.link.close_code == 1009, "it is refused")
        assert chat.rss - before < 4_000_000


# -- proxies


def block(name: str) -> str:
    """The file *name* as docs/running.md shows it."""
    found = re.search(rf"^```\w*\n# {re.escape(name)}\n(.*?)^```", (DOCS / "running.md").read_text(), re.DOTALL | re.M)
    assert found is not None, name
    return found[1]


@contextmanager
def proxy(command: Sequence[str | Path], port: int, folder: Path) -> Iterator[None]:
    """Run a proxy that listens on a port."""
    with (folder / "proxy.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:

            def listens() -> bool:
                assert process.poll() is None, (folder / "proxy.log").read_text()
                with ExitStack() as stack:
                    try:
                        stack.enter_context(socket.create_connection((HOST, port), 1))
                    except OSError:
                        return False
                    return True

            wait_for(listens, "the proxy listens")
            yield
        finally:
            process.terminate()
            process.wait()


@pytest.fixture(params=["nginx", "caddy"])
def proxied(
    request: pytest.FixtureRequest, start_chat: DaemonFactory, port: int, tmp_path: Path
) -> Iterator[tuple[int, Daemon]]:
    """A chat below a path of a real server, set up as the page about running it says."""
    program = tool(request.param)
    chat = start_chat("--web", LISTEN, "--web-url", f"http://{HOST}:{port}/chat/", "--web-proxy", HOST)
    ours = f"127.0.0.1:{chat.web_ports[0]}"
    if request.param == "nginx":
        location = block("/etc/nginx/sites-enabled/chat").replace("127.0.0.1:8080", ours)
        location = re.sub(r"listen 443 ssl;\n.*?(?=\n    location)", f"listen {HOST}:{port};\n", location, flags=re.S)
        config = tmp_path / "nginx.conf"
        config.write_text(
            f"daemon off; pid {tmp_path}/pid; error_log stderr; user root; events {{}}\n"
            f"http {{ access_log off; client_body_temp_path {tmp_path}/body; proxy_temp_path {tmp_path}/proxy;\n"
            f"fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;\n"
            f"{location}}}\n"
        )
        command: list[str | Path] = [program, "-c", config, "-e", "stderr"]
    else:
        site = block("/etc/caddy/Caddyfile").replace("127.0.0.1:8080", ours)
        config = tmp_path / "Caddyfile"
        config.write_text("{\nadmin off\n}\n" + site.replace("example.org {", f"http://{HOST}:{port} {{"))
        command = [program, "run", "--config", config, "--adapter", "caddyfile"]
    with proxy(command, port, tmp_path):
        yield port, chat


def test_a_path_below_a_real_proxy_works(proxied: tuple[int, Daemon]) -> None:
    port, chat = proxied
    status, page = fetch(port, "/chat/")
    assert status == 200
    assert page.lower().startswith(b"<!doctype html>")
    for path in re.findall(rb'(?:src|href)="([^":]+\.\w+)"', page):
        assert fetch(port, f"/chat/{path.decode()}")[0] == 200
    link = socket.create_connection((HOST, port), DEADLINE, source_address=("127.0.0.3", 0))
    with Tab(f"ws://{HOST}:{port}/chat/ws", sock=link, origin=f"http://{HOST}:{port}") as ada:
        ada.hello("ada")
        ada.ask(type="say", room="lobby", text="x" * 4_000)
        assert ada.until("message")["text"] == "x" * 4_000
        ada.ask(type="quit")
        ada.until("goodbye")
    with pytest.raises(InvalidStatus):
        Tab(f"ws://{HOST}:{port}/chat/ws", origin="http://evil.example")
    assert "ada came from 127.0.0.3:" in chat.log()


# -- memory


def test_a_browser_that_waits_takes_little_memory(start_chat: DaemonFactory) -> None:
    chat = start_chat("--web", LISTEN, "--no-limits")
    with ExitStack() as stack:
        links = [come_in(chat, number, stack) for number in range(50)]
        read_all(links)
        before = chat.rss
        links += [come_in(chat, number, stack) for number in range(50, 350)]
        read_all(links)
        wait_for(lambda: chat.rss - before < 300 * 8_000, "each of 300 takes less than 8 KB")


def come_in(chat: Daemon, number: int, stack: ExitStack) -> socket.socket:
    """Come in by a WebSocket that is only a socket, so that hundreds cost a test little."""
    link = stack.enter_context(socket.create_connection((HOST, chat.web_ports[0]), DEADLINE))
    link.sendall(handshake({"Host": "localhost"}))
    link.recv(4_096)
    link.sendall(frame(json.dumps({"type": "hello", "name": f"u{number}"}).encode()))
    shown = b""
    while b'"type":"room"' not in shown:
        shown += link.recv(1 << 16)
    return link


def read_all(links: Sequence[socket.socket]) -> None:
    """Read what has come."""
    for link in links:
        link.setblocking(False)
        with suppress(BlockingIOError):
            while link.recv(1 << 16):
                pass
