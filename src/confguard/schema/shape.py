"""The shape of a schema: the tree of what stands where, which diff and risk walk beside the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

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
    items: tuple[Shape, ...] = ()
    """What the elements of a list of a fixed length are, one by one."""
    closed: bool = False
    """Are keys that are not named an error?"""
    field_type: type[FieldType] | None = None
    marks: tuple[object, ...] = ()
    default: Any = NOTHING
    optional: bool = False
    """May nothing (`null`) stand here?"""
    variants: tuple[Shape, ...] = ()
    """The members of a union."""
    tags: tuple[str, ...] = ()
    """The keys, in any of which a value of a union says which member it is of."""
    strict_tag: bool = False
    """Must the tag be there?"""
    link: Callable[[], Shape] | None = None
    """For what a class holds that contains the class itself: its shape, made when it is asked for."""
    renamed: Mapping[str, str] = field(factory=dict)
    """Keys that fields had before, with the ones they have now."""
    deprecated: str | None = None
    """What to use instead, where the setting is to go."""
    hint: Any = None
    """The type as the schema writes it, without its marks."""
    description: str | None = None

    @property
    def whole(self) -> Shape:
        """The shape, where it is one that refers to a class around it, of that class."""
        if self.link is None:
            return self
        said = {"default": self.default, "deprecated": self.deprecated, "description": self.description}
        return evolve(self.link(), **said)

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
        return self.field_type is not None and issubclass(self.field_type, Secret)

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
    written = hint
    hint, marks, optional = _unwrap(hint, marks)
    common: dict[str, Any] = {"marks": marks, "default": default, "hint": hint, "optional": optional}
    if get_origin(hint) in (Union, UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not type(None)]
        tag = next((found for mark in marks if (found := getattr(mark, "discriminator", None))), None)
        return Shape(
            **common,
            variants=tuple(_shape(kind, (), NOTHING, members_of, inside) for kind in kinds),
            tags=(tag,) if isinstance(tag, str) else (),
            strict_tag=tag is not None,
        )
    if isinstance(hint, type) and issubclass(hint, FieldType):
        return Shape("value", field_type=hint, **common)
    if hint in inside:
        return Shape(**common, link=lambda: _shape(written, marks, default, members_of, ()))
    members = members_of(hint)
    if members is not None:
        return _class_shape(hint, members, members_of, inside, common)
    origin, arguments = get_origin(hint) or hint, get_args(hint)
    if not isinstance(origin, type):
        return Shape(**common)
    if issubclass(origin, Mapping):
        below = arguments[1] if len(arguments) > 1 else Any
        return Shape("map", rest=_shape(below, (), NOTHING, members_of, inside), **common)
    if issubclass(origin, tuple) and arguments and arguments[-1] is not Ellipsis:
        items = tuple(_shape(each, (), NOTHING, members_of, inside) for each in arguments)
        return Shape("list", items=items, **common)
    if issubclass(origin, Sequence | Set) and not issubclass(origin, str | bytes):
        below = arguments[0] if arguments else Any
        return Shape("list", rest=_shape(below, (), NOTHING, members_of, inside), **common)
    return Shape("value", **common)


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


def _unwrap(hint: Any, marks: tuple[object, ...]) -> tuple[Any, tuple[object, ...], bool]:
    """The type without `Annotated` and `Optional`, the marks collected on the way, and whether it may be nothing."""
    optional = False
    while True:
        if get_origin(hint) is Annotated:
            hint, *metadata = get_args(hint)
            marks = (*marks, *metadata, *(inner for mark in metadata for inner in _field_marks(mark)))
        elif get_origin(hint) in (Union, UnionType):
            kinds = [kind for kind in get_args(hint) if kind is not type(None)]
            optional = optional or len(kinds) < len(get_args(hint))
            if len(kinds) != 1:
                return hint, marks, optional
            hint = kinds[0]
        elif hasattr(hint, "__value__"):  # a `type X = ...` alias
            hint = hint.__value__
        else:
            return hint, marks, optional


def _field_marks(mark: object) -> tuple[object, ...]:
    """What pydantic's `Field` holds inside of `Annotated`."""
    found = getattr(mark, "metadata", ())
    return tuple(found) if isinstance(found, list | tuple) else ()
