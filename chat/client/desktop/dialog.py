"""The dialog that asks where to go and under which name."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter import ttk

from chat.client.desktop.keys import bind, give_focus
from chat.client.desktop.look import Look
from chat.client.options import DEFAULT_PORT, DEFAULT_TLS_PORT

TITLE = "Chat: connect"


class Dialog(tkinter.Toplevel):
    """*submit* is called when the user wants to connect, *cancel* when the user cancels or closes the window."""

    def __init__(self, root: tkinter.Tk, look: Look, submit: Callable[[], None], cancel: Callable[[], None]) -> None:
        super().__init__(root, class_=root.winfo_class())
        self.title(TITLE)
        self.resizable(False, False)
        self._look = look
        self._submit = submit
        self._busy = False
        self.server = tkinter.StringVar(self)
        self.port = tkinter.StringVar(self)
        self.name = tkinter.StringVar(self)
        self.password = tkinter.StringVar(self)
        self.key = tkinter.StringVar(self)
        self.code = tkinter.StringVar(self)
        """The code of an invitation, with which the name is registered."""
        self.new_password = tkinter.StringVar(self)
        self.again = tkinter.StringVar(self)
        self.tls = tkinter.BooleanVar(self)
        self.keep = tkinter.BooleanVar(self)
        self._first: ttk.Entry | None = None
        """The field for what the server asked for last."""
        self.trusted = False
        """Whether the user trusts the certificate that was shown."""
        self._body = ttk.Frame(self, padding=look.gap * 4)
        self._body.pack(fill="both", expand=True)
        self._body.columnconfigure(0, weight=1)
        ttk.Label(self._body, text="Welcome", style="Title.TLabel").grid(sticky="w", columnspan=2)
        ttk.Label(self._body, text="Where do you want to chat, and who are you?", style="Muted.TLabel").grid(
            sticky="w", columnspan=2, pady=(0, look.gap * 2)
        )
        self._fields = [
            self._field("Server", self.server, row=2, column=0, width=28),
            self._field("Port", self.port, row=2, column=1, width=8),
            self._field("Your name", self.name, row=4, column=0, columnspan=2),
        ]
        encrypted = ttk.Checkbutton(
            self._body, text="Encrypted (TLS)", name="tls", variable=self.tls, command=self._change_port
        )
        encrypted.grid(row=6, column=0, columnspan=2, sticky="w", pady=(look.gap * 2, 0))
        self._secret = self._part()
        self._password_field = self._field("Password", self.password, row=0, column=0, parent=self._secret)
        self._locked = self._part()
        self._key_field = self._field("Key of this chat", self.key, row=0, column=0, parent=self._locked)
        self._invited = self._part()
        self._code_field = self._field("Invitation", self.code, row=0, column=0, parent=self._invited)
        chosen = [
            self._field("A password for your name", self.new_password, row=2, column=0, parent=self._invited),
            self._field("The password again", self.again, row=4, column=0, parent=self._invited),
        ]
        self._asked = [self._password_field, self._key_field, self._code_field, *chosen]
        """The fields that are shown only when the server asks for what belongs there."""
        for field in (self._password_field, self._key_field, *chosen):
            field.configure(show="•")
        self._keep_box = ttk.Checkbutton(self._body, text="Keep it in the keyring", name="keep", variable=self.keep)
        for variable in (self.server, self.port, self.name, self.tls):
            variable.trace_add("write", lambda *_: self._ask_nothing())
        self._message = ttk.Label(self._body, name="message", wraplength=look.body.measure("0" * 42))
        self._message.grid(row=20, column=0, columnspan=2, sticky="w", pady=(look.gap * 2, 0))
        buttons = ttk.Frame(self._body)
        buttons.grid(row=21, column=0, columnspan=2, sticky="e", pady=(look.gap * 3, 0))
        ttk.Button(buttons, text="Cancel", name="cancel", command=cancel).pack(side="left", padx=(0, look.gap))
        self._go = ttk.Button(buttons, text="Connect", name="connect", style="Accent.TButton", command=self._pressed)
        self._go.pack(side="left")
        self.bind("<Return>", lambda _: self._pressed())
        self.bind("<KP_Enter>", lambda _: self._pressed())
        self.bind("<Escape>", lambda _: cancel())
        self.protocol("WM_DELETE_WINDOW", cancel)
        self.configure(background=look.palette.window)

    def show(self) -> None:
        """Put the dialog in the middle of the screen, the cursor in the first field that is empty."""
        self.update_idletasks()
        x = (self.winfo_screenwidth() - self.winfo_reqwidth()) // 2
        y = (self.winfo_screenheight() - self.winfo_reqheight()) // 3
        self.geometry(f"+{x}+{y}")
        self.deiconify()
        self._focus(next((field for field in self._fields if not field.get()), self._fields[-1]))

    def connecting(self, address: str) -> None:
        """Show that an attempt is being made."""
        self._set_busy(True)
        self.title(TITLE)
        self._message.configure(text=f"Connecting to {address} …", style="Muted.TLabel")

    def failed(self, sentence: str) -> None:
        """Show why the attempt failed; the user may change the fields and try again."""
        self._set_busy(False)
        self._message.configure(text=sentence, style="Hint.TLabel")
        self.title(sentence.partition("\n")[0] or TITLE)  # screen readers get nothing else from a Tk window
        self._focus(self._first or self._fields[-1])

    def ask_password(self, sentence: str, can_keep: bool) -> None:
        """Ask for the password of the name, which is registered."""
        self.password.set("")
        self._ask(self._secret, 7, self._password_field, can_keep)
        self.failed(sentence)

    def ask_key(self, sentence: str, can_keep: bool) -> None:
        """Ask for the key of the chat."""
        self.key.set("")
        self._ask(self._locked, 8, self._key_field, can_keep)
        self.failed(sentence)

    def ask_invitation(self, sentence: str, can_keep: bool) -> None:
        """Ask for the code of an invitation, and for the password that the name is to have."""
        self._ask(self._invited, 9, self._code_field, can_keep)
        self.failed(sentence)

    def _part(self) -> ttk.Frame:
        """Make a part of the dialog that is shown later."""
        part = ttk.Frame(self._body)
        part.columnconfigure(0, weight=1)
        return part

    def _ask(self, part: ttk.Frame, row: int, field: ttk.Entry, can_keep: bool) -> None:
        """Show a part of the dialog, whose first field is *field*."""
        part.grid(row=row, column=0, columnspan=2, sticky="ew")
        self._first = field
        if can_keep:
            self._keep_box.grid(row=10, column=0, columnspan=2, sticky="w", pady=(self._look.gap, 0))

    def ask_trust(self, question: str) -> None:
        """Ask whether the server is the right one."""
        self.failed(question)
        self.trusted = True
        self._go.configure(text="Trust and connect")
        self._go.focus_set()

    def _ask_nothing(self) -> None:
        """Drop the question about the certificate, because the user has changed the fields."""
        self.trusted = False
        self._go.configure(text="Connect")

    def _change_port(self) -> None:
        """Fill in the usual port, with TLS or without, unless the user has typed another."""
        usual = {str(DEFAULT_PORT): DEFAULT_TLS_PORT, str(DEFAULT_TLS_PORT): DEFAULT_PORT}
        self.port.set(str(usual.get(self.port.get().strip(), self.port.get())))

    def _pressed(self) -> None:
        if not self._busy:
            self._set_busy(True)
            self._submit()

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        for field in (*self._fields, *self._asked, self._go):
            field.state(["disabled" if busy else "!disabled"])

    def _focus(self, field: ttk.Entry) -> None:
        give_focus(field)
        field.selection_range(0, "end")
        field.icursor("end")

    def _field(
        self,
        label: str,
        variable: tkinter.StringVar,
        *,
        row: int,
        column: int,
        columnspan: int = 1,
        width: int = 20,
        parent: ttk.Frame | None = None,
    ) -> ttk.Entry:
        """Lay out a label with its field below it."""
        gap = self._look.gap
        parent = parent or self._body
        left = gap if column else 0
        ttk.Label(parent, text=label, style="Muted.TLabel").grid(
            row=row, column=column, sticky="w", padx=(left, 0), pady=(gap, 0)
        )
        name = label.lower().replace(" ", "")
        field = ttk.Entry(parent, textvariable=variable, width=width, font=self._look.body, name=name)
        bind(field, lambda: field.selection_range(0, "end"), "<Control-a>")
        field.grid(row=row + 1, column=column, columnspan=columnspan, sticky="ew", padx=(left, 0))
        return field
