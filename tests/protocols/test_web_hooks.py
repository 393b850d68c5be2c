"""Hooks by HTTP: what a program may send, how it is answered, and that nobody else learns the address."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from box import Box, Client, SlowStore
from operated import HASH, LIMITS, PASSWORD
from protocols.browsing import OURS, Browser, Web
from twisted.logger import formatEvent, globalLogPublisher

from chat.core.limits import Limits
from chat.core.links import Links
from chat.history.memory import MemoryStore
from chat.history.store import CannotKeep
from chat.protocols.web import hooks
from chat.protocols.web.hooks import Hooks

CURL = "application/x-www-form-urlencoded"
"""What curl calls everything that it is given with -d."""
FORM = {"Content-Type": CURL}
JSON = {"Content-Type": "application/json; charset=utf-8"}
PLAIN = {"Content-Type": "text/plain"}


class Hooked:
    """A chat with ada in #dev, where she has made a hook, and its web port."""

    def __init__(self, limits: Limits = LIMITS, store: Any = None) -> None:
        self.box = Box(limits=limits, store=store or MemoryStore())
        self.box.hub.links = Links(port=8080)
        self.box.make_account("ada", HASH)
        self.box.settle()
        self.ada = self.box.connect()
        self.ada.ask(type="hello", name="ada", password=PASSWORD, rooms={"dev": None}, accept=["changes", "lines"])
        self.ada.ask(type="hook", room="dev", name="ci")
        self.box.settle()
        address = self.ada.objects()[-1]["text"].split()[-1]
        self.secret = address.rpartition("/")[2]
        self.web = Web(self.box)
        self.web.root.putChild(b"h", Hooks(self.box.hub))

    def post(
        self, body: str | bytes, kind: Mapping[str, str] = FORM, query: str = "", secret: str | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send something to the hook, or to another secret."""
        browser = self.web.connect()
        self.begin(browser, body, kind, query, secret)
        self.box.settle()
        return browser.answer()

    def begin(
        self,
        browser: Browser,
        body: str | bytes,
        kind: Mapping[str, str] = FORM,
        query: str = "",
        secret: str | None = None,
    ) -> None:
        """Send something, and wait for no answer."""
        data = body.encode() if isinstance(body, str) else body
        head = {"Host": OURS["Host"], **kind, "Content-Length": str(len(data))}
        lines = [f"POST /h/{self.secret if secret is None else secret}{query} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in head.items()]
        browser.send_bytes("\r\n".join([*lines, "", ""]).encode() + data)

    def heard(self, client: Client | None = None) -> list[str]:
        """What ci has said since the last call."""
        events = (client or self.ada).objects()
        return [event["text"] for event in events if event["type"] == "message" and event["author"] == "ci"]


@pytest.fixture
def hooked() -> Hooked:
    return Hooked()


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("deploy done", FORM, "deploy done"),
        ("50% done + more=yes&so", FORM, "50% done + more=yes&so"),
        ("one\n  two\n", FORM, "one\n  two"),
        ("deploy done", PLAIN, "deploy done"),
        ('{"text": "x"}', PLAIN, '{"text": "x"}'),
        ("deploy done", {}, "deploy done"),
        (b"caf\xe9", FORM, "caf\ufffd"),
        (json.dumps({"text": "deploy <http://x.example|done> ✓"}), JSON, "deploy done (http://x.example) ✓"),
        (json.dumps({"text": "deploy done"}), FORM, "deploy done"),
        (json.dumps({"state": "down"}), FORM, '{"state": "down"}'),
        ("{broken", FORM, "{broken"),
        (urlencode({"text": "a + b & c\nd"}), FORM, "a + b & c\nd"),
        (urlencode({"payload": json.dumps({"text": "deploy done"})}), FORM, "deploy done"),
        (
            json.dumps({"attachments": [{"title": "Down", "title_link": "http://x.example"}]}),
            JSON,
            "Down (http://x.example)",
        ),
    ],
)
def test_text_forms_and_json_are_said(hooked: Hooked, body: str | bytes, kind: dict[str, str], text: str) -> None:
    status, headers, answer = hooked.post(body, kind)
    assert (status, headers["Content-Type"], answer) == (200, "text/html", b"ok")
    assert hooked.heard() == [text]


@pytest.mark.parametrize(
    ("body", "kind", "status", "why"),
    [
        ("", FORM, 400, "There is nothing to say in that."),
        (" \n", FORM, 400, "There is nothing to say in that."),
        (json.dumps({"text": ""}), JSON, 400, "There is nothing to say in that."),
        ("x" * 5_000, FORM, 400, "That text is too long, so it was not sent. Use at most 4096 bytes."),
        ("{", JSON, 400, 'Send a JSON object like {"text": "hello"}.'),
        ("[]", JSON, 400, 'Send a JSON object like {"text": "hello"}.'),
        ('{"state": "down"}', JSON, 400, 'Send a JSON object like {"text": "hello"}.'),
        ("[" * 50_000, JSON, 400, 'Send a JSON object like {"text": "hello"}.'),
        ('{"text":' + "[" * 50_000, JSON, 400, 'Send a JSON object like {"text": "hello"}.'),
        (urlencode({"payload": "x"}), FORM, 400, 'Send a JSON object like {"text": "hello"}.'),
        (json.dumps({"text": "x", "tag": 7}), JSON, 400, '"tag" must be a string of 1 to 64 characters.'),
        (json.dumps({"text": "x", "tag": "x" * 65}), JSON, 400, '"tag" must be a string of 1 to 64 characters.'),
        (
            "x",
            {"Content-Type": "multipart/form-data; boundary=x"},
            415,
            "Send text, JSON, or a form as curl -d sends it.",
        ),
        ("x" * 70_000, FORM, 413, "Send at most 65536 bytes."),
    ],
)
def test_what_can_not_be_said(hooked: Hooked, body: str, kind: dict[str, str], status: int, why: str) -> None:
    found, _, answer = hooked.post(body, kind)
    assert (found, answer.decode()) == (status, f"{why}\n")
    assert hooked.heard() == []


def test_what_a_program_sends_that_is_too_long_is_cut(hooked: Hooked) -> None:
    assert hooked.post(json.dumps({"text": "line\n" * 200}), JSON)[0] == 200
    (text,) = hooked.heard()
    assert text == "line\n" * 99 + "..."


@pytest.mark.parametrize("secret", ["", "x", "x/y", "%00", "a" * 1_000])
def test_other_addresses_are_nothing(hooked: Hooked, secret: str) -> None:
    status, _, answer = hooked.post("hello", secret=secret)
    assert (status, answer) == (404, b"There is no such hook, or not any more.\n")
    assert hooked.heard() == []


def test_part_of_the_secret_is_not_enough(hooked: Hooked) -> None:
    assert hooked.post("hello", secret=hooked.secret[:-1])[0] == 404
    assert hooked.post("hello", secret=f"{hooked.secret}/")[0] == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_opens_it_in_a_browser_is_told_what_it_is_for(hooked: Hooked, method: str) -> None:
    status, _, answer = hooked.web.connect().ask_for(method, f"/h/{hooked.secret}")
    assert status == 405
    assert hooked.secret.encode() not in answer


def test_pages_of_other_sites_can_not_speak(hooked: Hooked) -> None:
    status, _, _ = hooked.post("hello", {**FORM, "Origin": "http://evil.example"})
    assert status == 403
    assert hooked.heard() == []


def test_who_may_not_speak_is_told_why(hooked: Hooked) -> None:
    hooked.ada.ask(type="room", room="dev", access="archive", on=True)
    hooked.box.settle()
    status, _, answer = hooked.post("hello")
    assert (status, answer) == (403, b"#dev is archived: it can be read, but nobody can speak in it.\n")
    hooked.box.admin("ban", "192.0.2.1")
    assert hooked.post("hello")[0] == 403


@pytest.mark.parametrize(
    ("body", "kind", "query"),
    [
        (json.dumps({"text": "done", "tag": "run 7"}), JSON, ""),
        (json.dumps({"text": "done"}), JSON, "?tag=run+7"),
        (urlencode({"text": "done", "tag": "run 7"}), FORM, ""),
        ("done", FORM, "?tag=run%207"),
    ],
)
def test_a_tag_says_it_once(hooked: Hooked, body: str, kind: dict[str, str], query: str) -> None:
    assert [hooked.post(body, kind, query)[0] for _ in range(3)] == [200] * 3
    (message,) = [event for event in hooked.ada.objects() if event["type"] == "message"]
    assert (message["text"], message["tag"]) == ("done", "run 7")


def test_too_much_is_refused_with_the_time_to_wait() -> None:
    hooked = Hooked(Limits(plain_passwords=True, connects_rate=None))
    assert hooked.post("x\n" * 40 + "x")[0] == 200
    status, headers, answer = hooked.post("hello")
    assert (status, headers["Retry-After"]) == (429, "6")
    assert answer == b"That is too much just now, so it was not sent. Try again in 6 s.\n"
    hooked.box.clock.advance(6)
    assert hooked.post("hello")[0] == 200


def test_it_is_answered_once_it_is_stored() -> None:
    store = SlowStore()
    hooked = Hooked(store=store)
    browser = hooked.web.connect()
    hooked.begin(browser, "one")
    assert browser.received() == b""
    store.store()
    hooked.box.turn()
    assert browser.answer()[0] == 200
    hooked.begin(browser, "two", query="?tag=2")
    store.fail(CannotKeep("the disk is full."))
    hooked.box.settle()
    status, _, answer = browser.answer()
    assert (status, answer) == (503, b"Not stored, not shown to anybody. Try again later.\n")
    assert hooked.heard() == ["one"]


def test_who_goes_away_meanwhile_has_said_it_all_the_same() -> None:
    store = SlowStore()
    hooked = Hooked(store=store)
    browser = hooked.web.connect()
    hooked.begin(browser, "one")
    browser.lose()
    hooked.box.settle()
    assert hooked.heard() == ["one"]


def test_the_secret_enters_no_log(hooked: Hooked, monkeypatch: pytest.MonkeyPatch, logged_failures: Any) -> None:
    def mistaken(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    logged: list[str] = []

    def observe(event: Any) -> None:
        logged.append(
            f"{formatEvent(event)} {event!r} {event.get('log_failure') and event['log_failure'].getTraceback()}"
        )

    globalLogPublisher.addObserver(observe)  # type: ignore[arg-type]
    try:
        hooked.post("hello")
        hooked.post("")
        hooked.post("hello", {**FORM, "Host": "evil.example"})
        hooked.post("x" * 70_000)
        monkeypatch.setattr(hooks, "speak", mistaken)
        status, _, answer = hooked.post("hello")
    finally:
        globalLogPublisher.removeObserver(observe)  # type: ignore[arg-type]
    logged_failures.flush(RuntimeError)
    assert status == 500
    assert hooked.secret not in answer.decode()
    assert any("a mistake of ours" in line for line in logged)
    assert not [line for line in logged if hooked.secret in line]
