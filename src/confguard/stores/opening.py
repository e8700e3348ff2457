"""Opening the store that a URL names."""

from __future__ import annotations

from urllib.parse import unquote

from confguard.errors import StoreError, did_you_mean
from confguard.stores.interface import Store

__all__ = ["open_store"]

_SCHEMES = ("sqlite", "memory")


def open_store(url: str) -> Store:
    """The store of a URL: `sqlite:///relative.db`, `sqlite:////absolute.db` or `memory://`.

    Raises `StoreError` for a URL of no known kind, and for a file that cannot be opened or is no store.

    >>> open_store("sqlit:///x.db")
    Traceback (most recent call last):
        ...
    confguard.errors.StoreError: unknown store 'sqlit:///x.db' (did you mean 'sqlite'?)
    """
    scheme, separator, rest = url.partition("://")
    if scheme == "memory" and separator:
        from confguard.stores.memory import MemoryStore

        return MemoryStore()
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from confguard.stores.sqlite import SqliteStore

        return SqliteStore(unquote(rest[1:]))
    raise StoreError(
        f"unknown store '{url}'{did_you_mean(scheme, _SCHEMES)}",
        hint="sqlite:///relative.db, sqlite:////absolute.db or memory://",
    )
