"""The shape of a schema class: from its annotations, whichever adapter knows how the class is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from attrs import evolve, frozen

from confguard.fields import FieldType, Renamed
from confguard.paths import Path
from confguard.schema.bounds import field_marks
from confguard.schema.conversion import as_type, options_of
from confguard.schema.members import Member, Members, hints_of, members_of
from confguard.schema.nodes import write_only
from confguard.schema.shape import ANYTHING, COMPUTED, NOTHING, Shape


def build_shape(model: Any, reader: Callable[[Any, Any], Any] = as_type) -> Shape:
    """The shape of a schema class. Classes that contain themselves are followed as far as data goes."""
    return _Builder(reader).shape(model, ())


@frozen
class _Builder:
    reader: Callable[[Any, Any], Any]

    def shape(self, written: Any, inside: tuple[Any, ...], marks: tuple[object, ...] = ()) -> Shape:
        hint, marks, optional = _unwrapped(written, marks)
        common: dict[str, Any] = {"marks": marks, "hint": hint, "optional": optional, "reader": self.reader}
        common["hidden"] = any(map(_says_secret, marks))
        if texts := [
            mark for mark in marks if type(mark).__name__ == "Json"
        ]:  # pydantic's: a text that holds JSON
            held = [mark for mark in marks if type(mark).__name__ != "Json"]
            hidden = common["hidden"] or self.shape(hint, inside, tuple(held)).holds_secret
            return Shape("value", **common | {"hint": Annotated[written, texts[0]], "hidden": hidden})
        if isinstance(hint, type) and issubclass(hint, FieldType):
            return Shape("value", field_type=hint, **common)
        if get_origin(hint) in (Union, UnionType):
            variants = [self.shape(kind, inside) for kind in get_args(hint) if kind is not NoneType]
            if any(variant.link for variant in variants):
                return Shape(**common, link=lambda: self.shape(written, (), marks))
            return union_of(variants, **common)
        if hint in inside:
            return Shape(**common, link=lambda: self.shape(written, (), marks))
        members = members_of(hint) or members_of(get_origin(hint))
        if members is not None:
            return self.of_class(members, (*inside, hint), common)
        return self.of_standard(hint, inside, common)

    def of_standard(self, hint: Any, inside: tuple[Any, ...], common: dict[str, Any]) -> Shape:
        origin, arguments = get_origin(hint) or hint, get_args(hint)
        if origin in (Any, object):  # a class itself, as Python has it
            return Shape("any", **common)
        if not isinstance(origin, type):
            nothing = origin is Literal and None in arguments
            return Shape(
                "value" if origin is Literal else "any",
                **common | {"optional": common["optional"] or nothing},
            )
        if hasattr(origin, "__required_keys__"):
            return self.of_typed_dict(origin, inside, common)
        if issubclass(origin, tuple) and hasattr(origin, "_fields"):
            hints = hints_of(origin)
            defaults = dict.fromkeys(origin._fields, NOTHING) | getattr(origin, "_field_defaults", {})
            items = tuple(
                evolve(self.shape(hints.get(name, Any), inside), default=default)
                for name, default in defaults.items()
            )
            return Shape("list", items=items, rest=union_of(items), **common)
        if issubclass(origin, Mapping):
            below = arguments[1] if len(arguments) > 1 else Any
            rest = self.shape(below, inside)
            keys = self.shape(arguments[0], inside) if arguments else ANYTHING
            common |= {"secret_keys": keys.secret, "keys": keys}
            return Shape("map", rest=rest, rewrites=rest.rewrites, **common)
        if issubclass(origin, tuple) and arguments and arguments[-1] is not Ellipsis:
            items = tuple(self.shape(each, inside) for each in arguments)
            rest = union_of(items)
            return Shape("list", items=items, rest=rest, rewrites=rest.rewrites, **common)
        if issubclass(origin, Sequence | Set) and not issubclass(origin, str | bytes):
            rest = self.shape(arguments[0] if arguments else Any, inside)
            return Shape("list", rest=rest, rewrites=rest.rewrites, **common)
        return Shape("value", **common)

    def of_typed_dict(self, kind: Any, inside: tuple[Any, ...], common: dict[str, Any]) -> Shape:
        extra = getattr(kind, "__pydantic_config__", {}).get("extra")
        fields = {}
        for key, hint in hints_of(kind).items():
            shape = self.shape(hint, (*inside, kind))
            fields[key] = evolve(shape, default=NOTHING if key in kind.__required_keys__ else COMPUTED)
        return Shape("map", fields=fields, closed=extra not in {"allow", "ignore"}, **common)

    def of_class(self, members: Members, inside: tuple[Any, ...], common: dict[str, Any]) -> Shape:
        if members.root is not None:
            root = self.shape(members.root.type, inside, (*common["marks"], *members.root.metadata))
            return evolve(root, wrapper=common["hint"], custom=members.root.custom)
        fields: dict[str, Shape] = {}
        attributes = {member.names[0]: member.attribute for member in members.fields}
        shapes = [self.of_member(member, inside) for member in members.fields]
        for member, shape in zip(members.fields, shapes, strict=True):
            _put(fields, member.names[0], shape)
        renamed: dict[str, str] = {}
        aliases: dict[Path, Path] = {}
        for member, shape in zip(members.fields, shapes, strict=True):
            own = member.names[0]
            old = [(mark.old,) for mark in shape.marks if isinstance(mark, Renamed)]
            for name in (*member.names[1:], *old):
                if name in attributes:  # another field's own
                    continue
                _put(fields, name, shape)
                if name in old and len(own) == 1:
                    renamed[str(name[0])] = str(own[0])
                else:
                    aliases[name] = own
        return Shape(
            "map",
            fields=fields,
            closed=members.closed,
            renamed=renamed,
            aliases=aliases,
            attributes=attributes,
            rewrites=members.rewrites or any(shape.rewrites for shape in shapes),
            **common,
        )

    def of_member(self, member: Member, inside: tuple[Any, ...]) -> Shape:
        return evolve(
            self.shape(member.type, inside, member.metadata),
            default=member.default,
            deprecated=member.deprecated,
            description=member.description,
            custom=member.custom,
        )


def _says_secret(mark: object) -> bool:
    """Does a mark give what it stands at the keywords of JSON Schema by which a value is secret?"""
    extras = (getattr(mark, name, None) for name in ("json_schema_extra", "json_schema", "extra_json_schema"))
    return any(map(write_only, extras))


_QUALIFIERS = {"Required", "NotRequired", "ReadOnly"}
"""What a `TypedDict` writes around the type of a key."""


def union_of(variants: Sequence[Shape], **common: Any) -> Shape:
    """The merger of the members of a union: what stands in any of them stands there.

    `common` is what is said of the union itself. A tag is what pydantic's `discriminator` names, or a field of all
    members whose type is a `Literal` of other values in each.
    """
    distinct = list(dict.fromkeys(variants))
    if len(distinct) == 1 and not common:
        return distinct[0]
    kinds = {variant.kind for variant in distinct}
    kind: Any = next((kind for kind in ("map", "list", "any", "value") if kind in kinds), "any")
    tables = [variant for variant in distinct if variant.kind == "map"]
    fields: dict[str, list[Shape]] = {}
    for table in tables:
        for key, child in table.fields.items():
            fields.setdefault(key, []).append(child)
    rests = [variant.rest for variant in distinct if variant.rest is not None]
    field_types = {variant.field_type for variant in distinct}
    own = common.pop("marks", ())
    marks = (*own, *(mark for variant in distinct for mark in variant.marks))
    required = all(variant.default is NOTHING for variant in distinct)
    optional = common.pop("optional", False) or any(variant.optional for variant in distinct)
    return Shape(
        kind,
        fields={key: union_of(children) for key, children in fields.items()},
        rest=union_of(rests) if rests else None,
        closed=bool(tables) and all(table.closed for table in tables),
        field_type=field_types.pop() if len(field_types) == 1 else None,
        marks=marks,
        optional=optional,
        rewrites=any(variant.rewrites for variant in distinct),
        secret_keys=any(variant.secret_keys for variant in distinct),
        renamed=_merged(table.renamed for table in tables),
        default=common.pop("default", NOTHING if required else COMPUTED),
        variants=tuple(distinct),
        reader=distinct[0].reader if distinct else as_type,
        **_tags(tables, own),
        **{key: value for key, value in common.items() if key != "reader"},
    )


def _merged(each: Iterator[Mapping[Any, Any]]) -> dict[Any, Any]:
    return {key: value for mapping in each for key, value in mapping.items()}


def _tags(tables: Sequence[Shape], marks: tuple[object, ...]) -> dict[str, Any]:
    named = next((tagged for mark in marks if (tagged := getattr(mark, "discriminator", None))), None)
    named = getattr(named, "discriminator", named)
    if callable(named):
        by_tag = {getattr(mark, "tag", None): table for table in tables for mark in table.marks}
        by_tag.pop(None, None)
        return {"tagger": named, "tagged": by_tag}
    if isinstance(named, str):
        tagged = [(table, _tag_field(table, named)) for table in tables]
        return _tag_table(tagged) | {"strict_tag": True}
    first = tables[0].leaves[0] if len(tables) > 1 else Shape()
    for attribute in (
        first.attributes[path] for path in first.attributes if _is_literal(first.at(path).hint)
    ):
        tagged = [(table, _tag_field(table, attribute)) for table in tables]
        tag_table = _tag_table(tagged)
        if tag_table and len(tag_table["tagged"]) == sum(len(values) for _, (_, values) in tagged):
            return tag_table
    return {}


def _tag_field(table: Shape, attribute: str) -> tuple[tuple[str, ...], list[Any]]:
    """The keys under which a member's tag may stand, and what it may be."""
    if table.variants:
        inner = [_tag_field(variant, attribute) for variant in table.variants]
        return tuple(key for keys, _ in inner for key in keys), [value for _, each in inner for value in each]
    own = next((path for path, name in table.attributes.items() if name == attribute), None)
    if own is None or len(own) != 1:
        return (), []
    hint = table.at(own).hint
    others = (other[0] for other, to in table.names.items() if to == own and len(other) == 1)
    return (str(own[0]), *map(str, others)), options_of(hint) if _is_literal(hint) else []


