"""The page: the files that a browser asks for first."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from gzip import compress
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path

from twisted.web.http import CACHED, Request
from twisted.web.resource import Resource

from chat.protocols.web.requests import Folder, WebRequest

PLACE = Path(__file__).with_name("page")
INDEX = "index.html"

FOREVER = b"public, max-age=31536000, immutable"
ASK = b"no-cache"

PASSWORDS = b'data-passwords="unknown"'
"""What in the page is replaced by whether the chat takes passwords from where the browser is."""

_TYPES = {"js": "text/javascript", "webmanifest": "application/manifest+json", "svg": "image/svg+xml"}


def read_page() -> dict[str, bytes]:
    """Read the files of the page."""
    return {file.name: file.read_bytes() for file in PLACE.iterdir() if file.is_file()}


class PageFile(Resource):
    """A file of the page. Browsers ask each time whether it is still the same."""

    isLeaf = True

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__()
        kind = _TYPES.get(name.rpartition(".")[2]) or guess_type(name)[0] or "application/octet-stream"
        text = kind.startswith("text/") or kind in _TYPES.values()
        self._kind = f"{kind}; charset=utf-8".encode() if text else kind.encode()
        self._content = content
        self._small = compress(content, mtime=0) if text else content
        self._cached = ASK
        self._digest = sha256(content).hexdigest()[:32].encode()

    def kept(self) -> PageFile:
        """The same file for an address that never has another, so that browsers keep it and ask no more."""
        twin = copy(self)
        twin._cached = FOREVER
        return twin

    def render_GET(self, request: Request) -> bytes:
        request.setHeader(b"Content-Type", self._kind)
        request.setHeader(b"Cache-Control", self._cached)
        request.setHeader(b"Vary", b"Accept-Encoding")
        if len(self._small) < len(self._content) and _takes_gzip(request):
            request.setHeader(b"Content-Encoding", b"gzip")
            return b"" if request.setETag(b'"%b-gzip"' % self._digest) is CACHED else self._small
        return b"" if request.setETag(b'"%b"' % self._digest) is CACHED else self._content


class Index(Resource):
    """The page itself, which says of the browser's way here whether passwords are taken by it."""

    isLeaf = True

    def __init__(self, content: bytes, *, plain_passwords: bool) -> None:
        super().__init__()
        self._plain_passwords = plain_passwords
        self._taken, self._refused = (
            PageFile(INDEX, content.replace(PASSWORDS, f'data-passwords="{word}"'.encode()))
            for word in ("taken", "refused")
        )

    def render_GET(self, request: WebRequest) -> bytes:
        takes = request.peer.secure or self._plain_passwords
        return (self._taken if takes else self._refused).render_GET(request)


class Page(Folder):
    """The page at ``/``, its files beside it, and the same files below their digest, where browsers keep them."""

    def __init__(self, content: Mapping[str, bytes], *, plain_passwords: bool) -> None:
        super().__init__()
        digest = sha256(repr(sorted(content.items())).encode()).hexdigest()[:16]
        kept = Folder()
        for name, data in content.items():
            if name != INDEX:
                file = PageFile(name, data)
                self.putChild(name.encode(), file)
                kept.putChild(name.encode(), file.kept())
        self.putChild(digest.encode(), kept)
        index = content[INDEX].replace(b'="./', f'="{digest}/'.encode())
        self.putChild(b"", Index(index, plain_passwords=plain_passwords))


def _takes_gzip(request: Request) -> bool:
    names = [name.partition(b";") for name in (request.getHeader(b"Accept-Encoding") or b"").split(b",")]
    return any(name.strip() == b"gzip" and value.strip() not in (b"q=0", b"q=0.0") for name, _, value in names)
