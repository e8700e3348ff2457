"""A function that somebody waits for, but not for ever."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Call"]

T = TypeVar("T")


class Call(Generic[T]):
    """A function that is called at once, in a thread of its own, which ends with the process at the latest.

    >>> call = Call(lambda: 6 * 7)
    >>> call.wait(9), call.result()
    (True, 42)
    """

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = contextvars.copy_context().run, function
        self._ended = threading.Event()
        self._results: list[T] = []
        self._raised: BaseException | None = None
        threading.Thread(target=self._run, daemon=True, name="confguard-call").start()

    def wait(self, seconds: float) -> bool:
        """Wait for its end. False if it has not come in so many seconds."""
        return self._ended.wait(max(0.0, seconds))

    def result(self) -> T:
        """What it returned; what it raised is raised. Only after its end."""
        if self._raised is not None:
            raise self._raised
        return self._results[0]

    def _run(self) -> None:
        within, function = self._function
        try:
            self._results.append(within(function))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            self._raised = error
        finally:
            self._ended.set()
