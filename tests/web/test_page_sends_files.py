"""Files on the page: chosen, pasted, shown and downloaded."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, expect
from web.browsers import Browsers, Tab


def picture(width: int, height: int) -> bytes:
    """A grey PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\x80" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_a_file_that_is_chosen_is_shown_and_can_be_downloaded(browsers: Browsers) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    with ada.page.expect_file_chooser() as chooser:
        ada.button("Send a file").click()
    log: FilePayload = {"name": "log.txt", "mimeType": "text/plain", "buffer": b"hello\n" * 2000}
    image: FilePayload = {"name": "grey.png", "mimeType": "image/png", "buffer": picture(320, 200)}
    chooser.value.set_files([log, image])
    expect(bob["a.file"]).to_contain_text("12 KB")
    shown = bob.page.get_by_alt_text("grey.png")
    expect(shown).to_be_visible()
    bob.page.wait_for_function("() => document.querySelector('.picture img').naturalWidth === 320")
    with bob.page.expect_download() as download:
        bob["a.file"].click()
    assert download.value.suggested_filename == "log.txt"
    assert download.value.path().read_bytes() == b"hello\n" * 2000
    ada.enter("/edit that is grey")
    expect(bob[".message"].last).to_contain_text("that is grey (edited)")
    ada.open_menu("log.txt")
    ada.item("Delete…").click()
    ada.dialog.get_by_role("button", name="Delete").click()
    expect(bob["a.file"]).to_have_count(0)


def test_a_paste_that_is_too_long_becomes_a_file(browsers: Browsers) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    ada.paste("line\n" * 150)
    expect(ada.dialog).to_contain_text("has 150 lines, and a message takes 100")
    ada.dialog.get_by_role("button", name="Send as paste.txt").click()
    expect(bob["a.file"]).to_contain_text("paste.txt")
    expect(ada["#hint"]).to_be_empty()


def test_what_is_dragged_over_the_page_shows_where_it_would_go(browsers: Browsers) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    drag = """(log, [kind, to]) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(["tea"], "tea.txt", {type: "text/plain"}));
        const relatedTarget = to && document.querySelector(to);
        log.dispatchEvent(new DragEvent(kind, {dataTransfer, relatedTarget, bubbles: true, cancelable: true}));
    }"""
    ada["#log"].evaluate(drag, ["dragover", None])
    expect(ada["#drop"]).to_have_text("Drop it to send it to #lobby")
    expect(ada["#drop"]).to_be_in_viewport(ratio=1)
    ada["#log"].evaluate(drag, ["dragleave", "#composer"])
    expect(ada["#drop"]).to_be_visible()
    ada["#log"].evaluate(drag, ["dragleave", None])
    expect(ada["#drop"]).to_be_hidden()
    ada["#log"].evaluate(drag, ["dragover", None])
    ada["#log"].evaluate(drag, ["drop", None])
    expect(ada["#drop"]).to_be_hidden()
    expect(bob["a.file"]).to_contain_text("tea.txt")


def drop(tab: Tab, **files: int) -> None:
    """Drop files of so many bytes on the page."""
    tab["#log"].evaluate(
        """(log, files) => {
            const dataTransfer = new DataTransfer();
            for (const [name, size] of Object.entries(files))
                dataTransfer.items.add(new File([new Uint8Array(size)], `${name}.bin`));
            log.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
        }""",
        files,
    )


def test_a_folder_is_not_sent_but_the_files_beside_it(browsers: Browsers, tmp_path: Path) -> None:
    ada = browsers.somebody("ada")
    folder, file = tmp_path / "photos", tmp_path / "notes.txt"
    folder.mkdir()
    file.write_text("tea")
    browser = ada.page.context.new_cdp_session(ada.page)
    data = {"items": [], "files": [str(folder), str(file)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": kind, "x": 600, "y": 400, "data": data})
    expect(ada["a.file"]).to_contain_text("notes.txt")
    expect(ada[".refusal"]).to_have_text("photos is a folder. Send the files in it.")


def slow_down(tab: Tab, throughput: int) -> None:
    """Let so many bytes a second leave the browser; -1 are all."""
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": throughput}
    tab.page.context.new_cdp_session(tab.page).send("Network.emulateNetworkConditions", conditions)


@pytest.mark.parametrize("way", ["Escape", "button"])
def test_one_sees_how_far_a_file_is_and_can_stop_it(browsers: Browsers, way: str) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    slow_down(ada, 100_000)
    drop(ada, large=20_000_000, small=10)
    expect(ada["#sending [role=status]"]).to_have_text("Sending large.bin to #lobby, then 1 more")
    bar = ada.page.get_by_role("progressbar", name="Sending large.bin")
    ada.page.wait_for_function("bar => bar.value > 0", arg=bar.element_handle())
    expect(ada["#sending"]).to_contain_text(re.compile("[0-9] %"))
    if way == "Escape":
        ada.input.press("Escape")
        expect(ada["#sending"]).to_contain_text("Press Escape again to stop sending.")
        ada.input.press("x")
        expect(ada["#sending"]).to_contain_text("Sending large.bin")
        ada.input.press("Escape")
        expect(ada["#sending"]).to_contain_text("Press Escape again to stop sending.")
        ada.input.press("Escape")
    else:
        ada.button("Stop sending").click()
        expect(ada.input).to_be_focused()
    expect(ada["#sending"]).to_be_hidden()
    expect(ada["#log"]).to_contain_text("You stopped sending large.bin and small.bin.")
    slow_down(ada, -1)
    drop(ada, last=10)
    expect(bob["a.file"]).to_contain_text("last.bin")
    expect(bob["a.file"]).to_have_count(1)


def test_files_go_one_after_the_other_each_to_where_one_was(browsers: Browsers) -> None:
    ada, bob = browsers.somebody("ada"), browsers.somebody("bob")
    drop(ada, huge=30_000_000, one=3000, two=3000)
    ada.join("dev")
    refused = "huge.bin was not sent. That file has 30 MB. Send files of at most 25 MB."
    ada.page.get_by_text(refused).wait_for(state="attached")
    expect(bob["a.file"]).to_have_text([re.compile("one.bin"), re.compile("two.bin")])
    ada["#talk"].click()
    ada.dialog.get_by_label("With whom").fill("bob")
    ada.page.keyboard.press("Enter")
    ada.await_place("@bob")
    drop(ada, early=10)
    expect(ada[".refusal"]).to_contain_text("early.bin was not sent. Say something to bob first")
    ada.say("look")
    drop(ada, late=10)
    expect(ada["a.file"]).to_contain_text("late.bin")
