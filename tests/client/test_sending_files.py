"""Files in our clients: /send, texts that are too long for a message, and how they are shown."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from box import Box
from client.screens import Screen, play
from client.seats import Seat
from e2e.waiting import DEADLINE
from twisted.internet.defer import Deferred, fail, succeed

from chat.client.link.sending import OFFERED, CannotSend, Upload, files_like
from chat.client.model.client import CannotDo
from chat.client.model.plain_text import plain_text
from chat.core.commands import files
from chat.core.events import File
from chat.core.limits import Limits
from chat.core.links import Links

LONG = "\n".join(f"line {number}" for number in range(120))


class Sender:
    """Somebody at a client, whose files come to the chat at once."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.box = Box(limits=limits)
        self.box.hub.links = Links("http://192.0.2.1/", files=True)
        self.bob = self.box.json("bob", accept=["changes", "lines"])
        self.seat = Seat(self.box)
        self.bob.objects()
        self.sent: list[tuple[str, Path | bytes]] = []
        self.failure: CannotSend | None = None
        self.seat.client.put = self._put

    def _put(
        self, url: str, upload: Upload, moved: Callable[[], object], certificate: bytes | None = None
    ) -> Deferred[None]:
        file = upload.file
        self.sent.append((url, file))
        if self.failure is not None:
            return fail(self.failure)
        ticket = self.box.hub.uploads.find(url.rpartition("/")[2], self.box.clock.seconds())
        assert ticket is not None
        size = len(file if isinstance(file, bytes) else file.read_bytes())
        files.begin(self.box.hub, ticket, size)
        of = File(name=ticket.name, size=size, type="text/plain", digest="0")
        files.send(self.box.hub, ticket, of, "KEY", lambda says: None, lambda: None)
        self.seat.pump()
        return succeed(None)

    def enter(self, text: str) -> str:
        """Type something; return what is refused."""
        try:
            self.seat.client.enter(text)
        except CannotDo as why:
            return str(why)
        finally:
            self.seat.pump()
        return ""

    @property
    def last(self) -> str:
        """The last line in the room."""
        return plain_text(list(self.seat.model.current.lines)[-1])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's home, in which the client runs."""
    (tmp_path / "tea cups").mkdir()
    for name in ("log.txt", "Lunch menu.md", ".profile", "tea cups/blue.png", "tea cups/bad\nname", " blank"):
        (tmp_path / name).write_text("x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_send_sends_a_file(tmp_path: Path) -> None:
    ada = Sender()
    file = tmp_path / "the log.txt"
    file.write_text("tea\n")
    assert ada.enter(f"/send {file}") == ""
    assert [one for _, one in ada.sent] == [file]
    assert ada.last == "~ ada sent the log.txt (4 bytes): http://192.0.2.1/f/KEY/the%20log.txt"
    (said,) = [event for event in ada.bob.objects() if event["type"] == "message"]
    assert said["file"]["name"] == "the log.txt"
    assert ada.enter("/edit") == ""
    assert ada.seat.client.draft.endswith(" sent the log.txt (4 bytes)")
    ada.enter("/edit the log of today")
    assert ada.last == "~ ada the log of today: http://192.0.2.1/f/KEY/the%20log.txt"


def test_send_in_a_private_conversation(tmp_path: Path) -> None:
    ada = Sender()
    file = tmp_path / "log.txt"
    file.write_text("tea\n")
    ada.seat.model.turn_to(ada.seat.model.open("bob", private=True))
    assert ada.enter(f"/send {file}") == "Say something to bob first, so that the conversation is there."
    ada.enter("hi")
    assert ada.enter(f"/send {file}") == ""
    assert ada.bob.objects()[-1]["file"]["name"] == "log.txt"


def test_what_can_not_be_sent_is_told(tmp_path: Path) -> None:
    ada = Sender(Limits(rate=None, file=10))
    assert ada.enter(f"/send {tmp_path}/nothing") == f"{tmp_path}/nothing can't be read: No such file or directory."
    assert ada.enter(f"/send {tmp_path}") == f"{tmp_path} is no file."
    file = tmp_path / "log.txt"
    file.write_text("x" * 11)
    assert ada.enter(f"/send {file}") == "log.txt has 11 bytes, and the server takes 10 bytes at most."
    file.write_text("x")
    ada.failure = CannotSend("The disk is full.")
    assert ada.enter(f"/send {file}") == ""
    assert ada.last == "! The disk is full."
    assert ada.enter("/upload") == "/send FILE sends a file."
    ada.box.hub.links = Links()
    other = Seat(ada.box, "cy")
    with pytest.raises(CannotDo, match=r"This chat takes no files\."):
        other.client.enter(f"/send {file}")


class Waiting:
    """Takes files that go on being sent until they are stopped."""

    def __init__(self, seat: Seat) -> None:
        seat.box.hub.links = Links("http://192.0.2.1/", files=True)
        self.sent: list[tuple[Upload, Callable[[], object], Deferred[None]]] = []
        seat.client.put = self._put
        seat.wiring.cable.cut()
        seat.wiring.wait(5)

    def _put(
        self, url: str, upload: Upload, moved: Callable[[], object], certificate: bytes | None = None
    ) -> Deferred[None]:
        self.sent.append((upload, moved, Deferred()))
        return self.sent[-1][2]


def test_how_much_is_sent_stands_below_the_newest_line(home: Path) -> None:
    seat = Seat(Box(), rooms=("lobby", "dev"))
    waiting = Waiting(seat)
    seat.enter("one", "/send log.txt", "/edit two")
    upload, moved, ended = waiting.sent[0]
    upload.percent, before = 43, seat.bells.changes
    moved()
    assert seat.bells.changes > before
    assert seat.client.unsent(seat.room("#lobby")) == ["log.txt (1 byte): 43 %"]
    assert seat.client.unsent(seat.room("#dev")) == []
    ended.callback(None)
    assert seat.client.unsent(seat.room("#lobby")) == []
    seat.enter("/send log.txt", "/go dev")
    waiting.sent[1][2].errback(CannotSend("The disk is full."))
    assert seat.shown()[-1] == "! The disk is full."


@pytest.mark.usefixtures("home")
def test_where_lines_are_only_printed_it_is_told_when_a_file_begins_to_be_sent() -> None:
    seat = Seat(Box())
    waiting = Waiting(seat)
    seat.client.only_prints = True
    seat.enter("/send log.txt")
    assert seat.shown()[-1] == "* Sending log.txt (1 byte)."
    waiting.sent[0][2].callback(None)
    assert seat.shown()[-1] == "* Sending log.txt (1 byte)."


@pytest.mark.usefixtures("home")
def test_esc_twice_stops_sending() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        waiting = Waiting(screen.seat)
        screen.press("/send log.txt\r")
        await screen.sees("... log.txt (1 byte): 0 %")
        upload, _, ended = waiting.sent[0]
        screen.press("\x1b")
        await screen.sees("Press Esc again to send no more of log.txt.")
        screen.press("x\x7f")
        await screen.sees_no("Press Esc again")
        screen.press("\x1b")
        await screen.sees("Press Esc again to send no more of log.txt.")
        assert not upload._stopped
        screen.press("\x1b")
        await screen.sees("* You stopped sending log.txt.")
        assert upload._stopped
        ended.errback(CannotSend("The connection broke."))
        screen.press("\x1b")
        await screen.until(screen.is_settled)
        assert not screen.has("0 %")
        assert not screen.has("broke")

    play(scene)


@pytest.mark.usefixtures("home")
def test_a_file_for_which_no_place_was_named_before_the_connection_broke() -> None:
    seat = Seat(Box())
    waiting = Waiting(seat)
    seat.wiring.cable.silent = True
    seat.enter("/send log.txt")
    seat.wiring.cable.cut()
    seat.wiring.wait(5)
    assert "! log.txt was not sent: the connection broke." in seat.shown()
    seat.enter("/send log.txt")
    assert len(waiting.sent) == 1
    seat.wiring.cable.cut()
    seat.wiring.wait(5)
    assert seat.shown().count("! log.txt was not sent: the connection broke.") == 1


def test_a_text_that_is_too_long_is_offered_as_a_file() -> None:
    ada = Sender()
    offer = "That has 120 lines, too long for a message. Enter again sends it as a file."
    assert ada.enter(LONG) == offer
    assert ada.sent == []
    assert ada.enter(LONG.replace("line 5", "line five")) == offer
    assert ada.enter(LONG.replace("line 5", "line five")) == ""
    ((_, data),) = ada.sent
    assert isinstance(data, bytes)
    assert data.count(b"\n") == 120
    assert ada.last.startswith("~ ada sent paste.txt (")


def test_what_is_too_much_to_paste_still_waits_if_it_could_not_be_sent() -> None:
    ada = Sender()
    ada.seat.client.keep_paste("x\n" * 10_000)
    ada.seat.wiring.cable.cut()
    ada.seat.pump()
    assert "no connection" in ada.enter("/send").lower()
    ada.seat.wiring.wait(5)
    assert ada.enter("/send") == ""
    assert len(ada.sent) == 1


def test_what_is_too_much_to_paste_waits_for_send() -> None:
    ada = Sender()
    assert ada.enter("/send") == "Say which file: /send log.txt"
    told = ada.seat.client.keep_paste("x\r\n" * 10_000)
    assert told == "That is too much to paste: 30000 bytes, and at most 8192 at once. /send sends it as a file."
    assert ada.enter("/send") == ""
    ((_, data),) = ada.sent
    assert data == b"x\n" * 10_000
    assert ada.enter("/send") == "Say which file: /send log.txt"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("/send ", ["log.txt", "Lunch menu.md", "tea cups/"]),
        ("/send l", ["log.txt", "Lunch menu.md"]),
        ("/SEND lunch m", ["Lunch menu.md"]),
        ("/send .", [".profile"]),
        ("/send tea cups/", ["blue.png"]),
        ("/send ~", ["~/"]),
        ("/send ~/te", ["tea cups/"]),
        ("/send ~/tea cups/b", ["blue.png"]),
        ("/send nothing/", []),
        ("/send log.txt/", []),
        ("/send \0/", []),
        ("/send ~nobody-of-that-name/", []),
    ],
)
@pytest.mark.usefixtures("home")
def test_tab_offers_files_after_send(typed: str, offered: list[str]) -> None:
    offer = Seat(Box()).client.complete(typed)
    assert offer.texts == offered
    assert typed[: offer.start].casefold().endswith(("/send ", "/"))


