"""Marks: what a schema says of a field beyond its type. They stand in `Annotated`."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

from attrs import Attribute, field, frozen

from confguard.errors import did_you_mean

ImpactLevel: TypeAlias = Literal["low", "medium", "high", "critical"]
Direction: TypeAlias = Literal["lower", "higher"]


def _one_of(choices: Any) -> Any:
    known = get_args(choices)

    def check(mark: object, attribute: Attribute[str], value: object) -> None:
        if value not in known:
            raise ValueError(
                f"{type(mark).__name__}({value!r}): expected one of {', '.join(known)}{did_you_mean(str(value), known)}"
            )

    return check


@frozen
class Impact:
    """Mark: how much depends on this setting. It raises or lowers the risk of a change to it.

    >>> Impact("hihg")
    Traceback (most recent call last):
        ...
    ValueError: Impact('hihg'): expected one of low, medium, high, critical (did you mean 'high'?)
    """

    level: ImpactLevel = field(validator=_one_of(ImpactLevel))


@frozen
class Unordered:
    """Mark: the order of this list means nothing."""


@frozen(init=False)
class KeyedBy:
    """Mark: the elements of this list are known by these fields.

    >>> KeyedBy("host", "port").fields
    ('host', 'port')
    """

    fields: tuple[str, ...]

    def __init__(self, *fields: str) -> None:
        if not fields:
            raise ValueError("KeyedBy needs the name of at least one field")
        object.__setattr__(self, "fields", fields)


@frozen
class Safer:
    """Mark: in which direction this amount is safer. A change the other way is riskier."""

    direction: Direction = field(validator=_one_of(Direction))


@frozen
class Owner:
    """Mark: who is to be asked about this setting."""

    team: str


@frozen
class Renamed:
    """Mark: the key this setting had before. Old files are still read, with a warning."""

    old: str
