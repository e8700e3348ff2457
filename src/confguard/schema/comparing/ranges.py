"""Which numbers lie within bounds and are multiples of something: told exactly, for JSON Schema's keywords."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import chain, combinations, count, islice
from typing import Any

from attrs import evolve, frozen

from confguard.schema.json_validation import exact

BOUNDS = {
    "minimum": "exclusiveMaximum",
    "exclusiveMinimum": "maximum",
    "maximum": "exclusiveMinimum",
    "exclusiveMaximum": "minimum",
}
"""The keywords of bounds, each with the one of all that is beyond it."""
_BEYOND_ALL = Fraction(10) ** 400
_ENOUGH = 8
"""Of so many multiples in a row, one is neither a whole number nor a multiple of something else, if any is."""


@frozen
class Range:
    """Numbers of one kind: all whole ones, or all that are not, within bounds."""

    whole: bool
    low: tuple[Fraction, bool] | None = None
    """The lower bound, and whether it lies itself outside."""
    high: tuple[Fraction, bool] | None = None
    step: Fraction | None = None
    """What all are multiples of."""

    @classmethod
    def of(cls, keyword_sets: Iterable[Mapping[str, Any]], *, whole: bool) -> Range:
        """The numbers that fit some schemas, of which these are the keywords.

        >>> list(map(int, Range.of([{"minimum": 1, "multipleOf": 4}, {"maximum": 9}], whole=True)))
        [4, 8]
        """
        range_read = cls(whole, step=Fraction(1) if whole else None)
        for keywords in keyword_sets:
            range_read = range_read.within(keywords)
        return range_read

    def within(self, keywords: Mapping[str, Any]) -> Range:
        """Those that fit more keywords."""
        narrowed = self
        for name in BOUNDS.keys() & keywords.keys():
            bound = (exactly(keywords[name]), name.startswith("exclusive"))
            if name in {"minimum", "exclusiveMinimum"}:
                narrowed = evolve(narrowed, low=max(narrowed.low or bound, bound))
            else:
                narrowed = evolve(
                    narrowed, high=min(narrowed.high or bound, bound, key=lambda each: (each[0], not each[1]))
                )
        if "multipleOf" in keywords:
            narrowed = evolve(narrowed, step=common(narrowed.step, exactly(keywords["multipleOf"])))
        return narrowed

    def beyond(self, name: str, bound: Any) -> Range:
        """Those that a bound refuses."""
        return self.within({BOUNDS[name]: bound})

    def all_multiples(self, of: Any) -> bool:
        """Are all multiples of a number?"""
        if self.empty:
            return True
        if self.step is None and not self._point:
            return False
        return all((value / exactly(of)).denominator == 1 for value in islice(self, _ENOUGH))

    @property
    def empty(self) -> bool:
        """Is there none?"""
        if not self.whole and self.step and self.step.denominator == 1:
            return True
        if self.low is None or self.high is None:
            return False
        if self.step is None:
            nothing = self.low[0] > self.high[0] or (self.low[0] == self.high[0] and not self._point)
            return nothing or bool(self._point and self.low[0].denominator == 1)
        return next(iter(self), None) is None

    def listed(self, most: int) -> list[Fraction] | None:
        """All of them; None where there are more than so many."""
        if not self.empty and not self._point and (None in (self.low, self.high, self.step)):
            return None
        members = list(islice(self, most + 1))
        return members if len(members) <= most else None

    @property
    def _point(self) -> bool:
        """Are both bounds one number that is within them?"""
        if self.low is None or self.high is None:
            return False
        return self.low[0] == self.high[0] and not self.low[1] and not self.high[1]

    def __iter__(self) -> Iterator[Fraction]:
        """The numbers from the lower bound up, or from the upper one down; a few, where they have no steps."""
        for value in self._stepped(self.step) if self.step else self._between():
            if self.whole or value.denominator != 1:
                yield value

    def _stepped(self, step: Fraction) -> Iterator[Fraction]:
        least = None if self.low is None else _first(self.low, step)
        most = None if self.high is None else -_first((-self.high[0], self.high[1]), step)
        if least is None and most is not None:
            yield from ((most - i) * step for i in count())
        for i in count(least or 0):
            if most is not None and i > most:
                return
            yield i * step

    def _between(self) -> Iterator[Fraction]:
        low, high = (bound[0] if bound else None for bound in (self.low, self.high))
        low = low if low is not None else high - 1 if high is not None else Fraction(0)
        high = high if high is not None else low + 1
        if self._point or low < high:
            yield from dict.fromkeys(low + (high - low) * part for part in (Fraction(1, 2), Fraction(1, 4)))


def as_json_number(value: Fraction) -> int | float:
    """A number as JSON has it, where there is one, else one next to it."""
    try:
        return value.numerator if value.denominator == 1 else float(value)
    except OverflowError:
        return round(value)


def _first(low: tuple[Fraction, bool], step: Fraction) -> int:
    """Which multiple of the step is the first within a lower bound."""
    step_number = math.ceil(low[0] / step)
    return step_number + 1 if low[1] and step_number * step == low[0] else step_number


def common(one: Fraction | None, other: Fraction) -> Fraction:
    """What all numbers are multiples of that are multiples of both."""
    if one is None:
        return other
    return Fraction(math.lcm(one.numerator, other.numerator), math.gcd(one.denominator, other.denominator))


def exactly(number: Any) -> Fraction:
    """A number as it is written; one beyond all others for what is infinite."""
    if isinstance(number, float) and not math.isfinite(number):
        return _BEYOND_ALL if number > 0 else -_BEYOND_ALL
    return exact(number)


_USUAL = (0, 1, -1, 0.5, 7, 10**6, -(10**6), 1e300)
_HALF = Fraction(1, 2)


def numbers_to_try(keyword_sets: list[dict[str, Any]]) -> Iterator[float]:
    """Numbers for some schemas, of which these are the keywords."""
    bounds = [exactly(keywords[name]) for keywords in keyword_sets for name in BOUNDS if name in keywords]
    steps = [exactly(keywords["multipleOf"]) for keywords in keyword_sets if "multipleOf" in keywords]
    near = (bound + more for bound in bounds for more in (0, 1, -1, _HALF, -_HALF, bound))
    yield from dict.fromkeys(map(as_json_number, chain(near, _multiples(bounds, steps))))
    yield from _USUAL


def _multiples(bounds: list[Fraction], steps: list[Fraction]) -> Iterator[Fraction]:
    """The multiples around each bound and zero, of each step, and of each two together."""
    both = [common(one, other) for one, other in combinations([*steps, Fraction(1)], 2)]
    for step in dict.fromkeys([*steps, *both]):
        for bound in dict.fromkeys([Fraction(0), *bounds]):
            nearest = bound // step
            yield from ((nearest + i) * step for i in (1, -1, 0, 2, -2, 3, _HALF, -_HALF))
