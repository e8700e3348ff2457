"""The shape of a schema: the tree of what stands where, which diff and risk walk beside the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal, TypeVar, get_origin

from attrs import evolve, field, frozen

from confguard.errors import nearest
from confguard.fields import ByteSize, Duration, FieldType, Ratio, Secret
from confguard.paths import Key, Path, Segment
from confguard.schema.conversion import as_type, written_choice
from confguard.values import Files, same


class _Nothing:
    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Any = _Nothing()
"""The default of a field that has none."""


class Computed:
    """The default of a field that is worked out when an instance is made, and cannot be told before."""

    def __call__(self) -> Computed:
        return self

    def __repr__(self) -> str:
        return "(computed)"


COMPUTED = Computed()


Mark = TypeVar("Mark")


@frozen(eq=False, slots=False)
class Shape:
    """What a schema says of one place in a document.

    A union is the merger of its members (`variants`): it has the fields of all of them. `of` gives the member that a
    value is of.
    """

    kind: Literal["map", "list", "value", "any"] = "any"
    fields: Mapping[str, Shape] = field(factory=dict)
    """What stands under each name that a document may write: also under other names than the field's own."""
    rest: Shape | None = None
    """What a mapping's values are whose keys are not named, or a list's elements."""
    items: tuple[Shape, ...] = ()
    """What the elements of a list of a fixed length are, one by one."""
    closed: bool = False
    """Are keys that are not named an error?"""
    field_type: type[FieldType] | None = None
    marks: tuple[object, ...] = ()
    default: Any = NOTHING
    required: frozenset[str] | None = None
    """The keys that must be there, where defaults do not tell: what JSON Schema calls `required`."""
    optional: bool = False
    """May nothing (`null`) stand here?"""
    renamed: Mapping[str, str] = field(factory=dict)
    """Keys that fields had before, with the ones they have now."""
    aliases: Mapping[Path, Path] = field(factory=dict)
    """Other places at which fields of this table may be written, with the fields' own."""
    attributes: Mapping[Path, str] = field(factory=dict)
    """For a class: what each field is called on an instance."""
    wrapper: type | None = None
    """The class whose `root` stands here, where there is one: pydantic's `RootModel`."""
    variants: tuple[Shape, ...] = ()
    """The members of a union."""
    tags: tuple[str, ...] = ()
    """The keys, in any of which a value of a union says which member it is of."""
    tagged: Mapping[Any, Shape] = field(factory=dict)
    """The members by what these keys hold."""
    tagger: Callable[[Any], Any] | None = None
    """What tells the tag of a value, where no key does by itself."""
    strict_tag: bool = False
    """Must the tag be there?"""
    custom: bool = False
    """Does the schema's class read this value in a way of its own?"""
    rewrites: bool = False
    """Does a class, here or further down, change what is written before it is read?"""
    reader: Callable[[Any, Any], Any] = as_type
    """How this kind of schema reads a value as a type."""
    link: Callable[[], Shape] | None = None
    """For what a class holds that contains the class itself: its shape, made when it is asked for."""
    deprecated: str | None = None
    """What to use instead, where the setting is deprecated."""
    hint: Any = None
    """The type as the schema writes it, without its marks."""
    description: str | None = None
    hidden: bool = False
    """Is it secret though its type does not say so?"""
    keys: Shape | None = None
    """What a mapping's keys are, where the schema says more than that they are texts."""
    secret_keys: bool = False
    """Are a mapping's keys secret?"""

    def child(self, segment: Segment) -> Shape:
        """The shape one step further down; `ANYTHING` where the schema is silent."""
        if self.kind == "map" and isinstance(segment, str) and segment in self.fields:
            return self.fields[segment].whole
        if isinstance(segment, int) and segment < len(self.items):
            return self.items[segment].whole
        if self.rest and (self.kind == "map" or isinstance(segment, int | Key)):
            return self.rest.whole
        return CONCEALED if self.holds_secret and self._conceals(segment) else ANYTHING

    def requires(self, key: str) -> bool:
        """Must a field be written?"""
        return self.fields[key].default is NOTHING if self.required is None else key in self.required

    def _conceals(self, segment: Segment) -> bool:
        """May a secret stand at a place that there is not: in a table for a list, under a secret's name misspelt?"""
        if self.secret or isinstance(segment, str) is not (self.kind == "map"):
            return True
        alike = [name for name in self.fields if _letters(name) == _letters(str(segment))]
        near = nearest(str(segment), self.fields) if self.closed else None
        return any(self.fields[name].holds_secret for name in (*alike, *([near] if near else [])))

    @cached_property
    def whole(self) -> Shape:
        """The shape, where it is one that refers to a class around it, of that class."""
        if self.link is None:
            return self
        notes = {"default": self.default, "deprecated": self.deprecated, "description": self.description}
        return evolve(self.link(), custom=self.custom, **notes)

    def at(self, path: Sequence[Segment]) -> Shape:
        """The shape at the end of a path."""
        shape = self
        for segment in path:
            shape = shape.child(segment)
        return shape

    def places(self, data: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Shape]]:
        """Data and all that is in it, from the outside in: where each stands, what it is, its own shape."""
        shape = self.of(data)
        yield path, data, shape
        for key, value in (
            data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
        ):
            yield from shape.child(key).places(value, (*path, key))

    def of_documents(self) -> Shape:
        """The shape of a file that holds several such documents."""
        return Shape("list", rest=self)

    def of_data(self, *sides: Any) -> Shape:
        """The shape of what any of these sides is the data of: a document, or several files by their names."""
        return Shape("map", rest=self) if any(isinstance(side, Files) for side in sides) else self

    def of(self, value: Any) -> Shape:
        """The member of a union that a value is of, or most likely meant to be of; the shape itself elsewhere."""
        return self.likely(value)[0] if self.variants else self

    def likely(self, value: Any) -> list[Shape]:
        """The members of a union that a value may be of, the likeliest first: by its tag, else by what fits best."""
        if not self.variants:
            return [self]
        tagged = self.tag_of(value)
        if tagged is not NOTHING and tagged in self.tagged:
            return self.tagged[tagged].whole.likely(value)
        ranked = sorted(((_fit(variant, value), i) for i, variant in enumerate(self.variants)))
        best = ranked[0][0]
        return [self.variants[i] for fit, i in ranked if fit[:2] == best[:2]]

    def tag_of(self, value: Any) -> Any:
        """What a value says of the member it is of; `NOTHING` where it says nothing."""
        try:
            if self.tagger is not None:
                return self.tagger(value)
            tag = next((value[key] for key in self.tags if key in value), NOTHING)
            known = tag is NOTHING or tag in self.tagged
        except Exception:  # noqa: BLE001 - no table, a tag that is none, or whatever a schema's function raises
            return NOTHING
        # Of the environment, `"2"` is 2
        return tag if known else written_choice(tag, Literal[tuple(self.tagged)])

    def fits(self, value: Any) -> bool:
        """Does a value have all keys that are required here, and no others?"""
        return _fit(self, value)[:2] == (0, 0)

    def holding(self, value: Any) -> Shape:
        """The shape of a value that stands here: a secret's, where something with secrets is wanted and it is not that.

        Where the places of a list mean different things, one that does not fit may hold the secret at any of them.
        """
        if self.secret or not self.holds_secret or value is None or isinstance(value, bool):
            return self
        shape = self.of(value)
        fits = shape.kind != "map" or not isinstance(value, list | tuple | set | frozenset)
        if shape.kind in {"list", "value"}:
            fits = not isinstance(value, Mapping) and (shape.kind == "list" or not isinstance(value, list))
        placed = isinstance(value, list) and any(item.holds_secret for item in shape.items)
        if placed or (fits and isinstance(value, str | int | float)):
            fits = not any(_fit(self, value)[:3])
        return self if fits else CONCEALED

    @cached_property
    def leaves(self) -> tuple[Shape, ...]:
        """The members of a union and of the unions in it; the shape itself elsewhere."""
        return tuple(leaf for each in self.variants for leaf in each.whole.leaves) or (self,)

    @cached_property
    def kinds(self) -> frozenset[str]:
        """What kinds of values may stand here."""
        return frozenset(leaf.kind for leaf in self.leaves)

    def mark(self, kind: type[Mark]) -> Mark | None:
        """The mark of a kind, if there is one."""
        return next((mark for mark in self.marks if isinstance(mark, kind)), None)

    def marks_on(self, path: Path, kind: type[Mark]) -> Iterator[tuple[Path, Mark]]:
        """The marks of a kind on the way to a path, from the whole document on, each with its place."""
        for length in range(len(path) + 1):
            if (mark := self.at(path[:length]).mark(kind)) is not None:
                yield path[:length], mark

    @cached_property
    def names(self) -> Mapping[Path, Path]:
        """Each other place at which a field may be written, with the field's own."""
        return {(old,): (new,) for old, new in self.renamed.items()} | dict(self.aliases)

    @cached_property
    def secret(self) -> bool:
        """Is the value here never to be shown?"""
        if self.hidden:
            return True
        if self.variants:
            return any(variant.secret for variant in self.variants)
        if self.field_type is not None:
            return issubclass(self.field_type, Secret)
        kind = get_origin(self.hint) or self.hint
        return isinstance(kind, type) and hasattr(kind, "get_secret_value")  # pydantic's, and their like

    @cached_property
    def holds_secret(self) -> bool:
        """Is a secret here, or in what belongs here?"""
        inside = (*self.fields.values(), *self.items, *self.variants, *([self.rest] if self.rest else []))
        return self.secret or self.secret_keys or any(child.holds_secret for child in inside)

    @property
    def amount(self) -> bool:
        """Is what stands here an amount of something, whose unit the schema knows?"""
        if self.field_type is not None:
            return issubclass(self.field_type, Duration | ByteSize | Ratio)
        return isinstance(self.hint, type) and issubclass(self.hint, timedelta)

    def meaning(self, value: Any) -> Any:
        """The value as the schema's type reads it; as it is where there is none or it does not parse."""
        if self.variants:
            chosen = self.of(value)
            return chosen.meaning(value) if chosen.kind == "value" else value
        if self.kind != "value" or self.secret:
            return value
        try:
            return self.read(value)
        except (ValueError, TypeError, ArithmeticError):
            return value

    def agree(self, one: Any, other: Any) -> bool:
        """Do two values say the same, as they are or as the schema's type reads them?"""
        return same(one, other) or (self.kind == "value" and same(self.meaning(one), self.meaning(other)))

    def read(self, value: Any) -> Any:
        """The value as the schema's type reads it. Raises `ValueError` and its like."""
        return self.field_type.parse(value) if self.field_type else self.reader(value, self.hint)


