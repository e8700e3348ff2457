"""Signals while something is written: heard, and heeded as soon as that leaves nothing half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from attrs import define

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@define
class _Held:
    """How deep it is in what must not be cut off, and the signal that came meanwhile."""

    depth: int = 0
    came: int | None = None


_HELD = _Held()


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM and SIGHUP end what is done here as Ctrl-C does; the first one only, so that going back is not cut off.

    Only the main thread is told of signals. One that is ignored stays ignored, a handler of the user's own in place.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [each for each in _SIGNALS if signal.getsignal(each) is signal.SIG_DFL]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        taken.append(signal.SIGINT)
    before: dict[signal.Signals, Any] = {}

    def end(number: int, _: FrameType | None) -> None:
        for each in taken:
            signal.signal(each, signal.SIG_IGN)
        if _HELD.depth:
            _HELD.came = number
        else:
            _raise(number)

    try:
        for each in taken:
            before[each] = signal.signal(each, end)
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """A signal that comes while this runs waits until it has ended; an error that ends it comes first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _HELD.depth += 1
    came: int | None = None
    try:
        yield
    finally:
        _HELD.depth -= 1
        if not _HELD.depth:
            came, _HELD.came = _HELD.came, None
    if came is not None:
        _raise(came)


def name_of(interruption: BaseException) -> str:
    """How people call it: by the signal, where it came of one.

    >>> name_of(KeyboardInterrupt()), name_of(SystemExit(143)), name_of(SystemExit(1))
    ('SIGINT', 'SIGTERM', 'SystemExit')
    """
    if isinstance(interruption, KeyboardInterrupt):
        return signal.SIGINT.name
    code = getattr(interruption, "code", None)
    if isinstance(code, int) and code - 128 in _SIGNALS:
        return signal.Signals(code - 128).name
    return type(interruption).__name__


def _raise(number: int) -> None:
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)
