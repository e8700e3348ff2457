"""Amounts with units: `20ms`, `1Gi`, `500m`, `5%`, `400`; and how many times one is another."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

__all__ = ["amounts", "ratio", "times", "unit_of"]

_NUMBER = re.compile(r"\s*([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*([A-Za-zµ%]*)\s*")
_DURATION_PARTS = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w)")
_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "msec": 1e-3,
    **dict.fromkeys(["s", "sec", "secs", "second", "seconds"], 1.0),
    **dict.fromkeys(["m", "min", "mins", "minute", "minutes"], 60.0),
    **dict.fromkeys(["h", "hr", "hour", "hours"], 3600.0),
    **dict.fromkeys(["d", "day", "days"], 86400.0),
    **dict.fromkeys(["w", "week", "weeks"], 604800.0),
}
_BYTES = {
    **{f"{p}{b}": 1000.0**n for n, p in enumerate(["", "k", "m", "g", "t", "p"]) for b in ("", "b") if p},
    **{f"{p}i{b}": 1024.0**n for n, p in enumerate(["", "k", "m", "g", "t", "p"]) for b in ("", "b") if p},
    "b": 1.0,
}
_SIZED = 12


def amounts(value: Any) -> dict[str, float]:
    """What a value may amount to, by dimension: seconds `s`, bytes `B`, a plain number `n`.

    >>> amounts("20ms")
    {'s': 0.02}
    >>> amounts("500m")
    {'s': 30000.0, 'n': 0.5}
    >>> amounts("fast")
    {}
    """
    if isinstance(value, bool):
        return {}
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            return {}
        return {"n": number, "s": number, "B": number} if isfinite(number) else {}
    if not isinstance(value, str) or len(value) > 4 * _SIZED:
        return {}
    found = _NUMBER.fullmatch(value)
    if not found:
        return _compound(value)
    number, unit = float(found[1].replace("_", "")), found[2]
    if not unit:
        return {"n": number, "s": number, "B": number}
    if unit == "%":
        return {"n": number / 100}
    made = {}
    if unit.lower() in _SECONDS and not unit.startswith("M"):
        made["s"] = number * _SECONDS[unit.lower()]
    if unit.lower() in _BYTES and unit != "m":
        made["B"] = number * _BYTES[unit.lower()]
    if unit == "m":  # thousandths, as in Kubernetes' CPU amounts
        made["n"] = number / 1000
    return made


def _compound(value: str) -> dict[str, float]:
    parts = _DURATION_PARTS.findall(value)
    if len(parts) < 2 or _DURATION_PARTS.sub("", value).strip():
        return {}
    return {"s": sum(float(count) * _SECONDS[unit] for count, unit in parts)}


def unit_of(value: Any) -> str:
    """The unit a text amount is written in, lower case; empty where there is none.

    >>> unit_of("20ms"), unit_of(20)
    ('ms', '')
    """
    found = _NUMBER.fullmatch(value) if isinstance(value, str) and len(value) < 4 * _SIZED else None
    return found[2] if found else ""


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
                return float(f"{new[dimension] / old[dimension]:.9g}") or None
            return None
    return None


def times(ratio: float) -> str:
    """A ratio in words.

    >>> times(0.01), times(1024.0), times(2.5)
    ('100 times less', '1,024 times more', '2.5 times more')
    """
    factor, direction = (ratio, "more") if ratio > 1 else (1 / ratio, "less")
    return f"{factor:,.0f} times {direction}" if factor >= 100 else f"{factor:.3g} times {direction}"
