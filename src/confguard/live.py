"""What a running service holds: typed, immutable settings that are replaced as a whole."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Generic, Protocol, TypeVar

from attrs import frozen

from confguard.documents.document import Document, parse_bytes
from confguard.documents.reading import load_bytes
from confguard.errors import ConfguardError, NotFoundError, SchemaError, TargetError
from confguard.schema.schema import resolve_schema
from confguard.stores.interface import Revision, Store
from confguard.stores.opening import open_store
from confguard.targets.files import write_durably

__all__ = ["Live"]

T = TypeVar("T")


class Stored(Protocol):
    """One config in a store. `confguard.Guard` is one."""

    name: str
    store: Store


@frozen
class _Held(Generic[T]):
    """One consistent set of what a service holds; replaced as a whole."""

    settings: T
    revision: int
    since: datetime


class Live(Generic[T]):
    """The settings of a service, kept up to date while it runs.

    `source` is a guard, or the URL of a store with the config's name: `"sqlite:///confguard.db#auth"`. Every
    `interval` seconds (with a little jitter) the head is looked at. `cache` is a file for the last known good
    copy: the service starts from it when the store is away, and says so in `problem`. A head that does not fit
    the schema is not taken: the service keeps what it has.

    Raises `ConfguardError` only when there is neither a valid head nor a valid cached copy to start from.

    >>> from attrs import frozen
    >>> from confguard.guard import Guard
    >>> @frozen
    ... class Pool:
    ...     size: int = 64
    >>> guard = Guard("pool", store="memory://", format="toml")
    >>> _ = guard.apply(guard.plan({"size": 32}, author="ana", reason="start"))
    >>> with Live(Pool, guard) as live:
    ...     _ = guard.apply(guard.plan({"size": 30}, author="ana", reason="less"))
    ...     live.refresh()
    ...     live.current
    True
    Pool(size=30)
    """

    def __init__(
        self,
        model: type[T],
        source: Stored | str,
        cache: str | os.PathLike[str] | None = None,
        *,
        interval: float = 1.0,
    ) -> None:
        schema = resolve_schema(model)
        if schema is None:
            raise SchemaError("live settings need a schema")
        self._schema, self._interval = schema, interval
        self._cache = Path(cache) if cache else None
        self._open, self.name = _opener(source)
        self._owns_store = isinstance(source, str)
        self._store: Store | None = None
        self._subscribers: list[Callable[[T], None]] = []
        self._problem: str | None = None
        self._seen = 0
        self._held = self._start()
        self._stop = Event()
        self._thread = Thread(target=self._poll, name=f"confguard-live-{self.name}", daemon=True)
        self._thread.start()

    @property
    def current(self) -> T:
        """The settings in force: one attribute read, always whole. Hold on to it for one piece of work."""
        return self._held.settings

    @property
    def revision(self) -> int:
        """The number of the revision in force; 0 for a cached copy whose number is not known."""
        return self._held.revision

    @property
    def since(self) -> datetime:
        """Since when these settings are in force, in UTC."""
        return self._held.since

    @property
    def problem(self) -> str | None:
        """Why the settings may be stale: the store is away, or its head does not fit the schema."""
        return self._problem

    def subscribe(self, callback: Callable[[T], None]) -> Callable[[], None]:
        """Have a function called with new settings, on the thread that polls; returns what ends that.

        A callback that raises does not keep others from being called; what it raised is in `problem`.
        """
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def refresh(self) -> bool:
        """Look at the head now. True if other settings are in force than before."""
        try:
            head = self._head()
            if head.number == self._seen and self._problem is None:
                return False
            self._seen = head.number
            settings = self._schema.validate_document(head.document)
        except ConfguardError as error:
            self._problem = str(error)
            return False
        self._problem = None
        if head.number == self._held.revision:
            return False
        self._held = _Held(settings, head.number, _now())
        self._keep(head)
        self._tell(settings)
        return True

    def close(self) -> None:
        """Stop looking. `current` stays as it is; a store that was opened for this is closed."""
        self._stop.set()
        self._thread.join()
        if self._store is not None and self._owns_store:
            self._store.close()

    def __enter__(self) -> Live[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> _Held[T]:
        try:
            head = self._head()
            held = _Held[T](self._schema.validate_document(head.document), head.number, _now())
        except ConfguardError as error:
            self._problem = str(error)
            cached = self._cached()
            if cached is None:
                raise
            return _Held(self._schema.validate_document(cached), 0, _now())
        self._seen = head.number
        self._keep(head)
        return held

    def _head(self) -> Revision:
        if self._store is None:
            self._store = self._open()
        head = self._store.head(self.name)
        if head is None:
            raise NotFoundError(f"the store has no config '{self.name}'", hint="apply a first revision")
        return head

    def _poll(self) -> None:
        while not self._stop.wait(self._interval * random.uniform(0.8, 1.2)):  # noqa: S311 - jitter
            self.refresh()

    def _tell(self, settings: T) -> None:
        for callback in list(self._subscribers):
            try:
                callback(settings)
            except Exception as error:  # noqa: BLE001 - a subscriber must not stop the others
                self._problem = f"a subscriber failed: {type(error).__name__}: {error}"

    def _keep(self, head: Revision) -> None:
        """Write the last known good copy; a cache that cannot be written is a problem, not a failure."""
        if self._cache is None:
            return
        try:
            write_durably(self._cache, head.format.encode() + b"\n" + head.content)
        except TargetError as error:
            self._problem = f"the last known good copy cannot be kept: {error}"

    def _cached(self) -> Document | None:
        if self._cache is None or not self._cache.exists():
            return None
        kind, _, content = load_bytes(str(self._cache)).partition(b"\n")
        return parse_bytes(content, kind.decode("ascii", "replace"), path=None)


def _now() -> datetime:
    return datetime.now(UTC)


def _opener(source: Stored | str) -> tuple[Callable[[], Store], str]:
    if not isinstance(source, str):
        guard = source
        return lambda: guard.store, guard.name
    url, _, name = source.rpartition("#")
    if not url or not name:
        raise SchemaError(
            f"'{source}' names no config", hint="a store's URL and a name: sqlite:///confguard.db#auth"
        )
    return lambda: open_store(url), name
