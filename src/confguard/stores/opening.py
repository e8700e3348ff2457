"""Opening the store that a URL names."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from confguard.errors import NotFoundError, StoreError, did_you_mean
from confguard.plugins import naming_plugin
from confguard.stores.interface import Store
from confguard.stores.urls import without_password


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
    return opener_of(url)(url)


def opener_of(url: str) -> Callable[[str], Store]:
    """What opens the store of a URL. Raises `StoreError` for a URL of no known kind."""
    scheme, separator, rest = url.partition("://")
    wanting = {"sqlite": not re.match("/.", rest), "etcd": not rest, "etcds": not rest}
    opener = (_BUILT_IN.get(scheme) or _plugin(scheme)) if separator and not wanting.get(scheme) else None
    if opener is None:
        meant = "" if scheme in _BUILT_IN else did_you_mean(scheme, _BUILT_IN)
        raise StoreError(
            f"unknown store '{without_password(url)}'{meant}",
            hint="sqlite:///relative.db, sqlite:////absolute.db, postgresql://..., etcd://... or memory://",
        )
    return opener


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

    for point in entry_points(group="confguard.stores", name=scheme):
        with naming_plugin(point, StoreError):
            plugin: Callable[[str], Store] = point.load()
            return plugin
    return None


def _memory(_: str) -> Store:
    from confguard.stores.sqlite import MemoryStore

    return MemoryStore()


def _sqlite(url: str) -> Store:
    from confguard.stores.sqlite import SqliteStore

    return SqliteStore(unquote(url.removeprefix("sqlite:///")))


def _postgres(url: str) -> Store:
    from confguard.stores.postgres import PostgresStore

    return PostgresStore(url)


def _etcd(url: str) -> Store:
    from confguard.stores.etcd import EtcdStore

    return EtcdStore(url)


_BUILT_IN: dict[str, Callable[[str], Store]] = {
    "sqlite": _sqlite,
    "memory": _memory,
    "postgresql": _postgres,
    "postgres": _postgres,
    "etcd": _etcd,
    "etcds": _etcd,
}
"""By the scheme, what opens a store; its module is loaded when it does."""
