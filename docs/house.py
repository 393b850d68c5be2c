"""Draws ``docs/house.svg``: the folders of the server as floors, each file above all those that it imports.

python docs/house.py
"""

from __future__ import annotations

import ast
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
FLOORS = (
    ("what twistd starts", ["tap", "service", "engine", "settings", "metrics", "figures", "talklog"]),
    ("chat/daemon: what there is only because twistd runs the chat", "daemon"),
    ("chat/admin: what the operator runs", "admin"),
    ("chat/protocols: the ways in", "protocols"),
    ("chat/delivery: to the sockets", "delivery"),
    ("chat/history: what lasts", "history"),
    ("chat/core: the chat itself", "core"),
    ("chat/disk: files that last", "disk"),
)
WIDTH, BOX, GAP, ROW = 1060, 26, 8, 34


def picture() -> str:
    """Draw the picture as the text of an SVG file."""
    parts: list[str] = []
    top = 12
    for title, what in FLOORS:
        names = what if isinstance(what, list) else _files(what)
        prefix = "chat" if isinstance(what, list) else f"chat.{what}"
        rows = _rows([f"{prefix}.{name}" for name in names])
        height = len(rows) * ROW + 34
        parts.append(f'<rect class="floor" x="8" y="{top}" width="{WIDTH - 16}" height="{height}" rx="8"/>')
        parts.append(f'<text class="title" x="20" y="{top + 20}">{escape(title)}</text>')
        for number, row in enumerate(rows):
            left, y = 20, top + 30 + number * ROW
            for module in row:
                label = module.removeprefix(f"{prefix}.").replace(".", "/")
                width = 14 + 7 * len(label)
                parts.append(f'<rect class="file" x="{left}" y="{y}" width="{width}" height="{BOX}" rx="4"/>')
                parts.append(f'<text x="{left + 7}" y="{y + 17}">{escape(label)}</text>')
                left += width + GAP
        top += height + 10
    style = (
        "text{font:12px monospace;fill:#222}.title{font:bold 13px sans-serif}"
        ".floor{fill:#f4f1ea;stroke:#c9c2b2}.file{fill:#fff;stroke:#8a8371}"
    )
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}">'
    return f"{svg}<style>{style}</style>{''.join(parts)}</svg>\n"


def _files(folder: str) -> list[str]:
    base = ROOT / "chat" / folder
    paths = (path.relative_to(base).with_suffix("") for path in base.rglob("*.py") if path.name != "__init__.py")
    return sorted(".".join(path.parts) for path in paths)


def _rows(modules: list[str]) -> list[list[str]]:
    """Put the modules into rows, each above all that it imports, the highest row first."""
    used = {module: _imports(module) & set(modules) - {module} for module in modules}
    rows: list[list[str]] = []
    placed: set[str] = set()
    while len(placed) < len(modules):
        row = [module for module in modules if module not in placed and used[module] <= placed]
        rows.insert(0, row)
        placed.update(row)
    return rows


def _imports(module: str) -> set[str]:
    tree = ast.parse((ROOT / Path(*module.split("."))).with_suffix(".py").read_text())
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


if __name__ == "__main__":
    (ROOT / "docs" / "house.svg").write_text(picture())
