"""What a typed line does. Every screen has a client."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from twisted.python.failure import Failure

from chat.client.link.link import MAXIMUM_OUTBOX, Link, NotNow, Post
from chat.client.link.sending import CannotSend, Upload, files_like, look_at, put
from chat.client.link.states import Asking
from chat.client.model import status
from chat.client.model.apart import Glance
from chat.client.model.backlogs import Backlogs
from chat.client.model.completion import Offer, complete
from chat.client.model.excerpt import COUNT
from chat.client.model.model import Model
from chat.client.model.plain_text import lines_with_time
from chat.client.model.room import OtherSide, Room
from chat.client.model.room_filter import rooms_like
from chat.client.model.scrollback import Line, LineKind
from chat.client.model.search_results import SearchResults
from chat.core import durations, events, names
from chat.core.command import ON, Command, Kind, Parameter
from chat.core.commands import table
from chat.core.commands.rooms import read_topic
from chat.core.errors import ChatError
from chat.core.reactions import reaction_from
from chat.core.text import clean, clean_lines, file_size
from chat.core.when import Past, split_id

PRINTED_AROUND = 20
"""How many of the messages round one to print, where nothing can be shown over the room."""
LISTED_ROOMS = 20
"""How many rooms to list at once."""
OFFERED_ROOMS = 100
"""How many rooms to offer to a user who wants to join one."""
_ARCHIVE = ("archive", "archived")
"""How users say to ``/room`` that nobody speaks in the room any more."""
PEEKED_LINES = 10
"""How many lines to tell of another room, if they can't be shown apart."""
LEAVING_WORDS = ("exit", "quit")
_WITH_LINES = re.compile(r"/(edit|me|msg|reply)\s", re.IGNORECASE)
"""How a text of several lines begins that is a command. Any other is said as it is: it was pasted."""
_REPLY = re.compile(r"/reply (#?\d*)", re.IGNORECASE)
_SEND = re.compile(r"/send +(.*)", re.IGNORECASE)
OFFERED_ANSWERS = 20
"""How many messages to offer to be answered."""
LIST, CLOSE, ACTIVE = "list", "close", "active"
"""What users of other chats say to ``/window`` and ``/buffer``, which are ``/go`` here."""
_NEW = ("edit", "notify", "pin", "pins", "react")
"""The commands that a server does not know which knows no changes of messages."""
HOW_TO_PASTE = "Paste the lines as you do elsewhere: they become one message."
MAXIMUM_PASTE = 8192
"""The most bytes that may come into the line at once."""
MOST_SENDING = 20
"""So many files wait at most for the server to say where they go."""
_STORED = ("me", "edit", "delete", "react", "pin")
"""The commands that wait for a connection where there is none, as they say something or change what was said."""


class CannotDo(Exception):
    """A typed line can't be carried out, and no part of it was. The message is a sentence for the user."""


