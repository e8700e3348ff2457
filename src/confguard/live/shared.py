"""Stores that several live settings of one process follow: on a server, all of them share one connection."""

from __future__ import annotations

from threading import Lock

from confguard.forking import renew_in_children
from confguard.stores.interface import Store
from confguard.stores.opening import open_store

__all__ = ["give_back", "store_at"]

_ON_SERVERS = ("postgresql:", "postgres:", "etcd:", "etcds:")


class _Stores:
    """What is open, by URL, and how many follow it."""

    def __init__(self) -> None:
        self.after_fork()
        renew_in_children(self)

    def after_fork(self) -> None:
        """A forked child opens stores of its own."""
        self.lock = Lock()
        self.open: dict[str, tuple[Store, int]] = {}


_stores = _Stores()


def store_at(url: str) -> Store:
    """The store of a URL: the one that is open already, where it is on a server. Raises `StoreError`."""
    if not url.startswith(_ON_SERVERS):
        return open_store(url)
    with _stores.lock:
        store, followers = _stores.open.get(url) or (open_store(url), 0)
        _stores.open[url] = store, followers + 1
        return store


def give_back(store: Store) -> None:
    """Close a store that nobody follows any more."""
    with _stores.lock:
        url, followers = next(
            ((url, count) for url, (each, count) in _stores.open.items() if each is store), ("", 1)
        )
        if followers > 1:
            _stores.open[url] = store, followers - 1
            return
        _stores.open.pop(url, None)
    store.close()