def test_of_very_many_files_the_first_are_offered(tmp_path: Path) -> None:
    for number in range(OFFERED + 10):
        (tmp_path / f"{number:03}").touch()
    assert files_like(f"{tmp_path}/") == (len(f"{tmp_path}/"), [f"{number:03}" for number in range(OFFERED)])
    assert files_like(f"{tmp_path}/{OFFERED + 9}")[1] == [str(OFFERED + 9)]


def test_tab_goes_into_a_folder_after_it_is_complete(home: Path) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(f"/send {home}/t\t")
        await screen.until(lambda: screen.typed == f"/send {home}/tea cups/")
        screen.press("\t")
        await screen.until(lambda: screen.typed == f"/send {home}/tea cups/blue.png")
        screen.press("\t\x17")
        await screen.until(lambda: screen.typed == f"/send {home}/tea ")

    play(scene)


def test_help_names_send_and_not_upload() -> None:
    ada = Sender()
    ada.enter("/help all")
    told = [plain_text(line) for line in ada.seat.model.current.lines]
    assert any("/send [file] - " in line for line in told)
    assert not any("/upload" in line for line in told)


# -- by HTTP


class Server(BaseHTTPRequestHandler):
    """Answers as it is told."""

    status, answer = 201, b"log.txt was sent to #lobby.\n"
    reads = True
    got = b""

    def do_PUT(self) -> None:
        if self.reads:
            Server.got = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *words: object) -> None:
        """Log nothing."""


