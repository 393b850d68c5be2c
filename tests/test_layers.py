"""Imports point down only, in no circle, and the core knows nothing of the network, files or clocks."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

CHAT = Path(__file__).parents[1] / "chat"
DOCS = CHAT.parent / "docs"
DESIGN = (DOCS / "design.md").read_text()

MAY_USE = {
    "core": {"core"},
    "disk": {"disk"},
    "history": {"core", "disk", "history"},
    "delivery": {"core", "history", "delivery"},
    "protocols": {"core", "disk", "delivery", "protocols"},
    "client": {"core", "disk", "client"},
    "archive": {"core", "disk", "history", "archive"},
    "admin": {"core", "disk", "history", "delivery", "protocols", "admin"},
    "daemon": {"core", "history", "protocols", "admin", "daemon", "top"},
    "shell": {"core", "client", "archive", "admin", "shell", "top"},
}
"""The packages that each package may import from."""

CLIENT_MAY_USE = {
    "link": {"link", "top"},
    "model": {"link", "model"},
    "plain": {"link", "model", "plain", "terminal", "top"},
    "terminal": {"model", "link", "terminal"},
    "desktop": {"link", "model", "desktop", "top"},
}
"""The packages in the client that each of them may import from; ``top`` are its modules that are in none of them."""

NOT_IN_CORE = {"asyncio", "io", "os", "pathlib", "random", "secrets", "socket", "sqlite3", "threading", "time"}


def imports(path: Path) -> Iterator[str]:
    """The names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            assert node.level == 0, f"{path} imports relatively"
            yield node.module


def package_of(module: str) -> str | None:
    """The package of ours that *module* is in; the few modules at the top count as ``top``, those of others as none."""
    first, *rest = module.split(".")
    if first != "chat" or not rest:
        return None
    return rest[0] if (CHAT / rest[0]).is_dir() else "top"


def files(package: str) -> list[Path]:
    """The files of a package."""
    found = sorted((CHAT / package).rglob("*.py"))
    assert found
    return found


@pytest.mark.parametrize("package", MAY_USE)
def test_imports_point_down_only(package: str) -> None:
    for path in files(package):
        used = {package_of(module) for module in imports(path)} - {None}
        assert used <= MAY_USE[package], f"{path} imports from {used}"


@pytest.mark.parametrize("package", CLIENT_MAY_USE)
def test_imports_in_the_client_point_down_only(package: str) -> None:
    for path in files(f"client/{package}"):
        parts = [module.split(".") for module in imports(path) if module.startswith("chat.client.")]
        used = {part[2] if (CHAT / "client" / part[2]).is_dir() else "top" for part in parts}
        assert used <= CLIENT_MAY_USE[package], f"{path} imports from {used}"


def test_the_client_is_in_packages_that_have_their_place() -> None:
    here = {path.name for path in (CHAT / "client").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert here == CLIENT_MAY_USE.keys()


def test_no_files_import_each_other_in_a_circle() -> None:
    modules = {_name(path): path for path in sorted(CHAT.rglob("*.py"))}
    below = {module: {used for used in _used(path, modules) if used != module} for module, path in modules.items()}
    while below:
        free = {module for module, used in below.items() if not used & below.keys()}
        assert free, f"these import each other: {sorted(below)}"
        below = {module: used for module, used in below.items() if module not in free}


def _name(path: Path) -> str:
    """The module that a file is."""
    return ".".join(path.relative_to(CHAT.parent).with_suffix("").parts).removesuffix(".__init__")


def _used(path: Path, modules: Collection[str]) -> Iterator[str]:
    """Our modules that a file imports, wherever in it, for types only or not."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from (names & set(modules)) or {node.module} & set(modules)


def test_nothing_of_the_chat_needs_what_is_there_for_tests() -> None:
    for path in CHAT.rglob("*.py"):
        assert "chat.testing" not in imports(path), path


def test_every_package_has_its_place() -> None:
    assert {path.name for path in CHAT.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(MAY_USE)


def test_the_core_knows_nothing_of_the_network_files_and_clocks() -> None:
    for path in files("core"):
        for module in imports(path):
            assert not module.startswith("twisted.internet"), path
            assert module.partition(".")[0] not in NOT_IN_CORE, path
        calls = {node.func.id for node in ast.walk(ast.parse(path.read_text())) if _calls_by_name(node)}  # type: ignore[attr-defined]
        assert "open" not in calls, path


def _calls_by_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def test_the_design_lists_what_there_is() -> None:
    listed = set(re.findall(r"^    chat/(\w+\.py|\w+/) ", DESIGN, re.MULTILINE))
    here = {f"{path.name}/" if path.is_dir() else path.name for path in CHAT.iterdir()}
    assert listed == {name for name in here if name.endswith((".py", "/")) and not name.startswith("__")}


@pytest.mark.parametrize("package", ["core", "daemon"])
def test_the_design_lists_the_files_of_a_package_lowest_first(package: str) -> None:
    _, _, behind = DESIGN.partition(f"The files of `chat/{package}`, lowest first:\n\n")
    names = " ".join(re.findall(r"^    (\w+/?(?: \w+/?)*)  ", behind.partition("\n\n")[0], re.MULTILINE)).split()
    listed = [name.removesuffix("/") for name in names]
    assert sorted(listed) == sorted({path.stem for path in (CHAT / package).iterdir()} - {"__init__", "__pycache__"})
    modules = {_name(path) for path in files(".")}
    for path in files(package):
        name = path.relative_to(CHAT / package).with_suffix("").parts[0]
        below = {module.split(".")[2] for module in _used(path, modules) if module.startswith(f"chat.{package}.")}
        assert name == "__init__" or below <= {*listed[: listed.index(name) + 1]}, path


def test_the_picture_shows_the_files_as_they_are() -> None:
    drawn = runpy.run_path(str(DOCS / "house.py"))["picture"]()
    assert (DOCS / "house.svg").read_text() == drawn, "run python docs/house.py"
