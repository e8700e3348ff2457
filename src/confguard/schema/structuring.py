"""cattrs, set up to take what pydantic's lax mode takes, and nothing more."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence, Set
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from confguard.schema.bounds import bounds_of, broken_bound, field_marks, worded
from confguard.schema.conversion import (
    CONVERSIONS,
    choice,
    expected_options,
    has_fields,
    is_choice,
    is_span,
    may_be_raw,
    standard,
    standard_reader,
)


@cache
def converter() -> Any:
    """A converter that refuses keys which a class does not name."""
    from cattrs import Converter

    new = Converter(prefer_attrib_converters=True, forbid_extra_keys=True)
    new.register_structure_hook_func(_is_field_type, lambda value, kind: kind.parse(value))
    new.register_structure_hook_factory(lambda kind: standard(kind) is not None, _standard_hook)
    new.register_structure_hook_func(is_choice, choice)
    new.register_structure_hook_factory(_is_union, _union_hook)
    new.register_structure_hook_factory(_is_bounded, _bounded_hook)
    new.register_structure_hook_factory(_is_named_tuple, _named_tuple_hook)
    new.register_structure_hook_func(_is_pydantic, _pydantic_hook)
    _refuse_other_collections(new)
    for kind in (bytes, Path):  # cattrs has hooks of its own for these
        new.register_structure_hook(kind, _standard_hook(kind))
    for scalar, structure in CONVERSIONS.items():
        new.register_structure_hook(scalar, _hook(structure))
    return new


def is_plain(hint: Any, inside: tuple[Any, ...] = ()) -> bool:
    """Is there nothing in a class, or in those inside of it, that a converter alone would pass over?

    That is a default that is still to be parsed, and a class of another kind.
    """
    if get_args(hint):
        return all(is_plain(argument, inside) for argument in get_args(hint))
    if hasattr(hint, "__pydantic_fields__"):
        return False
    members = getattr(hint, "__attrs_attrs__", None) or getattr(hint, "__dataclass_fields__", {}).values()
    if not members or hint in inside:
        return True
    hints = get_type_hints(hint)
    return all(
        not (_holds_field_type(hints.get(member.name)) and may_be_raw(_default(member)))
        and is_plain(hints.get(member.name), (*inside, hint))
        for member in members
    )


def _default(member: Any) -> Any:
    factory = getattr(member, "default_factory", None)
    return factory if callable(factory) else member.default


def _holds_field_type(hint: Any) -> bool:
    return _is_field_type(hint) or is_span(hint) or any(map(_holds_field_type, get_args(hint)))


def _hook(structure: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """A hook for a scalar. `Port` and an `IntEnum` are an `int` too, so cattrs asks here for them."""

    def read(value: Any, kind: Any) -> Any:
        if is_choice(kind):
            return choice(value, kind)
        return kind.parse(value) if _is_field_type(kind) else structure(value)

    return read


def _standard_hook(kind: Any) -> Callable[[Any, Any], Any]:
    read = standard_reader(kind)
    return lambda value, _: read(value) if read else value


_LISTS = (list, tuple, set, frozenset)


def _refuse_other_collections(new: Any) -> None:
    """Let a list only be read from a list, and a table from a table: cattrs takes a text as a list of its letters."""
    within: set[Any] = set()

    def wanted(kind: Any) -> bool:
        return kind not in within and _collection(kind) is not None

    def hook(kind: Any) -> Callable[[Any, Any], Any]:
        # For the hook that cattrs would have chosen; what is inside of the list comes here again
        within.add(kind)
        try:
            structure = new.get_structure_hook(kind, cache_result=False)
        finally:
            within.discard(kind)
        accepted, expected = (dict, "a table") if _collection(kind) is dict else (_LISTS, "a list")
        arguments = get_args(kind)
        fixed = len(arguments) if get_origin(kind) is tuple and Ellipsis not in arguments else None

        def checked(value: Any, asked: Any) -> Any:
            if not isinstance(value, accepted):
                raise ValueError(f"expected {expected}")
            if fixed is not None and len(value) != fixed:
                raise ValueError(f"expected a list of {fixed} elements, and it has {len(value)}")
            return structure(value, asked)

        return checked

    new.register_structure_hook_factory(wanted, hook)


def _collection(kind: Any) -> type | None:
    """`list` for what is read from a list, `dict` for what is read from a table, None for anything else."""
    origin = get_origin(kind) or kind
    if not isinstance(origin, type) or issubclass(origin, str | bytes) or hasattr(origin, "_fields"):
        return None
    if issubclass(origin, Mapping) and not hasattr(origin, "__total__"):
        return dict
    return list if issubclass(origin, Sequence | Set) else None


def _is_bounded(kind: Any) -> bool:
    return get_origin(kind) is Annotated and any(
        any(bounds_of(mark)) for mark in field_marks(kind.__metadata__)
    )


def _bounded_hook(kind: Any) -> Callable[[Any, Any], Any]:
    """What `Annotated` says of a value's bounds holds: it is what the class says as JSON Schema, too."""
    inner, marks = get_args(kind)[0], tuple(field_marks(kind.__metadata__))
    return lambda value, _: _bounded(converter().structure(value, inner), marks)


