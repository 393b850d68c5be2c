"""What hooks are for: programs that know a secret address speak in a room, by the right of whoever made it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from chat.core import durations
from chat.core.accounts import Subject
from chat.core.authentication import refuse_banned
from chat.core.doors import OPERATOR
from chat.core.effects import Effect, Show, first_try_failed
from chat.core.errors import BadField, Banned, ChatError, Muted, NotAllowed, NotStored
from chat.core.events import Message, Notice
from chat.core.facts import HookEnded, HookMade, Said
from chat.core.hook_directory import MOST_EACH, MOST_IN_ROOM, Hook, StoredHook, digest_of
from chat.core.hub import Hub
from chat.core.lifecycle import end_user
from chat.core.peer import Peer
from chat.core.ports import Delivery
from chat.core.queue import Entry
from chat.core.registration import require_choosable
from chat.core.rights import require_use
from chat.core.room import Room
from chat.core.session import Session
from chat.core.text import bounded_lines, enumerate_words

Answer = Callable[[ChatError | None], None]
"""Is told when what a hook has said is stored, or why it is not."""

# -- making and ending them


def make(hub: Hub, session: Session, tag: str | None, room: Room, name: str, maker: Subject) -> None:
    """Make a hook that speaks in *room* as *name*, and tell whoever asked for it its address."""
    base = hub.links.base(session.peer)
    if base is None:
        raise NotAllowed(
            "A hook is an address of the chat's page, and this chat serves none. Whoever runs it can start it with "
            "--web."
        )
    require_use(room)
    name = require_choosable(hub, session, name)
    if len(hub.hooks.in_room(room.name)) >= MOST_IN_ROOM:
        raise NotAllowed(f"#{room.name} has {MOST_IN_ROOM} hooks, which is the most. /hooks lists them.")
    if maker != OPERATOR and len(hub.hooks.by(maker)) >= MOST_EACH:
        raise NotAllowed(f"You have made {MOST_EACH} hooks, which is the most. /unhook ends one.")
    secret = hub.make_token()
    stored = StoredHook(name, room.name, digest_of(secret), maker, hub.now())
    told = Notice(
        text=(
            f"{name} is a hook of #{room.name} now. Whoever knows its address speaks there as {name}, and it is shown "
            f'only here: curl -d "hello" {base}h/{secret}'
        ),
        tag=tag,
    )
    _decide(hub, session, tag, HookMade(room.name, stored), name, told, action="hook")


def end(hub: Hub, session: Session, tag: str | None, hook: Hook) -> None:
    """End a hook: nobody speaks by its address any more, and its name is free."""
    told = Notice(text=f"{hook.name} is no hook of #{hook.room} any more. Its address is good for nothing.", tag=tag)
    _decide(hub, session, tag, HookEnded(hook.room, hook.name), hook.name, told, action="unhook")


def _decide(
    hub: Hub, session: Session, tag: str | None, fact: HookMade | HookEnded, name: str, told: Notice, *, action: str
) -> None:
    hub.apply(session, fact, (Show(session, told),), tag=tag, action=action, target=name, room=fact.room)


def hook_in(hub: Hub, room: Room, name: str) -> Hook:
    """The hook of *room* that is called *name*; raises :class:`BadField`."""
    hook = hub.hooks.get(name.strip())
    if hook is None or hook.room != room.name:
        raise BadField(f"#{room.name} has no hook {name[:64]}. /hooks lists those that it has.")
    return hook


def listed(hub: Hub, room: Room) -> str:
    """Tell in a sentence which hooks *room* has."""
    hooks = [f"{hook.name} (by {maker_of(hub, hook)}, {hook.time[:10]})" for hook in hub.hooks.in_room(room.name)]
    if not hooks:
        return f"#{room.name} has no hooks. /hook NAME makes one."
    return f"#{room.name} has {'a hook' if len(hooks) == 1 else f'{len(hooks)} hooks'}: {enumerate_words(hooks)}."


def maker_of(hub: Hub, hook: Hook) -> str:
    """The name of who has made *hook*."""
    account = hub.accounts.with_id(hook.maker)
    return account.name if account is not None else "whoever runs the server"


# -- speaking


def speak(hub: Hub, hook: Hook, text: str, tag: str | None, peer: Peer, answer: Answer) -> None:
    """Have *hook* say a text, which somebody at *peer* has sent, and *answer* once that is stored or can't be.

    What was sent before under the same *tag* is answered as it was then. Raises :class:`ChatError`.
    """
    room = hub.rooms[hook.room]
    _require_right(hub, hook, room, peer)
    session = Session(0, peer, one_room=False)
    if tag is not None and tag in hook.tags:
        hub.then(session, _AnswerAgain(hook, tag, answer))
        return
    text = bounded_lines(text, hub.limits.text, hub.limits.lines)
    hook.wait(hub.limits, hub.monotonic(), 1 + text.count("\n"))
    for squatter in hub.users.holders(hook.name):
        # They took the name when the hook was to end, which could not be stored.
        end_user(hub, squatter, f"The name {squatter.name} is taken by a program. Choose another.")
    message = Message(
        id=hub.take_id(), time=hub.now(), room=room.name, author=hook.name, kind="say", text=text, tag=tag, notice=True
    )
    undo = partial(_unsaid, hub, session, room, hook, message, room.last_id, room.at, answer)
    room.last_id, room.at = message.id, message.time
    if not room.stirred:
        hub.rooms.stir(room)
    if tag is not None:
        hook.use(tag, hub.limits.tags_each)
    said = Said(message, hook.digest if tag is not None else None, hidden=room.private)
    hub.queue.add(Entry(session, (_Answer(answer),), said, undo, tag))


def _require_right(hub: Hub, hook: Hook, room: Room, peer: Peer) -> None:
    """Raise :class:`ChatError` unless *hook* may speak: the room is in use, and whoever made it may speak as an op."""
    refuse_banned(hub, hub.bans.of_address(peer.address, hub.seconds))
    if hub.bans.of_name(hook.name, hub.seconds) is not None:
        raise Banned(f"The name {hook.name} is banned from this chat.")
    require_use(room)
    account = hub.accounts.with_id(hook.maker)
    if account is None:
        return
    if hub.bans.of_account(account.id, hub.seconds) is not None:
        raise Banned(f"{account.name}, who has made this hook, is banned from this chat.")
    if account.moderates:
        return
    if account.id not in room.ops:
        raise NotAllowed(
            f"{account.name}, who has made this hook, is no op of #{room.name} any more. Another op can make a new one."
        )
    ban = room.bans.get(account.id)
    if ban is not None and (ban.until is None or ban.until > hub.seconds):
        raise Banned(f"{account.name}, who has made this hook, is banned from #{room.name}.")
    left = room.muted.get(account.id, 0.0) - hub.monotonic()
    if left > 0:
        span = durations.in_words(left)
        raise Muted(f"{account.name}, who has made this hook, is muted in #{room.name} for {span} more.")


def _unsaid(
    hub: Hub, session: Session, room: Room, hook: Hook, message: Message, before: int, at: str | None, answer: Answer
) -> Sequence[Effect]:
    """What a hook has said could not be stored."""
    room.unsay(message.id, before, at, 0)
    if message.tag is not None:
        hook.tags.pop(message.tag, None)
    hub.vacate(session, room)
    return (_Answer(answer, NotStored("Not stored, not shown to anybody. Try again later.")),)


class _Answer(msgspec.Struct, frozen=True):
    """Tell the program what has become of what it sent."""

    answer: Answer
    error: ChatError | None = None

    def perform(self, delivery: Delivery) -> None:
        self.answer(self.error)


class _AnswerAgain(msgspec.Struct, frozen=True):
    """Tell the program what has become of what it sent first under this *tag*."""

    hook: Hook
    tag: str
    answer: Answer

    def perform(self, delivery: Delivery) -> None:
        self.answer(None if self.tag in self.hook.tags else NotStored(first_try_failed(self.tag).text))
