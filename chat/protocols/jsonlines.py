"""How programs are spoken with that send JSON lines (``docs/protocol.md``, section JSON lines)."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from chat.core import events, lifecycle
from chat.core.authentication import give_key
from chat.core.commands.table import TABLE, run
from chat.core.errors import BadField, BadJson, ChatError, NotWelcomeYet, UnknownType
from chat.core.hub import Hub
from chat.core.registration import come_in_new
from chat.core.session import FEATURES, LOBBY, ResumeToken, Session
from chat.core.text import clean
from chat.delivery.dialect import Dialect
from chat.protocols.json_dialect import FIRST, LATER, JsonDialect
from chat.protocols.manners import Manners

MAXIMUM_TAG = 64

ACCEPTABLE = frozenset(FEATURES)
"""What a client may say that it accepts."""

MOST_ACCEPTED = 32
"""So many strings a client may give, most of which may be of later versions."""

_decode = msgspec.json.Decoder().decode

_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
"""An escape in a string of JSON, or two that make a pair; the group is half a pair."""

_TAG = re.compile(r'"tag"\s*:\s*("(?:[^"\\]|\\.)*")')


def _whole(escape: re.Match[str]) -> str:
    return "\ufffd" if escape[1] else escape[0]


def _cause(error: Exception) -> str:
    """Say what is wrong with a line that is no JSON."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    text = str(error).removeprefix("JSON is malformed: ")
    return "it ends too early" if text == "Input data was truncated" else f"{text[0].lower()}{text[1:]}"


def checked_tag(tag: object) -> str | None:
    """Return a *tag* that a program gives, if it gives one; raises :class:`BadField`."""
    if tag is None or (isinstance(tag, str) and 0 < len(tag) <= MAXIMUM_TAG and clean(tag) == tag):
        return tag
    raise BadField(f'"tag" must be a string of 1 to {MAXIMUM_TAG} characters.')


class JsonManners(Manners):
    """A program that sends one JSON object a line; it may be in many rooms."""

    __slots__ = ()

    way = "json"
    dialect: Dialect = FIRST

    def dialect_for(self, session: Session) -> JsonDialect:
        """The one that has all that may come in a room, if the client accepts that."""
        return LATER if session.knows_changes else FIRST

    def idle(self, hub: Hub, session: Session) -> None:
        """Tell a program that hears nothing that the server is there."""
        hub.show(session, events.Ping(time=hub.now()))

    def receive(self, hub: Hub, session: Session, line: bytes) -> None:
        """Do what the object in *line* asks for; refusals are shown to the client."""
        text = line.decode("utf-8", "replace")
        tag = None
        try:
            request = self._object(text)
            tag = checked_tag(request.get("tag"))
            self._do(hub, session, request, tag)
        except BadJson as error:
            hub.refuse(session, error, self._tag_in(text))
        except ChatError as error:
            hub.refuse(session, error, tag)

    def _object(self, text: str) -> Mapping[str, object]:
        """Read an object; half of a surrogate pair, as JSON writers make it of an emoji that was cut, is U+FFFD."""
        try:
            value: object = _decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            mended = _ESCAPE.sub(_whole, text)
            if mended != text:
                return self._object(mended)
            raise BadJson(f"That line is not JSON: {_cause(error)}. Send one object a line.") from error
        if not isinstance(value, dict):
            raise BadJson("That line is not a JSON object. Send one object a line.")
        return value

    def _tag_in(self, text: str) -> str | None:
        """Find the tag in a line that is no JSON, if it has one."""
        found = _TAG.search(text)
        try:
            return checked_tag(_decode(found[1])) if found is not None else None
        except (msgspec.DecodeError, BadField):
            return None

    def _do(self, hub: Hub, session: Session, request: Mapping[str, object], tag: str | None) -> None:
        kind = request.get("type")
        if not isinstance(kind, str):
            raise BadField('"type" must be a string.')
        if kind == "hello":
            self._hello(hub, session, request, tag)
        elif kind not in TABLE or TABLE[kind].people:
            raise UnknownType(f'There is no type "{kind[:40]}". See docs/protocol.md for those there are.')
        elif not session.named and not TABLE[kind].before_name:
            raise NotWelcomeYet('Say hello first: {"type":"hello","name":"bot"}')
        else:
            command = TABLE[kind]
            run(hub, session, command, tag, command.check(request))

    def _hello(self, hub: Hub, session: Session, request: Mapping[str, object], tag: str | None) -> None:
        if session.named:
            raise NotWelcomeYet("You have said hello already. Use nick to change your name.")
        give_key(hub, session, _text(request, "key"))
        name, token, password = _text(request, "name"), _text(request, "token"), _text(request, "password")
        code, registers = _text(request, "code"), request.get("register")
        if registers is not None and not isinstance(registers, bool):
            raise BadField('"register" must be true or false.')
        rooms = self._rooms(request.get("rooms"))
        session.accept = self._accept(request.get("accept"))
        session.private = self._private(request.get("private"))
        if registers:
            come_in_new(hub, session, name, rooms, password, code, ResumeToken(hub.make_token()), tag)
        else:
            lifecycle.come_in_again(hub, session, name or "", rooms, token, password, tag)

    def _accept(self, accept: object) -> frozenset[str]:
        """Read what the client accepts; what is of later versions is ignored."""
        given: object = [] if accept is None else accept
        if not isinstance(given, list) or len(given) > MOST_ACCEPTED or not all(isinstance(one, str) for one in given):
            raise BadField(f'"accept" must be a list of at most {MOST_ACCEPTED} strings.')
        return ACCEPTABLE.intersection(given)

    def _private(self, number: object) -> int | None:
        """Read the id of the last private message that the client has seen."""
        if number is None or (isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 1 << 63):
            return number
        raise BadField('"private" must be the id of the last private message seen, or null.')

    def _rooms(self, rooms: object) -> dict[str, int | None]:
        if rooms is None:
            return {LOBBY: None}
        checked: dict[str, int | None] = {}
        for room, after in rooms.items() if isinstance(rooms, dict) else [("", "")]:
            if after is not None and (
                not isinstance(after, int) or isinstance(after, bool) or not 0 <= after < 1 << 63
            ):
                raise BadField('"rooms" must be an object of room names, each with the last id seen or null.')
            checked[room] = after
        return checked


def _text(request: Mapping[str, object], field: str) -> str | None:
    """Take a string out of a request; raises :class:`BadField`."""
    value = request.get(field)
    if value is None or isinstance(value, str):
        return value
    raise BadField(f'"{field}" must be a string.')
