"""What a monitor is, and the totals that it reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from attrs import frozen

__all__ = ["Counts", "Monitor", "Source"]


class Monitor(Protocol):
    """Watches one figure for as long as a bake lasts, or without end."""

    @property
    def name(self) -> str:
        """How it is called in messages."""
        ...

    def start(self) -> None:
        """Begin: what happened before does not count."""
        ...

    def check(self) -> str | None:
        """None while there is nothing to say, else why it alarms. Never raises."""
        ...


@frozen
class Counts:
    """How many requests a service has answered since it started, and how many of them failed.

    >>> Counts(100, 2) + Counts(50, 1)
    Counts(requests=150, errors=3)
    """

    requests: int
    errors: int

    def __add__(self, other: Counts) -> Counts:
        """Of two services, or processes of one, together."""
        return Counts(self.requests + other.requests, self.errors + other.errors)

    def since(self, before: Counts) -> Counts:
        """What came in since then; all of it where the totals fell, as the service has started anew.

        >>> Counts(110, 4).since(Counts(100, 1)), Counts(5, 1).since(Counts(100, 1))
        (Counts(requests=10, errors=3), Counts(requests=5, errors=1))
        """
        restarted = self.requests < before.requests or self.errors < before.errors
        requests = self.requests - (0 if restarted else before.requests)
        errors = self.errors - (0 if restarted else before.errors)
        return Counts(max(requests, errors), errors)


Source: TypeAlias = Callable[[], Counts]
"""Gives running totals whenever it is called."""
