"""Schemas written as attrs classes or dataclasses, structured by cattrs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from confguard.paths import Path
from confguard.schema.broken import broken
from confguard.schema.class_fields import fields_of, is_class
from confguard.schema.interface import InvalidDataError, Members, MembersOf, SchemaAdapter
from confguard.schema.pydantic import problems_of
from confguard.schema.shape import Shape
from confguard.schema.shaping import build_shape
from confguard.schema.structuring import converter
from confguard.schema.validators import said_by

__all__ = ["AttrsAdapter"]


class AttrsAdapter(SchemaAdapter):
    """attrs classes and dataclasses. Keys that a class does not name are errors."""

    def claims(self, model: object) -> bool:
        """Is this an attrs class or a dataclass?"""
        return is_class(model)

    def shape(self, model: Any, members_of: MembersOf) -> Shape:
        """What stands where."""
        return build_shape(model, members_of)

    def members(self, model: Any) -> Members:
        """The class's fields by name."""
        return fields_of(model)

    def validate(self, model: Any, data: Any) -> Any:
        """An instance from data."""
        if not isinstance(data, dict):
            raise InvalidDataError([((), "expected a table of settings", data)])
        try:
            return converter().structure(data, model)
        except Exception as error:  # noqa: BLE001 - validators may raise anything; all are findings
            problems = self.problems(error, data)
        raise InvalidDataError(problems)  # out here it has no context that quotes what was given

    def problems(self, error: Exception, data: Any) -> list[tuple[Path, str, Any]]:
        """What cattrs, or a validator, found."""
        return list(_problems(error, (), data))


def _problems(error: BaseException, path: Path, data: Any) -> Iterator[tuple[Path, str, Any]]:
    """The leaves of cattrs' groups of errors, each with the path that its notes tell.

    Those of attrs' validators, of which a class raises the first only, are looked for anew: all of them.
    """
    if type(error).__module__.startswith("pydantic") and hasattr(error, "errors"):
        for inside, message, value in problems_of(error, data):
            yield (*path, *inside), message, value
        return
    if not isinstance(error, BaseExceptionGroup):
        if type(error).__name__ != "ForbiddenExtraKeysError":  # reported with a did-you-mean instead
            yield path, _message(error, data), data
        return
    kind = getattr(error, "cl", None)
    validated = attrs.has(kind) if isinstance(kind, type) else False
    raised = next((inner for inner in error.exceptions if _step(inner) is None), None)
    looked = validated and isinstance(data, dict)
    failures = list(broken(error, data, converter().structure, raised)) if looked else []
    yield from (((*path, *where), message, value) for where, message, value in failures)
    for inner in error.exceptions:
        step = _step(inner)
        if isinstance(inner, KeyError) and step is not None and inner.args:
            yield (*path, inner.args[0]), "required, but missing", None
        elif step is not None and any(
            str(note).startswith("Structuring mapping key") for note in getattr(inner, "__notes__", ())
        ):
            yield from _problems(inner, (*path, step), step)
        elif step is not None:
            yield from _problems(inner, (*path, step), _child(data, step))
        elif not failures or isinstance(inner, BaseExceptionGroup):
            yield from _problems(inner, path, data)


def _step(error: BaseException) -> Any:
    for note in getattr(error, "__notes__", ()):
        noted = getattr(
            note, "__dict__", {}
        )  # a plain text, which other notes are, has an `index`, too: a method
        for name in ("name", "index"):
            if name in noted:
                return noted[name]
    return None


def _child(data: Any, step: Any) -> Any:
    try:
        return data[step]
    except (KeyError, IndexError, TypeError):
        return None


def _message(error: BaseException, value: Any) -> str:
    if isinstance(error, AttributeError) and error.name in {"keys", "items"}:
        return "expected a table"  # what cattrs asks of anything that is to be an instance
    text = said_by(error, value)
    if text is not None:
        return text
    if _raiser(error).startswith(
        ("cattr", "_cattr")
    ):  # its texts quote values, and types as Python writes them
        return _in_words(error)
    return str(error.args[0] if error.args else error) or type(error).__name__


def _in_words(error: BaseException) -> str:
    kind = getattr(error, "type_", None)
    if kind is not None:
        return f"is of a type that cannot be read from a document: {getattr(kind, '__name__', 'one without a name')}"
    return "expected elements that are single values" if isinstance(error, TypeError) else "does not fit"


def _raiser(error: BaseException) -> str:
    """The module in which an error was raised."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return str(step.tb_frame.f_globals.get("__name__") or "cattrs") if step is not None else ""
