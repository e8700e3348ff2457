"""What logins say of a time: how many succeed, how fast, and from when on all was as in calm time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from confguard.demo.load import WAVE_EVERY, Login

__all__ = ["PROOF_SECONDS", "Measured", "recovery"]

PROOF_SECONDS = WAVE_EVERY
"""Recovered is what has been so for so long: a wave is within."""
_TOLERANCE = 0.02
"""By how much less than in calm time may succeed."""


@frozen
class Measured:
    """How logins went that were sent within some time."""

    logins: int
    succeeded: int
    median: float
    slow: float
    """95 % were answered within so many seconds."""
    latest: float
    """By how much the sender itself was late at most."""

    @classmethod
    def of(cls, logins: Iterable[Login]) -> Measured:
        """Of all these."""
        some = list(logins)
        took = sorted(login.took for login in some) or [0.0]
        return cls(
            len(some),
            sum(login.ok for login in some),
            took[len(took) // 2],
            took[min(len(took) - 1, int(0.95 * len(took)))],
            max((login.late for login in some), default=0.0),
        )

    @property
    def share(self) -> float:
        """The share that succeeded."""
        return self.succeeded / self.logins if self.logins else 0.0

    def to_json(self) -> dict[str, float]:
        """For a program; times in seconds."""
        return {
            "logins": self.logins,
            "succeeded": self.succeeded,
            "median": round(self.median, 4),
            "95%": round(self.slow, 4),
            "sender_late": round(self.latest, 4),
        }

    def __str__(self) -> str:
        return (
            f"{self.logins} logins, {self.share:.1%} succeed, median {1000 * self.median:.0f} ms,"
            f" 95% within {1000 * self.slow:.0f} ms; sent late by {1000 * self.latest:.0f} ms at most"
        )


def recovery(logins: Sequence[Login], reverted: float, end: float, calm: Measured) -> float | None:
    """How long after the revert logins succeeded as in calm time, and went on to; None if that was not seen.

    What counts is when a login was sent. One that was under way at the time of the revert is of the failure.

    >>> logins = [Login(second / 10, "queue full" if second < 5 else "ok") for second in range(100)]
    >>> recovery(logins, 0, 10, Measured(100, 100, 0.1, 0.2, 0))
    0.5
    """
    after = sorted((each for each in logins if reverted <= each.sent < end), key=lambda each: each.sent)
    enough = calm.share - _TOLERANCE
    ok = 0
    earliest = None
    for count, login in enumerate(reversed(after), start=1):
        ok += login.ok
        if login.ok and ok >= enough * count and end - login.sent >= PROOF_SECONDS:
            earliest = login.sent - reverted
    return earliest
