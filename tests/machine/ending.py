"""How a day begins and ends: at its end everything comes to rest, and all that was promised must be there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from ipaddress import ip_address
from typing import Any

from house import KEY

from machine.clients import LOBBY, Person
from machine.programs import Program, View
from machine.promises import ANYTHING, Look, Subject, Text
from machine.steps import ALL, NAMES, PASSWORDS, PROGRAMS, ROOT, SEATS, WARDEN, Day, fetch, hello
from machine.wording import words_of


def begin(day: Day) -> None:
    """Have some there."""
    boss = day.connect(0)
    assert isinstance(boss, Program)
    boss.ask(hello(day, name=NAMES[0], password=ROOT, rooms={LOBBY: None}, accept=ALL))
    day.settle()
    for seat in (1, 2):
        end = day.connect(seat)
        assert isinstance(end, Program)
        account: dict[str, Any] = {}
        if day.doors.members_only:
            code = _ask(day, boss, "invitation")["code"]
            account = {"register": True, "code": code, "password": PASSWORDS[0]}
        account |= {"accept": ALL} if seat == 1 else {}
        end.ask(hello(day, name=NAMES[seat], rooms={LOBBY: None}, **account))
        day.settle()
    person = day.connect(PROGRAMS)
    assert isinstance(person, Person)
    day.settle()
    if person.asked == "key":
        person.type(KEY)
        day.settle()
    person.type(NAMES[PROGRAMS])
    day.settle()


def finish(day: Day) -> None:
    """Let everything come to rest, and see whether all that was promised is there."""
    house, world = day.house, day.world
    day.log("-- at last everything comes to rest")
    day.fail_to_store(False)
    if not house.running:
        house.start()
    house.let_all_through()
    for client in day.ends:
        client.line.drain()
    house.turn()
    day.settle()
    _check_answers(day)
    _check_devices(day)
    _check_private_devices(day)
    warden = day.connect(SEATS)
    assert isinstance(warden, Program)
    _ask(day, warden, "hello", name="warden", password=WARDEN, rooms={}, key=day.doors.key, accept=ALL)
    world.require("own password", bool(warden.name), "the warden can't come in.")
    for ban in _ask(day, warden, "bans").get("bans", ()):
        _ask(day, warden, "unban", target=ban["target"])
    histories = {}
    for name in list(world.rooms):
        _ask(day, warden, "join", room=name)
        histories[name] = _read_all(day, warden, name)
        _check_times(day, warden, name, histories[name])
        _ask(day, warden, "leave", room=name)
    _check_search(day, warden, histories)
    _check_histories(day, histories)
    _check_views(day, histories)
    _check_models(day, histories)
    _check_letters(day)
    _check_private(day)
    _check_conversations(day)
    _check_files(day)
    faults = house.faults()
    world.require("sound", not faults, " ".join(faults))


def _ask(day: Day, program: Program, kind: str, **fields: Any) -> Any:
    """Ask for something; return the answer."""
    request = day.request(kind, **{name: value for name, value in fields.items() if value is not None})
    program.ask(request)
    day.settle()
    return request.answer or {}


def _check_answers(day: Day) -> None:
    for end in day.ends:
        if isinstance(end, Program) and not end.over and not end.stuck:
            for request in end.requests.values():
                day.world.require("one answer", request.answers > 0, f"{end.title} is not answered: {request.fields}")


def _check_devices(day: Day) -> None:
    """All who are here look who is where; the devices of a user have one name, and the same marks."""
    world = day.world
    now = Look(None, world.tick, world.tick)
    here = [end for end in day.ends if isinstance(end, Program) and end.name and not end.stuck]
    for program in here:
        world.require("own tag", not program.tagged, "; ".join(program.tagged))
    for program in list(here):
        for room in list(program.views):
            if not program.over:
                users = _ask(day, program, "who", room=room).get("users", [program.name])
                world.require("membership", program.name in users, f"{program.title} is not in #{room}.")
    names: dict[Subject, str] = {}
    for program in here:
        if program.over or program.account is None:
            continue
        if program.account not in names:
            _check_listed(day, program, program.account)
        name = names.setdefault(program.account, program.name)
        world.require("one name", name == program.name, f"{program.account} is {name} and {program.name}.")
        for room, view in program.views.items():
            marks = list(program.account.mark(room).values(now))
            if len(marks) == 1 and marks[0] not in (None, ANYTHING):
                what = f"{program.title} is told that #{room} is read up to {program.read.get(room)}, not {marks[0]}."
                world.require("read mark", program.read.get(view.room) == marks[0], what)


def _check_private_devices(day: Day) -> None:
    """Look whether private messages have come to all devices."""
    for program in [end for end in day.ends if isinstance(end, Program) and not end.stuck]:
        who = program.who
        for text in day.world.texts.values() if who is not None else ():
            author = day.world.author_of(text)
            parties = {author.party, text.end.party} if author is not None and text.end is not None else set()
            sent = min((attempt.sent for attempt in text.tries), default=0.0)
            before = program.hello.fields.get("private") if program.hello is not None else None
            missed = before is not None and text.id is not None and text.id > before
            due = who is not None and who.party in parties and text.room is None and text.stays
            if due and who is not None and (missed or program.welcome < sent):
                there = text.id in program.private or _may_be_ignored(text, who)
                day.world.require("every device", there, f"{program.title} was not shown {text.text!r} to {text.to}.")


def _check_listed(day: Day, program: Program, account: Subject) -> None:
    """Check what a *program* is told about the devices of its *account*."""
    devices = _ask(day, program, "devices").get("devices", [])
    ends = [end for end in day.ends if isinstance(end, Program) and end.name and account in end.subjects]
    # Somebody with netcat who may not come into the lobby is in no room, and knows only by that that they are in.
    there = [device for device in devices if not device.get("held") and device["way"] == "json"]
    own = [device for device in devices if device.get("this")]
    what = f"{account} is told that their devices are {devices}, and they are {[end.title for end in ends]}."
    sure = Counter(ip_address(end.host) for end in ends if end.account is account)
    hosts = Counter(ip_address(device["address"]) for device in there)
    right = sure <= hosts <= Counter(ip_address(end.host) for end in ends)
    day.world.require("devices", right and len(own) == 1, what)


def _read_all(day: Day, warden: Program, room: str) -> list[Any]:
    """All that is in the history of a room."""
    after, messages, more = 0, [], True
    while more:
        page = _ask(day, warden, "history", room=room, after=after, count=200)
        messages += page.get("messages", [])
        more = page.get("more", False)
        after = messages[-1]["id"] if messages else 0
    return messages


def _check_histories(day: Day, histories: dict[str, list[Any]]) -> None:
    world = day.world
    there = []
    for room, messages in histories.items():
        ids = [message["id"] for message in messages]
        world.require("one order", ids == sorted(set(ids)), f"the history of #{room} has {ids}.")
        there += [world.shown((), message, Look(None, 0, world.tick), late=False) for message in messages]
    found = {id(text) for text in there}
    for text in world.texts.values():
        gone = text.room is None or text.deleted < world.tick or text.may_be_deleted
        seen = text.acknowledged or text.id is not None
        world.require("kept", gone or not seen or id(text) in found, f"{text.text!r} is not in the history.")


def _check_search(day: Day, warden: Program, histories: dict[str, list[Any]]) -> None:
    """Look whether what was edited is found by its text, and not by that of before."""
    edited = [message for messages in histories.values() for message in messages if "edited" in message]
    for message in edited[-3:]:
        words, text = words_of(message["text"]), day.world.by_id[message["id"]]
        for searched in (words, words_of(text.text)):
            found = [one["id"] for one in _ask(day, warden, "search", text=searched).get("messages", ())]
            what = f"a search for {searched} finds {found}, and {message['id']} has the text {words}."
            day.world.require("edited", (message["id"] in found) is (searched == words), what)


def _check_views(day: Day, histories: dict[str, list[Any]]) -> None:
    for end in day.everybody:
        for view in (*end.old_views, *end.views.values()):
            last = view.seen if view.ended or end.stuck else 1 << 60
            for message in histories.get(view.room, ()):
                ignored = any(any(subject.ignores(message["author"]).everything()) for subject in end.subjects)
                if view.start < message["id"] <= last and message["id"] not in view.ids and not ignored:
                    what = f"{end.title} was not shown message {message['id']} of #{view.room}."
                    day.world.require("one order", False, what)


def _followers(day: Day) -> Iterator[Program]:
    """The programs that know how messages change, and are still here."""
    for end in day.everybody:
        ignores = any(any(register.everything()) for who in end.subjects for register in who.ignored.values())
        # Who ignores somebody is not shown how they change what they have said.
        if end.name and not end.over and end.lines_kept and not ignores:
            yield end


def _check_models(day: Day, histories: dict[str, list[Any]]) -> None:
    """Look whether those who have followed a room know of each message what the history says."""
    world = day.world
    for program in _followers(day):
        for view in list(program.views.values()):
            _fill(day, program, view)
            right = {message["id"]: message for message in histories.get(view.room, ())}
            for number, known in view.model.messages.items():
                message, text = right.get(number), world.by_id.get(number)
                what = f"{program.title} knows of message {number} of #{view.room}"
                if message is not None:
                    world.require("same state", not known.deleted, f"{what} that it is deleted, and it is there.")
                    differs = known.differs(message)
                    world.require("same state", not differs, f"{what} this: {differs}.")
                elif text is not None and text.deleted < world.tick and not text.dropped and not program.over:
                    world.require("same state", known.deleted, f"{what} not that it is deleted.")
            _check_revs(day, program, view)


def _check_revs(day: Day, program: Program, view: View) -> None:
    """Look whether all changes were shown that others were shown, since it has been there."""
    shown = range(view.fresh + 1, view.seen) if view.fresh is not None else ()
    for rev, (room, change) in day.world.numbers.items():
        if change and room == view.room and rev in shown:
            what = f"{program.title} was not shown the change {rev}, {change}, of #{room}."
            day.world.require("one order", rev in view.revs, what)


def _fill(day: Day, program: Program, view: View) -> None:
    """Have a program read what it was told that it has missed."""
    after, more = view.model.gap, view.model.gap is not None
    while more and not program.over:
        page = _ask(day, program, "history", room=view.room, after=after, count=5)
        for event in sorted([*page["messages"], *page.get("changes", ())], key=_number):
            view.model.take(event)
        more, after = page["more"], page.get("next", after)
    view.model.gap = None


def _number(event: dict[str, Any]) -> int:
    number: int = event.get("rev") or event["id"]
    return number


def _check_letters(day: Day) -> None:
    """Look whether those who have followed their conversations know of each message what the history says."""
    world = day.world
    for program in _followers(day):
        letters = program.own.letters.messages if program.own is not None else {}
        for name in sorted(program.withs) if program.follows else ():
            after, more = 0, True
            while more and not program.over:
                page = _ask(day, program, "history", **{"with": name, "after": after, "count": 50})
                for message in page.get("messages", ()):
                    known = letters.get(message["id"])
                    if known is not None:
                        what = f"{program.title} knows of message {message['id']}"
                        world.require("same state", not known.deleted, f"{what} that it is deleted, and it is there.")
                        differs = known.differs(message)
                        world.require("same state", not differs, f"{what} this: {differs}.")
                more, after = page.get("more", False), page.get("next", 0)


def _check_times(day: Day, warden: Program, room: str, messages: list[Any]) -> None:
    times = sorted({message["time"] for message in messages})
    if len(times) < 2:
        return
    since, until = times[len(times) // 3], times[-1]
    page = _ask(day, warden, "history", room=room, since=since, until=until, count=200)
    found = [message["id"] for message in page.get("messages", ())]
    right = [message["id"] for message in messages if since <= message["time"] < until]
    what = f"what was said in #{room} since {since}, before {until}, is {right}, and found is {found}."
    day.world.require("times", found == right[:200], what)


def _check_files(day: Day) -> None:
    """Look whether all files can be fetched whose messages are there, and no others lie on the disk."""
    world = day.world
    texts = [text for text in world.by_id.values() if text.key]
    for text in texts:
        fetch(day, text)
    day.house.let_all_through()
    day.settle()
    known = {text.key: text for text in texts}
    # Nobody may have been shown a private message, or one whose author was not told that it was sent.
    unseen = sum(bool(text.file) and text.id is None and not text.refused for text in world.texts.values())
    for key in day.house.files():
        gone = known[key].deleted < world.tick if key in known else unseen == 0
        world.require("file", not gone, f"the file {key} is on the disk, and its message is not there.")


def _may_be_ignored(text: Text, by: Subject) -> bool:
    names = {name for author in text.authors for name in author.names}
    return any(any(by.ignores(name).everything()) for name in names)


def _check_private(day: Day) -> None:
    """Log in to every account, and see whether its private messages come."""
    world = day.world
    now = Look(None, world.tick, world.tick)
    for register in list(world.owners.values()):
        owners = list(register.values(now))
        if len(owners) != 1 or owners[0] is None:
            continue
        account = owners[0]
        passwords = list(account.password.values(now))
        waits = [text for text in world.texts.values() if text.end is account and text.stays]
        waits = [text for text in waits if not _may_be_ignored(text, account)]
        if len(passwords) != 1 or all(account in text.shown_to for text in waits):
            continue
        program = day.connect(SEATS)
        assert isinstance(program, Program)
        _ask(day, program, "hello", name=account.own_name, password=passwords[0], rooms={}, key=day.doors.key)
        world.require("own password", bool(program.name), f"{account} is not let in.")
        for text in waits:
            world.require("delivered", account in text.shown_to, f"{text.text!r} was never shown to {account}.")


def _check_conversations(day: Day) -> None:
    """Log in to every account, and look at all its conversations."""
    world = day.world
    now = Look(None, world.tick, world.tick)
    for register in list(world.owners.values()) if "conversations" in world.offers else ():
        owners, passwords = list(register.values(now)), list[Any]()
        if len(owners) == 1 and owners[0] is not None:
            passwords = list(owners[0].password.values(now))
        if len(passwords) != 1 or passwords[0] is ANYTHING or owners[0].unknown:
            continue
        program = day.connect(SEATS)
        assert isinstance(program, Program)
        account = {"name": owners[0].own_name, "password": passwords[0], "accept": ALL}
        _ask(day, program, "hello", rooms={}, key=day.doors.key, **account)
        world.require("own password", owners[0] in program.subjects, f"{owners[0]} is not let in.")
        if program.account is not None and program.account is owners[0]:
            world.conversations.look_at(program.account, partial(_ask, day, program))
        _ask(day, program, "quit")
