"""Opening the store that a URL names."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from confguard.errors import StoreError, did_you_mean
from confguard.secrets import secret_name
from confguard.stores.interface import Store

__all__ = ["open_store", "without_password"]

_PARAMETER = re.compile(r"([?&]([\w.-]+)=)[^&#]+")
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
        from confguard.stores.memory import MemoryStore

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


def _plugin(scheme: str) -> Callable[[str], Store] | None:
    from importlib.metadata import entry_points

    for point in entry_points(group="confguard.stores", name=scheme):
        opener: Callable[[str], Store] = point.load()
        return opener
    return None


def without_password(url: str) -> str:
    """A URL that may be shown.

    >>> without_password("postgresql://ana:secret@db/confguard")
    'postgresql://ana:***@db/confguard'
    >>> without_password("postgresql:///confguard?user=ana&password=secret")
    'postgresql:///confguard?user=ana&password=***'
    """
    try:
        password = urlsplit(url).password
    except ValueError:
        return url.partition("://")[0] + "://***"
    shown = url.replace(f":{password}@", ":***@") if password else url
    return _PARAMETER.sub(lambda found: found[1] + "***" if secret_name(found[2]) else found[0], shown)


def missing_extra(extra: str, package: str) -> StoreError:
    """The error for a store whose client is not installed."""
    return StoreError(
        f"this store needs {package}, which is not installed", hint=f"pip install 'confguard-safety[{extra}]'"
    )
