"""Two plots side by side: how much each server delivers, and what a delivery costs as rooms grow."""

from __future__ import annotations

from math import log10
from statistics import median

from benchmarks.results import Results

_BARS = ("limit", "chat", "memory", "ngircd", "inspircd", "miniircd", "words", "threads")
_GROUPS = (
    ("room-200-64", "200 in a room"),
    ("room-1000-64", "1,000 in a room"),
    ("storm", "5,000 in a room"),
    ("rooms", "1,000 rooms of 10"),
)
_CURVE = (
    ("room-100-64", 100),
    ("room-200-64", 200),
    ("room-1000-64", 1_000),
    ("room-2000-64", 2_000),
    ("storm", 5_000),
)
_COLOURS = ("#888888", "#1f6feb", "#79b8ff", "#d29922", "#a371f7", "#3fb950", "#f85149", "#6e5494")

_LEFT, _TOP, _WIDE, _HIGH = 60, 50, 520, 260
_LOW, _DECADES = 4, 4
"""The axis of the bars begins at ten to the power of ``_LOW``, and has so many decades."""


def draw(results: Results) -> str:
    """Return both plots as one SVG."""
    body = [*_bars(results), *_curve(results)]
    style = "text{font:12px sans-serif;fill:#24292f}.title{font-weight:bold}.axis{stroke:#8c959f;stroke-width:1}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1080 390"><style>{style}</style>'
        f'<rect width="1080" height="390" fill="white"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _text(x: float, y: float, text: str, anchor: str = "middle", kind: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" class="{kind}">{text}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, style: str = 'class="axis"') -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def _bars(results: Results) -> list[str]:
    base = _TOP + _HIGH
    parts = [_text(_LEFT, 25, "Deliveries per second", "start", "title")]
    for decade, label in enumerate(("10 k", "100 k", "1 M", "10 M", "100 M")):
        y = base - _HIGH * decade / _DECADES
        parts += [_line(_LEFT, y, _LEFT + _WIDE, y, 'stroke="#d0d7de"'), _text(_LEFT - 8, y + 4, label, "end")]
    group_width = _WIDE / len(_GROUPS)
    width = group_width * 0.85 / len(_BARS)
    for place, (scenario, title) in enumerate(_GROUPS):
        left = _LEFT + group_width * (place + 0.075)
        parts.append(_text(_LEFT + group_width * (place + 0.5), base + 18, title))
        for number, server in enumerate(_BARS):
            values = results.values(scenario, server, "rate")
            if values:
                height = max(0.0, _HIGH * (log10(median(values)) - _LOW) / _DECADES)
                parts.append(
                    f'<rect x="{left + width * number:.1f}" y="{base - height:.1f}" width="{width:.1f}" '
                    f'height="{height:.1f}" fill="{_COLOURS[number]}"/>'
                )
    for number, server in enumerate(name for name in _BARS if name in results.servers):
        x, y = _LEFT + number % 4 * 140, base + 40 + number // 4 * 18
        title = results.servers[server].title.replace("`", "")
        parts.append(f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{_COLOURS[_BARS.index(server)]}"/>')
        parts.append(_text(x + 14, y, title, "start"))
    return parts


def _curve(results: Results) -> list[str]:
    left, wide, base = 680.0, 360.0, _TOP + _HIGH
    parts = [_text(left, 25, "CPU microseconds for each delivery, by members of the room", "start", "title")]
    curves = {
        server: [
            (n, median(values)) for scenario, n in _CURVE if (values := results.values(scenario, server, "cpu_us"))
        ]
        for server in ("limit", "chat", "ngircd")
    }
    most = max((value for points in curves.values() for _, value in points), default=1.0) * 1.1
    parts += [_line(left, base, left + wide, base), _line(left, _TOP, left, base)]
    for share in (0.0, 0.5, 1.0):
        parts.append(_text(left - 8, base - _HIGH * share + 4, f"{most * share:.2f}", "end"))

    def place(members: int, value: float) -> tuple[float, float]:
        return left + wide * log10(members / 80) / log10(6_000 / 80), base - _HIGH * value / most

    parts += [_text(place(n, 0)[0], base + 18, f"{n:,}") for _, n in _CURVE]
    for server, points in curves.items():
        if points:
            colour = _COLOURS[_BARS.index(server)]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
            parts += [
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
                for x, y in (place(*point) for point in points)
            ]
            x, y = place(*points[-1])
            parts.append(_text(x, y - 8, results.servers[server].title, "end"))
    return parts