def _letters(name: str) -> str:
    """A name as whoever takes one spelling for another reads it: `api-key` and `API_KEY` are one."""
    return name.casefold().replace("_", "").replace("-", "")


ANYTHING = Shape()
"""The shape where no schema says anything."""

CONCEALED = Shape(hidden=True)
"""The shape of what stands where secrets belong, and is not one of what is wanted there."""

_MOST = 100
"""How many elements of a list are looked at to tell what it is."""


def _fit(shape: Shape, value: Any) -> tuple[int, int, int, int]:
    """How badly a value fits: of another kind, keys too many and missing, values that don't read, and not exact."""
    shape = shape.of(value)
    if shape.kind == "any":
        return 0, 0, 0, 2
    if value is None:
        return int(not (shape.optional or shape.hint is type(None))), 0, 0, 0
    if shape.kind == "map":
        return _fit_of_table(shape, value)
    if shape.kind == "list":
        if not isinstance(value, list | tuple | set | frozenset):
            return 1, 0, 0, 0
        return _total(_fit(shape.child(i), each) for i, each in zip(range(_MOST), value, strict=False))
    if isinstance(value, dict | list) and not shape.field_type:
        return 1, 0, 0, 0
    try:
        read = shape.read(value)
    except Exception:  # noqa: BLE001 - a schema's own reader may raise anything
        return 0, 0, 1, 1
    return 0, 0, 0, int(type(read) is not type(value))


def _fit_of_table(shape: Shape, value: Any) -> tuple[int, int, int, int]:
    if not isinstance(value, Mapping):
        is_instance = (
            bool(shape.attributes) and isinstance(shape.hint, type) and isinstance(value, shape.hint)
        )
        return int(not is_instance), 0, 0, 0
    unknown = sum(1 for key in value if shape.closed and key not in shape.fields)
    written = {id(shape.fields[key]) for key in value if key in shape.fields}
    missing = len({id(child) for key, child in shape.fields.items() if shape.requires(key)} - written)
    inner = _total(_fit(shape.child(key), each) for key, each in value.items())
    return 0, unknown + missing, sum(inner[:3]), inner[3] + int(not shape.attributes)


def _total(fits: Iterable[tuple[int, int, int, int]]) -> tuple[int, int, int, int]:
    total = (0, 0, 0, 0)
    for fit in fits:
        total = tuple(map(sum, zip(total, fit, strict=True)))  # type: ignore[assignment]
    return 0, total[0] + total[1], total[2], total[3]
