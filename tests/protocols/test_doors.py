"""What is asked at the door: a key, an account, an invitation. `docs/protocol.md` says how programs are asked."""

from __future__ import annotations

from typing import Any

import operated
import pytest
from box import Box, Client, SlowStore, SlowWork, Socket, TlsTransport
from msgspec import structs
from twisted.internet.address import UNIXAddress

from chat.core import lifecycle
from chat.core.accounts import Role
from chat.core.doors import GOOD_FOR, MOST, MOST_EACH, Doors, Invitation, Inviters, Registration, digest_of
from chat.core.facts import Contents, Decision, Record
from chat.core.hub import Hub
from chat.core.limits import Limits
from chat.core.registration import come_in_new
from chat.core.session import Session
from chat.history.passwords import hash_password
from chat.history.store import CannotKeep
from chat.protocols.connection import ChatFactory
from chat.protocols.jsonlines import JsonManners
from chat.protocols.plain import PlainManners
from chat.protocols.proxy import ProxyFactory

KEY = "open sesame"
PASSWORD = "correct horse"  # noqa: S105
HASH = hash_password(PASSWORD)
LIMITS = Limits(rate=None, plain_passwords=True)
MEMBERS = Doors(members_only=True, registration=Registration.INVITATION)
BY_INVITATION = Doors(registration=Registration.INVITATION)
CLOSED = Doors(registration=Registration.CLOSED)
WRONG = "There is no such invitation, or it was used or has ended. If you have used it, come in with your name."


class LocalSocket(Socket):
    """A local socket, or a connection from a proxy by one."""

    def getPeer(self) -> Any:  # noqa: N802 -- Twisted's
        return UNIXAddress(b"")


class LocalTls(TlsTransport):
    """TLS over a local socket."""

    def getPeer(self) -> Any:  # noqa: N802 -- Twisted's
        return UNIXAddress(b"")


