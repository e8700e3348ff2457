"""What happened to an amount: cut, raised, zero, lifted, in another unit."""

from __future__ import annotations

from typing import Any

from confguard.diffs.quantity import amounts, times, unit_of
from confguard.risk.names import words_of
from confguard.risk.rules.happened import Happened
from confguard.risk.rules.interface import Context, Edit, sized
from confguard.risk.rules.quantities import size_named, unit_lost

__all__ = [
    "all_percent",
    "cut",
    "few_left",
    "lifted",
    "minority",
    "negative",
    "order_of_magnitude",
    "raised",
    "share_slip",
    "smaller_size",
    "to_whole",
    "to_zero",
    "unit_slip",
]

_NO_LIMIT = frozenset({"unlimited", "infinity", "infinite", "inf", "none", "max", "nolimit", "-1"})


def cut(edit: Edit, context: Context, role: str) -> Happened | None:
    if edit.ratio is None or edit.ratio >= 1:
        return None
    return Happened(1 / edit.ratio, f"cut {sized(edit)}: {times(edit.ratio)}")


def raised(edit: Edit, context: Context, role: str) -> Happened | None:
    if edit.ratio is None or edit.ratio <= 1:
        return None
    return Happened(edit.ratio, f"raised {sized(edit)}: {times(edit.ratio)}")


def to_zero(edit: Edit, context: Context, role: str) -> Happened | None:
    before, after = edit.amounts_before, edit.amounts_after
    became = any(before[each] > 0 and after[each] == 0 for each in before.keys() & after.keys())
    return Happened(1, f"{sized(edit)}: zero") if became else None


def negative(edit: Edit, context: Context, role: str) -> Happened | None:
    before, after = edit.amounts_before.get("n"), edit.amounts_after.get("n")
    if before is None or after is None or before < 0 or after >= 0:
        return None
    return Happened(1, f"{sized(edit)}: negative")


def few_left(edit: Edit, context: Context, role: str) -> Happened | None:
    """From two or more to one (1), or from any to none (2)."""
    before, after = _whole(edit.before), _whole(edit.after)
    if before is None or after is None or after > 1 or before <= max(after, 0):
        return None
    return Happened(2 if after <= 0 else 1, sized(edit))


def minority(edit: Edit, context: Context, role: str) -> Happened | None:
    before, after = _whole(edit.before), _whole(edit.after)
    if before is None or after is None or not before >= 3 > after > 1:
        return None
    return Happened(1, f"cut {sized(edit)}: with fewer than three, the first failure leaves no majority")


def to_whole(edit: Edit, context: Context, role: str) -> Happened | None:
    """From less than half of all to all."""
    before, after = _share(edit.before), _share(edit.after)
    if before is None or after is None or before >= 0.5 or after < 1:
        return None
    return Happened(1, f"from {edit.before} to {edit.after} in one step")


def all_percent(edit: Edit, context: Context, role: str) -> Happened | None:
    whole = _percent(edit.after) == 1 and _percent(edit.before) != 1
    return Happened(1, sized(edit)) if whole else None


def lifted(edit: Edit, context: Context, role: str) -> Happened | None:
    if not edit.amounts_before or isinstance(edit.before, bool) or not isinstance(edit.after, str):
        return None
    if edit.after.strip().lower() not in _NO_LIMIT:
        return None
    return Happened(1, f"was {edit.before}, and is without limit")


def unit_slip(edit: Edit, context: Context, role: str) -> Happened | None:
    if lost := unit_lost(edit):
        return Happened(1, f"{sized(edit)}: that is {lost}")
    if edit.ratio is None or 0.1 < edit.ratio < 10:
        return None
    before, after = unit_of(edit.before), unit_of(edit.after)
    if not before or not after or before == after:
        return None
    return Happened(1, f"{sized(edit)}: {times(edit.ratio)}, and the unit went from {before} to {after}")


def order_of_magnitude(edit: Edit, context: Context, role: str) -> Happened | None:
    """Ten times off (1); a hundred times, or the same digits with a zero more or less (2)."""
    if edit.ratio is None or 0.1 < edit.ratio < 10:
        return None
    severe = edit.ratio <= 0.01 or edit.ratio >= 100 or _zero_typed(edit)
    return Happened(2 if severe else 1, f"{sized(edit)}: {times(edit.ratio)}")


def share_slip(edit: Edit, context: Context, role: str) -> Happened | None:
    """A share that was a part of one is a number above one, or the other way: 0.05 and 5."""
    before, after = edit.amounts_before.get("n"), edit.amounts_after.get("n")
    if (
        not before
        or not after
        or not isinstance(edit.before, int | float)
        or not isinstance(edit.after, int | float)
    ):
        return None
    slipped = (0 < before < 1 <= after and after != 1) or (0 < after < 1 < before)
    return Happened(1, f"{sized(edit)}: a share of one, or a percentage?") if slipped else None


def smaller_size(edit: Edit, context: Context, role: str) -> Happened | None:
    """A smaller size of machine, by its name."""
    before, after = size_named(edit.before), size_named(edit.after)
    if not before or not after or after >= before:
        return None
    return Happened(before / after, f"{sized(edit)}: {times(after / before)}")


def _zero_typed(edit: Edit) -> bool:
    """Are the digits the same but for zeros at the end? A step from one, or of a share, is none of that."""
    before, after = edit.before, edit.after
    if not isinstance(before, int) or not isinstance(after, int) or min(before, after) < 2:
        return False
    shares = words_of("percent percentage pct share weight ratio sample rollout canary")
    return str(before).rstrip("0") == str(after).rstrip("0") and not edit.words & shares


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _share(value: Any) -> float | None:
    """A share of a whole as 0 to 1: percentages above 1, texts with a percent sign."""
    number = amounts(value).get("n")
    return number / 100 if number is not None and isinstance(value, int) else number


def _percent(value: Any) -> float | None:
    return amounts(value).get("n") if isinstance(value, str) and value.strip().endswith("%") else None
