"""What a new JSON Schema refuses of the tables that an old one takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from attrs import evolve

from confguard.schema.comparing.cases import (
    Case,
    Part,
    cases,
    children_of,
    parts_below,
    parts_of,
    takes_key,
    takes_nothing,
)
from confguard.schema.comparing.interface import Comparing, Refusal
from confguard.schema.comparing.relations import same
from confguard.schema.json_validation import fits
from confguard.schema.nodes import SchemaNode

__all__ = ["Keys", "refusals"]

_CONDITIONAL = {"anyOf", "oneOf", "if", "dependentSchemas", "not"}


def refusals(compare: Comparing, case: Case, new: SchemaNode, keywords: dict[str, Any]) -> list[Refusal]:
    """Why not all tables of a case of the old schema fit the new one."""
    case = evolve(case, parts=(*case.parts, *_unevaluated_parts(case)))
    part, listed = Part(new, keywords), _listed_keys(case)
    result = [*_required(case, part, listed), *_counts(case, part, listed)]
    result += _of_values(compare, case, part, listed)
    if "unevaluatedProperties" in keywords:
        result += _of_unevaluated(compare, case, new, keywords, listed)
    result += _of_dependents(compare, case, part)
    if "propertyNames" in keywords:
        result += _of_names(compare, case, new.child(keywords["propertyNames"]), listed)
    return result


def _of_values(compare: Comparing, case: Case, new: Part, listed: Keys | None) -> Iterator[Refusal]:
    yield from _of_keys(compare, case, new, listed)
    yield from _of_patterns(compare, case, new, listed)
    yield from _of_others(compare, case, new, listed)


def _known(case: Case, name: str) -> bool:
    return any(name in part.properties or name in part.renamed for part in case.parts)


def _possible(case: Case, name: str) -> bool:
    """May a table of the old schema have this key?"""
    return takes_key(case, name) and bool(cases(children_of(case.parts, name)))


def _is_named(part: Part, name: str) -> bool:
    """Does a schema say more of a key than of all others?"""
    if name in part.properties or name in part.renamed:
        return True
    return any(re.search(pattern, name) for pattern in part.patterns)


def _former(part: Part, name: str) -> list[str]:
    """The names that a key had before, by which it is still read."""
    return [was for was, now in part.renamed.items() if now == name]


def _required(case: Case, new: Part, listed: Keys | None) -> Iterator[Refusal]:
    sure = listed is None or not case.highest("minProperties")
    for name in new.keywords.get("required", ()):
        if any(case.requires(each) for each in (name, *_former(new, name))):
            continue
        known = _known(case, name) or any(_known(case, was) for was in _former(new, name))
        code, text = ("CS103", "is required now") if known else ("CS102", "was added, and is required")
        yield Refusal(code, text, (name,), sure=sure, was=False, now=True)


def _counts(case: Case, new: Part, listed: Keys | None) -> Iterator[Refusal]:
    required = {name for names in case.all("required") for name in names}
    least = max(case.highest("minProperties") or 0, len(required))
    if new.keywords.get("minProperties", 0) > least:
        now = new.keywords["minProperties"]
        yield Refusal("CS105", f"minProperties is {now}", was=case.highest("minProperties"), now=now)
    most = case.lowest("maxProperties")
    now = new.keywords.get("maxProperties")
    if now is None or (most is not None and most <= now):
        return
    if listed is None or sum(_possible(case, name) for name in listed) > now:
        yield Refusal("CS105", f"maxProperties is {now}", was=most, now=now)


def _names(case: Case, new: Part) -> list[str]:
    """Every key that is named anywhere, in the order of the schemas."""
    names = [name for part in case.parts for name in _named(part)]
    return list(dict.fromkeys([*names, *new.properties]))


def _is_matched(case: Case, name: str) -> bool:
    return any(re.search(pattern, name) for pattern in _patterns(case))


def _other_keys(case: Case, listed: Keys | None) -> list[str]:
    """The keys, of those that are all there are, whose values must fit what those of all other keys must."""
    return [name for name in listed or () if not _known(case, name) and not _is_matched(case, name)]


def _of_keys(compare: Comparing, case: Case, new: Part, listed: Keys | None) -> Iterator[Refusal]:
    """Of each key that either schema says something of.

    Of keys that are listed, and of which both say what they do of all others, it is told at once.
    """
    others = _other_keys(case, listed)
    told_apart = [
        name for name in others if _is_named(new, name) or all(map(takes_nothing, new.children(name)))
    ]
    for name in dict.fromkeys([*_names(case, new), *told_apart]):
        old = children_of(case.parts, name)
        known = _known(case, name) or name in others or _is_matched(case, name)
        if not known and any(_known(case, was) for was in _former(new, name)):
            continue
        for now in new.children(name):
            if now.data is True or now.data == {} or not _possible(case, name):
                continue
            if takes_nothing(now) and known:
                yield _removed(case, name)
            elif takes_nothing(now) and name not in new.properties:
                continue  # as all keys that have no name, of which is told at once
            elif takes_nothing(now):
                text = "is refused now: a file that has this key for something else is refused"
                yield Refusal("CS109", text, (name,), sure=False, by_chance=True)
            else:
                refused = [refusal.below(name) for refusal in compare.refusals(old, now)]
                if known or case.requires(name):
                    yield from refused
                elif refused and name not in new.keywords.get("required", ()):
                    text = "was added: a file that has this key for something else is refused"
                    yield Refusal("CS102", text, (name,), sure=False, by_chance=True)


def _removed(case: Case, name: str) -> Refusal:
    now = next((part.renamed[name] for part in case.parts if name in part.renamed), None)
    if now and not any(name in part.properties for part in case.parts):
        return Refusal("CS101", f"is the old name of '{now}', and is read no more", (name,))
    return Refusal("CS101", "was removed", (name,))


def _patterns(case: Case) -> dict[str, list[SchemaNode]]:
    patterns: dict[str, list[SchemaNode]] = {}
    for part in case.parts:
        for pattern, child in part.patterns.items():
            patterns.setdefault(pattern, []).append(part.node.child(child))
    return patterns


def _of_patterns(compare: Comparing, case: Case, new: Part, listed: Keys | None) -> Iterator[Refusal]:
    before, after = _patterns(case), new.patterns
    alone = len(before) == 1 and not case.all("propertyNames")
    for pattern, old in before.items():
        now = new.node.child(after.get(pattern, new.keywords.get("additionalProperties", True)))
        shown = f"/{getattr(pattern, 'written', pattern)}/"
        named = any(re.search(pattern, name) for name in new.properties)
        sure = alone and (pattern in after or not (after or named))
        if takes_nothing(now) and cases(tuple(old)):
            yield Refusal("CS101", "was removed", (shown,), sure=sure)
        else:
            yield from _less_sure(compare.refusals(tuple(old), now), shown, sure=sure)
    for pattern, child in after.items():
        shown, now = f"/{getattr(pattern, 'written', pattern)}/", new.node.child(child)
        others = [old for other, old in before.items() if other != pattern]
        refused = [each for old in others for each in compare.refusals(tuple(old), now)]
        yield from _less_sure(refused, shown, sure=False)
        rest, free = _rest(case), pattern not in before and listed is None
        if not refused and free and cases(rest) and compare.refusals(rest, now):
            text = "was added: a file that has such keys for something else is refused"
            yield Refusal("CS102", text, (shown,), sure=False, by_chance=True)


def _less_sure(refusals_below: list[Refusal], step: str, *, sure: bool) -> Iterator[Refusal]:
    for refusal in refusals_below:
        yield evolve(refusal, sure=refusal.sure and sure).below(step)


def _rest(case: Case) -> tuple[SchemaNode, ...]:
    """What the values of keys without a name must fit."""
    return tuple(part.others for part in case.parts)


def _of_others(compare: Comparing, case: Case, new: Part, listed: Keys | None) -> Iterator[Refusal]:
    now = new.others
    if now.data is True or now.data == {}:
        return
    old, patterns = _rest(case), _patterns(case).keys() | new.patterns.keys()
    if takes_nothing(now):
        if listed is None and cases(old):
            text = "refuses keys that it does not name"
            yield Refusal("CS109", text, sure=not patterns, keyword="additionalProperties")
        return
    if listed is None:
        yield from _less_sure(compare.refusals(old, now), "*", sure=not patterns)
    elif any(not _is_named(new, name) and takes_key(case, name) for name in _other_keys(case, listed)):
        yield from (refusal.below("*") for refusal in compare.refusals(old, now))


def _unevaluated_parts(case: Case) -> Iterator[Part]:
    """What `unevaluatedProperties` of the old schema says, in other words."""
    for part in case.parts:
        if "unevaluatedProperties" in part.keywords:
            additional = _as_additional(part.node, part.keywords)
            if additional is not None:
                yield additional


def _as_additional(node: SchemaNode, keywords: dict[str, Any]) -> Part | None:
    """`unevaluatedProperties` as an `additionalProperties` beside all keys that are named; None where all are."""
    known: dict[str, Any] = {}
    patterns: dict[str, Any] = {}
    for part in parts_below(node, _CONDITIONAL - {"not"} | {"then", "else"}):
        if "additionalProperties" in part.keywords:
            return None
        known |= dict.fromkeys(part.properties, True)
        patterns |= dict.fromkeys(part.patterns, True)
    rest = {"additionalProperties": keywords["unevaluatedProperties"]}
    rest |= {"properties": known, "patternProperties": patterns}
    return Part(node.child(rest), rest)


def _of_unevaluated(
    compare: Comparing, case: Case, new: SchemaNode, keywords: dict[str, Any], listed: Keys | None
) -> Iterator[Refusal]:
    conditional = any(_CONDITIONAL & part.keywords.keys() for part in parts_of(new))
    if conditional and not any(same(part.node, new) for part in case.parts):
        yield Refusal.doubtful(
            "unevaluatedProperties", "`unevaluatedProperties` may refuse keys that it did not"
        )
    additional = _as_additional(new, keywords)
    if additional is not None:
        yield from _of_values(compare, case, additional, listed)


def _of_dependents(compare: Comparing, case: Case, new: Part) -> Iterator[Refusal]:
    for name, needed in new.keywords.get("dependentRequired", {}).items():
        implied = {each for names in case.all("dependentRequired") for each in names.get(name, ())}
        missing = [each for each in needed if each not in implied and not case.requires(each)]
        for each in missing if _possible(case, name) else ():
            if each != name:
                yield Refusal("CS103", f"is required beside '{name}' now", (each,))
    for name, child in new.keywords.get("dependentSchemas", {}).items():
        now = new.node.child(child)
        before = [
            part.node.child(part.keywords["dependentSchemas"][name])
            for part in case.parts
            if name in part.keywords.get("dependentSchemas", {})
        ]
        if any(same(each, now) for each in before) or not _possible(case, name):
            continue
        there = Part(new.node.child({"required": [name]}), {"required": [name]})
        extra = tuple(Part(each, each.keywords) for each in before)
        yield from compare.of_case(evolve(case, parts=(*case.parts, there, *extra)), now)


def _of_names(compare: Comparing, case: Case, new: SchemaNode, listed: Keys | None) -> Iterator[Refusal]:
    names = [name for name in _names(case, Part(new, {})) if _known(case, name)] if listed is None else listed
    for name in names:
        if not fits(name, new) and _possible(case, name):
            yield Refusal("CS101", "was removed: `propertyNames` does not take it", (name,))
    if listed is not None:
        return
    old = _keys_of(case) if case.parts else (new.child({"type": "string"}),)
    for refusal in compare.refusals(old, new):
        text = f"refuses keys that it did not: {refusal.message}"
        renamed = evolve(refusal, code="CS109", message=text, path=(), keyword="propertyNames")
        yield evolve(renamed, example=None, shown_by=None)  # what was shown is a key, and no table


Keys: TypeAlias = list[str]


def _listed_keys(case: Case) -> Keys | None:
    """All keys that there may be, some perhaps with values that nothing fits; None where they cannot be listed."""
    closed = [_named(part) for part in case.parts if _is_closed(part) and not part.patterns]
    if closed:
        return min(closed, key=len)
    if not case.parts:
        return None
    if not case.all("propertyNames") and not any(map(_is_closed, case.parts)):
        return None
    alternatives = cases(_keys_of(case))
    if any(each.values is None for each in alternatives):
        return None
    return list(dict.fromkeys(str(name) for each in alternatives for name in each.values or ()))


def _keys_of(case: Case) -> tuple[SchemaNode, ...]:
    """What the keys must fit, as schemas."""
    nodes = []
    for part in case.parts:
        if "propertyNames" in part.keywords:
            nodes.append(part.node.child(part.keywords["propertyNames"]))
        if _is_closed(part):
            options: list[Any] = [{"enum": _named(part)}]
            for pattern, child in part.patterns.items():
                options += [{"pattern": pattern}] if cases((part.node.child(child),)) else []
            nodes.append(part.node.child({"anyOf": options}))
    return (case.parts[0].node.child({"type": "string"}), *nodes)


def _is_closed(part: Part) -> bool:
    return takes_nothing(part.others)


def _named(part: Part) -> Keys:
    return [*part.properties, *part.renamed]
