"""What a chat asks of those who come in: a key, an account, and an invitation of those who make one."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b32encode
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

import msgspec

from chat.core.accounts import Account, Subject
from chat.core.errors import WrongInvitation

OPERATOR: Subject = 0
"""Who made the invitations and the hooks of ``chat admin``."""

GOOD_FOR = 7 * 86_400.0
"""The seconds for which an invitation is good."""

MOST_EACH = 20
"""So many open invitations one account may have made."""

MOST = 10_000
"""So many invitations may be open in all."""

CODE_BYTES = 16


class Registration(StrEnum):
    """Who may make an account."""

    OPEN = "open"
    """Everybody."""
    INVITATION = "invitation"
    """Who has an invitation."""
    CLOSED = "closed"
    """Only whoever runs the server."""


class Inviters(StrEnum):
    """Who may make invitations."""

    MODERATORS = "moderators"
    MEMBERS = "members"


class Doors(msgspec.Struct, frozen=True):
    """What is asked of those who come in."""

    key: str | None = None
    members_only: bool = False
    registration: Registration = Registration.OPEN
    inviters: Inviters = Inviters.MODERATORS

    def __repr__(self) -> str:
        """Keep the key out of logs."""
        return object.__repr__(self)

    def is_key(self, key: str) -> bool:
        """Tell whether *key* is the key, in a time that does not depend on it."""
        return self.key is not None and hmac.compare_digest(_sha256(self.key), _sha256(key))

    def may_invite(self, account: Account) -> bool:
        """Tell whether the *account* may make invitations."""
        return account.moderates or self.inviters is Inviters.MEMBERS

    @property
    def features(self) -> list[str]:
        """What programs are told of it."""
        features = {
            "register": self.registration is Registration.OPEN,
            "invitations": self.registration is Registration.INVITATION,
            "key": self.key is not None,
        }
        return [feature for feature, on in features.items() if on]


class Invitation(msgspec.Struct, frozen=True):
    """With the code of this ``digest`` somebody may make one account, ``until`` then (seconds since 1970)."""

    digest: str
    maker: Subject
    until: float


def code_from(chance: bytes) -> str:
    """Write :data:`CODE_BYTES` bytes of chance as a code that people can pass on."""
    return b32encode(chance).decode().rstrip("=").lower()


def digest_of(code: str) -> str:
    """What is stored in place of a *code*, in which case and blanks do not count."""
    return _sha256("".join(code.split()).lower())


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Invitations:
    """The invitations that nobody has used. One is good as long as its maker *may_invite*."""

    def __init__(self, may_invite: Callable[[Subject], bool]) -> None:
        self._open: dict[str, Invitation] = {}
        self._may_invite = may_invite

    def __len__(self) -> int:
        return len(self._open)

    def find(self, digest: str, now: float) -> Invitation:
        """The invitation of that *digest*; raises :class:`WrongInvitation` if none is good at the time *now*."""
        found = self._open.get(digest)
        if found is None or found.until <= now or not self._may_invite(found.maker):
            raise WrongInvitation(
                "There is no such invitation, or it was used or has ended. If you have used it, come in with your name."
            )
        return found

    def use(self, digest: str, now: float) -> Callable[[], None]:
        """Use up the invitation of *digest*, unless that is empty; return what undoes it. Raises as :meth:`find`."""
        return self.take([self.find(digest, now)] if digest else [])

    def by(self, maker: Subject) -> Sequence[Invitation]:
        """What that *maker* has made."""
        return [invitation for invitation in self._open.values() if invitation.maker == maker]

    def add(self, *invitations: Invitation) -> Callable[[], None]:
        """Have these *invitations* open; return what undoes that."""
        self._open.update((invitation.digest, invitation) for invitation in invitations)
        return lambda: self._remove(invitations)

    def take(self, invitations: Sequence[Invitation]) -> Callable[[], None]:
        """Have these *invitations* no more; return what undoes that."""
        self._remove(invitations)

        def undo() -> None:
            self.add(*invitations)

        return undo

    def drop_ended(self, now: float) -> None:
        """Forget those that have ended by the time *now*."""
        self._remove([invitation for invitation in self._open.values() if invitation.until <= now])

    def _remove(self, invitations: Iterable[Invitation]) -> None:
        for invitation in invitations:
            self._open.pop(invitation.digest, None)
