"""What a change amounts to: how much more or less, wider or narrower, and whether that is the safer side."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from attrs import asdict, frozen

from confguard.fields import ByteSize, FieldType, Network, Ratio, Safer, Secret
from confguard.schema.shape import Shape
from confguard.units import dimensions, unit_of

Word: TypeAlias = Literal[
    "added", "removed", "moved", "changed", "more", "less", "wider", "narrower", "looser", "stricter"
]

_SLIPS = {
    **dict.fromkeys([10**3, 10**6, 10**9, 1024, 1024**2, 1024**3], "a slip of units"),
    60: "seconds and minutes confused",
    3600: "seconds and hours confused",
    86400: "seconds and days confused",
}
"""Ratios that a slip of the unit makes."""


@frozen
class Effect:
    """What a change amounts to.

    `word` is the direction, by the field's `Safer` mark where it has one; `ratio` how many times the old amount the
    new one is; `magnitude` that as a power of ten; `suspicion` what the change looks like, where no schema knows.
    """

    word: Word
    ratio: float | None = None
    magnitude: int | None = None
    suspicion: str | None = None

    def to_json(self) -> dict[str, object]:
        """The effect as JSON, without what is not known."""
        return asdict(self, filter=lambda _, value: value is not None)

    def __str__(self) -> str:
        """The parenthesis behind a change; empty where there is nothing to say.

        >>> str(Effect("stricter", 0.01)), str(Effect("more", 1.2)), str(Effect("wider"))
        ('100 times less, stricter', '', 'wider')
        """
        sized = times(self.ratio) if self.ratio is not None and not 0.5 < self.ratio < 2 else ""
        word = self.word if self.word in {"wider", "narrower", "looser", "stricter"} else ""
        return ", ".join(part for part in (sized, word, self.suspicion) if part)


def effect_of(op: str, before: Any, after: Any, shape: Shape) -> Effect:
    """The effect of a change, by what the schema says of its place.

    >>> from confguard.schema.shape import ANYTHING
    >>> effect_of("replace", "2s", "20ms", ANYTHING)
    Effect(word='less', ratio=0.01, magnitude=-2, suspicion=None)
    >>> effect_of("replace", 1, 1000, ANYTHING).suspicion
    'perhaps a slip of units'
    """
    if op != "replace":
        words: dict[str, Word] = {"add": "added", "remove": "removed", "move": "moved"}
        return Effect(words[op])
    if isinstance(before, Secret) or isinstance(after, Secret):
        return Effect("changed")
    shape = shape.of(after)
    if shape.field_type is Network:
        return Effect(_width(shape.meaning(before), shape.meaning(after)))
    pair = _amounts(before, after, shape)
    if pair is None:
        return Effect(_side(before, after, shape) or "changed", suspicion=_alike(before, after, shape))
    old, new = pair
    word: Word = "more" if new > old else "less" if new < old else "changed"
    sized = quotient(old, new)
    return Effect(
        _side(before, after, shape) or word,
        sized,
        round(math.log10(sized)) or None if sized else None,
        None if shape.field_type or shape.amount else _slip(before, after, max(pair) / min(pair)),
    )


def _amounts(before: Any, after: Any, shape: Shape) -> tuple[Fraction, Fraction] | None:
    """Both amounts, as the schema reads them; nothing where it wants a field type and does not read one."""
    if shape.field_type and isinstance(before, str) and isinstance(after, str):
        old, new = shape.meaning(before), shape.meaning(after)
        if not (isinstance(old, FieldType) and isinstance(new, FieldType)):
            return None
    return comparable(shape.meaning(before), shape.meaning(after))


def _side(before: Any, after: Any, shape: Shape) -> Word | None:
    """Looser or stricter, by the `Safer` mark."""
    mark = shape.mark(Safer)
    old, new = _number(shape.meaning(before)), _number(shape.meaning(after))
    if mark is None or old is None or new is None or old == new:
        return None
    return "stricter" if (new < old) is (mark.direction == "lower") else "looser"


def _number(value: Any) -> Fraction | None:
    return Fraction(value) if isinstance(value, bool) else preferred(value)


def _width(old: Any, new: Any) -> Word:
    if not isinstance(old, Network) or not isinstance(new, Network):
        return "changed"
    one, two = old.network, new.network
    if one.version != two.version:
        return "changed"
    if one.subnet_of(two):  # type: ignore[arg-type]
        return "wider"
    return "narrower" if two.subnet_of(one) else "changed"  # type: ignore[arg-type]


def _slip(before: Any, after: Any, factor: Fraction) -> str | None:
    """What a change by a factor looks like, which is exact: two large numbers are not the same for being close."""
    if factor == 1:
        return (
            "the same amount, written otherwise"
            if type(before) is type(after)
            else _alike_text(before, after)
        )
    slip = next((kind for slip, kind in _SLIPS.items() if abs(factor / slip - 1) < 1e-6), None)
    has_unit = factor in (60, 3600, 86400) and bool(unit_of(before) or unit_of(after))  # `1m` says what it is
    return f"perhaps {slip}" if slip and not has_unit else None


def _alike(before: Any, after: Any, shape: Shape) -> str | None:
    if shape.field_type or shape.amount:
        return None
    if before is None or after is None or type(before) is type(after):
        return None
    return _alike_text(before, after)


def _alike_text(before: Any, after: Any) -> str | None:
    """Values that look the same to a person and are not of one type."""
    numbers = isinstance(before, int | float) and isinstance(after, int | float)
    if numbers and before == after and not isinstance(before, bool) and not isinstance(after, bool):
        return "the same number, of another type"
    if str(before).lower() == str(after).lower():
        return "looks the same, and is of another type"
    return None


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
