"""What people with netcat or telnet are asked at the door, as `docs/protocol.md` writes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from box import Box, Client, TlsTransport

from chat.core.accounts import Role
from chat.core.doors import Doors, Registration
from chat.core.limits import Limits
from chat.history.passwords import hash_password
from chat.protocols.text import HIDE, SHOW

PROTOCOL = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
KEY = "open sesame"
PASSWORD = "correct horse"  # noqa: S105
HASH = hash_password(PASSWORD)
MEMBERS = Doors(members_only=True, registration=Registration.INVITATION)
ASK_KEY = "* This chat needs a key. Type it and press Enter."
ASK_MEMBER = "* Only members come in. Type your name and press Enter, or press Enter alone if you have an invitation."
ASK_CODE = "* Type the code of your invitation, or press Enter alone to go back."
ASK_NEW_NAME = "* Choose a name, type it and press Enter."
ASK_NEW_PASSWORD = "* Choose a password for eve, of 8 to 256 characters."  # noqa: S105
ASK_AGAIN = "* Type it again."
WRONG = "! There is no such invitation, or it was used or has ended. If you have used it, come in with your name."


class SlowTls(TlsTransport):
    """TLS that is still to be agreed on."""

    agrees = False


def make_box(doors: Doors, *, plain_passwords: bool = True) -> Box:
    """A chat with these doors, in which ada, an owner, has an account."""
    box = Box(limits=Limits(rate=None, plain_passwords=plain_passwords), doors=doors)
    box.make_account("ada", HASH, Role.OWNER)
    return box


def raw(client: Client) -> bytes:
    """The bytes that have come since the last call."""
    data: bytes = client.socket.value()[client._read :]
    client._read += len(data)
    return data


def lines(client: Client) -> list[str]:
    """The lines that have come, without telnet's commands and what stands alone with them."""
    shown = raw(client).replace(HIDE, b"").replace(SHOW, b"").decode().replace("\r\n", "\n")
    return [line for line in shown.splitlines() if line]


def type_in(client: Client, *typed: str) -> list[str]:
    """Type lines; return what is shown."""
    client.send(*typed)
    return lines(client)


def documented(beginning: str) -> Sequence[str]:
    """The example in the documentation that begins so."""
    return [line.strip() for line in PROTOCOL.split(beginning)[1].split("\n\n")[1].splitlines()]


def test_the_key_is_asked_for_before_the_name() -> None:
    client = make_box(Doors(key=KEY)).connect()
    assert lines(client) == ["* Hi.", ASK_KEY]
    assert type_in(client, "") == [ASK_KEY]
    assert type_in(client, "sesame") == ["! That key is wrong.", ASK_KEY]
    assert type_in(client, f" {KEY} ") == ["* Type your name and press Enter."]
    assert type_in(client, "eve")[0].startswith("* You are eve, ")
    example = documented("asks for that first")
    assert example[1:] == [ASK_KEY, "* Type your name and press Enter."]


def test_telnet_does_not_show_the_key_and_no_program_is_sent_telnets_commands() -> None:
    box = make_box(Doors(key=KEY))
    person, program, gone = box.connect(), box.connect(), box.connect()
    greeting = raw(person)
    assert HIDE not in greeting
    assert raw(program) == greeting
    program.ask(type="ping")
    gone.send_bytes(b"{")
    gone.lose()
    box.clock.advance(1.1)
    assert raw(person) == HIDE + b"\r\n"
    assert HIDE not in raw(program)
    person.send(KEY)
    assert raw(person) == SHOW + b"\r\n* Type your name and press Enter.\r\n"
    person.send_bytes(b"\xff\xfd\x01")
    box.clock.advance(2)
    assert raw(person) == b"\xff\xfc\x01"


def test_who_takes_long_to_agree_on_tls_has_not_been_silent() -> None:
    box = make_box(Doors(key=KEY))
    slow = box.connect(SlowTls)
    raw(slow)
    box.clock.advance(5)
    slow.protocol.handshakeCompleted()
    slow.ask(type="ping")
    box.clock.advance(5)
    assert HIDE not in raw(slow)
    silent = box.connect(SlowTls)
    silent.protocol.handshakeCompleted()
    box.clock.advance(1.1)
    assert HIDE in raw(silent)


def test_nobody_is_sent_telnets_commands_where_nothing_is_to_be_hidden() -> None:
    for doors in (Doors(), MEMBERS):
        box = make_box(doors)
        client = box.connect()
        raw(client)
        box.clock.advance(5)
        assert raw(client) == b""


