"""People with telnet, and telnet's commands within the bytes."""

from __future__ import annotations

import termios
from collections.abc import Iterator

import pexpect
import pytest

from e2e.daemon import HOST, Daemon
from e2e.tools import put_away, tool
from e2e.waiting import DEADLINE, wait_for


@pytest.fixture
def telnet(chat: Daemon) -> Iterator[pexpect.spawn]:
    """Somebody called ada, who has walked in with telnet."""
    child = pexpect.spawn(tool("telnet"), [HOST, str(chat.port)], encoding="utf-8", timeout=DEADLINE)
    child.expect_exact("* Welcome to chat. Type your name and press Enter.\r\n")
    child.sendline("ada")
    child.expect_exact("* You are ada, ")
    child.expect_exact("exit to leave.\r\n")
    yield child
    put_away(child)


def test_people_talk(chat: Daemon, telnet: pexpect.spawn) -> None:
    bob = chat.person("bob")
    telnet.expect_exact("* bob joined.\r\n")
    telnet.sendline("hello, bob")
    bob.expect("ada: hello, bob")
    bob.type("hello, ada")
    telnet.expect_exact("bob: hello, ada\r\n")
    telnet.sendline("exit")
    telnet.expect_exact("* Goodbye.\r\n")
    telnet.expect(pexpect.EOF)
    bob.expect("* ada left.")


@pytest.mark.parametrize("text", ["ту", "Über", "한국어", "日本", "❤️"])
def test_every_script_can_be_typed(chat: Daemon, text: str) -> None:
    bob = chat.person("bob")
    child = pexpect.spawn(tool("telnet"), ["-E", HOST, str(chat.port)], encoding="utf-8", timeout=DEADLINE)
    child.expect_exact("* Welcome to chat. Type your name and press Enter.\r\n")
    child.sendline("ada")
    child.expect_exact("exit to leave.\r\n")
    bob.expect("* ada joined.")
    child.sendline(f"{text}!")
    bob.expect(f"ada: {text}!")
    put_away(child)


def test_control_c_leaves(chat: Daemon, telnet: pexpect.spawn) -> None:
    bob = chat.person("bob")
    telnet.sendintr()
    telnet.expect_exact("* Goodbye.\r\n")
    telnet.expect(pexpect.EOF)
    bob.expect("* ada left.")


def test_telnets_interrupt_leaves(chat: Daemon, telnet: pexpect.spawn) -> None:
    bob = chat.person("bob")
    order(telnet, "send ip")
    telnet.expect_exact("* Goodbye.\r\n")
    telnet.expect(pexpect.EOF)
    bob.expect("* ada left.")


def test_telnets_options_are_refused(chat: Daemon, telnet: pexpect.spawn) -> None:
    bob = chat.person("bob")
    order(telnet, "toggle options")
    telnet.expect_exact("Will show option processing.")
    order(telnet, "send do echo")
    telnet.expect_exact("RCVD WONT ECHO")
    order(telnet, "send will binary")
    telnet.expect_exact("RCVD DONT BINARY")
    telnet.sendline("still here")
    bob.expect("ada: still here")


def order(telnet: pexpect.spawn, command: str) -> None:
    """Give telnet itself a command, once it has carried out the one before and takes lines for the chat again."""
    wait_for(lambda: b"\x1d" in termios.tcgetattr(telnet.child_fd)[6], "Ctrl-] leads to telnet itself")
    telnet.sendcontrol("]")
    telnet.expect_exact("telnet>")
    telnet.sendline(command)


def test_commands_within_a_line_are_taken_out(chat: Daemon) -> None:
    bob = chat.person("bob")
    ada = chat.person("ada")
    ada.send(b"he\xff\xfd\x01l\xff\xfa\x18\x00xterm\xff\xf0lo\xff\xf1\r\n")
    assert ada.stream.receive() == b"\xff\xfc\x01"
    bob.expect("* ada joined.", "ada: hello")


def test_a_command_split_over_packets_is_one(chat: Daemon) -> None:
    bob = chat.person("bob")
    ada = chat.person("ada")
    for byte in b"a\xff\xfb\x1fb\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0c\xff":
        ada.send(bytes([byte]))
        bob.catch_up()
    ada.send(b"\xf4")
    assert ada.read_to_end() == b"\xff\xfe\x1f* Goodbye.\r\n"
    assert bob.catch_up() == ["* ada left."]


def test_a_password_is_not_shown_while_it_is_typed(chat: Daemon, telnet: pexpect.spawn) -> None:
    telnet.sendline("/register correct horse")
    telnet.expect_exact("* The name ada is yours now.")
    telnet.sendline("exit")
    telnet.expect(pexpect.EOF)
    again = pexpect.spawn(tool("telnet"), [HOST, str(chat.port)], encoding="utf-8", timeout=DEADLINE)
    again.expect_exact("Type your name and press Enter.\r\n")
    again.sendline("ada")
    again.expect_exact("Type its password, or press Enter to choose another name.\r\n")
    again.waitnoecho(DEADLINE)
    again.sendline("correct horse")
    again.expect_exact("* You are ada, alone in #lobby.")
    assert "horse" not in again.before
    again.expect_exact("exit to leave.\r\n")
    again.sendline("hello again")
    again.expect_exact("hello again")
    again.sendline("exit")
    again.expect_exact("* Goodbye.\r\n")
    put_away(again)
