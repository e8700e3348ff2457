"""Schemas written as pydantic models, or as pydantic's dataclasses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from confguard.errors import SchemaError
from confguard.paths import Path, show_path
from confguard.schema.bounds import listed
from confguard.schema.conversion import as_pydantic_type
from confguard.schema.interface import Failure, InvalidDataError, SchemaAdapter
from confguard.schema.members import is_pydantic
from confguard.schema.shape import Shape
from confguard.schema.shaping import build_shape


class PydanticAdapter(SchemaAdapter):
    """Pydantic v2 models. Keys that a model does not name are errors unless it sets `extra` itself."""

    def claims(self, model: object) -> bool:
        return is_pydantic(model)

    def shape(self, model: Any) -> Shape:
        return build_shape(model, as_pydantic_type)

    def validate(self, model: Any, data: Any) -> Any:
        import pydantic

        try:
            if hasattr(model, "model_validate"):
                return model.model_validate(data)
            return pydantic.TypeAdapter(model).validate_python(data)
        except pydantic.ValidationError as error:
            problems = problems_of(error, data)
        raise InvalidDataError(problems)  # out here it has no context that quotes what was given

    def problems(self, error: Exception, data: Any) -> list[Failure] | None:
        """What pydantic found; None for what a validator raised that pydantic does not take for an answer."""
        import pydantic

        return problems_of(error, data) if isinstance(error, pydantic.ValidationError) else None

    def fault(self, model: Any, error: Exception) -> SchemaError | None:
        """A constraint that pydantic cannot apply to a field's type; it says so only when there is a value."""
        said = (
            re.match("Unable to apply constraint '(.+?)'", str(error)) if type(error) is TypeError else None
        )
        if said is None:
            return None
        fields = [f"'{show_path(path)}'" for path in _constrained(self.shape(model), said[1])]
        return SchemaError(
            f"schema '{getattr(model, '__name__', model)}': pydantic cannot apply the constraint '{said[1]}'"
            + (f" to {listed(fields)}" if fields else ""),
            hint="check it in a validator instead, or give a bound of the field's own type: ge=Duration('1s')",
        )


def _constrained(shape: Shape, constraint: str, path: Path = ()) -> Iterator[Path]:
    """The fields of confguard's types that have a constraint."""
    if shape.field_type and any(getattr(mark, constraint, None) is not None for mark in shape.marks):
        yield path
    for key, child in shape.fields.items():
        yield from _constrained(child, constraint, (*path, key))


def problems_of(error: Any, data: Any) -> list[Failure]:
    """What pydantic found wrong with data, in words that quote nothing of it."""
    return [
        (_path(data, failure), _message(failure), failure.get("input"))
        for failure in error.errors(include_url=False)
        if failure["type"] != "extra_forbidden"  # reported with a did-you-mean instead
    ]


def _path(data: Any, failure: Any) -> Path:
    """An error's location without the steps that name a union's branch, which no document has."""
    path: list[Any] = []
    location = failure["loc"]
    for i, step in enumerate(location):
        last = i == len(location) - 1
        inside = isinstance(data, dict) and step in data
        placed = isinstance(data, list) and isinstance(step, int) and step < len(data)
        if inside or placed:
            path.append(step)
            data = data[step]
        elif last and isinstance(data, list) and failure["type"] == "missing":
            path.append(step)  # an element of a tuple
        elif (
            last and isinstance(data, dict) and (failure["type"] == "missing" or failure["input"] is not data)
        ):
            path.append(step)  # a key that is missing, or whose default is wrong
    return tuple(path)


_TABLES = {"model_type", "model_attributes_type", "dataclass_type", "dict_type"}
"""Pydantic's names for what is not a table."""


_COUNTS = {"too_short": ("least", "min_length"), "too_long": ("most", "max_length")}
"""Pydantic's names for wrong lengths of lists, and where it tells the right one."""


def _message(failure: Any) -> str:
    if failure["type"] == "missing":
        return "required, but missing"
    if failure["type"] in _COUNTS:
        which, bound = _COUNTS[failure["type"]]
        count = failure["ctx"][bound]
        text = isinstance(failure["input"], str | bytes) or hasattr(failure["input"], "get_secret_value")
        return f"expected at {which} {count} {'character' if text else 'element'}{'s' if count != 1 else ''}"
    if failure["type"] in _TABLES:
        return "expected a table"
    if failure["type"] in {"tuple_type", "list_type", "set_type", "frozen_set_type"}:
        return "expected a list"
    if failure["type"].startswith("time_delta"):
        from confguard.units import DURATION

        return f"expected {DURATION}"
    message: str = re.split(", unable to (?:parse|interpret)", failure["msg"])[0]
    return (
        message.removeprefix("Value error, ")
        .removeprefix("Assertion failed, ")
        .replace("Input should be", "expected")
        .strip()
    )