def test_telnet_may_agree_to_hide_the_key() -> None:
    box = make_box(Doors(key=KEY))
    client = box.connect()
    box.clock.advance(2)
    raw(client)
    client.send_bytes(b"\xff\xfd\x01")
    assert raw(client) == b""
    client.send(KEY)
    assert raw(client) == SHOW + b"\r\n* Type your name and press Enter.\r\n"


def test_wrong_keys_are_slowed() -> None:
    box = make_box(Doors(key=KEY))
    client = box.connect()
    lines(client)
    assert type_in(client, "a", "b", "c") == ["! That key is wrong.", ASK_KEY] * 3
    assert type_in(client, KEY) == ["! There were too many wrong keys. Try again in 1 second.", ASK_KEY]
    box.clock.advance(1)
    assert type_in(client, KEY) == ["* Type your name and press Enter."]


@pytest.mark.parametrize("doors", [Doors(key=KEY), MEMBERS])
def test_people_may_leave_and_browsers_are_told_where_they_are(doors: Doors) -> None:
    box = make_box(doors)
    for typed, said in (
        ("EXIT", "* Goodbye."),
        ("/quit", "* Goodbye."),
        ("GET / HTTP/1.1", "* This is a chat, not a web server. Connect with nc, telnet or the chat client."),
    ):
        client = box.connect()
        lines(client)
        assert type_in(client, typed) == [said]


def test_members_come_in_by_name_and_password() -> None:
    client = make_box(MEMBERS).connect()
    assert lines(client) == ["* Hi.", ASK_MEMBER]
    assert type_in(client, "eve") == [
        "! Only members come in here, and none of them is called eve. Come in with your name and password, or with an "
        "invitation. If you have one, press Enter alone."
    ]
    (asked,) = type_in(client, "ada")
    assert asked.startswith("* That name belongs to somebody. Type its password")
    assert type_in(client, "") == [ASK_MEMBER]
    type_in(client, "ada")
    assert type_in(client, PASSWORD)[0].startswith("* You are ada, ")


def test_nobody_is_offered_to_come_as_a_guest_where_only_members_come_in() -> None:
    client = make_box(MEMBERS).connect()
    lines(client)
    for name in ("a b", "admin"):
        (refusal,) = type_in(client, name)
        assert refusal.startswith("!")
        assert "guest" not in refusal


def test_where_nobody_registers_nobody_is_asked_for_an_invitation() -> None:
    client = make_box(Doors(members_only=True, registration=Registration.CLOSED)).connect()
    assert lines(client) == ["* Hi.", "* Only members come in. Type your name and press Enter."]
    assert type_in(client, "") == ["! Only members come in here. Come in with your name and password."]


def test_a_newcomer_is_led_from_an_invitation_to_the_chat() -> None:
    box = make_box(MEMBERS)
    code = box.admin("invitation").split()[-1]
    client = box.connect()
    shown = lines(client)
    for typed in ("", code, "eve", PASSWORD, PASSWORD):
        shown += type_in(client, typed)
    in_ = "* You are eve, alone in #lobby. Type /help for commands, exit to leave."
    assert shown == ["* Hi.", ASK_MEMBER, ASK_CODE, ASK_NEW_NAME, ASK_NEW_PASSWORD, ASK_AGAIN, in_]
    example = documented("the password twice:")
    assert [line.replace("ada", "eve") for line in example[1:-1]] == shown[1:-1]


def test_a_newcomer_may_be_wrong_at_each_step() -> None:
    box = make_box(MEMBERS)
    code = box.admin("invitation").split()[-1]
    client = box.connect()
    lines(client)
    for typed, shown in (
        ("", [ASK_CODE]),
        ("", [ASK_MEMBER]),
        ("", [ASK_CODE]),
        ("wrong", [WRONG, ASK_CODE]),
        (f" {code.upper()} ", [ASK_NEW_NAME]),
        ("", [ASK_NEW_NAME]),
        ("ADA", ["! That name is taken. Choose another."]),
        ("admin", ["! That name is reserved. Choose another."]),
        ("eve", [ASK_NEW_PASSWORD]),
        ("short", ["! Use a password of 8 to 256 characters.", ASK_NEW_PASSWORD]),
        (PASSWORD, [ASK_AGAIN]),
        ("correct house", ["! The two passwords differ. Choose one.", ASK_NEW_PASSWORD]),
        (PASSWORD, [ASK_AGAIN]),
    ):
        assert type_in(client, typed) == shown
    assert type_in(client, PASSWORD)[0].startswith("* You are eve, ")
    assert type_in(box.connect(), "", code)[-2:] == [WRONG, ASK_CODE]


