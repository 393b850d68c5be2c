"""The window of a user who has joined: rooms, conversation, people, and the input field."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from functools import partial
from tkinter import ttk

from chat.client import status
from chat.client.client import CannotDo, Client
from chat.client.desktop.conversation import Conversation
from chat.client.desktop.drafts import Draft
from chat.client.desktop.drawing import shown
from chat.client.desktop.finder import Finder
from chat.client.desktop.input_field import InputField
from chat.client.desktop.keys import bind, give_focus
from chat.client.desktop.lists import PeopleList, RoomList
from chat.client.desktop.look import Look
from chat.client.link import Connecting, Waiting
from chat.client.model import Observer
from chat.client.room import Room
from chat.client.scrollback import Line
from chat.client.search_results import Found

FRAME = 50
"""The fewest milliseconds between two redraws."""
ALT = 1 << 3
"""The bit that is set in a key event while Alt is held."""
HELP = """Enter sends, Shift-Enter begins another line, Tab completes, Up and Down bring back what you sent.
PageUp and PageDown scroll, Ctrl-End goes to the newest line. F6 goes from one part of the window to the next.
Ctrl-N and Ctrl-P go to the next room and back, Alt-1 to Alt-9 to that room, Alt-A to what is unread.
Ctrl-F searches, Ctrl-O opens the last link. Ctrl-Plus, Ctrl-Minus and Ctrl-0 change the size, Ctrl-D the colours.
/help lists what you can type; exit leaves."""


class Window(Observer):
    """Shows *client* in *root*. *notify* shows a notification, *open_link* shows a web page."""

    def __init__(
        self,
        root: tkinter.Tk,
        look: Look,
        client: Client,
        address: str,
        notify: Callable[[str, str, Callable[[], None]], None],
        open_link: Callable[[str], None],
    ) -> None:
        self._root = root
        self._look = look
        self._client = client
        self._model = client.model
        self._address = address
        self._notify = notify
        self._open_link = open_link
        self._drafts: dict[Room, Draft] = {}
        self._room: Room | None = None
        self._drawing: str | None = None
        self._lay_out()
        self._bind()
        self._model.observe(self)
        self._model.look(self._in_front)
        self._draw()
        root.minsize(look.body.measure("0" * 50), look.body.metrics("linespace") * 14)
        root.deiconify()
        give_focus(self.entry.text)

    # What the model tells

    def changed(self) -> None:
        """Draw again, soon."""
        if self._drawing is None:
            self._drawing = self._root.after(FRAME, self._draw)

    def called(self, room: Room, line: Line) -> None:
        """Notify the user if the window is not in front."""
        if self._in_front:
            return
        title = line.author if room.private else f"{line.author} in {room.title}"
        self._notify(title, line.text, lambda: self._come_up(room))

    # What the user does

    def leave(self) -> None:
        """Leave the chat."""
        self.hint("Leaving …")
        self._client.link.leave()

    def hint(self, text: str) -> None:
        """Show a sentence above the input field; an empty text removes it."""
        self._hint.configure(text=text)
        if text:
            self._hint.grid()
        else:
            self._hint.grid_remove()

    def _send(self, text: str) -> bool:
        lines = [line for line in text.split("\n") if line.strip()]
        try:
            if len(lines) > 1:
                self._client.say_lines(lines)
            else:
                self._client.enter(lines[0])
        except CannotDo as reason:
            self.hint(str(reason))
            return False
        self.hint("")
        if self._model.current is self._room:
            self.conversation.follow()
        return True

    def _do(self, line: str) -> None:
        """Carry out a line that the user has chosen from a menu or by a key."""
        self._try(lambda: self._client.enter(line))
        self.entry.text.focus_set()

    def _turn_to(self, room: Room) -> None:
        self._model.turn_to(room)

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
            self._open_link(link)

    def _show_help(self) -> None:
        for line in HELP.splitlines():
            self._model.tell(line)

    @property
    def _in_front(self) -> bool:
        return self._root.focus_displayof() is not None

    # Drawing

    def _draw(self) -> None:
        self._drawing = None
        model, room = self._model, self._model.current
        if room is not self._room:
            self._room = room
            self.entry.turn_to(self._drafts.setdefault(room, Draft()))
            self._drafts = {each: draft for each, draft in self._drafts.items() if each in model.rooms}
        self.conversation.show(room, self._client.unsent(room))
        self.rooms.show(model.rooms, room)
        self.people.show(room)
        self.finder.show(model.search)
        _set(self._title, shown(status.title(room)))
        _set(self._topic, shown(status.topic(room)))
        _set(self._people_title, status.people(room).upper())
        details = (status.place(model), self._address, status.lag(model), self._unsent_words())
        _set(self._status, shown("   ·   ".join(detail for detail in details if detail)))
        self._draw_banner()
        unread = sum(each.unread for each in model.rooms)
        more = "+" if any(each.more_unread for each in model.rooms) else ""
        title = f"{shown(room.title)} - {shown(model.name)}@{self._address}"
        title = f"({unread}{more}) {title}" if unread else title
        if self._root.title() != title:
            self._root.title(title)

    def _draw_banner(self) -> None:
        match self._model.state:
            case Waiting(seconds=seconds):
                _set(self._banner, f"Disconnected from server. Next try in {seconds} s.")
                self._banner.grid()
            case Connecting():
                _set(self._banner, "Disconnected from server. Connecting …")
                self._banner.grid()
            case _:
                self._banner.grid_remove()

    def _unsent_words(self) -> str:
        unsent = len(self._client.link.outbox)
        return f"{unsent} unsent" if unsent else ""

    # How it is laid out

    def _lay_out(self) -> None:
        root, look, gap = self._root, self._look, self._look.gap
        root.columnconfigure(2, weight=1)
        root.rowconfigure(0, weight=1)
        side = ttk.Frame(root, style="Side.TFrame", padding=(gap, gap * 2, 0, gap))
        side.grid(row=0, column=0, sticky="ns")
        ttk.Label(side, text="ROOMS", style="Heading.Side.TLabel", padding=(gap // 4, 0)).pack(anchor="w")
        self.rooms = RoomList(side, look, self._turn_to)
        self.rooms.pack(fill="both", expand=True, pady=gap)
        _border(root).grid(row=0, column=1, sticky="ns")
        self._lay_out_middle(ttk.Frame(root))
        self._side = ttk.Frame(root, style="Side.TFrame", padding=(gap, gap * 2, 0, gap))
        self._side.grid(row=0, column=4, sticky="ns")
        _border(root).grid(row=0, column=3, sticky="ns")
        self._people_title = ttk.Label(self._side, style="Heading.Side.TLabel", padding=(gap // 4, 0))
        self._people_title.pack(anchor="w")
        self.people = PeopleList(self._side, look, lambda name: self._do(f"/go @{name}"))
        self.people.pack(fill="both", expand=True, pady=gap)
        foot = ttk.Frame(root, padding=(gap * 2, gap // 2))
        foot.grid(row=2, column=0, columnspan=5, sticky="ew")
        _border(root).grid(row=1, column=0, columnspan=5, sticky="ew")
        self._status = ttk.Label(foot, name="status", style="Muted.TLabel")
        self._status.pack(side="left")

    def _lay_out_middle(self, middle: ttk.Frame) -> None:
        look, gap = self._look, self._look.gap
        middle.grid(row=0, column=2, sticky="nsew")
        middle.columnconfigure(0, weight=1)
        middle.rowconfigure(2, weight=1)
        head = ttk.Frame(middle, padding=(gap * 2, gap))
        head.grid(row=0, column=0, sticky="ew")
        self._title = ttk.Label(head, name="title", style="Title.TLabel")
        self._title.pack(side="left")
        ttk.Button(head, text="Leave", name="leave", style="Flat.TButton", command=self.leave).pack(side="right")
        ttk.Button(head, text="Search", name="find", style="Flat.TButton", command=self._open_finder).pack(side="right")
        menu = ttk.Button(head, text="Menu", name="menu", style="Flat.TButton", command=lambda: self._open_menu(menu))
        menu.pack(side="right")
        self._topic = ttk.Label(head, name="topic", style="Muted.TLabel")
        self._topic.pack(side="left", padx=gap * 2)
        _border(middle).grid(row=1, column=0, sticky="ew")
        self.conversation = Conversation(
            middle, look, self._model.mention_spans, self._client.ask_earlier, self._open_link
        )
        self.conversation.grid(row=2, column=0, sticky="nsew")
        self.finder = Finder(middle, look, self._search, self._search_older, self._go_to_message, self._close_finder)
        self.finder.grid(row=2, column=0, sticky="nsew")
        self.finder.grid_remove()
        self._banner = ttk.Label(middle, name="banner", style="Alert.TLabel", padding=(gap * 2, gap))
        self._banner.grid(row=3, column=0, sticky="ew")
        self._banner.grid_remove()
        self._hint = ttk.Label(middle, name="hint", style="Hint.TLabel", padding=(gap * 2, gap, gap * 2, 0))
        self._hint.grid(row=4, column=0, sticky="ew")
        self._hint.grid_remove()
        foot = ttk.Frame(middle, padding=gap * 3 // 2)
        foot.grid(row=5, column=0, sticky="ew")
        foot.columnconfigure(0, weight=1)
        self.entry = InputField(foot, look, self._send, self._client.complete, self.hint)
        self.entry.grid(row=0, column=0, sticky="ew")
        ttk.Button(foot, text="Send", name="send", style="Accent.TButton", command=self.entry.submit).grid(
            row=0, column=1, sticky="s", padx=(gap, 0)
        )

    def _open_menu(self, button: ttk.Button) -> None:
        menu = tkinter.Menu(self._root, tearoff=False)
        self._dress_menu(menu)
        for label, key, command in (
            ("Join a room …", "", lambda: self._begin("/join ")),
            ("Leave this room", "", lambda: self._do("/leave")),
            ("Set the topic …", "", lambda: self._begin("/topic ")),
            ("", "", None),
            ("Larger", "Ctrl +", lambda: self._look.resize(1)),
            ("Smaller", "Ctrl −", lambda: self._look.resize(-1)),
            ("Usual size", "Ctrl 0", lambda: self._look.resize(0)),
            ("Light" if self._look.dark else "Dark", "Ctrl D", self._look.toggle_dark),
            ("", "", None),
            ("Search …", "Ctrl F", self._open_finder),
            ("Keys", "F1", self._show_help),
        ):
            if command is None:
                menu.add_separator()
            else:
                menu.add_command(label=label, accelerator=key, command=command)
        menu.tk_popup(button.winfo_rootx(), button.winfo_rooty() + button.winfo_height())

    # Searching

    def _open_finder(self) -> None:
        self.finder.grid()
        self.finder.begin()

    def _close_finder(self) -> None:
        self.finder.grid_remove()
        self._model.search = None
        self.finder.show(None)
        self.entry.text.focus_set()

    def _search(self, text: str) -> None:
        self._try(lambda: self._client.search(text))

    def _search_older(self) -> None:
        self._try(self._client.search_older)

    def _try(self, action: Callable[[], None]) -> None:
        try:
            action()
        except CannotDo as reason:
            self.hint(str(reason))
        self.changed()

    def _go_to_message(self, found: Found) -> None:
        """Show where a message was said."""
        self._close_finder()
        if found.private:
            self._model.turn_to(self._model.conversation(found.room, found.with_))
        elif self._model.find(found.room) is None:
            self._do(f"/join {found.room}")
        else:
            self._model.turn_to(self._model.open(found.room))
        self._draw()
        if not (found.line.id and self.conversation.go_to(found.line.id)):
            self.hint("That message is further up: scroll up, and older ones are fetched.")

    def _begin(self, line: str) -> None:
        """Put the beginning of a line into the input field."""
        self.entry.text.focus_set()
        self.entry.begin(line)

    def _dress_menu(self, menu: tkinter.Menu) -> None:
        colours = self._look.palette
        menu.configure(
            background=colours.raised,
            foreground=colours.text,
            activebackground=colours.selected,
            activeforeground=colours.text,
            font=self._look.body,
            borderwidth=1,
            activeborderwidth=0,
            relief="flat",
        )

    def _bind(self) -> None:
        root, look, conversation = self._root, self._look, self.conversation
        root.protocol("WM_DELETE_WINDOW", self.leave)
        root.bind("<FocusIn>", lambda _: self._focus_moved())
        root.bind("<FocusOut>", lambda _: root.after_idle(self._focus_moved))
        actions: dict[str, Callable[[], object]] = {
            "<Prior>": lambda: conversation.scroll(-1, "pages"),
            "<Next>": lambda: conversation.scroll(1, "pages"),
            "<Control-End>": conversation.follow,
            "<Control-n>": lambda: self._model.turn_by(1),
            "<Control-p>": lambda: self._model.turn_by(-1),
            "<Alt-a>": self._model.turn_to_unread,
            "<Control-f>": self._open_finder,
            "<Control-o>": self._open_newest_link,
            "<Control-d>": look.toggle_dark,
            "<Control-plus>": lambda: look.resize(1),
            "<Control-equal>": lambda: look.resize(1),
            "<Control-KP_Add>": lambda: look.resize(1),
            "<Control-minus>": lambda: look.resize(-1),
            "<Control-KP_Subtract>": lambda: look.resize(-1),
            "<Control-0>": lambda: look.resize(0),
            "<Control-q>": self.leave,
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
        self.hint("")
        if self.finder.winfo_ismapped():
            self._close_finder()
        self.entry.text.focus_set()

    def _next_part(self) -> None:
        """Give the next part of the window the keyboard focus."""
        parts = [self.entry.text, self.rooms.tree, self.conversation.text, self.people.tree]
        focus = self._root.focus_get()
        here = parts.index(focus) if focus in parts else -1
        parts[(here + 1) % len(parts)].focus_set()

    def _focus_moved(self) -> None:
        self._model.look(self._in_front)


def _border(parent: tkinter.Misc) -> ttk.Frame:
    return ttk.Frame(parent, style="Border.TFrame", width=1, height=1)


def _set(label: ttk.Label, text: str) -> None:
    if label.cget("text") != text:
        label.configure(text=text)
