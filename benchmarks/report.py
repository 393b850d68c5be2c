"""The figures in tables, and the page that holds them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.plot import draw
from benchmarks.results import Results
from benchmarks.scenarios import SCENARIOS

BEGIN, END = "<!-- measured -->", "<!-- /measured -->"


def spread(values: Sequence[float], write: Callable[[float], str]) -> str:
    """Write the median of *values*, with the least and the greatest if there are several."""
    if not values:
        return "-"
    middle = write(median(values))
    return middle if len(values) == 1 else f"{middle} ({write(min(values))}-{write(max(values))})"


def _rate(value: float) -> str:
    return f"{value / 1e6:.2f} M" if value >= 1e6 else f"{value / 1e3:.1f} k"


def _milliseconds(microseconds: float) -> str:
    value = microseconds / 1000
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


_COLUMNS: Sequence[tuple[str, str, Callable[[float], str]]] = (
    ("deliveries/s", "rate", _rate),
    ("CPU us each", "cpu_us", lambda value: f"{value:.3f}" if value < 1 else f"{value:.1f}"),
    ("p50 ms", "p50_us", _milliseconds),
    ("p99 ms", "p99_us", _milliseconds),
    ("peak MB", "peak_kb", lambda value: f"{value / 1024:.0f}"),
    ("core of the server", "server_core", lambda value: f"{value:.0%}"),
    ("of the load", "load_core", lambda value: f"{value:.0%}"),
)


def _rows(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]


def table(results: Results) -> str:
    """Write all figures: the median of the rounds, with the least and the greatest."""
    lines = []
    for scenario in SCENARIOS:
        names = [
            name
            for name in scenario.servers
            if results.of(scenario.name, name) or results.failures(scenario.name, name)
        ]
        if not names:
            continue
        rows = []
        for name in names:
            title = results.servers[name].title
            if results.of(scenario.name, name):
                rows.append(
                    [title, *(spread(results.values(scenario.name, name, key), write) for _, key, write in _COLUMNS)]
                )
            rows += [
                [title, f"failed: {why}", *[""] * (len(_COLUMNS) - 1)]
                for why in sorted(set(results.failures(scenario.name, name)))
            ]
        lines += [f"### {scenario.title[0].upper()}{scenario.title[1:]}", ""]
        lines += [*_rows(["server", *(title for title, _, _ in _COLUMNS)], rows), ""]
    return "\n".join([*results.daemon, *lines, *_coming(results), *_idle(results), *_ratios(results)])


def _coming(results: Results) -> list[str]:
    def seconds(value: float) -> str:
        return f"{value:.2f}"

    rows = [
        [
            results.servers[name].title,
            *(
                spread(results.values("storm", name, key), seconds)
                for key in ("connect_s", "join_s", "settle_s", "join_cpu_s")
            ),
        ]
        for name in results.servers
        if results.of("storm", name)
    ]
    header = ["server", "connect s", "all are in and have the list, s", "all know of all, s", "CPU s"]
    return ["### 5,000 come at once", "", *_rows(header, rows), ""] if rows else []


def _idle(results: Results) -> list[str]:
    rows = []
    for name, server in results.servers.items():
        each = [(m["settled_kb"] - m["empty_kb"]) / m["clients"] for m in results.of("rooms", name)]
        if each:
            idle = results.values("rooms", name, "idle_cpu")
            rows.append(
                [server.title, spread(each, lambda value: f"{value:.2f}"), spread(idle, lambda value: f"{value:.2%}")]
            )
    header = ["server", "KB for each connection", "core when idle"]
    return ["### 10,000 idle connections, in 1,000 rooms", "", *_rows(header, rows), ""] if rows else []


def _ratios(results: Results) -> list[str]:
    def against(what: str, scenario: str, other: str, key: str = "rate", ours: str = "chat") -> tuple[str, list[float]]:
        return what, results.ratio((scenario, ours, key), (scenario, other, key))

    def each(name: str) -> dict[int, float]:
        return {m["round"]: (m["settled_kb"] - m["empty_kb"]) for m in results.of("rooms", name)}

    rates = [
        against(f"deliveries/s to {title}, {scenario}", scenario, other)
        for scenario in (
            "room-200-64",
            "room-1000-64",
            "storm",
            "room-200-512",
            "room-1000-512",
            "room-5000-512",
            "rooms",
        )
        for other, title in (("limit", "the C limit"), ("ngircd", "ngircd"))
    ]
    frugal = [
        (f"deliveries for each CPU second to {title}, {s}", results.ratio((s, other, "cpu_us"), (s, "chat", "cpu_us")))
        for s in ("room-200-64", "room-1000-64", "storm", "room-1000-512", "rooms")
        for other, title in (("limit", "the C limit"), ("ngircd", "ngircd"))
    ]
    durable = [against(f"durable to `--data none`, {s}", s, "memory") for s in ("room-200-64", "room-1000-64", "rooms")]
    talk = [
        ("logging the talk to `--no-log-talk`, " + s, results.ratio((s, "chat", "rate"), (s, "quiet", "rate")))
        for s in ("room-200-64", "room-1000-64")
    ]
    reactors = [
        (f"{reactor} reactor to epoll, {s}", results.ratio((s, reactor, "rate"), (s, "chat", "rate")))
        for s in ("room-1000-64",)
        for reactor in ("asyncio", "uvloop")
    ]
    rows = [
        *rates,
        *frugal,
        *(
            (f"deliveries/s to ngircd, {s}", results.ratio((s, "chat-tls", "rate"), (s, "ngircd-tls", "rate")))
            for s in ("tls-room", "tls-rooms")
        ),
        against("p99 to ngircd's, steady", "steady", "ngircd", "p99_us"),
        against("time to be in to ngircd's, storm", "storm", "ngircd", "join_s"),
        (
            "memory for each connection to ngircd's",
            [value / each("ngircd")[n] for n, value in each("chat").items() if n in each("ngircd")],
        ),
        (
            "with one stuck reader to without",
            results.ratio(("stuck", "chat", "rate"), ("room-1000-64", "chat", "rate")),
        ),
        ("JSON to text, 1,000 members", results.ratio(("json", "chat", "rate"), ("room-1000-64", "chat", "rate"))),
        (
            "JSON to text, 1,000 members, for each CPU second",
            results.ratio(("room-1000-64", "chat", "cpu_us"), ("json", "chat", "cpu_us")),
        ),
        (
            "CPU for a delivery, 5,000 members to 100",
            results.ratio(("storm", "chat", "cpu_us"), ("room-100-64", "chat", "cpu_us")),
        ),
        *durable,
        *talk,
        *reactors,
    ]
    written = [[what, spread(values, lambda value: f"{value:.2f}")] for what, values in rows if values]
    return ["### Ratios, round by round", "", *_rows(["ours", "ratio"], written), ""] if written else []


def write(results: Results, docs: Path) -> None:
    """Put the figures into the page between its marks, and the raw ones and the plot beside it."""
    machine = "\n".join(f"- {line}" for line in results.machine)
    rounds = len({m["round"] for m in results.measurements})
    left_out = f" Left out, as not installed: {', '.join(results.missing)}." if results.missing else ""
    text = (
        f"{machine}\n\n{rounds} alternating rounds; each measurement lasts {results.seconds:g} s after a warm-up.\n"
        "A measurement that takes more than 40 s is made only in every third round.\n"
        f"The figures are medians, with the least and the greatest of the rounds.{left_out}\n\n"
        f"![Deliveries per second and cost of each](performance.svg)\n\n{table(results)}"
    )
    page = docs / "performance.md"
    before, rest = re.split(re.escape(BEGIN), page.read_text(), maxsplit=1)
    _, after = re.split(re.escape(END), rest, maxsplit=1)
    page.write_text(f"{before}{BEGIN}\n{text}{END}{after}")
    (docs / "performance.json").write_text(
        json.dumps({"machine": list(results.machine), "measurements": results.measurements}, indent=0) + "\n"
    )
    (docs / "performance.svg").write_text(draw(results))
