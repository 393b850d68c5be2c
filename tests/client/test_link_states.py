"""The states of the link: what every event does in every state."""

from __future__ import annotations

from typing import get_args

import pytest

from chat.client.link.states import (
    Asking,
    Connected,
    Connecting,
    Distrusted,
    Ended,
    Event,
    Failed,
    Greeting,
    Leaving,
    Left,
    Online,
    Refused,
    Replaced,
    Secret,
    SentAway,
    State,
    TryNow,
    Waited,
    Waiting,
    Wanted,
    Welcomed,
    next_state,
)

STATES: dict[str, State] = {
    "connecting": Connecting(),
    "greeting": Greeting(),
    "asking": Asking(Secret.INVITATION, "Before.", "ada"),
    "online": Online(),
    "waiting": Waiting("Before.", 5),
    "refused": Refused("Before."),
    "leaving": Leaving(),
    "replaced": Replaced("Before."),
    "ended": Ended("Before."),
}
EVENTS: dict[str, Event] = {
    "connected": Connected(),
    "welcomed": Welcomed(),
    "failed": Failed("Now.", 2.6),
    "wanted": Wanted(Secret.PASSWORD, "Now.", "eve"),
    "distrusted": Distrusted("Now."),
    "sent away": SentAway("Now."),
    "replaced": SentAway("Now.", replaced=True),
    "waited": Waited(3.6),
    "waited enough": Waited(0.0),
    "try now": TryNow(),
    "left": Left(),
}

WAITS, ASKS, REFUSED = Waiting("Now.", 3), Asking(Secret.PASSWORD, "Now.", "eve"), Refused("Now.")
OVER = {"failed": Ended(), "wanted": Ended(), "distrusted": Ended(), "sent away": Ended(), "replaced": Ended()}
BROKEN: dict[str, State] = {
    "failed": WAITS,
    "wanted": ASKS,
    "distrusted": REFUSED,
    "sent away": Ended("Now."),
    "replaced": Replaced("Now."),
}
TABLE: dict[str, dict[str, State]] = {
    "connecting": {"connected": Greeting(), **BROKEN, "left": Ended()},
    "greeting": {"welcomed": Online(), **BROKEN, "left": Ended()},
    "asking": {"wanted": ASKS, "try now": Connecting(), "left": Ended()},
    "online": {**BROKEN, "left": Leaving()},
    "waiting": {
        "waited": Waiting("Before.", 4),
        "waited enough": Connecting(),
        "try now": Connecting(),
        "left": Ended(),
    },
    "refused": {"try now": Connecting(), "left": Ended()},
    "leaving": dict(OVER),
    "replaced": {},
    "ended": {},
}
"""What the events do; those that are not named change nothing."""


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", STATES)
def test_every_event_does_in_every_state_what_the_table_says(state: str, event: str) -> None:
    assert next_state(STATES[state], EVENTS[event]) == TABLE[state].get(event, STATES[state])


def test_the_table_knows_all_states_and_events() -> None:
    assert {type(state) for state in STATES.values()} == set(get_args(State))
    assert {type(event) for event in EVENTS.values()} == set(get_args(Event))
    assert TABLE.keys() == STATES.keys()
    assert {event for row in TABLE.values() for event in row} == EVENTS.keys()


@pytest.mark.parametrize(("left", "shown"), [(0.1, 1), (1.4, 1), (1.6, 2), (29.9, 30)])
def test_a_wait_is_told_in_whole_seconds(left: float, shown: int) -> None:
    assert next_state(Greeting(), Failed("No.", left)) == Waiting("No.", shown)
    assert next_state(Waiting("No.", 30), Waited(left)) == Waiting("No.", shown)
