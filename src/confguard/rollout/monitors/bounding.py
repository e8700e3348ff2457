"""A monitor that answers in time, whatever it reads, and whatever it raises."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field

from confguard.rollout.monitors.interface import Monitor
from confguard.rollout.monitors.showing import NO_READING
from confguard.secrets import masked
from confguard.targets.calls import Call

__all__ = ["Bounded"]

_LONGEST = 10.0
"""Seconds that a monitor may take for one look: a source that hangs must not hold a bake, and its lease, for ever."""


@define
class Bounded:
    """Asks a monitor in a thread of its own, and waits so long at most; while a call hangs, no second one is made.

    >>> class Broken:
    ...     name = "broken"
    ...     def start(self): ...
    ...     def check(self): raise ValueError("no such series")
    >>> Bounded(Broken()).check()
    'ValueError: no such series'
    """

    monitor: Monitor
    _call: Call[str | None] | None = field(default=None, init=False, repr=False)
    _not_begun: str | None = field(default=None, init=False, repr=False)

    @property
    def name(self) -> str:
        """As the monitor is called."""
        return self.monitor.name

    @property
    def silent(self) -> int:
        """How many readings in a row failed, up to now."""
        return int(getattr(self.monitor, "silent", 0))

    @property
    def seen(self) -> int | None:
        """How many requests it saw since the start; None if it does not say."""
        seen: int | None = getattr(self.monitor, "seen", None)
        return seen

    def start(self) -> None:
        """Begin; what goes wrong then is an alarm."""
        self._not_begun = self._answer(self.monitor.start)

    def check(self) -> str | None:
        """Why it alarms, or why it cannot tell; None if there is nothing to say."""
        return self._not_begun or self._answer(self.monitor.check)

    def _answer(self, function: Callable[[], str | None]) -> str | None:
        self._call = self._call or Call(function)
        if not self._call.wait(_LONGEST):
            return f"{NO_READING}: it did not answer within {_LONGEST:g} s"
        call, self._call = self._call, None
        try:
            return call.result()
        except BaseException as error:  # noqa: BLE001 - in a thread of its own, it ends nothing
            return masked(f"{type(error).__name__}: {error}")
