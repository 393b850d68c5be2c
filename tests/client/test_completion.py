"""What Tab offers."""

from __future__ import annotations

import pytest

from chat.client.model.client import all_commands
from chat.client.model.completion import complete


@pytest.mark.parametrize(
    ("before", "start", "texts"),
    [
        ("b", 0, ["bob: ", "Bert: "]),
        ("B", 0, ["bob: ", "Bert: "]),
        ("be", 0, ["Bert: "]),
        ("hi b", 3, ["bob ", "Bert "]),
        ("hi @b", 3, ["@bob ", "@Bert "]),
        ("see #d", 4, ["#dev "]),
        ("x", 0, []),
        ("/h", 0, ["/help ", "/history ", "/hook ", "/hooks "]),
        ("/join d", 6, ["dev "]),
        ("/join #d", 6, ["#dev "]),
        ("/join ", 6, ["dev ", "lobby "]),
        ("/msg b", 5, ["bob ", "Bert "]),
        ("/msg bob b", 9, ["bob ", "Bert "]),
        ("/me hugs b", 9, ["bob ", "Bert "]),
        ("/ignore b", 8, ["bob ", "Bert "]),
        ("/ignore bob b", 12, []),
        ("/ignore bob o", 12, ["on ", "off "]),
        ("/help hi", 6, ["history "]),
        ("/help /hi", 6, ["history "]),
        ("/history 1", 9, []),
        ("/go @b", 4, ["@bob ", "@Bert "]),
        ("/go d", 4, ["dev "]),
        ("/nonsense b", 10, ["bob ", "Bert "]),
        ("//b", 0, []),
        ("_", 0, ["_dot[m]|`: "]),
        ("see _dot[", 4, ["_dot[m]|` "]),
        ("/msg _", 5, ["_dot[m]|` "]),
    ],
)
def test_completion(before: str, start: int, texts: list[str]) -> None:
    offer = complete(before, people=["bob", "Bert", "cy", "_dot[m]|`"], rooms=["dev", "lobby"], commands=all_commands())
    assert (offer.start, list(offer.texts)) == (start, texts)
