"""How many times one amount is another: `20ms`, `1Gi`, `500m`, `5%`, `400`, or what a schema reads as one."""

from __future__ import annotations

from typing import Any

from confguard.fields import ByteSize, Ratio
from confguard.units import dimensions, unit_of

__all__ = ["amounts", "ratio", "times", "unit_of"]


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
    if isinstance(value, ByteSize):
        return {"B": float(value)}
    return {"n": float(value)} if isinstance(value, Ratio) else dimensions(value)


def ratio(before: Any, after: Any) -> float | None:
    """`after / before` where both are amounts of one dimension and above zero; else None.

    >>> ratio("2s", "20ms")
    0.01
    >>> ratio("500m", "0.5")
    1.0
    """
    old, new = amounts(before), amounts(after)
    for dimension in ("n", "s", "B"):
        if dimension in old and dimension in new:
            if old[dimension] > 0 and new[dimension] > 0:
                return _quotient(new[dimension], old[dimension])
            return None
    return None


def _quotient(new: float, old: float) -> float | None:
    """To nine digits; None where it is too large or too small to be one."""
    found = float(f"{new / old:.9g}")
    return found if 0 < found < float("inf") else None


def times(ratio: float) -> str:
    """A ratio in words.

    >>> times(0.01), times(1024.0), times(2.5)
    ('100 times less', '1,024 times more', '2.5 times more')
    """
    factor, direction = (ratio, "more") if ratio > 1 else (1 / ratio, "less")
    return f"{factor:,.0f} times {direction}" if factor >= 100 else f"{factor:.3g} times {direction}"
