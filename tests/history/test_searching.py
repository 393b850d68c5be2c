"""Searching and erasing, in both stores alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from history.stores import REACTOR, deleted, said, wait
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from chat.core.errors import ChatError
from chat.core.events import Edited
from chat.core.facts import Changed, Record, Said
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
    defaults = {
        "before": 1_000,
        "count": 20,
        "author": wanted.author if text else None,
        "room": wanted.room,
        "since": wanted.since,
        "until": wanted.until,
    }
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


@pytest.mark.parametrize(
    ("said_so", "searches"),
    [
        ("كَتَبَ", ["كتب", "كَتَبَ"]),
        ("שָׁלוֹם", ["שלום"]),
        ("I ❤️ tea", ['"i ❤ tea"', '"i ❤️ tea"', "❤"]),
        ("I ❤ tea", ['"i ❤️ tea"']),
        (
            "きのう東京タワーの展望台から見た夕焼けがとてもきれい",
            ["東京タワーの展望台から見た夕焼けがとても", "夕焼け"],
        ),
        ("nice 👍🏿", ["👍", "👍🏽"]),
        ("서버가 죽었어요", ["서버", "서버가", "서버*", "죽었"]),
        ("DIYARBAKIR", ["diyarbakır", "diyar*"]),
        ("deployed", ["deploy*", "de*", "DEPLOYED*"]),
        ("Straße", ["strasse", "STRASS*"]),
        ("ｆｕｌｌ ﬁne", ["full", "fine", "fi*"]),
        ("हिन्दी में", ["हिन्दी", "हि*"]),
        ("ไปที่นี่", ["ที่", '"ที่นี่"', "ไปที่"]),
        ("naïve", ["naive", "nai*", "nai\u0308ve"]),
        ("green tea", ['"green te*"', "te* gr*"]),
    ],
)
def test_words_in_every_script(store: Store, said_so: str, searches: list[str]) -> None:
    wait(store.append([said(1, "something else"), said(2, said_so, author="ev\u00e9"), said(3, "xy")]))
    for text in searches:
        assert find(store, text) == [2], text
        assert find(store, f"{text} from:@eve\u0301") == [2], text
        assert find(store, f"{text} from:eva") == [], text
    wait(store.append([deleted(2)]))
    assert [find(store, text) for text in searches] == [[]] * len(searches)


def test_what_is_not_said_is_not_found(store: Store) -> None:
    wait(store.append([said(1, "deployed greens", author="deb", room="dev"), said(2, "ทา ป่า")]))
    for text in (
        "eploy*",
        "deployedx*",
        '"deploye greens"',
        '"dep* greens"',
        "deb*",
        "64*",
        "ท่า",
        "ปา",
        "everybody",
        "ev*",
    ):
        assert find(store, text) == [], text


def test_since_and_until_in_all_stretches_of_time(store: Store) -> None:
    times = ["2026-11-20T08:00:00.000Z", "2026-11-20T10:00:00.000Z", "2026-11-21T10:00:00.000Z"]
    times += ["2026-11-20T09:00:00.000Z", "2026-11-22T00:00:00.000Z"]
    records = [said(number, "tea") for number in range(1, 6)]
    wait(
        store.append(
            [
                structs.replace(record, message=structs.replace(record.message, time=time))
                for record, time in zip(records, times, strict=True)
            ]
        )
    )
    assert find(store, "tea", since="2026-11-20T09:00:00.000Z") == [5, 4, 3, 2]
    assert find(store, "tea", until="2026-11-20T10:00:00.000Z") == [4, 1]
    assert find(store, "tea", since="2026-11-20T09:00:00.000Z", until="2026-11-21T10:00:00.000Z") == [4, 2]
    assert find(store, "tea", since="2026-11-20T09:00:00.000Z", before=5, after=2) == [4, 3]
    assert find(store, "tea", since="2026-11-23T00:00:00.000Z") == []
    first = page(store, "tea", since="2026-11-20T09:00:00.000Z", count=2)
    assert ([message.id for message in first.messages], first.more) == ([5, 4], True)


def test_only_some_rooms_may_be_read(store: Store) -> None:
    wait(store.append([said(1, "tea"), said(2, "tea", room="dev"), said(3, "tea", room="secret")]))
    assert find(store, "tea", rooms=["dev", "lobby"]) == [2, 1]
    assert find(store, "room:secret tea", rooms=["dev", "lobby"]) == []
    assert find(store, "tea", rooms=[]) == []
    assert find(store, "tea", rooms=["dev", "lobby"], hidden=["secret"]) == [2, 1]
    assert find(store, "room:secret tea", rooms=["dev", "lobby"], hidden=["secret"]) == []
    assert find(store, "tea", rooms=["dev"], hidden=["secret", "lobby"]) == [2]


def test_a_search_that_has_looked_at_much_says_where_to_go_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.history.searching.MOST_LOOKED_AT", 10)
    monkeypatch.setattr("chat.history.memory.MOST_SEARCHED", 10)
    wait(
        store.append(
            [said(number, "tea", room="lobby" if number in (2, 20, 29) else "secret") for number in range(1, 31)]
        )
    )
    found: list[list[int]] = []
    before: int | None = 31
    while before is not None:
        result = page(store, "tea", rooms=["lobby"], before=before)
        found.append([message.id for message in result.messages])
        assert result.more is (result.next is not None)
        before = result.next
    assert found == [[29], [20], [2]]


def test_many_messages_in_hidden_rooms_are_left_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.history.searching.FEW", 3)
    monkeypatch.setattr("chat.history.searching.MOST_LOOKED_AT", 12)
    rooms = {1: "lobby", 9: "dev", 15: "lobby", 29: "lobby"}
    wait(store.append([said(number, "tea", room=rooms.get(number, "secret")) for number in range(1, 31)]))
    assert find(store, "tea", rooms=["lobby", "dev"], hidden=["secret", "another"]) == [29, 15, 9, 1]
    assert find(store, "tea", rooms=["lobby"], hidden=["secret"]) == [29, 15, 1]
    assert find(store, "te* room:lobby", rooms=["lobby"], hidden=["secret"]) == [29, 15, 1]
    assert find(store, "tea author:ada", rooms=["lobby"], hidden=["secret"], before=16, after=1) == [15]


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


def special(number: int, text: str, answers: int = 0, author: str = "bob", **fields: object) -> Said:
    """A message of which more is known."""
    record = said(number, text, author=author)
    message = structs.replace(record.message, re=99 if answers else None, **fields)
    return structs.replace(record, message=message, answers=answers)


def edited(number: int, text: str) -> Changed:
    """The text of a message is another."""
    return Changed(Edited(id=number, rev=2_000_000 + number, room="lobby", by="bob", time="t", text=text))


def test_what_is_to_alert_somebody(store: Store) -> None:
    wait(
        store.append(
            [
                special(1, "yes", answers=7),
                special(2, "no", answers=8),
                special(3, "@room tea!", all=True),
                special(4, "ada: built", notice=True),
                special(5, "done", answers=7, notice=True),
                special(6, "> ada: hello\nhm"),
                special(7, "> bob: hello\nada, hm"),
                special(8, "the deploy is done"),
                special(9, "deployed"),
                special(10, "mine, ada", answers=7, author="ada"),
                special(11, "mine @room", author="ada", all=True),
                special(12, "東京で"),
                special(13, "c++ again"),
            ]
        )
    )
    assert find(store, naming="ada") == [7, 3]
    assert find(store, naming="ada", answered=(7, -5)) == [7, 3, 1]
    assert find(store, naming="ada", answered=(-5, 8)) == [7, 3, 2]
    assert find(store, naming="ada", words=("Deploy", "c++", "???")) == [13, 8, 7, 3]
    assert find(store, naming="ada", words=("東京で",), answered=(7,), count=3) == [12, 7, 3]
    assert find(store, naming="ada", rooms=["dev"], answered=(7,)) == []
    assert find(store, naming="nobody") == [11, 3]
    first = page(store, naming="ada", answered=(7,), count=1, before=7)
    assert ([message.id for message in first.messages], first.more) == ([3], True)


def test_what_is_to_alert_somebody_goes_with_the_text(store: Store) -> None:
    texts = ["ada?", "> ada", "yes", "so"]
    wait(store.append([special(number, text, answers=7 * (number == 3)) for number, text in enumerate(texts, 1)]))
    wait(store.append([edited(1, "> ada?"), edited(2, "ada!"), edited(3, "no"), edited(4, "tea\nada")]))
    assert find(store, naming="ada", answered=(7,)) == [4, 3, 2]
    assert (find(store, "yes"), find(store, "no"), find(store, "tea ada")) == ([], [3], [4])
    wait(store.append([deleted(number) for number in (2, 3, 4)]))
    assert find(store, naming="ada", answered=(7,)) == []
    assert find(store, "tea") == find(store, "no") == []


def test_what_was_erased_is_gone_and_its_neighbours_are_not(store: Store) -> None:
    wait(store.append([said(1, "tea one"), said(2, "tea two"), said(3, "é 茶"), said(4, "secret", room=None)]))
    wait(store.append([said(5, "tea"), *(deleted(number, "ada") for number in (2, 3, 4, 99))]))
    assert find(store, "tea") == [5, 1]
    assert find(store, "two") == find(store, "茶") == []
    assert [m.id for m in wait(store.read(Query("lobby", before=9, count=9))).messages] == [1, 5]
    assert wait(store.message(2)) is None
    assert wait(store.message(1)) == said(1, "tea one")
    wait(store.append([deleted(2, "ada")]))


TEXTS = st.text(alphabet=st.sampled_from("aAbéß茶 '\"-_.:#*()1e\u0301\ufe0f👍ทั서ि"), max_size=12)


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
