"""Reads of what the server sends what this client knows, and passes over the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from chat.core import events

S = TypeVar("S", bound=msgspec.Struct)

_KINDS: Mapping[object, type[events.Event]] = {kind.__struct_config__.tag: kind for kind in get_args(events.AnyEvent)}


def known_event(value: object) -> events.Event:
    """Read an event, and leave out of it what is unknown; raises :class:`msgspec.ValidationError`.

    Left out are unknown fields, fields that may be left out and have an unknown value, and what is unknown in a list.
    If any other field has an unknown value, the whole is unknown.
    """
    try:
        event: events.Event = msgspec.convert(value, events.AnyEvent)
        return event
    except msgspec.ValidationError:
        name = value.get("type") if isinstance(value, dict) else None
        if not isinstance(name, str) or name not in _KINDS:
            raise
        return _struct(value, _KINDS[name])


def _struct(value: Any, kind: type[S]) -> S:
    if not isinstance(value, dict):
        raise msgspec.ValidationError
    fields = {}
    for field in msgspec.structs.fields(kind):
        try:
            fields[field.name] = _value(value[field.encode_name], field.type)
        except (KeyError, msgspec.ValidationError):
            if field.required:
                raise msgspec.ValidationError from None
    return kind(**fields)


def _value(value: Any, kind: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct(value, kind)
    if get_origin(kind) in (list, tuple) and isinstance(value, list):
        return get_origin(kind)(_known(value, get_args(kind)[0]))
    if kind == events.AnyChange and isinstance(value, dict):
        change = known_event(value)
        if isinstance(change, events.Change):
            return change
        raise msgspec.ValidationError
    if get_origin(kind) is dict and isinstance(value, dict):
        inner = get_args(kind)[1]
        return {name: known for name, one in value.items() for known in _known([one], inner)}
    return msgspec.convert(value, kind)


def _known(values: Iterable[Any], kind: Any) -> Iterable[Any]:
    for value in values:
        try:
            yield _value(value, kind)
        except msgspec.ValidationError:
            continue
