"""One store for all who follow a config of it in this process: servers have few connections to give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TypeAlias

from attrs import define, field

from confguard.forking import renew_in_children
from confguard.stores.interface import Store
from confguard.stores.opening import open_store

__all__ = ["SharedStores"]

Key: TypeAlias = "tuple[str, str]"


@define
class _Entry:
    opening: Lock = field(factory=Lock)
    store: Store | None = None
    users: int = 0


class SharedStores:
    """Stores that are open, with the number of those who use each; the last one closes it."""

    def __init__(self) -> None:
        self.after_fork()
        renew_in_children(self)

    def after_fork(self) -> None:
        """A child opens its own."""
        self._lock = Lock()
        self._entries: dict[Key, _Entry] = {}

    def take(self, url: str) -> tuple[Store, Callable[[], None]]:
        """The store of a URL, opened if nobody has it open; and what gives it back."""
        key = (url, _folder())
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            entry.users += 1
        try:
            with entry.opening:  # one that hangs holds up nobody who wants another store
                entry.store = entry.store or open_store(url)
                store = entry.store
        except BaseException:
            self._give_back(key, entry)
            raise
        return store, lambda: self._give_back(key, entry)

    def _give_back(self, key: Key, entry: _Entry) -> None:
        with self._lock:
            entry.users -= 1
            is_last = entry.users == 0
            if is_last and self._entries.get(key) is entry:
                del self._entries[key]
        if is_last and entry.store is not None:
            entry.store.close()


def _folder() -> str:
    """Where a relative path begins: the same URL is another file elsewhere."""
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return ""
