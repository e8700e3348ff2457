"""Opening the store that a URL names."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from confguard.errors import NotFoundError, StoreError, did_you_mean
from confguard.stores.interface import Store
from confguard.stores.urls import without_password

_SCHEMES = ("sqlite", "memory", "postgresql", "postgres", "etcd", "etcds")


def open_store(url: str | os.PathLike[str]) -> Store:
    """The store of a URL, or in the SQLite file at a path.

    - `sqlite:///relative.db`, `sqlite:////absolute.db`
    - `postgresql://user@host/database?schema=confguard`, and all else that libpq takes in its URLs
    - `etcd://host:2379,host:2379/prefix`; `etcds://` for TLS, with `?ca=`, `?cert=` and `?key=`
    - `memory://`
    - by its scheme, what a package offers as an entry point of `confguard.stores`: a callable that takes the URL

    Raises `StoreError` for a URL of no known kind, and for a store that cannot be reached or opened, or is none.

    >>> open_store("sqlit:///x.db")
    Traceback (most recent call last):
        ...
    confguard.errors.StoreError: unknown store 'sqlit:///x.db' (did you mean 'sqlite'?)
    """
    if isinstance(url, os.PathLike):
        from confguard.stores.sqlite import SqliteStore

        return SqliteStore(url)
    scheme, separator, rest = url.partition("://")
    if scheme == "memory" and separator:
        from confguard.stores.sqlite import MemoryStore

        return MemoryStore()
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from confguard.stores.sqlite import SqliteStore

        return SqliteStore(unquote(rest[1:]))
    if scheme in ("postgresql", "postgres") and separator:
        from confguard.stores.postgres import PostgresStore

        return PostgresStore(url)
    if scheme in ("etcd", "etcds") and rest:
        from confguard.stores.etcd import EtcdStore

        return EtcdStore(url)
    plugin = _plugin(scheme) if separator else None
    if plugin is not None:
        return plugin(url)
    raise StoreError(
        f"unknown store '{without_password(url)}'{did_you_mean(scheme, _SCHEMES)}",
        hint="sqlite:///relative.db, sqlite:////absolute.db, postgresql://..., etcd://... or memory://",
    )


def as_store(store: Store | str | os.PathLike[str]) -> Store:
    """A store as it is, or the one that `open_store` opens. Raises `TypeError` for anything else."""
    if isinstance(store, str | os.PathLike):
        return open_store(store)
    if not callable(getattr(store, "commit", None)):
        raise TypeError(
            f"{type(store).__name__} is not a store: a store, its URL, or the path of an SQLite file is"
        )
    return store


def missing_file(store: Store) -> Path | None:
    """The file of a store that keeps all in one, where that is not there."""
    path = getattr(store, "path", None)
    return path if isinstance(path, Path) and not path.exists() else None


def check_there(
    store: Store,
    whose: str = "",
    hint: str = "is `store` in the project file right? The first `confguard apply` makes it",
) -> None:
    """Raise `NotFoundError` where there is no such file: a path that is mistyped is not a history without revisions."""
    missing = missing_file(store)
    if missing is not None:
        raise NotFoundError(f"{whose}there is no store {missing}", hint=hint)


def _plugin(scheme: str) -> Callable[[str], Store] | None:
    from importlib.metadata import entry_points

    return next((point.load() for point in entry_points(group="confguard.stores", name=scheme)), None)
