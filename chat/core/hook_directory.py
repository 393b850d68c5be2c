"""Which hooks there are: the names by which programs speak in rooms, each with a secret address."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from chat.core.accounts import Subject
from chat.core.limits import Bucket, Limits
from chat.core.names import Registry

MOST_IN_ROOM = 5
"""So many hooks may be in one room."""

MOST_EACH = 20
"""So many hooks may be of one account."""


def digest_of(secret: str) -> str:
    """What is stored in place of a *secret*; no token has the same."""
    return hashlib.sha256(f"hook {secret}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


class StoredHook(msgspec.Struct, frozen=True):
    """A hook as a history holds it: who ``name`` is in which room, the digest of its secret, who has made it and when.

    ``tags``: those of its last messages.
    """

    name: str
    room: str
    digest: str
    maker: Subject
    time: str
    tags: Sequence[str] = ()


class Hook:
    """A hook, the tags that it has used lately, and how much it may say."""

    __slots__ = ("bucket", "digest", "maker", "name", "room", "tags", "time")

    def __init__(self, stored: StoredHook) -> None:
        self.name = stored.name
        self.room = stored.room
        self.digest = stored.digest
        self.maker = stored.maker
        self.time = stored.time
        self.tags = dict.fromkeys(stored.tags)
        self.bucket: Bucket | None = None

    def __repr__(self) -> str:
        return f"<hook {self.name} of #{self.room}>"

    def wait(self, limits: Limits, now: float, lines: int = 0) -> float:
        """Charge for so many *lines*; return the seconds in which it may say nothing more (*now* is monotonic)."""
        if limits.rate is None:
            return 0.0
        if self.bucket is None:
            self.bucket = Bucket(limits.burst, limits.rate, now)
        return self.bucket.take(now, lines)

    def use(self, tag: str, most: int) -> None:
        """Something is said under *tag*; at *most* so many tags are known."""
        self.tags[tag] = None
        if len(self.tags) > most:
            del self.tags[next(iter(self.tags))]


class HookDirectory(Registry[Hook]):
    """The hooks by their names, by the digests of their secrets, by rooms and by who has made them."""

    def __init__(self) -> None:
        super().__init__()
        self._by_digest: dict[str, Hook] = {}

    def add(self, hook: Hook) -> None:
        """Have *hook*, whose name nobody has."""
        self.claim(hook.name, hook)
        self._by_digest[hook.digest] = hook

    def remove(self, hook: Hook) -> None:
        """Have *hook* no more."""
        self.release(hook.name)
        del self._by_digest[hook.digest]

    def with_secret(self, secret: str) -> Hook | None:
        """The hook of that *secret*, if there is one."""
        return self._by_digest.get(digest_of(secret))

    def in_room(self, room: str) -> Sequence[Hook]:
        """The hooks of the room of exactly that name."""
        return [hook for hook in self.all() if hook.room == room]

    def by(self, maker: Subject) -> Sequence[Hook]:
        """The hooks that *maker* has made."""
        return [hook for hook in self.all() if hook.maker == maker]
