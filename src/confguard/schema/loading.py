"""Loading typed configuration as fast as by hand: what is right needs no more than a parser and the model.

Anything else (a problem, a warning, a source that is no file) is left to `explaining`, which starts anew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, cast, get_args, get_origin

from confguard.documents.reading import load_bytes, parsed
from confguard.documents.registry import detect_format
from confguard.schema.conversion import may_be_raw
from confguard.values import merge_layers

if TYPE_CHECKING:
    from confguard.documents.document import Document
    from confguard.schema.layers import Source
    from confguard.schema.schema import Schema

__all__ = ["load", "settings_of"]

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
            made: T = build(_layers(sources))
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
        if build is not None and not document.files:
            made: T = build([document.data])
            return made
    except Exception:  # noqa: BLE001, S110 - found again and explained below
        pass
    return schema.validate_document(document)


def _layers(sources: tuple[Source, ...]) -> Iterator[Any]:
    for source in sources:
        if not isinstance(source, str | os.PathLike | Mapping):
            raise TypeError("a source that only `explaining` knows")
        data = source if isinstance(source, Mapping) else _read(os.fspath(source))
        if not isinstance(data, Mapping):
            raise TypeError("no table of settings")
        yield data


def _read(path: str) -> Any:
    return parsed(load_bytes(path), detect_format(path), path)


@cache
def _builder(model: Any) -> Callable[[Iterable[Any]], Any] | None:
    """What makes an instance of the data of layers, and refuses whatever `explaining` would refuse or warn of.

    None where nothing does.
    """
    pydantic = sys.modules.get("pydantic")
    if pydantic is not None and isinstance(model, type) and issubclass(model, pydantic.BaseModel):
        forbids = "extra" in pydantic.BaseModel.model_validate.__annotations__
        asked = _Asked()
        return _forbidding(model, asked) if forbids and asked.plain(model) else None
    if isinstance(model, type) and (
        hasattr(model, "__attrs_attrs__") or hasattr(model, "__dataclass_fields__")
    ):
        from confguard.schema.structuring import converter, is_plain

        structure = converter().structure
        return (lambda layers: structure(_merged(layers), model)) if is_plain(model) else None
    return None


def _forbidding(model: Any, asked: _Asked) -> Callable[[Iterable[Any]], Any]:
    if not asked.more:
        return lambda layers: model.model_validate(_merged(layers), extra="forbid")
    from confguard.schema.quick import quick_reader

    read = quick_reader(model)
    return lambda layers: model.model_validate(_merged(map(read, layers)), extra="forbid")


def _merged(layers: Iterable[Any]) -> Any:
    data: Any = {}
    for layer in layers:
        data = merge_layers(data, layer)
    return data


class _Asked:
    """Asks a pydantic model, and those inside of it, what pydantic alone would pass over."""

    def __init__(self) -> None:
        self.seen: set[Any] = set()
        self.more = False
        """Are there amounts of time (pydantic reads less of them), or fields with two names?"""

    def plain(self, model: Any) -> bool:
        """Is there nothing else?

        That is a field that is to go, a default that is still a text (`timeout: Duration = "2s"`), a choice between
        classes without a tag, and classes that are no models: their unknown keys would be let pass.
        """
        if model in self.seen:
            return True
        self.seen.add(model)
        fields = model.model_fields.values()
        by_name = model.model_config.get("populate_by_name") or model.model_config.get("validate_by_name")
        self.more = self.more or bool(by_name and any(info.alias for info in fields))
        self.more = self.more or any(hasattr(info.validation_alias, "convert_to_aliases") for info in fields)
        return all(
            not info.deprecated
            and self.inside(
                info.annotation,
                info.default_factory or info.default,
                tagged=isinstance(info.discriminator, str),
            )
            for info in fields
        )

    def inside(self, hint: Any, default: Any, *, tagged: bool = False) -> bool:
        """The same for a type."""
        if hasattr(hint, "__value__"):  # a `type X = ...` alias
            return False
        arguments = get_args(hint)
        if get_origin(hint) in (Union, UnionType) and sum(map(_has_fields, arguments)) > 1 and not tagged:
            return False
        if get_origin(hint) is Annotated:
            tagged = any(isinstance(getattr(mark, "discriminator", None), str) for mark in arguments[1:])
            return self.inside(arguments[0], default, tagged=tagged)
        if isinstance(hint, type) and not arguments:
            if hasattr(hint, "model_fields"):
                return self.plain(hint)
            if _has_fields(hint) or hasattr(hint, "__required_keys__"):
                return False
            span = hint.__qualname__ == "timedelta" and hint.__module__ == "datetime"
            self.more = self.more or span
            raw = (span or hasattr(hint, "expects")) and may_be_raw(default)
            return not raw or isinstance(default, hint)
        return all(self.inside(argument, default) for argument in arguments)


def _has_fields(hint: Any) -> bool:
    names = ("model_fields", "__attrs_attrs__", "__dataclass_fields__")
    kind = get_args(hint)[0] if get_origin(hint) is Annotated else get_origin(hint) or hint
    return any(hasattr(kind, name) for name in names)
