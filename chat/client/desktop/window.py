"""The window of a user who has joined: rooms, conversation, people, and the input field."""

from __future__ import annotations

import tkinter
from collections.abc import Callable, Mapping
from functools import partial
from tkinter import ttk
from typing import Any, TypeVar

from chat.client.desktop.banner import Banner
from chat.client.desktop.conversation import Conversation, Reader
from chat.client.desktop.drafts import Draft, Editing, Purpose, Reacting
from chat.client.desktop.drawing import shown
from chat.client.desktop.elided_label import ElidedLabel
from chat.client.desktop.finder import Finder
from chat.client.desktop.input_field import InputField
from chat.client.desktop.keys import bind, give_focus
from chat.client.desktop.lists import PeopleList, RoomList
from chat.client.desktop.look import Look
from chat.client.desktop.message_menu import MessageMenu
from chat.client.desktop.open_rooms import as_saved
from chat.client.desktop.place_bar import PlaceBar
from chat.client.desktop.question import Question, Request
from chat.client.desktop.secret_bar import SecretBar
from chat.client.desktop.sending import carry_out
from chat.client.desktop.wrapped_label import WrappedLabel
from chat.client.link.states import Asking, Connecting, Greeting, Refused, Waiting
from chat.client.model import status
from chat.client.model.client import CannotDo, Client
from chat.client.model.excerpt import Excerpt
from chat.client.model.model import Observer
from chat.client.model.open_rooms import OpenRooms
from chat.client.model.room import Room
from chat.client.model.scrollback import Line
from chat.client.model.search_results import Found
from chat.core.errors import ChatError
from chat.core.events import Reaction
from chat.core.names import room_name

Asked = TypeVar("Asked", bound=Question)

FRAME = 50
"""The fewest milliseconds between two redraws."""
NARROWEST, LOWEST = 40, 14
"""The fewest letters and lines of what stands between the lists of rooms and of people, and so of the window."""
KEPT = "What else is half typed is kept for the next start."
ALT = 1 << 3
"""The bit that is set in a key event while Alt is held."""
HELP = """Enter sends, Shift-Enter begins another line, Tab completes, Up and Down bring back what you sent.
Alt-Up and Alt-Down choose a message, and the Menu key shows what you can do with it; so does a right click.
PageUp and PageDown scroll, Ctrl-End goes to the newest line. F6 goes from one part of the window to the next.
Ctrl-N and Ctrl-P go to the next room and back, Alt-1 to Alt-9 to that room, Alt-A to what is unread.
Ctrl-F searches, Ctrl-O opens the last link. Ctrl-Plus, Ctrl-Minus and Ctrl-0 change the size, Ctrl-D the colours.
/help lists what you can type; Ctrl-Q leaves the chat."""

KEY_LINES = (
    "Tab completes. Alt-Enter begins a line. PageUp and PageDown scroll. Ctrl-N goes to the next room.",
    "Alt-A goes to unread rooms, Ctrl-F searches, F1 lists the keys.",
)


