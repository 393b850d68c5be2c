"""What one does on the page: come in, talk, change what was said, find it again."""

from __future__ import annotations

import re

import pytest
from e2e.daemon import Daemon
from playwright.sync_api import Route, expect
from web.browsers import WIDE, Browsers


def test_a_name_and_in(browsers: Browsers) -> None:
    tab = browsers.open()
    expect(tab.page.get_by_label("Your name")).to_be_focused()
    tab.page.keyboard.type("ada")
    tab.page.keyboard.press("Enter")
    tab.await_place("#lobby")
    expect(tab.input).to_be_focused()
    expect(tab["#my-name"]).to_have_text("ada")


def test_a_name_that_is_taken_is_asked_for_again(browsers: Browsers) -> None:
    browsers.somebody("ada")
    other = browsers.open()
    other.name_oneself("ada")
    expect(other["#door .why"]).to_contain_text("taken")
    expect(other.page.get_by_label("Your name")).to_have_value("ada")
    other.come_in("ada2")


def test_what_one_says_the_other_reads(browsers: Browsers) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    ada.say("morning")
    expect(bob.message("morning")).to_contain_text("ada")
    bob.say("ada: good morning")
    expect(ada.message("good morning")).to_have_class(re.compile("called"))
    expect(bob.message("good morning")).not_to_have_class(re.compile("called"))


def test_what_a_program_says_at_one_go_is_marked_once(web_chat: Daemon, browsers: Browsers) -> None:
    ada = browsers.somebody("ada")
    ci = web_chat.bot("ci")
    for text in ("deploy begun", "deploy done"):
        ci.ask("say", room="lobby", text=text, notice=True)
    expect(ada.message("deploy begun")).to_contain_text("program")
    expect(ada.message("deploy done").locator(".tag")).to_have_count(0)


def test_joins_are_folded(browsers: Browsers) -> None:
    ada = browsers.somebody("ada")
    for name in ("bob", "cy"):
        browsers.somebody(name)
    fold = ada["details.note"]
    expect(fold).to_have_count(1)
    expect(fold.locator("summary")).to_have_text("bob and cy joined.")


def test_several_lines_are_one_message(browsers: Browsers) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    ada.input.press_sequentially("first")
    ada.input.press("Shift+Enter")
    ada.input.press_sequentially("second")
    ada.input.press("Enter")
    expect(bob.message("first").locator(".text")).to_have_text("first\nsecond", use_inner_text=True)
    expect(bob[".message"]).to_have_count(1)


def test_unread_is_counted_per_room_and_in_the_title(browsers: Browsers) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    for tab in (ada, bob):
        tab.join("dev")
    ada.turn_to("#lobby")
    bob.say("one")
    bob.say("ada: two")
    button = ada[".places button"].filter(has_text="#dev")
    expect(button.locator(".badge")).to_have_text("2")
    expect(button.locator(".badge")).to_have_class(re.compile("calls"))
    expect(button).to_have_accessible_name("#dev 2 unread, 1 for you")
    expect(ada.page).to_have_title("(2!) #lobby – Chat")
    expect(ada["link[rel=icon]"]).to_have_attribute("href", re.compile("^data:image/svg"))
    ada.turn_to("#dev")
    expect(ada[".mark.unread + .message"]).to_contain_text("one")
    expect(button.locator(".badge")).to_be_hidden()
    expect(ada.page).to_have_title("#dev – Chat")


def test_each_room_has_its_own_draft_and_its_own_past_lines(browsers: Browsers) -> None:
    ada = browsers.somebody("ada")
    ada.say("in the lobby")
    ada.input.fill("half a thou")
    ada.page.keyboard.press("Escape")
    ada["#join"].click()
    ada.dialog.get_by_label("Name of a room").fill("dev")
    ada.page.keyboard.press("Enter")
    ada.await_place("#dev")
    expect(ada.input).to_have_value("")
    ada.say("in dev")
    ada.input.press("Control+ArrowUp")
    expect(ada.input).to_have_value("in dev")
    ada.input.press("Control+ArrowDown")
    ada.turn_to("#lobby")
    expect(ada.input).to_have_value("half a thou")
    ada.input.press("Control+ArrowUp")
    expect(ada.input).to_have_value("in the lobby")
    ada.input.press("Control+ArrowDown")
    expect(ada.input).to_have_value("half a thou")


