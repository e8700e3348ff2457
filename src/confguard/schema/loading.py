"""Loading typed configuration as fast as by hand: what is right needs no more than a parser and the model.

Anything else (a problem, a warning, a source that is no file) is left to `explaining`, which starts anew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, cast, get_args, get_origin

from confguard.documents.reading import load_bytes, parsed
from confguard.documents.registry import detect_format

if TYPE_CHECKING:
    from confguard.documents.document import Document
    from confguard.schema.layers import Source
    from confguard.schema.schema import Schema

__all__ = ["load", "merge_layers", "settings_of"]

T = TypeVar("T")


def load(model: type[T], *sources: Source) -> T:
    """An instance of a schema from files, documents, mappings, `Env`, `Profile` or `SecretFiles`.

    Later sources win key by key. Raises `ValidationError` with every problem, each at `file:line:column` or with the
    variable's name; `DocumentError` for what cannot be read. Warns of keys that were renamed or are to go, and of
    variables with the prefix that are no settings.

    >>> from attrs import frozen
    >>> @frozen
    ... class Server:
    ...     port: int = 80
    >>> load(Server, {"port": 8080}).port
    8080
    """
    try:
        build = _builder(cast("Any", model))
        if build is not None:
            made: T = build(_merged(sources))
            return made
    except Exception:  # noqa: BLE001, S110 - whatever it was, it is found again and explained below
        pass
    from confguard.schema.explaining import load_explained

    return load_explained(model, sources)


def settings_of(model: type[T], schema: Schema[T], document: Document) -> T:
    """An instance of a schema from a document that was read already, as fast as `load`.

    Raises `ValidationError` with every problem at its place.
    """
    try:
        build = _builder(cast("Any", model))
        if build is not None:
            made: T = build(document.data)
            return made
    except Exception:  # noqa: BLE001, S110 - found again and explained below
        pass
    return schema.validate_document(document)


def merge_layers(below: Any, above: Any) -> Any:
    """Mappings merge key by key; anything else in the upper layer replaces what is below.

    >>> merge_layers({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}})
    {'a': {'x': 1, 'y': 3}}
    """
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    added = {key: merge_layers(below[key], value) if key in below else value for key, value in above.items()}
    return {**below, **added}


def _merged(sources: tuple[Source, ...]) -> Any:
    data: Any = {}
    for source in sources:
        if not isinstance(source, str | os.PathLike | Mapping):
            raise TypeError("a source that only `explaining` knows")
        data = merge_layers(data, source if isinstance(source, Mapping) else _read(os.fspath(source)))
    return data


def _read(path: str) -> Any:
    return parsed(load_bytes(path), detect_format(path), path)


@cache
def _builder(model: Any) -> Callable[[Any], Any] | None:
    """What makes an instance and refuses whatever `explaining` would refuse or warn of; None where nothing does."""
    pydantic = sys.modules.get("pydantic")
    if pydantic is not None and isinstance(model, type) and issubclass(model, pydantic.BaseModel):
        forbids = "extra" in pydantic.BaseModel.model_validate.__annotations__
        return _forbidding(model) if forbids and _plain(model, set()) else None
    if isinstance(model, type) and (
        hasattr(model, "__attrs_attrs__") or hasattr(model, "__dataclass_fields__")
    ):
        from confguard.schema.structuring import converter, is_plain

        return _structuring(model, converter()) if is_plain(model) else None
    return None


def _forbidding(model: Any) -> Callable[[Any], Any]:
    return lambda data: model.model_validate(data, extra="forbid")


def _structuring(model: Any, converter: Any) -> Callable[[Any], Any]:
    return lambda data: converter.structure(data, model)


def _plain(model: Any, seen: set[Any]) -> bool:
    """Is there nothing in a model, or in those inside of it, that pydantic alone would pass over?

    That is a field that is to go or has two names, an amount of time (pydantic reads less of them), a default that is
    still a text (`timeout: Duration = "2s"`), a choice between classes, and classes that are no models: their unknown
    keys would be let pass.
    """
    if model in seen:
        return True
    seen.add(model)
    return all(
        not info.deprecated
        and not hasattr(info.validation_alias, "convert_to_aliases")
        and _inside(info.annotation, info.default, seen)
        for info in model.model_fields.values()
    ) and not (_both_names(model) and any(info.alias for info in model.model_fields.values()))


def _both_names(model: Any) -> bool:
    """May a document use either name of a field, so that two layers may mean one by two?"""
    return bool(model.model_config.get("populate_by_name") or model.model_config.get("validate_by_name"))


def _has_fields(hint: Any) -> bool:
    names = ("model_fields", "__attrs_attrs__", "__dataclass_fields__")
    return any(hasattr(get_origin(hint) or hint, name) for name in names)


def _inside(hint: Any, default: Any, seen: set[Any]) -> bool:
    if hasattr(hint, "__value__"):  # a `type X = ...` alias
        return False
    if get_origin(hint) in (Union, UnionType) and sum(map(_has_fields, get_args(hint))) > 1:
        return False
    if isinstance(hint, type) and not get_args(hint):
        if hasattr(hint, "model_fields"):
            return _plain(hint, seen)
        if _has_fields(hint) or (hint.__qualname__ == "timedelta" and hint.__module__ == "datetime"):
            return False
        raw = hasattr(hint, "expects") and isinstance(default, str | int | float)
        return not raw or isinstance(default, hint)
    return all(_inside(argument, default, seen) for argument in get_args(hint))
