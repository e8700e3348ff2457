"""Amounts of memory, disk and processors as Kubernetes writes them, and sizes of machines as clouds name them."""

from __future__ import annotations

import re

from confguard.risk.rules.edits import Edit

__all__ = ["size_named", "unit_lost"]

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|[KMGTPE]i?)?")
"""An amount as Kubernetes writes it: a bare number is bytes, or whole processors; `m` is a thousandth."""

_LADDER = {"nano": 0.125, "micro": 0.25, "small": 0.5, "medium": 1.0, "large": 2.0, "xlarge": 4.0}
_NAMED_SIZE = re.compile(r"(?:.{0,60}[._-])?(\d{0,3})(nano|micro|small|medium|large|xlarge)", re.IGNORECASE)
_COUNTED_SIZE = re.compile(
    r"(?:[a-z]\d[a-z]?-[a-z]{3,12}-(\d{1,3})|(?:Standard_)[A-Z]{1,3}(\d{1,3})[a-z]{0,4}(?:_v\d)?)",
    re.IGNORECASE,
)
"""`n1-standard-16` of Google, `Standard_D8s_v3` of Azure."""


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


def unit_lost(edit: Edit) -> str | None:
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