class Window(Observer, Reader):
    """Shows *client* in *root*. *notify* shows a notification, *browse* shows a web page.

    *drafts* is what was half typed last time.
    """

    def __init__(
        self,
        root: tkinter.Tk,
        look: Look,
        client: Client,
        address: str,
        notify: Callable[[str, str, Callable[[], None]], None],
        browse: Callable[[str], None],
        drafts: Mapping[Room, Draft] = {},
    ) -> None:
        self._root = root
        self._look = look
        self._client = client
        self._model = client.model
        self._address = address
        self._notify = notify
        self._browse = browse
        self._drafts = dict(drafts)
        self._room: Room | None = None
        self._excerpt: Excerpt | None = None
        """The excerpt whose message was gone to."""
        self._joining: Found | None = None
        """A message to go to as soon as the user is in its room."""
        self._drawing: str | None = None
        self._question: Question | None = None
        client.key_lines = KEY_LINES
        client.leave = lambda: root.after_idle(self.exit)  # when the word that says so is no longer half typed
        self._lay_out()
        self._menu = MessageMenu(look, client, self.entry.begin_for, self._copy, self._change)
        self._bind()
        self._model.observe(self)
        self._look_or_not()
        self._draw()
        look.watch(lambda: root.minsize(self._middle_width, look.body.metrics("linespace") * LOWEST))
        root.deiconify()
        give_focus(self.entry.text)

    # What the model tells

    def changed(self) -> None:
        """Draw again, soon. What is typed goes at once to the room to which the user has turned."""
        if self._model.current is not self._room:
            self._turn_entry(self._model.current)
        if self._drawing is None:
            self._drawing = self._root.after(FRAME, self._draw)

    def called(self, room: Room, line: Line) -> None:
        """Notify the user if the window is not in front."""
        if self._in_front:
            return
        title = line.author if room.private else f"{line.author} in {room.title}"
        self._notify(title, line.text, lambda: self._come_up(room))

    def refused(self, room: Room, text: str) -> None:
        """Put what was not delivered back into the input field of its room, unless there is something in it."""
        if room is self._room:
            self.entry.give_back(text)
        elif (draft := self._drafts.get(room)) is not None and draft.is_empty:
            draft.text = text

    # What the user does

    def exit(self) -> None:
        """Leave the chat; ask first if something would be lost."""
        if lost := self._lost_words():
            self._ask(Question, "Exit the chat?", lost, "Exit", self._leave).appear()
        else:
            self._leave()

    def _leave(self) -> str:
        self.hint("Leaving …")
        self._client.link.leave()
        return ""

    def _lost_words(self) -> str:
        """Tell what would be lost if the user left now, and what would not."""
        self.entry.keep()
        lost = []
        if unsent := len(self._client.link.outbox):
            lost.append("1 message is not sent yet." if unsent == 1 else f"{unsent} messages are not sent yet.")
        lost += [f"{shown(upload.name)} is not sent yet." for upload in self._client.uploads]
        begun = [room for room, draft in self._drafts.items() if draft.is_lost and room in self._model.rooms]
        lost += [f"In {shown(room.title)} you have not finished an edit or a reaction." for room in begun]
        if not lost:
            return ""
        half_typed = any(draft.kept.strip() for draft in self._drafts.values())
        return "\n".join([*lost, "That would be lost.", *([KEPT] if half_typed else [])])

    @property
    def open_rooms(self) -> OpenRooms:
        """What is open, to be saved."""
        self.entry.keep()
        return as_saved(self._model, self._drafts, self._client.is_code)

    def _ask(self, question: Callable[..., Asked], title: str, words: str, *arguments: Any, **named: Any) -> Asked:
        """Make a question, which takes the place of the one that is open."""
        if self._question is not None:
            self._question.destroy()
        asked = question(self._root, self._look, title, words, *arguments, back=self._asked, **named)
        self._question = asked
        return asked

    def _asked(self) -> None:
        """A question was answered, or closed."""
        self._question = None
        self.entry.text.focus_set()

    def _ask_room(self) -> None:
        """Ask which room to join, and offer those that there are."""
        words = "Type its name, or choose one. A room that does not exist yet is made."
        request = self._ask(Request, "Join a room", words, "Join", self._join, offers=self._other_rooms)
        request.appear(request.field)
        self._client.list_rooms()

    def _join(self, text: str) -> str:
        """Join the room of that name; return why that is not possible, if so."""
        try:
            name = room_name(text.strip())
        except ChatError as refusal:
            return str(refusal)
        return self._why_not(lambda: self._client.enter(f"/join {name}"))

    def _other_rooms(self) -> list[str]:
        """The rooms that are known, and that the user is not in."""
        joined = {room.name for room in self._model.rooms if room.joined and not room.private}
        return [name for name in self._model.known_rooms if name not in joined]

    def _ask_topic(self) -> None:
        """Ask for the topic of the current room."""
        room = self._model.current
        if room.private:
            self.hint("Rooms have topics, and this is a private conversation.")
            return
        request = self._ask(
            Request,
            f"Topic of {shown(room.title)}",
            "What is the room about? If you leave this empty, it has no topic.",
            "Set",
            lambda text: self._in_room(room, f"/topic {text.strip() or '-'}"),
            text=room.topic,
        )
        request.appear(request.field)

    def _in_room(self, room: Room, line: str) -> str:
        """Carry out a line in the room for which the user chose it; return why that is not possible, if so."""
        if room not in self._model.rooms:
            return f"You are not in {shown(room.title)} any more."
        self._model.turn_to(room)
        return self._why_not(lambda: self._client.enter(line))

    def hint(self, text: str) -> None:
        """Show a sentence above the input field; an empty text removes it."""
        self._hint.configure(text=text)
        if text:
            self._hint.grid()
        else:
            self._hint.grid_remove()

    def _send(self, text: str, purpose: Purpose | None) -> str | None:
        room = self._room
        try:
            following = carry_out(self._client, text, purpose)
        except CannotDo as reason:
            self.hint(str(reason))
            return None
        self.hint("")
        self.conversation.unmark()
        if self._model.current is room and not isinstance(purpose, Editing | Reacting):
            self.go_to_newest()
        return following

    def _do(self, line: str) -> None:
        """Carry out a line that the user has chosen from a menu or by a key."""
        self._try(lambda: self._client.enter(line))
        self.entry.text.focus_set()

    def _turn_to(self, room: Room) -> None:
        self._model.turn_to(room)

    def _talk_to(self, name: str) -> None:
        """Open a private conversation, unless it would be with oneself."""
        if name != self._model.name:
            self._do(f"/go @{name}")

    def _turn_to_number(self, number: int) -> None:
        if number <= len(self._model.rooms):
            self._model.turn_to(self._model.rooms[number - 1])

    def _come_up(self, room: Room) -> None:
        """Show *room* to a user who has clicked on a notification."""
        if room in self._model.rooms:
            self._model.turn_to(room)
        self._root.deiconify()
        self._root.lift()
        self.entry.text.focus_force()

    def _open_newest_link(self) -> None:
        link = self.conversation.newest_link()
        if link is None:
            self.hint("There is no link here.")
        else:
            self._browse(link)

    def _show_help(self) -> None:
        self._ask(Question, "Keys", HELP).appear()

    @property
    def _in_front(self) -> bool:
        return self._root.focus_displayof() is not None

    def _look_or_not(self) -> None:
        """Tell the model whether the user sees the newest lines, or whether something else covers them."""
        covered = bool(self.finder.winfo_manager()) or self._model.excerpt is not None
        self._model.look(self._in_front and not covered)

    # What the user does with what was said

    def read_on(self, older: bool) -> None:
        """Fetch more lines above those that are there, or below them."""
        if self._model.excerpt is not None:
            self._client.read_on(older)
        elif older:
            self._client.ask_earlier()

    def open_link(self, link: str) -> None:
        """Show a web page."""
        self._browse(link)

    def go_to_newest(self) -> None:
        """Show the newest line of the room."""
        self.finder.grid_remove()
        if self._model.excerpt is not None:
            self._model.turn_to(self._model.current)
            self._draw()
        self.conversation.follow()

    def go_to_message(self, number: int) -> None:
        """Show a message of the current room; if it is not there, fetch what was said round it."""
        if self._model.excerpt is not None and self.conversation.go_to(number):
            return
        if self._model.current.lines.find(number) is not None:
            self._model.turn_to(self._model.current)
            self._draw()
            self.conversation.go_to(number)
        else:
            self._try(lambda: self._client.open_at(number))

    def open_menu(self, line: Line, x: int, y: int) -> None:
        """Show what can be done with a line, at that place of the screen."""
        self._post(self._menu.menu(line), x, y)

    def _post(self, menu: tkinter.Menu, x: int, y: int) -> None:
        menu.tk_popup(x, y)

    def react(self, line: Line, reaction: Reaction) -> None:
        """React to a message in the same way, or take that back."""
        self._change("react", id=line.id, text=reaction.text, on=not reaction.mine)

    def _change(self, request: str, **fields: object) -> None:
        """Send a request about a message."""
        self._try(lambda: self._client.change(request, **fields))
        self.entry.text.focus_set()

    def _copy(self, line: Line) -> None:
        """Copy what is selected, or the text of a message if that is all that is selected."""
        self.conversation.copy(line)

    # Drawing

    def _draw(self) -> None:
        if self._drawing is not None:
            self._root.after_cancel(self._drawing)
        self._drawing = None
        model, room = self._model, self._model.current
        if room is not self._room:
            self._turn_entry(room)
        self._draw_conversation(room)
        self.rooms.show(model.rooms, room)
        self.people.show(room)
        self.finder.show(model.search)
        covered = bool(self.finder.winfo_manager())
        self.place.show(None if covered else model.search, None if covered else model.excerpt)
        self._look_or_not()
        _set(self._title, shown(status.title(room)))
        self._topic.show(shown(status.topic(room)))
        _set(self._people_title, status.people(room).upper())
        details = (status.place(model), self._address, status.lag(model), self._unsent_words())
        self._status.show(shown("   ·   ".join(detail for detail in details if detail)))
        self._fit()
        self._draw_banner()
        if self._question is not None:
            self._question.refresh()
        self._go_on()
        waiting = [each for each in model.rooms if each.is_waiting]
        unread = sum(each.unread for each in waiting)
        more = "+" if any(each.more_unread for each in waiting) else ""
        title = f"{shown(room.title)} - {shown(model.name)}@{self._address}"
        title = f"({unread}{more}) {title}" if unread else title
        if self._root.title() != title:
            self._root.title(title)

    def _turn_entry(self, room: Room) -> None:
        """Show in the input field what is half typed in *room*."""
        if self._room is not None:
            self.finder.grid_remove()
        self._room = room
        self.entry.turn_to(self._drafts.setdefault(room, Draft()))
        for each in [each for each in self._drafts if each not in self._model.rooms]:
            self._keep(self._drafts.pop(each).kept)

    def _keep(self, text: str) -> None:
        """Have the user go on with what they had typed in a room that has closed, unless it was a command."""
        if text.strip() and not text.startswith("/"):
            self.entry.give_back(text)

    def _draw_conversation(self, room: Room) -> None:
        """Draw the room, or what is read round a message, as soon as that is there."""
        excerpt = self._model.excerpt
        if excerpt is None or not excerpt.lines:
            self.conversation.show(room, self._client.unsent(room))
            return
        self.conversation.show(excerpt, ())
        if excerpt is not self._excerpt:
            self._excerpt = excerpt
            self.conversation.go_to(excerpt.number)

    def _draw_banner(self) -> None:
        state = self._model.state
        why = shown(status.why(state))
        match state:
            case Waiting(seconds=seconds):
                words = f"Disconnected from server. Next try in {seconds} s. {why} /reconnect tries now."
            case Connecting() | Greeting():
                words = "Disconnected from server. Connecting …"
            case Refused():
                words = f"Disconnected from server. {why} /reconnect tries again."
            case Asking():
                words = f"Disconnected from server. {why}"
            case _:
                words = ""
        self._banner.show(words, waits=isinstance(state, Waiting | Refused))
        self._draw_question()

    def _draw_question(self) -> None:
        """Ask for what the server wants to know. The keyboard goes there if nothing is being typed."""
        focused = self._root.focus_get()
        if self.secret.ask(status.question(self._model.state)):
            if focused is self.entry.text and not self.entry.text.get("1.0", "end-1c"):
                self.secret.field.focus_set()
        elif focused is self.secret.field and not self.secret.winfo_manager():
            self.entry.text.focus_set()

    def _unsent_words(self) -> str:
        unsent = len(self._client.link.outbox)
        return f"{unsent} unsent" if unsent else ""

    # How it is laid out

    def _lay_out(self) -> None:
        root, look, gap = self._root, self._look, self._look.gap
        root.columnconfigure(2, weight=1)
        root.rowconfigure(0, weight=1)
        side = ttk.Frame(root, style="Side.TFrame", padding=(gap, gap * 2, 0, gap))
        ttk.Label(side, text="ROOMS", style="Heading.Side.TLabel", padding=(gap // 4, 0)).pack(anchor="w")
        self.rooms = RoomList(side, look, self._turn_to)
        self.rooms.pack(fill="both", expand=True, pady=gap)
        self._left = (side, _border(root))
        self._lay_out_middle(ttk.Frame(root))
        side = ttk.Frame(root, style="Side.TFrame", padding=(gap, gap * 2, 0, gap))
        self._right = (side, _border(root))
        self._people_title = ttk.Label(side, style="Heading.Side.TLabel", padding=(gap // 4, 0))
        self._people_title.pack(anchor="w")
        self.people = PeopleList(side, look, self._talk_to)
        self.people.pack(fill="both", expand=True, pady=gap)
        foot = ttk.Frame(root, padding=(gap * 2, gap // 2))
        foot.grid(row=2, column=0, columnspan=5, sticky="ew")
        _border(root).grid(row=1, column=0, columnspan=5, sticky="ew")
        self._status = ElidedLabel(foot, look, look.small, name="status", style="Muted.TLabel")
        self._status.pack(side="left", fill="x", expand=True)
        for column, part in ((0, self._left[0]), (1, self._left[1]), (3, self._right[1]), (4, self._right[0])):
            part.grid(row=0, column=column, sticky="ns")
        look.watch(self._fit)

    @property
    def _middle_width(self) -> int:
        return self._look.body.measure("0" * NARROWEST)

    def _fit(self) -> None:
        """Show beside the conversation what there is room for: first the rooms, then the people, if there are any."""
        left, right = (sides[0].winfo_reqwidth() for sides in (self._left, self._right))
        free = self._root.winfo_width() - self._middle_width - left
        is_laid_out = self._root.winfo_width() > 1
        _show(self._left, free >= 0 or not is_laid_out)
        _show(self._right, (free >= right or not is_laid_out) and not self._model.current.private)

    def _lay_out_middle(self, middle: ttk.Frame) -> None:
        look, gap = self._look, self._look.gap
        middle.grid(row=0, column=2, sticky="nsew")
        middle.columnconfigure(0, weight=1)
        middle.rowconfigure(2, weight=1)
        head = ttk.Frame(middle, padding=(gap * 2, gap))
        head.grid(row=0, column=0, sticky="ew")
        ttk.Button(head, text="Search", name="find", style="Flat.TButton", command=self._open_finder).pack(side="right")
        menu = ttk.Button(head, text="Menu", name="menu", style="Flat.TButton", command=lambda: self._open_menu(menu))
        menu.pack(side="right")
        self._title = ttk.Label(head, name="title", style="Title.TLabel")
        self._title.pack(side="left")
        self._topic = ElidedLabel(head, look, look.small, name="topic", style="Muted.TLabel")
        self._topic.pack(side="left", fill="x", expand=True, padx=gap * 2)
        _border(middle).grid(row=1, column=0, sticky="ew")
        self.conversation = Conversation(middle, look, self._model.mention_spans, self)
        self.conversation.grid(row=2, column=0, sticky="nsew")
        self.finder = Finder(middle, look, self._search, self._search_older, self._go_to_found, self._close_finder)
        self.finder.grid(row=2, column=0, sticky="nsew")
        self.finder.grid_remove()
        self.place = PlaceBar(middle, look, self._back, self._close_finder)
        self.place.grid(row=3, column=0, sticky="ew")
        self._banner = Banner(middle, look, lambda: self._do("/reconnect"))
        self._banner.grid(row=4, column=0, sticky="ew")
        self._banner.grid_remove()
        self.secret = SecretBar(middle, look, lambda secret: self._try(lambda: self._client.give(secret)))
        self.secret.grid(row=5, column=0, sticky="ew")
        self.secret.grid_remove()
        self._hint = WrappedLabel(middle, name="hint", style="Hint.TLabel", padding=(gap * 2, gap, gap * 2, 0))
        self._hint.grid(row=6, column=0, sticky="ew")
        self._hint.grid_remove()
        foot = ttk.Frame(middle, padding=gap * 3 // 2)
        foot.grid(row=7, column=0, sticky="ew")
        foot.columnconfigure(0, weight=1)
        client = self._client
        self.entry = InputField(foot, look, self._send, client.complete, client.keep_paste, client.is_secret, self.hint)
        self.entry.grid(row=0, column=0, sticky="ew")
        ttk.Button(foot, text="Send", name="send", style="Accent.TButton", command=self.entry.submit).grid(
            row=0, column=1, sticky="s", padx=(gap, 0)
        )

    def _open_menu(self, button: ttk.Button) -> None:
        self._post(self._window_menu(), button.winfo_rootx(), button.winfo_rooty() + button.winfo_height())

    def _window_menu(self) -> tkinter.Menu:
        """Return the menu of the window. What it does in a room, it does in the one that is shown now."""
        menu, room = self._look.menu(), self._model.current
        for label, key, command in (
            ("Join a room …", "", self._ask_room),
            ("Close" if room.private else "Leave this room", "", lambda: self.hint(self._in_room(room, "/leave"))),
            ("Set the topic …", "", self._ask_topic),
            (f"Pinned messages ({room.pins})", "", self._show_pins),
            ("", "", None),
            ("Larger", "Ctrl +", lambda: self._look.resize(1)),
            ("Smaller", "Ctrl −", lambda: self._look.resize(-1)),
            ("Usual size", "Ctrl 0", lambda: self._look.resize(0)),
            ("Light" if self._look.dark else "Dark", "Ctrl D", self._look.toggle_dark),
            ("", "", None),
            ("Search …", "Ctrl F", self._open_finder),
            ("Keys", "F1", self._show_help),
            ("", "", None),
            ("Exit", "Ctrl Q", self.exit),
        ):
            if command is None:
                menu.add_separator()
            else:
                menu.add_command(label=label, accelerator=key, command=command)
        return menu

    # Searching

    def _open_finder(self) -> None:
        """Show the search, with the results of the last one if it was not closed."""
        self.finder.grid()
        self.finder.begin()
        self.changed()

    def _close_finder(self) -> None:
        """Forget what was found, and show the room."""
        self.finder.grid_remove()
        self._model.search = self._joining = None
        self._model.turn_to(self._model.current)
        self.finder.show(None)
        self.entry.text.focus_set()

    def _back(self) -> None:
        """Go back from a message that was found to the others."""
        self._model.turn_to(self._model.current)
        self._open_finder()

    def _search(self, text: str) -> None:
        self._joining = None
        self._client.search(text)
        self.changed()

    def _search_older(self) -> None:
        self._client.search_older()
        self.changed()

    def _show_pins(self) -> None:
        if self._model.current.private:
            self.hint("Messages are pinned in rooms, and this is a private conversation.")
            return
        self._client.list_pins()
        self._open_finder()

    def _try(self, action: Callable[[], None]) -> None:
        """Do something; if that is not possible, say why above the input field."""
        if why := self._why_not(action):
            self.hint(why)

    def _why_not(self, action: Callable[[], None]) -> str:
        """Do something; return why that is not possible, if so."""
        try:
            action()
        except CannotDo as reason:
            return str(reason)
        finally:
            self.changed()
        return ""

    def _go_to_found(self, found: Found, join: bool) -> None:
        """Show a message that was found in its place, after joining its room if the user wants to."""
        model = self._model
        room = None if found.private else model.find(found.room)
        if found.private:
            room = model.conversation(found.room, found.with_)
        elif room is None or not room.joined:
            self._joining = found
            if join:
                self._do(f"/join {found.room}")
                self.finder.grid_remove()
            else:
                self.finder.ask_to_join(found)
            return
        self._joining = None
        self.finder.grid_remove()
        model.turn_to(room)
        self.entry.text.focus_set()
        if found.line.id is not None:
            self.go_to_message(found.line.id)

    def _go_on(self) -> None:
        """Do what had to wait: go to a message whose room is joined now, search again if there was no connection."""
        found, search = self._joining, self._model.search
        if found is not None and (room := self._model.find(found.room)) is not None and room.joined and room.lines:
            self._go_to_found(found, join=False)
        if search is not None and search.waits and self._client.link.online:
            self._client.search_older()
        excerpt = self._model.excerpt
        if excerpt is not None and not (excerpt.lines or excerpt.tag) and self._client.link.online:
            self._client.open_at(excerpt.number)

    def _bind(self) -> None:
        root, look, conversation = self._root, self._look, self.conversation
        root.protocol("WM_DELETE_WINDOW", self.exit)
        root.bind("<Configure>", lambda event: self._fit() if event.widget is root else None)
        root.bind("<FocusIn>", lambda _: self._focus_moved())
        root.bind("<FocusOut>", lambda _: root.after_idle(self._focus_moved))
        actions: dict[str, Callable[[], object]] = {
            "<Prior>": lambda: conversation.scroll(-1, "pages"),
            "<Next>": lambda: conversation.scroll(1, "pages"),
            "<Control-End>": self.go_to_newest,
            "<Control-n>": lambda: self._model.turn_by(1),
            "<Control-p>": lambda: self._model.turn_by(-1),
            "<Alt-Up>": lambda: conversation.choose(-1),
            "<Alt-Down>": lambda: conversation.choose(1),
            "<Menu>": conversation.open_menu,
            "<Shift-F10>": conversation.open_menu,
            "<Alt-a>": lambda: self.hint(self._model.turn_to_unread()),
            "<Control-f>": self._open_finder,
            "<Control-o>": self._open_newest_link,
            "<Control-d>": look.toggle_dark,
            "<Control-plus>": lambda: look.resize(1),
            "<Control-equal>": lambda: look.resize(1),
            "<Control-KP_Add>": lambda: look.resize(1),
            "<Control-minus>": lambda: look.resize(-1),
            "<Control-KP_Subtract>": lambda: look.resize(-1),
            "<Control-0>": lambda: look.resize(0),
            "<Control-q>": self.exit,
            "<F1>": self._show_help,
            "<F6>": self._next_part,
            "<Escape>": self._escape,
        }
        for part in (conversation.text, self.rooms.tree, self.people.tree):
            part.bind("<Key>", self._typed_elsewhere)
        self.rooms.tree.bind("<ButtonRelease-1>", lambda _: self.entry.text.focus_set(), add=True)
        for number in range(1, 10):
            actions[f"<Alt-Key-{number}>"] = partial(self._turn_to_number, number)
        for key, action in actions.items():
            bind(self.entry.text, action, key)
            bind(root, action, key)

    def _typed_elsewhere(self, event: tkinter.Event[tkinter.Misc]) -> str | None:
        """Type into the input field what is typed while another part of the window has the keyboard focus."""
        with_alt = int(event.state) & ALT
        if not event.char.isprintable() or not event.char or with_alt:
            return None
        self.entry.text.focus_set()
        self.entry.insert(event.char)
        return "break"

    def _escape(self) -> None:
        """Leave what was begun last; if that is nothing, ask whether to stop sending a file, or stop it."""
        asked = str(self._hint.cget("text"))
        self.hint("")
        self.conversation.unmark()
        if self.finder.winfo_manager():
            self._close_finder()
        elif self.entry.end():
            pass
        elif self._model.search is not None:
            self._back()
            return
        elif self._model.excerpt is not None:
            self.go_to_newest()
        else:
            self.hint(self._client.stop_sending(asked))
        self.entry.text.focus_set()

    def _next_part(self) -> None:
        """Give the next part of the window the keyboard focus."""
        parts = [self.entry.text, self.rooms.tree, self.conversation.text, self.people.tree]
        parts = [part for part in parts if part.winfo_viewable()]
        focus = self._root.focus_get()
        here = parts.index(focus) if focus in parts else -1
        parts[(here + 1) % len(parts)].focus_set()

    def _focus_moved(self) -> None:
        self._look_or_not()


def _border(parent: tkinter.Misc) -> ttk.Frame:
    return ttk.Frame(parent, style="Border.TFrame", width=1, height=1)


def _show(parts: tuple[ttk.Frame, ...], are_shown: bool) -> None:
    for part in parts:
        if are_shown:
            part.grid()
        else:
            part.grid_remove()


def _set(label: ttk.Label, text: str) -> None:
    if label.cget("text") != text:
        label.configure(text=text)
