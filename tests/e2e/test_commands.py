"""Every command that people type, with and without arguments."""

from __future__ import annotations

import pytest

from e2e.daemon import Daemon

USAGE = "! Usage: "
OPS_OF_LOBBY = "! Only the ops of #lobby may do that. Of a room that you make with /join you are the op."

CASES: list[tuple[str, list[str], list[str]]] = [
    # what ada types, what ada is shown, what bob is shown
    ("/help who", ["* /who [room] - lists who is in the room, or in another"], []),
    ("/help /who", ["* /who [room] - lists who is in the room, or in another"], []),
    ("/help xyzzy", ["! There is no command /xyzzy. Type /help for the commands."], []),
    ("/who", ["* In #lobby: ada, bob"], []),
    ("/WHO", ["* In #lobby: ada, bob"], []),
    ("/who #LOBBY", ["* In #lobby: ada, bob"], []),
    ("/who nowhere", ["! There is no room #nowhere. See /rooms for those there are."], []),
    ("/who lobby dev", ["! The name of a room has no blanks. Usage: /who [room] "], []),
    ("/rooms", ["* #lobby, 2 users"], []),
    ("/rooms lob", ["* #lobby, 2 users"], []),
    ("/rooms all", ["* There is no such room."], []),
    ("/rooms lobby all", ["! all is not a number."], []),
    ("/join", [f"{USAGE}/join room "], []),
    ("/join lobby", ["! You are in #lobby already."], []),
    ("/join #lobby", ["! You are in #lobby already."], []),
    ("/join a b", ["! The name of a room has no blanks. Usage: /join room "], []),
    ("/join dev", ["* You are ada, alone in #dev."], ["* ada left."]),
    ("/me", [f"{USAGE}/me text "], []),
    ("/me waves", [], ["~ ada waves"]),
    ("/msg", [f"{USAGE}/msg name [text] "], []),
    ("/msg bob", ["* Nothing was said in private with bob yet."], []),
    ("/msg bob psst, you", [], ["ada (private): psst, you"]),
    ("/msg BOB psst", [], ["ada (private): psst"]),
    ("/msg bbo psst", ["! There is nobody called bbo here. Did you mean bob?"], []),
    ("/nick", [f"{USAGE}/nick name "], []),
    ("/nick ada", ["! You are ada already."], []),
    ("/nick bob", ["! That name is taken. Choose another."], []),
    ("/nick lovelace", ["* You are now known as lovelace."], ["* ada is now known as lovelace."]),
    ("/nick Ada", ["* You are now known as Ada."], ["* ada is now known as Ada."]),
    ("/topic", ["* #lobby has no topic."], []),
    ("/topic tea", ["* ada set the topic of #lobby to: tea"], ["* ada set the topic of #lobby to: tea"]),
    ("/topic -", ["* ada cleared the topic of #lobby."], ["* ada cleared the topic of #lobby."]),
    ("/history 0", ["! Say how many, since when, or which day: /history 50, "], []),
    ("/history x", ["! Say how many, since when, or which day: /history 50, "], []),
    ("/history 1 2", ["! Say how many, since when, or which day: /history 50, "], []),
    ("/history 2020-01-01", ["* Nothing was said in #lobby then."], []),
    ("/mentions x", ["! x is not a number."], []),
    ("/mentions", ["* Nobody has named you since you were last here."], []),
    ("/search", [f"{USAGE}/search text "], []),
    ("/search unheard-of", ["* Nothing was found."], []),
    ('/search "', ["! There is nothing to look for in that."], []),
    ("/ignore", ["* You ignore nobody."], []),
    ("/ignore bob", ["* You ignore bob."], []),
    ("/ignore ada", ["! You can't ignore yourself."], []),
    ("/away", ["* You are back."], []),
    ("/away lunch", ["* You are away: lunch"], ["* ada is away: lunch"]),
    ("/register", [f"{USAGE}/register password "], []),
    ("/register short", ["! Use a password of 8 to 256 characters."], []),
    ("/password correct horse", ["! Your name is not registered. /register makes it yours."], []),
    ("/unregister correct horse", ["! Your name is not registered. /register makes it yours."], []),
    ("/delete", ["! There is nothing to take back. Give the id of a message; /search shows them."], []),
    ("/delete 999999", ["! There is no message 999999, or not any more."], []),
    ("/room", ["* #lobby is open to everybody. Everybody in it sets its topic."], []),
    ("/room private", [OPS_OF_LOBBY], []),
    ("/room shut", ["! There is no /room shut. There are /room open, "], []),
    ("/room open dev", ["! #dev is not closed. In it, /room open lets everybody come in."], []),
    ("/kick bob", [OPS_OF_LOBBY], []),
    ("/kick bob 1d", [OPS_OF_LOBBY], []),
    ("/room ban bob", [OPS_OF_LOBBY], []),
    ("/bans", ["! Only moderators may do that."], []),
    ("/conversations", ["* You have no conversations."], []),
    ("/whois bob", ["* bob has no account, and is in #lobby.", "* Here since 20"], []),
    ("/whois bbo", ["! There is nobody called bbo here. Did you mean bob?"], []),
    ("/devices", ["* 1: text from 127.0.0.1, since 20"], []),
    ("/logout", [f"{USAGE}/logout which "], []),
    ("/logout 2", ["! You have no device 2. /devices lists them."], []),
    ("/rename lovelace", [f"{USAGE}/rename name password "], []),
    ("/rename lovelace correct horse", ["! Your name is not registered. /register makes it yours."], []),
    ("/invitation", ["! Your name is not registered. /register makes it yours."], []),
    ("/upload", ["! This chat takes no files: "], []),
    ("/edit", [f"{USAGE}/edit text "], []),
    ("/edit tea", ["! "], []),
    ("/react", [f"{USAGE}/react text [id] [on|off] "], []),
    ("/react \N{THUMBS UP SIGN} 999999", ["! There is no message 999999, or not any more."], []),
    ("/react two words", ["! words is not a number."], []),
    ("/pin 7", [OPS_OF_LOBBY], []),
    ("/pins", ["* Nothing is pinned in #lobby."], []),
    ("/reply", [f"{USAGE}/reply text "], []),
    ("/reply yes", ["! Nobody has named you in #lobby. Begin with a name: ada: yes"], []),
    ("/notify deploy", ["! Your name is not registered. /register makes it yours."], []),
    ("/paste now", [f"{USAGE}/paste "], []),
    ("/names", ["* In #lobby: ada, bob"], []),
    (
        "/part dev",
        ["! You are always in one room: /join lobby goes to the lobby, exit leaves."],
        [],
    ),
    ("/hisory", ["! There is no command /hisory. Did you mean /history?"], []),
    ("/xyzzy", ["! There is no command /xyzzy. Type /help for the commands."], []),
    ("/", ["! There is no command /. Type /help for the commands."], []),
    ("/say hello", ["! There is no command /say. Type /help for the commands."], []),
]


