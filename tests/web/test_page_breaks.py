"""The page when the connection breaks, the daemon is killed, or another tab is opened."""

from __future__ import annotations

from pathlib import Path

from e2e.daemon import HOST, DaemonFactory, at
from playwright.sync_api import Browser, WebSocketRoute, expect
from web.browsers import Browsers


def test_offline_and_back_loses_and_doubles_nothing(browsers: Browsers) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    ada.say("before")
    ada.page.context.set_offline(True)
    ada.page.evaluate("dispatchEvent(new Event('offline'))")
    bob.say("while ada is away")
    ada.page.context.set_offline(False)
    ada.say("after")
    ada.await_online()
    expect(bob.message("after")).to_be_visible()
    assert bob.texts() == ["before", "while ada is away", "after"]
    expect(ada.message("while ada is away")).to_have_count(1)
    assert sorted(ada.texts()) == sorted(bob.texts())


def test_a_cut_is_shown_and_what_is_typed_meanwhile_is_sent_once(browsers: Browsers) -> None:
    bob = browsers.somebody("bob")
    context = browsers.context()
    routes: list[WebSocketRoute] = []

    def pass_on(route: WebSocketRoute) -> None:
        route.connect_to_server()
        routes.append(route)

    context.route_web_socket("**/ws", pass_on)
    ada = browsers.somebody("ada", context)
    ada.say("one")
    context.route_web_socket("**/ws", lambda route: route.close(code=1001))
    routes[0].close(code=1001)
    expect(ada["#line"]).to_be_visible()
    ada.enter("two")
    ada.enter("three")
    expect(ada[".unsent"]).to_have_count(2)
    context.route_web_socket("**/ws", pass_on)
    # The page may have come back by itself, and then shows no button any more.
    ada["#line button"].dispatch_event("click")
    ada.await_online()
    expect(bob.message("three")).to_be_visible()
    assert bob.texts() == ["one", "two", "three"] == ada.texts()
    # The others have not seen it go.
    expect(bob["details.note summary"]).to_have_text("ada joined.")


def test_the_daemon_is_killed_while_one_types(
    browser: Browser, start_chat: DaemonFactory, port: int, tmp_path: Path
) -> None:
    options = ("--no-limits", "--data", str(tmp_path / "data"), "--web", at(port))
    chat = start_chat(*options)
    browsers = Browsers(browser, f"http://{HOST}:{port}/")
    ada = browsers.somebody("ada")
    ada.say("stored")
    ada.input.press_sequentially("half a ")
    chat.kill()
    expect(ada["#line"]).to_be_visible()
    ada.input.press_sequentially("thought")
    expect(ada.input).to_have_value("half a thought")
    ada.input.press("Enter")
    expect(ada[".unsent"]).to_have_count(1)
    ada.input.press_sequentially("and more")
    start_chat(*options)
    ada.await_online()
    expect(ada.input).to_have_value("and more")
    assert ada.texts() == ["stored", "half a thought"]
    bob = browsers.somebody("bob")
    expect(bob.message("half a thought")).to_be_visible()
    assert bob.texts() == ["stored", "half a thought"]
    browsers.close()


def test_two_tabs_of_an_account_are_two_devices(browsers: Browsers) -> None:
    context = browsers.context()
    ada = browsers.somebody("ada", context)
    ada["#me"].click()
    ada.item("Make this name yours…").click()
    ada.dialog.get_by_label("Password").fill("correct horse")
    ada.page.keyboard.press("Enter")
    expect(ada["#my-state"]).to_have_text("here")
    other = browsers.open(context)
    other.name_oneself("ada")
    other.page.get_by_label("Password").fill("correct horse")
    other.page.keyboard.press("Enter")
    other.await_place("#lobby")
    other.say("from the second tab")
    expect(ada.message("from the second tab")).to_be_visible()
    ada.say("from the first")
    expect(other.message("from the first")).to_be_visible()


def test_a_tab_that_is_duplicated_is_somebody_else_and_the_first_goes_on(browsers: Browsers) -> None:
    ada = browsers.somebody("ada")
    copy = browsers.duplicate(ada)
    expect(copy.page.get_by_label("Your name")).to_have_value("ada")
    copy.name_oneself("ada")
    expect(copy["#door .why"]).to_contain_text("The chat is open under that name in another tab of this browser.")
    copy.come_in("bob")
    ada.say("still here")
    expect(copy.message("still here")).to_be_visible()
    for tab in (ada, copy):
        tab.page.reload()
    expect(ada["#my-name"]).to_have_text("ada")
    expect(copy["#my-name"]).to_have_text("bob")


def test_a_copy_goes_on_for_a_tab_that_does_not_answer_and_gives_way_to_it(browsers: Browsers) -> None:
    context = browsers.context()
    context.add_init_script("BroadcastChannel.prototype.postMessage = () => {};")
    ada = browsers.somebody("ada", context)
    copy = browsers.duplicate(ada, "")
    copy.await_place("#lobby")
    expect(ada["#door h1"]).to_have_text("Open in another tab")
    copy.say("from the copy")
    ada.button("Use it here").click()
    ada.await_place("#lobby")
    expect(ada.message("from the copy")).to_be_visible()
    expect(copy["#door h1"]).to_have_text("Open in another tab")


def test_a_browser_that_lets_the_page_keep_nothing(browsers: Browsers) -> None:
    """As Firefox does if it blocks all cookies."""
    context = browsers.context()
    context.add_init_script(
        """
        function forbid() { throw new DOMException("The operation is insecure.", "SecurityError"); }
        for (const name of ["sessionStorage", "localStorage"]) Object.defineProperty(window, name, {get: forbid});
        window.BroadcastChannel = forbid;
        """
    )
    ada, bob = browsers.somebody("ada", context), browsers.somebody("bob")
    ada.say("hello")
    expect(bob.message("hello")).to_be_visible()
    ada.page.reload()
    expect(ada.page.get_by_label("Your name")).to_be_visible()


def test_a_device_that_is_logged_out_says_so(browsers: Browsers) -> None:
    ada = browsers.somebody("ada")
    ada.enter("/quit")
    expect(ada.page.get_by_label("Your name")).to_have_value("ada")
    ada.button("Come in").click()
    ada.await_place("#lobby")
