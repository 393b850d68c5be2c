"""Which accounts there are: by their names, also those that they had lately, and by their ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from chat.core.accounts import Account, Subject
from chat.core.names import Registry


class AccountDirectory(Registry[Account]):
    """The accounts by their names. A name that an account had before leads to it, too, as long as it is kept for it."""

    def __init__(self) -> None:
        super().__init__()
        self._by_id: dict[Subject, Account] = {}
        self._by_presence: dict[Subject, Account] = {}
        """The accounts by the presences that registered them."""
        self._former: dict[str, tuple[Account, float]] = {}
        """The names that accounts had before, and until when they are kept; the first ends first."""
        self._listing: dict[str, set[Account]] = {}
        """Which accounts have a room among theirs."""

    def all(self) -> list[Account]:
        """All accounts, in the order in which they came."""
        return list(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def with_id(self, account: Subject) -> Account | None:
        """The account with that id, if there is one."""
        return self._by_id.get(account)

    def heir(self, subject: Subject) -> Subject:
        """Who has now what was *subject*'s: the account, if *subject* is a presence that has registered."""
        account = self._by_presence.get(subject)
        return account.id if account is not None else subject

    def enter(self, account: Account, former: Iterable[tuple[str, float]] = ()) -> None:
        """Have *account*, and keep the names for it that it had before, each until then (seconds since 1970)."""
        self.claim(account.name, account)
        for name, until in former:
            self.keep_name(name, account, until)
        self._by_id[account.id] = account
        if account.presence:
            self._by_presence[account.presence] = account
        for room in account.rooms:
            self._listing.setdefault(room, set()).add(account)

    def drop(self, account: Account) -> Sequence[tuple[str, float]]:
        """Forget *account*; return the names that were kept for it, and until when."""
        former = [(name, until) for name, (owner, until) in self._former.items() if owner is account]
        for name, _ in former:
            self._free(name)
        self.release(account.name)
        for room in account.rooms:
            self._unlisted(account, room)
        del self._by_id[account.id]
        self._by_presence.pop(account.presence, None)
        return former

    # -- names of before

    def keep_name(self, name: str, account: Account, until: float) -> None:
        """Keep a *name* that *account* had before."""
        if name not in self:
            self.claim(name, account)
        _, last = next(reversed(self._former.values()), (None, until))
        self._former[name] = account, until
        if until < last:
            # What is undone brings back a name that ends before others; a clock may have been set back, too.
            self._former = dict(sorted(self._former.items(), key=lambda kept: kept[1][1]))

    def former_names(self, account: Account) -> Sequence[str]:
        """The names that are kept for *account*, as it had them before."""
        return [name for name, (owner, _) in self._former.items() if owner is account]

    def free_names(self, now: float) -> Sequence[str]:
        """Free the names whose time is over by *now* (seconds since 1970), and return them."""
        freed = []
        while self._former:
            name, (_, until) = next(iter(self._former.items()))
            if until > now:
                break
            self._free(name)
            freed.append(name)
        return freed

    def _free(self, name: str) -> None:
        del self._former[name]
        self.release(name)

    def rename(self, account: Account, name: str, until: float) -> Callable[[], None]:
        """Have *account* be called *name*, and keep its name of before until then; return what undoes that."""
        before = account.name
        own = self._former.pop(name, None)
        self.claim(name, account)
        self.keep_name(before, account, until)
        account.name = name

        def undo() -> None:
            del self._former[before]
            account.name = before
            if own is not None:
                self.keep_name(name, *own)
            else:
                self.release(name)

        return undo

    # -- rooms of accounts

    def list_room(self, account: Account, room: str, *, on: bool) -> None:
        """The *room* is one of those that the devices of *account* come into, or no longer."""
        if on:
            account.rooms[room] = None
            self._listing.setdefault(room, set()).add(account)
        else:
            del account.rooms[room]
            self._unlisted(account, room)

    def unlist(self, room: str) -> bool:
        """The *room* is none of any account's any more; tell whether it was."""
        accounts = self._listing.pop(room, set())
        for account in accounts:
            del account.rooms[room]
        return bool(accounts)

    def _unlisted(self, account: Account, room: str) -> None:
        accounts = self._listing[room]
        accounts.discard(account)
        if not accounts:
            del self._listing[room]
