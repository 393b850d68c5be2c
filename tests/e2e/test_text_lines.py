"""How bytes become lines of the text dialect, whatever packets they come in."""

from __future__ import annotations

import pytest

from e2e.daemon import Daemon
from e2e.streams import SocketStream


def test_one_byte_at_a_time(chat: Daemon) -> None:
    bob = chat.person("bob")
    ada = chat.stranger()
    for byte in "ada\r\nhellö ✓\r\n".encode():
        ada.send(bytes([byte]))
    bob.expect("* ada joined.", "ada: hellö ✓")


@pytest.mark.parametrize("second", [b"\n", b"\0"])
def test_a_line_end_split_over_packets_is_one(chat: Daemon, second: bytes) -> None:
    bob = chat.person("bob")
    ada = chat.person("ada")
    ada.send(b"hello\r")
    bob.expect("* ada joined.", "ada: hello")
    ada.send(second + b"bye\r")
    bob.expect("ada: bye")
    assert bob.catch_up() == []


def test_many_lines_in_one_packet(chat: Daemon) -> None:
    bob = chat.person("bob")
    ada = chat.stranger()
    ada.send(b"ada\none\ntwo\r\n\n\r\nthree\n/me waves\n")
    bob.expect("* ada joined.", "ada: one", "ada: two", "ada: three", "~ ada waves")
    assert bob.catch_up() == []


def test_the_last_line_needs_no_end(chat: Daemon) -> None:
    bob = chat.person("bob")
    ada = chat.person("ada")
    ada.send(b"first\nlast")
    ada.stream.finish()
    ada.expect_end("* Goodbye.")
    bob.expect("* ada joined.", "ada: first", "ada: last", "* ada left.")


@pytest.mark.parametrize("word", ["exit", "quit", "EXIT", "Quit", "  exit  ", "/quit", "/QUIT"])
def test_a_word_leaves(shared_chat: Daemon, word: str) -> None:
    ada = shared_chat.person("ada")
    ada.type(word)
    ada.expect_end("* Goodbye.")


@pytest.mark.parametrize("word", ["exit", "QUIT", "/quit"])
def test_a_word_leaves_before_there_is_a_name(shared_chat: Daemon, word: str) -> None:
    stranger = shared_chat.stranger()
    stranger.type(word)
    stranger.expect_end("* Welcome to chat. Type your name and press Enter.", "* Goodbye.")


def test_words_that_only_begin_like_exit_are_said(chat: Daemon) -> None:
    bob = chat.person("bob")
    ada = chat.person("ada")
    ada.type("exit now", "quitting time")
    bob.expect("* ada joined.", "ada: exit now", "ada: quitting time")


def test_an_empty_line_makes_a_guest_named_by_the_port(chat: Daemon) -> None:
    bob = chat.person("bob")
    guest = chat.stranger()
    assert isinstance(guest.stream, SocketStream)
    port = guest.stream.socket.getsockname()[1]
    assert guest.walk_in("") == [f"* You are {port}, in #lobby with bob. Type /help for commands, exit to leave."]
    guest.type("hi")
    bob.expect(f"* {port} joined.", f"{port}: hi")


def test_two_slashes_say_a_line_that_begins_with_one(chat: Daemon) -> None:
    bob = chat.person("bob")
    ada = chat.person("ada")
    ada.type("//etc/hosts", "///", "a // b")
    bob.expect("* ada joined.", "ada: /etc/hosts", "ada: //", "ada: a // b")
    assert ada.catch_up() == []


@pytest.mark.parametrize("length", [4_097, 16_384, 16_385, 65_536, 1_000_000])
def test_an_overlong_line_is_refused_and_the_next_one_works(chat: Daemon, length: int) -> None:
    bob = chat.person("bob")
    ada = chat.person("ada")
    ada.send(b"x" * length + b"\nnext\n")
    assert ada.read().startswith("! That ")
    bob.expect("* ada joined.", "ada: next")
    assert ada.catch_up() == []


def test_the_longest_line_is_said(chat: Daemon) -> None:
    bob = chat.person("bob")
    ada = chat.person("ada")
    ada.type("x" * 4_096, "é" * 2_048)
    bob.expect("* ada joined.", "ada: " + "x" * 4_096, "ada: " + "é" * 2_048)
