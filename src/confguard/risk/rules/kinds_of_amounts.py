"""What happened to an amount, whatever it is of: cut, raised, zero, lifted, in another unit; to sizes and ranges."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from confguard.diffs.effects import amounts, times
from confguard.risk.names import words_of
from confguard.risk.rules.interface import Context, Edit, sized
from confguard.risk.rules.table import Happened
from confguard.units import unit_of

_NO_LIMIT = frozenset({"unlimited", "infinity", "infinite", "inf", "none", "max", "nolimit", "-1"})
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|[KMGTPE]i?)?")
"""An amount as Kubernetes writes it: a bare number is bytes, or whole processors; `m` is a thousandth."""
_LADDER = {"nano": 0.125, "micro": 0.25, "small": 0.5, "medium": 1.0, "large": 2.0, "xlarge": 4.0}
_NAMED_SIZE = re.compile(r"(?:.{0,60}[._-])?(\d{0,3})(nano|micro|small|medium|large|xlarge)", re.IGNORECASE)
_COUNTED_SIZE = re.compile(
    r"(?:[a-z]\d[a-z]?-[a-z]{3,12}-(\d{1,3})|(?:Standard_)[A-Z]{1,3}(\d{1,3})[a-z]{0,4}(?:_v\d)?)",
    re.IGNORECASE,
)
"""`n1-standard-16` of Google, `Standard_D8s_v3` of Azure."""
_INSIDE = tuple(
    map(
        ip_network,
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7"],
    )
)
_RANGE = re.compile(r"\s*([0-9a-fA-F.:]{3,45})\s*(?:-|to|,|\s)\s*([0-9a-fA-F.:]{3,45})\s*")


def cut(edit: Edit, context: Context, role: str) -> Happened:
    """Less, and how many times."""
    if edit.ratio is None or edit.ratio >= 1:
        return None
    return 1 / edit.ratio, f"cut {sized(edit)}: {times(edit.ratio)}"


def raised(edit: Edit, context: Context, role: str) -> Happened:
    """More, and how many times."""
    if edit.ratio is None or edit.ratio <= 1:
        return None
    return edit.ratio, f"raised {sized(edit)}: {times(edit.ratio)}"


def to_zero(edit: Edit, context: Context, role: str) -> Happened:
    """Zero, where there was some."""
    before, after = edit.amounts_before, edit.amounts_after
    became = any(before[each] > 0 and after[each] == 0 for each in before.keys() & after.keys())
    return f"{sized(edit)}: zero" if became else None


def negative(edit: Edit, context: Context, role: str) -> Happened:
    """Below zero, and was not."""
    before, after = edit.amounts_before.get("n"), edit.amounts_after.get("n")
    if before is None or after is None or before < 0 or after >= 0:
        return None
    return f"{sized(edit)}: negative"


def few_left(edit: Edit, context: Context, role: str) -> Happened:
    """From two or more to one (1), or from any to none (2)."""
    before, after = _whole(edit.before), _whole(edit.after)
    if before is None or after is None or after > 1 or before <= max(after, 0):
        return None
    return 2 if after <= 0 else 1, sized(edit)


def minority(edit: Edit, context: Context, role: str) -> Happened:
    """Fewer than three, where there were as many: too few to outvote one that fails."""
    before, after = _whole(edit.before), _whole(edit.after)
    if before is None or after is None or not before >= 3 > after > 1:
        return None
    return f"cut {sized(edit)}: with fewer than three, the first failure leaves no majority"


def to_whole(edit: Edit, context: Context, role: str) -> Happened:
    """From less than half of all to all."""
    before, after = _share(edit.before), _share(edit.after)
    if before is None or after is None or before >= 0.5 or after < 1:
        return None
    return f"{sized(edit)} in one step"


def all_percent(edit: Edit, context: Context, role: str) -> Happened:
    """A hundred percent, said as such."""
    return sized(edit) if _percent(edit.after) == 1 and _percent(edit.before) != 1 else None


def lifted(edit: Edit, context: Context, role: str) -> Happened:
    """An amount that is without limit now."""
    if not edit.amounts_before or isinstance(edit.before, bool) or not isinstance(edit.after, str):
        return None
    unlimited = edit.after.strip().lower() in _NO_LIMIT
    return f"was {edit.before}, and is without limit" if unlimited else None


def unit_slip(edit: Edit, context: Context, role: str) -> Happened:
    """Ten times off and more, with another unit; or the same digits without their unit."""
    if lost := _unit_lost(edit):
        return f"{sized(edit)}: that is {lost}"
    if edit.ratio is None or 0.1 < edit.ratio < 10:
        return None
    before, after = unit_of(edit.before), unit_of(edit.after)
    if not before or not after or before == after:
        return None
    return f"{sized(edit)}: {times(edit.ratio)}, and the unit went from {before} to {after}"


def order_of_magnitude(edit: Edit, context: Context, role: str) -> Happened:
    """Ten times off (1); a hundred times, or the same digits with a zero more or less (2)."""
    if edit.ratio is None or 0.1 < edit.ratio < 10:
        return None
    severe = edit.ratio <= 0.01 or edit.ratio >= 100 or _zero_typed(edit)
    return 2 if severe else 1, f"{sized(edit)}: {times(edit.ratio)}"


def share_slip(edit: Edit, context: Context, role: str) -> Happened:
    """A share that was a part of one is a number above one, or the other way: 0.05 and 5."""
    numbers = isinstance(edit.before, int | float) and isinstance(edit.after, int | float)
    before, after = edit.amounts_before.get("n"), edit.amounts_after.get("n")
    if not before or not after or not numbers:
        return None
    slipped = (0 < before < 1 <= after and after != 1) or (0 < after < 1 < before)
    return f"{sized(edit)}: a share of one, or a percentage?" if slipped else None


def smaller_size(edit: Edit, context: Context, role: str) -> Happened:
    """A smaller size of machine, by its name."""
    before, after = size_named(edit.before), size_named(edit.after)
    if not before or not after or after >= before:
        return None
    return before / after, f"{sized(edit)}: {times(after / before)}"


def public_made_private(edit: Edit, context: Context, role: str) -> Happened:
    """An address that everybody reaches became one that only this network reaches."""
    before, after = _address(edit.before), _address(edit.after)
    if before is None or after is None or _is_inside(before) or not _is_inside(after):
        return None
    return f"{sized(edit)}: nobody outside reaches it"


def range_shrank(edit: Edit, context: Context, role: str) -> Happened:
    """A range of addresses of which a third or less is left."""
    before, after = _length(edit.before), _length(edit.after)
    shrank = before and after and after * 3 <= before
    return (before / after, f"{sized(edit)}: from {before} addresses to {after}") if shrank else None


def size_named(value: object) -> float | None:
    """How large a machine is, by the name of its size: each step is twice the one before; None for other names.

    >>> size_named("db.r5.4xlarge"), size_named("m5.large"), size_named("n1-standard-16"), size_named("web")
    (16.0, 2.0, 16.0, None)
    """
    text = str(value).strip()
    if named := _NAMED_SIZE.fullmatch(text):
        return _LADDER[named[2].lower()] * float(named[1] or 1)
    counted = _COUNTED_SIZE.fullmatch(text)
    return float(next(each for each in counted.groups() if each)) if counted else None


def _unit_lost(edit: Edit) -> str | None:
    """Of an amount of memory, disk or processors: what it means now, where the digits stay and the unit does not."""
    before, after = (_QUANTITY.fullmatch(str(side).strip()) for side in (edit.before, edit.after))
    if before is None or after is None or before[1] != after[1] or before[2] == after[2]:
        return None
    of_bytes = edit.words & {"memory", "storage", "ephemeral"}
    if of_bytes and (before[2] or "").endswith("i") and after[2] in {None, "m"}:
        return "bytes" if after[2] is None else "thousandths of a byte"
    if edit.name == "cpu" and {before[2], after[2]} == {"m", None}:
        return "whole processors" if after[2] is None else "thousandths of a processor"
    return None


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


def _is_inside(address: IPv4Address | IPv6Address) -> bool:
    """Is it of a network of one's own?"""
    return any(address.version == each.version and address in each for each in _INSIDE)


def _address(value: object) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def _length(value: object) -> int:
    """How many addresses a range holds; 0 for what is none."""
    match = _RANGE.fullmatch(value) if isinstance(value, str) else None
    first, last = (_address(match[1]), _address(match[2])) if match else (None, None)
    if first is None or last is None or first.version != last.version:
        return 0
    return max(0, int(last) - int(first) + 1)
