"""What calls somebody who looks elsewhere: a sound, a notification, the title."""

from __future__ import annotations

from playwright.sync_api import expect
from web.browsers import Browsers, Tab

RECORD = """
window.notes = [];
window.tones = [];
if (window.Notification) window.Notification = class extends Notification {
    constructor(title, options) {
        super(title, options);
        notes.push(this);
    }
};
const { start } = OscillatorNode.prototype;
OscillatorNode.prototype.start = function (at) {
    tones.push(this.frequency.value);
    start.call(this, at);
};
"""
"""Notes what is shown and played."""


def listen(browsers: Browsers, name: str, *permissions: str) -> Tab:
    """Somebody whose browser gives the page these permissions."""
    context = browsers.context(permissions=list(permissions))
    context.add_init_script(RECORD)
    return browsers.somebody(name, context)


def look_away(tab: Tab) -> None:
    """Turn to another window."""
    tab.page.evaluate("document.hasFocus = () => false; dispatchEvent(new Event('blur'))")


def set_alerts(tab: Tab, **wanted: bool) -> None:
    """Choose in the dialog what is to happen."""
    tab["#me"].click()
    tab.item("Sound and notifications…").click()
    for label, on in wanted.items():
        tab.dialog.get_by_label(label).set_checked(on)
    tab.dialog.get_by_role("button", name="Set").click()


def notes(tab: Tab) -> list[list[str]]:
    """The notifications that were shown: title and text of each."""
    found: list[list[str]] = tab.page.evaluate("notes.map(({title, body}) => [title, body])")
    return found


def test_who_looks_elsewhere_is_notified_of_what_is_for_them(browsers: Browsers) -> None:
    ada, bob = listen(browsers, "ada", "notifications"), browsers.somebody("bob")
    set_alerts(ada, notification=True)
    expect(ada.dialog).to_have_count(0)
    assert notes(ada) == [["Chat", "So you are told of messages for you."]]
    bob.say("ada: seen already")
    expect(ada.message("seen already")).to_be_visible()
    look_away(ada)
    ada.page.evaluate("tones.length = notes.length = 0")
    bob.say("for nobody")
    bob.say("ada: tea?")
    expect(ada.message("tea?")).to_be_visible()
    assert notes(ada) == [["bob in #lobby", "ada: tea?"]]
    assert ada.page.evaluate("tones") == [660, 880]
    expect(ada.page).to_have_title("(2!) #lobby – Chat")
    bob.enter("/msg ada psst")
    bob.await_place("@ada")
    expect(ada[".places button"].filter(has_text="@bob").locator(".badge")).to_have_text("1")
    assert notes(ada)[1:] == [["bob in private", "psst"]]
    ada.page.evaluate("notes[1].dispatchEvent(new Event('click'))")
    ada.await_place("@bob")


def test_what_was_switched_off_stays_off(browsers: Browsers) -> None:
    ada, bob = listen(browsers, "ada", "notifications"), browsers.somebody("bob")
    set_alerts(ada, notification=True)
    expect(ada.dialog).to_have_count(0)
    set_alerts(ada, notification=False, sound=False)
    expect(ada.dialog).to_have_count(0)
    ada.page.reload()
    ada.await_place("#lobby")
    ada.input.click()
    look_away(ada)
    bob.say("ada: tea?")
    expect(ada.message("tea?")).to_be_visible()
    assert notes(ada) == []
    assert ada.page.evaluate("tones") == []
    expect(ada.page).to_have_title("(1!) #lobby – Chat")


def test_notifications_that_the_browser_forbids_can_not_be_chosen(browsers: Browsers) -> None:
    ada = listen(browsers, "ada")
    assert ada.page.evaluate("Notification.permission") == "denied"
    ada["#me"].click()
    ada.item("Sound and notifications…").click()
    expect(ada.dialog).to_contain_text("The browser's settings forbid this page to show notifications.")
    expect(ada.dialog.get_by_role("checkbox")).to_have_count(1)


def test_a_browser_that_shows_no_notifications_of_pages_is_told_at_once(browsers: Browsers) -> None:
    ada = listen(browsers, "ada", "notifications")
    ada.page.evaluate(
        """() => {
            const { Notification: { permission } } = window;
            window.Notification = class {
                static permission = permission;
                static requestPermission = async () => permission;
                constructor() {
                    throw new TypeError("Illegal constructor.");
                }
            };
        }"""
    )
    set_alerts(ada, notification=True)
    expect(ada.dialog.get_by_role("alert")).to_contain_text("This browser shows no notifications of pages.")
    ada.page.keyboard.press("Escape")
    ada["#me"].click()
    ada.item("Sound and notifications…").click()
    expect(ada.dialog.get_by_label("notification")).not_to_be_checked()
