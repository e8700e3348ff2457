"""Two versions of a schema against each other: what a file that was right may now be refused for, or mean else."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from confguard.schema.comparing.containment import Containment
from confguard.schema.comparing.interface import Refusal
from confguard.schema.comparing.meanings import GRADES, Grade, SchemaFinding, lost_protection, notes
from confguard.schema.json_export import as_json_schema
from confguard.schema.schema import Schema
from confguard.schema.secrets import is_secret, shown_at
from confguard.schema.shape import ANYTHING, Shape


def compare_schemas(old: Schema[Any], new: Schema[Any]) -> list[SchemaFinding]:
    """What changed, gravest first.

    >>> from attrs import frozen
    >>> from confguard.schema.schema import resolve_schema
    >>> @frozen
    ... class One:
    ...     size: int = 64
    ...     name: str = "a"
    >>> @frozen
    ... class Two:
    ...     size: int
    >>> for finding in compare_schemas(resolve_schema(One), resolve_schema(Two)):
    ...     print(finding)
    CS101 breaking: name: was removed
    CS103 breaking: size: is required now
    """
    if old is new:
        return []
    before, after = as_json_schema(old), as_json_schema(new)
    findings = [_finding(refusal) for refusal in Containment().refusals((before.root,), after.root)]
    breaking = {finding.path for finding in findings if finding.code in {"CS101", "CS103", "CS104"}}
    findings += (
        finding
        for finding in notes(before.root, after.root)
        if finding.path not in breaking or finding.grade == "info"
    )
    findings += lost_protection(before.shape, after.shape)
    findings = [_without_secrets(finding, before.shape, after.shape) for finding in findings]
    return sorted(findings, key=lambda finding: (GRADES.index(finding.grade), finding.code))


def _finding(refusal: Refusal) -> SchemaFinding:
    grade: Grade = "breaking" if refusal.sure else "may-break"
    values = refusal.was, refusal.now, refusal.example
    return SchemaFinding(refusal.code, grade, refusal.path, refusal.message, *values)


_WITHOUT_VALUES = {
    "CS104": "has another type",
    "CS105": "a bound is tighter",
    "CS106": "has another default",
    "CS107": "options are fewer",
    "CS115": "its format is another",
}
"""What is said of secrets: what a schema names of their values may be one."""


def _without_secrets(finding: SchemaFinding, *shapes: Shape) -> SchemaFinding:
    named = [finding.was, finding.now, *(finding.example or ())]
    plain = shown_at(named, finding.path, ANYTHING) == named
    if plain and not any(_touches_secret(finding.path, shape) for shape in shapes):
        return finding
    message = _WITHOUT_VALUES.get(finding.code, finding.message)
    return evolve(finding, message=message, was=None, now=None, example=None)


def _touches_secret(path: tuple[Any, ...], shape: Shape) -> bool:
    """Is there a secret at a path, above it, or below it?"""
    for i, step in enumerate(path):
        if is_secret(path[:i], shape):
            return True
        shape = shape.rest or shape if step == "*" else shape.child(step)
    return _holds_secret(path, shape, 12)


def _holds_secret(path: tuple[Any, ...], shape: Shape, depth: int) -> bool:
    below = [*shape.fields.items(), *([("*", shape.rest)] if shape.rest else [])]
    return is_secret(path, shape) or (
        depth > 0 and any(_holds_secret((*path, step), child, depth - 1) for step, child in below)
    )
