"""What happened, as plain values. Every layer may emit them; whoever wants to know passes a listener."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from attrs import field, frozen

_LOG = logging.getLogger(__name__)
logging.getLogger("confguard").addHandler(logging.NullHandler())

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

_WARNINGS: frozenset[EventKind] = frozenset({"refused", "recovered", "alarmed", "reverted", "drifted"})


def log_event(event: Event) -> None:
    """Log it to `confguard.events`: what somebody has to know of as a warning, all else as information."""
    level = logging.WARNING if event.kind in _WARNINGS else logging.INFO
    if not _LOG.isEnabledFor(level):
        return
    from confguard.errors import brief
    from confguard.secrets import masked

    detail = "; ".join(f"{name}: {value}" for name, value in event.detail.items())
    about = f" ({brief(masked(detail), 2000)})" if detail else ""
    _LOG.log(level, "%s: revision %d %s%s", brief(masked(event.config)), event.revision, event.kind, about)
