"""At what moment a line of a log was written: its time, in the many forms that logs have, and the day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone

from chat.archive.lines import BadLine

Stamps = tuple[re.Pattern[str], ...]
"""What a line may begin with. The groups are called as the directives of ``strftime``."""

YEARS = range(1970, 9999)
"""The years that a message may be of; every time zone can write all of them."""

_TIME = (
    r"(?P<H>\d\d?):(?P<M>\d\d)(?::(?P<S>\d\d)(?:[.,](?P<f>\d{1,9}))?)?"
    r"(?P<z>Z|[+-]\d\d:?\d\d)?(?: ?(?P<p>[AaPp][Mm])\b)?"
)
KNOWN: Stamps = (
    re.compile(rf"[\[(]?(?:(?P<Y>\d{{4}})[-/.](?P<m>\d\d)[-/.](?P<d>\d\d)[T ])?{_TIME}[\])]?"),
    re.compile(rf"[\[(]?(?P<b>[^\W\d_]+)\.? +(?P<d>\d\d?) {_TIME}[\])]?"),
)
"""The forms that are known: ``16:59``, ``[2026-11-21 16:59:05]``, ``Nov 21 16:59:05`` and what lies between."""

_DIRECTIVES = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d\d)",
    "m": r"(?P<m>\d\d?)",
    "d": r"(?P<d> ?\d\d?)",
    "b": r"(?P<b>\d\d?[月월]|[^\W\d_]+\.?)",
    "H": r"(?P<H> ?\d\d?)",
    "I": r"(?P<I> ?\d\d?)",
    "M": r"(?P<M>\d\d)",
    "S": r"(?P<S>\d\d)",
    "f": r"(?P<f>\d{1,9})",
    "p": r"(?P<p>[AaPp]\.?[Mm]\.?)",
    "z": r"(?P<z>Z|[+-]\d\d:?\d\d)",
    "s": r"(?P<s>\d{1,11})",
    "a": r"[^\W\d_]+\.?",
    "Z": r"[A-Za-z]+",
    "%": "%",
}
_SHORT = {"T": "%H:%M:%S", "R": "%H:%M", "F": "%Y-%m-%d", "D": "%m/%d/%y", "r": "%I:%M:%S %p"}
_ALIKE = {"e": "d", "B": "b", "h": "b", "k": "H", "l": "I", "A": "a"}

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan jän janv ene gen oca sty led tammi ian янв січ ιαν",
            "feb févr fev lut úno helmi şub фев лют φεβ",
            "mar mär mars márc mrt bře maalis мар бер μαρ",
            "apr avr abr kwi dub huhti nis ápr апр кві απρ",
            "may mai maj mag mei kvě touko máj мая май тра μαΐ",
            "jun juin giu cze čen kesä haz jún iun июн чер ιουν",
            "jul juil lug lip čec heinä tem júl iul июл лип ιουλ",
            "aug août ago sie srp elo ağu авг сер αυγ",
            "sep set wrz zář syys eyl szept сен вер σεπ",
            "oct okt ott out paź říj loka eki окт жов οκτ",
            "nov lis marras marra kas ноя νοε",
            "dec dez déc dic des gru pro joulu ara дек гру δεκ",
        ),
        1,
    )
    for name in names.split()
}
"""How months are abbreviated in English, German, French, Spanish, Portuguese, Italian, Dutch, the languages of
Scandinavia, Polish, Czech, Finnish, Hungarian, Romanian, Russian, Ukrainian, Greek and Turkish."""

_DATE = re.compile(r"(?<!\d)(?P<Y>\d{4})([-/.]?)(?P<m>\d\d)\2(?P<d>\d\d)(?!\d)")
_DOTTED = re.compile(r"(?<!\d)(?P<d>\d\d?)\. ?(?P<m>\d\d?)\. ?(?P<Y>\d{4})(?!\d)")


def month(word: str) -> int:
    """Tell which month is called so, in whatever language; 0 if none is."""
    word = word.casefold()
    if word[-1:] in "月월" and word[:-1].isdecimal():
        return int(word[:-1])
    found = (_MONTHS.get(word[:length]) for length in (len(word), 5, 4, 3))
    return next((number for number in found if number), 0)


def day_of(text: str) -> date:
    """Find the day in a *text* like ``Sat Nov 21 09:15:02 2026`` or ``2026-11-21``; raises :class:`BadLine`."""
    found = _DATE.search(text) or _DOTTED.search(text)
    if found is not None:
        return _date(int(found["Y"]), int(found["m"]), int(found["d"]))
    words = [word for word in re.split(r"[\s,]+", text) if ":" not in word]
    months = [number for word in words if (number := month(word))]
    years = [int(word) for word in words if re.fullmatch(r"[12]\d{3}", word)]
    days = [int(word.rstrip(".")) for word in words if re.fullmatch(r"\d\d?\.?", word)]
    if not months:
        raise BadLine("no word of it is a month that is known:")
    if not years or not days:
        raise BadLine("it does not tell the day and the year:")
    return _date(years[-1], months[-1], days[0])


def day_in_name(name: str) -> date | None:
    """Find the day in the name of a file, as in ``#dev_20261121.log``."""
    found = list(_DATE.finditer(name))
    try:
        return date(int(found[-1]["Y"]), int(found[-1]["m"]), int(found[-1]["d"])) if found else None
    except ValueError:
        return None


