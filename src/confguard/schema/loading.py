"""Loading typed configuration as fast as by hand: what is right needs no more than a parser and the model.

Which models and sources are so plain is told before anything is validated; all others go the way of `explaining`. It is
imported for what is wrong as well: it places the problems that the model has found, and validates nothing again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar, Union, cast, get_args, get_origin

from confguard.documents.reading import load_bytes, parsed
from confguard.documents.registry import detect_format
from confguard.errors import ConfguardError
from confguard.schema.conversion import has_fields, is_span, may_be_raw
from confguard.schema.interface import Failed
from confguard.values import merge_layers

if TYPE_CHECKING:
    from confguard.documents.document import Document
    from confguard.schema.schema import Schema
    from confguard.schema.shape import Shape
    from confguard.schema.sources import Source


T = TypeVar("T")


def load(model: type[T], *sources: Source) -> T:
    """An instance of a schema from files, documents, mappings, `Env`, `Profile` or `SecretFiles`.

    Later sources win key by key. Raises `ValidationError` with every problem, each at `file:line:column` or with the
    variable's name; `DocumentError` for what cannot be read. Warns of keys that were renamed or are deprecated, and of
    variables with the prefix that are no settings.

    >>> from attrs import frozen
    >>> @frozen
    ... class Server:
    ...     port: int = 80
    >>> load(Server, {"port": 8080}).port
    8080
    """
    asked: Any = model
    plain = isinstance(asked, type) and all(isinstance(each, _PLAIN) for each in sources)
    reading = _reading(asked) if plain else None
    settings, failed = _built(reading, _merged_quickly(reading, sources) if reading else None)
    if settings is not None:
        return cast("T", settings)
    from confguard.schema.explaining import load_explained

    return load_explained(model, sources, failed)


def settings_of(model: type[T], schema: Schema[T], document: Document) -> T:
    """An instance of a schema from a document that was read already, as fast as `load`.

    Raises `ValidationError` with every problem at its place; `DocumentError` where a file holds several documents.
    """
    layers = [part.single.data for _, part in document.parts]
    reading = _reading(cast("Any", model)) if not document.files else None
    settings, failed = _built(reading, _prepared(reading, layers) if reading else None)
    return schema.validate_document(document, failed) if settings is None else cast("T", settings)


class _Reading(NamedTuple):
    """How a plain model is read."""

    build: Callable[[Any], Any]
    """An instance, from data that has one name for each setting. Raises whatever the model's library raises."""
    prepare: Callable[[Any], Any] | None = None
    """What its library would not read of a layer. Raises `ValueError` for what needs a closer look."""


_PLAIN = (str, os.PathLike, Mapping)


def _built(reading: _Reading | None, data: Any) -> tuple[Any, Failed | None]:
    """An instance, or how that failed; neither where a closer look is needed."""
    if reading is None or data is None:
        return None, None
    try:
        return reading.build(data), None
    except Exception as error:  # noqa: BLE001 - a validator of the user's own may raise anything
        return None, Failed(error, data)


def _merged_quickly(reading: _Reading, sources: tuple[Source, ...]) -> Any:
    """The data of files and mappings; None where a closer look is needed, at what cannot be read as well."""
    try:
        layers = [each if isinstance(each, Mapping) else _read(os.fspath(each)) for each in sources]  # type: ignore[call-overload]
    except ConfguardError:
        return None
    return _prepared(reading, layers)


def _prepared(reading: _Reading, layers: Iterable[Any]) -> Any:
    data: Any = {}
    for layer in layers:
        if not isinstance(layer, Mapping):
            return None
        try:
            data = merge_layers(data, reading.prepare(layer) if reading.prepare else layer)
        except ValueError:
            return None
    return data


def _read(path: str) -> Any:
    return parsed(load_bytes(path), detect_format(path), path)


@cache
def _reading(model: Any) -> _Reading | None:
    """How a model is read that refuses by itself whatever `explaining` would refuse or warn of; None for others."""
    if not isinstance(model, type):
        return None
    try:
        return _of_pydantic(model) if _is_pydantic(model) else _of_classes(model)
    except NameError:  # an annotation that cannot be resolved: `explaining` says which
        return None


def _is_pydantic(model: Any) -> bool:
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and issubclass(model, pydantic.BaseModel)


def _of_classes(model: Any) -> _Reading | None:
    if not (hasattr(model, "__attrs_attrs__") or hasattr(model, "__dataclass_fields__")):
        return None
    from confguard.schema.structuring import converter, is_plain

    structure = converter().structure
    return _Reading(lambda data: structure(data, model)) if is_plain(model) else None


def _of_pydantic(model: Any) -> _Reading | None:
    asked = _Asked()
    if "extra" not in model.model_validate.__annotations__ or not asked.plain(model):
        return None

    def build(data: Any) -> Any:
        return model.model_validate(data, extra="forbid")

    if not asked.more:
        return _Reading(build)
    return _Reading(build, _amount_reader(model))


