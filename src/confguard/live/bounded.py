"""Calls that are not waited for without end: a server that froze answers nobody, and nothing tells of that."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import TypeVar

from confguard.errors import StoreError

__all__ = ["within"]

T = TypeVar("T")


def within(seconds: float, call: Callable[[], T], name: str) -> T:
    """What a call returns or raises, on a thread of its own: so that a signal ends the waiting at once.

    Raises `StoreError` when it has not ended by then: it is left to itself.

    >>> within(5, lambda: 6 * 7, "example")
    42
    """
    returned: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            returned.append(call())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            raised.append(error)

    thread = Thread(target=run, name=f"confguard-{name}", daemon=True)
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not returned:
        raise StoreError(f"the source has not answered for {seconds:g} s")
    return returned[0]