def test_what_is_secret_is_hidden() -> None:
    box = make_box(MEMBERS)
    code = box.admin("invitation").split()[-1]
    client = box.connect()
    hidden = []
    for typed in ("", code, "eve", PASSWORD, PASSWORD):
        raw(client)
        client.send(typed)
        hidden.append(raw(client).endswith(HIDE))
    assert hidden == [True, False, True, True, False]


def test_an_invitation_that_somebody_else_uses_first_is_told_of_at_the_end() -> None:
    box = make_box(MEMBERS)
    code = box.admin("invitation").split()[-1]
    first, second = box.connect(), box.connect()
    for client, name in ((first, "eve"), (second, "bob")):
        type_in(client, "", code, name, PASSWORD)
    assert type_in(first, PASSWORD)[0].startswith("* You are eve, ")
    assert type_in(second, PASSWORD) == [WRONG]
    assert type_in(second, "bob")[0].startswith("! Only members come in here, and none of them is called bob.")


def test_where_others_could_listen_in_nobody_is_asked_for_a_code() -> None:
    client = make_box(MEMBERS, plain_passwords=False).connect()
    lines(client)
    assert type_in(client, "") == [
        "! Others could read a password on this connection. Connect with TLS, or from the server itself."
    ]


def test_each_answer_gives_more_time_and_more_tries() -> None:
    box = make_box(Doors(KEY, members_only=True, registration=Registration.INVITATION))
    code = box.admin("invitation").split()[-1]
    client = box.connect()
    for wrong, right in (("", KEY), ("a b", ""), (" ", code), ("a b", "eve"), ("short", PASSWORD)):
        for _ in range(8) if wrong != " " else ():
            client.send(wrong)
        box.clock.advance(50)
        client.send(right)
    lines(client)
    assert type_in(client, PASSWORD)[0].startswith("* You are eve, ")


def test_who_answers_nothing_has_as_much_time_as_ever() -> None:
    box = make_box(MEMBERS)
    client = box.connect()
    for _ in range(2):
        client.send("", "")
        lines(client)
        box.clock.advance(32)
    assert lines(client)[0] == "! No name came for 60 seconds. Connect again when you have one."


# -- registering by those who are in


def test_who_registers_is_asked_for_the_code() -> None:
    box = make_box(Doors(registration=Registration.INVITATION))
    code = box.admin("invitation").split()[-1]
    eve, bob = box.connect(), box.text("bob")
    type_in(eve, "eve")
    assert lines(bob) == ["* eve joined."]
    ask = "* To register here you need an invitation. Type its code, or press Enter alone to do without."
    assert type_in(eve, "/register short") == ["! Use a password of 8 to 256 characters."]
    assert type_in(eve, f"/register {PASSWORD}") == [ask]
    assert type_in(eve, "") == []
    assert type_in(eve, f"/register {PASSWORD}") == [ask]
    assert type_in(eve, "wrong") == [WRONG]
    assert type_in(eve, "wrong") == []
    assert lines(bob) == ["eve: wrong"]
    type_in(bob, f"/register {PASSWORD}")
    assert type_in(bob, "exit") == ["* Goodbye."]
    assert lines(eve) == ["* bob left."]
    eve.send(f"/register {PASSWORD}")
    assert raw(eve).endswith(HIDE)
    assert type_in(eve, code) == ["* The name eve is yours now. You need its password when you come in next."]


def test_a_moderator_types_invitation() -> None:
    box = make_box(MEMBERS)
    ada = box.connect()
    type_in(ada, "ada", PASSWORD)
    head, line = type_in(ada, "/invitation")
    assert head == "* Pass this on to one person. It is good for 7 days."
    assert line.startswith("* You are invited to the chat. ")
    client = box.connect()
    assert type_in(client, "", line.split()[-1], "eve", PASSWORD, PASSWORD)[-1].startswith("* You are eve, ")


def test_where_everybody_registers_a_newcomer_makes_an_account_without_a_code() -> None:
    box = make_box(Doors(members_only=True, registration=Registration.OPEN))
    client = box.connect()
    asked = "* Only members come in. Type your name and press Enter, or press Enter alone to make an account."
    new_name = "* Choose a name, type it and press Enter, or press Enter alone to go back."
    assert lines(client) == ["* Hi.", asked]
    for typed, shown in (
        (
            "eve",
            [
                "! Only members come in here, and none of them is called eve. Come in with your name and password, or "
                "make an account. To make one, press Enter alone."
            ],
        ),
        ("", [new_name]),
        ("", [asked]),
        ("", [new_name]),
        ("eve", [ASK_NEW_PASSWORD]),
        (PASSWORD, [ASK_AGAIN]),
        (PASSWORD, ["* You are eve, alone in #lobby. Type /help for commands, exit to leave."]),
    ):
        assert type_in(client, typed) == shown
