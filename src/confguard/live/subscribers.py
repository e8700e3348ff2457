"""Telling subscribers of new settings: each in its own time, in order, and the newest when it is slow."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from attrs import define, field, frozen

from confguard.targets.calls import kind_and_message

if TYPE_CHECKING:
    import asyncio

    from confguard.diffs.changes import Diff
    from confguard.documents.document import Document
    from confguard.live.versions import SettingsVersion

PATIENCE = 1.0
"""For how many seconds a subscriber may be at work before that is said."""

T = TypeVar("T")


Subscriber: TypeAlias = "Callable[[Update[T]], object] | Callable[[Update[T]], Awaitable[object]]"


@frozen
class Update(Generic[T]):
    """New settings that came into force while a service runs.

    A subscriber that was at work while several came in force is told once: of all that changed since what it saw last.
    """

    before: T = field(repr=False)
    after: T = field(repr=False)
    diff: Diff
    """What changed, by meaning."""
    revision: int


@frozen(eq=False)
class Current(Generic[T]):
    """Settings in force, and what they were made of."""

    settings: T = field(repr=False)
    version: SettingsVersion


@define
class Cursor(Generic[T]):
    """What one subscriber has seen. Nothing piles up: what it has not seen yet is the difference to what is held."""

    _held: Callable[[], Current[T]]
    _diff: Callable[[Document, Document], Diff]
    _last: Current[T]

    @property
    def behind(self) -> bool:
        return self._held() is not self._last

    def advance(self) -> Update[T] | None:
        before, now = self._last, self._held()
        if before is now:
            return None
        self._last = now
        diff = self._diff(before.version.document, now.version.document)
        return Update(before.settings, now.settings, diff, now.version.number)


class Called(Generic[T]):
    """A function that is called: one call at a time, on a thread that lives as long as there is something to tell.

    A coroutine is run on the event loop that ran when the function was subscribed, and waited for.
    """

    def __init__(self, callback: Subscriber[T], cursor: Cursor[T]) -> None:
        self._loop = _running_loop()
        if self._loop is None and _is_async(callback):
            raise RuntimeError("a coroutine function is to be subscribed within the event loop that runs it")
        self._callback, self._cursor = callback, cursor
        self._failure: str | None = None
        self._ended = False
        self.after_fork()

    def after_fork(self) -> None:
        """Begin anew: a thread that was at work is not in the child."""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._since = 0.0
        self._free = threading.Event()
        self._free.set()

    @property
    def problem(self) -> str | None:
        """That it failed when it was called last, or has not returned for long."""
        if self._ended and self._thread is None:
            return None
        if self._is_overdue():
            seconds = time.monotonic() - self._since
            return f"a subscriber has not returned for {seconds:.0f} s ({self._name}): it is told of the newest then"
        return f"a subscriber failed: {self._failure} ({self._name})" if self._failure else None

    def notify(self) -> None:
        """See that a thread is at work that will tell what is new."""
        with self._lock:
            if self._thread is not None or self._ended or not self._cursor.behind:
                return  # a thread at work looks once more before it ends
            self._thread = threading.Thread(
                target=self._tell, name=f"confguard-subscriber-{self._name}", daemon=True
            )
            self._since = time.monotonic()
            self._free.clear()
            try:
                self._thread.start()
            except RuntimeError as error:  # no thread left to give, or the interpreter ends
                self._failure = str(error)
                self._stop_working()

    def wait(self, end: float) -> None:
        """Wait for the function to return; not for a coroutine, nor for one that has taken too long already."""
        if self._thread is not threading.current_thread() and not self._is_overdue():
            self._free.wait(max(0.0, end - time.monotonic()))

    def end(self) -> None:
        self._ended = True

    @property
    def _name(self) -> str:
        callback = self._callback
        while isinstance(callback, partial):
            callback = callback.func
        return str(getattr(callback, "__qualname__", type(callback).__qualname__))

    def _is_overdue(self) -> bool:
        return self._thread is not None and time.monotonic() - self._since >= PATIENCE

    def _tell(self) -> None:
        while self._goes_on():
            try:
                update = self._cursor.advance()
                if update is not None:
                    answer = self._callback(update)
                    if isawaitable(answer):
                        self._run(answer)
                self._failure = None
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is this subscriber's own failure
                self._failure = kind_and_message(error).removesuffix(": ")

    def _goes_on(self) -> bool:
        with self._lock:
            if self._ended or not self._cursor.behind:
                self._stop_working()
                return False
            self._since = time.monotonic()
            self._free.clear()
            return True

    def _stop_working(self) -> None:
        self._thread = None
        self._free.set()

    def _run(self, answer: Awaitable[object]) -> None:
        """Run what is to be awaited on its event loop, until it is done or nobody wants to know any more."""
        import asyncio
        from concurrent.futures import CancelledError, wait

        async def run() -> None:
            await answer

        self._free.set()
        running = run()
        try:
            if self._loop is None:
                raise RuntimeError("it returned a coroutine, and was not subscribed within an event loop")
            future = asyncio.run_coroutine_threadsafe(running, self._loop)
            while not self._ended:
                if wait([future], 0.1).done:
                    future.result()
                    return
                if self._loop.is_closed():
                    raise RuntimeError("its event loop is closed")
        except CancelledError as error:
            raise RuntimeError("it was cancelled") from error
        finally:
            if self._loop is None or self._loop.is_closed():
                running.close()
                _close(answer)


class Iterated(Generic[T]):
    """Somebody who asks for one update after the other: `async for`."""

    problem: str | None = None

    def __init__(self, cursor: Cursor[T]) -> None:
        import asyncio

        self._loop, self._changed = asyncio.get_running_loop(), asyncio.Event()
        self._cursor, self._ended = cursor, False

    async def updates(self) -> AsyncIterator[Update[T]]:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._ended:
                return
            update = self._cursor.advance()
            if update is not None:
                yield update

    def notify(self) -> None:
        """Wake whoever waits for the next update."""
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._changed.set)

    def wait(self, end: float) -> None:
        """It comes for what is new by itself."""

    def end(self) -> None:
        self._ended = True
        self.notify()

    def after_fork(self) -> None:
        """The event loop is the parent's."""
        self._ended = True