class Client:
    """Carries out what the user types: sends requests over *link*, and shows answers in *model*."""

    def __init__(self, link: Link, model: Model) -> None:
        self.link = link
        self.model = model
        self.draft = ""
        """What the user is to find in the input after :meth:`enter`, to be changed and sent; mostly nothing."""
        self.leave: Callable[[], object] = link.leave
        """Is called when the user types that they leave the chat."""
        self.list_open: Callable[[], object] = self._tell_open
        """Is called when the user wants to see which rooms are open."""
        self.given: Callable[[Asking, str], object] = lambda asking, secret: None
        """Is called with what the user has answered to what they were asked for."""
        self.only_prints = False
        """Whether the screen only prints lines: it shows nothing over the room, takes nothing off the screen, and has
        ``/paste``, as the user can type only one line at a time.
        """
        self.key_lines: Sequence[str] = ()
        """What ``/help`` says of the keys, as each screen has its own."""
        self._backlogs = Backlogs(link, model)
        self.put = put
        """Sends a file."""
        self._sending: dict[str, Upload] = {}
        """What is to be sent once the server says where, by the tag of the request."""
        self.uploads: dict[Upload, Room] = {}
        """The files that are being sent."""
        self._too_long = ""
        """The text that the user was offered to send as a file, as it is too long for a message."""
        model.may_send, model.forgotten = self._send_to, self._forget_sending

    def enter(self, text: str) -> None:
        """Do what *text* says; raises :class:`CannotDo`. A text of several lines is said, as one message."""
        line = clean_lines(text)
        self.draft = ""
        is_code = self.is_code(text)
        password, self.link.registering = self.link.registering, None
        try:
            if password is not None and is_code:
                self.model.expect(self.link.ask_about_name("register", password, code=line))
            elif "\n" in line and not _WITH_LINES.match(line):
                self._say_together(line)
            elif line.lower() in LEAVING_WORDS:
                self.leave()
            elif line.startswith("/") and not line.startswith("//"):
                self._command(line)
            elif line:
                self.say(line.removeprefix("/") if line.startswith("//") else line)
        except (ChatError, NotNow) as refusal:
            raise CannotDo(str(refusal)) from refusal

    def is_code(self, text: str) -> bool:
        """Whether *text* is the code of an invitation, which the user was asked for after ``/register``."""
        line = clean_lines(text)
        return self.link.registering is not None and line != "" and not line.startswith("/")

    def is_secret(self, text: str) -> bool:
        """Whether *text* must not be kept or shown again: it is such a code, or has a password in it."""
        return self.is_code(text) or has_secret(text)

    def give(self, secret: str) -> None:
        """Answer what the server wants to know before it lets the user in again; raises :class:`CannotDo`."""
        self.model.tell_why_again()
        asking = self.link.state
        try:
            self.link.answer(secret)
        except NotNow as refusal:
            raise CannotDo(str(refusal)) from refusal
        if isinstance(asking, Asking):
            self.given(asking, secret)

    def say(self, text: str) -> None:
        """Say *text* in the current room, even if it begins with a slash; raises :class:`CannotDo`."""
        room = self.model.current
        self._post("msg" if room.private else "say", **self._address(room), text=text)

    def say_lines(self, lines: Iterable[str]) -> None:
        """Say all of *lines* one by one, or none of them; raises :class:`CannotDo`."""
        lines = list(lines)
        for line in lines:
            self._check_length(line)
        if len(lines) + len(self.link.outbox) > MAXIMUM_OUTBOX:
            raise CannotDo(f"That is {len(lines)} lines, and {MAXIMUM_OUTBOX} messages at most can wait to be sent.")
        try:
            for line in lines:
                self.say(line)
        except NotNow as refusal:
            raise CannotDo(str(refusal)) from refusal

    def say_pasted(self, text: str) -> None:
        """Say *text* as one message, whatever is in it; raises :class:`CannotDo`."""
        try:
            if text := clean_lines(text):
                self._say_together(text)
        except NotNow as refusal:
            raise CannotDo(str(refusal)) from refusal

    def change(self, request: str, **fields: Any) -> None:
        """Send a request about a message, now or when the connection is back; raises :class:`CannotDo`."""
        try:
            self._post(request, **fields)
        except NotNow as refusal:
            raise CannotDo(str(refusal)) from refusal

    def answer(self, number: int, text: str, room: Room | None = None) -> None:
        """Answer the message with that id in *room*, or in the current one; raises :class:`CannotDo`."""
        room = room or self.model.current
        self.change("msg" if room.private else "say", **self._address(room), text=text, re=number)

    def _address(self, room: Room) -> dict[str, str]:
        """Return how a message names the room; raises :class:`CannotDo` once if the other side may be another now."""
        if room.other_side is OtherSide.UNSURE:
            room.other_side = OtherSide.HERE
            raise CannotDo(f"{room.name} may be somebody else now. Send it again if it is for whoever has the name.")
        return room.address

    @property
    def knows_changes(self) -> bool:
        """Whether the server knows changes of messages, and answers to them."""
        return "changes" in self.link.features

    @property
    def takes_lines(self) -> bool:
        """Whether the server takes texts of several lines."""
        return self.model.limits is not None and self.model.limits.lines > 0

    def _say_together(self, text: str) -> None:
        """Say a text of several lines as one message, or line by line if the server is too old for that."""
        if has_secret(text.partition("\n")[0]):
            raise CannotDo("The first line has a password in it, so nothing was sent.")
        if self.takes_files and self._why_too_long(text):
            self._offer_as_file(text)
            return
        if self.takes_lines:
            self.say(text)
        else:
            self.say_lines(line.strip() for line in text.split("\n") if line)

    @property
    def takes_files(self) -> bool:
        """Whether the server takes files."""
        return "files" in self.link.features

    def _offer_as_file(self, text: str) -> None:
        """Send a text as a file that is too long for a message, if the user says that by entering it again."""
        if self._too_long != text:
            self._too_long, lines = text, text.count("\n") + 1
            raise CannotDo(f"That has {lines} lines, too long for a message. Enter again sends it as a file.")
        self._send_text(text)

    def _send_text(self, text: str) -> None:
        """Send a text as a file."""
        data = f"{text}\n".encode()
        self._ask_to_send("paste.txt", len(data), data)
        self._too_long = ""

    def keep_paste(self, text: str) -> str:
        """Keep a *text* for ``/send`` alone that is more than :data:`MAXIMUM_PASTE`; return what to tell the user."""
        size = len(text.encode("utf-8", "replace"))
        told = f"That is too much to paste: {size} bytes, and at most {MAXIMUM_PASTE} at once."
        if not self.takes_files:
            return told
        self._too_long = clean_lines(text)
        return f"{told} /send sends it as a file."

    def _ask_to_send(self, name: str, size: int, file: Path | bytes) -> None:
        """Ask where a file may be sent that goes to the current room; raises :class:`CannotDo`."""
        room, limits = self.model.current, self.model.limits
        if not self.takes_files or limits is None:
            raise CannotDo("This chat takes no files.")
        if size > limits.file:
            raise CannotDo(f"{name} has {file_size(size)}, and the server takes {file_size(limits.file)} at most.")
        if room.private and room.with_ is None:
            raise CannotDo(f"Say something to {room.name} first, so that the conversation is there.")
        address = {"with": room.with_} if room.private else {"room": room.name}
        tag = self.link.ask("upload", **address, name=name, size=size)
        self.model.expect(tag)
        self._sending[tag] = Upload(name, size, file)
        if len(self._sending) > MOST_SENDING:
            del self._sending[next(iter(self._sending))]

    def _send_to(self, event: events.Upload, room: Room) -> None:
        """Send the file for which the server has named an address."""
        upload = self._sending.pop(event.tag or "", None)
        if upload is None:
            return
        self.uploads[upload] = room
        if self.only_prints:
            self.model.tell(f"Sending {upload.name} ({file_size(upload.size)}).", room=room)

        def ended(failure: Failure | None) -> None:
            if self.uploads.pop(upload, None) is None:
                return  # the user has stopped it
            self.model.outbox_changed()
            if failure is not None:
                sentence = str(failure.value) if failure.check(CannotSend) else f"{upload.name} was not sent."
                self.model.tell(sentence, LineKind.REFUSAL, room if room in self.model.rooms else None)

        self.put(event.url, upload, self.model.outbox_changed, self.link.certificate).addBoth(ended)

    def _forget_sending(self) -> None:
        """The server will not say any more where files may be sent that were to be sent just now."""
        for tag, upload in self._sending.items():
            if self.model.expects(tag):
                self.model.tell(f"{upload.name} was not sent: the connection broke.", LineKind.REFUSAL)
        self._sending.clear()

    def sent_to(self, room: Room) -> list[Upload]:
        """Return the files that are being sent to *room*."""
        return [upload for upload, place in self.uploads.items() if place is room]

    def stop_sending(self, asked: str) -> str:
        """Send no more of the file that the user has sent here last, if that is what they were *asked* already.

        If it is not, return the question; an empty one if no file is being sent here.
        """
        room = self.model.current
        if not (sending := self.sent_to(room)):
            return ""
        upload = sending[-1]
        question = f"Press Esc again to send no more of {upload.name}."
        if asked != question:
            return question
        del self.uploads[upload]
        upload.stop()
        self.model.tell(f"You stopped sending {upload.name}.")  # if all of it is on its way, it may come all the same
        return ""

    def open_at(self, number: int) -> None:
        """Show what was said round the message with that id; raises :class:`CannotDo`."""
        excerpt = self.model.place_of(number)
        if self.only_prints:
            count = PRINTED_AROUND
            self.model.expect(self.link.ask("history", **excerpt.address, around=number, count=count))
            return
        try:
            excerpt.tag = self.link.ask("history", **excerpt.address, around=number, count=COUNT)
        except NotNow as refusal:
            raise CannotDo(str(refusal)) from refusal
        self.model.expect_apart(excerpt.tag)
        self.model.show(excerpt)

    def read_on(self, older: bool) -> None:
        """Read more messages before those of the excerpt, or after them, if there are more."""
        excerpt = self.model.excerpt
        if excerpt is None or excerpt.tag or not self.link.online:
            return
        if older and excerpt.more_before and (number := excerpt.lines.oldest_id) is not None:
            excerpt.tag = self.link.ask("history", **excerpt.address, before=number, count=COUNT)
            self.model.expect_apart(excerpt.tag)
        elif not older and excerpt.more_after and (number := excerpt.lines.newest_id) is not None:
            excerpt.tag = self.link.ask("history", **excerpt.address, after=number, count=COUNT)
            self.model.expect_apart(excerpt.tag)

    def ask_earlier(self, room: Room | None = None) -> None:
        """Fetch messages older than those shown in *room*, or in the current one, if there may be some."""
        self._backlogs.ask_earlier(room or self.model.current)

    def list_rooms(self) -> None:
        """Learn which rooms there are, for the user to choose from, if there is a connection."""
        if self.link.online:
            self.model.expect_apart(self.link.ask("rooms", count=OFFERED_ROOMS))

    def search(self, text: str) -> None:
        """Search all rooms, and show the results apart from the rooms."""
        self.model.search = SearchResults(clean(text).strip())
        self.search_older()

    def list_pins(self) -> None:
        """Show what is pinned in the current room as the results of a search are shown."""
        self.model.search = SearchResults(pinned_in=self.model.current.name)
        self.search_older()

    def search_older(self) -> None:
        """Search for messages older than those found, as soon as there is a connection."""
        search = self.model.search
        if search is None or search.tag:
            return
        before = {} if search.oldest_id is None else {"before": search.oldest_id}
        search.waits = not self.link.online
        if search.waits:
            return
        if search.pinned_in:
            search.tag = self.link.ask("pins", room=search.pinned_in)
        else:
            search.tag = self.link.ask("search", text=search.text, **before)
        self.model.expect_apart(search.tag)

    def answers(self, line: str) -> tuple[Room, Line] | None:
        """Return the message that *line* would answer by its id, and its room."""
        return self._named(line, "/reply")

    def edits(self, line: str) -> tuple[Room, Line] | None:
        """Return the message of the user that *line* would change by its id, and its room."""
        named = self._named(line, "/edit")
        return named if named is not None and named[1].mine else None

    def _named(self, line: str, command: str) -> tuple[Room, Line] | None:
        word, _, text = line.partition(" ")
        number = split_id(text)[0] if word.lower() == command else None
        return None if number is None else self.model.message(number)

    def complete(self, before: str) -> Offer:
        """Complete the text *before* the cursor."""
        if match := _REPLY.fullmatch(before):
            numbers = [f"#{line.id} " for _, line in self.model.answerable()[:OFFERED_ANSWERS]]
            typed = match[1].removeprefix("#")
            return Offer(match.start(1), [number for number in numbers if number[1:].startswith(typed)])
        if match := _SEND.fullmatch(before):
            start, files = files_like(match[1])
            return Offer(match.start(1) + start, files)
        people = dict.fromkeys(name for name in self.model.current.people() if name != self.model.name)
        if before.startswith("/"):
            people |= dict.fromkeys(self.model.partners)
        return complete(before, people=people, rooms=self.model.known_rooms, commands=self._offered, aliases=ALIASES)

    def unsent(self, room: Room) -> list[str]:
        """Return as lines what was said in *room* and is not acknowledged, and which files are being sent there."""
        files = [f"{each.name} ({file_size(each.size)}): {each.percent} %" for each in self.sent_to(room)]
        return [*self._unsaid(room), *files]

    def _unsaid(self, room: Room) -> list[str]:
        return [
            line
            for post in self.link.outbox.values()
            if post.says and goes_to(post, room)
            for line in events.Message(
                id=1,
                time="",
                room="",
                author=self.model.name,
                kind="action" if post.is_action else "say",
                text=str(post.fields["text"]),
            ).words()
        ]

    def _post(self, type_: str, **fields: Any) -> None:
        """Have what stores something sent now, or when the connection is back."""
        if "text" in fields:
            self._check_length(fields["text"])
        self.model.expect(self.link.post(type_, **fields))

    def _check_length(self, text: str) -> None:
        if why := self._why_too_long(text):
            raise CannotDo(why)

    def _why_too_long(self, text: str) -> str:
        """Return a sentence that says why *text* is too long for a message; nothing if it is not."""
        limits = self.model.limits
        if limits is None:
            return ""
        length, lines, most = len(text.encode()), text.count("\n") + 1, max(limits.lines, 1)
        if length > limits.text:
            return f"That is {length} bytes long, and the server takes {limits.text} at once. Make it shorter."
        return f"That has {lines} lines, and the server takes {most} at once." if lines > most else ""

    def _command(self, line: str) -> None:
        word, _, rest = line.removeprefix("/").partition(" ")
        command = _command_called(word)
        own = command if command.name in OWN_COMMANDS else None
        if command.name in _NEW and not self.knows_changes:
            raise CannotDo(f"The server is too old for /{command.name}.")
        if command.name == "edit":
            number, text = split_id(rest)
            if not text.strip():
                self._draft_edit(number)
                return
        room = self.model.current
        arguments = command.parse(rest, here="" if room.private else room.name)
        if own:
            own.run(self, **arguments)
        else:
            _BEFORE.get(command.name, Client._request)(self, command, arguments)

    def _request(self, command: Command, arguments: Mapping[str, Any]) -> None:
        _check_place(command, arguments)
        if command.name in _STORED:
            self._post(command.name, **arguments)
            return
        if "text" in arguments:
            self._check_length(arguments["text"])
        self.model.expect(self.link.ask(command.name, **arguments))

    def _act(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Say what the user does, in the room or in the private conversation."""
        room = self.model.current
        if not room.private:
            self._request(command, arguments)
            return
        if "actions" not in self.link.features:
            raise CannotDo("The server is too old for /me in private conversations.")
        self._post("msg", **self._address(room), text=arguments["text"], action=True)

    def _switch(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Send which way to switch. If the user has not said it, it is the other way than they see."""
        name = arguments.get("name")
        is_switch = name is not None or command.name == "lock"
        if command.name == "room":
            is_switch = str(arguments.get("access")).lower() in _ARCHIVE
        if "on" not in arguments and is_switch:
            arguments = {**arguments, "on": not self._is_on(command, name)}
        self._request(command, arguments)

    def _is_on(self, command: Command, name: str | None) -> bool:
        """Return whether what *command* switches is on, as far as the user has seen; raises :class:`CannotDo`."""
        room = self.model.current
        match command.name:
            case "lock":
                return room.locked
            case "room":
                return room.status == "archived"
            case "op":
                return name is not None and names.key(name) in map(names.key, room.ops)
            case "ignore":
                return name is not None and names.key(name) in map(names.key, self.model.ignored)
        raise CannotDo(f"Say which way: /{command.name} {name} on, or /{command.name} {name} off")

    def _tell(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Show a private conversation, and say something in it if there is a text."""
        text = arguments.get("text")
        if text:
            self._check_length(text)
        name = names.user_name(arguments["name"])
        before, is_open = self.model.current, self.model.find(name, private=True) is not None
        self.model.turn_to(self.model.open(name, private=True))
        if text and is_open:
            self._post(command.name, name=name, text=text)
        elif text:
            self.model.expect_to_open(self.link.post(command.name, name=name, text=text), before)

    def _topic(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Show or set the topic of the room that is named first, as in ``/topic #dev``, or of the current one."""
        text = arguments.get("text", "")
        room, topic = read_topic(text, arguments["room"], lambda name: self.model.find(name) is not None)
        self._request(command, {"room": room} if topic is None else {"room": room, "text": topic})

    def _join(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Show a room before the server has answered, so that what is typed next goes to it."""
        name = names.room_name(arguments["room"])
        room = self.model.find(name)
        if room is None:
            before, tag = self.model.current, self.link.ask(command.name, room=name)
            self.model.turn_to(self.model.open(name))
            self.model.expect_to_open(tag, before)
        elif not room.joined:
            tag = self.link.ask(command.name, room=name)
            self.model.turn_to(room)
            self.model.expect(tag)
        else:
            self.model.turn_to(room)

    def _nick(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Take another name; without a connection, come back under it at once."""
        if self.link.online:
            self._request(command, arguments)
        else:
            self.model.tell_why_again()
            self.link.try_now(names.user_name(arguments["name"]))

    def _history(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Fetch history; its times are read in the user's time zone."""
        _check_place(command, self.model.current.address)
        when = self.model.past(arguments["when"]) if "when" in arguments else Past()
        if "around" in when:
            self.open_at(when["around"])
            return
        self._request(command, {**self.model.current.address, **when})

    def _react(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """React to a message, or take that back. Without an id, it is the newest one here that somebody else said."""
        number, text = arguments.get("id"), reaction_from(arguments["text"])
        line = self.model.current.newest(lambda line: not line.mine) if number is None else self._message(number)
        if number is None and line is None:
            raise CannotDo("Nobody else has said anything here.")
        fields = {"id": number, "text": text}
        if line is not None:
            fields |= {"id": line.id, "on": not any(one.mine for one in line.reactions if one.text == text)}
        if "on" in arguments:
            fields["on"] = arguments["on"]
        self._request(command, fields)

    def _pin(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Pin a message, or unpin it if the user sees that it is pinned. Without an id, it is the newest one here."""
        _check_place(command, arguments)
        number = arguments.get("id")
        line = self.model.current.newest(lambda line: True) if number is None else self._message(number)
        if number is None and line is None:
            raise CannotDo("Nothing has been said here.")
        if line is not None:
            arguments = {"on": not line.pinned, **arguments, "id": line.id}
        self._request(command, arguments)

    def _message(self, number: int) -> Line | None:
        """Return the message with that id, if it is known: the server knows of others which way to switch."""
        found = self.model.message(number)
        return None if found is None else found[1]

    def _notify(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Send all words that name the user, with one more or one less than they have seen."""
        if "word" not in arguments:
            self._request(command, {})
            return
        word = arguments["word"]
        words = [other for other in self.model.words if other.casefold() != word.casefold()]
        if words == self.model.words:
            words = [*words, word]
        self._request(command, {"words": words})

    def _draft_edit(self, number: int | None) -> None:
        """Have the user change the text of the message with that id, or of what they said last here."""
        if number is None:
            line = self._last_said(self.model.current)
        elif (found := self.model.message(number)) is not None and found[1].mine:
            line = found[1]
        else:
            raise CannotDo(f"You did not say #{number}, or it is not in what is shown here.")
        self.draft = f"/edit #{line.id} {line.text.removesuffix(line.link)}"

    def _edit(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Give another text to the message whose id stands before that, or else to what the user said last here."""
        number, text = split_id(arguments["text"])
        number = self._last_said(self.model.current).id if number is None else number
        self._post(command.name, id=number, text=text)

    def _delete(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Take back a message. Without an id, it is what the user said last here."""
        self._request(command, arguments or {"id": self._last_said(self.model.current).id})

    def _last_said(self, room: Room) -> Line:
        """The last message of the user; raises :class:`CannotDo`, also if a later one is not stored yet."""
        if self._unsaid(room):
            raise CannotDo("What you said last is not stored yet, so it can't be changed. Try again when it is.")
        line = room.newest(lambda line: line.mine)
        if line is None:
            raise CannotDo("There is nothing here that you said.")
        return line

    def _reply(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Answer the message with the id that was typed, wherever that is.

        Without an id, answer the newest message here that is meant for the user; in a private conversation, the newest
        of the other.
        """
        room, (number, text) = self.model.current, split_id(arguments["text"])
        if number is not None:
            if (found := self.model.message(number)) is None:
                raise CannotDo(f"There is no message #{number} in what is shown here. Tab after /reply offers some.")
            if not text:
                raise CannotDo("Type what you answer behind the number.")
            self.answer(number, text, found[0])
            return
        line = room.newest(lambda line: not line.mine and (line.mention or line.private))
        if line is None:
            raise CannotDo("There is nothing here that names you. To answer somebody, begin with their name: bob: yes")
        self.answer(line.id or 0, text)

    def greet_newcomer(self) -> None:
        """Say how to get help, to somebody who uses the client for the first time."""
        self.model.tell("/help lists the commands. Tab completes commands and names. What you type else is said here.")

    def _paste(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Say that it is not needed."""
        raise CannotDo(HOW_TO_PASTE)

    def _kick(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Put somebody out of the room; with a time, ban them from it, which puts them out too."""
        _check_place(command, arguments)
        text = str(arguments.get("text", ""))
        if durations.begins_with_one(text):
            fields = {"room": arguments["room"], "target": arguments["name"], "text": text}
            self.model.expect(self.link.ask("ban", **fields))
        else:
            self._request(command, arguments)

    def _rooms(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """List so many rooms as fit on a screen."""
        self._request(command, {**arguments, "count": LISTED_ROOMS})

    def _log_out(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Log one device out, or all."""
        which = arguments["which"].strip().lower()
        if which == "all":
            self._request(command, {})
        elif which.isascii() and which.isdecimal() and len(which) < 10:
            self._request(command, {"device": int(which)})
        else:
            raise CannotDo("Say which device is to be logged out: /logout 2, or /logout all. /devices lists them.")

    def _ask_about_name(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Send a request about the name through the link, which needs the password to connect again."""
        self.model.expect(self.link.ask_about_name(command.name, arguments["password"]))

    def _help(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Name the commands by topic, the client's own among them, or explain one or all of them."""
        wanted = arguments.get("command", "").removeprefix("/").lower()
        lines = []
        if wanted in _NOT_NEEDED and not self.only_prints:
            raise CannotDo(HOW_TO_PASTE)
        if wanted and wanted != table.ALL:
            one = _command_called(arguments["command"])
            lines.append(f"{one.usage} - {one.summary}")
        elif wanted:
            lines += [f"{one.usage} - {one.summary}" for one in self._offered]
        else:
            offered = [command for command in self._offered if not command.privileged]
            lines += [events.topic_line(topic, names) for topic, names in table.by_topic(offered).items()]
            lines.append(events.topic_line("This client", OWN_COMMANDS))
            others = ", ".join(f"/{command.name}" for command in self._offered if command.privileged)
            lines.append(f"Ops of a room and moderators have more: {others}.")
            lines.append("/help msg explains /msg, and /help all explains them all.")
            lines += self.key_lines
        self.model.tell_list(lines)

    @property
    def _offered(self) -> list[Command]:
        """The commands that the user can type here."""
        return [*all_commands(), *(map(table.find, _NOT_NEEDED) if self.only_prints else ())]

    # The client's own commands

    def leave_room(self, room: str | None = None) -> None:
        """Leave that room, or close that private conversation; without one, the room on the screen."""
        left = self.model.current if room is None else self.model.room_called(room)
        if left is None:
            here = self.model.current.title
            raise CannotDo(f"You are not in {(room or '')[:40]}. /leave alone leaves {here}, /go lists where you are.")
        if len(self.model.rooms) == 1:
            raise CannotDo("This is the only room that you are in. /quit leaves the chat.")
        if left.joined and not left.private:
            self.model.expect(self.link.ask("leave", room=left.name))
        else:
            self.model.close(left)

    def go(self, room: str | None = None) -> None:
        """Show the open room of that number, title or name, or the one that is most like it; or list the open rooms.

        ``@bob`` opens a private conversation if there is none.
        """
        named = None if room is None else self.model.room_called(room)
        if named is not None:
            self.model.turn_to(named)
        elif room is None or room.lower() == LIST:
            self.list_open()
        elif room.lower() == CLOSE:
            self.leave_room()
        elif room.lower() == ACTIVE:
            if why_not := self.model.turn_to_unread():
                raise CannotDo(why_not)
        elif room.startswith("@") and room[1:]:
            self.model.turn_to(self.model.open(names.user_name(room[1:]), private=True))
        elif like_it := rooms_like(room, self.model.rooms):
            self.model.turn_to(like_it[0])
        else:
            raise CannotDo(f"You are not in {room[:40]}. /join {room[:40]} goes there.")

    def peek(self, room: str) -> None:
        """Show the last lines of another room, which stays unread."""
        found = self.model.room_called(room)
        if found is None:
            raise CannotDo(f"You are not in {room[:40]}. /join {room[:40]} goes there.")
        if self.model.lists_apart:
            self.model.show(Glance(found))
            return
        for line in list(found.lines)[-PEEKED_LINES:]:
            for text in lines_with_time(line):
                self.model.tell(text)

    def _tell_open(self) -> None:
        """Tell which rooms are open, each with its number."""
        rooms = " ".join(status.label(number, room) for number, room in enumerate(self.model.rooms, 1))
        self.model.tell(f"Open: {rooms}")

    def clear(self) -> None:
        """Take the lines of the room off the screen."""
        if self.only_prints:
            raise CannotDo("What is printed stays. Your terminal has a key or a command that clears it.")
        self.model.current.clear()
        self.model.apart = None

    def send(self, file: str = "") -> None:
        """Send a file to the current room; without its name, what was too much to paste."""
        if not file and not self._too_long:
            raise CannotDo("Say which file: /send log.txt")
        if not file:
            self._send_text(self._too_long)
            return
        try:
            path, size = look_at(file)
        except CannotSend as why:
            raise CannotDo(str(why)) from why
        self._ask_to_send(path.name, size, path)

    def _upload(self, command: Command, arguments: Mapping[str, Any]) -> None:
        """Say that it is not needed."""
        raise CannotDo("/send FILE sends a file.")

    def quit(self) -> None:
        """Leave the chat."""
        self.leave()

    def quiet(self, on: bool | None = None) -> None:
        """Have the current room call the user by nothing but their name, and without the bell, or no longer."""
        room = self.model.current
        room.quiet = not room.quiet if on is None else on
        room.count_unread()
        if room.quiet:
            self.model.tell(f"{room.title} is quiet now: no bell, and Alt-A passes it unless somebody names you.")
        else:
            self.model.tell(f"{room.title} is not quiet any more.")

    def reconnect(self) -> None:
        """Make the next attempt to connect at once."""
        self.model.tell_why_again()
        self.link.try_now()


_BEFORE = {
    "me": Client._act,
    "msg": Client._tell,
    "join": Client._join,
    "topic": Client._topic,
    "nick": Client._nick,
    "history": Client._history,
    "logout": Client._log_out,
    "help": Client._help,
    "register": Client._ask_about_name,
    "password": Client._ask_about_name,
    "unregister": Client._ask_about_name,
    "kick": Client._kick,
    "rooms": Client._rooms,
    "room": Client._switch,
    "op": Client._switch,
    "lock": Client._switch,
    "ignore": Client._switch,
    "moderator": Client._switch,
    "edit": Client._edit,
    "delete": Client._delete,
    "reply": Client._reply,
    "react": Client._react,
    "pin": Client._pin,
    "notify": Client._notify,
    "paste": Client._paste,
    "upload": Client._upload,
}
"""Commands for which the client does more than send a request; all that have a parameter for people only."""

_NOT_NEEDED = ("paste",)
"""Commands for which most screens have a better way."""

_INSTEAD = ("upload",)
"""Commands in whose place the client has one of its own."""

OWN_COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        Command("clear", (), "takes the lines of the room off the screen; PageUp brings messages back", Client.clear),
        Command(
            "go",
            (Parameter("room", Kind.ROOM, optional=True),),
            "turns to a room or private conversation that is open: /go dev, /go @bob, /go 2; alone, lists them",
            Client.go,
        ),
        Command(
            "leave",
            (Parameter("room", Kind.ROOM, optional=True),),
            "leaves the room, or closes the private conversation",
            Client.leave_room,
            farewell=True,
        ),
        Command(
            "peek",
            (Parameter("room", Kind.ROOM),),
            "shows the last lines of another room that is open; they stay unread: /peek dev, /peek 2",
            Client.peek,
        ),
        Command("quiet", (ON,), "has this room not call you, except by your name; again ends that", Client.quiet),
        Command(
            "send",
            (Parameter("file", Kind.TEXT, optional=True),),
            "sends a file to the room: /send log.txt, or without a name what was too much to paste",
            Client.send,
        ),
        Command("quit", (), "leaves the chat", Client.quit, farewell=True),
        Command("reconnect", (), "tries at once to connect again, when there is no connection", Client.reconnect),
    )
}
"""The client's own commands."""

_NOT_HERE = (*OWN_COMMANDS, *_NOT_NEEDED, *_INSTEAD)
"""The commands of the server that users of a client do not type."""


ALIASES: Mapping[str, str] = {
    **table.ALIASES,
    "buffer": "go",
    "unquery": "leave",
    "wc": "leave",
    "win": "go",
    "window": "go",
}
"""What other chats call some of the commands."""


def _check_place(command: Command, arguments: Mapping[str, Any]) -> None:
    """Raise :class:`CannotDo` if a command is about a room, and none is meant: the user is in a conversation."""
    needs_place = any(parameter.here and not parameter.people for parameter in command.parameters)
    if needs_place and not (arguments.get("room") or arguments.get("with")):
        raise CannotDo(f"/{command.name} works in rooms, and this is a private conversation.")


def _command_called(word: str) -> Command:
    """Return the command that users call ``/word``; raises :class:`UnknownCommand`, with the nearest real one."""
    name = word.removeprefix("/").lower()
    name = ALIASES.get(name, name)
    return OWN_COMMANDS.get(name) or table.find(word, list(OWN_COMMANDS))


def goes_to(post: Post, room: Room) -> bool:
    """Return whether a message that is not acknowledged goes to *room*."""
    if room.private and room.with_ is not None and post.fields.get("with") == room.with_:
        return True
    name = post.fields.get("name" if room.private else "room", "")
    return str(name).casefold() == room.name.casefold()


def all_commands() -> list[Command]:
    """All commands that a user can type: the server's and the client's own."""
    served = (command for command in table.for_people() if command.name not in _NOT_HERE)
    return [*served, *OWN_COMMANDS.values()]


def changes_message(text: str) -> bool:
    """Return whether a typed text is to become that of the message that the user said last where they type it."""
    word, _, rest = text.partition(" ")
    return word.lower() == "/edit" and rest != "" and split_id(rest)[0] is None


def has_secret(text: str) -> bool:
    """Return whether there is a password in a typed text, which must not be kept or shown again.

    A command that is misspelt, or that other chats have for that, counts too.
    """
    return any(_takes_password(found[1].lower()) for found in map(_COMMAND.match, text.splitlines()) if found)


_COMMAND = re.compile(r"\s*/[\s/]*(\w+)")
_TAKING_PASSWORDS = [
    command.name
    for command in table.TABLE.values()
    if any(parameter.kind is Kind.SECRET for parameter in command.parameters)
]
"""The commands that take a password."""
_TAKING_PASSWORDS_ELSEWHERE = ("auth", "identify", "login", "nickserv", "ns", "oper", "pass", "passwd", "reg")
"""What other chats call commands that take one."""


def _takes_password(word: str) -> bool:
    from difflib import get_close_matches

    word = table.named(word)
    if word in table.TABLE or word in OWN_COMMANDS:
        return word in _TAKING_PASSWORDS
    return word in _TAKING_PASSWORDS_ELSEWHERE or bool(get_close_matches(word[:40], _TAKING_PASSWORDS, 1, 0.65))