@pytest.mark.parametrize(("typed", "shown", "shown_to_bob"), CASES, ids=[case[0] for case in CASES])
def test_a_command(shared_chat: Daemon, typed: str, shown: list[str], shown_to_bob: list[str]) -> None:
    ada, bob = shared_chat.person("ada"), shared_chat.person("bob")
    ada.expect("* bob joined.")
    ada.type(typed)
    for actual, expected in zip(ada.catch_up(), shown, strict=True):
        assert actual.startswith(expected)
    assert bob.catch_up() == shown_to_bob
    bob.type("/topic -")
    bob.expect("* bob cleared the topic of #lobby.")


def test_help_lists_every_command_and_the_cases_try_each(chat: Daemon) -> None:
    ada = chat.person("ada")
    ada.type("/help all")
    *commands, last = ada.until("* Say something")
    assert last == "* Say something by typing it. // begins a line with one slash. exit leaves."
    names = [line.split()[1] for line in commands]
    assert len(names) == len(set(names))
    tried = {"/quit", *(typed.split()[0].lower() for typed, _, _ in CASES)}
    assert set(names) <= tried
    assert all(" - " in line for line in commands)


def test_history_shows_what_was_said(chat: Daemon) -> None:
    ada = chat.person("ada")
    ada.type("/history", "one", "/me two", "/history 1", "/history")
    ada.expect("* Nothing was said in #lobby yet.")
    ada.expect("* Earlier in #lobby:")
    assert ada.read().endswith("] ~ ada two")
    ada.expect("* End of history.", "* Earlier in #lobby:")
    assert ada.read().endswith("] ada: one")
    assert ada.read().endswith("] ~ ada two")
    ada.expect("* End of history.")


def test_an_ignored_user_is_not_shown(chat: Daemon) -> None:
    ada, bob, cy = chat.person("ada"), chat.person("bob"), chat.person("cy")
    ada.expect("* bob joined.", "* cy joined.")
    ada.type("/ignore bob")
    ada.expect("* You ignore bob.")
    bob.type("hidden", "/me hides", "/msg ada hidden")
    bob.catch_up()
    cy.type("shown")
    assert ada.catch_up() == ["cy: shown"]
    ada.type("/ignore bob")
    ada.expect("* You ignore nobody.")
    bob.type("shown")
    ada.expect("bob: shown")


def test_who_writes_to_somebody_away_is_told(chat: Daemon) -> None:
    ada, bob = chat.person("ada"), chat.person("bob")
    ada.type("/away lunch")
    ada.expect("* bob joined.", "* You are away: lunch")
    bob.type("/msg ada there?")
    bob.expect("* ada is away: lunch", "* ada is away: lunch")
    ada.expect("bob (private): there?")


def test_rooms_are_apart(chat: Daemon) -> None:
    ada, bob = chat.person("ada"), chat.person("bob")
    ada.expect("* bob joined.")
    bob.type("/join dev", "in dev")
    bob.expect("* You are bob, alone in #dev. Type /help for commands, exit to leave.")
    bob.catch_up()
    ada.type("in lobby")
    assert ada.catch_up() == ["* bob left."]
    assert bob.catch_up() == []
    ada.type("/rooms")
    assert [line.split(", active")[0] for line in ada.catch_up()] == ["* #lobby, 1 user", "* #dev, 1 user"]
    ada.type("/join #dev")
    assert (
        ada.until("* End of history.")[0] == "* You are ada, in #dev with bob. Type /help for commands, exit to leave."
    )
    bob.expect("* ada joined.")
