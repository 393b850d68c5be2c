"""The wheel and the editable install: the plugin shows up, runs anywhere, and leaves Twisted's own files alone."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest
from e2e.daemon import serves
from e2e.namespaces import needs_namespaces

from chat.shell.completion import NAMES

ROOT = Path(__file__).parents[1]
SITE = Path(sysconfig.get_path("purelib"))
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
"""Runs a command that can't write into a folder."""
OURS = ("chat", "twisted", "twisted_chat", "__editable__", "_twisted_chat")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this project."""
    folder = tmp_path_factory.mktemp("wheel")
    pip(Path(sys.executable), "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The Python of a new environment that has all that we depend on, but not us."""
    venv.create(tmp_path / "env", with_pip=True)
    site = next((tmp_path / "env").glob("lib/python*/site-packages"))
    for entry in SITE.iterdir():
        known = (site / entry.name).exists()
        if not known and not entry.name.startswith(OURS) and entry.suffix != ".pth":
            (site / entry.name).symlink_to(entry)
    shutil.copytree(SITE / "twisted", site / "twisted", ignore=shutil.ignore_patterns("chat_plugin*", "dropin.cache"))
    (metadata,) = SITE.glob("twisted-*.dist-info")
    (site / metadata.name).symlink_to(metadata)
    return tmp_path / "env" / "bin" / "python"


def pip(python: Path, *words: str) -> None:
    """Run pip, without a network."""
    quiet = ("--quiet", "--disable-pip-version-check")
    subprocess.run(
        [python, "-m", "pip", *quiet, *words], check=True, env={"PIP_NO_INDEX": "1", "PATH": "/usr/bin:/bin"}
    )


def twistd(python: Path) -> list[str]:
    """The command that runs twistd in that environment."""
    return [str(python), "-c", "from twisted.scripts.twistd import run; run()"]


def lists_chat(python: Path, folder: Path) -> bool:
    """Tell whether twistd knows us there."""
    shown = subprocess.run([*twistd(python), "--help"], cwd=folder, capture_output=True, text=True, check=True).stdout
    return any(line.split()[:1] == ["chat"] for line in shown.splitlines())


def daemon_by_twistd(python: Path) -> list[str]:
    """The command that runs the daemon by ``twistd``."""
    return [*twistd(python), "--nodaemon", "--pidfile=", "chat"]


def test_the_wheel_has_the_plugin_and_no_file_of_twisted(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    assert [name for name in names if name.startswith("twisted/")] == ["twisted/plugins/chat_plugin.py"]
    assert "chat/tap.py" in names
    assert "chat/py.typed" in names
    assert not [name for name in names if name.startswith("tests") or name.endswith("dropin.cache")]


def test_the_wheel_has_what_launchers_need(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        shared = [name.partition(".data/data/")[2] for name in archive.namelist() if ".data/data/" in name]
        scripts = archive.read(next(n for n in archive.namelist() if n.endswith("entry_points.txt"))).decode()
        assert "chat/client/desktop/icon.png" in archive.namelist()
    assert sorted(shared) == [
        "share/applications/twisted-chat.desktop",
        "share/icons/hicolor/128x128/apps/twisted-chat.png",
        "share/icons/hicolor/scalable/apps/twisted-chat.svg",
        *sorted(f"share/man/man1/{page.name}" for page in (ROOT / "man").iterdir()),
    ]
    assert "chat-gui = chat.client.command:main_gui" in scripts
    for name in NAMES:
        assert f"\n{name} = chat.command:main\n" in scripts


def test_an_installed_wheel_serves_elsewhere_and_leaves_twisted_whole(
    wheel: Path, python: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert not lists_chat(python, elsewhere)
    pip(python, "install", "--no-deps", str(wheel))
    assert lists_chat(python, elsewhere)
    serves(daemon_by_twistd(python), elsewhere)
    pip(python, "uninstall", "--yes", "twisted-chat")
    assert not lists_chat(python, elsewhere)


def test_an_editable_install_serves_elsewhere(python: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    pip(python, "install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    assert lists_chat(python, elsewhere)
    serves(daemon_by_twistd(python), elsewhere)


@needs_namespaces
def test_it_serves_where_its_files_can_not_be_written(wheel: Path, python: Path, tmp_path: Path) -> None:
    pip(python, "install", "--no-deps", str(wheel))
    environment = python.parents[1]
    read_only = ["unshare", "-rm", "sh", "-c", READ_ONLY, "sh", str(environment)]
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    log = serves([*read_only, str(python.with_name("chat")), "serve"], tmp_path / "first")
    assert "plugin cache" not in log
    serves([*read_only, *daemon_by_twistd(python)], tmp_path / "second")
    assert not list(environment.rglob("dropin.cache"))


@pytest.mark.parametrize("module", ["chat.tap", "chat.testing"])
def test_reading_the_options_and_testing_a_bot_choose_no_reactor(module: str) -> None:
    program = f"import sys, {module}; sys.exit('twisted.internet.reactor' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_lowest_versions_are_those_that_are_tested() -> None:
    folder = Path(__file__).parent
    project = tomllib.loads((folder.parent / "pyproject.toml").read_text())["project"]
    lowest = [re.sub(r"\[.*?\]", "", wanted).replace(">=", "==") for wanted in project["dependencies"]]
    assert [line for line in (folder / "lowest.txt").read_text().splitlines() if not line.startswith("#")] == lowest


def test_a_python_that_is_too_old_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    hook = module.CustomMetadataHook(str(ROOT), {})
    hook.update({})
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">={}.{}".format(*module.OLDEST)
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    with pytest.raises(SystemExit, match=r"^twisted-chat needs Python 3\.11 or later, and this is Python 3\.10\. "):
        hook.update({})
