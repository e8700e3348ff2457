"""How many times one amount is another: `20ms`, `1Gi`, `500m`, `5%`, `400`, or what a schema reads as one."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from confguard.fields import ByteSize, Ratio
from confguard.units import dimensions, unit_of

__all__ = ["amounts", "comparable", "preferred", "quotient", "ratio", "times", "unit_of"]


def amounts(value: Any) -> dict[str, float]:
    """What a value may amount to, by dimension: seconds `s`, bytes `B`, a plain number `n`.

    What a schema has read as an amount is that one and no other.

    >>> amounts("20ms")
    {'s': 0.02}
    >>> amounts("500m")
    {'s': 30000.0, 'n': 0.5}
    >>> amounts(ByteSize("500m"))
    {'B': 500000000.0}
    """
    return {name: float(amount) for name, amount in _exact(value).items()}


def _exact(value: Any) -> dict[str, Fraction]:
    if isinstance(value, ByteSize):
        return {"B": Fraction(int(value))}
    exact = dimensions(value)
    return {"n": exact["n"]} if isinstance(value, Ratio) else exact


def preferred(value: Any) -> Fraction | None:
    """The one amount that a value most likely is, exactly; None where it is none.

    >>> preferred("20ms"), preferred("1k"), preferred("fast")
    (Fraction(1, 50), Fraction(1000, 1), None)
    """
    exact = _exact(value)
    return next((exact[name] for name in ("s", "B", "n") if name in exact), None)


def comparable(before: Any, after: Any) -> tuple[Fraction, Fraction] | None:
    """Both as amounts of one dimension, exactly, where both are above zero; else None.

    >>> comparable("500m", "0.5")
    (Fraction(1, 2), Fraction(1, 2))
    """
    old, new = _exact(before), _exact(after)
    for dimension in ("n", "s", "B"):
        if dimension in old and dimension in new:
            pair = old[dimension], new[dimension]
            return pair if min(pair) > 0 else None
    return None


def ratio(before: Any, after: Any) -> float | None:
    """`after / before` to nine digits where both are `comparable`; None where it is too large or too small.

    >>> ratio("2s", "20ms")
    0.01
    >>> ratio("500m", "0.5")
    1.0
    """
    pair = comparable(before, after)
    return quotient(*pair) if pair else None


def quotient(old: Fraction, new: Fraction) -> float | None:
    """`new / old` to nine digits; None where it is too large or too small.

    >>> quotient(Fraction(3), Fraction(1))
    0.333333333
    """
    try:
        return float(f"{float(new / old):.9g}") or None
    except OverflowError:
        return None


def times(ratio: float) -> str:
    """A ratio in words.

    >>> times(0.01), times(1024.0), times(2.5)
    ('100 times less', '1,024 times more', '2.5 times more')
    """
    factor, direction = (ratio, "more") if ratio > 1 else (1 / ratio, "less")
    return f"{factor:,.0f} times {direction}" if factor >= 100 else f"{factor:.3g} times {direction}"
