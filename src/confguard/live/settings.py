"""What a running service holds: typed, immutable settings that are replaced as a whole."""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread
from typing import Generic, TypeAlias, TypeVar

from confguard import telemetry
from confguard.errors import (
    ConfguardError,
    DocumentError,
    IntegrityError,
    SchemaError,
    StoreError,
    TargetError,
    ValidationError,
    brief,
)
from confguard.fields import Duration
from confguard.forking import renew_in_children
from confguard.live.feeds import FeedSource, feed_of, within
from confguard.live.last_good import Copy, LastGood
from confguard.live.subscribers import (
    PATIENCE,
    Called,
    Current,
    Cursor,
    Iterated,
    Listeners,
    Subscriber,
    Update,
)
from confguard.live.versions import Followed, SettingsVersion
from confguard.schema.loading import settings_of
from confguard.schema.schema import resolve_schema
from confguard.secrets import masked
from confguard.stores.retrying import pauses
from confguard.stores.stages import Instance
from confguard.targets.calls import message_of

_LOG = logging.getLogger(__name__)
_FIRST_PAUSE = 1.0
"""The most that is waited before a lost store is tried again for the first time: a herd has that long to spread."""
_GRACE = 1.0
"""Seconds beside what a look may take, until `refresh` does not wait for it any more."""
_START_SECONDS = 30.0
"""For how long a source is waited for at the start where there is nothing else to start from."""
_CLOSE_SECONDS = 0.8
"""For how long `close` waits for what is under way: who interrupts a service wants it to end."""

T = TypeVar("T")
Time: TypeAlias = float | str | timedelta
"""A length of time, as `Duration` reads it."""


def _seconds(time: Time) -> float:
    return Duration(time).total_seconds()


