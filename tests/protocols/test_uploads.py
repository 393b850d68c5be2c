"""Files: who may send which where, what becomes of them by HTTP, and how they are fetched."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from box import START, Box, Client, SlowStore, SlowWork, at_once
from conftest import LoggedFailures
from operated import HASH, PASSWORD
from protocols.browsing import HOST, OURS, Browser, Web, request
from twisted.internet.defer import maybeDeferred

from chat.core.accounts import Role
from chat.core.files import LEAST, LONGEST_NAME, UPLOADS_EACH, file_name
from chat.core.limits import Limits
from chat.core.links import Links
from chat.disk import file_directory
from chat.disk.file_directory import FileDirectory
from chat.history.store import CannotKeep
from chat.protocols.stored_files import StoredFiles
from chat.protocols.web.uploads import AHEAD, Downloads, Uploads, part_of

AT = datetime.fromtimestamp(START, UTC).astimezone().strftime("%H:%M")
TEXT = b"all is well\n" * 1_000
SHOWS = {"changes", "lines"}
LIMITS = Limits(rate=None, plain_passwords=True, connects_rate=None, connections_each=None)


class Desk:
    """A chat in memory with a web port, and a directory for files."""

    def __init__(self, folder: Path, limits: Limits = LIMITS, **options: Any) -> None:
        self.folder = folder / "chat.files"
        self.box = Box(limits=limits, **options)
        self.box.hub.links = Links(f"http://{HOST}:8080/", files=True)
        self.web = Web(self.box)
        self.work: Callable[..., Any] = at_once
        stored = StoredFiles(
            FileDirectory(self.folder), self.box.store.file, lambda *work: maybeDeferred(self.work, *work)
        )
        self.web.root.putChild(b"u", Uploads(self.box.hub, stored))
        self.web.root.putChild(b"f", Downloads(stored))

    def ask(self, client: Client | Browser, **fields: Any) -> dict[str, Any]:
        """Ask to send a file; return the answer."""
        client.ask(**{"type": "upload", "room": "lobby", "name": "log.txt", "size": len(TEXT), **fields})
        self.box.settle()
        answer: dict[str, Any] = client.objects()[-1]
        return answer

    def path(self, client: Client | Browser, **fields: Any) -> str:
        """The path at which a file may be sent now."""
        answer = self.ask(client, **fields)
        assert answer["type"] == "upload", answer
        return str(answer["url"].removeprefix(f"http://{HOST}:8080"))

    def put(self, path: str, body: bytes = TEXT) -> tuple[int, str]:
        """Send a file; return the status and the sentence."""
        sender = self.web.connect()
        sender.send_bytes(request("PUT", path, {**OURS, "Content-Length": str(len(body))}, body))
        self.box.settle()
        status, _, sentence = sender.answer()
        return status, sentence.decode().strip()

    def files(self) -> list[str]:
        """What is on the disk."""
        return sorted(one.name for one in self.folder.iterdir()) if self.folder.exists() else []

    def get(self, url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Fetch a file."""
        return self.web.connect().ask_for(method, url.removeprefix(f"http://{HOST}:8080"), {**OURS, **headers})


def message(client: Client) -> dict[str, Any]:
    """The message of a file that a program was shown."""
    (found,) = [event for event in client.objects() if event["type"] == "message"]
    assert isinstance(found, dict)
    return found


