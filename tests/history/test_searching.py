"""Searching and erasing, in both stores alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from history.stores import REACTOR, deleted, said, wait
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.core.errors import ChatError
from chat.core.facts import Record
from chat.core.ports import Query, Search
from chat.core.search import parse
from chat.history.memory import MemoryStore
from chat.history.sqlite import SqliteStore
from chat.history.store import Page, Store


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store: Store = MemoryStore() if request.param == "memory" else SqliteStore(REACTOR, tmp_path)
    store.open()
    yield store
    store.close()


def find(store: Store, text: str = "", **fields: object) -> list[int]:
    """The ids of what is found."""
    return [message.id for message in page(store, text, **fields).messages]


def page(store: Store, text: str = "", **fields: object) -> Page:
    """What is found."""
    wanted = parse(text) if text else parse("author:x")
    defaults = {"before": 1_000, "count": 20, "author": wanted.author if text else None, "room": wanted.room}
    return wait(store.search(Search(wanted.phrases, **{**defaults, **fields})))  # type: ignore[arg-type]


def test_words_phrases_authors_and_rooms_newest_first(store: Store) -> None:
    wait(
        store.append(
            [
                said(1, "Green tea, hot"),
                said(2, "hot green tea", author="Bob", room="dev"),
                said(3, "tea is green", author="bob"),
                said(4, "green tea", room=None),
                said(5, "Café \u00ab日本語\u00bb"),
            ]
        )
    )
    assert find(store, "tea green") == [3, 2, 1]
    assert find(store, '"green tea"') == [2, 1]
    assert find(store, "tea author:BOB") == [3, 2]
    assert find(store, "author:bob room:#dev") == [2]
    assert find(store, "room:lobby green") == [3, 1]
    assert find(store, "cafe 本語") == [5]
    assert find(store, "gree") == find(store, "author:bobby") == find(store, "room:nowhere tea") == []


def test_only_some_rooms_may_be_read(store: Store) -> None:
    wait(store.append([said(1, "tea"), said(2, "tea", room="dev"), said(3, "tea", room="secret")]))
    assert find(store, "tea", rooms=["dev", "lobby"]) == [2, 1]
    assert find(store, "room:secret tea", rooms=["dev", "lobby"]) == []
    assert find(store, "tea", rooms=[]) == []


def test_page_by_page(store: Store) -> None:
    wait(store.append([said(number, "tea") for number in range(1, 8)]))
    first = page(store, "tea", count=3)
    assert ([message.id for message in first.messages], first.more) == ([7, 6, 5], True)
    last = page(store, "tea", count=4, before=5)
    assert ([message.id for message in last.messages], last.more) == ([4, 3, 2, 1], False)
    assert find(store, "tea", after=5) == [7, 6]


def test_what_names_somebody(store: Store) -> None:
    texts = ["Ada: hello", "ada-2 is not ada.b", "hello ADA", "adamant", "I am ada"]
    wait(store.append([said(number, text, author="bob") for number, text in enumerate(texts, 1)]))
    wait(store.append([said(6, "ada says ada", author="ada")]))
    assert find(store, naming="ada") == [5, 3, 1]
    assert find(store, naming="ada-2") == [2]
    assert find(store, naming="ada", absent_at=7) == []
    assert find(store, naming="ada", absent_at=6) == [5, 3, 1]
    found = page(store, naming="ada", count=1)
    assert found.messages[0].id == 5
    assert found.more


def test_what_was_erased_is_gone_and_its_neighbours_are_not(store: Store) -> None:
    wait(store.append([said(1, "tea one"), said(2, "tea two"), said(3, "é 茶"), said(4, "secret", room=None)]))
    wait(store.append([said(5, "tea"), *(deleted(number, "ada") for number in (2, 3, 4, 99))]))
    assert find(store, "tea") == [5, 1]
    assert find(store, "two") == find(store, "茶") == []
    assert [m.id for m in wait(store.read(Query("lobby", before=9, count=9))).messages] == [1, 5]
    assert wait(store.message(2)) is None
    assert wait(store.message(1)) == said(1, "tea one")
    wait(store.append([deleted(2, "ada")]))


TEXTS = st.text(alphabet=st.sampled_from("aAbéß茶 '\"-_.:#*()1"), max_size=12)


class Pair:
    """Both stores, with the same messages in them."""

    def __init__(self, folder: Path) -> None:
        self.stores: list[Store] = [MemoryStore(), SqliteStore(REACTOR, folder)]
        self.last_id = 0
        for store in self.stores:
            store.open()

    def append(self, records: list[Record]) -> None:
        """Keep *records* in both."""
        self.last_id += len(records)
        for store in self.stores:
            wait(store.append(records))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    pair = Pair(tmp_path_factory.mktemp("pair"))
    yield pair
    for store in pair.stores:
        store.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    texts=st.lists(st.tuples(TEXTS, st.sampled_from(["ada", "Ada-2", "Éa"])), min_size=1, max_size=6),
    queries=st.lists(TEXTS, min_size=1, max_size=4),
)
def test_both_find_the_same_whatever_is_typed(pair: Pair, texts: list[tuple[str, str]], queries: list[str]) -> None:
    after = pair.last_id
    pair.append(
        [
            said(number, text, author=author, room="a" if number % 2 else "b")
            for number, (text, author) in enumerate(texts, after + 1)
        ]
    )
    for text in [*queries, *(text for text, _ in texts)]:
        try:
            parse(text)
        except ChatError:
            continue
        in_memory, in_sqlite = (page(store, text, after=after, before=after + 99) for store in pair.stores)
        assert in_memory == in_sqlite
