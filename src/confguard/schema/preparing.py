"""Data made ready for the class that validates it: what the class would read otherwise, or not at all, is read here.

Amounts mean the same in every kind of schema; of a union, the member that is meant is made, and only its problems told;
a class of another kind inside of a class is made by its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

import attrs
from attrs import evolve, field, frozen

from confguard.errors import Problem, did_you_mean
from confguard.paths import Path
from confguard.schema.attrs import AttrsAdapter
from confguard.schema.conversion import is_choice, is_span, written_choice
from confguard.schema.instances import is_instance
from confguard.schema.interface import Failed, Failure, InvalidDataError, SchemaAdapter
from confguard.schema.pydantic import PydanticAdapter
from confguard.schema.shape import NOTHING, Shape
from confguard.units import AmbiguousError

__all__ = ["CLASSES", "prepared", "unknown_keys"]

CLASSES = (PydanticAdapter(), AttrsAdapter())


def prepared(
    data: Any, shape: Shape, adapter: SchemaAdapter, failed: Failed | None
) -> tuple[Preparation, Any]:
    """The data made ready for the class; as it was when the class `failed`, where it is the same."""
    sure = not shape.rewrites
    if failed is not None:
        preparation = Preparation(adapter, asked=True, sure=sure)
        if (ready := preparation.ready(data, shape)) == failed.data:
            return preparation, ready
    preparation = Preparation(adapter, sure=sure)
    return preparation, preparation.ready(data, shape)


def _maker(outer: SchemaAdapter, model: Any) -> SchemaAdapter:
    """Who makes instances of a class inside of another: pydantic knows dataclasses, but not attrs classes."""
    kind = get_origin(model) or model
    if isinstance(outer, PydanticAdapter):
        return CLASSES[1] if attrs.has(kind) else outer
    return next((adapter for adapter in CLASSES if adapter.claims(kind)), outer)


@frozen
class Preparation:
    """Reads data beside its shape. `reported` are the places whose problems are among `problems`."""

    adapter: SchemaAdapter
    problems: list[Failure] = field(factory=list)
    reported: list[Path] = field(factory=list)
    ambiguous: list[str] = field(factory=list)
    """Texts that mean two things, whoever reads them."""
    certain: list[Path] = field(factory=list)
    """Places that are wrong whatever the class says of them."""
    asked: bool = False
    """Has the class seen the data already, so that none of its members is to be asked again?"""
    sure: bool = True
    """Is what no member of a union takes wrong? Not where a class may change it first, or a union around takes it."""

    def ready(self, data: Any, shape: Shape, path: Path = ()) -> Any:
        """The data with amounts, members of unions and classes of another kind as instances."""
        if shape.custom or (data is None and (shape.optional or not shape.variants)):
            return data
        if is_choice(shape.hint):
            return written_choice(data, shape.hint)
        if shape.variants:
            return self._member(data, shape, path)
        if is_span(shape.hint):
            return self._span(data, shape, path)
        foreign = bool(shape.attributes) and _maker(self.adapter, shape.hint) is not self.adapter
        if foreign and path and not self.asked and not is_instance(data, shape):
            return self._instance(data, [shape], path, sure=self.sure and not _rereads(shape))
        if isinstance(data, dict):
            keys = next(iter(get_args(shape.hint)), None) if not shape.attributes else None
            return {
                written_choice(key, keys) if is_choice(keys) else key: self.ready(
                    value, shape.child(key), (*path, key)
                )
                for key, value in data.items()
            }
        if isinstance(data, list):
            return [self.ready(value, shape.child(i), (*path, i)) for i, value in enumerate(data)]
        return data

    def all_with(self, failures: list[Failure]) -> list[Failure]:
        """The problems here, and those that the class found beside them."""
        if not self.reported:
            return [*self.problems, *failures]
        return [*self.problems, *(each for each in failures if each[0] and not self._tells(each[0]))]

    def _tells(self, path: Path) -> bool:
        return any(path[: len(known)] == known for known in self.reported)

    def _span(self, data: Any, shape: Shape, path: Path) -> Any:
        try:
            return shape.read(data)
        except ValueError as error:
            self.ambiguous.extend([str(data)] if isinstance(error, AmbiguousError) else [])
            self.problems.append((path, str(error), data))
            self.reported.append(path)
            self.certain.append(path)
            return data

    def _member(self, data: Any, shape: Shape, path: Path) -> Any:
        wrong = _wrong_tag(data, shape)
        if wrong:
            where, message, value = wrong
            self.problems.append(((*path, *where), message, value))
            self.reported.append(path)
            return data
        likely = shape.likely(data)
        if not isinstance(data, dict) and all(each.attributes for each in shape.variants):
            if not any(is_instance(data, each) for each in shape.variants):
                names = " or ".join(getattr(each.hint, "__name__", "table") for each in shape.variants)
                self.problems.append((path, f"expected a table of settings: {names}", data))
                self.reported.append(path)
            return data
        if isinstance(data, dict) and likely[0].attributes and not self.asked:
            told_apart = shape.strict_tag or shape.tagger is not None
            if told_apart and _maker(self.adapter, likely[0].hint) is self.adapter:
                return self.ready(
                    data, likely[0], path
                )  # the class tells the problems of that member only, too
            others = any(
                not each.attributes and (each.kind != "list" or each.items) for each in shape.variants
            )
            sure = self.sure and not others and not any(map(_rereads, shape.variants))
            return self._instance(data, [each for each in likely if each.attributes], path, sure=sure)
        return evolve(self, sure=False).ready(data, likely[0], path)

    def _instance(self, data: Any, shapes: list[Shape], path: Path, *, sure: bool) -> Any:
        """An instance of the first class that takes the data, else the problems of the likeliest.

        Where these are `sure`, the class around gets something that it refuses without asking the members' validators.
        """
        problems: list[Failure] | None = None
        for shape in shapes:
            inner = Preparation(_maker(self.adapter, shape.hint))
            failures: list[Failure] = []
            ready = inner.ready(data, shape)
            try:
                instance = inner.adapter.validate(shape.hint, ready)
                if not inner.problems:
                    return instance
            except InvalidDataError as error:
                failures = error.problems
            except Exception as error:  # noqa: BLE001 - a user's own validator may raise anything
                failures = [((), f"a validator of the schema failed: {type(error).__name__}", None)]
            self.ambiguous.extend(inner.ambiguous)
            self.certain.extend((*path, *where) for where in inner.certain)
            problems = inner.all_with(failures) if problems is None else problems
        self.problems.extend(((*path, *where), message, value) for where, message, value in problems or [])
        self.reported.append(path)
        self.certain.extend([path] if sure else [])
        return _REFUSED if sure else data


_REFUSED = object()
"""What no class takes."""


def _rereads(shape: Shape) -> bool:
    """Does a class read some of what is written in a way of its own, so that it may take what does not look right?"""
    return shape.custom or shape.rewrites or any(child.custom for child in shape.fields.values())


def _wrong_tag(data: Any, shape: Shape) -> Failure | None:
    """What is wrong with the tag of a value that is of no member: where, why, and what it holds."""
    if not isinstance(data, dict) or not (shape.tags or shape.tagger):
        return None
    tag = shape.tag_of(data)
    known = " or ".join(repr(each) for each in shape.tagged)
    if shape.tagger:
        return (
            None if tag in shape.tagged else ((), f"expected {known}, and it does not tell which it is", None)
        )
    if tag is NOTHING:
        return ((shape.tags[0],), f"required, but missing: {known}", None) if shape.strict_tag else None
    tables_only = all(variant.attributes or variant.variants for variant in shape.variants)
    if tag in shape.tagged or not tables_only:
        return None
    key = next(key for key in shape.tags if key in data)
    meant = did_you_mean(str(tag), [str(each) for each in shape.tagged])
    return (key,), f"expected {known}{meant}", tag


def unknown_keys(data: Any, shape: Shape, path: Path = ()) -> Iterator[Problem]:
    """The problem of each key that a closed table does not name; of a union, those of the member that is meant."""
    if isinstance(data, dict):
        if shape.variants and _wrong_tag(data, shape):
            return
        shape = shape.of(data)
        for key, value in data.items():
            if shape.closed and key not in shape.fields:
                yield Problem((*path, key), f"unknown key{did_you_mean(str(key), shape.fields)}")
            else:
                yield from unknown_keys(value, shape.child(key), (*path, key))
    elif isinstance(data, list):
        shape = shape.of(data)
        for number, value in enumerate(data):
            yield from unknown_keys(value, shape.child(number), (*path, number))
