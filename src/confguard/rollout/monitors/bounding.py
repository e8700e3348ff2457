"""A monitor that answers in time, whatever it reads, and whatever it raises."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field

from confguard.rollout.monitors.interface import Monitor
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
    _is_unread: bool = field(default=False, init=False, repr=False)
    """Did it not answer the last time, or raise?"""
    _not_begun: str | None = field(default=None, init=False, repr=False)

    @property
    def name(self) -> str:
        """As the monitor is called."""
        return self.monitor.name

    @property
    def silent(self) -> int:
        """How many readings in a row failed, up to now."""
        return max(int(getattr(self.monitor, "silent", 0)), int(self._is_unread))

    @property
    def is_idle(self) -> bool:
        """Has it seen nothing since the start, of which it could say how it went? Not one that does not count."""
        return getattr(self.monitor, "seen", None) == 0

    @property
    def compares(self) -> bool:
        """Does it need a control group?"""
        return hasattr(self.monitor, "control")

    def start(self) -> None:
        """Begin; what goes wrong then is an alarm."""
        self._not_begun = self._answer(self.monitor.start)

    def check(self) -> str | None:
        """Why it alarms, or why it cannot tell; None if there is nothing to say."""
        return self._not_begun or self._answer(self.monitor.check)

    def _answer(self, function: Callable[[], str | None]) -> str | None:
        patience = 0.0 if self._call else _LONGEST  # what hung a moment ago was waited for
        self._call = self._call or Call(function)
        if not self._call.wait(patience):
            self._is_unread = True
            return f"no reading: it did not answer within {_LONGEST:g} s"
        call, self._call, self._is_unread = self._call, None, False
        try:
            return call.result()
        except BaseException as error:  # noqa: BLE001 - in a thread of its own, it ends nothing
            self._is_unread = True
            return masked(f"{type(error).__name__}: {error}")
