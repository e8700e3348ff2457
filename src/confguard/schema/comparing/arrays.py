"""What a new JSON Schema refuses of the lists that an old one takes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from attrs import evolve

from confguard.schema.comparing.cases import Case, cases, longest, takes_nothing
from confguard.schema.comparing.interface import Comparing
from confguard.schema.comparing.refusal import Refusal, Refusals
from confguard.schema.comparing.same import says_same
from confguard.schema.comparing.scalars import lower, upper
from confguard.schema.nodes import SchemaNode
from confguard.texts import amount

__all__ = ["of_arrays"]


def of_arrays(compare: Comparing, case: Case, new: SchemaNode, keywords: dict[str, Any]) -> Refusals:
    """Why not all lists of a case of the old schema fit the new one."""
    refusals, most = list(_of_sizes(case, keywords)), longest(case)
    first = [len(part.keywords.get("prefixItems", ())) for part in case.parts]
    placed = max([len(keywords.get("prefixItems", ())), *first])
    for position in range(placed if most is None else min(placed, most)):
        after = keywords.get("prefixItems", ())
        now = new.child(after[position] if position < len(after) else keywords.get("items", True))
        refusals += _of_elements(compare, case, position, now, position)
    if most is None or most > placed:
        refusals += _of_elements(compare, case, placed, new.child(keywords.get("items", True)), "*")
    if "contains" in keywords and not says_same(case, new, "contains", "minContains", "maxContains"):
        refusals += _of_contains(compare, case, new, keywords)
    return refusals


def _of_elements(compare: Comparing, case: Case, position: int, new: SchemaNode, step: Any) -> Refusals:
    old = tuple(part.element(position) for part in case.parts)
    crowded = bool(case.all("contains")) and longest(case) is not None  # by what must be there
    if takes_nothing(new):
        text = f"has at most {amount(position, 'element')}"
        return [Refusal("CS105", text, sure=not crowded, now=position)] if cases(old) else []
    refusals = [refusal.below(step) for refusal in compare.refusals(old, new)]
    return [evolve(refusal, sure=refusal.sure and not crowded) for refusal in refusals]


def _of_contains(compare: Comparing, case: Case, new: SchemaNode, keywords: dict[str, Any]) -> Refusals:
    now, least = new.child(keywords["contains"]), keywords.get("minContains", 1)
    enough = any(
        part.keywords.get("minContains", 1) >= least
        and not compare.refusals((part.node.child(part.keywords["contains"]),), now)
        for part in case.parts
        if "contains" in part.keywords
    )
    if (enough or least == 0) and "maxContains" not in keywords:
        return []
    return [
        Refusal("CS114", "`contains` asks for more", sure=False, now=keywords["contains"], keyword="contains")
    ]


def _of_sizes(case: Case, keywords: dict[str, Any]) -> Iterator[Refusal]:
    most, few = longest(case), {"uniqueItems", "maxContains"}
    limited = any(part.keywords.keys() & few for part in case.parts)
    wanted = [part.keywords.get("minContains", 1) for part in case.parts if "contains" in part.keywords]
    yield from lower(case, keywords, "minItems", at_least=max(wanted, default=0), sure=not any(wanted))
    yield from upper(case, keywords, "maxItems", at_most=math.inf if most is None else most, sure=not limited)
    if keywords.get("uniqueItems") and True not in case.all("uniqueItems") and (most is None or most > 1):
        sure = most is None or not case.all("prefixItems")
        yield Refusal("CS105", "uniqueItems is true", sure=sure, was=False, now=True)
