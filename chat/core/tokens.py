"""The tokens that are known, and the sessions that are held for those who may come back."""

from __future__ import annotations

from collections.abc import Callable, Collection

from chat.core.accounts import Subject
from chat.core.limits import Limits
from chat.core.session import ResumeToken, Session

LASTING = frozenset(("edit", "delete", "react", "pin"))
"""The requests whose tags count for later sessions too: the history holds them."""


class Tokens:
    """Finds tokens: those with a session, and a number of those whose session ended last."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._live: dict[str, ResumeToken] = {}
        self._idle: dict[str, ResumeToken] = {}
        self._held: dict[str, dict[int, Session]] = {}
        """The sessions that are held, by the networks that they came from."""
        self.revocations = 0
        """How often tokens have ended before their time: what was looked up before may hold no more."""

    def find(self, token: str) -> ResumeToken | None:
        """Find *token*, if it is known."""
        return self._live.get(token) or self._idle.get(token)

    def begin(self, session: Session, token: ResumeToken) -> None:
        """*session* goes on under *token*."""
        self._idle.pop(token.token, None)
        self._live[token.token] = token
        token.session = session

    def end(self, token: ResumeToken) -> None:
        """The session of *token* has gone."""
        token.session = None
        if token.done is not None:
            token.done = {request: None for request in token.done if request[0] in LASTING} or None
        self._live.pop(token.token, None)
        self.remember(token)

    def revoke(
        self,
        subject: Subject,
        but: str | None = None,
        only: Collection[str] | None = None,
        logged_out: bool = False,
    ) -> Callable[[], None]:
        """Nobody comes back as *subject* by any token, or by those of the digests *only*; return what undoes that.

        The token of the digest *but* remains.
        """
        self.revocations += 1
        revoked = [
            token
            for token in (*self._live.values(), *self._idle.values())
            if token.subject == subject and token.digest != but and (only is None or token.digest in only)
        ]
        for token in revoked:
            token.subject, token.kept, token.logged_out = 0, False, logged_out

        def undo() -> None:
            for token in revoked:
                if token.subject == 0:
                    token.subject, token.logged_out = subject, False

        return undo

    def remember(self, token: ResumeToken) -> None:
        """Know *token*, which has no session; if there are too many such, the first is forgotten."""
        self._idle[token.token] = token
        if len(self._idle) > self._limits.tokens:
            del self._idle[next(iter(self._idle))]

    # -- held sessions

    @property
    def held(self) -> int:
        """The number of sessions that are held."""
        return sum(map(len, self._held.values()))

    def hold(self, session: Session) -> Session | None:
        """Keep *session*, whose connection broke; return the one that must go if there are too many.

        It is the first from the network that has the most, so that nobody pushes out those from elsewhere.
        """
        self._held.setdefault(session.peer.network, {})[session.id] = session
        return next(iter(max(self._held.values(), key=len).values())) if self.held > self._limits.held else None

    def release(self, session: Session) -> bool:
        """Keep *session* no longer; tell whether it was kept."""
        place = session.peer.network
        held = self._held.get(place, {})
        if held.pop(session.id, None) is None:
            return False
        if not held:
            del self._held[place]
        return True
