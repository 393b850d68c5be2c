"""The page with names and texts that are made to harm it, with very much, and with letters that are composed."""

from __future__ import annotations

import json
import re

from e2e.clients import Bot, Event
from e2e.daemon import Daemon
from playwright.sync_api import expect
from web.browsers import Browsers, Tab

TEXTS = [
    "<script>document.title = 'stolen'</script>",
    "<img src=x onerror=\"document.title='stolen'\">",
    "javascript:alert(1) data:text/html,hello",
    "[link](javascript:alert(1)) https://bank.example@evil.example/",
    "\u202eevil\u202c right to left and back",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞",
    "a" * 3000,
    "{{constructor.constructor('alert(1)')()}} ${alert(1)} &lt;b&gt; %3Cscript%3E",
    "👩‍👩‍👧‍👦🏴‍☠️🇺🇳",
    "𒐫𒐫𒐫 ﷽ ௵",
]


def test_texts_are_texts(web_chat: Daemon, browsers: Browsers) -> None:
    ada = browsers.somebody("ada")
    scripts = ada.page.evaluate("document.scripts.length")
    bot = web_chat.bot("bot", accept=["changes", "lines"])
    for text in TEXTS:
        bot.request("say", room="lobby", text=text)
    bot.catch_up()
    expect(ada[".message"]).to_have_count(len(TEXTS))
    expect(ada.page).to_have_title(re.compile("Chat$"))
    assert ada.page.evaluate("document.scripts.length") == scripts
    expect(ada["#items img"]).to_have_count(0)
    expect(ada["#items a"]).to_have_count(0)
    assert ada.fits()


def test_links_are_what_they_show(web_chat: Daemon, browsers: Browsers) -> None:
    ada = browsers.somebody("ada")
    bot = web_chat.bot("bot", accept=["changes", "lines"])
    bot.request("say", room="lobby", text="see https://example.org/a(b)?c=d#e, and https://аpple.com.")
    links = ada["#items a"]
    expect(links).to_have_text(["https://example.org/a(b)?c=d#e", "https://xn--pple-43d.com/"])
    for link in links.all():
        assert link.get_attribute("href") == link.text_content()
        assert link.get_attribute("rel") == "noopener noreferrer nofollow"
        assert link.get_attribute("target") == "_blank"


def test_names_and_topics_do_not_garble_the_page(web_chat: Daemon, browsers: Browsers) -> None:
    names = ["W" * 32, "ﷺﷺﷺﷺ", "دانا", "ada[m]|away", "__proto__", "constructor", "𝒶"]
    ada = browsers.somebody("ada")
    come = 0
    for name in names:
        bot = web_chat.socket()
        bot.request("hello", name=name, accept=["changes", "lines"])
        if _answer(bot)["type"] == "welcome":
            come += 1
            bot.request("say", room="lobby", text="hello")
    assert come >= 5
    expect(ada[".message"]).to_have_count(come)
    expect(ada[".persons li"]).to_have_count(come + 1)
    ada.join("constructor")
    ada.enter("/topic <b>bold</b> " + "w" * 200)
    expect(ada["#topic"]).to_contain_text("<b>bold</b>")
    assert ada.fits()


def _answer(bot: Bot) -> Event:
    """Skip the greeting for people, and read what answers a hello."""
    line = bot.read_line()
    while not line.startswith(b"{"):
        line = bot.read_line()
    event: Event = json.loads(line)
    return event


def test_ten_thousand_messages(web_chat: Daemon, browsers: Browsers) -> None:
    bot = web_chat.bot("bot")
    ada = browsers.somebody("ada")
    for start in range(0, 10_000, 500):
        for number in range(start, start + 500):
            bot.request("say", room="lobby", text=f"message {number}")
        bot.catch_up()
    expect(ada.message("message 9999")).to_be_in_viewport()
    assert ada[".row"].count() <= 1_000
    ada.say("it can be typed")
    seen = [_first(ada)]
    while seen[-1] > 9_000:
        ada["#log"].evaluate("log => log.scrollTo(0, 0)")
        ada.page.wait_for_function(
            "seen => +document.querySelector('.message .text').textContent.split(' ')[1] < seen", arg=seen[-1]
        )
        seen.append(_first(ada))
    numbers = [int(text.split()[1]) for text in ada.texts() if text.startswith("message")]
    assert numbers == list(range(numbers[0], 10_000))


def _first(tab: Tab) -> int:
    text = tab[".message .text"].first.inner_text()
    return int(text.split()[1])


def test_history_is_read_upwards_without_a_jump(web_chat: Daemon, browsers: Browsers) -> None:
    bot = web_chat.bot("bot")
    for number in range(600):
        bot.request("say", room="lobby", text=f"message {number}")
    bot.catch_up()
    ada = browsers.somebody("ada")
    expect(ada.message("message 599")).to_be_in_viewport()
    oldest = ada[".message .text"].first.text_content()
    ada["#log"].evaluate("log => log.scrollTo(0, 300)")
    texts = "[...document.querySelectorAll('.message .text')]"
    place = f"text => {texts}.find(one => one.textContent === text).getBoundingClientRect().top"
    shown = ada.page.evaluate(f"{texts}.find(one => one.getBoundingClientRect().top > 150).textContent")
    before = ada.page.evaluate(place, shown)
    ada.page.wait_for_function("oldest => document.querySelector('.message .text').textContent !== oldest", arg=oldest)
    assert abs(ada.page.evaluate(place, shown) - before) < 2
    bot.request("say", room="lobby", text="something new")
    expect(ada["#below"]).to_be_visible()
    expect(ada.message("something new")).to_have_count(1)
    assert abs(ada.page.evaluate(place, shown) - before) < 2
    ada["#below"].click()
    expect(ada.message("something new")).to_be_in_viewport()


def test_a_paste_of_a_hundred_lines_is_one_message_and_more_is_refused_with_the_figure(browsers: Browsers) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    ada.paste("\n".join(f"line {number}" for number in range(100)))
    ada.input.press("Enter")
    expect(bob.message("line 99")).to_be_visible()
    expect(bob[".message"]).to_have_count(1)
    ada.paste("\n".join(f"line {number}" for number in range(101)))
    expect(ada.page.get_by_text("101 lines")).to_be_visible()
    expect(ada.input).to_have_value("")


def test_enter_chooses_while_letters_are_composed(browsers: Browsers) -> None:
    ada = browsers.somebody("ada")
    ada.input.focus()
    keyboard = ada.page.context.new_cdp_session(ada.page)
    keyboard.send("Input.imeSetComposition", {"text": "にほ", "selectionStart": 2, "selectionEnd": 2})
    keyboard.send(
        "Input.dispatchKeyEvent", {"type": "keyDown", "key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229}
    )
    keyboard.send(
        "Input.dispatchKeyEvent", {"type": "keyUp", "key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229}
    )
    expect(ada.input).to_have_value("にほ")
    keyboard.send("Input.insertText", {"text": "日本"})
    expect(ada.input).to_have_value("日本")
    expect(ada[".message"]).to_have_count(0)
    ada.input.press("Enter")
    expect(ada.message("日本")).to_be_visible()


def test_the_page_asks_nothing_of_other_hosts(web_chat: Daemon, browsers: Browsers) -> None:
    asked: list[str] = []
    context = browsers.context()
    context.on("request", lambda request: asked.append(request.url))
    ada = browsers.somebody("ada", context)
    ada.say("https://example.org/picture.png")
    assert {url.split("/")[2] for url in asked if not url.startswith("data:")} == {browsers.address.split("/")[2]}, (
        json.dumps(asked)
    )
