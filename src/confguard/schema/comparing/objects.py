"""What a new JSON Schema refuses of the tables that an old one takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import evolve

from confguard.schema.comparing.cases import Case, Part, cases, parts_of, same, takes_nothing
from confguard.schema.comparing.interface import Comparing
from confguard.schema.comparing.refusal import Refusal
from confguard.schema.json_validation import fits
from confguard.schema.nodes import Node

__all__ = ["refusals"]

_CONDITIONAL = {"anyOf", "oneOf", "if", "dependentSchemas", "not"}


def refusals(compare: Comparing, case: Case, new: Node, keywords: dict[str, Any]) -> list[Refusal]:
    """Why not all tables of a case of the old schema fit the new one."""
    case = evolve(case, parts=(*case.parts, *_unevaluated_parts(case)))
    part = Part(new, keywords)
    found = [*_required(case, part), *_counts(case, part)]
    found += _of_keys(compare, case, part)
    found += _of_patterns(compare, case, part)
    found += _of_others(compare, case, part)
    if "unevaluatedProperties" in keywords:
        found += _of_unevaluated(compare, case, new, keywords)
    found += _of_dependents(compare, case, part)
    if "propertyNames" in keywords:
        found += _of_names(compare, case, new.child(keywords["propertyNames"]))
    return found


def _known(case: Case, name: str) -> bool:
    return any(name in part.keywords.get("properties", {}) or name in part.renamed for part in case.parts)


def _old(case: Case, name: str) -> tuple[Node, ...]:
    return tuple(child for part in case.parts for child in part.children(name))


def _possible(case: Case, name: str) -> bool:
    """May a table of the old schema have this key?"""
    named = (
        part.node.child(names) for part in case.parts for names in [part.keywords.get("propertyNames", True)]
    )
    return all(fits(name, names) for names in named) and bool(cases(_old(case, name)))


def _former(part: Part, name: str) -> list[str]:
    """The names that a key had before, by which it is still read."""
    return [was for was, now in part.renamed.items() if now == name]


def _required(case: Case, new: Part) -> Iterator[Refusal]:
    for name in new.keywords.get("required", ()):
        if any(case.requires(each) for each in (name, *_former(new, name))):
            continue
        known = _known(case, name) or any(_known(case, was) for was in _former(new, name))
        code, text = ("CS103", "is required now") if known else ("CS102", "was added, and is required")
        yield Refusal(code, text, (name,), was=False, now=True)


def _counts(case: Case, new: Part) -> Iterator[Refusal]:
    least = max(
        case.highest("minProperties") or 0, len({name for names in case.all("required") for name in names})
    )
    if new.keywords.get("minProperties", 0) > least:
        now = new.keywords["minProperties"]
        yield Refusal("CS105", f"minProperties is {now}", was=case.highest("minProperties"), now=now)
    most = case.lowest("maxProperties")
    closed = [
        len(part.keywords.get("properties", {}))
        for part in case.parts
        if part.keywords.get("additionalProperties") is False and not part.keywords.get("patternProperties")
    ]
    bounds = [*closed, *([most] if most is not None else [])]
    now = new.keywords.get("maxProperties")
    if now is not None and now < min(bounds, default=now + 1):
        yield Refusal("CS105", f"maxProperties is {now}", was=most, now=now)


def _names(case: Case, new: Part) -> list[str]:
    """Every key that is named anywhere, in the order of the schemas."""
    found: dict[str, None] = {}
    for part in (*case.parts, new):
        found |= dict.fromkeys(
            [*part.keywords.get("properties", {}), *(part.renamed if part is not new else ())]
        )
        names = part.keywords.get("propertyNames")
        if isinstance(names, dict):
            found |= dict.fromkeys(
                name for name in names.get("enum", [names.get("const")]) if isinstance(name, str)
            )
    return list(found)


def _of_keys(compare: Comparing, case: Case, new: Part) -> Iterator[Refusal]:
    for name in _names(case, new):
        old, known = _old(case, name), _known(case, name)
        if not known and any(_known(case, was) for was in _former(new, name)):
            continue
        for now in new.children(name):
            if now.data is True or now.data == {} or not _possible(case, name):
                continue
            if takes_nothing(now) and (known or _finite_names(case)):
                yield _removed(case, name)
            elif takes_nothing(now) and name not in new.keywords.get("properties", {}):
                continue  # as all keys that have no name, of which is told at once
            else:
                told = [refusal.below(name) for refusal in compare.refusals(old, now)]
                if known or case.requires(name):
                    yield from told
                elif told and name not in new.keywords.get("required", ()):
                    text = "was added: a file that has this key for something else is refused"
                    yield Refusal("CS102", text, (name,), sure=False, by_chance=True)


def _removed(case: Case, name: str) -> Refusal:
    now = next((part.renamed[name] for part in case.parts if name in part.renamed), None)
    if now and not any(name in part.keywords.get("properties", {}) for part in case.parts):
        return Refusal("CS101", f"is the old name of '{now}', and is read no more", (name,))
    return Refusal("CS101", "was removed", (name,))


def _patterns(case: Case) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for part in case.parts:
        for pattern, child in part.keywords.get("patternProperties", {}).items():
            found.setdefault(pattern, []).append(part.node.child(child))
    return found


def _of_patterns(compare: Comparing, case: Case, new: Part) -> Iterator[Refusal]:
    before, after = _patterns(case), new.keywords.get("patternProperties", {})
    for pattern, old in before.items():
        now = new.node.child(after.get(pattern, new.keywords.get("additionalProperties", True)))
        shown = f"/{getattr(pattern, 'written', pattern)}/"
        if takes_nothing(now) and cases(tuple(old)):
            yield Refusal("CS101", "was removed", (shown,), sure=pattern in after or not after)
        else:
            yield from _less_sure(
                compare.refusals(tuple(old), now), shown, sure=pattern in after or not after
            )
    for pattern, child in after.items():
        shown, now = f"/{getattr(pattern, 'written', pattern)}/", new.node.child(child)
        for other, old in before.items():
            if other != pattern:
                yield from _less_sure(compare.refusals(tuple(old), now), shown, sure=False)
        rest = _rest(case)
        if pattern not in before and cases(rest) and compare.refusals(rest, now):
            text = "was added: a file that has such keys for something else is refused"
            yield Refusal("CS102", text, (shown,), sure=False, by_chance=True)


def _less_sure(found: list[Refusal], step: str, *, sure: bool) -> Iterator[Refusal]:
    for refusal in found:
        yield evolve(refusal, sure=refusal.sure and sure).below(step)


def _rest(case: Case) -> tuple[Node, ...]:
    """What the values of keys without a name must fit."""
    return tuple(part.node.child(part.keywords.get("additionalProperties", True)) for part in case.parts)


def _finite_names(case: Case) -> bool:
    names = [part.keywords.get("propertyNames") for part in case.parts]
    return any(
        each is False or (isinstance(each, dict) and {"enum", "const"} & each.keys()) for each in names
    )


def _of_others(compare: Comparing, case: Case, new: Part) -> Iterator[Refusal]:
    now = new.node.child(new.keywords.get("additionalProperties", True))
    if now.data is True or now.data == {} or _finite_names(case):
        return
    old = _rest(case)
    if takes_nothing(now):
        if cases(old):
            covered = bool(new.keywords.get("patternProperties"))
            yield Refusal(
                "CS109",
                "refuses keys that it does not name",
                sure=not covered or not _patterns(case),
                keyword="additionalProperties",
            )
        return
    yield from (refusal.below("*") for refusal in compare.refusals(old, now))


def _unevaluated_parts(case: Case) -> Iterator[Part]:
    """What `unevaluatedProperties` of the old schema says, in other words."""
    for part in case.parts:
        if "unevaluatedProperties" in part.keywords:
            made = _as_additional(part.node, part.keywords)
            if made is not None:
                yield made


def _as_additional(node: Node, keywords: dict[str, Any]) -> Part | None:
    """`unevaluatedProperties` as an `additionalProperties` beside all keys that are named; None where all are."""
    known: dict[str, Any] = {}
    patterns: dict[str, Any] = {}
    for part in _all_parts(node):
        if "additionalProperties" in part.keywords:
            return None
        known |= dict.fromkeys(part.keywords.get("properties", {}), True)
        patterns |= dict.fromkeys(part.keywords.get("patternProperties", {}), True)
    made = {
        "properties": known,
        "patternProperties": patterns,
        "additionalProperties": keywords["unevaluatedProperties"],
    }
    return Part(Node(made, node.resolver, node.draft), made)


def _all_parts(node: Node, depth: int = 0) -> Iterator[Part]:
    """All that may hold beside a schema, under whatever condition."""
    for part in parts_of(node):
        yield part
        if depth < 8:
            below = [*part.keywords.get("anyOf", ()), *part.keywords.get("oneOf", ())]
            below += [part.keywords[name] for name in ("if", "then", "else") if name in part.keywords]
            below += part.keywords.get("dependentSchemas", {}).values()
            for child in below:
                yield from _all_parts(part.node.child(child), depth + 1)


def _of_unevaluated(compare: Comparing, case: Case, new: Node, keywords: dict[str, Any]) -> Iterator[Refusal]:
    conditional = any(_CONDITIONAL & part.keywords.keys() for part in parts_of(new))
    if conditional and not any(same(part.node, new) for part in case.parts):
        yield Refusal(
            "CS114",
            "`unevaluatedProperties` may refuse keys that it did not",
            sure=False,
            keyword="unevaluatedProperties",
        )
    made = _as_additional(new, keywords)
    if made is not None:
        yield from _of_keys(compare, case, made)
        yield from _of_patterns(compare, case, made)
        yield from _of_others(compare, case, made)


def _of_dependents(compare: Comparing, case: Case, new: Part) -> Iterator[Refusal]:
    for name, needed in new.keywords.get("dependentRequired", {}).items():
        implied = {each for names in case.all("dependentRequired") for each in names.get(name, ())}
        missing = [each for each in needed if each not in implied and not case.requires(each)]
        if _possible(case, name):
            yield from (
                Refusal("CS103", f"is required beside '{name}' now", (each,))
                for each in missing
                if each != name
            )
    for name, child in new.keywords.get("dependentSchemas", {}).items():
        now = new.node.child(child)
        before = [
            part.node.child(part.keywords["dependentSchemas"][name])
            for part in case.parts
            if name in part.keywords.get("dependentSchemas", {})
        ]
        if any(same(each, now) for each in before) or not _possible(case, name):
            continue
        there = Part(Node({"required": [name]}, new.node.resolver, new.node.draft), {"required": [name]})
        extra = tuple(Part(each, each.keywords) for each in before)
        yield from compare.of_case(evolve(case, parts=(*case.parts, there, *extra)), now)


def _of_names(compare: Comparing, case: Case, new: Node) -> Iterator[Refusal]:
    closed = any(
        part.keywords.get("additionalProperties") is False and not part.keywords.get("patternProperties")
        for part in case.parts
    )
    for name in _names(case, Part(new, {})):
        if _known(case, name) and _possible(case, name) and not fits(name, new):
            yield Refusal("CS101", "was removed: `propertyNames` does not take it", (name,))
    if closed or _finite_names(case):
        return
    texts = Node({"type": "string"}, new.resolver, new.draft)
    old = tuple(
        part.node.child(part.keywords["propertyNames"])
        for part in case.parts
        if "propertyNames" in part.keywords
    )
    for refusal in compare.refusals((texts, *old), new):
        yield evolve(
            refusal,
            code="CS109",
            message=f"refuses keys that it did not: {refusal.message}",
            path=(),
            keyword="propertyNames",
        )