Listener: TypeAlias = "Called[Any] | Iterated[Any]"


class Listeners:
    """All who want to know."""

    def __init__(self) -> None:
        self._all: list[Listener] = []

    def add(self, listener: Listener) -> Callable[[], None]:
        """One more; returns what ends it."""
        self._all.append(listener)
        listener.notify()  # of what came between

        def end() -> None:
            listener.end()
            with suppress(ValueError):
                self._all.remove(listener)

        return end

    def problems(self) -> list[str]:
        return [problem for listener in list(self._all) if (problem := listener.problem)]

    def notify(self) -> None:
        for listener in list(self._all):
            listener.notify()

    def wait(self, end: float) -> None:
        for listener in list(self._all):
            listener.wait(end)

    def end(self) -> None:
        for listener in list(self._all):
            listener.end()

    def after_fork(self) -> None:
        for listener in self._all:
            listener.after_fork()


def _is_async(callback: Any) -> bool:
    while isinstance(callback, partial):
        callback = callback.func
    return iscoroutinefunction(callback) or iscoroutinefunction(type(callback).__call__)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    asyncio = sys.modules.get("asyncio")  # without it, no loop runs
    try:
        return asyncio.get_running_loop() if asyncio else None
    except RuntimeError:
        return None


def _close(answer: object) -> None:
    """A coroutine that is never to be run would warn of that when it is collected."""
    close = getattr(answer, "close", None)
    if close is not None:
        with suppress(RuntimeError, ValueError):
            close()
