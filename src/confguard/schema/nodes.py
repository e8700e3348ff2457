"""JSON Schema's keywords in all drafts; one schema within a file of them, and where its references lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from attrs import frozen

from confguard.errors import SchemaError

DATA = frozenset({"enum", "const", "default", "examples", "x-confguard"})
"""What stands below these is not a schema."""
SAME_PLACE = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"}
)
"""What stands below these is about the value itself, not about a part of it."""
WITH_PATHS = frozenset({"properties", "patternProperties", "prefixItems", "items"})
"""What stands two steps below these is about a part of the value, that has a key or a position."""
SILENT = DATA - {"enum", "const"} | {
    *("title", "description", "$comment", "deprecated", "readOnly", "writeOnly", "$schema", "$id", "id"),
    *("$anchor", "$defs", "definitions", "$dynamicAnchor", "$recursiveAnchor", "$ref", "$dynamicRef"),
    "$recursiveRef",
}
"""Keywords that do not say, themselves, what fits."""
_MAPS = frozenset(
    {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"}
)
_ONE_OR_MORE = frozenset(
    {
        *("allOf", "anyOf", "oneOf", "prefixItems", "items", "additionalItems", "additionalProperties"),
        *("propertyNames", "contains", "not", "if", "then", "else", "unevaluatedItems"),
        *("unevaluatedProperties", "contentSchema", "extends", "disallow"),
    }
)


class Dialect(NamedTuple):
    """A version of JSON Schema."""

    year: float
    """For comparing: 3, 4, 6, 7 or the year."""
    uri: str
    validator: str
    """The name of its class in `jsonschema`."""

    @property
    def full_uri(self) -> str:
        """The URI with the scheme that it has."""
        return ("https" if self.year > 7 else "http") + "://" + self.uri


DRAFTS = (
    Dialect(2020, "json-schema.org/draft/2020-12/schema", "Draft202012Validator"),
    Dialect(2019, "json-schema.org/draft/2019-09/schema", "Draft201909Validator"),
    Dialect(7, "json-schema.org/draft-07/schema", "Draft7Validator"),
    Dialect(6, "json-schema.org/draft-06/schema", "Draft6Validator"),
    Dialect(4, "json-schema.org/draft-04/schema", "Draft4Validator"),
    Dialect(3, "json-schema.org/draft-03/schema", "Draft3Validator"),
)


def draft_of(schema: Any, default: Dialect = DRAFTS[0]) -> Dialect:
    """The draft that a schema says it is written in; `http` or `https`, with or without `#`. Raises `SchemaError`.

    >>> draft_of({"$schema": "https://json-schema.org/draft-07/schema"}).validator
    'Draft7Validator'
    """
    declared = schema.get("$schema") if isinstance(schema, dict) else None
    if declared is None:
        return default
    plain = str(declared).removeprefix("https://").removeprefix("http://").removesuffix("#")
    if plain == "json-schema.org/schema":
        return DRAFTS[0]
    known = next((draft for draft in DRAFTS if draft.uri == plain), None)
    if known is None:
        raise SchemaError(
            f"the $schema {declared!r} is not known",
            hint=f"one of {', '.join(draft.full_uri for draft in DRAFTS)}; or leave it out",
        )
    return known


def write_only(keywords: Any) -> bool:
    """Does a schema say that a value is secret?

    >>> write_only({"type": "integer", "writeOnly": True}), write_only({"type": "string"})
    (True, False)
    """
    if not isinstance(keywords, dict):
        return False
    extra = keywords.get("x-confguard")
    marked = isinstance(extra, dict) and (extra.get("secret") or extra.get("type") == "Secret")
    return bool(marked) or keywords.get("writeOnly") is True or keywords.get("format") == "password"


def subschemas(node: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The schemas right below a schema, each with the keys that lead there."""
    if not isinstance(node, dict):
        return
    for keyword, value in node.items():
        if keyword in _MAPS and isinstance(value, dict):
            yield from (((keyword, name), child) for name, child in value.items())
        elif keyword in _ONE_OR_MORE and isinstance(value, list):
            yield from (((keyword, i), child) for i, child in enumerate(value))
        elif keyword in _ONE_OR_MORE:
            yield (keyword,), value


