"""What a new JSON Schema refuses of the tables that an old one takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from attrs import evolve, frozen

from confguard.schema.comparing.cases import (
    SchemaCase,
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

_CONDITIONAL = {"anyOf", "oneOf", "if", "dependentSchemas", "not"}


def refusals(compare: Comparing, case: SchemaCase, new: SchemaNode) -> list[Refusal]:
    """Why not all tables of a case of the old schema fit the new one."""
    unevaluated = (_as_additional(part) for part in case.parts if "unevaluatedProperties" in part.keywords)
    case = evolve(case, parts=(*case.parts, *filter(None, unevaluated)))
    tables = _Tables(compare, case, new, _listed_keys(case))
    return [
        *tables.required(),
        *tables.counts(),
        *tables.of_values(),
        *tables.of_unevaluated(),
        *tables.of_dependents(),
        *tables.of_names(),
    ]


@frozen(eq=False, slots=False)
class _Tables:
    """The tables of a case of the old schema, held against the new one."""

    compare: Comparing
    case: SchemaCase
    new: SchemaNode
    listed: list[str] | None
    """All keys that there may be; None where they cannot be listed."""

    @cached_property
    def patterns(self) -> dict[str, tuple[SchemaNode, ...]]:
        """What the old schema says of the values of keys that match a pattern."""
        patterns: dict[str, tuple[SchemaNode, ...]] = {}
        for part in self.case.parts:
            for pattern, child in part.patterns.items():
                patterns[pattern] = (*patterns.get(pattern, ()), part.child(child))
        return patterns

    @cached_property
    def rest(self) -> tuple[SchemaNode, ...]:
        """What it says of those of keys without a name."""
        return tuple(part.others for part in self.case.parts)

    @cached_property
    def open(self) -> bool:
        """May keys without a name hold anything? Else they are data, and none is there by chance."""
        return all(each.data is True or each.data == {} for each in self.rest)

    @cached_property
    def named(self) -> list[str]:
        """Every key that is named anywhere, in the order of the schemas."""
        names = [name for part in self.case.parts for name in _named(part)]
        return list(dict.fromkeys([*names, *self.new.properties]))

    @cached_property
    def others(self) -> list[str]:
        """The keys, of those that are all there are, whose values must fit what those of all other keys must."""
        return [name for name in self.listed or () if not self.known(name) and not self.matched(name)]

    def known(self, name: str) -> bool:
        """Does the old schema name a key?"""
        return any(name in part.properties or name in part.renamed for part in self.case.parts)

    def matched(self, name: str) -> bool:
        """Does it say something of a key by a pattern?"""
        return any(re.search(pattern, name) for pattern in self.patterns)

    def possible(self, name: str) -> bool:
        """May a table of the old schema have this key?"""
        return takes_key(self.case, name) and bool(cases(children_of(self.case.parts, name)))

    def was_known(self, name: str) -> bool:
        """Does the old schema name a key by a name that it had before, by which it is still read?"""
        return any(now == name and self.known(was) for was, now in self.new.renamed.items())

    def told_apart(self, name: str) -> bool:
        """Does the new schema say more of a key than of all others?"""
        own = name in self.new.properties or name in self.new.renamed
        return own or any(re.search(pattern, name) for pattern in self.new.patterns)

    def required(self) -> Iterator[Refusal]:
        sure = self.listed is None or not self.case.highest("minProperties")
        for name in self.new.keywords.get("required", ()):
            former = [was for was, now in self.new.renamed.items() if now == name]
            if any(map(self.case.requires, (name, *former))):
                continue
            known = any(map(self.known, (name, *former)))
            code, text = ("CS103", "is required now") if known else ("CS102", "was added, and is required")
            yield Refusal(code, text, (name,), sure=sure, was=False, now=True)

    def counts(self) -> Iterator[Refusal]:
        required = {name for names in self.case.all("required") for name in names}
        least = self.case.highest("minProperties")
        now = self.new.keywords.get("minProperties", 0)
        if now > max(least or 0, len(required)):
            yield Refusal("CS105", f"minProperties is {now}", was=least, now=now)
        most, now = self.case.lowest("maxProperties"), self.new.keywords.get("maxProperties")
        if now is None or (most is not None and most <= now):
            return
        if self.listed is None or sum(map(self.possible, self.listed)) > now:
            yield Refusal("CS105", f"maxProperties is {now}", was=most, now=now)

    def of_values(self) -> Iterator[Refusal]:
        yield from self.of_keys()
        yield from self.of_patterns()
        yield from self.of_others()

    def of_keys(self) -> Iterator[Refusal]:
        """Of each key that either schema says something of.

        Of keys that are listed, and of which both say what they do of all others, it is told at once.
        """
        told_apart = [
            name
            for name in self.others
            if self.told_apart(name) or all(map(takes_nothing, self.new.children(name)))
        ]
        for name in dict.fromkeys([*self.named, *told_apart]):
            known = self.known(name) or name in self.others or self.matched(name)
            if known or not self.was_known(name):
                for now in self.new.children(name):
                    if now.data is not True and now.data != {} and self.possible(name):
                        yield from self.of_key(name, now, known=known)

    def of_key(self, name: str, now: SchemaNode, *, known: bool) -> Iterator[Refusal]:
        if takes_nothing(now) and known:
            yield self.removed(name)
        elif takes_nothing(now) and name in self.new.properties:  # else it is told of all keys without a name
            text = "is refused now: a file that has this key for something else is refused"
            yield Refusal("CS109", text, (name,), sure=False, by_chance=self.open)
        elif not takes_nothing(now):
            refused = self.compare.refusals(children_of(self.case.parts, name), now)
            if known or self.case.requires(name):
                yield from (refusal.below(name) for refusal in refused)
            elif refused and name not in self.new.keywords.get("required", ()):
                text = "was added: a file that has this key for something else is refused"
                yield Refusal("CS102", text, (name,), sure=False, by_chance=self.open)

    def removed(self, name: str) -> Refusal:
        now = next((part.renamed[name] for part in self.case.parts if name in part.renamed), None)
        if now and not any(name in part.properties for part in self.case.parts):
            return Refusal("CS101", f"is the old name of '{now}', and is read no more", (name,))
        return Refusal("CS101", "was removed", (name,))

    def of_patterns(self) -> Iterator[Refusal]:
        before, after = self.patterns, self.new.patterns
        alone = len(before) == 1 and not self.case.all("propertyNames")
        for pattern, values in before.items():
            old = (*values, *self.beside(pattern))
            now = self.new.child(after.get(pattern, self.new.keywords.get("additionalProperties", True)))
            named = any(re.search(pattern, name) for name in self.new.properties)
            sure = alone and (pattern in after or not (after or named))
            if takes_nothing(now) and cases(old):
                yield Refusal("CS101", "was removed", (_shown(pattern),), sure=sure)
            else:
                yield from _less_sure(self.compare.refusals(old, now), _shown(pattern), sure=sure)
        for pattern, child in after.items():
            now = self.new.child(child)
            others = [old for other, old in before.items() if other != pattern]
            refused = [each for old in others for each in self.compare.refusals(old, now)]
            yield from _less_sure(refused, _shown(pattern), sure=False)
            free = pattern not in before and self.listed is None
            if not refused and free and cases(self.rest) and self.compare.refusals(self.rest, now):
                text = "was added: a file that has such keys for something else is refused"
                yield Refusal("CS102", text, (_shown(pattern),), sure=False, by_chance=self.open)

    def beside(self, pattern: str) -> Iterator[SchemaNode]:
        """What parts of the old schema that name no key of a pattern say of its values, as of those of all others."""
        for part in self.case.parts:
            if not part.patterns and not any(re.search(pattern, name) for name in part.properties):
                yield part.others

    def of_others(self) -> Iterator[Refusal]:
        now, patterns = self.new.others, self.patterns.keys() | self.new.patterns.keys()
        if now.data is True or now.data == {}:
            return
        if takes_nothing(now):
            if self.listed is None and cases(self.rest):
                text = "refuses keys that it does not name"
                yield Refusal("CS109", text, sure=not patterns, keyword="additionalProperties")
        elif self.listed is None:
            yield from _less_sure(self.compare.refusals(self.rest, now), "*", sure=not patterns)
        elif any(not self.told_apart(name) and takes_key(self.case, name) for name in self.others):
            yield from (refusal.below("*") for refusal in self.compare.refusals(self.rest, now))

    def of_unevaluated(self) -> Iterator[Refusal]:
        if "unevaluatedProperties" not in self.new.keywords:
            return
        conditional = any(_CONDITIONAL & part.keywords.keys() for part in parts_of(self.new))
        if conditional and not any(same(part, self.new) for part in self.case.parts):
            text = "`unevaluatedProperties` may refuse keys that it did not"
            yield Refusal.doubtful("unevaluatedProperties", text)
        if additional := _as_additional(self.new):
            yield from evolve(self, new=additional).of_values()

    def of_dependents(self) -> Iterator[Refusal]:
        for name, needed in self.new.keywords.get("dependentRequired", {}).items():
            implied = {each for names in self.case.all("dependentRequired") for each in names.get(name, ())}
            for each in needed if self.possible(name) else ():
                if each != name and each not in implied and not self.case.requires(each):
                    yield Refusal("CS103", f"is required beside '{name}' now", (each,))
        for name, child in self.new.keywords.get("dependentSchemas", {}).items():
            now = self.new.child(child)
            before = [
                part.child(part.keywords["dependentSchemas"][name])
                for part in self.case.parts
                if name in part.keywords.get("dependentSchemas", {})
            ]
            if not any(same(each, now) for each in before) and self.possible(name):
                nodes = [self.new.child({"required": [name]}), *before]
                yield from self.compare.of_case(evolve(self.case, parts=(*self.case.parts, *nodes)), now)

    def of_names(self) -> Iterator[Refusal]:
        if "propertyNames" not in self.new.keywords:
            return
        now = self.new.child(self.new.keywords["propertyNames"])
        for name in filter(self.known, self.named) if self.listed is None else self.listed:
            if not fits(name, now) and self.possible(name):
                yield Refusal("CS101", "was removed: `propertyNames` does not take it", (name,))
        if self.listed is None:
            old = _keys_of(self.case) if self.case.parts else (now.child({"type": "string"}),)
            for refusal in self.compare.refusals(old, now):
                text = f"refuses keys that it did not: {refusal.message}"
                renamed = evolve(refusal, code="CS109", message=text, path=(), keyword="propertyNames")
                yield evolve(renamed, example=None, shown_by=None)  # what was shown is a key, and no table


def _shown(pattern: str) -> str:
    return f"/{getattr(pattern, 'written', pattern)}/"


def _less_sure(refusals_below: list[Refusal], step: str, *, sure: bool) -> Iterator[Refusal]:
    for refusal in refusals_below:
        yield evolve(refusal, sure=refusal.sure and sure).below(step)


def _as_additional(part: SchemaNode) -> SchemaNode | None:
    """`unevaluatedProperties` as an `additionalProperties` beside all keys that are named; None where all are."""
    parts = list(parts_below(part, _CONDITIONAL - {"not"} | {"then", "else"}))
    if any("additionalProperties" in each.keywords for each in parts):
        return None
    rest = {
        "properties": {name: True for each in parts for name in each.properties},
        "patternProperties": {pattern: True for each in parts for pattern in each.patterns},
        "additionalProperties": part.keywords["unevaluatedProperties"],
    }
    return part.child(rest)


def _listed_keys(case: SchemaCase) -> list[str] | None:
    """All keys that there may be, some perhaps with values that nothing fits; None where they cannot be listed."""
    closed = [_named(part) for part in case.parts if takes_nothing(part.others)]
    exact = [_named(part) for part in case.parts if takes_nothing(part.others) and not part.patterns]
    if exact:
        return min(exact, key=len)
    if not closed and not case.all("propertyNames"):
        return None
    alternatives = cases(_keys_of(case))
    if any(each.values is None for each in alternatives):
        return None
    return list(dict.fromkeys(str(name) for each in alternatives for name in each.values or ()))


def _keys_of(case: SchemaCase) -> tuple[SchemaNode, ...]:
    """What the keys must fit, as schemas."""
    nodes = [case.parts[0].child({"type": "string"})]
    for part in case.parts:
        if "propertyNames" in part.keywords:
            nodes.append(part.child(part.keywords["propertyNames"]))
        if takes_nothing(part.others):
            options: list[Any] = [{"enum": _named(part)}]
            for pattern, child in part.patterns.items():
                options += [{"pattern": pattern}] if cases((part.child(child),)) else []
            nodes.append(part.child({"anyOf": options}))
    return tuple(nodes)


def _named(part: SchemaNode) -> list[str]:
    return [*part.properties, *part.renamed]
