"""What happened, as plain values. Every layer may emit them; whoever wants to know passes a listener."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from attrs import field, frozen

__all__ = ["Event", "EventKind", "Listener"]

EventKind: TypeAlias = Literal[
    "imported",
    "copied",
    "applied",
    "refused",
    "recovered",
    "probed",
    "alarmed",
    "confirmed",
    "reverted",
    "repaired",
    "told",
    "staged",
    "extended",
    "taken over",
    "verified",
    "drifted",
    "not notified",
]


@frozen
class Event:
    """One thing that happened to one config.

    `revision` is the number it concerns, `at` the time in UTC, `detail` what else is known. A secret's
    value is never part of an event.
    """

    kind: EventKind
    config: str
    revision: int
    at: datetime
    detail: Mapping[str, object] = field(factory=dict)


Listener: TypeAlias = Callable[[Event], None]
