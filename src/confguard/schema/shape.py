"""The shape of a schema: the tree of what stands where, which diff and risk walk beside the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from attrs import evolve, field, frozen

from confguard.fields import FieldType, Renamed, Secret
from confguard.paths import Key, Segment
from confguard.schema.conversion import as_type
from confguard.schema.interface import NOTHING, Member, Members, MembersOf

__all__ = ["ANYTHING", "Shape", "build_shape"]

Mark = TypeVar("Mark")


@frozen(eq=False)
class Shape:
    """What a schema says of one place in a document."""

    kind: Literal["map", "list", "value", "any"] = "any"
    fields: Mapping[str, Shape] = field(factory=dict)
    rest: Shape | None = None
    """What a mapping's values are whose keys are not named, or a list's elements."""
    closed: bool = False
    """Are keys that are not named an error?"""
    field_type: type[FieldType] | None = None
    marks: tuple[object, ...] = ()
    default: Any = NOTHING
    renamed: Mapping[str, str] = field(factory=dict)
    """Keys that fields had before, with the ones they have now."""
    deprecated: str | None = None
    """What to use instead, where the setting is to go."""
    hint: Any = None
    """The type as the schema writes it, without its marks."""
    description: str | None = None
    hidden: bool = False
    """Is a secret here that the shape does not tell apart: in a union, a tuple, or of another library's type?"""
    secret_keys: bool = False
    """Are a mapping's keys secret?"""

    def child(self, segment: Segment) -> Shape:
        """The shape one step further down; `ANYTHING` where the schema is silent."""
        if self.kind == "map" and isinstance(segment, str) and segment in self.fields:
            return self.fields[segment]
        if self.rest and (self.kind == "map" or isinstance(segment, int | Key)):
            return self.rest
        return ANYTHING

    def at(self, path: Sequence[Segment]) -> Shape:
        """The shape at the end of a path."""
        shape = self
        for segment in path:
            shape = shape.child(segment)
        return shape

    def of_documents(self) -> Shape:
        """The shape of a file that holds several such documents."""
        return Shape("list", rest=self)

    def mark(self, kind: type[Mark]) -> Mark | None:
        """The mark of a kind, if there is one."""
        return next((mark for mark in self.marks if isinstance(mark, kind)), None)

    @property
    def secret(self) -> bool:
        """Is the value here never to be shown?"""
        return self.hidden or (self.field_type is not None and issubclass(self.field_type, Secret))

    def meaning(self, value: Any) -> Any:
        """The value as the schema's type reads it; as it is where there is none or it does not parse."""
        if self.kind != "value" or self.secret:
            return value
        try:
            return self.field_type.parse(value) if self.field_type else as_type(value, self.hint)
        except (ValueError, TypeError, OverflowError):
            return value


ANYTHING = Shape()
"""The shape where no schema says anything."""


def build_shape(model: Any, members_of: MembersOf) -> Shape:
    """The shape of a schema class. Classes that contain themselves are followed once."""
    return _shape(model, (), NOTHING, members_of, ())


def _shape(
    hint: Any,
    marks: tuple[object, ...],
    default: Any,
    members_of: MembersOf,
    inside: tuple[Any, ...],
) -> Shape:
    whole = hint
    hint, marks = _unwrap(hint, marks)
    common: dict[str, Any] = {"marks": marks, "default": default, "hint": hint}
    if isinstance(hint, type) and issubclass(hint, FieldType):
        return Shape("value", field_type=hint, **common)
    if hint in inside:
        return Shape(**common)
    members = members_of(hint)
    if members is not None:
        return _class_shape(hint, members, members_of, inside, common)
    origin, arguments = get_origin(hint) or hint, get_args(hint)
    if not isinstance(origin, type):
        return Shape(**common, hidden=holds_secret(whole, members_of))
    if issubclass(origin, Mapping) and arguments:
        below = _shape(arguments[-1], (), NOTHING, members_of, inside)
        return Shape("map", rest=below, secret_keys=holds_secret(arguments[0], members_of), **common)
    if issubclass(origin, Sequence | Set) and not issubclass(origin, str | bytes) and arguments:
        below = _shape(arguments[0], (), NOTHING, members_of, inside)
        hidden = any(holds_secret(other, members_of) for other in arguments[1:])  # of a tuple
        return Shape("list", rest=evolve(below, hidden=below.hidden or hidden), **common)
    if issubclass(origin, Mapping | Sequence | Set) and not issubclass(origin, str | bytes):
        hidden = holds_secret(hint, members_of)  # of a `TypedDict` or a `NamedTuple`
        return Shape("map" if issubclass(origin, Mapping) else "list", rest=Shape(hidden=hidden), **common)
    return Shape("value", **common, hidden=holds_secret(whole, members_of))


def _class_shape(
    model: Any,
    members: Members,
    members_of: MembersOf,
    inside: tuple[Any, ...],
    common: dict[str, Any],
) -> Shape:
    def of(member: Member) -> Shape:
        made = _shape(member.type, member.metadata, member.default, members_of, (*inside, model))
        return evolve(made, deprecated=member.deprecated, description=member.description)

    fields, renamed = {}, {}
    for key, member in members.by_key.items():
        shape = of(member)
        for name in (key, *member.aliases):
            fields[name] = shape
        mark = shape.mark(Renamed)
        if mark:
            fields.setdefault(mark.old, shape)
            renamed[mark.old] = key
    return Shape("map", fields=fields, closed=members.closed, renamed=renamed, **common)


def holds_secret(hint: Any, members_of: MembersOf, seen: tuple[Any, ...] = ()) -> bool:
    """Is a type one of secrets, or made of one?"""
    if hint in seen or len(seen) > _DEEPEST:
        return False
    inside = (*seen, hint)
    if isinstance(hint, type) and (issubclass(hint, Secret) or hasattr(hint, "get_secret_value")):
        return True
    members = members_of(hint)
    parts = [member.type for member in members.by_key.values()] if members else []
    origin = get_origin(hint)
    parts += [*get_args(hint), *([origin] if isinstance(origin, type) else [])]
    parts += [getattr(hint, name) for name in ("__value__", "__supertype__") if hasattr(hint, name)]
    if isinstance(hint, type) and (hasattr(hint, "__total__") or hasattr(hint, "_fields")):
        parts += get_type_hints(hint, include_extras=True).values()
    return any(holds_secret(part, members_of, inside) for part in parts)


_DEEPEST = 20


def _unwrap(hint: Any, marks: tuple[object, ...]) -> tuple[Any, tuple[object, ...]]:
    """The type without `Annotated` and `Optional`, and the marks collected on the way."""
    while True:
        if get_origin(hint) is Annotated:
            hint, *metadata = get_args(hint)
            marks = (*marks, *metadata)
        elif get_origin(hint) in (Union, UnionType):
            kinds = [kind for kind in get_args(hint) if kind is not type(None)]
            if len(kinds) != 1:
                return Any, marks
            hint = kinds[0]
        elif hasattr(hint, "__value__"):  # a `type X = ...` alias
            hint = hint.__value__
        elif hasattr(hint, "__supertype__"):  # a `NewType`
            hint = hint.__supertype__
        elif getattr(hint, "__pydantic_root_model__", False) and "root" in hint.model_fields:
            root = hint.model_fields["root"]
            hint, marks = root.annotation, (*marks, *root.metadata)
        else:
            return hint, marks
