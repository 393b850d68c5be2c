"""Why there is no connection, as the screens show it, and what the user can do about it meanwhile."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from box import Box
from client.seats import Seat, local_time
from client.test_pipe import Pipe, Script
from client.wiring import Line, Record

from chat.client.link.link import LONGEST_WAIT, NotNow
from chat.client.link.states import Asking, Connecting, Ended, Greeting, Online, Refused, Replaced, Secret, Waiting
from chat.client.link.tls import Changed
from chat.client.model import status
from chat.client.model.client import CannotDo
from chat.client.plain.pipe import Tail
from chat.client.plain.plain import Plain
from chat.client.terminal import bars
from chat.core.accounts import Role
from chat.core.doors import Doors, Registration
from chat.core.limits import Limits
from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105 - of a test
TAKEN = "That name is taken. Choose another."
OWNED = "The name ada belongs to somebody. Give its password, or choose another name."
CHANGED = "Its certificate has changed: it was AA:BB, and now is CC:DD. Somebody may be listening in."
LIMITS = Limits(rate=None, plain_passwords=True)


def bar(seat: Seat, width: int = 160) -> str:
    """The status bar."""
    parts = bars.status_bar(seat.model, "localhost", len(seat.wiring.link.outbox), width)
    return "".join(part[1] for part in parts).rstrip()


def lines(seat: Seat, title: str = "#lobby") -> list[str]:
    """What was told since the connection was lost."""
    shown = seat.shown(title)
    start = next(n for n, line in enumerate(shown) if line.startswith("* Disconnected from server."))
    return shown[start + 1 :]


def hello(seat: Seat) -> dict[str, Any]:
    """The newest ``hello``."""
    found: dict[str, Any] = json.loads(seat.wiring.cable.sent[0])
    return found


@pytest.fixture
def box() -> Box:
    """A chat without a limit of the rate, which takes passwords."""
    return Box(limits=LIMITS)


def robbed(box: Box) -> Seat:
    """ada, whose connection broke, and whose name somebody else took meanwhile."""
    seat = Seat(box, rooms=("lobby", "dev"))
    seat.wiring.cable.cut()
    box.text("ada")
    seat.wiring.wait(2)
    return seat


def outrun(box: Box) -> Seat:
    """ada, whose connection broke, and whose name somebody else registered meanwhile."""
    seat = Seat(box)
    seat.enter("before")
    seat.lose_name(PASSWORD)
    seat.enter("meanwhile")
    seat.wiring.wait(2)
    return seat


# -- a name that is taken


def test_a_reason_is_shown_in_the_bar_and_once_as_a_line_in_every_room(box: Box) -> None:
    seat = robbed(box)
    seat.wiring.wait(60)
    assert isinstance(seat.model.state, Waiting)
    told = [f"* Still no connection. {TAKEN} /reconnect tries at once."]
    assert (lines(seat), lines(seat, "#dev")) == (told, told)
    assert bar(seat).startswith(f" no connection, next try in {seat.model.state.seconds} s · {TAKEN} · /reconnect")


def test_reasons_that_alternate_are_told_once_each_and_again_after_the_next_break(box: Box) -> None:
    seat = robbed(box)
    for refusing in (True, False, True, False):
        seat.wiring.endpoint.refusing = refusing
        seat.wiring.wait(60)
    assert [line.split(". ")[1] for line in lines(seat)] == ["That name is taken", "Nothing is listening there"]
    seat.enter("/nick lovelace")
    seat.wiring.endpoint.refusing = True
    seat.wiring.cable.cut()
    seat.wiring.wait(30)
    assert lines(seat).count("* Still no connection. Nothing is listening there. /reconnect tries at once.") == 2


def test_in_a_narrow_bar_the_reason_counts_more_than_the_rooms(box: Box) -> None:
    seat = robbed(box)
    assert bar(seat, 76) == f" no connection, next try in 1 s · {TAKEN}"
    seat.enter("waits")
    assert "1 unsent" in bar(seat, 76)


def test_another_name_is_taken_at_once(box: Box) -> None:
    seat = robbed(box)
    seat.enter("meanwhile")
    seat.enter("/nick lovelace")
    assert seat.model.state == Online()
    assert (seat.model.name, seat.shown()[-1]) == ("lovelace", "lovelace: meanwhile")
    assert bar(seat).startswith(" localhost ·")
    seat.wiring.cable.cut()
    seat.wiring.wait(2)
    assert hello(seat)["name"] == "lovelace"


def test_another_name_that_is_taken_too_is_told_anew(box: Box) -> None:
    seat = robbed(box)
    box.text("lovelace")
    seat.enter("/nick lovelace")
    assert lines(seat) == [f"* Still no connection. {TAKEN} /reconnect tries at once."] * 2
    with pytest.raises(CannotDo, match="name"):
        seat.enter("/nick a/b")
    assert len(lines(seat)) == 2


def test_a_name_that_is_chosen_before_the_session_is_resumed_holds_then(box: Box) -> None:
    bob = box.text("bob")
    seat = Seat(box)
    seat.enter("one")
    seat.wiring.endpoint.refusing = True
    seat.wiring.cable.die()
    seat.wiring.wait(2)
    bob.send("two")
    seat.wiring.endpoint.refusing = False
    seat.enter("/nick lovelace", "three")
    assert (seat.model.name, seat.wiring.link.name) == ("lovelace", "lovelace")
    assert [line for line in seat.shown() if not line.startswith("*")] == ["ada: one", "bob: two", "lovelace: three"]


def test_the_next_attempt_can_be_made_at_once(box: Box) -> None:
    seat = Seat(box)
    seat.wiring.endpoint.refusing = True
    seat.wiring.cable.cut()
    seat.wiring.wait(60)
    seat.enter("/reconnect")
    assert bar(seat).startswith(" no connection, next try in 2 s · Nothing is listening there.")
    assert lines(seat) == ["* Still no connection. Nothing is listening there. /reconnect tries at once."] * 2
    seat.wiring.endpoint.refusing = False
    seat.enter("/reconnect")
    assert seat.model.state == Online()


def test_where_there_is_a_connection_or_soon_one_no_attempt_is_made(box: Box) -> None:
    seat = Seat(box)
    with pytest.raises(CannotDo, match="There is a connection already"):
        seat.enter("/reconnect")
    seat.wiring.endpoint.silent = True
    seat.wiring.cable.cut()
    seat.wiring.wait(2)
    assert seat.model.state == Greeting()
    for line in ("/reconnect", "/nick lovelace"):
        with pytest.raises(CannotDo, match="connecting just now"):
            seat.enter(line)
    assert len(seat.wiring.endpoint.cables) == 2


def test_other_commands_still_need_a_connection(box: Box) -> None:
    seat = robbed(box)
    with pytest.raises(CannotDo, match="no connection"):
        seat.enter("/who")


# -- a password, a key, an invitation


def test_a_name_that_somebody_has_registered_meanwhile_is_asked_about(box: Box) -> None:
    seat = outrun(box)
    cables = len(seat.wiring.endpoint.cables)
    seat.wiring.wait(LONGEST_WAIT * 3)
    assert len(seat.wiring.endpoint.cables) == cables
    assert seat.model.state == Asking(Secret.PASSWORD, OWNED, "ada")
    assert lines(seat) == [f"* No connection. {OWNED} /nick gives you another name."]
    assert bar(seat).startswith(f" no connection · 1 unsent · {OWNED}")
    assert "".join(part[1] for part in bars.prompt(seat.model, 80)) == "Password of ada: "


def test_the_right_password_comes_in_at_once_and_a_wrong_one_is_told(box: Box) -> None:
    seat = outrun(box)
    for _ in range(2):
        seat.client.give("wrong horse")
        seat.pump()
    assert lines(seat)[1:] == ["* No connection. That password is wrong. /nick gives you another name."] * 2
    seat.client.give(PASSWORD)
    seat.pump()
    assert (seat.model.state, seat.wiring.link.registered) == (Online(), True)
    assert [line for line in seat.shown() if not line.startswith("*")] == ["ada: before", "ada: meanwhile"]
    assert not [line for line in seat.shown() if PASSWORD in line]
    with pytest.raises(CannotDo, match="Nothing is asked for now"):
        seat.client.give(PASSWORD)


def test_another_name_needs_no_password_and_is_not_given_one(box: Box) -> None:
    seat = outrun(box)
    seat.client.give("wrong horse")
    seat.pump()
    seat.enter("/nick lovelace")
    assert seat.model.state == Online()
    assert "password" not in hello(seat)
    assert seat.shown()[-1] == "lovelace: meanwhile"


def test_a_key_that_the_chat_has_got_meanwhile_is_asked_for(box: Box) -> None:
    seat = Seat(box)
    seat.wiring.cable.cut()
    seat.wiring.move_to(Box(limits=LIMITS, doors=Doors(key="open sesame")))
    seat.wiring.wait(2)
    assert status.question(seat.model.state) == "Key of the chat"
    seat.client.give("open barley")
    seat.pump()
    assert lines(seat)[-1] == "* No connection. That key is wrong."
    seat.client.give("open sesame")
    seat.pump()
    assert seat.model.state == Online()


def test_an_invitation_is_asked_for_and_then_a_password_that_the_user_chooses(box: Box) -> None:
    seat = Seat(box)
    seat.wiring.cable.cut()
    other = Box(limits=LIMITS, doors=Doors(members_only=True, registration=Registration.INVITATION))
    other.make_account("root", hash_password(PASSWORD), Role.OWNER)
    seat.wiring.move_to(other)
    seat.wiring.wait(2)
    assert status.question(seat.model.state) == "Code of your invitation"
    root = other.json("root", password=PASSWORD)
    root.ask(type="invitation")
    code = next(str(answer["code"]) for answer in root.objects() if "code" in answer)
    seat.client.give("abc")
    assert status.question(seat.model.state) == "A new password for ada"
    for answer, question in (("short", "Code of your invitation"), (code, "A new password for ada"), (PASSWORD, "")):
        seat.client.give(answer)
        seat.pump()
        assert status.question(seat.model.state) == question
    assert (seat.model.state, seat.wiring.link.registered) == (Online(), True)
    seat.wiring.cable.cut()
    seat.wiring.wait(2)
    assert seat.model.state == Online()
    assert "code" not in hello(seat)


def test_without_a_user_nothing_is_asked_for(box: Box) -> None:
    record = Record()
    line = Line(box, record)
    line.cable.cut()
    box.text("ada").send(f"/register {PASSWORD}", "exit")
    line.wait(2)
    assert line.over.called
    assert record.last_state() == Ended(OWNED)
    assert line.link.farewell == OWNED


@pytest.mark.parametrize("how", ["another name", "the password"])
def test_what_was_stored_and_not_acknowledged_is_said_once_whoever_comes_back(box: Box, how: str) -> None:
    bob = box.json("bob")
    seat = Seat(box)
    seat.client.enter("one")
    seat.wiring.cable.silent = True
    seat.pump()
    assert len(seat.wiring.link.outbox) == 1
    seat.wiring.cable.cut()
    other = box.text("ada")
    if how == "the password":
        other.send(f"/register {PASSWORD}", "exit")
    seat.wiring.wait(2)
    if how == "the password":
        seat.client.give(PASSWORD)
        seat.pump()
    else:
        seat.enter("/nick lovelace")
    assert (seat.model.state, len(seat.wiring.link.outbox)) == (Online(), 0)
    assert [event["text"] for event in bob.objects() if event["type"] == "message"] == ["one"]
    assert [line for line in seat.shown() if not line.startswith("*")] == ["ada: one"]


# -- a certificate that has changed


def test_after_another_certificate_nothing_is_tried_before_the_user_wants_it(box: Box) -> None:
    seat = Seat(box, rooms=("lobby", "dev"))
    seat.wiring.endpoint.failing = Changed(CHANGED)
    seat.wiring.cable.cut()
    seat.wiring.wait(2)
    seat.wiring.endpoint.failing = None
    seat.wiring.wait(LONGEST_WAIT * 3)
    assert seat.model.state == Refused(CHANGED)
    assert len(seat.wiring.endpoint.cables) == 1
    told = [f"* No connection. {CHANGED} /reconnect tries again; nothing is tried by itself."]
    assert (lines(seat), lines(seat, "#dev")) == (told, told)
    assert bar(seat).startswith(f" no connection · {CHANGED} · /reconnect tries now")
    seat.enter("kept", "/reconnect")
    assert seat.shown()[-1] == "ada: kept"


@pytest.mark.parametrize("how", ["refused", "asked", "waiting"])
def test_whoever_can_not_come_back_can_leave(box: Box, how: str) -> None:
    seat = outrun(box) if how == "asked" else robbed(box)
    if how == "refused":
        seat.wiring.endpoint.failing = Changed(CHANGED)
        seat.enter("/reconnect")
    seat.enter("/quit")
    assert seat.wiring.over.called
    assert (seat.model.state, seat.wiring.link.farewell) == (Ended(), "")


def test_a_script_ends_after_another_certificate(box: Box) -> None:
    line = Line(box, Record())
    line.endpoint.failing = Changed(CHANGED)
    line.cable.cut()
    line.wait(2)
    assert line.over.called
    assert line.link.farewell == CHANGED


# -- other screens


def test_a_tail_tells_each_reason(box: Box) -> None:
    complaints: list[str] = []
    line = Line(box, Tail(io.StringIO(), local_time(box), complaints.append), "t", backlog=0)
    line.endpoint.refusing = True
    line.cable.cut()
    line.wait(20)
    assert complaints == [
        "Disconnected: The connection was lost. Reconnecting by itself.",
        "Still no connection: Nothing is listening there.",
    ]


def test_a_pipe_that_gives_up_says_why_there_is_no_connection(box: Box) -> None:
    pipe = Pipe(box, Script("one", ended=False))
    pipe.wiring.cable.cut()
    box.text("bot")
    pipe.script.waiting.append("two")
    pipe.sender.advance()
    pipe.wiring.wait(31)
    assert pipe.complaints == [f"The server has not answered for 30 seconds. {TAKEN}"]


def test_the_plain_client_asks_without_showing_what_is_typed(box: Box) -> None:
    seat, output = Seat(box), io.StringIO()
    plain = Plain(seat.client, output)
    seat.lose_name(PASSWORD)
    plain.feed(b"half a li")
    seat.wiring.wait(2)
    plain.feed(b"ne\r")
    seat.pump()
    assert seat.client.unsent(seat.model.current) == ["ada: half a line"]
    assert output.getvalue().endswith("* Password of ada (not shown while you type it):\r\n")
    output.truncate(0)
    plain.feed(b"wrong\x7f\x15horse\r")
    seat.pump()
    assert "That password is wrong." in output.getvalue()
    assert output.getvalue().endswith("* Password of ada (not shown while you type it):\r\n")
    plain.feed(f"{PASSWORD}\r".encode())
    seat.pump()
    assert not [part for part in ("wrong\x7f", "horse\r", PASSWORD) if part in output.getvalue()]
    assert seat.shown()[-1] == "ada: half a line"
    plain.feed(b"seen\r")
    seat.pump()
    assert seat.shown()[-1] == "ada: seen"


def test_at_the_plain_client_a_command_is_one_and_is_shown(box: Box) -> None:
    seat, output = Seat(box), io.StringIO()
    plain = Plain(seat.client, output)
    seat.lose_name(PASSWORD)
    seat.wiring.wait(2)
    plain.feed(b"/nick lovelacf\x7fe\r")
    seat.pump()
    assert "/nick lovelacf\b \be" in output.getvalue()
    assert seat.model.name == "lovelace"


# -- the states


def test_the_link_is_in_the_states_that_it_tells() -> None:
    record = Record()
    line = Line(Box(), record)
    assert (line.link.state, line.link.online) == (Online(), True)
    line.cable.cut()
    assert (line.link.state, line.link.online) == (record.last_state(), False)
    line.wait(2)
    assert record.states[-3:] == [Connecting(), Greeting(), Online()]


def test_who_is_replaced_knows_it() -> None:
    record = Record()
    line = Line(Box(), record)
    line.cable.wire.dataReceived(b'{"type":"goodbye","text":"You came from elsewhere.","code":"replaced"}\n')
    assert line.link.state == Replaced("You came from elsewhere.")
    with pytest.raises(NotNow):
        line.link.ask("who", room="lobby")
    line.wait(5)
    assert line.over.called
    assert len(line.endpoint.cables) == 1
