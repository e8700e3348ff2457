"""A small plot of how many requests succeed: one character a look, the newest on the right."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import define, field

from confguard.errors import harmless
from confguard.rollout.monitors import Counts, as_monitor

__all__ = ["Rates"]

_WIDTH = 40
_BARS, _PLAIN = "▁▂▃▄▅▆▇█", "_.-~=+*#"


@define
class _Rate:
    name: str
    source: Any
    last: Counts | None = None
    shares: deque[float | None] = field(factory=lambda: deque(maxlen=_WIDTH))

    def look(self) -> None:
        try:
            counts = self.source()
        except Exception:  # noqa: BLE001 - a source may raise anything; what is not known is a gap
            self.shares.append(None)
            return
        new = counts.since(self.last) if self.last is not None else Counts(0, 0)
        self.last = counts
        self.shares.append(1 - new.errors / new.requests if new.requests else None)


class Rates:
    """What the monitors of one config count, as a share that succeeds; those that count nothing are left out.

    >>> totals = iter([Counts(0, 0), Counts(10, 0), Counts(20, 5)])
    >>> rates = Rates([])
    >>> rates._rates.append(_Rate("logins", lambda: next(totals)))
    >>> for _ in range(3):
    ...     rates.look()
    >>> list(rates.lines(unicode=False))
    ['logins:  #= 50 % succeed']
    """

    def __init__(self, monitors: Iterable[Any]) -> None:
        made = [as_monitor(each) for each in monitors]
        sources = [(each.name, getattr(each, "source", None)) for each in made]
        self._rates = [_Rate(harmless(name), source) for name, source in sources if source is not None]

    def look(self) -> None:
        """Read all of them once."""
        for rate in self._rates:
            rate.look()

    def lines(self, *, unicode: bool) -> Iterator[str]:
        """A line for each: the plot, and the newest share."""
        bars = _BARS if unicode else _PLAIN
        for rate in self._rates:
            plot = "".join(
                " " if share is None else bars[round(share * (len(bars) - 1))] for share in rate.shares
            )
            known = [share for share in rate.shares if share is not None]
            said = f"{known[-1] * 100:.3g} % succeed" if known else "no request yet"
            yield f"{rate.name}: {plot} {said}"
