"""The field in which the user types, with history, completion, and several lines."""

from __future__ import annotations

import re
import tkinter
from collections.abc import Callable
from tkinter import ttk

from chat.client.desktop.drafts import Answering, Draft, Editing, Purpose, Reacting
from chat.client.desktop.drawing import shown
from chat.client.desktop.keys import bind
from chat.client.desktop.look import Look
from chat.client.model.client import MAXIMUM_PASTE
from chat.client.model.completion import Offer
from chat.core.text import clean, quoted

MAXIMUM_HEIGHT = 6
_BREAK = re.compile("\r\n|[\v\f\r\x85\u2028\u2029]")


class InputField(ttk.Frame):
    """*send* carries out a text for its purpose, and returns the text with which the user is to go on, mostly none; or
    ``None`` if that was not possible. *keep_paste* takes a text that is too much for the field, and returns what the
    user is to be told. A text that *is_secret* is not remembered. *hint* shows a sentence.
    """

    def __init__(
        self,
        parent: tkinter.Misc,
        look: Look,
        send: Callable[[str, Purpose | None], str | None],
        complete: Callable[[str], Offer],
        keep_paste: Callable[[str], str],
        is_secret: Callable[[str], bool],
        hint: Callable[[str], None],
    ) -> None:
        super().__init__(parent, style="Edge.TFrame", padding=1)
        self._look = look
        self._send = send
        self._complete = complete
        self._keep_paste = keep_paste
        self._is_secret = is_secret
        self._hint = hint
        self._draft = Draft()
        self._offer: tuple[Offer, int] | None = None
        self.text = tkinter.Text(
            self, name="entry", height=1, width=20, wrap="word", undo=True, borderwidth=0, highlightthickness=0
        )
        self._bar = ttk.Frame(
            self, style="Surface.TFrame", padding=(look.gap * 3 // 2, look.gap // 2, look.gap // 2, 0)
        )
        self.purpose = ttk.Label(self._bar, name="purpose", style="Purpose.TLabel")
        self.purpose.pack(side="left", fill="x", expand=True)
        ttk.Button(self._bar, text="Cancel", style="Surface.TButton", takefocus=False, command=self.end).pack(
            side="right", before=self.purpose
        )
        self.text.pack(fill="both", expand=True)
        self._bind()
        look.watch(self._dress)

    def turn_to(self, draft: Draft) -> None:
        """Show the draft of another room."""
        self._draft.text = self._now()
        self._draft = draft
        self._show(draft.text)

    def submit(self) -> None:
        """Send the text."""
        text, draft = self._now(), self._draft
        is_secret = self._is_secret(text)
        if text.strip() and (following := self._send(text, draft.purpose)) is not None:
            draft.send("" if is_secret else text)
            if self._draft is draft:
                self._show(draft.text or following)

    def keep(self) -> None:
        """Note in the draft what is typed now."""
        self._draft.text = self._now()

    def give_back(self, text: str) -> None:
        """Show *text*, unless the user has gone on to another."""
        self._draft.text = self._now()
        if self._draft.is_empty:
            self._show(text)

    def begin_for(self, purpose: Purpose) -> None:
        """Have the user type for this *purpose*."""
        self._draft.text = self._now()
        self._draft.begin(purpose)
        self._show(self._draft.text)
        self.text.focus_set()

    def end(self) -> bool:
        """Give the purpose up, and show what was typed before; return whether there was a purpose."""
        if self._draft.purpose is None:
            return False
        self._draft.text = self._now()
        self._draft.end()
        self._show(self._draft.text)
        return True

    def insert(self, text: str) -> None:
        """Insert *text*, if it is not too long."""
        if len(text.encode("utf-8", "replace")) > MAXIMUM_PASTE:
            self._hint(self._keep_paste(text))
            return
        lines = _BREAK.sub("\n", text).split("\n")
        if self.text.tag_ranges("sel"):
            self.text.delete("sel.first", "sel.last")
        self.text.insert("insert", "\n".join(clean(line) for line in lines))
        self._changed()

    def _now(self) -> str:
        return str(self.text.get("1.0", "end-1c"))

    def _show(self, before: str, after: str = "") -> None:
        self.text.delete("1.0", "end")
        self.text.insert("1.0", after)
        self.text.mark_set("insert", "1.0")
        self.text.insert("insert", before)
        self._changed()
        self._show_purpose()

    def _show_purpose(self) -> None:
        match self._draft.purpose:
            case None:
                self._bar.pack_forget()
                return
            case Answering(line):
                words = f"Answer to {line.author}: {quoted(line.text)}"
            case Editing(line):
                words = f"Edit what you said at {line.time:%H:%M}"
            case Reacting(line):
                words = f"Reaction to {line.author}: {quoted(line.text)}"
        self.purpose.configure(text=shown(words))
        self._bar.pack(fill="x", before=self.text)

    def _step(self, back: int) -> str | None:
        """Go through what was sent, unless the cursor can move to another line."""
        here = self.text.index("insert linestart" if back > 0 else "insert lineend")
        if here != self.text.index("1.0" if back > 0 else "end-1c"):
            return None
        self._draft.text = self._now()
        if self._draft.step(back):
            self._show(self._draft.text)
        return "break"

    def _tab(self, step: int) -> None:
        """Complete the word before the cursor, or go to the next that fits."""
        before = str(self.text.get("1.0", "insert"))
        if self._offer is None:
            offer, number = self._complete(before), 0 if step > 0 else -1
        else:
            offer, number = self._offer[0], self._offer[1] + step
        if offer.texts:
            after = str(self.text.get("insert", "end-1c"))
            number %= len(offer.texts)
            self._show(before[: offer.start] + offer.texts[number], after)
            self._offer = None if offer.is_beginning else (offer, number)

    def _bind(self) -> None:
        text = self.text
        bind(text, self.submit, "<Return>", "<KP_Enter>")
        bind(text, lambda: self.insert("\n"), "<Shift-Return>", "<Shift-KP_Enter>", "<Alt-Return>")
        bind(text, lambda: self._tab(1), "<Tab>")
        bind(text, lambda: self._tab(-1), "<Shift-Tab>", "<ISO_Left_Tab>")
        bind(text, lambda: self._paste("CLIPBOARD"), "<<Paste>>")
        bind(text, lambda: text.tag_add("sel", "1.0", "end-1c"), "<Control-a>")
        text.bind("<Up>", lambda _: self._step(1))
        text.bind("<Down>", lambda _: self._step(-1))
        text.bind("<<PasteSelection>>", self._paste_there)
        text.bind("<<Modified>>", lambda _: self._modified())
        text.bind("<Configure>", lambda _: self._fit())

    def _paste(self, selection: str) -> None:
        try:
            pasted = self.selection_get(selection=selection, type="UTF8_STRING")
        except tkinter.TclError:
            return  # there is nothing to paste
        self.insert(pasted)

    def _paste_there(self, event: tkinter.Event[tkinter.Text]) -> str:
        self.text.tag_remove("sel", "1.0", "end")
        self.text.mark_set("insert", f"@{event.x},{event.y}")
        self._paste("PRIMARY")
        return "break"

    def _modified(self) -> None:
        if self.text.edit_modified():
            self._changed()
            self._hint("")

    def _changed(self) -> None:
        """The text has changed: forget the completion, and adjust the height."""
        self._offer = None
        self.text.edit_modified(False)
        self._fit()

    def _fit(self) -> None:
        rows = self.text.count("1.0", "end", "displaylines")
        height = min(max(rows[0] if rows else 1, 1), MAXIMUM_HEIGHT)
        if height != self.text.cget("height"):
            self.text.configure(height=height)
        self.text.see("insert")

    def _dress(self) -> None:
        look, colours = self._look, self._look.palette
        self.text.configure(
            background=colours.surface,
            foreground=colours.text,
            insertbackground=colours.text,
            selectbackground=colours.selected,
            selectforeground=colours.text,
            font=look.body,
            padx=look.gap * 3 // 2,
            pady=look.gap,
        )
