"""What a new JSON Schema refuses of the numbers, texts and lists that an old one takes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from attrs import evolve

from confguard.schema.comparing.cases import SchemaCase, cases, longest, numbers, takes_nothing
from confguard.schema.comparing.interface import Comparing, Refusal, Refusals
from confguard.schema.comparing.ranges import BOUNDS
from confguard.schema.comparing.relations import says_same
from confguard.schema.comparing.texts import lengths
from confguard.schema.formats import CHECKED
from confguard.schema.nodes import SchemaNode
from confguard.texts import amount

_ANY = (0, math.inf)
_LENGTHS = {
    "date": (10, 10),
    "date-time": (19, math.inf),
    "time": (8, math.inf),
    "duration": (3, math.inf),
    "email": (3, math.inf),
    "hostname": (1, 253),
    "ipv4": (7, 15),
    "ipv6": (2, 45),
    "uri": (2, math.inf),
    "uuid": (36, 36),
}
"""How long the texts of a format are, at least and at most."""
_TRIVIAL = {"", "^", "$", ".*", "^.*"}
"""Patterns that every text matches."""


def of_numbers(case: SchemaCase, keywords: dict[str, Any], kind: str) -> Iterator[Refusal]:
    old = numbers(case, kind)
    for name in BOUNDS:
        if name in keywords and not old.beyond(name, keywords[name]).empty:
            yield _bound(case, name, keywords[name])
    if "multipleOf" in keywords and not old.all_multiples(keywords["multipleOf"]):
        yield _bound(case, "multipleOf", keywords["multipleOf"])


def of_texts(case: SchemaCase, keywords: dict[str, Any]) -> Iterator[Refusal]:
    known = [*map(lengths, case.all("pattern")), *(_LENGTHS.get(form, _ANY) for form in case.all("format"))]
    least, most = max([0, *(each[0] for each in known)]), min([math.inf, *(each[1] for each in known)])
    yield from _lower(case, keywords, "minLength", at_least=least, sure=not known)
    yield from _upper(case, keywords, "maxLength", at_most=most, sure=not known)
    pattern = keywords.get("pattern")
    if pattern is not None and pattern not in case.all("pattern") and _written(pattern) not in _TRIVIAL:
        was = next(map(_written, case.all("pattern")), None)
        text = f"pattern is {_written(pattern)!r}" + (f", and was {was!r}" if was is not None else "")
        yield Refusal("CS105", text, sure=False, was=was, now=_written(pattern))


def _written(pattern: Any) -> str:
    return str(getattr(pattern, "written", pattern))


_WIDER_FORMATS = {
    ("uri", "uri-reference"),
    ("uri", "iri"),
    ("uri", "iri-reference"),
    ("uri-reference", "iri-reference"),
    ("iri", "iri-reference"),
    ("email", "idn-email"),
    ("hostname", "idn-hostname"),
    ("int32", "int64"),
    ("float", "double"),
}


def of_format(case: SchemaCase, keywords: dict[str, Any], kind: str) -> Iterator[Refusal]:
    now, before = keywords.get("format"), case.all("format")
    if now is None or now in before or any((was, now) in _WIDER_FORMATS for was in before):
        return
    if kind != "string" and now in CHECKED:  # which are about texts
        return
    text = f"format is {now!r}" + (f", and was {before[0]!r}" if before else "")
    yield Refusal("CS115", text, sure=False, was=before[0] if before else None, now=now)


def _lower(
    case: SchemaCase, keywords: dict[str, Any], bound: str, *, at_least: float = 0, sure: bool = True
) -> Iterator[Refusal]:
    """What a bound refuses of what has at least so many, by other keywords too; not `sure` where they ask for more."""
    if bound in keywords and keywords[bound] > max([at_least, *case.all(bound)]):
        yield _bound(case, bound, keywords[bound], sure=sure)


def _upper(
    case: SchemaCase, keywords: dict[str, Any], bound: str, *, at_most: float = math.inf, sure: bool = True
) -> Iterator[Refusal]:
    """What a bound refuses of what has at most so many."""
    if bound in keywords and keywords[bound] < min([at_most, *case.all(bound)]):
        yield _bound(case, bound, keywords[bound], sure=sure)


def _bound(case: SchemaCase, name: str, now: Any, *, sure: bool = True) -> Refusal:
    was = next(iter(case.all(name)), None)
    text = f"{name} is {now}" + (f", and was {was}" if was is not None else "")
    return Refusal("CS105", text, sure=sure, was=was, now=now)


def of_arrays(compare: Comparing, case: SchemaCase, new: SchemaNode, keywords: dict[str, Any]) -> Refusals:
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


def _of_elements(compare: Comparing, case: SchemaCase, position: int, new: SchemaNode, step: Any) -> Refusals:
    old = tuple(part.element(position) for part in case.parts)
    crowded = bool(case.all("contains")) and longest(case) is not None  # by what must be there
    if takes_nothing(new):
        text = f"has at most {amount(position, 'element')}"
        return [Refusal("CS105", text, sure=not crowded, now=position)] if cases(old) else []
    refusals = [refusal.below(step) for refusal in compare.refusals(old, new)]
    return [evolve(refusal, sure=refusal.sure and not crowded) for refusal in refusals]


def _of_contains(compare: Comparing, case: SchemaCase, new: SchemaNode, keywords: dict[str, Any]) -> Refusals:
    now, least = new.child(keywords["contains"]), keywords.get("minContains", 1)
    enough = any(
        part.keywords.get("minContains", 1) >= least
        and not compare.refusals((part.child(part.keywords["contains"]),), now)
        for part in case.parts
        if "contains" in part.keywords
    )
    if (enough or least == 0) and "maxContains" not in keywords:
        return []
    return [Refusal.doubtful("contains", "`contains` asks for more", now=keywords["contains"])]


def _of_sizes(case: SchemaCase, keywords: dict[str, Any]) -> Iterator[Refusal]:
    most, few = longest(case), {"uniqueItems", "maxContains"}
    limited = any(part.keywords.keys() & few for part in case.parts)
    wanted = [part.keywords.get("minContains", 1) for part in case.parts if "contains" in part.keywords]
    yield from _lower(case, keywords, "minItems", at_least=max(wanted, default=0), sure=not any(wanted))
    yield from _upper(
        case, keywords, "maxItems", at_most=math.inf if most is None else most, sure=not limited
    )
    if keywords.get("uniqueItems") and True not in case.all("uniqueItems") and (most is None or most > 1):
        sure = most is None or not case.all("prefixItems")
        yield Refusal("CS105", "uniqueItems is true", sure=sure, was=False, now=True)
