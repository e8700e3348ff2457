"""Running totals of many processes, each of which may start anew or be away for a while."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import define, field

__all__ = ["Totals"]


@define
class Totals:
    """What many counters have counted together, since each is followed for itself.

    >>> totals = Totals()
    >>> totals.take({"a": 100, "b": 40}), totals.take({"a": 5, "b": 41}), totals.take({"b": 42}), totals.take({"a": 6})
    (140.0, 146.0, 147.0, 148.0)
    """

    total: float = 0.0
    _last: dict[str, float] = field(factory=dict, init=False)

    def take(self, series: Mapping[str, float], of: Collection[str] | None = None) -> float:
        """The total, with what has come in at each counter since it was read last; or only at some `of` them."""
        for name, value in series.items():
            before = self._last.get(name, 0.0)
            if of is None or name in of:
                self.total += value - before if value >= before else value
        self._last |= series
        return self.total
