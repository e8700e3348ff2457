"""Which keys the tables of a case may have: what they must fit, and all of them, where they can be listed."""

from __future__ import annotations

from typing import Any, TypeAlias

from confguard.schema.comparing.cases import Case, Part, cases, takes_nothing
from confguard.schema.nodes import SchemaNode

__all__ = ["Keys", "keys_of", "listed_keys"]

Keys: TypeAlias = list[str]


def listed_keys(case: Case) -> Keys | None:
    """All keys that there may be, some perhaps with values that nothing fits; None where they cannot be listed."""
    closed = [
        _named(part) for part in case.parts if _is_closed(part) and not part.keywords.get("patternProperties")
    ]
    if closed:
        return min(closed, key=len)
    if not case.parts:
        return None
    if not case.all("propertyNames") and not any(map(_is_closed, case.parts)):
        return None
    alternatives = cases(keys_of(case))
    if any(each.values is None for each in alternatives):
        return None
    return list(dict.fromkeys(str(name) for each in alternatives for name in each.values or ()))


def keys_of(case: Case) -> tuple[SchemaNode, ...]:
    """What the keys must fit, as schemas."""
    nodes = []
    for part in case.parts:
        if "propertyNames" in part.keywords:
            nodes.append(part.node.child(part.keywords["propertyNames"]))
        if _is_closed(part):
            patterns = part.keywords.get("patternProperties", {}).items()
            options: list[Any] = [{"enum": _named(part)}]
            options += [
                {"pattern": pattern} for pattern, child in patterns if cases((part.node.child(child),))
            ]
            nodes.append(SchemaNode({"anyOf": options}, part.node.resolver, part.node.draft))
    first = case.parts[0].node
    return (SchemaNode({"type": "string"}, first.resolver, first.draft), *nodes)


def _is_closed(part: Part) -> bool:
    return takes_nothing(part.node.child(part.keywords.get("additionalProperties", True)))


def _named(part: Part) -> Keys:
    return [*part.keywords.get("properties", {}), *part.renamed]