def test_names_and_commands_are_completed(browsers: Browsers) -> None:
    ada = browsers.somebody("ada")
    for name in ("bob", "bert"):
        browsers.somebody(name)
    expect(ada[".persons li"]).to_have_count(3)
    ada.input.press_sequentially("bo")
    ada.input.press("Tab")
    expect(ada.input).to_have_value("bob: ")
    ada.input.fill("b")
    ada.input.press("Tab")
    first = ada.input.input_value()
    ada.input.press("Tab")
    assert {first, ada.input.input_value()} == {"bob: ", "bert: "}
    ada.input.fill("")
    ada.input.press_sequentially("/wh")
    expect(ada.page.get_by_role("option")).to_have_text(["/who", "/whois"])
    ada.input.press("ArrowDown")
    ada.input.press("Enter")
    expect(ada.input).to_have_value("/who ")
    ada.input.press("Escape")
    ada.input.fill("")
    ada.input.press("Tab")
    expect(ada.input).not_to_be_focused()


def test_arrow_up_changes_what_was_said_last(browsers: Browsers) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    ada.say("helo")
    ada.input.press("ArrowUp")
    expect(ada["#doing"]).to_contain_text("You change what you said.")
    expect(ada.input).to_have_value("helo")
    ada.enter("hello")
    expect(bob[".message .text"]).to_have_text("hello (edited)")
    ada.input.press("ArrowUp")
    ada.input.press("Escape")
    expect(ada.input).to_have_value("")
    expect(ada["#doing"]).to_be_hidden()


def test_a_message_is_answered_reacted_to_and_deleted(browsers: Browsers) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    ada.say("green tea?")
    bob.open_menu("green tea?")
    bob.item("Reply").click()
    expect(bob["#doing"]).to_contain_text("You answer ada: green tea?")
    bob.enter("yes")
    expect(ada.message("yes").locator(".answers")).to_contain_text("ada: green tea?")
    ada.message("yes").hover()
    ada.message("yes").get_by_role("button", name="React").click()
    ada.item("👍").click()
    reaction = bob.message("yes").locator(".reactions button")
    expect(reaction).to_have_accessible_name("👍, 1")
    reaction.click()
    expect(ada.message("yes").locator(".reactions button")).to_have_accessible_name("👍, 2")
    ada.open_menu("green tea?")
    ada.item("Delete…").click()
    ada.dialog.get_by_role("button", name="Delete").click()
    expect(bob["#log"]).to_contain_text("ada deleted this.")
    expect(bob.message("yes").locator(".answers")).to_have_count(0)


def test_the_tools_of_a_message_that_is_higher_than_the_window_stay_in_view(browsers: Browsers) -> None:
    ada = browsers.somebody("ada")
    ada.say("one line")
    ada.say("\n".join(f"line {number}" for number in range(100)))
    for text, y in (("line 50", 300), ("line 50", 600)):
        height = ada.message(text).evaluate("message => message.offsetHeight")
        ada.page.mouse.move(600, y)
        expect(ada.message(text).get_by_role("button", name="Reply")).to_be_in_viewport(ratio=1)
        assert ada.message(text).evaluate("message => message.offsetHeight") == height
    ada.message("one line").scroll_into_view_if_needed()
    before = ada.message("one line").bounding_box()
    ada.message("one line").hover()
    expect(ada.message("one line").get_by_role("button", name="Reply")).to_be_in_viewport(ratio=1)
    assert ada.message("one line").bounding_box() == before


def test_an_op_pins_and_everybody_finds_it(browsers: Browsers) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    for tab in (ada, bob):
        tab.join("dev")
    ada.say("the plan")
    ada.open_menu("the plan")
    ada.item("Pin").click()
    expect(bob["#pins"]).to_have_accessible_name("1 pinned message")
    bob["#pins"].click()
    expect(bob["#finder-title"]).to_have_text("Pinned messages")
    expect(bob["#found li"]).to_contain_text("the plan")


def test_an_empty_list_says_of_what_there_is_nothing(browsers: Browsers) -> None:
    ada = browsers.somebody("ada")
    for line, words in (
        ("/pins", "Nothing is pinned in #lobby."),
        ("/mentions", "Nobody has named you since you were last here."),
        ("/search unheard-of", "Nothing was found."),
    ):
        ada.enter(line)
        expect(ada["#found-say"]).to_have_text(words)


def test_a_search_shows_the_place(browsers: Browsers) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    for number in range(1, 121):
        bob.enter(f"line {number}{' green tea' if number == 20 else ''}")
    bob.await_online()
    ada.page.keyboard.press("Control+f")
    ada.page.keyboard.type("green tea")
    ada.page.keyboard.press("Enter")
    expect(ada["#found li"]).to_have_count(1)
    ada.page.keyboard.press("ArrowDown")
    ada.page.keyboard.press("Enter")
    expect(ada["#around"]).to_contain_text("#lobby")
    expect(ada["#items .mark.day"]).to_have_count(1)
    expect(ada[".message.sought"]).to_be_in_viewport()
    expect(ada.message("line 19")).to_be_visible()
    ada.page.keyboard.press("Escape")
    ada.page.keyboard.press("Escape")
    expect(ada["#around"]).to_be_hidden()
    ada.enter("/search line 77")
    expect(ada["#sought"]).to_have_value("line 77")
    expect(ada["#found li"]).to_have_count(1)
    ada.page.keyboard.press("Escape")
    expect(ada.message("line 120")).to_be_in_viewport()
    expect(ada.input).to_be_focused()


