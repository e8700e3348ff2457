"""Where live settings come from: a config in a store, or files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event, Lock
from typing import ClassVar, Protocol, TypeAlias, TypeVar
from urllib.parse import unquote

from attrs import define, field

from confguard.errors import NotFoundError, SchemaError, StoreError
from confguard.forking import renew_in_children
from confguard.live.files import FileFeed
from confguard.live.versions import SettingsVersion
from confguard.stores.interface import Revision, Store
from confguard.stores.opening import check_there, open_store
from confguard.stores.stages import Instance
from confguard.stores.urls import without_password
from confguard.targets.calls import Call

T = TypeVar("T")


class Stored(Protocol):
    """One config in a store. `confguard.Guard` is one."""

    name: str
    store: Store


FeedSource: TypeAlias = "Stored | str | os.PathLike[str] | Sequence[str | os.PathLike[str]]"
"""A guard, the URL of a store with a config's name, a file's path, or the paths of layers, the lowest first."""


_TRIES = 5
"""How often the head and its bake are read until both are of the same moment."""


@define
class StoredFeed:
    """A config in a store, which is opened when it is needed: once for all feeds of this process."""

    reviewed: ClassVar[bool] = True
    patience: ClassVar[float] = 5.0
    name: str
    _handed_in: Stored | None
    _instance: Instance
    _url: str = ""
    """Where nothing was handed in."""
    _opening: Lock = field(factory=Lock, init=False, eq=False)
    _store: Store | None = field(default=None, init=False)
    _give_back: Callable[[], None] = field(default=lambda: None, init=False)

    @property
    def origin(self) -> str:
        return self.name

    @property
    def source(self) -> str:
        """The store's URL; of one that was handed in and has none, what kind of store it is."""
        scheme, _, place = self._url.partition(":///")
        if scheme == "sqlite":
            return _of_file(Path(unquote(place)))
        return without_password(self._url) or _source_of(self._opened())

    def look(self, known: str | None, stop: Event) -> SettingsVersion | None:
        """What this instance is to run; None where it is what is known already."""
        revision = self._ours(known)
        if revision.digest == known:
            return None
        return SettingsVersion(revision.number, revision.document, revision.digest, revision.parent)

    def _ours(self, known: str | None) -> Revision:
        """The head; while it is in a stage that has not come to this instance yet, the revision before it."""
        store = self._opened()
        for _ in range(_TRIES):
            head = store.head(self.name)
            if head is None:
                check_there(store, hint="was it moved? The first apply makes one")
                raise NotFoundError(f"the store has no config '{self.name}'", hint="apply a first revision")
            if head.digest == known:
                return head
            pending = store.pending_bake(self.name)
            if pending is None and store.head(self.name) == head:
                return head  # else its bake is over because it was taken back
            if pending is not None and pending.revision == head.number:
                return head if pending.takes(self._instance) else store.get(self.name, pending.back)
        raise StoreError(f"the head of '{self.name}' moves faster than it can be read")

    def holds(self, version: SettingsVersion) -> bool:
        """Is it still the revision of its number?"""
        try:
            return self._opened().get(self.name, version.number).digest == version.digest
        except NotFoundError:
            return False

    def go_on_from(self, version: SettingsVersion) -> None:
        """The store has the numbers."""

    def watch(self, stop: Event, patience: float) -> Iterator[None]:
        return self._opened().watch(self.name, stop, patience)

    def after_fork(self) -> None:
        """A store that was opened here is opened anew; one that was handed in looks after itself."""
        self._opening = Lock()
        self._store, self._give_back = None, lambda: None

    def close(self) -> None:
        give_back, self._give_back = self._give_back, lambda: None
        give_back()

    def _opened(self) -> Store:
        with self._opening:
            if self._handed_in is not None:
                return self._handed_in.store
            if self._store is None:
                self._store, self._give_back = _STORES.take(self._url)
            return self._store


Feed: TypeAlias = StoredFeed | FileFeed
"""Where settings come from."""


def feed_of(source: FeedSource, quiet: float, instance: Instance) -> Feed:
    """The feed of a guard, of a store's URL with the config's name, of a file's path, or of the paths of layers."""
    if isinstance(source, str) and "://" in source:
        url, _, name = source.rpartition("#")
        if not url or not name:
            raise SchemaError(
                f"'{source}' names no config", hint="a store's URL and a name: sqlite:///confguard.db#auth"
            )
        return StoredFeed(name, None, instance, url)
    if isinstance(source, str | os.PathLike):
        return FileFeed((os.fspath(source),), quiet)
    if isinstance(source, Sequence):
        return FileFeed.of_layers(source, quiet)
    if not hasattr(source, "store"):
        raise TypeError(
            f"{type(source).__name__} is not a source: a guard, a store's URL with '#' and a name, or paths of"
            " files are"
        )
    return StoredFeed(source.name, source, instance)


def within(seconds: float, function: Callable[[], T]) -> T:
    """What a function returns, on a thread of its own: so that a signal ends the waiting at once.

    Raises `StoreError` when it has not ended by then: a server that froze answers nobody.
    """
    call = Call(function)
    if not call.wait(seconds):
        raise StoreError(f"the source has not answered for {seconds:g} s")
    return call.result()


def _source_of(store: Store) -> str:
    url, path = getattr(store, "url", None), getattr(store, "path", None)
    if isinstance(path, Path):
        return _of_file(path)
    return without_password(url) if isinstance(url, str) else type(store).__name__


def _of_file(path: Path) -> str:
    return f"sqlite:///{path.absolute()}"


@define
class _Entry:
    opening: Lock = field(factory=Lock)
    store: Store | None = None
    users: int = 0


class _SharedStores:
    """One store for all who follow a config of it in this process: servers have few connections to give.

    The last one who uses it closes it.
    """

    def __init__(self) -> None:
        self.after_fork()
        renew_in_children(self)

    def after_fork(self) -> None:
        self._lock = Lock()
        self._entries: dict[tuple[str, str], _Entry] = {}

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

    def _give_back(self, key: tuple[str, str], entry: _Entry) -> None:
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


_STORES = _SharedStores()