def test_a_file_is_sent_and_fetched(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada, bob, cy = desk.box.json("ada", accept=[*SHOWS]), desk.box.text("bob"), desk.box.json("cy")
    path = desk.path(ada)
    bob.received()
    assert desk.files() == []
    assert desk.put(path) == (201, "log.txt was sent to #lobby.")
    said = message(ada)
    assert said == {**message(cy)}
    assert (said["kind"], said["text"], said["author"]) == ("action", "sent log.txt (12 KB)", "ada")
    assert "tag" not in said
    (key,) = desk.files()
    url = f"http://{HOST}:8080/f/{key}/log.txt"
    digest = sha256(TEXT).hexdigest()
    assert said["file"] == {"name": "log.txt", "size": 12_000, "type": "text/plain", "digest": digest, "url": url}
    assert bob.lines() == [f"~ ada sent log.txt (12 KB): {url}"]
    status, headers, body = desk.get(url, "HEAD")
    assert (status, body) == (200, b"")
    assert headers["Content-Disposition"] == "attachment; filename=\"log.txt\"; filename*=UTF-8''log.txt"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert (headers["X-Content-Type-Options"], headers["Content-Type"]) == ("nosniff", "text/plain; charset=utf-8")
    assert desk.get(url, "HEAD", Range="bytes=1-2")[1]["Content-Range"] == "bytes 1-2/12000"
    assert desk.get(url, Range="bytes=12000-")[0] == 416
    assert desk.get(url, **{"If-None-Match": headers["ETag"]})[::2] == (304, b"")
    assert key not in path
    assert desk.get(f"/f/{path.removeprefix('/u/')}/log.txt")[0] == 404
    assert desk.get(f"/f/../f/{key}")[0] == 404
    assert desk.get(f"/f/%2e%2e%2fchat.db/{key}")[0] == 404


def test_a_file_that_was_sent_is_not_sent_twice(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada = desk.box.json("ada")
    path = desk.path(ada)
    assert desk.put(path)[0] == 201
    assert desk.put(path, b"something else") == (200, "log.txt was sent to #lobby.")
    assert len(desk.files()) == 1
    message(ada)


def test_people_are_told_what_to_type(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada, bob = desk.box.text("ada"), desk.box.text("bob")
    ada.received()
    ada.send("/upload")
    until, line = ada.lines()
    assert re.fullmatch(r"\* Send one file until [-\d]+ [\d:]+, from another terminal:", until)
    url = line.removeprefix("* curl -T FILE ")
    path = url.removeprefix(f"http://{HOST}:8080")
    assert path != url
    assert desk.put(f"{path}my%20log.txt") == (201, "my log.txt was sent to #lobby.")
    (key,) = desk.files()
    line = f"~ ada sent my log.txt (12 KB): http://{HOST}:8080/f/{key}/my%20log.txt"
    assert ada.lines() == [line]
    assert bob.lines()[-1] == line
    ada.send("/delete")
    assert bob.lines() == [f"* ada deleted what ada said at {AT}."]
    assert desk.get(f"/f/{key}/my%20log.txt")[0] == 404


def test_a_file_goes_to_one_user_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada, bob, eve = desk.box.json("ada", accept=["conversations"]), desk.box.json("bob"), desk.box.json("eve")
    ada.ask(type="msg", name="bob", text="psst")
    other = ada.objects()[-1]["with"]
    bob.objects()
    eve.objects()
    assert desk.put(desk.path(ada, room=None, **{"with": other})) == (201, "log.txt was sent to bob.")
    seen, mine = message(bob), message(ada)
    assert seen["file"] == mine["file"]
    assert (seen["to"], mine["with"]) == ("bob", other)
    assert eve.objects() == []


def test_the_author_reads_in_their_terminal_what_they_sent_in_private(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada, bob = desk.box.json("ada", accept=["conversations"]), desk.box.text("bob")
    bob.send("/msg ada hi")
    path = desk.path(ada, room=None, **{"with": ada.objects()[-1]["with"]})
    bob.received()
    assert desk.put(path)[0] == 201
    (line,) = bob.lines()
    assert line.startswith("~ (private) ada sent log.txt (12 KB): http://")


GONE = "You have left the chat, so that file was not sent. Come in, and ask again."
OUT = "You are not in #dev any more, so that file was not sent."


MUTED = "You are muted in #dev for 10 minutes more."
OVER = (404, "There is no such address to send a file to, or its time is over.")


@pytest.mark.parametrize(
    ("meanwhile", "answer"),
    [
        (lambda eve, op, box: op.ask(type="mute", room="dev", name="eve"), (403, MUTED)),
        (lambda eve, op, box: op.ask(type="kick", room="dev", name="eve"), (403, OUT)),
        (lambda eve, op, box: op.ask(type="ban", target="eve"), (403, GONE)),
        (lambda eve, op, box: op.ask(type="ban", target="eve", room="dev"), (403, OUT)),
        (
            lambda eve, op, box: op.ask(type="room", room="dev", access="archived"),
            (403, "#dev is archived: it can be read, but nobody can speak in it."),
        ),
        (lambda eve, op, box: eve.ask(type="leave", room="dev"), (403, OUT)),
        (lambda eve, op, box: eve.ask(type="quit"), (403, GONE)),
        (lambda eve, op, box: eve.ask(type="logout"), (403, GONE)),
        (lambda eve, op, box: box.clock.advance(601), OVER),
        (lambda eve, op, box: eve.ask(type="nick", name="eva"), (201, "log.txt was sent to #dev.")),
        (lambda eve, op, box: op.ask(type="room", room="dev", access="private"), (201, "log.txt was sent to #dev.")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("late", [False, True], ids=["before the file comes", "while it comes"])
def test_rights_are_asked_again(
    tmp_path: Path, meanwhile: Callable[[Client, Client, Box], object], answer: tuple[int, str], *, late: bool
) -> None:
    desk = Desk(tmp_path)
    desk.box.make_account("op", HASH, Role.OWNER)
    op = desk.box.json("op", password=PASSWORD, rooms={"dev": None})
    eve = desk.box.json("eve", rooms={"dev": None})
    path = desk.path(eve, room="dev")
    if not late:
        meanwhile(eve, op, desk.box)
        answer = OVER if answer[1] == GONE else answer
        assert desk.put(path) == answer
    else:
        sender = desk.web.connect()
        sender.send_bytes(request("PUT", path, {**OURS, "Content-Length": str(len(TEXT))}, TEXT[:100]))
        if answer == OVER:
            answer = (201, "log.txt was sent to #dev.")
        else:
            meanwhile(eve, op, desk.box)
        sender.send_bytes(TEXT[100:])
        status, _, sentence = sender.answer()
        assert (status, sentence.decode().strip()) == answer
    shown = [event for event in op.objects() if event["type"] == "message"]
    assert len(shown) == (answer[0] == 201)
    assert len(desk.files()) == len(shown)
    assert desk.box.hub.uploads.taken() == len(shown) * LEAST


def test_a_session_that_comes_back_may_go_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada = desk.box.connect()
    ada.ask(type="hello", name="ada")
    token = ada.objects()[0]["token"]
    path = desk.path(ada)
    ada.lose()
    again = desk.box.json("ada", token=token)
    assert desk.put(path)[0] == 201
    message(again)


@pytest.mark.parametrize("declared", [len(TEXT), None], ids=["of known length", "of unknown length"])
@pytest.mark.parametrize("came", [0, 1, 5_000, len(TEXT) - 1])
def test_a_broken_upload_leaves_nothing(tmp_path: Path, came: int, declared: int | None) -> None:
    desk = Desk(tmp_path)
    ada = desk.box.json("ada")
    path = desk.path(ada)
    sender = desk.web.connect()
    length = {"Content-Length": str(declared)} if declared else {"Transfer-Encoding": "chunked"}
    body = TEXT[:came] if declared else b"%x\r\n" % len(TEXT) + TEXT[:came]
    sender.send_bytes(request("PUT", path, {**OURS, **length}, body))
    assert desk.put(path) == (409, "A file is coming to that address just now.")
    sender.lose()
    assert desk.files() == []
    assert ada.objects() == []
    assert desk.box.hub.uploads.taken() == 0
    assert desk.put(path)[0] == 201


def test_what_comes_after_a_broken_upload_has_its_own_name(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada = desk.box.json("ada")
    path = desk.path(ada, name="")
    sender = desk.web.connect()
    sender.send_bytes(request("PUT", f"{path}/wrong.bin", {**OURS, "Content-Length": str(len(TEXT))}, b""))
    sender.lose()
    assert desk.put(f"{path}/log.txt") == (201, "log.txt was sent to #lobby.")
    assert message(ada)["file"]["name"] == "log.txt"


def test_a_client_waits_if_the_disk_is_slower(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada = desk.box.json("ada")
    size = 4 * AHEAD
    path = desk.path(ada, size=size)
    slow = SlowWork()
    desk.work = slow
    sender = desk.web.connect()
    sender.send_bytes(request("PUT", path, {**OURS, "Content-Length": str(size)}))
    for _ in range(4):
        sender.send_bytes(bytes(AHEAD // 2))
    assert sender.wire.paused
    slow.do()
    assert not sender.wire.paused
    for _ in range(4):
        sender.send_bytes(bytes(AHEAD // 2))
    while slow.waiting:
        slow.do()
        desk.box.turn()
    assert sender.answer()[0] == 201
    assert message(ada)["file"]["type"] == "application/octet-stream"


def test_many_small_pieces_take_no_longer_the_more_of_them_wait(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada = desk.box.json("ada")

    def seconds_of(pieces: int) -> float:
        path = desk.path(ada, size=pieces)
        desk.work = slow = SlowWork()
        sender = desk.web.connect()
        sender.send_bytes(request("PUT", path, {**OURS, "Transfer-Encoding": "chunked"}))
        begin = process_time()
        sender.send_bytes(b"1\r\nx\r\n" * pieces)
        taken = process_time() - begin
        sender.lose()
        while slow.waiting:
            slow.do()
        return taken

    assert min(seconds_of(16_000) for _ in range(3)) < 50 * min(seconds_of(1_000) for _ in range(3))


def test_a_client_that_goes_while_the_disk_writes_leaves_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada = desk.box.json("ada")
    path = desk.path(ada)
    slow = SlowWork()
    desk.work = slow
    sender = desk.web.connect()
    sender.send_bytes(request("PUT", path, {**OURS, "Content-Length": str(len(TEXT))}, TEXT[:-1]))
    sender.lose()
    assert desk.files() != []
    while slow.waiting:
        slow.do()
    assert desk.files() == []
    assert ada.objects() == []


def test_a_client_that_goes_when_all_has_come_has_sent_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada = desk.box.json("ada")
    path = desk.path(ada)
    slow = SlowWork()
    desk.work = slow
    sender = desk.web.connect()
    sender.send_bytes(request("PUT", path, {**OURS, "Content-Length": str(len(TEXT))}, TEXT))
    sender.lose()
    while slow.waiting:
        slow.do()
        desk.box.turn()
    message(ada)
    assert len(desk.files()) == 1
    assert desk.put(path)[0] == 200


def test_a_file_whose_message_can_not_be_stored(tmp_path: Path) -> None:
    store = SlowStore()
    desk = Desk(tmp_path, store=store)
    ada = desk.box.connect()
    ada.ask(type="hello", name="ada")
    desk.box.settle()
    ada.objects()
    path = desk.path(ada)
    sender = desk.web.connect()
    sender.send_bytes(request("PUT", path, {**OURS, "Content-Length": str(len(TEXT))}, TEXT))
    while store.waiting:
        store.fail(CannotKeep("the disk of the server is full."))
        desk.box.turn()
    assert sender.answer()[::2] == (507, b"The server could not store that file. Try again later.\n")
    assert desk.files() == []
    assert ada.objects() == []
    assert desk.box.hub.uploads.taken() == 0
    assert desk.put(path)[0] == 201


def test_a_full_disk_is_told_before_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path)
    ada = desk.box.json("ada")
    path = desk.path(ada)
    full = "The disk of the server has no room for that file. Ask whoever runs this chat to make some."
    monkeypatch.setattr(file_directory, "SPARE", 1 << 60)
    assert desk.put(path) == (507, full)
    monkeypatch.setattr(file_directory, "SPARE", 0)
    sender = desk.web.connect()
    sender.send_bytes(request("PUT", path, {**OURS, "Content-Length": str(len(TEXT))}, TEXT[:100]))
    monkeypatch.setattr(file_directory, "SPARE", 1 << 60)
    sender.send_bytes(TEXT[100:])
    assert sender.answer()[::2] == (507, f"{full}\n".encode())
    assert desk.files() == []
    assert desk.box.hub.uploads.taken() == 0


@pytest.mark.parametrize("fails", ["write", "finish"])
def test_no_failure_of_the_disk_tells_the_key_of_a_file(
    tmp_path: Path, logged_failures: LoggedFailures, fails: str
) -> None:
    desk = Desk(tmp_path)
    ada = desk.box.json("ada")
    path = desk.path(ada)
    sender = desk.web.connect()
    sender.send_bytes(request("PUT", path, {**OURS, "Content-Length": str(len(TEXT))}, TEXT[:100]))
    (part,) = desk.files()
    key = part.removesuffix(".part")
    if fails == "write":
        (desk.folder / part).unlink()
    else:
        (desk.folder / key).mkdir()
    sender.send_bytes(TEXT[100:])
    assert sender.answer()[::2] == (507, b"The server could not store that file. Try again later.\n")
    told = [failure.getTraceback() for failure in logged_failures.flush(OSError)]
    assert len(told) == (1 if fails == "write" else 2)
    for traceback in told:
        assert str(desk.folder) in traceback
        assert key not in traceback
    assert desk.box.hub.uploads.taken() == 0


def test_it_is_bounded(tmp_path: Path) -> None:
    limits = Limits(rate=None, file=20_000, files=5 * LEAST, files_each=2 * LEAST)
    desk = Desk(tmp_path, limits)
    ada = desk.box.json("ada")
    assert desk.ask(ada, size=20_001)["text"] == "That file has 20 KB. Send files of at most 20 KB."
    assert desk.ask(ada, size=20_001)["code"] == "too-long"
    path = desk.path(ada, size=100)
    assert desk.put(path, bytes(101)) == (413, "That file has 101 bytes, and was to have 100 bytes.")
    assert desk.put(desk.path(ada), bytes(20_001))[0] == 413
    paths = [desk.path(ada) for _ in range(3)]
    assert [desk.put(path)[0] for path in paths] == [201, 201, 507]
    most = "Your files take as much as they may, 131 KB. Delete some of them, or try again later."
    assert desk.put(paths[2])[1] == most
    assert desk.ask(ada)["text"] == most
    ada.ask(type="delete")
    ada.objects()
    assert desk.put(desk.path(ada))[0] == 201
    for number in range(3):
        other = desk.box.connect(host=f"192.0.2.{number + 10}")
        other.ask(type="hello", name=f"u{number}")
        other.objects()
        assert desk.put(desk.path(other))[0] == 201
    assert desk.ask(other)["text"] == (
        "The files of this chat take as much as they may, 328 KB. Try again when some are gone."
    )


def test_users_without_an_account_share_what_their_address_may_have(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Limits(rate=None, plain_passwords=True, files_each=LEAST))
    ada, bob = desk.box.json("ada"), desk.box.json("bob")
    assert desk.put(desk.path(ada))[0] == 201
    assert desk.ask(bob)["code"] == "not-stored"
    desk.box.make_account("cy", HASH)
    cy = desk.box.json("cy", password=PASSWORD)
    assert desk.put(desk.path(cy))[0] == 201


def test_one_user_has_few_addresses_at_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada = desk.box.json("ada")
    paths = [desk.path(ada) for _ in range(UPLOADS_EACH + 2)]
    assert len(desk.box.hub.uploads) == UPLOADS_EACH
    assert [desk.put(path)[0] for path in paths[:3]] == [404, 404, 201]


def test_addresses_end_with_their_time_and_with_their_user(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for number in range(5):
        guest = desk.box.json(f"guest{number}")
        desk.path(guest)
        guest.ask(type="quit")
        guest.lose()
    assert len(desk.box.hub.uploads) == 0
    ada, bob = desk.box.json("ada"), desk.box.json("bob")
    for client in (ada, bob):
        desk.path(client)
        desk.path(client)
    assert len(desk.box.hub.uploads) == 4
    desk.box.clock.advance(601)
    desk.path(ada)
    assert len(desk.box.hub.uploads) == 1


def test_a_chat_without_a_web_port_takes_no_files(tmp_path: Path) -> None:
    box = Box()
    ada = box.connect()
    ada.ask(type="hello", name="ada")
    welcome = ada.objects()[0]
    assert "files" not in welcome["features"]
    assert "file" not in welcome["limits"]
    ada.ask(type="upload", room="lobby", name="a", size=1)
    assert ada.objects()[-1]["code"] == "not-allowed"


def test_programs_are_told_that_it_takes_files(tmp_path: Path) -> None:
    ada = Desk(tmp_path).box.connect()
    ada.ask(type="hello", name="ada")
    welcome = ada.objects()[0]
    assert "files" in welcome["features"]
    assert welcome["limits"]["file"] == 25_000_000


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("log.txt", "log.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\cat.png", "cat.png"),
        ("a\nb\u202egnp.exe", "a bgnp.exe"),
        ('a"b<c>.txt', "a_b_c_.txt"),
        ("$(rm -rf ~);.sh", "_(rm -rf ~)_.sh"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("..", "file"),
        ("", "file"),
        ("/", "file"),
        ("\u200b", "file"),
        ("Übersicht 2026.pdf", "Übersicht 2026.pdf"),
        ("x" * 300 + ".tar", "x" * (LONGEST_NAME - 4) + ".tar"),
    ],
)
def test_names_are_cleaned(name: str, cleaned: str) -> None:
    assert file_name(name) == cleaned


def test_an_empty_file(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada = desk.box.json("ada")
    assert desk.put(desk.path(ada, size=0), b"") == (201, "log.txt was sent to #lobby.")
    assert message(ada)["file"]["size"] == 0


def test_only_put_sends(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    path = desk.path(desk.box.json("ada"))
    status, _, sentence = desk.web.connect().ask_for("POST", path, {**OURS, "Content-Length": "2"}, b"ab")
    assert (status, sentence) == (405, b"Send the file with PUT, as curl -T does.\n")
    assert desk.web.connect().ask_for("GET", path)[0] == 405


def test_it_tells_what_was_said_before_with_its_file(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada = desk.box.json("ada")
    desk.put(desk.path(ada))
    said = message(ada)
    ada.ask(type="history", room="lobby")
    assert ada.objects()[-1]["messages"] == [said]
    ada.ask(type="edit", id=said["id"], text="the log of today")
    bob = desk.box.text("bob")
    bob.received()
    bob.send("/history")
    (line,) = [line for line in bob.lines() if "the log" in line]
    assert line.endswith(f"~ ada the log of today: {said['file']['url']} [edited]")


def test_a_file_that_is_removed_while_somebody_fetches_it_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path)
    ada = desk.box.json("ada")
    desk.put(desk.path(ada))
    (key,) = desk.files()
    (desk.folder / key).unlink()
    monkeypatch.setattr(Path, "exists", lambda path: True)  # it goes right behind this look
    assert desk.get(message(ada)["file"]["url"])[0] == 404


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ada = desk.box.json("ada")
    desk.put(desk.path(ada))
    (key,) = desk.files()
    (tmp_path / "secret").write_bytes((desk.folder / key).read_bytes())
    (desk.folder / key).unlink()
    (desk.folder / key).symlink_to(tmp_path / "secret")
    assert desk.get(message(ada)["file"]["url"])[0] == 404


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("", None),
        ("bytes=0-", range(10)),
        ("bytes=2-4", range(2, 5)),
        ("bytes=2-400", range(2, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-30", range(10)),
        ("bytes=-0", range(0)),
        ("bytes=10-", range(0)),
        ("bytes=99999-", range(0)),
        ("bytes=4-2", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("lines=1-2", None),
    ],
)
def test_parts(wanted: str, part: range | None) -> None:
    assert part_of(wanted, 10) == part
