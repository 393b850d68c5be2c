"""At what moment a line of a log was written."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from chat.archive.lines import BadLine
from chat.archive.moments import KNOWN, Clock, Stamps, day_in_name, day_of, stamps_for


@pytest.mark.parametrize(
    "text",
    [
        "Mon Mar 02 12:00:00 2015",
        "Mo Mär 02 12:00:00 2015",
        "lun. mars 02 12:00:00 2015",
        "mar. mars 02 12:00:00 2015",
        "Пн мар 02 12:00:00 2015",
        "月  3月 02 12:00:00 2015",
        "월  3월 02 12:00:00 2015",
        "pon mar 02 2015",
        "po bře 02 2015",
        "ma maalis 02 2015",
        "Pzt Mar 02 2015",
        "Monday, March 2, 2015",
        "2 marzo 2015",
        "2015-03-02",
        "2015/03/02 12:00",
        "20150302",
        "02.03.2015",
        "2. 3. 2015",
    ],
)
def test_days_are_read_in_many_languages(text: str) -> None:
    assert day_of(text) == date(2015, 3, 2)


@pytest.mark.parametrize(
    ("text", "day"),
    [("to marras 05 2015", (2015, 11, 5)), ("Do Dez 31 2015", (2015, 12, 31)), ("mar. juil. 07 2015", (2015, 7, 7))],
)
def test_months_that_begin_alike_are_told_apart(text: str, day: tuple[int, int, int]) -> None:
    assert day_of(text) == date(*day)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Mon Xyz 02 2015", "no word of it is a month"),
        ("Mon Mar 2015", "does not tell the day"),
        ("Mon Feb 30 2015", "there is no such day"),
        ("2015-13-01", "there is no such day"),
        ("1969-12-31", "its year is not in 1970 to 9998"),
        ("Mon Mar 02", "does not tell the day and the year"),
    ],
)
def test_what_is_no_day_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(BadLine, match=complaint):
        day_of(text)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("logs/#dev/2015-03-02.log", date(2015, 3, 2)),
        ("#dev_20150302.log", date(2015, 3, 2)),
        ("2014-01-01/#dev.2015-03-02", date(2015, 3, 2)),
        ("#dev.log", None),
        ("#dev20151.log", None),
        ("2015-13-02.log", None),
    ],
)
def test_the_name_of_a_file_may_tell_the_day(name: str, day: date | None) -> None:
    assert day_in_name(name) == day


def written(
    *times: str, stamps: Stamps = KNOWN, day: date | None = date(2026, 11, 21), rolls: bool = False
) -> list[str]:
    """When lines with these *times* were written, in UTC, as one clock tells."""
    clock = Clock(day, rolls=rolls)
    moments = []
    for time in times:
        found = next(found for stamp in stamps if (found := stamp.fullmatch(time)))
        moments.append(clock.moment(found).astimezone(UTC).replace(tzinfo=None).isoformat(" "))
    return moments


@pytest.mark.parametrize(
    ("time", "moment"),
    [
        ("16:59", "2026-11-21 15:59:00"),
        ("[16:59:05]", "2026-11-21 15:59:05"),
        ("(4:59 PM)", "2026-11-21 15:59:00"),
        ("12:10 am", "2026-11-20 23:10:00"),
        ("2019-09-30 16:59:05", "2019-09-30 14:59:05"),
        ("[2019/09/30 16:59]", "2019-09-30 14:59:00"),
        ("2019-09-30T16:59:05Z", "2019-09-30 16:59:05"),
        ("2019-09-30T16:59:05.25+05:30", "2019-09-30 11:29:05.250000"),
        ("2019-09-30T16:59:05-0300", "2019-09-30 19:59:05"),
        ("Sep 30 16:59:05", "2026-09-30 14:59:05"),
        ("[Déc. 02 16:59:05]", "2026-12-02 15:59:05"),
        ("23:59:60", "2026-11-21 22:59:59"),
    ],
)
def test_many_forms_of_times_are_known(berlin: None, time: str, moment: str) -> None:
    assert written(time) == [moment]


@pytest.mark.parametrize(
    ("form", "time", "moment"),
    [
        ("%d.%m.%Y_%T", "21.11.2026_16:59:05", (2026, 11, 21, 15, 59, 5)),
        ("%D %r", "11/21/26 04:59:05 PM", (2026, 11, 21, 15, 59, 5)),
        ("%a %e %B %Y %H.%M", "Sa  7 November 2026 16.59", (2026, 11, 7, 15, 59)),
        ("%m月%d日 %R", "03月02日 16:59", (2026, 3, 2, 15, 59)),
        ("%s", "1795276745", (2026, 11, 21, 15, 59, 5)),
        ("%FT%T.%f%z", "2026-11-21T16:59:05.5+01:00", (2026, 11, 21, 15, 59, 5, 500000)),
        ("%%%H%M", "%1659", (2026, 1, 1, 15, 59)),
        ("%d/%m/%y %R", "21/11/99 16:59", (1999, 11, 21, 15, 59)),
    ],
)
def test_other_forms_are_told(berlin: None, form: str, time: str, moment: tuple[int, ...]) -> None:
    (stamp,) = stamps_for(form)
    found = stamp.fullmatch(time)
    assert found is not None
    assert Clock(date(2026, 1, 1)).moment(found) == datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ("%Q", "%Q is not known"),
        ("%", "% is not known"),
        ("%H:%M %H", "%H is there twice"),
        ("%e %d %R", "%d is there twice"),
        ("%Y-%m-%d", "It must have %H and %M"),
        ("%I:%M", "It must have %H and %M"),
    ],
)
def test_a_form_that_can_t_be_is_refused(form: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        stamps_for(form)


def test_a_night_in_which_clocks_are_set_back_keeps_its_order(berlin: None) -> None:
    times = ["01:59", "02:00", "02:30", "02:59", "02:00", "02:30", "02:30", "02:59", "03:00"]
    minutes = ["23:59", "00:00", "00:30", "00:59", "01:00", "01:30", "01:30", "01:59", "02:00"]
    for rolls in (False, True):
        found = written(*times, day=date(2026, 10, 25), rolls=rolls)
        assert [moment[11:16] for moment in found] == minutes
        assert found == sorted(found)


def test_a_night_in_which_clocks_are_set_ahead_keeps_its_order(berlin: None) -> None:
    found = written("01:59", "02:30", "03:30", day=date(2026, 3, 29))
    assert [moment[11:16] for moment in found] == ["00:59", "01:30", "01:30"]


def test_where_only_times_tell_the_day_a_new_one_begins_when_they_begin_anew(berlin: None) -> None:
    times = ("23:58", "23:59", "23:57", "00:01", "09:00", "07:00")
    assert [moment[:10] for moment in written(*times, rolls=True)] == [
        *["2026-11-21"] * 3,
        "2026-11-21",
        "2026-11-22",
        "2026-11-23",
    ]
    assert {written(*times)[place][:10] for place in (0, 4, 5)} == {"2026-11-21"}


def test_a_line_without_a_year_is_of_that_of_the_line_before_or_the_next(berlin: None) -> None:
    times = ("Nov 30 12:00", "Dec 31 23:59", "Jan 01 00:30", "Dec 01 12:00", "Jan 02 12:00")
    assert [moment[:10] for moment in written(*times)] == [
        "2026-11-30",
        "2026-12-31",
        "2026-12-31",
        "2027-12-01",
        "2028-01-02",
    ]


@pytest.mark.parametrize("time", ["25:00", "12:61", "2026-02-30 12:00", "1969-12-31 12:00", "Xyz 12 12:00"])
def test_a_time_that_does_not_exist_is_refused_and_changes_nothing(time: str) -> None:
    clock = Clock(date(2026, 11, 21))
    right, wrong = (next(found for stamp in KNOWN if (found := stamp.fullmatch(text))) for text in ("12:00", time))
    before = clock.moment(right)
    with pytest.raises(BadLine):
        clock.moment(wrong)
    assert (clock.moment(right), clock.day) == (before, date(2026, 11, 21))


def test_without_a_day_there_is_no_moment() -> None:
    for time in ("12:00", "Nov 21 12:00"):
        with pytest.raises(BadLine, match="Tell with --date on which day the log begins"):
            written(time, day=None)
