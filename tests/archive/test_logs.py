"""Logs of IRC clients. The long ones in examples/logs were written by irssi 1.4, WeeChat 3.8 and ZNC 1.8."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.archive.formats import Further, Reader
from chat.archive.lines import BadLine, Lines
from chat.archive.logs import IrssiReader, Nicks, PlainReader, WeechatReader, ZncReader
from chat.archive.moments import stamps_for
from chat.core.events import Message
from chat.core.limits import Limits
from chat.core.names import user_name
from chat.core.text import clean, seen

LOGS = Path(__file__).parents[2] / "examples" / "logs"
DAY = date(2026, 11, 21)


def read(reader: Reader, lines: Iterable[str | None]) -> list[Message]:
    """The messages of a log, all of whose lines can be read."""
    found = [reader.read(line) for line in lines if line is not None]
    return [item for item in found if isinstance(item, Message)]


def talk(reader: Reader, *lines: str) -> list[tuple[str, str, str, str]]:
    """What is said in some lines: when, by whom, how."""
    return [(message.time[:19], message.author, message.kind, message.text) for message in read(reader, lines)]


def sample(name: str, reader: Reader) -> list[tuple[str, str, str, str]]:
    """What is said in one of the samples."""
    with (LOGS / name).open("rb") as file:
        return talk(reader, *(line for line in Lines(file) if line is not None))


SAID = [
    ("ada", "say", "I am ada"),
    ("ada", "action", "nods"),
    ("bob", "say", "hello: <ada>"),
    ("cy", "say", "bold and red and under"),
    ("bob", "action", "waves"),
    ("bob", "say", "café für 20°C 👋"),
    ("cy", "say", "café für 20°C “50€”"),
    ("bob", "say", "two blanks  and a tab here"),
    ("bob", "say", "ada: you are named"),
    ("cyd", "say", "1"),
    ("cyd", "say", "2"),
    ("bob", "say", "last one"),
]


def test_a_log_that_irssi_wrote(berlin: None) -> None:
    found = sample("irssi.log", IrssiReader("dev"))
    assert [said[1:] for said in found[1:13]] == SAID
    assert {said[0] for said in found[1:13]} == {"2025-11-27T10:47:00"}
    assert found[13:] == [
        ("2025-11-27T22:58:00", "bob", "say", "still here?"),
        ("2025-11-27T22:59:00", "ada", "say", "yes"),
        ("2025-11-27T23:01:00", "bob", "say", "good night"),
    ]


def test_a_log_that_a_german_irssi_wrote_in_latin_1(berlin: None) -> None:
    found = sample("irssi-german-latin1.log", IrssiReader("dev"))
    said = [*SAID[:5], ("bob", "say", "café für 20°C ?"), *SAID[6:]]
    assert [one[1:] for one in found[1:]] == said
    assert {one[0] for one in found[1:]} == {"2026-03-02T10:47:00"}


def test_a_log_that_irssi_wrote_with_dates_and_colours(berlin: None) -> None:
    found = sample("irssi-colours.log", IrssiReader("dev"))
    assert [said[1:] for said in found[1:]] == SAID
    assert (found[1][0], found[-1][0]) == ("2025-11-27T10:47:03", "2025-11-27T10:47:14")


def test_a_log_that_weechat_wrote(berlin: None) -> None:
    found = sample("weechat.log", WeechatReader("dev"))
    assert [said[1:] for said in found[1:13]] == SAID
    assert [said[1:] for said in found[13:]] == [("bob", "say", "multi")]


def test_a_log_that_weechat_wrote_in_colours_with_other_times_and_marks(berlin: None) -> None:
    reader = WeechatReader("dev", stamps=stamps_for("%d.%m.%Y %H:%M:%S"), action="⚡")
    found = sample("weechat-2.log", reader)
    assert [said[1:] for said in found] == SAID[2:]
    assert found[0][0] == "2025-11-27T10:47:34"


def test_logs_that_znc_wrote(berlin: None) -> None:
    found = sample("znc/2025-11-27.log", ZncReader("dev", date(2025, 11, 27)))
    assert [said[1:] for said in found[1:]] == SAID
    assert found[1][0] == "2025-11-27T10:47:03"


def test_a_log_as_hexchat_writes_it(berlin: None) -> None:
    assert sample("hexchat.log", PlainReader("dev")) == [
        ("2025-12-31T22:58:12", "bob", "say", "almost"),
        ("2025-12-31T22:59:59", "ada", "action", "counts down"),
        ("2025-12-31T23:00:00", "ada", "say", "happy new year"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "16:59 < nick2> x",
        "16:59:05 <@nick2> x",
        "16:59:05< nick2> x",
        "2026-11-21 16:59:05 <+nick2> x",
        "[16:59:05] < nick2> x",
        "[2026-11-21 16:59:05] <nick2> x",
        "(16:59) <&nick2> x",
        "16:59 < nick2:#dev> x",
        "2026-11-21T16:59:05+0100 <nick2> x",
        "Nov 21 16:59:05 <nick2> x",
    ],
)
def test_times_in_many_forms_before_what_is_said(berlin: None, line: str) -> None:
    for reader in (IrssiReader("dev", DAY), ZncReader("dev", DAY), PlainReader("dev", DAY)):
        ((time, *said),) = talk(reader, line)
        assert said == ["nick2", "say", "x"]
        assert time[:16] == "2026-11-21T15:59"


def test_other_forms_of_times_are_told(berlin: None) -> None:
    line = "21/11/2026 @ 16.59 < nick2> x"
    with pytest.raises(BadLine, match="begins with no time that is known"):
        IrssiReader("dev", DAY).read(line)
    assert talk(IrssiReader("dev", stamps=stamps_for("%d/%m/%Y @ %H.%M ")), line) == [
        ("2026-11-21T15:59:00", "nick2", "say", "x")
    ]


def test_the_same_minute_of_the_next_day_is_a_day_later(berlin: None) -> None:
    lines = ["16:59 <ada> one", "--- Day changed Sun Nov 22 2026", "16:59 <ada> two"]
    for reader in (IrssiReader("dev", DAY), PlainReader("dev", DAY)):
        assert [said[0] for said in talk(reader, *lines)] == ["2026-11-21T15:59:00", "2026-11-22T15:59:00"]


def test_a_day_that_can_t_be_read_puts_nothing_on_another(berlin: None) -> None:
    for reader in (IrssiReader("dev", DAY), PlainReader("dev", DAY)):
        with pytest.raises(BadLine, match="no word of it is a month"):
            reader.read("--- Day changed Mon Xyz 02 2015")
        with pytest.raises(BadLine, match="no day is given before this line"):
            reader.read("16:59 <ada> hello")


EVENTS = {
    IrssiReader: [
        "16:59 -!- bob [~b@host] has joined #dev",
        "16:59 -bob:#dev- a notice",
        "16:59 !irc.host *** x",
        "16:59",
    ],
    ZncReader: [
        "[16:59:05] *** Joins: bob (~b@host)",
        "[16:59:05] -bob- a notice",
        "[16:59:05] Connected to IRC (host)",
    ],
    PlainReader: [
        "[16:59] *** bob has joined #dev",
        "[16:59] * bob (~b@host) has joined #dev",
        "[16:59] * bob (~b@host) Quit (bye)",
        "[16:59] * Now talking in #dev",
        "[16:59] * Topic is 'tea'",
        "[16:59] * ada sets mode: +o bob",
        "[16:59] * ada gives voice to bob",
        "[16:59] * bob is now known as rob",
        "[16:59] -bob- a notice",
        "--- a mark ---",
        "Session Ident: #dev",
    ],
}


@pytest.mark.parametrize(("reader", "line"), [(reader, line) for reader, lines in EVENTS.items() for line in lines])
def test_what_is_not_said_is_passed_over(reader: type[IrssiReader | ZncReader | PlainReader], line: str) -> None:
    assert reader("dev", DAY).read(line) is None


def test_what_people_do_is_not_taken_for_an_event(berlin: None) -> None:
    deeds = ["has left the building", "joins in", "is now known as a cook and a tailor", "gives bob a hand", "quits"]
    for reader in (IrssiReader("dev", DAY), ZncReader("dev", DAY), PlainReader("dev", DAY)):
        assert [said[1:] for said in talk(reader, *(f"[16:59] * ada {deed}" for deed in deeds))] == [
            ("ada", "action", deed) for deed in deeds
        ]


@pytest.mark.parametrize("line", ["hello", "16:59 hello", "16:59 ada: hello", "16:59 <ada hello", "\x00", "2026-11-21"])
def test_what_is_no_line_of_a_log_can_t_be_read(line: str) -> None:
    for reader in (IrssiReader("dev", DAY), ZncReader("dev", DAY), PlainReader("dev", DAY)):
        with pytest.raises(BadLine):
            reader.read(line)


def test_a_log_of_weechat_is_none_of_others() -> None:
    for reader in (IrssiReader("dev"), ZncReader("dev"), PlainReader("dev")):
        for prefix in ("ada", " *", "<ada>"):
            with pytest.raises(BadLine, match="neither a message nor an event"):
                reader.read(f"2026-11-21 16:59:05\t{prefix}\tada waves")


def test_a_session_of_mirc(berlin: None) -> None:
    lines = ["Session Start: Mon Mar 02 23:59:00 2015", "Session Ident: #dev", "[23:59] <ada> hi", "[00:01] <@bob> ho"]
    assert talk(PlainReader("dev"), *lines) == [
        ("2015-03-02T22:59:00", "ada", "say", "hi"),
        ("2015-03-02T23:01:00", "bob", "say", "ho"),
    ]


def test_prefixes_of_weechat_are_nobody(berlin: None) -> None:
    for prefix in ("▬▬▶", "◀▬▬", "ℹ", "⚡", "-->", "=!="):
        assert talk(WeechatReader("dev"), f"2026-11-21 16:59:05\t{prefix}\tbob waves") == []
    nicks = Nicks()
    read(
        WeechatReader("dev", nicks=nicks), [f"2026-11-21 16:59:05\t{nick}\thi" for nick in ("<@bob>", "<bob>", "+bob")]
    )
    assert nicks.changed == {}
    line = "2026-11-21 16:59:05\t ⚡\tbob waves"
    assert talk(WeechatReader("dev", action="⚡"), line) == [("2026-11-21T15:59:05", "bob", "action", "waves")]
    assert talk(WeechatReader("dev"), line.replace("⚡", "<@bob>")) == [
        ("2026-11-21T15:59:05", "bob", "say", "bob waves")
    ]
    assert talk(WeechatReader("dev"), line.replace("⚡", "пётр")) == [
        ("2026-11-21T15:59:05", "пётр", "say", "bob waves")
    ]


def test_further_lines_of_weechat(berlin: None) -> None:
    reader = WeechatReader("dev")
    with pytest.raises(BadLine, match="begins with no time that is known"):
        reader.read("line")
    assert reader.read("2026-11-21 16:59:05\t--\tevent") is None
    assert reader.read("  line") == Further("  line")
    assert reader.read("2026-11-21 16:59:05\t\tline") == Further("line", "2026-11-21T15:59:05.000Z")
    assert reader.read("") == Further("")
    with pytest.raises(BadLine, match="it has no column for a nick"):
        reader.read("2026-11-21 16:59:05\tline")


def test_colours_of_irssi_are_no_colours_of_others() -> None:
    assert (
        talk(IrssiReader("dev", DAY), "16:59 \x048/<\x04g \x04gbob\x04g\x048/>\x04g \x04edecades ago")[0][3]
        == "decades ago"
    )
    assert talk(PlainReader("dev", DAY), "16:59 <bob> \x04decadeX\x03 \x0312,4y\x0f")[0][3] == "X y"
    assert talk(PlainReader("dev", DAY), "16:59 <bob> \x1b[1;31mred\x1b[0m")[0][3] == "red"


def test_nicks_that_had_to_be_changed_are_known() -> None:
    nicks = Nicks()
    found = {nick: nicks.name(nick) for nick in ("ada", "ada|away", "[ada]_", "{}", "x" * 40)}
    assert found == {"ada": "ada", "ada|away": "ada|away", "[ada]_": "ada", "{}": "unknown", "x" * 40: "x" * 32}
    assert nicks.changed == {"[ada]_": "ada", "{}": "unknown", "x" * 40: "x" * 32}


@pytest.mark.parametrize("reader", [IrssiReader, ZncReader, PlainReader, WeechatReader])
@given(line=st.one_of(st.text(), st.from_regex(r"\d\d:\d\d( |\t).*[<*\t].*", fullmatch=True)))
def test_whatever_a_line_is_it_becomes_a_message_that_the_chat_could_have_had_or_none(
    reader: type[IrssiReader | WeechatReader], line: str
) -> None:
    try:
        item = reader("dev", DAY).read(line)
    except BadLine:
        return
    if isinstance(item, Message):
        assert user_name(item.author) == item.author
        assert 0 < len(item.text.encode()) <= Limits().text
        assert clean(item.text) == item.text
        assert seen(item.text)