class Live(Generic[T]):
    """The settings of a service, kept up to date while it runs.

    `source` is a guard, the URL of a store with the config's name (`"sqlite:///confguard.db#auth"`), a file's path, or
    a list of paths: layers, of which the later win. Of a config whose `files` are each judged by itself, `current` is
    a mapping of their names to their settings.
    The store, or the system, tells when there is something new; beside that it is looked at every `interval`. With
    None, nothing is followed: then `refresh` looks. Lengths of time are texts such as `"10s"`, or seconds.
    `cache` is a file for the last known good copy: the service starts from it when the store is away, or its head
    does not fit the schema; `problem` and `age` say so. What does not fit is not taken: the service keeps what it has.
    A file is taken when nothing about it has changed for `quiet`, so never while it is being written; and one that is
    missing, or in which no setting is left, is not taken after one that had some. A store's head without any setting
    is: somebody applied it.
    When the store is lost, it is tried again after growing pauses drawn at random; and every service waits up to
    `spread`, drawn at random, before it fetches what it was told of, so that not all do at the same moment.

    A revision that is applied in stages comes to this instance when a stage takes it: by its name, `instance`
    (`CONFGUARD_INSTANCE`, or the host's), which stays in the same place of all shares; or by its `groups`
    (`CONFGUARD_GROUPS`, with commas between).

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
        source: FeedSource,
        cache: str | os.PathLike[str] | None = None,
        *,
        interval: Time | None = 10.0,
        spread: Time = 0.05,
        quiet: Time = 1.0,
        instance: str | None = None,
        groups: Iterable[str] | None = None,
    ) -> None:
        schema = resolve_schema(model)
        if schema is None:
            raise SchemaError("live settings need a schema")
        self._model, self._schema, self._spread = model, schema, _seconds(spread)
        self._interval = None if interval is None else _seconds(interval)
        self._feed = feed_of(source, _seconds(quiet), Instance.of(instance, groups))
        self.name = self._feed.name
        self._last_good = (
            LastGood(cache, (self._feed.origin, self.name), self._feed.source) if cache else None
        )
        self._listeners = Listeners()
        self._problems: dict[str, str] = {}
        self._lock, self._stop, self._closed = Lock(), Event(), False
        self._thread: Thread | None = None
        try:
            self._start()
        except BaseException:
            with suppress(Exception):
                within(_CLOSE_SECONDS, self._feed.close)
            raise
        if self._interval is not None and "head" not in self._problems:
            # This imports what watching needs: a fork must not meet that under way. What fails, the follower says.
            with suppress(Exception):
                self._feed.watch(self._stop, self._interval)
        self._begin_to_follow()
        renew_in_children(self)

    @property
    def problem(self) -> str | None:
        """Why the settings may be stale: the store is away, or its head does not fit the schema, or a file is empty.

        Also that a subscriber failed when it was told last, or is at work for long; and that the last known good copy
        could not be kept, or is not what was kept.
        """
        silence = [] if "head" in self._problems else self._silence()
        return "; ".join([*list(self._problems.values()), *silence, *self._listeners.problems()]) or None

    @property
    def age(self) -> timedelta:
        """How long ago these settings were last seen to be those of the head, or were kept as the last good copy."""
        return timedelta(seconds=time.monotonic() - self._confirmed_at)

    def subscribe(self, callback: Subscriber[T]) -> Callable[[], None]:
        """Have a function called with each `Update`; returns what ends that.

        A plain function is called on a thread of its own; a coroutine function (or whatever returns what can be
        awaited) runs on the event loop that is running now. Each is told of one update after the other; `current` is
        new before any is told. One that is slow, hangs or raises keeps nobody else from being told: `problem` says so;
        and what comes while it is at work is told as one `Update`, from what it saw last to the newest.
        """
        if not callable(callback):
            raise TypeError(f"{type(callback).__name__} is not a function that is called with each update")
        return self._listeners.add(Called(callback, self._cursor()))

    async def updates(self) -> AsyncIterator[Update[T]]:
        """Each `Update` from now on, until this is closed: `async for update in live.updates(): ...`.

        What comes while one is being worked on is the next one, as a whole.
        """
        iterated = Iterated(self._cursor())
        end = self._listeners.add(iterated)
        try:
            async for update in iterated.updates():
                yield update
        finally:
            end()

    def refresh(self) -> bool:
        """Look at the head now. True if other settings are in force than before.

        Subscribers were told then, but for those that take longer than a second. A source that does not answer is not
        waited for without end: `problem` says so.
        """
        try:
            is_new = within(self._feed.patience + _GRACE, self._look)
        except ConfguardError as error:
            self._problems.setdefault("head", str(error))
            return False
        if is_new:
            self._listeners.wait(time.monotonic() + PATIENCE)
        return is_new

    def close(self) -> None:
        """Stop following. `current` stays as it is; a store that was opened for this is closed.

        What is under way is waited for, but for less than a second: `problem` says what has not ended, and the store
        is closed when it has.
        """
        if self._closed:
            return
        self._closed = True
        self._stop.set()
        end = time.monotonic() + _CLOSE_SECONDS
        self._listeners.end()
        try:
            within(_CLOSE_SECONDS, self._close_feed)
        except StoreError:
            self._problems["close"] = "a look at the source has not ended: it is closed when it has"
        except RuntimeError:  # the interpreter ends, and gives no thread: so do all connections
            self._problems["close"] = "the source was not closed: no thread is to be had"
        self._listeners.wait(end)

    def after_fork(self) -> None:
        """Go on in a forked child: with a connection and threads of its own."""
        if not self._closed:
            self._feed.after_fork()
            self._lock, self._stop = Lock(), Event()
            self._listeners.after_fork()
            self._begin_to_follow()

    def __enter__(self) -> Live[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        """From the head; from the last known good copy where that is away, or does not fit."""
        self._looked_at: str | None = None
        self._had_settings = False
        self._followed = Followed(self._interval)
        copy, damage = None, None
        try:
            copy = self._last_good.read() if self._last_good else None
        except IntegrityError as error:
            damage = str(error)
        self._had_settings = copy is not None and copy.version.has_settings
        seconds = _START_SECONDS if copy is None else self._feed.patience + _GRACE
        try:
            version, is_whole = within(seconds, lambda: self._first(copy))
            self._take(self._settings(version), version)
            if copy is not None and not is_whole:
                self._problems["history"] = copy.of_another_history(version)
        except ConfguardError as error:
            self._start_from(copy, damage, error)
            return
        self._keep(version)
        if damage:
            self._problems.setdefault("copy", f"{damage}: it was replaced")

    def _first(self, copy: Copy | None) -> tuple[SettingsVersion, bool]:
        version = self._feed.look(None, self._stop)
        assert version is not None
        return version, copy is None or self._feed.holds(copy.version)

    def _start_from(self, copy: Copy | None, damage: str | None, error: ConfguardError) -> None:
        """Take the copy. Raises what is wrong with the head if there is none, or it does not fit."""
        if copy is not None:
            try:
                settings = settings_of(self._model, self._schema, copy.version.document)
            except ConfguardError as misfit:
                damage = f"the last known good copy does not fit the schema: {misfit}"
            else:
                self._problems["head"] = str(error)
                if copy.source != self._feed.source:
                    self._problems["history"] = f"the last known good copy came from {copy.source}"
                self._feed.go_on_from(copy.version)
                self._take(settings, copy.version)
                self._confirmed_at -= max(0.0, (_now() - copy.kept_at).total_seconds())
                return
        if damage:
            error.hint = f"{error.hint}; {damage}" if error.hint else damage
            error.add_note(damage)  # a traceback shows no hint
        raise error

    def _begin_to_follow(self) -> None:
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
                    self._look()
                    delays = pauses(_FIRST_PAUSE)
            except Exception as error:  # noqa: BLE001 - nobody would notice a thread that has died
                self._went_wrong(message_of(error))
            self._stop.wait(next(delays))

    def _look(self) -> bool:
        """Look, and take what is new; what does not fit is a problem. Raises `ConfguardError` if the source is away."""
        if not self._lock.acquire(timeout=self._feed.patience):
            raise StoreError("a look at the source that was begun before has not ended")
        try:
            return self._take_what_is_new()
        except ConfguardError as error:
            self._went_wrong(str(error))
            if isinstance(error, DocumentError | ValidationError):
                return False
            raise
        finally:
            self._heard_at = time.monotonic()
            self._lock.release()

    def _went_wrong(self, problem: str) -> None:
        if self._problems.get("head") != problem:
            _LOG.warning("%s: %s", self.name, brief(masked(problem), 2000))
        self._problems["head"] = problem

    def _silence(self) -> list[str]:
        """That the source has not answered for longer than it is to be looked at, whatever it is that hangs."""
        if self._interval is None or self._closed:
            return []
        seconds = time.monotonic() - self._heard_at
        longest = self._interval + self._spread + self._feed.patience
        return [f"the source has not answered for {seconds:.0f} s"] if seconds > longest else []

    def _take_what_is_new(self) -> bool:
        if self._stop.is_set():
            return False
        version = self._feed.look(self._looked_at if "head" not in self._problems else None, self._stop)
        if self._stop.is_set():  # then a look may have been cut short
            return False
        current = self._held.version
        if version is None or version.digest == current.digest:
            self._confirmed_at = time.monotonic()
            self._followed.is_up_to_date()
            self._problems.pop("head", None)
            self._looked_at = current.digest
            return False
        is_whole = self._feed.holds(current)
        self._followed.check(version, current, is_whole=is_whole)
        self._looked_at = version.digest
        settings = self._settings(version)
        self._problems.pop("head", None)
        self._problems.pop("history", None)
        if not is_whole:
            self._problems["history"] = (
                f"the store's history was replaced: revision {current.number}, which was in force, is not in it any "
                f"more; its head, revision {version.number}, was taken (was a backup restored?)"
            )
        self._take(settings, version)
        _LOG.info("%s: takes number %d of its source", self.name, version.number)
        self._listeners.notify()
        self._keep(version)
        return True

    def _settings(self, version: SettingsVersion) -> T:
        """Typed. Raises `ConfguardError` for what is not to be taken."""
        if self._had_settings and not self._feed.reviewed and not version.has_settings:
            raise DocumentError(
                "is empty, and there were settings: they stay",
                path=self.name,
                hint="to go back to defaults, write one setting, or start anew without a last known good copy",
            )
        settings: T = settings_of(self._model, self._schema, version.document)
        return settings

    def _take(self, settings: T, version: SettingsVersion) -> None:
        self._held = Current(settings, version)
        self._had_settings = self._had_settings or version.has_settings
        self.revision, self.since = version.number, _now()
        self._followed.add(version)
        self._confirmed_at = self._heard_at = time.monotonic()
        self.current = settings
        telemetry.in_force(self.name, version.number)

    def _cursor(self) -> Cursor[T]:
        from confguard.diffs.engine import diff  # here, not in a thread: a fork must not meet it under way

        return Cursor(lambda: self._held, lambda before, after: diff(before, after, self._schema), self._held)

    def _close_feed(self) -> None:
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            self._feed.close()

    def _keep(self, version: SettingsVersion) -> None:
        """Write the last known good copy; one that cannot be written is a problem, not a failure."""
        if self._last_good is None:
            return
        try:
            self._last_good.keep(version)
            self._problems.pop("copy", None)
        except TargetError as error:
            self._problems["copy"] = f"the last known good copy cannot be kept: {error}"


def _now() -> datetime:
    return datetime.now(UTC)
