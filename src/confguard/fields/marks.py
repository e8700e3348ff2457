"""Marks: what a schema says of a field beyond its type. They stand in `Annotated`."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

__all__ = ["Impact", "ImpactLevel", "KeyedBy", "Owner", "Renamed", "Safer", "Unordered"]

ImpactLevel: TypeAlias = Literal["low", "medium", "high", "critical"]


@frozen
class Impact:
    """Mark: how much depends on this setting. It raises or lowers the risk of a change to it."""

    level: ImpactLevel


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

    direction: Literal["lower", "higher"]


@frozen
class Owner:
    """Mark: who is to be asked about this setting."""

    team: str


@frozen
class Renamed:
    """Mark: the key this setting had before. Old files are still read, with a warning."""

    old: str
