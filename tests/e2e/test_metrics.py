"""What the daemon answers to Prometheus, and to those who ask whether it is well."""

from __future__ import annotations

import re
import socket
import urllib.request
from contextlib import suppress
from urllib.error import HTTPError

import pytest
from prometheus_client.parser import text_string_to_metric_families

from e2e.daemon import HOST, LISTEN, Daemon, DaemonFactory
from e2e.test_tls import refused
from e2e.waiting import DEADLINE, wait_for


@pytest.fixture
def measured(start_chat: DaemonFactory) -> Daemon:
    """A daemon with metrics."""
    return start_chat("--metrics", LISTEN)


def ask(chat: Daemon, path: str) -> str:
    """Get a page."""
    found = wait_for(lambda: re.search(r"QuietSite starting on (\d+)$", chat.log(), re.MULTILINE), "it serves metrics")
    assert found is not None
    with urllib.request.urlopen(f"http://{HOST}:{found[1]}{path}", timeout=DEADLINE) as answer:
        page: str = answer.read().decode()
    return page


def figures(chat: Daemon) -> dict[str, float]:
    """Read the metrics, as Prometheus does."""
    return {
        sample.name + "".join(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(ask(chat, "/metrics"))
        for sample in family.samples
    }


def test_its_figures(measured: Daemon) -> None:
    ada, bot = measured.person("ada"), measured.bot("bot", rooms={"lobby": None, "dev": None})
    before = figures(measured)
    for _ in range(3):
        bot.ask("say", room="lobby", text="hello")
    bot.ask("fly")
    bot.ask("fly")
    measured.stranger().read()
    ada.catch_up()
    after = figures(measured)
    assert after["chat_connections"] == 3
    assert after["chat_users"] == 2
    assert after["chat_rooms"] == 2
    assert after["chat_messages_total"] - before["chat_messages_total"] == 3
    assert after["chat_deliveries_total"] - before["chat_deliveries_total"] == 6
    assert after["chat_refusals_totalunknown-type"] == 2
    assert after["chat_commit_seconds_count"] >= 3
    assert after["chat_commit_seconds_sum"] > 0
    assert after["chat_readers_lagging"] == after["chat_backlog_bytes"] == after["chat_sessions_held"] == 0
    assert after["process_resident_memory_bytes"] > 0


def test_readers_that_lag_and_sessions_that_are_held(start_chat: DaemonFactory) -> None:
    chat = start_chat("--metrics", LISTEN, "--no-limits")
    held, talker = chat.bot("held"), chat.bot("talker")
    held.close()
    stuck = chat.socket(receive_buffer=4_096)
    stuck.request("hello", name="stuck")
    talker.until("joined", name="stuck")
    while figures(chat)["chat_readers_lagging"] == 0:
        for _ in range(100):
            talker.request("say", room="lobby", text="x" * 4_000)
        talker.catch_up()
    wait_for(lambda: figures(chat)["chat_sessions_held"] == 1, "the session is held")


def test_its_health(measured: Daemon) -> None:
    assert ask(measured, "/healthz") == "ok\n"
    with pytest.raises(HTTPError, match="404"):
        ask(measured, "/")


def test_a_place_that_can_not_be_served_is_a_sentence(measured: Daemon) -> None:
    assert "--metrics pigeon:7: that is no endpoint" in refused(measured.folder, "--metrics", "pigeon:7")


def test_a_body_is_not_taken(measured: Daemon) -> None:
    found = wait_for(lambda: re.search(r"QuietSite starting on (\d+)$", measured.log(), re.MULTILINE), "metrics")
    assert found is not None
    with socket.create_connection((HOST, int(found[1])), timeout=DEADLINE) as client:
        client.sendall(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 536870912\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 413 ")
        with suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(1_000):
                client.sendall(bytes(65_536))
            raise AssertionError("64 MB were taken")
        assert not deleted_files(measured)
    assert ask(measured, "/healthz") == "ok\n"


def test_the_chat_port_keeps_nothing_of_a_body(measured: Daemon) -> None:
    with socket.create_connection((HOST, measured.port), timeout=DEADLINE) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 536870912\r\n\r\n")
        with suppress(BrokenPipeError, ConnectionResetError):
            while True:
                client.sendall(bytes(65_536))
                assert not deleted_files(measured)
    assert figures(measured)["process_resident_memory_bytes"] < 128 << 20


def deleted_files(chat: Daemon) -> list[str]:
    """The files that it has open and that have no name."""
    return [name for name in chat.open_files if name.endswith(" (deleted)")]
