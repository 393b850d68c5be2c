"""The settings of a daemon, from its command line and its configuration file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any

from msgspec import Struct, field, structs

from chat.core import durations
from chat.core.doors import Doors, Inviters, Registration
from chat.core.errors import BadField, BadName
from chat.core.limits import Limits
from chat.core.names import user_name
from chat.core.text import clean
from chat.disk.texts import read_text
from chat.protocols.manners import LEAVE_WORDS
from chat.protocols.ways import PLAIN, TLS, WAYS, WEB, WayIn
from chat.protocols.web_address import page_url, proxy_value

MOST_HISTORY = 200
MOST_KEPT = (1 << 63) - 1
"""The greatest number that SQLite can count with."""
NO_DATA = "none"
SYNCS = ("full", "normal")
FOREVER = "forever"
LIMITS = tuple(field.name for field in structs.fields(Limits) if not isinstance(field.default, bool))
"""The limits that can be set, by the names of :class:`Limits`."""
MOST = 1e9
"""No limit is greater."""
LONGEST_KEY = 256
"""The characters of a key, at most."""
KEY = "1 to 256 characters, not exit or quit, with no blank at its ends and no { or [ at its beginning"
"""What may be a key."""
LONGEST_KEEPALIVE = 32_767
"""The seconds of silence after which Linux sends the first keepalive probe, at most: it refuses a longer time."""


class Settings(Struct, frozen=True):
    """What can be set. The names are those of the options, with ``-`` as ``_``."""

    ways: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Where to listen, by :attr:`WayIn.setting <chat.protocols.ways.WayIn.setting>`."""
    lan: bool = False
    """Whether the ways in are open to others on the network, where *ways* do not say otherwise."""
    log: bool = False
    """Whether the log goes to the terminal too."""
    welcome: str = "Welcome to chat."
    history: int = 20
    data: str = "."
    sync: str = "full"
    keep: str = FOREVER
    keep_messages: int | None = None
    no_log_talk: bool = False
    no_limits: bool = False
    allow_plain_passwords: bool = False
    tls: bool = False
    tls_cert: str | None = None
    tls_key: str | None = None
    web: bool = False
    """Whether the page is served, where *ways* do not say where."""
    web_url: str | None = None
    web_proxy: tuple[str, ...] = ()
    metrics: str | None = None
    reserve: tuple[str, ...] = ()
    key: str | None = None
    members_only: bool = False
    registration: Registration | None = None
    invitations: Inviters = Inviters.MODERATORS
    limit: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Keep the key out of logs."""
        return object.__repr__(self)

    def endpoints(self, way: WayIn) -> tuple[str, ...]:
        """Where to listen for *way*."""
        if way.setting in self.ways:
            return self.ways[way.setting]
        if self.lan and self._for_others(way):
            return (way.everywhere,)
        opened = way.opened_by is None or any(getattr(self, name) for name in way.opened_by)
        return (way.default,) if opened else ()

    def _for_others(self, way: WayIn) -> bool:
        """Tell whether *way* is of use to others on the network.

        Without TLS members can't give their passwords. With TLS there must be a place for a certificate.
        """
        if not way.tls:
            return not self.members_only or self.allow_plain_passwords
        return self.tls_cert is not None or self.data != NO_DATA

    @property
    def encrypts(self) -> bool:
        """Whether TLS is spoken somewhere, which needs a certificate."""
        return any(way.encrypts(description) for way in WAYS for description in self.endpoints(way))

    @property
    def doors(self) -> Doors:
        """What is asked of those who come in."""
        usual = Registration.INVITATION if self.members_only else Registration.OPEN
        return Doors(self.key, self.members_only, self.registration or usual, self.invitations)

    def check_doors(self) -> None:
        """Raise :class:`ValueError` with a sentence if nobody, or not only members, could come in by these settings."""
        if not self.members_only:
            return
        if self.doors.registration is Registration.OPEN:
            raise ValueError(
                "With members-only, accounts are made by invitation: leave registration out, or set it to invitation "
                "or closed."
            )
        if self.data == NO_DATA:
            raise ValueError(
                f"With members-only and the data {NO_DATA}, nobody could ever come in, as only chat admin makes the "
                "first account. Give a directory for the data."
            )
        for endpoint in self.endpoints(PLAIN):
            if not self.allow_plain_passwords and from_elsewhere(endpoint):
                raise ValueError(
                    f"With members-only nobody could come in from elsewhere by {endpoint}, as passwords are not taken "
                    f"where others could listen in. Listen there for TLS (tls-listen), and without it on this machine "
                    f"only ({PLAIN.default}), or allow-plain-passwords."
                )


_WANTED: Mapping[str, tuple[type, str]] = {
    PLAIN.option: (list, PLAIN.example),
    "welcome": (str, 'a string, like "Welcome to chat."'),
    "history": (int, f"a whole number from 0 to {MOST_HISTORY}"),
    "data": (str, f'a directory, like "/var/lib/chat", or "{NO_DATA}"'),
    "sync": (str, '"full" or "normal"'),
    "keep": (str, 'a time, like "90d", or "forever"'),
    "keep-messages": (int, "a whole number from 1 on"),
    "no-log-talk": (bool, "true or false"),
    "no-limits": (bool, "true or false"),
    "allow-plain-passwords": (bool, "true or false"),
    "lan": (bool, "true or false"),
    "log": (bool, "true or false"),
    "tls": (bool, "true or false"),
    TLS.option: (list, TLS.example),
    "tls-cert": (str, 'a file, like "/etc/chat/fullchain.pem"'),
    "tls-key": (str, 'a file, like "/etc/chat/privkey.pem"'),
    WEB.option: (list, WEB.example),
    "web-url": (str, 'an address, like "https://example.org/chat/"'),
    "web-proxy": (list, 'a list of addresses, networks or "unix", like ["127.0.0.1"]'),
    "metrics": (str, 'an endpoint, like "tcp:9100:interface=127.0.0.1"'),
    "reserve": (list, 'a list of names, like ["boss", "helpdesk"]'),
    "key": (str, f"a string: {KEY}"),
    "members-only": (bool, "true or false"),
    "registration": (str, '"open", "invitation" or "closed"'),
    "invitations": (str, '"moderators" or "members"'),
    "limit": (dict, "a table of limits, like rate = 4; docs/limits.md lists them"),
    **{way.option: (list, way.example) for way in WAYS},
}


def read_config(path: str) -> dict[str, Any]:
    """Read a TOML file whose keys are the names of the options; return the values by the names of :class:`Settings`.

    Raises :class:`ValueError` with a sentence that names the file, the key and what would be right.
    """
    import tomllib

    try:
        table = tomllib.loads(read_text(path))
    except OSError as error:
        raise ValueError(f"{path}: the file can't be read ({error.strerror}). Check --config.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: this is not TOML: {error}.") from error
    for key, value in table.items():
        if key not in _WANTED:
            raise ValueError(f'{path}: there is no key "{key}". There are: {", ".join(_WANTED)}.')
        if not _fits(key, value):
            raise ValueError(f'{path}: "{key}" must be {_WANTED[key][1]}.')
    ways = {way.setting: tuple(table.pop(way.option)) for way in WAYS if isinstance(table.get(way.option), list)}
    values = {key.replace("-", "_"): value for key, value in table.items()}
    if ways:
        values["ways"] = ways
    try:
        keep_value(values.get("keep", FOREVER))
    except durations.OutOfCalendar as error:
        raise ValueError(f'{path}: "keep": {error}') from error
    except BadField as error:
        raise ValueError(f'{path}: "keep" must be {_WANTED["keep"][1]}.') from error
    try:
        values["reserve"] = tuple(user_name(name) for name in values.pop("reserve", ()))
    except BadName as error:
        raise ValueError(f'{path}: "reserve": {error}') from error
    if "web_url" in values:
        values["web_url"] = page_url(values["web_url"])
    if "web_proxy" in values:
        values["web_proxy"] = tuple(values["web_proxy"])
    for name, kind in (("registration", Registration), ("invitations", Inviters)):
        if name in values:
            values[name] = kind(values[name])
    if "limit" in values:
        try:
            values["limit"] = {limit_name(name): limit_value(name, value) for name, value in values["limit"].items()}
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    return values


def keep_value(age: str) -> str:
    """Check how long messages are to be kept; raises :class:`BadField`."""
    if age != FOREVER:
        durations.seconds(age)
    return age


def is_key(key: str) -> bool:
    """Tell whether everybody can give *key*, also those who type it as their first line."""
    typed = key == clean(key).strip() and key.lower() not in LEAVE_WORDS
    return typed and 0 < len(key) <= LONGEST_KEY and key[0] not in "{["


def from_elsewhere(endpoint: str) -> bool:
    """Tell whether clients on other machines may come by *endpoint* without TLS of ours, as far as it says.

    Behind a proxy they do, wherever that is.
    """
    kind, *arguments = [part.replace("\\", "") for part in re.split(r"(?<!\\):", endpoint)]
    if kind in ("unix", "ssl", "tls") or (kind == "systemd" and "domain=UNIX" in arguments):
        return False
    if kind not in ("tcp", "tcp6"):
        return True
    named = dict(part.split("=", 1) for part in arguments if "=" in part)
    unnamed = [part for part in arguments if "=" not in part]
    interface = named.get("interface", "".join(unnamed[1:2]))
    try:
        return not ip_address(interface).is_loopback
    except ValueError:
        return interface != "localhost"


def limit_name(name: str) -> str:
    """Return the name of the field of :class:`Limits` for a limit as people write it; raises :class:`ValueError`."""
    known = [field.replace("_", "-") for field in LIMITS]
    if name not in known:
        raise ValueError(f'there is no limit "{name}". There are: {", ".join(known)}.')
    return name.replace("-", "_")


def limit_value(name: str, value: object) -> int | float:
    """Check the value of a limit, which may be a string; raises :class:`ValueError`."""
    whole = isinstance(getattr(Limits(), limit_name(name)), int)
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else 0.0
    except ValueError:
        number = 0.0
    except OverflowError:
        number = float("inf")
    most = LONGEST_KEEPALIVE if name == "keepalive" else MOST
    if number > most:
        raise ValueError(f'the limit "{name}" must be at most {most:.0f}, not {value}.')
    if not number > 0 or (whole and not number.is_integer()):
        wanted = "a whole number" if whole else "a number"
        raise ValueError(f'the limit "{name}" must be {wanted} greater than 0, not {value}.')
    return int(number) if whole else number


def _fits(key: str, value: object) -> bool:
    wanted, _ = _WANTED[key]
    if key == WEB.option and isinstance(value, bool):
        return True
    if type(value) is not wanted:
        return False
    if isinstance(value, list):
        strings = bool(value) and all(isinstance(item, str) for item in value)
        return strings and (key != "web-proxy" or all(_can_be_read(proxy_value, place) for place in value))
    if isinstance(value, int) and key == "history":
        return 0 <= value <= MOST_HISTORY
    if isinstance(value, int) and key == "keep-messages":
        return 0 < value <= MOST_KEPT
    match key:
        case "sync":
            return value in SYNCS
        case "web-url":
            return _can_be_read(page_url, value)
        case "key":
            return isinstance(value, str) and is_key(value)
        case "registration":
            return value in tuple(Registration)
        case "invitations":
            return value in tuple(Inviters)
    return True


def _can_be_read(read: Callable[[Any], object], value: object) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True