def test_one_reads_on_from_a_place_of_the_history(web_chat: Daemon, browsers: Browsers) -> None:
    bob = web_chat.person("bob")
    for number in range(1, 251):
        bob.type(f"line {number}.")
    bob.catch_up()
    ada = browsers.somebody("ada")
    ada.enter("/history since 2020-01-01")
    expect(ada[".message.sought"]).to_contain_text("line 1.")
    expect(ada[".message.sought"]).to_be_in_viewport()
    expect(ada.message("line 200.")).to_have_count(1)
    expect(ada.message("line 201.")).to_have_count(0)
    ada["#log"].evaluate("log => { log.scrollTop = log.scrollHeight; }")
    expect(ada.message("line 250.")).to_have_count(1)
    expect(ada.message("line 200.")).to_be_in_viewport()
    expect(ada.message("line 250.")).not_to_be_in_viewport()


def test_two_talk_in_private(browsers: Browsers) -> None:
    ada, bob, cy = (browsers.somebody(name) for name in ("ada", "bob", "cy"))
    ada[".persons button"].filter(has_text="bob").click()
    ada.item("Talk in private").click()
    ada.await_place("@bob")
    ada.say("psst")
    badge = bob[".places button"].filter(has_text="@ada").locator(".badge")
    expect(badge).to_have_text("1")
    bob.turn_to("@ada")
    expect(bob.message("psst")).to_be_visible()
    bob.say("yes?")
    expect(ada.message("yes?")).to_be_visible()
    expect(cy[".places button"]).to_have_count(1)


def test_a_menu_stays_while_others_come_and_go(browsers: Browsers) -> None:
    ada, _ = browsers.somebody("ada"), browsers.somebody("bob")
    ada[".persons button"].filter(has_text="bob").click()
    browsers.somebody("cy")
    expect(ada[".persons > li"]).to_have_count(3)
    ada.item("Talk in private").click()
    ada.await_place("@bob")


def test_away_and_ignore(browsers: Browsers) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    bob["#me"].click()
    bob.item("Away…").click()
    bob.dialog.get_by_label("What others see").fill("lunch")
    bob.page.keyboard.press("Enter")
    expect(ada[".persons li"].filter(has_text="bob")).to_contain_text("away: lunch")
    ada[".persons button"].filter(has_text="bob").click()
    ada.item("Ignore").click()
    expect(ada["#log"]).to_contain_text("bob")
    bob.say("can you hear me?")
    bob.say("hello?")
    ada.say("it is quiet here")
    expect(ada.message("hello?")).to_have_count(0)


def test_an_op_looks_after_a_room(browsers: Browsers) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    for tab in (ada, bob):
        tab.join("dev")
    ada["#more"].click()
    ada.item("Topic…").click()
    ada.dialog.get_by_label("What it is about").fill("tea time")
    ada.page.keyboard.press("Enter")
    expect(bob["#topic"]).to_have_text("tea time")
    ada[".persons button"].filter(has_text="bob").click()
    ada.item("Put out of the room…").click()
    ada.dialog.get_by_label("Why").fill("enough")
    ada.page.keyboard.press("Enter")
    bob.await_place("#lobby")
    expect(bob["#log"]).to_contain_text("enough")
    expect(ada[".persons li"]).to_have_count(1)
    bob["#more"].click()
    expect(bob.item("Who may come in…")).to_have_count(0)


def test_an_account_is_made_and_used(browsers: Browsers) -> None:
    ada = browsers.somebody("ada")
    ada["#me"].click()
    ada.item("Make this name yours…").click()
    ada.dialog.get_by_label("Password").fill("correct horse")
    ada.page.keyboard.press("Enter")
    expect(ada.dialog).to_have_count(0)
    expect(ada["#my-state"]).to_have_text("here")
    other = browsers.open()
    other.name_oneself("ada")
    expect(other["#door h1"]).to_have_text("ada belongs to somebody")
    other.page.get_by_label("Password").fill("wrong horse")
    other.page.keyboard.press("Enter")
    expect(other["#door .why"]).to_contain_text("wrong")
    other.page.get_by_label("Password").fill("correct horse")
    other.page.keyboard.press("Enter")
    other.await_place("#lobby")
    ada["#me"].click()
    ada.item("Where you are connected…").click()
    expect(ada.dialog.locator("li")).to_have_count(2)
    ada.dialog.get_by_role("button", name="Log out").click()
    expect(other["#door"]).to_be_visible()
    expect(other["#door .why"]).to_contain_text("logged")