def _tag_table(tagged: Sequence[tuple[Shape, tuple[tuple[str, ...], list[Any]]]]) -> dict[str, Any]:
    if not all(keys and values for _, (keys, values) in tagged):
        return {}
    keys = dict.fromkeys(key for _, (keys, _) in tagged for key in keys)
    return {
        "tags": tuple(keys),
        "tagged": {value: table for table, (_, values) in tagged for value in values},
    }


def _is_literal(hint: Any) -> bool:
    return get_origin(hint) is Literal


def _put(fields: dict[str, Shape], name: Path, shape: Shape) -> None:
    """Let a shape stand at a path; what another field says of the tables on the way stays."""
    first, *rest = name
    key = str(first)
    if not rest:
        fields.setdefault(key, shape)
        return
    around = fields.get(key, Shape("list" if isinstance(rest[0], int) else "map", closed=True, default=None))
    if isinstance(rest[0], int):
        fields[key] = evolve(around, rest=around.rest or shape)
    elif around.kind == "map":
        inner = dict(around.fields)
        _put(inner, tuple(rest), shape)
        fields[key] = evolve(around, fields=inner)


def _unwrapped(hint: Any, marks: tuple[object, ...]) -> tuple[Any, tuple[object, ...], bool]:
    """The type without `Annotated` and `Optional`, the marks collected on the way, and whether it may be nothing."""
    optional = False
    while True:
        if get_origin(hint) is Annotated:
            hint, *metadata = get_args(hint)
            marks = (*marks, *field_marks(metadata))
        elif get_origin(hint) in (Union, UnionType):
            kinds = [kind for kind in get_args(hint) if kind is not NoneType]
            optional = optional or len(kinds) < len(get_args(hint))
            if len(kinds) != 1:
                return hint, marks, optional
            hint = kinds[0]
        elif getattr(get_origin(hint), "_name", "") in _QUALIFIERS:
            (hint,) = get_args(hint)
        elif hasattr(hint, "__value__"):  # a `type X = ...` alias
            hint = hint.__value__
        elif hasattr(hint, "__supertype__"):  # a `NewType`
            hint = hint.__supertype__
        else:
            return hint, marks, optional
