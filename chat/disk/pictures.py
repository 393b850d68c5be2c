"""Finds out whether a file is a picture, by its bytes, and how many pixels it has."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

LARGEST = 65_500
"""A picture with more pixels in a row or a column is none that a page should show."""

MOST_PIXELS = 100_000_000
"""So many pixels take 400 MB of memory in a browser. A picture that has more is not called one."""

MOST_SEGMENTS = 500
"""The segments before a JPEG's frame that are looked at."""

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers of a JPEG behind which its height and width stand."""


class Picture(NamedTuple):
    """What a picture is: its media type, its width and its height in pixels."""

    type: str
    width: int
    height: int


def look(file: BinaryIO) -> Picture | None:
    """Tell what picture the *file*, of which nothing was read, is; ``None`` if it is none that pages show."""
    head = file.read(32)
    found = None
    if head[:8] == b"\x89PNG\r\n\x1a\n" and head[12:16] == b"IHDR":
        found = Picture("image/png", int.from_bytes(head[16:20]), int.from_bytes(head[20:24]))
    elif head[:6] in (b"GIF87a", b"GIF89a"):
        found = Picture("image/gif", _little(head[6:8]), _little(head[8:10]))
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        found = _webp(head)
    elif head[:3] == b"\xff\xd8\xff":
        found = _jpeg(file)
    if found is None or not (0 < found.width <= LARGEST and 0 < found.height <= LARGEST):
        return None
    return found if found.width * found.height <= MOST_PIXELS else None


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _webp(head: bytes) -> Picture | None:
    """Its first chunk is a plain picture (VP8), one without loss (VP8L), or tells what follows (VP8X)."""
    kind, data = head[12:16], head[20:]
    if kind == b"VP8X":
        return Picture("image/webp", _little(data[4:7]) + 1, _little(data[7:10]) + 1)
    if kind == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
        return Picture("image/webp", _little(data[6:8]) & 0x3FFF, _little(data[8:10]) & 0x3FFF)
    if kind == b"VP8L" and data[:1] == b"\x2f":
        bits = _little(data[1:5])
        return Picture("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    return None


def _jpeg(file: BinaryIO) -> Picture | None:
    """Its size stands in its frame, behind segments of other things."""
    file.seek(2)
    for _ in range(MOST_SEGMENTS):
        byte = file.read(1)
        while byte == b"\xff":
            byte = file.read(1)
            if byte != b"\xff":
                break
        else:
            return None
        head = file.read(2)
        if len(byte) + len(head) < 3:
            return None
        if byte[0] in _FRAMES:
            frame = file.read(5)
            return Picture("image/jpeg", int.from_bytes(frame[3:5]), int.from_bytes(frame[1:3]))
        if byte[0] in (0xD9, 0xDA) or int.from_bytes(head) < 2:
            return None
        file.seek(int.from_bytes(head) - 2, 1)
    return None