def modern(node: Any, year: float) -> dict[str, Any]:
    """One schema in the words of draft 2020-12; what stands below stays as it is.

    >>> modern({"items": [{}], "additionalItems": False, "minimum": 1, "exclusiveMinimum": True}, 4)
    {'prefixItems': [{}], 'items': False, 'exclusiveMinimum': 1}
    """
    if not isinstance(node, dict):
        return {} if node is not False else {"not": {}}
    if year < 2019 and "$ref" in node:
        return {"$ref": node["$ref"]}
    modernised = dict(node)
    if isinstance(modernised.get("items"), list):
        modernised["prefixItems"] = modernised.pop("items")
        modernised["items"] = modernised.pop("additionalItems", True)
        modernised = {key: modernised[key] for key in ("prefixItems", "items", *modernised)}
    else:
        modernised.pop("additionalItems", None)
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(modernised.get(exclusive), bool) and modernised.pop(exclusive) and bound in modernised:
            modernised[exclusive] = modernised.pop(bound)
    for name, needed in (modernised.pop("dependencies", None) or {}).items():
        keyword = "dependentRequired" if isinstance(needed, list | str) else "dependentSchemas"
        value = [needed] if isinstance(needed, str) else needed
        modernised[keyword] = {**modernised.get(keyword, {}), name: value}
    return modernised


@frozen(eq=False, slots=False)
class SchemaNode:
    """One schema within a file, and where its references lead from."""

    data: Any
    resolver: Any
    draft: Dialect

    def child(self, data: Any) -> SchemaNode:
        """A schema that stands within this one."""
        if not isinstance(data, dict) or not ({"$id", "id"} & data.keys()):
            return SchemaNode(data, self.resolver, self.draft)
        resource = specification(self.draft).create_resource(data)
        return SchemaNode(data, self.resolver.in_subresource(resource), draft_of(data, self.draft))

    def target(self, reference: str) -> SchemaNode:
        """The schema that a reference leads to. Raises `SchemaError`."""
        from referencing.exceptions import CannotDetermineSpecification, NoSuchResource, Unresolvable

        try:
            resolved = self.resolver.lookup(reference)
        except (Unresolvable, NoSuchResource, CannotDetermineSpecification, ValueError) as error:
            raise _unresolved(reference, error) from None
        return SchemaNode(resolved.contents, resolved.resolver, draft_of(resolved.contents, self.draft))

    @property
    def references(self) -> Iterator[str]:
        """What this schema itself refers to."""
        for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            if isinstance(self.data, dict) and isinstance(self.data.get(keyword), str):
                yield self.data[keyword]

    @cached_property
    def keywords(self) -> dict[str, Any]:
        """The schema's keywords in the words of the newest draft."""
        return modern(self.data, self.draft.year)

    @property
    def parts(self) -> Iterator[SchemaNode]:
        """The schemas that hold wherever it does: those that it refers to, and of `allOf`."""
        yield from map(self.target, self.references)
        yield from map(self.child, self.keywords.get("allOf", ()))

    @property
    def properties(self) -> dict[str, Any]:
        """What it says of the values of keys that it names."""
        return self.keywords.get("properties", {})  # type: ignore[no-any-return]

    @property
    def patterns(self) -> dict[str, Any]:
        """What it says of those of keys that match a pattern."""
        return self.keywords.get("patternProperties", {})  # type: ignore[no-any-return]

    @property
    def others(self) -> SchemaNode:
        """What it says of those of all other keys."""
        return self.child(self.keywords.get("additionalProperties", True))

    def children(self, name: str) -> list[SchemaNode]:
        """What the values of a key must fit."""
        name = self.renamed.get(name, name)
        nodes = [self.properties[name]] if name in self.properties else []
        nodes += [child for pattern, child in self.patterns.items() if re.search(pattern, name)]
        return list(map(self.child, nodes)) or [self.others]

    def element(self, position: int) -> SchemaNode:
        """What the element at a position must fit."""
        first = self.keywords.get("prefixItems", ())
        return self.child(first[position] if position < len(first) else self.keywords.get("items", True))

    @property
    def says_something(self) -> bool:
        """Does it say something itself, besides which schemas it is made of?"""
        return bool(self.keywords.keys() - SILENT - {"allOf", "anyOf", "oneOf"})

    @cached_property
    def renamed(self) -> dict[str, str]:
        """Old names of keys with the ones that they have now."""
        names = {}
        for name, child in self.properties.items():
            extra = child.get("x-confguard") if isinstance(child, dict) else None
            if isinstance(extra, dict) and isinstance(extra.get("renamed"), str):
                names[extra["renamed"]] = name
        return names


def specification(draft: Dialect) -> Any:
    """How a draft of JSON Schema is read."""
    from referencing.jsonschema import specification_with

    return specification_with(draft.full_uri)


def _unresolved(reference: str, error: BaseException) -> SchemaError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, SchemaError):
            return SchemaError(f"the reference {reference!r} cannot be followed: {cause}", hint=cause.hint)
        cause = cause.__cause__
    return SchemaError(f"the reference {reference!r} leads nowhere")
