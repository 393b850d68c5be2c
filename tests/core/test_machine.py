"""Random days in the chat: people, programs and the operator do anything in any order, and the promises hold.

This is the short version; ``PYTHONPATH=tests python -m machine --runs 20000`` is the long one.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence

import pytest
from machine.run import live, make, report, shorten
from machine.steps import Step
from msgspec import structs

from chat.core import rights
from chat.core.accounts import Subject
from chat.core.changed import ChangedMessages
from chat.core.commands import account, changes
from chat.core.commands import files as sending
from chat.core.events import Message, Notice, Reacted, Reaction
from chat.core.files import Uploads
from chat.core.hook_directory import Hook, HookDirectory
from chat.core.hub import Hub
from chat.core.operating import erasing
from chat.core.operating.erasing import Erasure
from chat.core.operating.people import Announce
from chat.core.operating.request import Then
from chat.core.ports import Delivery
from chat.delivery import lookups
from chat.disk.file_directory import FileDirectory
from chat.history import files as stored_files
from chat.history import rows

RUNS = int(os.environ.get("MACHINE_RUNS", "150"))
NOT_YET: tuple[str, ...] = ()
"""The promises that the chat does not keep yet; the long version looks at them too, unless it is told not to."""


def test_the_promises_hold_in_random_days() -> None:
    for number in range(RUNS):
        fault = live(number, make(number), NOT_YET)
        assert fault is None, report(shorten(fault, NOT_YET))


@pytest.mark.parametrize(
    ("number", "steps"),
    [
        pytest.param(
            711831,
            (
                Step("something_takes_long", seat=5, salt=1070319003),
                Step("joins", seat=0, salt=819048585),
                Step("the_operator_rules_a_room", seat=1, salt=3802757032),
            ),
            id="the operator rules a room while it is made",
        ),
        pytest.param(
            2100630,
            (
                Step("time_passes", seat=0, salt=1257990999),
                Step("breaks_off", seat=1, salt=479381890),
                Step("comes", seat=1, salt=1771118633),
                Step("reads_slowly", seat=1, salt=2732028965),
                Step("breaks_off", seat=0, salt=2819534913),
                Step("quits", seat=1, salt=2675913146),
                Step("asks_who_somebody_is", seat=2, salt=121316804),
            ),
            id="a program that reads slowly has left before it reads so",
        ),
        pytest.param(
            2000808,
            (
                Step("tells", seat=1, salt=4229544767),
                Step("nothing_can_be_stored", seat=3, salt=1364689891),
                Step("quits", seat=1, salt=3238837277),
                Step("the_chat_is_killed", seat=2, salt=84542476),
                Step("the_operator_erases_what_somebody_said", seat=2, salt=4235632249),
                Step("the_chat_is_started", seat=0, salt=1149203839),
                Step("comes_back", seat=1, salt=672223805),
            ),
            id="a session comes back whose end could not be stored",
        ),
        pytest.param(
            2101558,
            (
                Step("takes_another_name", seat=0, salt=2199366453),
                Step("unregisters", seat=0, salt=190199241),
                Step("comes", seat=3, salt=1842745941),
            ),
            id="who gives an account up never had the name that they were refused",
        ),
        pytest.param(
            3000655,
            (
                Step("something_takes_long", seat=1, salt=1223451932),
                Step("unregisters", seat=1, salt=437145542),
                Step("the_operator_renames_an_account", seat=0, salt=4115971896),
                Step("one_thing_is_done", seat=0, salt=809251036),
                Step("the_operator_lists_the_accounts", seat=1, salt=2935931067),
            ),
            id="nor that which the operator was refused for them",
        ),
        pytest.param(
            4000923,
            (
                Step("says", seat=7, salt=651911768),
                Step("the_operator_logs_an_account_out", seat=2, salt=2035931261),
                Step("two_come_back_at_once", seat=1, salt=2156558283),
            ),
            id="what was said before a log-out counts no more under its tag",
        ),
        pytest.param(
            6011011,
            (
                Step("registers", seat=1, salt=2665201489),
                Step("unregisters", seat=0, salt=2011456269),
                Step("something_takes_long", seat=2, salt=834037019),
                Step("registers", seat=0, salt=4042448656),
                Step("unregisters", seat=1, salt=82109470),
                Step("the_operator_renames_an_account", seat=1, salt=1124658751),
                Step("something_takes_long", seat=2, salt=652323588),
                Step("one_thing_is_done", seat=1, salt=318888216),
                Step("one_thing_is_done", seat=2, salt=3403067847),
                Step("the_operator_lists_the_accounts", seat=1, salt=4165820706),
            ),
            id="the operator renames an account that is given up before its user is told",
        ),
    ],
)
def test_nothing_is_called_broken_that_is_not(number: int, steps: Sequence[Step]) -> None:
    assert live(number, steps) is None


def test_a_chat_that_breaks_a_promise_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "has", lambda user, right, room: True)
    faults = (live(number, make(number), NOT_YET) for number in range(100))
    fault = shorten(next(fault for fault in faults if fault is not None), NOT_YET)
    assert fault.promise in ("op", "role")
    assert len(fault.steps) <= 3


def _edits_of_anybody(patch: pytest.MonkeyPatch) -> None:
    found = changes._target
    patch.setattr(changes, "_target", lambda *arguments: found(*arguments)._replace(mine=True))


def _newest_first(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lookups, "sorted", lambda shown, key: sorted(shown, key=lambda event: -key(event)), raising=False)


def _reactions_are_not_replayed(patch: pytest.MonkeyPatch) -> None:
    found = lookups._shown_changes
    patch.setattr(
        lookups, "_shown_changes", lambda *of: [event for event in found(*of) if not isinstance(event, Reacted)]
    )


def _nobody_reacts_oneself(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rows, "Reaction", lambda text, count, mine: Reaction(text=text, count=count))


def _stale_counts(patch: pytest.MonkeyPatch) -> None:
    current = ChangedMessages.current

    def stale(known: ChangedMessages, message: Message, party: Subject) -> Message:
        now = current(known, message, party)
        return structs.replace(now, reactions=tuple(structs.replace(one, count=int(one.mine)) for one in now.reactions))

    patch.setattr(ChangedMessages, "current", stale)


def _numbers_are_used_again(patch: pytest.MonkeyPatch) -> None:
    take = Hub.take_id

    def take_id(hub: Hub) -> int:
        number = take(hub)
        hub._last_id -= number % 5 == 0
        return number

    patch.setattr(Hub, "take_id", take_id)


def _does_nothing(patch: pytest.MonkeyPatch, module: object, name: str) -> None:
    patch.setattr(module, name, lambda *of, **more: Then(lambda: None))


def _erases_without_a_word(patch: pytest.MonkeyPatch) -> None:
    _does_nothing(patch, erasing, "Publish")


def _erases_all_but_the_last(patch: pytest.MonkeyPatch) -> None:
    found = Erasure._found
    patch.setattr(Erasure, "_found", lambda erasure, page: found(erasure, (page[0][:-1], page[1])))


def _announces_on_one_device(patch: pytest.MonkeyPatch) -> None:
    def perform(announce: Announce, delivery: Delivery) -> None:
        for user in announce.hub.users.all():
            delivery.show(user.sessions[0], announce.event)
        delivery.show(announce.by, Notice(text="Done."))

    patch.setattr(Announce, "perform", perform)


def _renames_without_a_word(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(account, "tell_name", lambda *of: ())


SAYS = ("says", "says", "edits", "reacts", "deletes", "answers")
ERASES = ("says", "registers", "the_operator_erases_what_somebody_said")


@pytest.mark.parametrize(
    ("break_", "names", "promises"),
    [
        (_edits_of_anybody, SAYS, {"author", "op"}),
        (_newest_first, (*SAYS, "misses_something"), {"one order"}),
        (_reactions_are_not_replayed, ("says", "reacts", "misses_something"), {"same state"}),
        (_nobody_reacts_oneself, ("says", "reacts", "reads_back"), {"reactions"}),
        (_stale_counts, ("says", "reacts", "misses_something", "reads_back"), {"reactions", "same state"}),
        (_numbers_are_used_again, SAYS, {"kept", "no mistake", "one number", "one order"}),
        (_erases_without_a_word, ERASES, {"same state"}),
        (_erases_all_but_the_last, ERASES, {"deleted"}),
        (_announces_on_one_device, ("comes_beside", "the_operator_announces"), {"announced"}),
        (_renames_without_a_word, ("registers", "renames_the_account"), {"one join"}),
    ],
)
def test_a_chat_that_changes_something_wrongly_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
    break_: Callable[[pytest.MonkeyPatch], None],
    names: Sequence[str],
    promises: set[str],
) -> None:
    break_(monkeypatch)
    for number in range(60):
        chance = random.Random(number)  # noqa: S311
        fault = live(0, [Step(chance.choice(names), chance.randrange(4), chance.getrandbits(32)) for _ in range(20)])
        if fault is not None:
            break
    assert fault is not None
    assert fault.promise in promises, fault


def _sends_from_outside(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sending, "_holder", lambda hub, ticket: hub.user_with(ticket.party))


def _shows_files_elsewhere(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sending, "Message", lambda **fields: Message(**{**fields, "room": "lobby"}))


def _sends_it_again(patch: pytest.MonkeyPatch) -> None:
    def perform(done: sending.Done, delivery: Delivery) -> None:
        done.hub.uploads.settle(done.ticket, done.size)
        done.sent(done.says)

    patch.setattr(sending.Done, "perform", perform)


def _serves_what_was_deleted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(stored_files, "forget", lambda connection, numbers: None)


def _leaves_what_was_deleted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FileDirectory, "remove", lambda directory, keys: None)


def _counts_what_was_deleted(patch: pytest.MonkeyPatch) -> None:
    def count(uploads: Uploads, sender: str, own: int, together: int) -> None:
        uploads._shares.set(sender, max(own, uploads.taken(sender)))

    patch.setattr(Uploads, "count", count)


def _counts_what_did_not_come(patch: pytest.MonkeyPatch) -> None:
    settle = Uploads.settle
    patch.setattr(Uploads, "settle", lambda uploads, ticket, size: settle(uploads, ticket, size or 0))


def _counts_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sending, "_require_share", lambda *of: None)


def _hooks_speak_on(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(HookDirectory, "remove", lambda hooks, hook: hooks.release(hook.name))


def _hooks_forget_their_tags(patch: pytest.MonkeyPatch) -> None:
    begin = Hook.__init__
    patch.setattr(Hook, "__init__", lambda hook, stored: begin(hook, structs.replace(stored, tags=())))


ASKS_AND_SENDS = ("asks_to_send_a_file", "sends_a_file")


@pytest.mark.parametrize(
    ("break_", "names", "promise"),
    [
        (_sends_from_outside, ("asks_to_send_a_file", "leaves", "sends_a_file"), "membership"),
        (_shows_files_elsewhere, ("joins", *ASKS_AND_SENDS, *ASKS_AND_SENDS), "true words"),
        (_sends_it_again, (*ASKS_AND_SENDS, *["sends_a_file"] * 6), "one message"),
        (_serves_what_was_deleted, (*ASKS_AND_SENDS, "deletes"), "deleted"),
        (_leaves_what_was_deleted, (*ASKS_AND_SENDS, "deletes"), "file"),
        (_counts_what_was_deleted, (*ASKS_AND_SENDS, "deletes") * 5, "upload"),
        (
            _counts_what_did_not_come,
            ("asks_to_send_a_file", "nothing_can_be_stored") + ("sends_a_file",) * 8,
            "upload",
        ),
        (_counts_nothing, ASKS_AND_SENDS * 6, "upload"),
        (_hooks_speak_on, ("joins", "makes_a_hook", "ends_a_hook", "a_hook_speaks"), "hook"),
        (
            _hooks_forget_their_tags,
            ("joins", "makes_a_hook", "a_hook_speaks", "the_chat_is_ended", "the_chat_is_started")
            + ("a_hook_speaks",) * 3,
            "one message",
        ),
    ],
)
def test_a_chat_that_does_wrong_with_files_or_hooks_is_found_out(
    monkeypatch: pytest.MonkeyPatch, break_: Callable[[pytest.MonkeyPatch], None], names: Sequence[str], promise: str
) -> None:
    break_(monkeypatch)
    for number in range(60):
        chance = random.Random(number)  # noqa: S311
        fault = live(0, [Step(name, seat=0, salt=chance.getrandbits(32)) for name in names])
        if fault is not None:
            break
    assert fault is not None
    assert fault.promise == promise
