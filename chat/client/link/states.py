"""The states of the link to a server, and what leads from one to the next. No input or output of its own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Secret(Enum):
    """What a server wants to know before it lets a user in."""

    PASSWORD = auto()
    KEY = auto()
    INVITATION = auto()
    NEW_PASSWORD = auto()
    """One that the user chooses."""


# -- the states


@dataclass(frozen=True, slots=True)
class Connecting:
    """A connection is being made."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """There is a connection, and the server has not answered the ``hello`` yet."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The server did not let us in as *name*, because of *why*. The user is asked for *secret*, and no attempt is made
    before they answer.
    """

    secret: Secret
    why: str
    name: str


@dataclass(frozen=True, slots=True)
class Online:
    """The server has said welcome."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The connection ended because of *why*. The next attempt is in *seconds*."""

    why: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Refused:
    """There is no connection because of *why*, and no attempt is made unless the user wants one."""

    why: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """The user leaves, and the server has not said goodbye yet."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """The session goes on from another connection, as *why* says."""

    why: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over. If the server has ended it, *why* says why; if the user has left, it is empty."""

    why: str = ""


State = Connecting | Greeting | Asking | Online | Waiting | Refused | Leaving | Replaced | Ended
Over = Replaced | Ended
"""The states after which there are no others."""


# -- what happens


@dataclass(frozen=True, slots=True)
class Connected:
    """The connection is there, and ``hello`` is sent."""


@dataclass(frozen=True, slots=True)
class Welcomed:
    """The server says welcome."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt failed, or the connection ended, because of *why*. The link is to wait for *seconds*."""

    why: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """The server does not let us in as *name* without *secret*.

    This also follows the code of an invitation, when the user is to choose a password next.
    """

    secret: Secret
    why: str
    name: str


@dataclass(frozen=True, slots=True)
class Distrusted:
    """The server may be another than before."""

    why: str


@dataclass(frozen=True, slots=True)
class SentAway:
    """The server has ended the session for good; *replaced*: as it goes on from another connection."""

    why: str
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class Waited:
    """A part of the wait is over, and *left* seconds are left of it."""

    left: float


@dataclass(frozen=True, slots=True)
class TryNow:
    """The user wants an attempt now: as they are, under another name, or with what they were asked for."""


@dataclass(frozen=True, slots=True)
class Left:
    """The user leaves."""


Event = Connected | Welcomed | Failed | Wanted | Distrusted | SentAway | Waited | TryNow | Left


def next_state(state: State, event: Event) -> State:
    """Return the state to which *event* leads. It is the same one if the event changes nothing in it."""
    match state, event:
        case (Connecting(), Connected()):
            return Greeting()
        case (Greeting(), Welcomed()):
            return Online()
        case (Connecting() | Greeting() | Online(), Failed(why, seconds)):
            return _wait(why, seconds)
        case (Connecting() | Greeting() | Online() | Asking(), Wanted(secret, why, name)):
            return Asking(secret, why, name)
        case (Connecting() | Greeting() | Online(), Distrusted(why)):
            return Refused(why)
        case (Connecting() | Greeting() | Online(), SentAway(why, replaced)):
            return Replaced(why) if replaced else Ended(why)
        case (Waiting(why), Waited(left)):
            return _wait(why, left) if left > 0 else Connecting()
        case (Waiting() | Asking() | Refused(), TryNow()):
            return Connecting()
        case (Online(), Left()):
            return Leaving()
        case (Leaving(), Failed() | Wanted() | Distrusted() | SentAway()):
            return Ended()
        case (Connecting() | Greeting() | Waiting() | Asking() | Refused(), Left()):
            return Ended()
    return state


def _wait(why: str, seconds: float) -> Waiting:
    return Waiting(why, max(1, round(seconds)))