class Patient(HTTPServer):
    """Says nothing of a client that has gone."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with Patient(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/u/KEY"
        finally:
            server.shutdown()
            thread.join()


def upload(file: Path | bytes) -> Upload:
    return Upload("log.txt", 0, file)


def nothing() -> None:
    """Do nothing."""


def test_the_bytes_go_by_http(url: str, tmp_path: Path) -> None:
    file = tmp_path / "log.bin"
    file.write_bytes(bytes(range(256)) * 1_000)
    sent = upload(file)
    percents: list[int] = []
    sent.send_to(url, lambda: percents.append(sent.percent))
    assert Server.got == file.read_bytes()
    assert (percents[0], percents[-1]) == (6, 100)
    upload(b"paste").send_to(url, nothing)
    assert Server.got == b"paste"


def test_the_sentence_of_the_server_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "status", 403)
    monkeypatch.setattr(Server, "answer", b"You are \x1b[31mmuted.\n")
    with pytest.raises(CannotSend, match=r"^You are \[31mmuted\.$"):
        upload(b"paste").send_to(url, nothing)


def test_a_file_to_which_something_is_written_goes_as_it_was(url: str, tmp_path: Path) -> None:
    file = tmp_path / "log.txt"
    file.write_bytes(b"x" * 100_000)

    def write_more() -> None:
        with file.open("ab") as log:
            log.write(b"y" * 1000)

    upload(file).send_to(url, write_more)
    assert Server.got == b"x" * 100_000


def test_what_is_stopped_is_not_sent_to_its_end(url: str) -> None:
    stopped = upload(b"x" * 1_000_000)
    with pytest.raises(CannotSend):
        stopped.send_to(url, stopped.stop)
    assert stopped.percent < 10


def test_nobody_waits_for_a_file_when_the_client_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        script = f"""
from chat.client.link import sending
from twisted.internet import reactor
sending.PATIENCE = None
moved = lambda: reactor.callLater(0, reactor.stop)
reactor.callWhenRunning(
    sending.put, "http://127.0.0.1:{listening.getsockname()[1]}/u", sending.Upload("log.txt", 5, b"paste"), moved
)
reactor.run()
"""
        subprocess.run([sys.executable, "-c", script], check=True, timeout=DEADLINE)


def test_the_name_of_a_file_is_no_command_to_the_terminal() -> None:
    assert Upload("a\x1b[2Jb\u202e.txt", 0, b"").name == "a[2Jb.txt"


def test_where_nobody_listens() -> None:
    with pytest.raises(CannotSend, match=r"^log\.txt was not sent: Connection refused\.$"):
        upload(b"paste").send_to("http://127.0.0.1:1/u/KEY", nothing)
    with pytest.raises(CannotSend, match="no address"):
        upload(b"paste").send_to("file:///etc/passwd", nothing)
