"""The page for everybody: by keyboard alone, with a screen reader, on a phone, with large text, right to left."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from e2e.daemon import Daemon
from playwright.sync_api import expect
from web.browsers import PHONE, Browsers, Tab

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
STATES = ["light", "dark"]


def audit(tab: Tab, state: str) -> None:
    """Check that axe finds nothing to complain of."""
    if not tab.page.evaluate("Boolean(window.axe)"):
        tab.page.evaluate(AXE)
    found: dict[str, Any] = tab.page.evaluate("axe.run({resultTypes: ['violations']})")
    told = [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found["violations"]]
    assert not told, f"{state}: {told}"


def test_axe_finds_nothing_at_the_door(browsers: Browsers) -> None:
    for colours in STATES:
        tab = browsers.open(bypass_csp=True, color_scheme=colours)
        audit(tab, "name")
        tab.button("I have an account").click()
        audit(tab, "account")
        tab.button("Make an account").click()
        audit(tab, "new account")
        tab.button("Only a name").click()
        tab.name_oneself("not a name!")
        expect(tab["#door .why"]).not_to_be_empty()
        audit(tab, "refused")


@pytest.mark.parametrize("colours", STATES)
def test_axe_finds_nothing_inside(web_chat: Daemon, browsers: Browsers, colours: str) -> None:
    bob = browsers.somebody("bob")
    tab = browsers.somebody("ada", bypass_csp=True, color_scheme=colours)
    audit(tab, "alone")
    for one in (tab, bob):
        one.join("dev")
    tab.enter("/topic where it is built")
    tab.say("green tea?")
    bob.open_menu("green tea?")
    bob.item("Reply").click()
    bob.enter("ada: yes, https://example.org/\n> a quotation")
    bob.enter("/me waves")
    bob.enter("/msg ada psst")
    bob.await_place("@ada")
    tab.message("yes").hover()
    tab.message("yes").get_by_role("button", name="React").click()
    audit(tab, "reactions to choose")
    tab.item("👍").click()
    expect(tab.message("yes").locator(".reactions")).to_be_visible()  # it moves the others away from the pointer
    tab.open_menu("green tea?")
    audit(tab, "menu of a message")
    tab.item("Pin").click()
    expect(tab["#pins"]).to_be_visible()
    tab.input.press("ArrowUp")
    audit(tab, "a change")
    tab.input.press("Escape")
    tab.input.press_sequentially("/wh")
    audit(tab, "completions")
    tab.input.fill("")
    tab.enter("/nosuch")
    audit(tab, "messages of all kinds")
    for button in ("#me", "#more", ".persons button"):
        tab[button].first.click()
        audit(tab, f"menu of {button}")
        tab.page.keyboard.press("Escape")
    for button, item in (
        ("#more", "Topic…"),
        ("#more", "Who may come in…"),
        ("#more", "Banned from here…"),
        ("#more", "Invite…"),
        ("#more", "Slow down…"),
        (".persons button:has-text('bob')", "Who is this?"),
        (".persons button:has-text('bob')", "Mute…"),
        (".persons button:has-text('bob')", "Put out of the room…"),
        (".persons button:has-text('bob')", "Ban from the room…"),
        ("#me", "Away…"),
        ("#me", "Make this name yours…"),
        ("#me", "Sound and notifications…"),
        ("#me", "Keys"),
        ("#me", "Ignored people…"),
    ):
        tab[button].click()
        tab.item(item).click()
        expect(tab.dialog).to_be_visible()
        audit(tab, item)
        tab.page.keyboard.press("Escape")
    tab["#join"].click()
    expect(tab.dialog.locator("li")).to_have_count(2)
    audit(tab, "rooms")
    tab.page.keyboard.press("Escape")
    for line in ("/invite cy", "/mute cy 10m spam", "/room", "/hook ci", "/help who"):
        tab.enter(line)
    expect(tab["#log"]).to_contain_text("lists who is in the room")
    audit(tab, "answers to commands")
    for line, words in (("/help", "Earlier messages"), ("/help all", "lists who is in the room")):
        tab.enter(line)
        expect(tab.dialog).to_contain_text(words)
        audit(tab, line)
        tab.page.keyboard.press("Escape")
    tab.page.keyboard.press("Control+f")
    tab.page.keyboard.type("tea")
    tab.page.keyboard.press("Enter")
    expect(tab["#found li"]).to_have_count(1)
    audit(tab, "search")
    tab["#sought"].fill("unheard-of")
    tab["#sought"].press("Enter")
    expect(tab["#found-say"]).to_have_text("Nothing was found.")
    audit(tab, "nothing found")
    tab["#sought"].fill("tea")
    tab["#sought"].press("Enter")
    tab["#found button"].click()
    expect(tab[".message.sought"]).to_be_visible()
    audit(tab, "place")
    tab.page.keyboard.press("Escape")
    tab.page.keyboard.press("Escape")
    tab.turn_to("@bob")
    audit(tab, "private conversation")
    web_chat.kill()
    expect(tab["#line"]).to_be_visible()
    tab.enter("said without a connection")
    audit(tab, "no connection")


def test_axe_finds_nothing_in_the_dialogs_of_an_account(browsers: Browsers) -> None:
    tab = browsers.somebody("ada", bypass_csp=True)
    for password, state in (("short", "refused"), ("correct horse", "taken")):
        tab.enter("/register")
        tab.dialog.get_by_label("Password").fill(password)
        tab.page.keyboard.press("Enter")
        if state == "refused":
            expect(tab.dialog.get_by_role("alert")).not_to_be_empty()
            audit(tab, "a password that is refused")
            tab.page.keyboard.press("Escape")
        expect(tab.dialog).to_have_count(0)
    other = browsers.open()
    other.name_oneself("ada")
    other.page.get_by_label("Password").fill("correct horse")
    other.page.keyboard.press("Enter")
    other.await_place("#lobby")
    for item in (
        "Where you are connected…",
        "Words that call you…",
        "Another password…",
        "Another name…",
        "Give up the account…",
    ):
        tab["#me"].click()
        tab.item(item).click()
        expect(tab.dialog).to_be_visible()
        audit(tab, item)
        tab.page.keyboard.press("Escape")
        expect(tab.dialog).to_have_count(0)


def test_axe_finds_nothing_on_a_phone(browsers: Browsers) -> None:
    tab = browsers.somebody("ada", bypass_csp=True, **PHONE)
    tab.say("hello")
    tab["#side-open"].tap()
    audit(tab, "rooms")
    tab["#side-close"].tap()
    tab["#who"].tap()
    audit(tab, "people")
    tab["#people .icon"].tap()
    tab.enter("/search hello")
    expect(tab["#found li"]).to_have_count(1)
    audit(tab, "search")
    tab["#found button"].tap()
    expect(tab[".message.sought"]).to_be_in_viewport()
    assert tab.fits()


def test_a_phone(browsers: Browsers) -> None:
    bob = browsers.somebody("bob")
    tab = browsers.somebody("ada", **PHONE)
    tab.input.tap()
    tab.page.keyboard.type("hello from the phone")
    tab[".send"].tap()
    expect(bob.message("hello from the phone")).to_be_visible()
    bob.say("ada: " + "long" * 100)
    expect(tab.message("long")).to_be_visible()
    tab.message("hello").tap()
    tab.message("hello").get_by_role("button", name="React").tap()
    tab.item("👍").tap()
    expect(bob.message("hello").locator(".reactions")).to_be_visible()
    tab["#side-open"].tap()
    tab["#join"].tap()
    tab.dialog.get_by_role("textbox").fill("dev")
    tab.dialog.get_by_role("button", name="Join").tap()
    tab.await_place("#dev")
    expect(tab["#side"]).to_be_hidden()
    bob.say("ada: are you there?")
    expect(tab["#elsewhere"]).to_have_text("1")
    assert tab.fits()


def test_a_topic_that_is_cut_is_read_in_whole(browsers: Browsers) -> None:
    bob = browsers.somebody("bob")
    bob.enter(f"/topic {'where it is built, ' * 5}see https://example.org/")
    tab = browsers.somebody("ada", bypass_csp=True, **PHONE)
    expect(tab["#topic"]).to_be_visible()
    tab["#title"].tap(force=True)  # what takes it is the topic
    expect(tab.dialog.get_by_role("link", name="https://example.org/")).to_be_in_viewport(ratio=1)
    audit(tab, "topic")
    tab.page.keyboard.press("Escape")
    tab["#topic"].focus()
    tab.page.keyboard.press("Enter")
    expect(tab.dialog).to_be_visible()


def test_the_back_button_of_a_phone_closes_what_is_open_before_it_leaves(browsers: Browsers) -> None:
    browsers.somebody("bob").say("green tea")
    tab = browsers.somebody("ada", **PHONE)
    for button, part in (("#side-open", "#side"), ("#who", "#people"), ("#find", "#finder")):
        tab[button].tap()
        expect(tab[part]).to_be_visible()
        tab.page.go_back()
        expect(tab[part]).to_be_hidden()
    tab.enter("/search tea")
    tab["#found button"].tap()
    expect(tab["#around"]).to_be_visible()
    tab.page.go_back()
    expect(tab["#around"]).to_be_hidden()
    expect(tab["#finder"]).to_be_visible()
    tab.page.go_back()
    expect(tab["#finder"]).to_be_hidden()
    tab["#side-open"].tap()
    tab["#side-close"].tap()
    tab["#who"].tap()
    expect(tab["#people"]).to_be_visible()
    tab.page.reload()
    tab.await_place("#lobby")
    tab.page.wait_for_function("history.state === null")
    tab.page.go_back()
    assert tab.page.url == "about:blank"


@pytest.mark.parametrize("size", [(360, 740), (480, 320), (820, 1180), (1280, 800), (2560, 1300)])
def test_nothing_is_cut_off_at_any_size(browsers: Browsers, size: tuple[int, int]) -> None:
    tab = browsers.somebody("ada", viewport={"width": size[0], "height": size[1]})
    tab.say("word " * 100)
    tab.say("the end")
    tab.page.reload()
    tab.await_place("#lobby")
    assert tab.fits()
    expect(tab.input).to_be_in_viewport(ratio=0.99)
    expect(tab.message("the end")).to_be_in_viewport(ratio=0.99)
    expect(tab["#below"]).to_be_hidden()


def double_the_text(tab: Tab) -> None:
    """Have the browser show text of double size."""
    sizes = {"fontSizes": {"standard": 32, "fixed": 26}}
    tab.page.context.new_cdp_session(tab.page).send("Page.setFontSizes", sizes)
    tab.page.reload()


def test_text_of_double_size_on_a_phone(browsers: Browsers) -> None:
    tab = browsers.open(**PHONE)
    double_the_text(tab)
    tab.come_in("ada")
    tab.say("green tea")
    for part in ("#title", "#find", "#who", "#more"):
        expect(tab[part]).to_be_in_viewport(ratio=1)
    assert tab.page.evaluate("document.querySelector('#input').clientWidth / innerWidth") > 0.5
    assert tab.fits()
    tab["#more"].tap()
    expect(tab.item("Leave #lobby")).to_be_in_viewport(ratio=1)
    tab.page.keyboard.press("Escape")
    tab.enter("/help")
    assert tab.dialog.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")


def test_text_of_double_size(browsers: Browsers) -> None:
    # The browser's own size of text, as people set it; zooming is a smaller screen.
    tab = browsers.open(viewport={"width": 640, "height": 400}, bypass_csp=True)
    double_the_text(tab)
    tab.come_in("ada")
    tab.say("word " * 30)
    assert tab.page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") == 32
    assert tab.fits()
    expect(tab.input).to_be_in_viewport(ratio=0.99)
    expect(tab["#side"]).to_be_hidden()
    tab["#more"].click()
    audit(tab, "a menu that is higher than the window")


def test_a_dialog_that_is_higher_than_the_window_begins_at_its_top_and_can_be_closed(browsers: Browsers) -> None:
    tab = browsers.somebody("ada", **PHONE)
    tab.enter("/help all")
    expect(tab.dialog.get_by_role("heading")).to_be_in_viewport(ratio=1)
    expect(tab.dialog.get_by_role("button", name="Close")).to_be_in_viewport(ratio=1)


def test_right_to_left(browsers: Browsers) -> None:
    tab = browsers.somebody("דנה")
    tab.say("שלום לכולם\nhello as well")
    tab.page.evaluate("document.documentElement.dir = 'rtl'")
    assert tab.fits()
    side, place = tab["#side"].bounding_box(), tab["#place"].bounding_box()
    assert side is not None
    assert place is not None
    assert side["x"] > place["x"]
    tab["#me"].click()
    expect(tab.item("Keys")).to_be_in_viewport(ratio=1)


def test_the_keyboard_reaches_everything(browsers: Browsers) -> None:
    bob = browsers.somebody("bob")
    tab = browsers.somebody("ada")
    bob.say("one")
    bob.say("two")
    keyboard = tab.page.keyboard
    keyboard.press("Alt+ArrowUp")
    expect(tab.message("two")).to_be_focused()
    keyboard.press("Alt+ArrowUp")
    expect(tab.message("one")).to_be_focused()
    keyboard.press("Enter")
    expect(tab.item("👍")).to_be_focused()
    keyboard.press("Escape")
    expect(tab.message("one")).to_be_focused()
    keyboard.press("Enter")
    keyboard.press("End")
    keyboard.press("Enter")
    expect(tab.page.get_by_role("menu", name="bob")).to_be_visible()
    keyboard.press("Enter")
    tab.await_place("@bob")
    keyboard.press("Alt+ArrowRight")
    tab.await_place("#lobby")
    keyboard.press("Escape")
    expect(tab.input).to_be_focused()
    parts = []
    for _ in range(4):
        keyboard.press("F6")
        parts.append(tab.page.evaluate("document.activeElement.closest('[id]').id"))
    assert parts == ["people", "rooms", "log", "input"]
    keyboard.press("F6")
    keyboard.press("Enter")
    expect(tab.page.get_by_role("menu")).to_be_visible()
    keyboard.press("Escape")
    keyboard.press("Escape")
    keyboard.press("Alt+ArrowUp")
    keyboard.press("Enter")
    tab.item("Reply").press("Enter")
    keyboard.type("yes")
    keyboard.press("Enter")
    expect(tab.message("yes").locator(".tools")).to_have_count(1)  # it is stored
    keyboard.press("Alt+ArrowUp")
    expect(tab.message("yes")).to_be_focused()
    keyboard.press("Enter")
    tab.item("Show what it answers").press("Enter")
    expect(tab.message("two")).to_be_focused()
    keyboard.press("F6")
    keyboard.press("Shift+F6")
    keyboard.type("typed")
    expect(tab.input).to_have_value("typed")


def test_a_screen_reader_is_told_what_is_new_and_only_that(browsers: Browsers) -> None:
    bob = browsers.somebody("bob")
    bob.say("long ago")
    tab = browsers.somebody("ada")
    tab.say("mine")
    bob.say("something new")
    expect(tab["#said"]).to_have_text("bob: something new")
    expect(tab["#log"]).to_have_attribute("aria-live", "off")
    expect(tab.page.get_by_role("log")).to_have_accessible_name("Messages")
    assert re.search(r"bob", tab.message("something new").inner_text())


def test_on_a_phone_one_types_at_the_height_of_the_buttons(browsers: Browsers) -> None:
    phone = browsers.somebody("ada", **PHONE)
    input_box, button_box = phone.input.bounding_box(), phone["#attach"].bounding_box()
    assert input_box is not None
    assert button_box is not None
    assert abs(input_box["height"] - button_box["height"]) < 1
