"""Functions of somebody else: one that is waited for, but not for ever; and what their errors say."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from confguard.errors import ConfguardError
from confguard.secrets import masked

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


def message_of(error: BaseException) -> str:
    """What an error says, without secrets; of one that is not ours, with its kind. Never raises.

    >>> message_of(ConfguardError("is away")), message_of(KeyError("b"))
    ('is away', "KeyError: 'b'")
    """
    return masked(str(error)) if isinstance(error, ConfguardError) else kind_and_message(error)


def kind_and_message(error: BaseException) -> str:
    """What an error is and says, without secrets. Never raises."""
    try:
        return masked(f"{type(error).__name__}: {error}")
    except Exception:  # noqa: BLE001 - an error that cannot be written
        return type(error).__name__
