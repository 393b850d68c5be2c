"""A chat that asks for a key, or lets members only in, and what its users are asked for then."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from box import Box
from client.scripted import ScriptedSeat
from client.seats import Seat
from client.terminals import RealTerminal, run
from client.wiring import Line, Record
from e2e.daemon import HOST, Daemon, DaemonFactory
from e2e.test_operator import admin
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from chat.client.command import _hint, _may_be_helped, _registering, _with_answers, _with_secrets
from chat.client.link.credentials import NoPassword
from chat.client.link.link import CannotEnter
from chat.client.options import KEY_VARIABLE, ClientSettings, read
from chat.core.accounts import Role
from chat.core.doors import Doors, Registration
from chat.core.limits import Limits
from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105
KEY = "open sesame"
LIMITS = Limits(rate=None, plain_passwords=True)


def failure_of(over: Deferred[None]) -> CannotEnter:
    """Why a link did not come in."""
    failures: list[CannotEnter] = []

    def note(failure: Failure) -> None:
        assert isinstance(failure.value, CannotEnter)
        failures.append(failure.value)

    over.addErrback(note)
    return failures[0]


def chat(doors: Doors) -> Box:
    """A chat with such doors, and with an owner."""
    box = Box(limits=LIMITS, doors=doors)
    box.make_account("root", hash_password(PASSWORD), Role.OWNER)
    return box


def code_of(box: Box, **fields: str) -> str:
    """An invitation that the owner has made."""
    root = box.json("root", password=PASSWORD, **fields)
    root.ask(type="invitation")
    return next(str(answer["code"]) for answer in root.objects() if "code" in answer)


# -- the link


@pytest.mark.parametrize(("key", "code"), [(None, "key-needed"), ("open barley", "wrong-key")])
def test_without_the_key_nobody_comes_in(key: str | None, code: str) -> None:
    assert failure_of(Line(chat(Doors(key=KEY)), Record(), key=key).over).code == code


def test_with_the_key_one_comes_in_and_comes_back() -> None:
    line = Line(chat(Doors(key=KEY)), Record(), key=KEY)
    assert line.link.online
    line.cable.die()
    line.wait(2)
    assert line.link.online


def test_an_invitation_makes_an_account_which_then_needs_none() -> None:
    box = chat(Doors(members_only=True, registration=Registration.INVITATION))
    assert failure_of(Line(box, Record()).over).code == "invitation-needed"
    assert failure_of(Line(box, Record(), invitation="abc", password=PASSWORD).over).code == "wrong-invitation"
    code = code_of(box)
    line = Line(box, Record(), invitation=code, password=PASSWORD)
    assert line.link.registered
    line.cable.cut()
    line.wait(2)
    assert line.link.online
    assert Line(box, Record(), password=PASSWORD).link.online


def test_with_an_invitation_no_other_name_is_tried_than_that_which_was_chosen() -> None:
    box = chat(Doors(members_only=True, registration=Registration.INVITATION))
    code = code_of(box)
    refused = failure_of(Line(box, Record(), "root", "root-2", invitation=code, password=PASSWORD).over)
    assert (refused.code, refused.name) == ("name-taken", "root")


def test_a_name_is_registered_with_a_code_that_is_asked_for() -> None:
    box = chat(Doors(registration=Registration.INVITATION))
    code = code_of(box)
    seat = Seat(box)
    seat.enter(f"/register {PASSWORD}")
    assert seat.shown()[-1] == "* Type the code of your invitation; with a command you drop that."
    seat.enter("abc")
    assert seat.shown()[-1] == "* Type the code of your invitation; with a command you drop that."
    seat.enter(code)
    assert seat.wiring.link.registered
    assert seat.wiring.link.password == PASSWORD
    seat.enter("hello")
    assert seat.shown()[-1] == "ada: hello"


@pytest.mark.parametrize("dropped", ["/who", ""])
def test_a_code_that_is_asked_for_need_not_be_given(dropped: str) -> None:
    seat = Seat(chat(Doors(registration=Registration.INVITATION)))
    seat.enter(f"/register {PASSWORD}", dropped, "hello")
    assert seat.shown()[-1] == "ada: hello"


def test_who_gives_up_their_account_where_members_only_are_stays_away() -> None:
    seat = ScriptedSeat()
    seat.server.welcome()
    seat.server.say({"type": "goodbye", "text": "Only members may be here.", "code": "members-only"})
    assert seat.link.farewell == "Only members may be here."


# -- what users are asked


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[str]]]:
    """Has the user type answers, and tells what they were asked."""
    asked: list[str] = []
    typed: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return typed.pop(0)

    def will_type(*lines: str) -> list[str]:
        typed.extend(lines)
        return asked

    monkeypatch.setattr(getpass, "getpass", answer)
    monkeypatch.setattr("builtins.input", answer)
    yield will_type
    assert typed == []


def settings(**fields: object) -> ClientSettings:
    """What a user has chosen who goes to the chat as ada."""
    chosen = read(["--config", "/dev/null", "ada@localhost"])
    return replace(chosen, **fields)  # type: ignore[arg-type]


def refused(code: str) -> CannotEnter:
    return CannotEnter("No.", code, "ada")


def test_a_key_is_asked_for(answers: Callable[..., list[str]]) -> None:
    asked = answers(KEY, "")
    helped = _with_answers(settings(), refused("key-needed"))
    assert helped is not None
    assert helped.key == KEY
    assert _with_answers(settings(), refused("wrong-key")) is None
    assert asked == ["Key: ", "Key: "]


def test_who_is_invited_chooses_a_name_and_a_password(answers: Callable[..., list[str]]) -> None:
    asked = answers(" abc ", "lovelace", "battery", "staple", PASSWORD, PASSWORD)
    helped = _with_answers(settings(), refused("invitation-needed"))
    assert helped is not None
    assert (helped.invitation, helped.names, helped.password) == ("abc", ("lovelace",), PASSWORD)
    assert asked[:2] == ["Code of your invitation, or Enter to choose another name: ", "Your name [ada]: "]
    assert asked[2:4] == ["A new password for lovelace: ", "Again: "]


def test_what_can_not_be_a_name_is_refused_before_a_password_is_asked_for(answers: Callable[..., list[str]]) -> None:
    asked = answers("abc", "my own password", "adam", PASSWORD, PASSWORD)
    helped = _with_answers(settings(), refused("invitation-needed"))
    assert helped is not None
    assert (helped.names, helped.password) == (("adam",), PASSWORD)
    assert asked[1:4] == ["Your name [ada]: ", "Your name [ada]: ", "A new password for adam: "]


def test_who_has_mistyped_their_name_gives_another(answers: Callable[..., list[str]]) -> None:
    answers("", "adam")
    helped = _with_answers(settings(), refused("invitation-needed"))
    assert helped is not None
    assert (helped.invitation, helped.names) == (None, ("adam",))
    answers("", "")
    assert _with_answers(settings(), refused("invitation-needed")) is None


def test_a_wrong_code_does_not_cost_the_name_and_the_password(answers: Callable[..., list[str]]) -> None:
    answers("def")
    chosen = settings(invitation="abc", password=PASSWORD)
    helped = _with_answers(chosen, refused("wrong-invitation"))
    assert helped == replace(chosen, invitation="def")


def test_who_could_be_overheard_is_asked_for_nothing_and_told_how_to_encrypt() -> None:
    assert not _may_be_helped(settings(), refused("not-secure"))
    assert "tls://" in _hint(refused("not-secure"))


@pytest.mark.parametrize("code", ["name-taken", "bad-name", "bad-password"])
def test_another_name_or_password_with_the_same_invitation(answers: Callable[..., list[str]], code: str) -> None:
    assert not _may_be_helped(settings(), refused(code))
    chosen = settings(invitation="abc", password="short")
    assert _may_be_helped(chosen, refused(code))
    answers("", PASSWORD, PASSWORD)
    helped = _with_answers(chosen, refused(code))
    assert helped is not None
    assert (helped.invitation, helped.names, helped.password) == ("abc", ("ada",), PASSWORD)


def test_who_gives_no_password_gives_up(answers: Callable[..., list[str]]) -> None:
    answers("ada", "")
    assert _registering(settings(invitation="abc")) is None


def test_a_key_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")
    monkeypatch.setenv(KEY_VARIABLE, "of the environment")
    assert _with_secrets(settings()).key == "of the environment"
    assert _with_secrets(settings(key_file=path)).key == KEY
    path.write_text("")
    with pytest.raises(NoPassword, match="has no key in its first line"):
        _with_secrets(settings(key_file=path))
    monkeypatch.setenv(KEY_VARIABLE, "")
    assert _with_secrets(settings()).key is None


def test_the_options_of_a_script(tmp_path: Path) -> None:
    config = tmp_path / "client.toml"
    config.write_text('key-file = "~/.chat-key"\n')
    chosen = read(["--config", str(config), "--invitation", "abc", "localhost"])
    assert (chosen.key_file, chosen.invitation) == (Path("~/.chat-key"), "abc")


# -- with the real daemon


def place(daemon: Daemon, name: str) -> str:
    """Where *name* goes."""
    return f"{name}@{HOST}:{daemon.port}"


@pytest.mark.parametrize("options", [(), ("--plain",)])
def test_at_the_terminal_one_is_asked_for_key_invitation_name_and_password(
    start_chat: DaemonFactory, options: Sequence[str]
) -> None:
    daemon = start_chat("--key", KEY, "--members-only")
    terminal = RealTerminal(*options, place(daemon, "ada"), columns=120)
    terminal.sees("Key:")
    terminal.press("open barley\r")
    terminal.sees("wrong", "Key:")
    terminal.press(f"{KEY}\r")
    terminal.sees("Code of your invitation")
    terminal.press(f"{made(daemon)}\r")
    terminal.sees("Your name [ada]:")
    terminal.press("lovelace\r")
    terminal.sees("A new password for lovelace:")
    terminal.press(f"{PASSWORD}\r")
    terminal.sees("Again:")
    terminal.press(f"{PASSWORD}\r")
    if not options:
        terminal.sees("lovelace #lobby>")
    terminal.sees("You are lovelace, alone in #lobby.")
    terminal.press("exit\r")
    assert terminal.ends() == 0
    assert not [secret for secret in (KEY, PASSWORD) if secret in terminal.raw]


def test_a_script_gives_a_key_and_an_invitation(start_chat: DaemonFactory, tmp_path: Path) -> None:
    daemon = start_chat("--key", KEY, "--members-only")
    for name, content in (("key", KEY), ("password", PASSWORD)):
        (tmp_path / name).write_text(f"{content}\n")
    key, password = f"--key-file={tmp_path / 'key'}", f"--password-file={tmp_path / 'password'}"
    code = made(daemon)
    bot = place(daemon, "bot")
    for options, complaint in (
        ((), "Say with --key-file where it is."),
        ((key,), "Say with --invitation which."),
        ((key, f"--invitation={code}"), "Say with --password-file with which password."),
    ):
        sent = run(*options, bot, send="hello\n")
        assert sent.returncode == 1
        assert complaint in sent.stderr
    sent = run(key, password, f"--invitation={code}", bot, send="hello\n")
    assert (sent.returncode, sent.stderr) == (0, "")
    assert run(key, password, bot, send="again\n").returncode == 0


def made(daemon: Daemon) -> str:
    """An invitation that the operator has made."""
    return admin(daemon.folder, "invitation").split()[-1]
