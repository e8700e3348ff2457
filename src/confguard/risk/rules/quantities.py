"""Amounts of memory, disk and processors as Kubernetes writes them."""

from __future__ import annotations

import re

from confguard.risk.rules.edits import Edit

__all__ = ["unit_lost"]

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|[KMGTPE]i?)?")
"""An amount as Kubernetes writes it: a bare number is bytes, or whole processors; `m` is a thousandth."""


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