class Recorded(SlowStore):
    """A history of which the test sees what is stored."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: list[Record] = []

    def store(self) -> None:
        self.stored += self.waiting[0][1]
        super().store()


def make_box(doors: Doors, **options: Any) -> Box:
    """A chat with these doors, in which root, an owner, mo, a moderator, and ada have accounts."""
    box = Box(limits=LIMITS, doors=doors, **options)
    box.make_account("root", HASH, Role.OWNER)
    box.make_account("mo", HASH, Role.MODERATOR)
    box.make_account("ada", HASH)
    box.turn()
    return box


def say_hello(box: Box, **fields: Any) -> tuple[Client, dict[str, Any]]:
    """Connect a program, and say hello; return it, and what answers."""
    client = box.connect()
    return client, hello(client, **fields)


def hello(client: Client, **fields: Any) -> dict[str, Any]:
    """Say hello; return what answers."""
    client.ask(type="hello", **fields)
    return client.objects()[0]


def features(welcome: dict[str, Any]) -> set[str]:
    """What a welcome tells of the doors."""
    return {"register", "invitations", "key"}.intersection(welcome["features"])


def invite(box: Box, name: str = "mo", **fields: Any) -> str:
    """Have somebody make an invitation; return its code."""
    client = box.json(name, password=PASSWORD, **fields)
    client.ask(type="invitation")
    (made,) = client.objects()
    client.ask(type="quit")
    return str(made["code"])


def register(box: Box, code: str, name: str = "eve", **fields: Any) -> dict[str, Any]:
    """Come in with a new account; return what answers."""
    return say_hello(box, name=name, register=True, password=PASSWORD, code=code, **fields)[1]


# -- the key


def test_a_program_needs_the_key_and_may_try_again() -> None:
    box = make_box(Doors(key=KEY))
    client, answer = say_hello(box, name="eve", tag="t")
    assert answer["code"] == "key-needed"
    assert answer["tag"] == "t"
    assert hello(client, name="eve", key="open")["code"] == "wrong-key"
    assert hello(client, name="ada", key=KEY)["code"] == "password-needed"
    welcome = hello(client, name="eve")
    assert features(welcome) == {"register", "key"}


def test_the_key_is_looked_at_before_anything_else() -> None:
    box = make_box(Doors(key=KEY))
    for fields in ({"name": 5}, {"name": "ada", "password": "wrong horse"}, {"name": "a b"}, {"rooms": 7}):
        assert say_hello(box, **fields)[1]["code"] == "key-needed"
    assert say_hello(box, key=5)[1] == {"type": "error", "code": "bad-field", "text": '"key" must be a string.'}


def test_who_comes_back_by_a_token_needs_the_key_too() -> None:
    box = make_box(Doors(key=KEY))
    client, welcome = say_hello(box, name="eve", key=KEY)
    client.lose()
    assert say_hello(box, name="eve", token=welcome["token"])[1]["code"] == "key-needed"
    assert say_hello(box, name="eve", token=welcome["token"], key=KEY)[1]["token"] == welcome["token"]


class Forgetful(JsonManners):
    """A way in that asks for no key."""

    def receive(self, hub: Hub, session: Session, line: bytes) -> None:
        if line == b"new":
            come_in_new(hub, session, "eve", {}, PASSWORD, None)
        elif line == b"again":
            lifecycle.come_in_again(hub, session, "eve", {}, None)
        else:
            lifecycle.come_in(hub, session, "eve", {})


@pytest.mark.parametrize("line", ["first", "again", "new"])
def test_a_way_in_that_asks_for_no_key_lets_nobody_in(line: str) -> None:
    box = make_box(Doors(key=KEY))
    box.way_in = ChatFactory(box.connections, Forgetful)
    client = box.connect()
    client.send(line)
    assert client.objects()[0]["code"] == "key-needed"


def test_a_plain_local_socket_needs_no_key() -> None:
    client = make_box(Doors(key=KEY)).connect(LocalSocket)
    assert hello(client, name="eve")["type"] == "welcome"


@pytest.mark.parametrize(
    ("transport", "proxied"), [(LocalSocket, True), (LocalTls, False), (Socket, False), (Socket, True)]
)
def test_all_other_sockets_need_a_key(transport: Any, proxied: bool) -> None:
    box = make_box(Doors(key=KEY))
    if proxied:
        factory = ChatFactory(box.connections, PlainManners)
        box.way_in = ProxyFactory(factory, box.connections.admission)  # type: ignore[assignment]
    client = box.connect(transport, "127.0.0.1")
    if proxied:
        client.send_bytes(b"PROXY UNKNOWN\r\n")
    assert hello(client, name="eve")["code"] == "key-needed"


def test_wrong_keys_are_slowed_for_their_address_alone() -> None:
    box = make_box(Doors(key=KEY))
    far, near = box.connect(), box.connect(host="198.51.100.7")
    for _ in range(3):
        assert hello(far, name="eve", key="wrong")["code"] == "wrong-key"
    slowed = hello(far, name="eve", key=KEY)
    assert slowed["text"] == "There were too many wrong keys. Try again in 1 second."
    assert slowed["code"] == "too-many-tries"
    assert hello(near, name="bob", key=KEY)["type"] == "welcome"
    box.clock.advance(1)
    assert hello(far, name="eve", key=KEY)["type"] == "welcome"


def test_the_right_key_makes_the_wrong_ones_before_it_forgotten() -> None:
    box = make_box(Doors(key=KEY))
    for _ in range(2):
        client = box.connect()
        assert [hello(client, name="eve", key="wrong")["code"] for _ in range(3)] == ["wrong-key"] * 3
        box.clock.advance(1)
        assert hello(client, key=KEY)["type"] == "welcome"


def test_a_program_with_a_wrong_password_is_asked_for_no_key() -> None:
    client = make_box(Doors(key=KEY)).connect()
    client.ask(type="hello", name="mo", password="wrong horse", key=KEY)
    assert [event.get("code") for event in client.objects()] == ["wrong-password"]


def test_wrong_keys_slow_neither_passwords_nor_codes() -> None:
    box = make_box(Doors(key=KEY, members_only=True, registration=Registration.INVITATION))
    codes = [box.admin("invitation").split()[-1] for _ in range(2)]
    late, known = box.connect(), [box.connect() for _ in range(3)]
    for client in known:
        assert hello(client, name="zoe", key=KEY)["code"] == "invitation-needed"
    for code in ["wrong-key"] * 3 + ["too-many-tries"]:
        assert hello(late, key="wrong")["code"] == code
    assert hello(known[0], name="ada", password=PASSWORD)["type"] == "welcome"
    for name, client, code in zip(("eve", "bob"), known[1:], codes, strict=True):
        assert hello(client, name=name, register=True, password=PASSWORD, code=code)["type"] == "welcome"


def test_wrong_keys_are_slowed_by_the_address_that_a_proxy_names() -> None:
    box = make_box(Doors(key=KEY))
    box.way_in = ProxyFactory(ChatFactory(box.connections, PlainManners), box.connections.admission)  # type: ignore[assignment]
    answers = []
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"):
        client = box.connect(host="127.0.0.1")
        client.send_bytes(f"PROXY TCP4 {address} 127.0.0.1 1 2\r\n".encode())
        answers.append(hello(client, name="eve", key="wrong")["code"])
    assert answers == ["wrong-key"] * 3 + ["too-many-tries", "wrong-key"]


def test_a_banned_address_is_told_so_before_it_gives_the_key() -> None:
    box = make_box(Doors(key=KEY))
    box.json("mo", password=PASSWORD, key=KEY).ask(type="ban", target="198.51.100.7")
    assert box.connect(host="198.51.100.7").lines() == ["! You are banned from this chat.", "* Goodbye."]


def test_nobody_is_invited_where_everybody_registers() -> None:
    box = make_box(Doors())
    assert box.admin("invitation") == "Everybody can register here, so nobody needs an invitation."


# -- members only


def test_only_accounts_come_in() -> None:
    box = make_box(MEMBERS)
    client, answer = say_hello(box, name="eve")
    assert answer["code"] == "invitation-needed"
    assert answer["text"] == (
        "Only members come in here, and none of them is called eve. Come in with your name and password, or with an "
        "invitation."
    )
    assert (
        hello(client)["text"]
        == "Only members come in here. Come in with your name and password, or with an invitation."
    )
    assert hello(client, name="ada")["code"] == "password-needed"
    assert features(hello(client, name="ada", password=PASSWORD)) == {"invitations"}


def test_nobody_is_told_of_invitations_where_there_are_none() -> None:
    box = make_box(Doors(members_only=True, registration=Registration.CLOSED))
    assert say_hello(box)[1]["text"] == "Only members come in here. Come in with your name and password."


def test_the_token_of_an_account_lets_a_member_in_and_that_of_a_presence_nobody() -> None:
    box = make_box(Doors())
    eve, ada = box.connect(), box.connect()
    presence = hello(eve, name="eve")["token"]
    account = hello(ada, name="ada", password=PASSWORD)["token"]
    ada.ask(type="quit")
    eve.lose()
    box.hub.doors = MEMBERS
    assert say_hello(box, name="eve", token=presence)[1]["code"] == "invitation-needed"
    assert say_hello(box, token=presence)[1]["code"] == "invitation-needed"
    assert say_hello(box, name="ada", token=account)[1]["type"] == "welcome"


def test_who_gives_the_account_up_is_put_out() -> None:
    box = make_box(MEMBERS)
    ada, other, bob = (box.json(name, password=PASSWORD) for name in ("ada", "ada", "mo"))
    for client in (ada, other, bob):
        client.objects()
    ada.ask(type="unregister", password=PASSWORD, tag="t")
    done, goodbye = ada.objects()
    assert done == {"type": "notice", "text": "The name ada belongs to nobody now.", "tag": "t"}
    assert goodbye == {
        "type": "goodbye",
        "text": "You have given up your account, and only members may be here.",
        "code": "members-only",
    }
    assert [event.get("code") for event in other.objects()] == ["members-only"]
    assert [event["type"] for event in bob.objects()] == ["left"]
    assert not box.hub.users.all()[1:]


def test_who_gave_an_account_up_stays_where_everybody_may_be() -> None:
    box = make_box(BY_INVITATION)
    ada = box.json("ada", password=PASSWORD)
    ada.ask(type="unregister", password=PASSWORD)
    assert [event["type"] for event in ada.objects()] == ["notice"]


def test_an_account_whose_end_can_not_be_stored_stays_in() -> None:
    store = SlowStore()
    box = make_box(MEMBERS, store=store)
    box.settle()
    ada = box.connect()
    ada.ask(type="hello", name="ada", password=PASSWORD)
    box.settle()
    ada.objects()
    ada.ask(type="unregister", password=PASSWORD)
    store.fail(CannotKeep("the disk is full."))
    box.settle()
    assert [event.get("code") for event in ada.objects()] == ["not-stored"]
    assert box.hub.user_with(3) is not None


# -- invitations


def test_an_invitation_makes_one_account_which_is_in_at_once() -> None:
    box = make_box(MEMBERS)
    mo = box.json("mo", password=PASSWORD)
    mo.ask(type="invitation", tag="t")
    (made,) = mo.objects()
    code = made.pop("code")
    assert len(code) == 26
    assert made == {
        "type": "notice",
        "text": "Pass this on to one person. It is good for 7 days. You are invited to the chat. "
        f"Press Enter when it asks for your name, and then type this code: {code}",
        "tag": "t",
        "until": "2026-11-28T09:15:02.114Z",
    }
    welcome = register(box, f" {code[:13].upper()} {code[13:]}", tag="t")
    assert (welcome["type"], welcome["name"], welcome["registered"]) == ("welcome", "eve", True)
    assert [event["type"] for event in mo.objects()] == ["joined"]
    assert register(box, code, "bob")["text"] == WRONG
    assert say_hello(box, name="eve", password=PASSWORD)[1]["registered"] is True


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"code": None}, "invitation-needed"),
        ({"code": "nonsense"}, "wrong-invitation"),
        ({"code": 5}, "bad-field"),
        ({"register": 1}, "bad-field"),
        ({"name": None}, "bad-field"),
        ({"password": None}, "bad-field"),
        ({"name": "a b"}, "bad-name"),
        ({"name": "ada"}, "name-taken"),
        ({"name": "AdA"}, "name-taken"),
        ({"name": "admin"}, "name-taken"),
        ({"name": "mal"}, "banned"),
        ({"password": "short"}, "bad-password"),
        ({"rooms": {"lobby": None, "!": None}}, "bad-name"),
        ({"rooms": {f"room{number}": None for number in range(51)}}, "too-many-rooms"),
        ({"rooms": {f"r{number}": None for number in range(51)}}, "too-many-rooms"),
    ],
)
def test_what_is_refused_has_not_used_the_invitation(fields: dict[str, Any], refusal: str) -> None:
    box = make_box(MEMBERS)
    box.json("mo", password=PASSWORD).ask(type="ban", target="mal")
    code = invite(box)
    good = {"name": "eve", "register": True, "password": PASSWORD, "code": code}
    client, answer = say_hello(box, **{**good, **fields}, tag="t")
    assert (answer["type"], answer["code"], answer["tag"]) == ("error", refusal, "t")
    assert hello(client, **good)["type"] == "welcome"


def test_who_asks_for_rooms_for_which_there_is_no_place_has_not_used_the_invitation() -> None:
    box = Box(limits=structs.replace(LIMITS, rooms=2), doors=MEMBERS)
    box.make_account("mo", HASH, Role.MODERATOR)
    code = invite(box)
    mo = box.json("mo", password=PASSWORD, rooms={"dev": None})
    refused = register(box, code, rooms={"one": None, "two": None})
    assert refused["code"] == "too-many-rooms"
    mo.ask(type="rooms")
    assert [room["room"] for room in mo.objects()[-1]["rooms"]] == ["dev"]
    assert register(box, code, rooms={"one": None})["type"] == "welcome"


def test_a_password_is_chosen_only_where_nobody_can_listen_in() -> None:
    box = Box(limits=Limits(rate=None), doors=MEMBERS)
    code = box.admin("invitation").split()[-1]
    fields = {"name": "eve", "register": True, "password": PASSWORD, "code": code}
    assert say_hello(box, **fields)[1]["code"] == "not-secure"
    assert hello(box.connect(TlsTransport), **fields)["type"] == "welcome"


def test_of_two_who_use_an_invitation_at_once_one_gets_in() -> None:
    work = SlowWork()
    box = make_box(MEMBERS, run=work)
    code = box.admin("invitation").split()[-1]
    first, second = box.connect(), box.connect()
    for client, name in ((first, "eve"), (second, "bob")):
        client.ask(type="hello", name=name, register=True, password=PASSWORD, code=code)
    while work.waiting:
        work.do()
        box.turn()
    assert [client.objects()[0].get("code") for client in (first, second)] == [None, "wrong-invitation"]
    assert hello(second, name="bob")["code"] == "invitation-needed"


def test_of_two_who_choose_a_name_at_once_one_gets_it_and_the_other_may_use_the_invitation_again() -> None:
    work = SlowWork()
    box = make_box(MEMBERS, run=work)
    codes = [box.admin("invitation").split()[-1] for _ in range(2)]
    first, second = box.connect(), box.connect()
    for client, code in zip((first, second), codes, strict=True):
        client.ask(type="hello", name="eve", register=True, password=PASSWORD, code=code)
    while work.waiting:
        work.do()
        box.turn()
    assert [client.objects()[0].get("code") for client in (first, second)] == [None, "name-taken"]
    second.ask(type="hello", name="bob", register=True, password=PASSWORD, code=codes[1])
    work.do()
    box.turn()
    assert second.objects()[0]["name"] == "bob"


def test_nobody_sees_an_account_before_it_is_stored_and_an_invitation_that_was_not_used_up_is_good() -> None:
    store = Recorded()
    box = make_box(MEMBERS, store=store)
    box.settle()
    mo, eve = box.connect(), box.connect()
    mo.ask(type="hello", name="mo", password=PASSWORD)
    box.settle()
    mo.ask(type="invitation")
    box.settle()
    code = mo.objects()[-1]["code"]
    fields = {"name": "eve", "register": True, "password": PASSWORD, "code": code}
    eve.ask(type="hello", **fields, tag="t")
    eve.ask(type="hello", **{**fields, "name": "bob"}, tag="u")
    assert (eve.objects(), mo.objects()) == ([], [])
    store.fail(CannotKeep("the disk is full."))
    box.settle()
    assert mo.objects()[0] == {"type": "joined", "time": "2026-11-21T09:15:02.114Z", "room": "lobby", "name": "bob"}
    refusal, welcome, *_ = eve.objects()
    assert (refusal["code"], refusal["tag"]) == ("not-stored", "t")
    assert welcome["name"] == "bob"
    decision = next(record for record in store.stored if isinstance(record, Decision) and record.action == "register")
    assert (decision.by, decision.target, decision.why, decision.lasting) == ("bob", "bob", "invited by mo", False)


def test_who_is_gone_when_the_account_is_stored_has_it() -> None:
    store = Recorded()
    box = make_box(MEMBERS, store=store)
    box.settle()
    box.hub.invitations.add(Invitation(digest_of("code"), 0, box.hub.seconds + 1))
    eve = box.connect()
    eve.ask(type="hello", name="eve", register=True, password=PASSWORD, code="code")
    eve.lose()
    box.settle()
    assert box.hub.users.get("eve") is None
    eve = box.connect()
    eve.ask(type="hello", name="eve", password=PASSWORD)
    box.settle()
    assert eve.objects()[0]["registered"] is True


def test_wrong_codes_are_slowed_for_their_address_alone() -> None:
    box = make_box(MEMBERS)
    code = invite(box)
    for _ in range(3):
        assert register(box, "wrong")["code"] == "wrong-invitation"
    assert register(box, code)["text"] == "There were too many wrong codes. Try again in 1 second."
    client = box.connect(host="198.51.100.7")
    assert hello(client, name="eve", register=True, password=PASSWORD, code=code)["type"] == "welcome"


def test_an_invitation_ends_after_seven_days() -> None:
    box = make_box(MEMBERS)
    code, other = invite(box), invite(box)
    box.wall_ahead = GOOD_FOR - 1
    assert register(box, code)["type"] == "welcome"
    box.wall_ahead = GOOD_FOR
    assert register(box, other, "bob")["code"] == "wrong-invitation"


@pytest.mark.parametrize("what", ["role", "ban", "unregister"])
def test_an_invitation_is_good_as_long_as_its_maker_may_make_one(what: str) -> None:
    box = make_box(MEMBERS)
    code = invite(box)
    if what == "unregister":
        box.json("mo", password=PASSWORD).ask(type=what, password=PASSWORD)
        box.make_account("mo", HASH, Role.MODERATOR)
    elif what == "ban":
        box.json("root", password=PASSWORD).ask(type=what, target="@mo")
    else:
        box.admin("role", "mo", "user")
    assert register(box, code)["code"] == "wrong-invitation"
    box.admin("role", "mo", "moderator")
    assert register(box, code).get("code") == (None if what == "role" else "wrong-invitation")


def test_the_invitations_of_an_account_whose_end_could_not_be_stored_are_good() -> None:
    store = SlowStore()
    box = make_box(MEMBERS, store=store)
    box.settle()
    mo, eve = box.connect(), box.connect()
    mo.ask(type="hello", name="mo", password=PASSWORD)
    box.settle()
    mo.ask(type="invitation")
    box.settle()
    code = mo.objects()[-1]["code"]
    mo.ask(type="unregister", password=PASSWORD)
    assert len(box.hub.invitations) == 0
    store.fail(CannotKeep("the disk is full."))
    box.settle()
    eve.ask(type="hello", name="eve", register=True, password=PASSWORD, code=code)
    box.settle()
    assert eve.objects()[0]["type"] == "welcome"


def test_an_invitation_that_could_not_be_stored_is_none() -> None:
    store = SlowStore()
    box = make_box(MEMBERS, store=store)
    box.settle()
    mo = box.connect()
    mo.ask(type="hello", name="mo", password=PASSWORD)
    box.settle()
    mo.objects()
    mo.ask(type="invitation", tag="t")
    store.fail(CannotKeep("the disk is full."))
    box.settle()
    (refusal,) = mo.objects()
    assert (refusal["code"], refusal["tag"]) == ("not-stored", "t")
    assert len(box.hub.invitations) == 0


@pytest.mark.parametrize(("inviters", "name", "may"), [("moderators", "ada", False), ("members", "ada", True)])
def test_who_may_invite(inviters: str, name: str, may: bool) -> None:
    box = make_box(Doors(registration=Registration.INVITATION, inviters=Inviters(inviters)))
    guest, ada = box.json("guest"), box.json(name, password=PASSWORD)
    ada.ask(type="invitation")
    (answer,) = ada.objects()
    assert (answer["type"], "until" in answer) == (("notice", True) if may else ("error", False))
    guest.objects()
    guest.ask(type="invitation")
    assert guest.objects()[0]["code"] == "not-allowed"


@pytest.mark.parametrize("doors", [Doors(), CLOSED])
def test_nobody_invites_where_that_is_of_no_use(doors: Doors) -> None:
    box = make_box(doors)
    root = box.json("root", password=PASSWORD)
    root.ask(type="invitation")
    assert root.objects()[0]["code"] == "not-allowed"


def test_invitations_are_bounded() -> None:
    box = make_box(Doors(registration=Registration.INVITATION, inviters=Inviters.MEMBERS))
    ada, mo = box.json("ada", password=PASSWORD), box.json("mo", password=PASSWORD)
    ada.objects()
    mo.objects()
    for _ in range(MOST_EACH):
        ada.ask(type="invitation")
    assert len({made["code"] for made in ada.objects()}) == MOST_EACH
    ada.ask(type="invitation")
    assert ada.objects()[0]["text"] == "20 invitations of yours wait to be used, which is the most."
    mo.ask(type="invitation")
    assert "until" in mo.objects()[0]
    box.wall_ahead = GOOD_FOR
    ada.ask(type="invitation")
    assert "until" in ada.objects()[0]
    box.hub.restore(Contents(invitations=[Invitation(str(number), 0, 9e9) for number in range(MOST)]))
    mo.ask(type="invitation")
    assert mo.objects()[0]["text"] == "10000 invitations wait to be used, which is the most."


def test_an_invitation_is_made_once_for_a_tag() -> None:
    box = make_box(BY_INVITATION)
    mo = box.json("mo", password=PASSWORD)
    mo.ask(type="invitation", tag="t")
    mo.objects()
    mo.ask(type="invitation", tag="t")
    assert mo.objects() == [{"type": "notice", "text": "That was done before, under this tag.", "tag": "t"}]
    assert len(box.hub.invitations) == 1


# -- registering by those who are in


def test_registering_may_take_an_invitation() -> None:
    box = make_box(BY_INVITATION)
    code = invite(box)
    eve = box.json("eve")
    for fields, answer in (
        ({"password": PASSWORD}, "invitation-needed"),
        ({"password": PASSWORD, "code": "wrong"}, "wrong-invitation"),
        ({"password": "short", "code": code}, "bad-password"),
        ({"password": PASSWORD, "code": code}, None),
    ):
        eve.ask(type="register", **fields)
        assert eve.objects()[0].get("code") == answer
    assert len(box.hub.invitations) == 0
    assert register(box, code, "bob")["code"] == "wrong-invitation"


def test_registering_that_could_not_be_stored_has_not_used_the_invitation() -> None:
    store = SlowStore()
    box = make_box(BY_INVITATION, store=store)
    box.settle()
    box.hub.invitations.add(Invitation(digest_of("code"), 0, box.hub.seconds + 1))
    eve, bob = box.connect(), box.connect()
    for client, name in ((eve, "eve"), (bob, "bob")):
        client.ask(type="hello", name=name)
        box.settle()
        client.objects()
    eve.ask(type="register", password=PASSWORD, code="code")
    bob.ask(type="register", password=PASSWORD, code="code")
    store.fail(CannotKeep("the disk is full."))
    box.settle()
    assert [client.objects()[-1]["code"] for client in (eve, bob)] == ["not-stored", "wrong-invitation"]
    bob.ask(type="register", password=PASSWORD, code="code")
    box.settle()
    assert bob.objects()[0]["type"] == "notice"
    assert len(box.hub.invitations) == 0


def test_nobody_registers_where_that_is_closed() -> None:
    box = make_box(CLOSED)
    eve = box.json("eve")
    eve.ask(type="register", password=PASSWORD)
    assert eve.objects() == [
        {
            "type": "error",
            "code": "not-allowed",
            "text": "Nobody can register here. Ask whoever runs this chat for an account.",
        }
    ]
    assert register(box, "code", "bob")["code"] == "not-allowed"
    assert features(say_hello(box, name="zoe")[1]) == set()


def test_a_name_may_be_registered_at_the_door_where_everybody_registers() -> None:
    box = make_box(Doors())
    assert say_hello(box, name="eve", register=True, password=PASSWORD)[1]["registered"] is True
    box.json("bob")
    assert say_hello(box, name="bob", register=True, password=PASSWORD)[1]["code"] == "name-taken"


# -- the operator


def test_the_operator_invites() -> None:
    store = operated.Recorded()
    box = make_box(Doors(key=KEY, members_only=True, registration=Registration.INVITATION), store=store)
    first, second = box.admin("invitation").splitlines()
    assert first == "Pass this line on to one person. It is good for 7 days."
    assert second.startswith("You are invited to the chat. It asks for its key first, which you need too. Press Enter ")
    assert register(box, second.split()[-1], key=KEY)["type"] == "welcome"
    assert [(decision.by, decision.action, decision.why) for decision in store.record] == [
        ("chat admin", "invitation by", ""),
        ("eve", "register", "invited by the operator"),
    ]


def test_the_operator_invites_nobody_where_nobody_registers() -> None:
    assert make_box(CLOSED).admin("invitation") == "Nobody can register here, so an invitation would be of no use."
