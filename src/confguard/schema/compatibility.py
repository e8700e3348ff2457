"""Two versions of a schema against each other: what a file that was right may now be refused for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

from attrs import frozen

from confguard.paths import Path, path_to_json, show_path
from confguard.schema.interface import NOTHING
from confguard.schema.limits import allowed, default_text, type_name
from confguard.schema.schema import Schema
from confguard.schema.secrets import shown_at
from confguard.schema.shape import Shape

__all__ = ["SchemaFinding", "compare_schemas"]

Grade: TypeAlias = Literal["breaking", "risky", "info"]

_UPPER = {"maximum", "exclusiveMaximum", "maxLength", "maxItems"}
_LOWER = {"minimum", "exclusiveMinimum", "minLength", "minItems"}
_WIDER = {("integer", "number"), ("integer", "string"), ("number", "string"), ("boolean", "string")}


@frozen
class SchemaFinding:
    """One difference between two versions of a schema. `breaking`: files that were right may be refused."""

    code: str
    grade: Grade
    path: tuple[str, ...]
    message: str

    def to_json(self) -> dict[str, object]:
        """The finding as JSON."""
        return {
            "code": self.code,
            "grade": self.grade,
            "path": path_to_json(self.path),
            "message": self.message,
        }

    def __str__(self) -> str:
        return f"{self.code} {self.grade}: {show_path(self.path)}: {self.message}"


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
    found = list(_tables(old.shape, new.shape, ()))
    order: list[Grade] = ["breaking", "risky", "info"]
    return sorted(found, key=lambda finding: (order.index(finding.grade), finding.code))


def _tables(old: Shape, new: Shape, path: tuple[str, ...]) -> Iterator[SchemaFinding]:
    renamed = {was: now for was, now in new.renamed.items() if was in old.fields}
    for key, before in old.fields.items():
        inner = (*path, key)
        if key in old.renamed:
            continue
        if key in renamed:
            yield SchemaFinding(
                "CS110", "info", inner, f"is called '{renamed[key]}' now, and read under both names"
            )
            yield from _places(before, new.fields[renamed[key]], inner)
        elif key in new.fields:
            yield from _places(before, new.fields[key], inner)
        elif new.closed:
            yield SchemaFinding("CS101", "breaking", inner, "was removed")
        else:
            yield SchemaFinding("CS101", "risky", inner, "was removed: it is read no more")
    for key, after in new.fields.items():
        if key in old.fields or key in new.renamed or key in renamed.values():
            continue
        if after.default is NOTHING:
            yield SchemaFinding("CS102", "breaking", (*path, key), "was added, and is required")
        else:
            yield SchemaFinding("CS102", "info", (*path, key), "was added")
    if new.closed and not old.closed:
        yield SchemaFinding("CS109", "breaking", path, "refuses keys that it does not name")


def _places(old: Shape, new: Shape, path: tuple[str, ...]) -> Iterator[SchemaFinding]:
    if old.kind != new.kind and "any" not in (old.kind, new.kind):
        yield SchemaFinding("CS104", "breaking", path, f"was a {type_name(old)} and is a {type_name(new)}")
        return
    if old.default is not NOTHING and new.default is NOTHING:
        yield SchemaFinding("CS103", "breaking", path, "is required now")
    elif (
        default_text(old) != default_text(new)
        and old.default is not NOTHING
        and not (old.secret or new.secret)
    ):
        yield SchemaFinding(
            "CS106", "risky", path, f"has the default {_default(path, new)!r} and had {_default(path, old)!r}"
        )
    yield from _values(old, new, path)
    if new.deprecated and not old.deprecated:
        yield SchemaFinding("CS111", "info", path, f"is deprecated: {new.deprecated}")
    if new.kind == "map" and old.kind == "map":
        yield from _tables(old, new, path)
    if old.rest and new.rest:
        yield from _places(old.rest, new.rest, (*path, "*"))


def _values(old: Shape, new: Shape, path: tuple[str, ...]) -> Iterator[SchemaFinding]:
    before, after = allowed(old), allowed(new)
    if old.secret and not new.secret:
        yield SchemaFinding("CS108", "risky", path, "was a secret, and may be shown now")
    narrowed = (type_name(old), type_name(new))
    if (
        new.kind != "any"
        and not (old.secret and narrowed[1] == "string")
        and narrowed[0] != narrowed[1]
        and narrowed not in _WIDER
        and "enum" not in before
    ):
        yield SchemaFinding("CS104", "breaking", path, f"was {narrowed[0]} and is {narrowed[1]}")
    lost = [option for option in before.get("enum", ()) if "enum" in after and option not in after["enum"]]
    if lost:
        yield SchemaFinding("CS107", "breaking", path, f"no longer takes {', '.join(map(repr, lost))}")
    for name in sorted(_UPPER | _LOWER | {"pattern", "multipleOf"}):
        was, now = before.get(name), after.get(name)
        if now is None or now == was:
            continue
        compared = name in _UPPER | _LOWER and was is not None
        wider = compared and (now > was if name in _UPPER else now < was)
        if not wider:
            yield SchemaFinding(
                "CS105",
                "breaking",
                path,
                f"{name} is {now}" + (f", and was {was}" if was is not None else ""),
            )


def _default(path: Path, shape: Shape) -> Any:
    return shown_at(default_text(shape), path, shape)
