"""Hooks: what a program sends to a secret address is said in a room."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qs

import msgspec
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from chat.core.errors import Banned, ChatError, Muted, NotAllowed, NotStored
from chat.core.hooks import speak
from chat.core.hub import Hub
from chat.protocols.jsonlines import checked_tag
from chat.protocols.web.requests import Body, Refused, TakesBody, WebRequest
from chat.protocols.web.slack import cut, text_of

_STATUS: Mapping[type[ChatError], HTTPStatus] = {
    NotAllowed: HTTPStatus.FORBIDDEN,
    Muted: HTTPStatus.FORBIDDEN,
    Banned: HTTPStatus.FORBIDDEN,
    NotStored: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""What answers refusals; what a program sends that can't be said is a bad request."""

_BUSY = 5
"""The seconds after which a program is to try again when the chat has too much to do."""


class Sent(NamedTuple):
    """What a program has sent to be said, and under which tag, if any."""

    text: str
    tag: str | None


class Hooks(TakesBody):
    """The addresses of all hooks. No answer and no log tells the secret that was asked for."""

    def __init__(self, hub: Hub) -> None:
        Resource.__init__(self)
        self._hub = hub

    def render_GET(self, request: WebRequest) -> bytes:
        raise Refused(
            HTTPStatus.METHOD_NOT_ALLOWED, 'A program speaks here with POST: curl -d "hello" and this address.'
        )

    def render_POST(self, request: WebRequest) -> int:
        hub = self._hub
        secret = b"/".join(request.postpath or ()).decode("latin-1")
        hook = hub.hooks.with_secret(secret)
        if hook is None:
            raise Refused(HTTPStatus.NOT_FOUND, "There is no such hook, or not any more.")
        wait = hook.wait(hub.limits, hub.monotonic())
        if wait or hub.queue.full:
            seconds = ceil(wait) or _BUSY
            request.setHeader(b"Retry-After", b"%d" % seconds)
            status = HTTPStatus.TOO_MANY_REQUESTS if wait else HTTPStatus.SERVICE_UNAVAILABLE
            raise Refused(status, f"That is too much just now, so it was not sent. Try again in {seconds} s.")
        kind = (request.getHeader("Content-Type") or "").partition(";")[0].strip().lower()
        body = cast(Body, request.content).read()

        def answer(error: ChatError | None) -> None:
            if error is not None:
                request.answer(_STATUS.get(type(error), HTTPStatus.BAD_REQUEST), str(error))
            elif not request.gone:
                # Exactly what Slack answers: Grafana and Alertmanager look whether it is that.
                request.setHeader(b"Content-Type", b"text/html")
                request.setHeader(b"Content-Length", b"2")
                request.setHeader(b"Cache-Control", b"no-store")
                request.write(b"ok")
                request.finish()

        try:
            sent = read(hub, kind, body, request.uri.partition(b"?")[2])
            speak(hub, hook, sent.text, sent.tag, request.peer, answer)
        except ChatError as error:
            answer(error)
        return NOT_DONE_YET


def read(hub: Hub, kind: str, body: bytes, query: bytes) -> Sent:
    """Read what a program says in a *body* of that *kind*; raises :class:`Refused` or :class:`BadField`.

    What is said to be a form may be plain text, as ``curl -d`` calls everything so. What has the fields of Slack's
    webhooks is read so, whatever it is called, unless it is called plain text.
    """
    asked = parse_qs(query.decode("latin-1"))
    text = body.decode("utf-8", "replace")
    if kind == "multipart/form-data":
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send text, JSON, or a form as curl -d sends it.")
    form: Mapping[str, list[str]] = {}
    if kind == "application/x-www-form-urlencoded" and text.startswith(("text=", "payload=", "tag=")):
        form = parse_qs(text, keep_blank_values=True)
    if "payload" in form:
        kind, text = "application/json", form["payload"][0]
    payload = _payload(text) if kind != "text/plain" and "text" not in form else None
    if payload is None and kind.endswith("json"):
        raise Refused(HTTPStatus.BAD_REQUEST, 'Send a JSON object like {"text": "hello"}.')
    tags = [*form.get("tag", ()), *asked.get("tag", ())]
    if payload is not None:
        text = cut(text_of(payload), hub.limits.text, hub.limits.lines)
        return Sent(text, checked_tag(payload.get("tag", tags[0] if tags else None)))
    return Sent(form["text"][0] if "text" in form else text, checked_tag(tags[0] if tags else None))


def _payload(text: str) -> Mapping[str, Any] | None:
    """The object that a *text* is, if it has any of the fields of Slack's webhooks."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = msgspec.json.decode(text.encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError):
        return None
    has = isinstance(found, dict) and not found.keys().isdisjoint(("text", "blocks", "attachments"))
    return found if has else None
