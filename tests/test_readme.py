"""The README keeps its word, and the pages in docs/ hang together."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest

from chat.core.limits import Limits
from chat.protocols.ways import PLAIN, TLS
from chat.settings import Settings
from chat.tap import Options

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_ci_runs_the_very_command_of_the_readme() -> None:
    command = (ROOT / ".ci" / "run").read_text().splitlines()[-1]
    assert command.endswith("tox p")
    assert f"    {command}\n" in README


def test_it_has_fewer_than_400_words_before_it_points_elsewhere() -> None:
    first, more, _ = README.partition("\n## More\n")
    assert more
    assert len(first.split()) < 400


def test_it_begins_with_what_it_is() -> None:
    _, first, *_ = README.split("\n\n")
    assert first == "A chat room in one command. Your friends need only netcat, or the client."


def test_the_lines_for_others_fit_the_defaults() -> None:
    port = PLAIN.default.split(":")[1]
    assert f"    nc localhost {port}\n" in README
    assert f"`nc 192.168.1.7 {port}`" in README
    # The client needs no port for TLS, as it knows the default.
    assert TLS.default.split(":")[1] == "12346"
    assert "`chat tls://ada@192.168.1.7`" in README


def test_there_are_no_seats_and_no_message_is_cut_off() -> None:
    settings, limits = Settings(), Limits()
    assert (settings.keep, settings.keep_messages) == ("forever", None)
    assert not [name for name in vars(type(limits)) if re.search(r"accounts|users|members|messages", name)]


def test_the_recording_shows_what_is_said_of_it() -> None:
    """It was made by docs/recording.py, which fails if anything is lost."""
    recording = unescape((ROOT / "docs" / "recording.svg").read_text()).replace("\xa0", " ")
    texts = re.findall(r">([^<>\n]+)</text>", recording)
    assert any(text.startswith("$ kill -9 ") for text in texts)
    assert "Killed" in texts
    for said in ("bob: lunch at one?", "ada: yes, the usual place", "ada: I bring the cake"):
        assert any(re.fullmatch(rf"\[[\d-]+ [\d:]+\] {re.escape(said)}", text.strip()) for text in texts)


# -- the pages


def anchors(page: Path) -> set[str]:
    """What links to headings of *page* may end with."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", re.sub(r"\[(.+?)\]\(.+?\)", r"\1", text)).lower().replace(" ", "-") for text in headings
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"https?://|mailto:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_index_lists_every_page() -> None:
    listed = set(re.findall(r"\]\(([\w-]+\.md)", (ROOT / "docs" / "README.md").read_text()))
    assert listed == {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}


def test_the_page_of_the_options_has_every_option_and_its_default() -> None:
    page = (ROOT / "docs" / "options.md").read_text()
    found = re.findall(r"^\| `(--[\w-]+)[^|]*\|([^|]*)\|", page, re.MULTILINE)
    rows = {option: default.strip() for option, default in found}
    known = {f"--{name.rstrip('=')}" for name in Options().longOpt} - {"--help", "--version"}
    assert set(rows) == known
    assert {rows[f"--{way.option}"] for way in (PLAIN, TLS)} == {f"`{way.default}`" for way in (PLAIN, TLS)}
    assert rows["--history"] == str(Settings().history)
    assert rows["--welcome"] == f"`{Settings().welcome}`"
