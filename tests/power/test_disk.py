"""The disk that forgets: what was synced is there after a power failure, and what was not may be there or not."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from power.disk import SECTOR, Disk, Fate
from power.recording import Kind, Step

ROOT = Path("/disk")


def step(kind: Kind, path: str = "", *, inode: int = 1, offset: int = 0, data: bytes = b"", target: str = "") -> Step:
    """What a program does to a file in the root."""
    return Step(kind, inode, offset, data or str(ROOT / path).encode(), str(ROOT / target) if target else "")


MADE = step(Kind.CREATED, "a")
SYNCED = step(Kind.SYNCED, "a")
NAMED = step(Kind.DIRECTORY_SYNCED)
LONG = bytes(range(1, 5)) * SECTOR


def written(data: bytes, offset: int = 0) -> Step:
    return step(Kind.WRITTEN, data=data, offset=offset)


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """The disk before."""
    (folder := tmp_path / "before").mkdir()
    return folder


def possible(before: Path, steps: Sequence[Step], fate: Fate = Fate.ANY, tries: int = 60) -> list[dict[str, bytes]]:
    """What may be left after *steps*: the files by their names."""
    disk = Disk(ROOT, before)
    for one in steps:
        disk.do(one)
    found = []
    for number in range(tries):
        target = before.with_name("left")
        shutil.rmtree(target, ignore_errors=True)
        disk.fail(fate, random.Random(number), target)  # noqa: S311
        left = {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}
        if left not in found:
            found.append(left)
    return found


def test_what_is_synced_with_its_name_is_there(before: Path) -> None:
    for fate in Fate:
        assert possible(before, [MADE, written(b"hi"), SYNCED, NAMED], fate) == [{"a": b"hi"}]


def test_a_file_that_is_synced_and_its_name_not_may_be_gone(before: Path) -> None:
    left = possible(before, [MADE, written(b"hi"), SYNCED])
    assert sorted(left, key=len) == [{}, {"a": b"hi"}]
    assert possible(before, [MADE, written(b"hi"), SYNCED], Fate.LOST) == [{}]
    assert possible(before, [MADE, written(b"hi")], Fate.KEPT) == [{"a": b"hi"}]


def test_a_file_whose_name_is_synced_and_its_content_not_may_be_empty_or_zeros(before: Path) -> None:
    steps = [MADE, NAMED, written(b"hi")]
    assert possible(before, steps, Fate.LOST) == [{"a": b""}]
    assert possible(before, steps, Fate.SIZES) == [{"a": b"\0\0"}]


def test_sectors_are_whole_and_any_of_them_may_be_missing(before: Path) -> None:
    steps = [MADE, written(bytes(len(LONG))), SYNCED, NAMED, written(LONG)]
    left = [files["a"] for files in possible(before, steps)]
    assert len(left) > 10
    for content in left:
        for start in range(0, len(LONG), SECTOR):
            assert content[start : start + SECTOR] in (bytes(SECTOR), LONG[start : start + SECTOR])


def test_what_is_cut_is_there_up_to_the_end_of_a_sector(before: Path) -> None:
    steps = [MADE, NAMED, written(LONG, 100)]
    lengths = {len(files["a"]) for files in possible(before, steps, Fate.CUT)}
    assert lengths == {0, *range(SECTOR, 4 * SECTOR + 1, SECTOR), 100 + 4 * SECTOR}


def test_a_file_that_takes_the_place_of_another_is_one_of_the_two(before: Path) -> None:
    (before / "b").write_bytes(b"old")
    steps = [MADE, written(b"new"), SYNCED, NAMED, step(Kind.RENAMED, "a", target="b")]
    assert possible(before, steps, Fate.LOST) == [{"a": b"new", "b": b"old"}]
    assert len(possible(before, steps)) == 2
    assert possible(before, [*steps, NAMED]) == [{"b": b"new"}]


def test_a_new_directory_may_be_gone_with_all_that_is_in_it(before: Path) -> None:
    steps = [
        step(Kind.DIRECTORY_MADE, "d"),
        step(Kind.CREATED, "d/a"),
        written(b"hi"),
        SYNCED,
        step(Kind.DIRECTORY_SYNCED, "d"),
    ]
    assert possible(before, steps, Fate.LOST) == [{}]
    assert possible(before, [*steps, NAMED], Fate.LOST) == [{"d/a": b"hi"}]


def test_a_deleted_file_may_still_be_there(before: Path) -> None:
    (before / "b").write_bytes(b"old")
    assert possible(before, [step(Kind.UNLINKED, "b")], Fate.LOST) == [{"b": b"old"}]
    assert possible(before, [step(Kind.UNLINKED, "b"), NAMED]) == [{}]
