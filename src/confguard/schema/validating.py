"""An instance of a schema class from data, or everything that is wrong with it.

What the class would read otherwise, or not at all, is read before: amounts mean the same in every kind of schema; of a
union, the member that is meant is made, and only its problems told; a class of another kind inside of a class is made
by its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

import attrs
from attrs import evolve, field, frozen

from confguard.errors import Problem, ValidationError, did_you_mean
from confguard.fields import FieldType
from confguard.paths import Path
from confguard.schema.attrs import AttrsAdapter
from confguard.schema.conversion import is_choice, is_span, written_choice
from confguard.schema.instances import as_data, called, is_instance
from confguard.schema.interface import Failed, Failure, SchemaAdapter, Untyped
from confguard.schema.problems import in_words, of_choice, unknown_key, without_secrets
from confguard.schema.pydantic import PydanticAdapter
from confguard.schema.secrets import Secrets
from confguard.schema.shape import COMPUTED, NOTHING, Shape
from confguard.units import AmbiguousError

CLASSES = (PydanticAdapter(), AttrsAdapter())


def name_of(model: Any) -> str:
    """How a schema is called in messages."""
    return str(getattr(model, "__name__", None) or getattr(model, "name", model))


def instance_of(
    model: Any, adapter: SchemaAdapter, shape: Shape, data: Any, untyped: Untyped, failed: Failed | None
) -> Any:
    """An instance from data that has one name for each setting. Raises `ValidationError` with every problem.

    What has `failed` for the same data already is not tried again.
    """
    data = adapter.from_texts(model, data, untyped)
    unknown = [] if adapter.tells_unknown_keys else list(_unknown_keys(data, shape))
    written = _with_parsed_defaults(data, shape, {})
    preparation, ready = _prepared(written, shape, adapter, failed)
    changed = ready is not written and bool(ready != written)
    settings, failures = adapter.attempt(
        model, [ready, written] if shape.rewrites and changed else [ready], failed
    )
    problems = preparation.all_with(failures or [])
    if failures is None and not preparation.certain and not preparation.ambiguous:
        problems = []  # what looked wrong is right for the class
    elif shape.rewrites and not unknown and not preparation.ambiguous:
        tables = any(shape.at(path).kind == "map" for path, _, _ in problems)
        if tables and changed:
            settings, failures = adapter.attempt(model, [written])
        if tables and failures is None:  # right once the class has changed it
            return settings
    if failures is not None and not problems and not unknown:
        problems.append(((), f"is no {name_of(model)}", None))
    if not problems and not unknown:
        return settings
    if not adapter.tells_unknown_keys:
        problems = [of_choice(each, shape) for each in problems]
    secrets = Secrets(shape, data)
    located = [*unknown, *in_words(problems, shape, secrets)]
    raise ValidationError(without_secrets(problem, secrets) for problem in located)


def _prepared(
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
            table = {key: self.ready(value, shape.child(key), (*path, key)) for key, value in data.items()}
            return (
                {written_choice(key, keys): value for key, value in table.items()}
                if is_choice(keys)
                else table
            )
        if isinstance(data, list):
            return [self.ready(value, shape.child(i), (*path, i)) for i, value in enumerate(data)]
        return data

    def all_with(self, failures: list[Failure]) -> list[Failure]:
        """The problems here, and those that the class found beside them."""
        if not self.reported:
            return [*self.problems, *failures]
        new = (
            (path, message, value)
            for path, message, value in failures
            if path and not any(path[: len(known)] == known for known in self.reported)
        )
        return [*self.problems, *new]

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
            instance, failures = inner.adapter.attempt(shape.hint, [inner.ready(data, shape)])
            if failures is None and not inner.problems:
                return instance
            self.ambiguous.extend(inner.ambiguous)
            self.certain.extend((*path, *where) for where in inner.certain)
            problems = inner.all_with(failures or []) if problems is None else problems
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
        text = f"expected {known}, and it does not tell which it is"
        return None if tag in shape.tagged else ((), text, None)
    if tag is NOTHING:
        return ((shape.tags[0],), f"required, but missing: {known}", None) if shape.strict_tag else None
    tables_only = all(variant.attributes or variant.variants for variant in shape.variants)
    if tag in shape.tagged or not tables_only:
        return None
    key = next(key for key in shape.tags if key in data)
    meant = did_you_mean(str(tag), [str(each) for each in shape.tagged])
    return (key,), f"expected {known}{meant}", tag


def _unknown_keys(data: Any, shape: Shape, path: Path = ()) -> Iterator[Problem]:
    """The problem of each key that a closed table does not name; of a union, those of the member that is meant."""
    if isinstance(data, dict):
        if shape.variants and _wrong_tag(data, shape):
            return
        shape = shape.of(data)
        for key, value in data.items():
            if shape.closed and key not in shape.fields:
                yield Problem((*path, key), unknown_key(key, shape.fields))
            else:
                yield from _unknown_keys(value, shape.child(key), (*path, key))
    elif isinstance(data, list):
        shape = shape.of(data)
        for number, value in enumerate(data):
            yield from _unknown_keys(value, shape.child(number), (*path, number))


def _with_parsed_defaults(data: Any, shape: Shape, known: dict[int, bool]) -> Any:
    """The data with defaults that are still texts (`timeout: Duration = "2s"`) written in, to be parsed.

    What is `known` of a shape's default, by its id, holds for all tables of one class: there may be many.
    """
    if isinstance(data, list) and shape.kind == "list":
        shape = shape.of(data)
        return [_with_parsed_defaults(value, shape.child(i), known) for i, value in enumerate(data)]
    if not isinstance(data, dict) or shape.kind != "map":
        return data
    shape = shape.of(data)
    filled = {key: _with_parsed_defaults(value, shape.child(key), known) for key, value in data.items()}
    for own in shape.attributes or [(key,) for key in shape.fields]:
        key, child = str(own[0]), shape.child(own[0])
        if len(own) == 1 and key not in data and key not in shape.renamed and not shape.requires(key):
            if id(child) not in known:
                known[id(child)] = _may_be_parsed(child)
            default = _parsed_default(child) if known[id(child)] else NOTHING
            if default is not NOTHING:
                filled[key] = default
    return filled


def _may_be_parsed(shape: Shape) -> bool:
    """Might a default hold texts that are still to be parsed?"""
    default = shape.default
    if default is NOTHING or default is None or default is COMPUTED or shape.custom:
        return False
    return _may_be_raw(shape, ()) if callable(default) else _is_raw(default, shape)


def _parsed_default(shape: Shape) -> Any:
    """A default as data where it holds texts that are still to be parsed; else NOTHING."""
    default = called(shape.default)
    return as_data(default, shape) if _is_raw(default, shape) else NOTHING


def _is_raw(value: Any, shape: Shape) -> bool:
    """Does a default hold a text or a number where the schema wants an amount, a port and the like?"""
    return any(
        _parses(here) and isinstance(each, str | int | float) and not isinstance(each, FieldType)
        for _, each, here in shape.places(as_data(value, shape))
    )


def _may_be_raw(shape: Shape, inside: tuple[Any, ...]) -> bool:
    """Might what a factory makes hold such a default? Only then it is called before it is time."""
    if any(shape.hint is hint for hint in inside):
        return False
    within = (*inside, shape.hint)
    if shape.rest is not None and (_parses(shape.rest) or _may_be_raw(shape.rest.whole, within)):
        return True
    below = [*shape.variants, *shape.fields.values()]
    return any(_is_raw(child.default, child) or _may_be_raw(child, within) for child in below)


def _parses(shape: Shape) -> bool:
    return shape.field_type is not None or is_span(shape.hint)