def test_what_is_refused_is_told_and_stays(browsers: Browsers) -> None:
    ada = browsers.somebody("ada")
    ada.enter("/nosuch thing")
    expect(ada[".refusal"]).to_be_visible()
    expect(ada.input).to_have_value("/nosuch thing")


def test_a_page_that_is_loaded_again_goes_on(browsers: Browsers) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    ada.join("dev")
    ada.say("before")
    ada.input.fill("half a thou")
    ada.page.reload()
    ada.await_place("#dev")
    expect(ada.message("before")).to_be_visible()
    expect(ada.input).to_have_value("half a thou")
    expect(bob["details.note"]).to_have_count(0)


def test_leaving_while_the_messages_scroll(browsers: Browsers) -> None:
    """Browsers tell of scrolling before they draw, when the chat is left already."""
    ada = browsers.open()
    ada.page.evaluate(
        """() => {
            const wait = requestAnimationFrame;
            window.requestAnimationFrame = (draw) => wait((time) => {
                document.querySelector("#log").dispatchEvent(new Event("scroll"));
                draw(time);
            });
        }"""
    )
    ada.come_in("ada")
    ada.say("\n".join("line" for _ in range(35)))
    ada["#me"].click()
    ada.item("Leave the chat").click()
    expect(ada["#door"]).to_be_visible()


def test_the_door_says_what_is_wrong_until_one_turns_to_something_else(browsers: Browsers) -> None:
    ada = browsers.open()
    why = ada["#door .why"]
    ada.name_oneself("  ")
    expect(why).to_have_text("Type a name.")
    expect(ada.page.get_by_label("Your name")).to_be_focused()
    ada.name_oneself("not a name!")
    expect(why).to_contain_text("can't be used")
    ada.button("I have an account").click()
    expect(why).to_be_empty()
    ada.button("Only a name").click()
    ada.name_oneself("also no name!")
    expect(why).to_contain_text("can't be used")


@pytest.mark.parametrize("key", ["Enter", "Escape"])
def test_after_a_dialog_one_types_on(browsers: Browsers, key: str) -> None:
    ada = browsers.somebody("ada")
    ada.page.keyboard.type("/register")
    ada.page.keyboard.press("Enter")
    expect(ada.dialog.get_by_label("Password")).to_be_focused()
    ada.page.keyboard.type("correct horse")
    ada.page.keyboard.press(key)
    expect(ada.dialog).to_have_count(0)
    expect(ada.input).to_be_focused()
    ada.page.keyboard.type("green tea")
    expect(ada.input).to_have_value("green tea")


def test_the_door_asks_for_a_password_and_says_only_whether_it_is_wrong(browsers: Browsers) -> None:
    ada = browsers.open()
    ada.button("Make an account").click()
    ada.page.get_by_label("Choose a password").fill("correct horse")
    ada.page.get_by_label("Your name").fill("ada")
    ada.button("Make it, and come in").click()
    ada.await_place("#lobby")
    other = browsers.open()
    other.name_oneself("ada")
    expect(other["#door .aside"]).to_have_text("If that is you, give your password.")
    expect(other["#door .why"]).to_be_empty()
    other.page.get_by_label("Password").fill("wrong horses")
    other.button("Come in").click()
    expect(other["#door .why"]).to_have_text("That password is wrong.")
    other.button("Take another name").click()
    expect(other["#door .why"]).to_be_empty()
    other.come_in("eve")


def test_without_javascript_the_page_says_so_in_the_middle(browsers: Browsers) -> None:
    tab = browsers.open(java_script_enabled=False)
    card = tab["noscript .card"]
    expect(card).to_contain_text("This page needs JavaScript")
    box = card.bounding_box()
    assert box is not None
    assert abs(box["x"] + box["width"] / 2 - WIDE["width"] / 2) < 2
    assert abs(box["y"] + box["height"] / 2 - WIDE["height"] / 2) < 2


def test_a_browser_that_is_too_old_says_so(browsers: Browsers) -> None:
    def age(route: Route) -> None:
        route.fulfill(body=route.fetch().text().replace("light-dark(", "not-yet("), content_type="text/css")

    context = browsers.context()
    context.route("**/page.css", age)
    tab = browsers.open(context)
    expect(tab["#old"]).to_contain_text("This page needs a newer browser")
    expect(tab["#old"]).to_be_in_viewport(ratio=1)
    expect(tab["#door"]).to_be_hidden()