class _Asked:
    """Asks a pydantic model, and those inside of it, what pydantic alone would pass over."""

    def __init__(self) -> None:
        self.asked: set[Any] = set()
        self.more = False
        """Are there amounts of time (pydantic reads less of them), or fields with two names?"""

    def plain(self, model: Any) -> bool:
        """Is there nothing else?

        That is a field that is deprecated, a default that is still a text (`timeout: Duration = "2s"`), a choice
        between classes without a tag, and classes that are no models: their unknown keys would be let pass.
        """
        if model in self.asked:
            return True
        self.asked.add(model)
        if model.model_config.get("extra") in {"allow", "ignore"}:
            return False
        fields = model.model_fields.values()
        by_name = model.model_config.get("populate_by_name") or model.model_config.get("validate_by_name")
        self.more = self.more or bool(by_name and any(info.alias for info in fields))
        self.more = self.more or any(hasattr(info.validation_alias, "convert_to_aliases") for info in fields)
        return all(not info.deprecated and self.field(info) for info in fields)

    def field(self, info: Any) -> bool:
        """The same for a field."""
        default, tagged = info.default_factory or info.default, isinstance(info.discriminator, str)
        return self.inside(info.annotation, default, tagged=tagged)

    def inside(self, hint: Any, default: Any, *, tagged: bool = False) -> bool:
        """The same for a type."""
        if hasattr(hint, "__value__"):  # a `type X = ...` alias
            return False
        arguments = get_args(hint)
        if get_origin(hint) in (Union, UnionType) and sum(map(has_fields, arguments)) > 1 and not tagged:
            return False
        if get_origin(hint) is Annotated:
            tagged = any(isinstance(getattr(mark, "discriminator", None), str) for mark in arguments[1:])
            return self.inside(arguments[0], default, tagged=tagged)
        if isinstance(hint, type) and not arguments:
            if hasattr(hint, "model_fields"):
                return self.plain(hint)
            field_type = hasattr(hint, "expects")
            if (has_fields(hint) and not field_type) or hasattr(hint, "__required_keys__"):
                return False
            span = hint.__qualname__ == "timedelta" and hint.__module__ == "datetime"
            self.more = self.more or span
            raw = (span or field_type) and may_be_raw(default)
            return not raw or isinstance(default, hint)
        return all(self.inside(argument, default) for argument in arguments)


def _amount_reader(model: Any) -> Callable[[Any], Any]:
    """What reads a layer's amounts of time. Raises `ValueError` for whatever needs a closer look.

    That is a setting under another name than its own, and an amount that is none.
    """
    from confguard.schema.schema import resolve_schema

    schema = resolve_schema(model)
    assert schema is not None
    reader = _Amounts()
    return lambda data: reader.read(data, schema.shape)


class _Amounts:
    """Walks data and its shape as far as there is something to do."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Shape, list[tuple[str, Shape]]]] = {}

    def read(self, data: Any, shape: Shape) -> Any:
        """The data with amounts of time; the very same where there are none."""
        if data is None or shape.custom:
            return data
        if shape.variants:
            return self.read(data, shape.of(data))
        if is_span(shape.hint):
            return shape.read(data)
        if isinstance(data, dict) and shape.kind == "map":
            return self.table(data, shape)
        if isinstance(data, list) and shape.rest is not None and self.matters(shape.rest, ()):
            return [self.read(value, shape.child(i)) for i, value in enumerate(data)]
        return data

    def table(self, data: dict[Any, Any], shape: Shape) -> Any:
        """The same for a table."""
        if any(other[0] in data for other in shape.names):
            raise ValueError("a name that is not the setting's own")
        if shape.rest is not None and self.matters(shape.rest, ()):
            return {key: self.read(value, shape.child(key)) for key, value in data.items()}
        read = {key: self.read(data[key], child.whole) for key, child in self.fields(shape) if key in data}
        return {**data, **read} if read else data

    def fields(self, shape: Shape) -> list[tuple[str, Shape]]:
        """The fields of a table in which there is something to do."""
        if id(shape) not in self.known:
            mattering = [(key, child) for key, child in shape.fields.items() if self.matters(child, ())]
            self.known[id(shape)] = shape, mattering
        return self.known[id(shape)][1]

    def matters(self, shape: Shape, inside: tuple[Shape, ...]) -> bool:
        """Is there an amount of time here, or a field with other names?"""
        if shape in inside:
            return False
        if shape.link is not None or is_span(shape.hint) or shape.names:
            return True
        below = [*shape.variants, *shape.items, *shape.fields.values(), *([shape.rest] if shape.rest else [])]
        return any(self.matters(child, (*inside, shape)) for child in below)
