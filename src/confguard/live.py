"""What a running service holds: typed, immutable settings that are replaced as a whole."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from inspect import iscoroutinefunction
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from attrs import field, frozen

from confguard.documents.document import Document
from confguard.errors import ConfguardError, IntegrityError, SchemaError, TargetError
from confguard.feeds import LastGood, Seen, Stored, feed_of
from confguard.forking import renew_in_children
from confguard.schema.loading import settings_of
from confguard.schema.schema import resolve_schema
from confguard.stores.retrying import pauses

__all__ = ["Live", "Update"]

if TYPE_CHECKING:
    from confguard.diff.changes import Diff

_FIRST_PAUSE = 1.0
"""The most that is waited before a lost store is tried again for the first time: a herd has that long to spread."""

T = TypeVar("T")


@frozen
class Update(Generic[T]):
    """New settings that came into force while a service runs."""

    before: T = field(repr=False)
    after: T = field(repr=False)
    diff: Diff
    """What changed, by meaning."""
    revision: int


Subscriber: TypeAlias = "Callable[[Update[T]], object] | Callable[[Update[T]], Awaitable[object]]"


class Live(Generic[T]):
    """The settings of a service, kept up to date while it runs.

    `source` is a guard, the URL of a store with the config's name (`"sqlite:///confguard.db#auth"`), or a file's path.
    The store, or the system, tells when there is something new; beside that it is looked at every `interval` seconds.
    With None, nothing is followed: then `refresh` looks.
    `cache` is a file for the last known good copy: the service starts from it when the store is away, or its head
    does not fit the schema; `problem` and `age` say so. What does not fit is not taken: the service keeps what it has.
    When the store is lost, it is tried again after growing pauses drawn by lot; and every service waits up to `spread`
    seconds, drawn by lot, before it fetches what it was told of, so that not all do at the same moment.

    In a forked child it goes on by itself. Raises `ConfguardError` only when there is neither a valid head nor a valid
    copy to start from.

    >>> from attrs import frozen
    >>> from confguard.guard import Guard
    >>> @frozen
    ... class Pool:
    ...     size: int = 64
    >>> guard = Guard("pool", store="memory://", format="toml")
    >>> _ = guard.apply(guard.plan({"size": 32}, author="ana", reason="start"))
    >>> with Live(Pool, guard) as live:
    ...     _ = guard.apply(guard.plan({"size": 30}, author="ana", reason="less"))
    ...     _ = live.refresh()
    ...     live.current
    Pool(size=30)
    """

    current: T
    """The settings in force: one attribute read, always whole. Hold on to it for one piece of work."""
    revision: int
    """The number of the revision in force."""
    since: datetime
    """Since when these settings are in force here, in UTC."""

    def __init__(
        self,
        model: type[T],
        source: Stored | str | os.PathLike[str],
        cache: str | os.PathLike[str] | None = None,
        *,
        interval: float | None = 10.0,
        spread: float = 0.05,
    ) -> None:
        schema = resolve_schema(model)
        if schema is None:
            raise SchemaError("live settings need a schema")
        self._model, self._schema, self._interval, self._spread = model, schema, interval, spread
        self._feed = feed_of(source)
        self.name = self._feed.name
        self._last_good = LastGood(cache) if cache else None
        self._subscribers: list[Callable[[Update[T]], None]] = []
        self._problems: dict[str, str] = {}
        self._start()
        self._closed = False
        self._begin_to_follow()
        renew_in_children(self)

    @property
    def problem(self) -> str | None:
        """Why the settings may be stale: the store is away, or its head does not fit the schema.

        Also that a subscriber failed when it was told last, or that the last known good copy could not be kept.
        """
        return "; ".join(self._problems.values()) or None

    @property
    def age(self) -> timedelta:
        """How long ago these settings were last seen to be those of the head, or were kept as the last good copy."""
        return _now() - self._confirmed_at

    def subscribe(self, callback: Subscriber[T]) -> Callable[[], None]:
        """Have a function called with each `Update`; returns what ends that.

        A plain function is called on the thread that follows the store. A coroutine function runs on the event loop
        that is running now. One that raises does not keep others from being called; what it raised is in `problem`.
        """
        call = self._on_loop(callback) if iscoroutinefunction(callback) else callback
        self._subscribers.append(call)  # type: ignore[arg-type]
        return lambda: self._subscribers.remove(call)  # type: ignore[arg-type]

    async def updates(self) -> AsyncIterator[Update[T]]:
        """Each `Update` from now on: `async for update in live.updates(): ...`."""
        import asyncio

        loop, waiting = asyncio.get_running_loop(), asyncio.Queue[Update[T]]()
        end = self.subscribe(lambda update: loop.call_soon_threadsafe(waiting.put_nowait, update))
        try:
            while True:
                yield await waiting.get()
        finally:
            end()

    def refresh(self) -> bool:
        """Look at the head now. True if other settings are in force than before."""
        try:
            return self._refresh()
        except ConfguardError as error:
            self._problems["head"] = str(error)
            return False

    def close(self) -> None:
        """Stop following. `current` stays as it is; a store that was opened for this is closed."""
        self._closed = True
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._feed.close()

    def after_fork(self) -> None:
        """Go on in a forked child: with a connection and a thread of its own."""
        if not self._closed:
            self._feed.after_fork()
            self._begin_to_follow()

    def __enter__(self) -> Live[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        """From the head; from the last known good copy where that is away, or does not fit."""
        self._checked = 0
        try:
            seen = self._feed.look()
            assert seen is not None
            self._checked = seen.number
            self._take(settings_of(self._model, self._schema, seen.document), seen)
        except ConfguardError as error:
            self._problems["head"] = str(error)
            kept = self._kept()
            if kept is None:
                raise
            copy, kept_at = kept
            self._take(settings_of(self._model, self._schema, copy.document), copy)
            self._confirmed_at = kept_at
        else:
            self._keep(seen)

    def _begin_to_follow(self) -> None:
        self._lock, self._stop = Lock(), Event()
        self._thread: Thread | None = None
        if self._interval is not None:
            name = f"confguard-live-{self.name}"
            self._thread = Thread(target=self._follow, args=(self._interval,), name=name, daemon=True)
            self._thread.start()

    def _follow(self, interval: float) -> None:
        delays = pauses(_FIRST_PAUSE)
        if "head" in self._problems:  # the store was away a moment ago
            self._stop.wait(next(delays))
        while not self._stop.is_set():
            try:
                for _ in self._feed.watch(self._stop, interval):
                    self._stop.wait(random.uniform(0, self._spread))  # noqa: S311 - jitter
                    self._refresh()
                    delays = pauses(_FIRST_PAUSE)
            except ConfguardError as error:
                self._problems["head"] = str(error)
            except Exception as error:  # noqa: BLE001 - nobody would notice a thread that has died
                self._problems["head"] = f"{type(error).__name__}: {error}"
            self._stop.wait(next(delays))

    def _refresh(self) -> bool:
        """Look, and take what is new. Raises `ConfguardError` if the store is away."""
        with self._lock:
            seen = self._feed.look(self._checked if "head" not in self._problems else None)
            if seen is None or (seen.number == self.revision and self._is_held(seen.document)):
                self._confirmed_at = _now()
                self._problems.pop("head", None)
                self._checked = self.revision
                return False
            self._checked = seen.number
            try:
                settings = settings_of(self._model, self._schema, seen.document)
            except ConfguardError as error:
                self._problems["head"] = str(error)
                return False
            update = self._update(settings, seen)
            self._problems.pop("head", None)
            self._take(settings, seen)
            self._keep(seen)
        self._tell(update)
        return True

    def _is_held(self, document: Document) -> bool:
        return self._document is document or self._document.content == document.content

    def _take(self, settings: T, seen: Seen) -> None:
        self.revision, self.since, self._document = seen.number, _now(), seen.document
        self._confirmed_at = self.since
        self.current = settings

    def _update(self, settings: T, seen: Seen) -> Update[T]:
        from confguard.diff.engine import diff

        return Update(self.current, settings, diff(self._document, seen.document, self._schema), seen.number)

    def _tell(self, update: Update[T]) -> None:
        self._problems.pop("subscriber", None)
        for callback in list(self._subscribers):
            try:
                callback(update)
            except Exception as error:  # noqa: BLE001 - a subscriber must not stop the others
                self._failed(error)

    def _failed(self, error: BaseException) -> None:
        self._problems["subscriber"] = f"a subscriber failed: {type(error).__name__}: {error}"

    def _on_loop(self, callback: Any) -> Callable[[Update[T]], None]:
        import asyncio

        loop = asyncio.get_running_loop()

        async def run(update: Update[T]) -> None:
            try:
                await callback(update)
            except Exception as error:  # noqa: BLE001 - as for plain functions
                self._failed(error)

        return lambda update: _forget(asyncio.run_coroutine_threadsafe(run(update), loop))

    def _keep(self, seen: Seen) -> None:
        """Write the last known good copy; one that cannot be written is a problem, not a failure."""
        if self._last_good is None:
            return
        try:
            self._last_good.keep(self.name, seen)
            self._problems.pop("copy", None)
        except TargetError as error:
            self._problems["copy"] = f"the last known good copy cannot be kept: {error}"

    def _kept(self) -> tuple[Seen, datetime] | None:
        if self._last_good is None:
            return None
        try:
            return self._last_good.read(self.name)
        except IntegrityError as error:
            self._problems["copy"] = str(error)
            return None


def _forget(_: object) -> None:
    """The outcome is told by the coroutine itself."""


def _now() -> datetime:
    return datetime.now(UTC)
