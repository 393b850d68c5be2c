"""Twisted's own tests of ``LineReceiver``, as the installed Twisted brings them, run on ours in its place."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from unittest import mock

import pytest
from twisted.protocols import basic
from twisted.protocols.test import test_basic

from chat.protocols.lines import LineReceiver

CASES = ("LineReceiverTests", "LineReceiverLineLengthExceededTests", "ProducerTests")
"""All of its classes that are about ``LineReceiver``. Every test in them applies."""


@pytest.fixture(scope="module")
def ours() -> Iterator[object]:
    """Twisted's module of tests, loaded anew with our class where Twisted's would be."""
    spec = importlib.util.spec_from_file_location("chat_test_basic", test_basic.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with mock.patch.object(basic, "LineReceiver", LineReceiver):
        spec.loader.exec_module(module)
        yield module


NAMES = [(case, name) for case in CASES for name in sorted(vars(getattr(test_basic, case))) if name.startswith("test_")]


def test_the_tests_are_there() -> None:
    assert len(NAMES) >= 18


@pytest.mark.parametrize(("case", "name"), NAMES)
def test_twisteds_tests_pass_on_our_class(ours: object, case: str, name: str) -> None:
    kind = getattr(ours, case)
    assert issubclass(ours.LineTester, LineReceiver)  # type: ignore[attr-defined]
    result = kind.defaultTestResult(kind)
    kind(name).run(result)
    assert result.wasSuccessful(), [*result.failures, *result.errors]
    assert result.testsRun == 1