def stamps_for(form: str) -> Stamps:
    """Make of a format of ``strftime`` what finds times in that form; raises :class:`ValueError` with a sentence."""
    for letter, meaning in _SHORT.items():
        form = form.replace(f"%{letter}", meaning)
    pattern = ""
    used: set[str] = set()
    for directive, other in re.findall(r"%(.?)|([^%]+)", form.strip()):
        letter = _ALIKE.get(directive, directive)
        if other:
            pattern += re.sub(r"(\\ |\s)+", r"\\s+", re.escape(other))
        elif letter not in _DIRECTIVES:
            raise ValueError(f"%{directive} is not known. Known are %{' %'.join([*_DIRECTIVES, *_ALIKE, *_SHORT])}.")
        elif letter in used:
            raise ValueError(f"%{directive} is there twice.")
        else:
            used |= {letter} - {"a", "Z", "%"}
            pattern += _DIRECTIVES[letter]
    if "s" not in used and not ({"H", "M"} <= used or {"I", "p", "M"} <= used):
        raise ValueError("It must have %H and %M, or %I, %M and %p, or %s.")
    return (re.compile(pattern),)


class Clock:
    """Tells when a line was written, from its time, the lines before it, and the day that was given before.

    If the line tells no day and *rolls* is true, a time more than an hour before the last one is of the next day. In
    the night in which clocks are set back, a time that is there twice counts as the later one once the first is over.
    """

    def __init__(self, day: date | None = None, *, rolls: bool = False) -> None:
        self.day = day
        self._rolls = rolls
        self._last: datetime | None = None
        self._seen: tuple[str, date | None] = ("", None)

    def moment(self, found: re.Match[str]) -> datetime:
        """Tell at what moment a line was written that begins with what was *found*; raises :class:`BadLine`."""
        if self._last is None or self._seen != (found[0], self.day):
            try:
                self._last = self._moment(found.groupdict())
            except (ValueError, OverflowError) as error:
                raise BadLine("its time does not exist:") from error
            self._seen = (found[0], self.day)
        return self._last

    def _moment(self, found: Mapping[str, str | None]) -> datetime:
        if seconds := found.get("s"):
            return datetime.fromtimestamp(int(seconds), UTC)
        told = bool(found.get("d"))
        if told:
            self.day = self._told(found)
        if self.day is None:
            raise BadLine("no day is given before this line. Tell with --date on which day the log begins.")
        moment = self._at(self.day, found)
        if self._rolls and not told and self._last is not None and moment < self._last - timedelta(hours=1):
            self.day += timedelta(days=1)
            moment = self._at(self.day, found)
        return moment

    def _told(self, found: Mapping[str, str | None]) -> date:
        """The day that the line tells; the year, if it tells none, is that of the line before, or the next."""
        number = month(found["b"] or "") if found.get("b") else int(found.get("m") or 0)
        if not number:
            raise BadLine("no word of it is a month that is known:")
        day = int(found["d"] or 0)
        if year := found.get("Y"):
            return _date(int(year), number, day)
        if year := found.get("y"):
            return _date(int(year) + (1900 if int(year) > 68 else 2000), number, day)
        if self.day is None:
            raise BadLine("no year is given before this line. Tell with --date on which day the log begins.")
        return _date(self.day.year + (self.day.month - number > 6), number, day)

    def _at(self, day: date, found: Mapping[str, str | None]) -> datetime:
        hour = int(found.get("H") or found.get("I") or 0)
        if half := found.get("p"):
            hour = hour % 12 + (12 if half[0] in "Pp" else 0)
        second, fraction = int(found.get("S") or 0), int((found.get("f") or "0").ljust(6, "0")[:6])
        # What strftime writes for a leap second is within the minute here.
        moment = datetime(day.year, day.month, day.day, hour, int(found["M"] or 0), min(second, 59), fraction)
        if zone := found.get("z"):
            return moment.replace(tzinfo=_zone(zone))
        first, again = moment.astimezone(), moment.replace(fold=1).astimezone()
        return again if self._last is not None and first < min(self._last, again) else first


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    size = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-size if text[0] == "-" else size)


def _date(year: int, number: int, day: int) -> date:
    try:
        if year in YEARS:
            return date(year, number, day)
    except ValueError:
        pass
    raise BadLine("there is no such day:" if year in YEARS else f"its year is not in {YEARS[0]} to {YEARS[-1]}:")