def _bounded(value: Any, marks: tuple[object, ...]) -> Any:
    broken = broken_bound(value, marks)
    if broken is None:
        return value
    if broken[0] == "pattern":
        raise ValueError(f"does not match the pattern {getattr(broken[1], 'pattern', broken[1])!r}")
    of_list = isinstance(value, Sequence | Set | Mapping) and not isinstance(value, str | bytes)
    raise ValueError(f"expected {worded(*broken, of_list=of_list)}")


def _is_named_tuple(kind: Any) -> bool:
    origin = get_origin(kind) or kind
    return isinstance(origin, type) and issubclass(origin, tuple) and hasattr(origin, "_fields")


def _named_tuple_hook(kind: Any) -> Callable[[Any, Any], Any]:
    """Its elements one by one, as its annotations say, be they texts or not; those with a default may be left out."""
    from cattrs import IterableValidationError, IterableValidationNote

    hints, names, defaults = get_type_hints(kind, include_extras=True), kind._fields, kind._field_defaults
    fewest = len(names) - len(defaults)
    expected = f"{fewest} to {len(names)}" if defaults else str(fewest)

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise ValueError("expected a list")
        if not fewest <= len(value) <= len(names):
            raise ValueError(f"expected a list of {expected} elements, and it has {len(value)}")
        elements, errors = [], []
        for i, (name, each) in enumerate(zip(names, value, strict=False)):
            try:
                elements.append(converter().structure(each, hints.get(name, Any)))
            except Exception as error:  # noqa: BLE001 - a class inside may raise anything
                error.add_note(IterableValidationNote(f"{kind.__name__}.{name}", i, hints.get(name, Any)))
                errors.append(error)
        if errors:
            raise IterableValidationError(f"Structuring {kind.__name__}", errors, kind)
        return kind(*elements)

    return structure


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in {Union, UnionType} and sum(each is not NoneType for each in get_args(kind)) > 1


def _union_hook(kind: Any) -> Callable[[Any, Any], Any]:
    """The member that the value is of already, else the likeliest that takes it."""
    members = [_bare(member) for member in get_args(kind)]
    marks = {
        _bare(member): tuple(field_marks(getattr(member, "__metadata__", ()))) for member in get_args(kind)
    }
    tables = any(has_fields(member) for member in members)
    named = " or ".join(dict.fromkeys(_in_words(member) for member in members if member is not NoneType))

    def structure(value: Any, _: Any) -> Any:
        if value is None and NoneType in members:
            return None
        exact = [member for member in members if (get_origin(member) or member) is type(value)]
        if exact and has_fields(exact[0]):
            return value
        others = (each for each in members if each not in exact and each is not NoneType)
        failed: Exception | None = None
        likely = [(member, marks[member]) for member in [*exact, *others]]
        if tables:
            likely = [(shape.hint, shape.marks) for shape in _union_shape(kind).likely(value)]
        for member, bounds in likely:
            try:
                return _bounded(converter().structure(value, member), bounds)
            except Exception as error:  # noqa: BLE001 - what a member refuses, the next may take
                failed = failed or error
        if isinstance(failed, ExceptionGroup):
            raise failed  # the problems of the member that was meant
        raise ValueError(f"expected {named}")

    return structure


def _in_words(member: Any) -> str:
    """What a type is called in a message."""
    if is_choice(member):
        return expected_options(member).removeprefix("expected ")
    if _collection(member) is not None:
        return "a table" if _collection(member) is dict else "a list"
    reader = standard(member)
    kind = get_origin(member) or member
    words = {int: "a valid integer", float: "a valid number", bool: "a valid boolean", str: "a valid string"}
    plain = getattr(kind, "expects", None) or getattr(kind, "__name__", "a value")
    return reader.expected if reader else words.get(kind) or str(plain)


def _bare(member: Any) -> Any:
    return get_args(member)[0] if get_origin(member) is Annotated else member


@cache
def _union_shape(kind: Any) -> Any:
    from confguard.schema.shaping import build_shape

    return build_shape(kind)


def _is_pydantic(kind: Any) -> bool:
    """A pydantic model or dataclass, or a type of pydantic's such as `SecretStr`."""
    known = "__pydantic_fields__", "get_secret_value"
    return isinstance(kind, type) and any(hasattr(kind, name) for name in known)


def _pydantic_hook(value: Any, kind: Any) -> Any:
    import pydantic

    return value if isinstance(value, kind) else pydantic.TypeAdapter(kind).validate_python(value)


_FIELDS = "confguard.fields.base"
"""Where this module is not loaded, no class has fields of its types."""


def _is_field_type(kind: Any) -> bool:
    fields = sys.modules.get(_FIELDS)
    return fields is not None and isinstance(kind, type) and issubclass(kind, fields.FieldType)
