"""Does all that fits one JSON Schema fit another? Where not: at which place, by which keyword, and how sure that is.

Each case of the old schema is held against each keyword of the new one. A keyword that the old schema does not imply
is a `Refusal`. What cannot be decided (whether one regular expression includes another, `not`, what
`unevaluatedProperties` sees) is a refusal that is not `sure`, unless a value is found that fits the old schema and
not the new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import define, evolve, field

from confguard.schema.bounds import kinds, shown
from confguard.schema.comparing import objects
from confguard.schema.comparing.cases import (
    SchemaCase,
    cases,
    impossible,
    listed,
    numbers,
    parts_of,
    takes_nothing,
    types_named,
)
from confguard.schema.comparing.interface import Comparing, Refusal, Refusals
from confguard.schema.comparing.ranges import as_json_number
from confguard.schema.comparing.relations import disjoint, excludes_some, same, says_same
from confguard.schema.comparing.samples import in_doubt, proven
from confguard.schema.comparing.values import of_arrays, of_format, of_numbers, of_texts
from confguard.schema.json_validation import fits, problems
from confguard.schema.nodes import SchemaNode

_DEEPEST = 40
_MOST_SEARCHES = 60
_MOST_ASKED = 20_000


@define(eq=False)
class Containment(Comparing):
    """Compares two schemas; remembers what it has compared."""

    _known: dict[Any, Refusals] = field(factory=dict)
    _kept: list[Any] = field(factory=list)
    """Nodes whose identity is remembered, so that no others can take it over."""
    _asked: dict[Any, list[frozenset[str]]] = field(factory=dict)
    """What is being asked: parts of a case and a schema, with the types that it is asked for."""
    _depth: int = 0
    _searches: int = 0

    def refusals(self, old: tuple[SchemaNode, ...], new: SchemaNode) -> Refusals:
        """Why not all that fits the old schemas, together, fits the new one; empty where all does."""
        if new.data is True or new.data == {} or any(same(node, new) for node in old):
            return []
        old = tuple({id(node.data): node for node in old}.values())
        key = (frozenset(id(node.data) for node in old), id(new.data))
        if key not in self._known:
            self._known[key] = []  # where a schema contains itself, the question is its own answer
            self._kept += [*old, new]
            self._known[key] = self._answered(old, new)
        return self._known[key]

    def _answered(self, old: tuple[SchemaNode, ...], new: SchemaNode) -> Refusals:
        if self._depth > _DEEPEST or len(self._known) > _MOST_ASKED:
            return [Refusal("CS114", "is too large, or nested too deep, to be compared", sure=False)]
        self._depth += 1
        try:
            allowed = cases(old)
            several = sum(case.types == {"object"} for case in allowed) > 1
            refusals = _unique(
                refusal
                for case in allowed
                for refusal in _surely(case, _of_member(self.of_case(case, new), several=several))
            )
        finally:
            self._depth -= 1
        if not in_doubt(refusals) or (self._searches >= _MOST_SEARCHES and self._depth):
            return refusals
        self._searches += 1
        return proven(refusals, old, new)

    def of_case(self, case: SchemaCase, new: SchemaNode) -> Refusals:
        """Why not all of one case of the old schema fits the new one.

        What is asked within its own answer, as a schema that contains itself does, has been answered there.
        """
        asked = (frozenset(id(part.data) for part in case.parts if part.says_something), id(new.data))
        types = self._asked.setdefault(asked, [])
        if case.values is None and any(case.types <= each for each in types):
            return []
        types.append(case.types)
        try:
            return self._of_case(case, new)
        finally:
            types.pop()

    def _of_case(self, case: SchemaCase, new: SchemaNode) -> Refusals:
        if new.data is True or any(same(part, new) for part in case.parts):
            return []
        keywords = new.keywords
        if case.values is not None:
            return list(_of_values(case, new))
        if takes_nothing(new):
            return [Refusal("CS104", "may not be there any more", was=kinds(case.types))]
        lost = case.types - types_named(keywords.get("type"))
        if lost:
            was, now = kinds(case.types), kinds(types_named(keywords.get("type")))
            return [Refusal("CS104", f"was {was} and is {now}", was=was, now=now)]
        refusals: Refusals = []
        for part in new.parts:
            refusals += self.of_case(case, part)
        for kind in sorted(case.types):
            refusals += self._of_type(evolve(case, types=frozenset({kind})), new, keywords, kind)
        return _unique(refusals)

    def _of_type(self, case: SchemaCase, new: SchemaNode, keywords: dict[str, Any], kind: str) -> Refusals:
        if impossible(case):
            return []
        if "enum" in keywords or "const" in keywords:
            return list(_of_options(case, new, kind))
        every = listed(case)
        if kind not in {"null", "boolean"} and every.values is not None:
            return list(_of_values(every, new))
        refusals: Refusals = []
        if kind in {"integer", "fraction"}:
            refusals += of_numbers(case, keywords, kind)
        elif kind == "string":
            refusals += of_texts(case, keywords)
        elif kind == "array":
            refusals += of_arrays(self, case, new, keywords)
        elif kind == "object":
            refusals += objects.refusals(self, case, new)
        if kind in {"integer", "fraction", "string"}:
            refusals += of_format(case, keywords, kind)
        return refusals + self._of_unions(case, new, keywords)

    def _of_unions(self, case: SchemaCase, new: SchemaNode, keywords: dict[str, Any]) -> Refusals:
        refusals: Refusals = []
        for union in ("anyOf", "oneOf"):
            if union in keywords and not says_same(case, new, union):
                refusals += self._of_members(case, list(map(new.child, keywords[union])), union)
        excluded = keywords.get("not", False)
        if excluded and not says_same(case, new, "not") and not disjoint(case, new.child(excluded)):
            refusals.append(Refusal.doubtful("not", "excludes something with `not`", now=excluded))
        if "if" in keywords and not says_same(case, new, "if", "then", "else"):
            refusals += self._of_condition(case, new, keywords)
        for keyword in sorted(_UNDECIDED & keywords.keys()):
            if not says_same(case, new, keyword):
                refusals.append(Refusal.doubtful(keyword, f"`{keyword}` is another", now=keywords[keyword]))
        return refusals

    def _of_members(self, case: SchemaCase, members: list[SchemaNode], union: str) -> Refusals:
        results = [self.of_case(case, member) for member in members]
        covering = [member for member, result in zip(members, results, strict=True) if not result]
        if covering and union == "oneOf":
            others = [member for member in members if member is not covering[0]]
            if not all(disjoint(case, member) for member in others):
                text = "may fit more than one member of `oneOf`, and one alone may fit"
                return [Refusal.doubtful("oneOf", text, "CS113")]
        if covering:
            return []
        alike = [result for result in results if not any(_tells_apart(refusal) for refusal in result)]
        if len(alike) == 1:
            return alike[0]
        if alike:
            closest = min(alike, key=len)
            return [evolve(refusal, sure=False) for refusal in closest]
        if all(refusal.code == "CS104" and not refusal.path for result in results for refusal in result):
            was = kinds(case.types)
            return [Refusal("CS104", f"no longer takes {was}", was=was)]
        members_gone = [
            each for result in results for each in _of_member(result, several=True) if each.code == "CS112"
        ]
        if len(members_gone) == len(results):
            return members_gone[:1]
        text = f"a member of `{union}` is gone, or takes less: something that fitted it fits none now"
        return [Refusal.doubtful(union, text, "CS112")]

    def _of_condition(self, case: SchemaCase, new: SchemaNode, keywords: dict[str, Any]) -> Refusals:
        condition = new.child(keywords["if"])
        then, other = (new.child(keywords.get(name, True)) for name in ("then", "else"))
        if disjoint(case, condition):
            return self.of_case(case, other)
        if not self.of_case(case, condition):
            return self.of_case(case, then)
        asking = [part for part in case.parts if "if" in part.keywords]
        same_condition = [part for part in asking if same(part.child(part.keywords["if"]), condition)]
        refusals = self.of_case(_where(case, same_condition, "then", *parts_of(condition)), then)
        refusals += self.of_case(_where(case, same_condition, "else"), other)
        if not refusals:
            return []
        about = [evolve(refusal, sure=False) for refusal in refusals if refusal.path]
        return [Refusal.doubtful("if", "`if`, `then` or `else` asks for more"), *about]


_UNDECIDED = {"extends", "disallow", "divisibleBy", "unevaluatedItems"}


def _surely(case: SchemaCase, refusals: Refusals) -> Refusals:
    """The refusals, none of them sure where what they are about may not fit the old schema itself."""
    if case.values is not None or not any(refusal.sure for refusal in refusals):
        return refusals
    if case.exact and not excludes_some(case):
        return refusals
    return [evolve(refusal, sure=False, example=None) for refusal in refusals]


def _of_member(refusals: Refusals, *, several: bool) -> Refusals:
    """What is said of a member of a union: if there is not one of its kind any more, that alone."""
    tag = next((each for each in refusals if each.whole and len(each.path) == 1), None) if several else None
    if tag is None:
        return refusals
    text = f"no longer takes what has {shown(tag.was, 'or')} as its '{tag.path[0]}'"
    return [Refusal("CS112", text, sure=tag.sure, was=tag.was)]


def _where(case: SchemaCase, conditions: list[SchemaNode], branch: str, *more: SchemaNode) -> SchemaCase:
    """The case where conditions hold, or do not: with what the old schema says of that."""
    branches = [part.child(part.keywords[branch]) for part in conditions if branch in part.keywords]
    return evolve(case, parts=(*case.parts, *more, *(each for node in branches for each in parts_of(node))))


def _unique(refusals: Iterable[Refusal]) -> Refusals:
    unique: dict[Any, Refusal] = {}
    for refusal in refusals:
        key = (refusal.code, refusal.path, refusal.message)
        if key not in unique or refusal.sure:
            unique[key] = refusal
    return list(unique.values())


def _tells_apart(refusal: Refusal) -> bool:
    """Is it for its type, or for a key that names the kind, that a member refuses?"""
    return refusal.code in {"CS104", "CS107"} and len(refusal.path) <= 1


def _of_options(case: SchemaCase, new: SchemaNode, kind: str) -> Iterator[Refusal]:
    """What is refused where only some values are allowed now."""
    keywords = new.keywords
    options = keywords.get("enum", [keywords.get("const")])
    every = listed(case).values
    if kind in {"integer", "fraction"}:
        values = numbers(case, kind).listed(len(options))
        every = None if values is None else tuple(map(as_json_number, values))
    if every is not None and all(fits(value, new) for value in every):
        return
    alone = kind in {"integer", "fraction"} or not any(
        part.keywords.keys() & _NARROWING.get(kind, set()) for part in case.parts
    )
    text = f"takes only {shown(options)} now"
    yield Refusal("CS107", text, sure=every is not None or alone, was=kinds(case.types), now=options)


_NARROWING = {
    "string": {"maxLength", "pattern", "format"},
    "array": {"maxItems", "items", "prefixItems", "contains"},
    "object": {"maxProperties", "additionalProperties", "propertyNames", "patternProperties", "required"},
}
"""Keywords by which there may be no more values than a few."""


def _of_values(case: SchemaCase, new: SchemaNode) -> Iterator[Refusal]:
    lost = [value for value in case.values or () if not fits(value, new)]
    if not lost:
        return
    allowed = types_named(new.keywords.get("type"))
    if len(lost) == len(case.values or ()) and not allowed & {_type_of(value) for value in lost}:
        yield Refusal(
            "CS104", f"was {shown(lost, 'or')} and is {kinds(allowed)}", was=lost, now=kinds(allowed)
        )
        return
    wrong = problems(lost[0], new)
    why = "" if "enum" in new.keywords or "const" in new.keywords or not wrong else f": {wrong[0][1]}"
    whole = len(lost) == len(case.values or ())
    now = new.keywords.get("enum")
    yield Refusal("CS107", f"no longer takes {shown(lost)}{why}", was=lost, now=now, whole=whole)


def _type_of(value: Any) -> str:
    names = {str: "string", bool: "boolean", int: "integer", float: "fraction", list: "array", dict: "object"}
    return names.get(type(value), "string" if isinstance(value, str) else "null")
