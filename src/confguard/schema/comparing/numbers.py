"""Numbers that are worth trying: at the bounds that schemas mention, and at the multiples next to them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, combinations
from typing import Any

from confguard.schema.comparing.ranges import BOUNDS, as_json_number, common, exactly

__all__ = ["numbers"]

_USUAL = (0, 1, -1, 0.5, 7, 10**6, -(10**6), 1e300)
_HALF = Fraction(1, 2)


def numbers(keyword_sets: list[dict[str, Any]]) -> Iterator[float]:
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
