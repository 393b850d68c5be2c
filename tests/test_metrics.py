"""The metrics, in memory."""

from __future__ import annotations

from typing import Any

from box import Box, SlowStore
from twisted.web.test.requesthelper import DummyRequest

from chat.figures import Figures
from chat.history.store import CannotKeep
from chat.metrics import metrics_site


def page(root: Any, name: bytes) -> tuple[int, bytes]:
    """Ask for a page."""
    request: Any = DummyRequest([name])
    body = root.getChildWithDefault(name, request).render(request)
    return request.responseCode or 200, body


def test_who_can_not_write_the_history_is_not_well() -> None:
    store = SlowStore()
    box = Box(store=store)
    root = metrics_site(box.clock, Figures(box.hub, box.switchboard, box.commit, box.factory), box.commit).resource
    ada = box.text("ada")
    assert page(root, b"healthz") == (200, b"ok\n")
    ada.send("hello")
    store.fail(CannotKeep("the disk is full."))
    assert page(root, b"healthz") == (503, b"the history can't be written\n")
    ada.send("hello again")
    store.store()
    assert page(root, b"healthz") == (200, b"ok\n")
    assert b"chat_messages_total 1.0\n" in page(root, b"metrics")[1]
