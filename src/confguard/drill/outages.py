"""Outages that were reconstructed from public reports: what was changed, by the names of the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import frozen

__all__ = ["OUTAGES", "Outage", "repeated"]

Change: TypeAlias = tuple[type, Callable[[Any], Any]]
"""The type that the value must have, and what became of it."""


@frozen
class Outage:
    """What was changed: the value that each setting got, from the one it had; all in one table."""

    source: str
    changes: Mapping[str, Change]
    table: str | None = None
    """The table's name, where the names of the settings alone could mean anything."""


OUTAGES = (
    Outage(
        "Monzo, 29 July 2019",
        {"cluster_size": (int, lambda size: size * 9 // 7), "auto_bootstrap": (bool, lambda _: False)},
    ),
    Outage("Steam, 25 December 2015", {"authenticated": (str, lambda _: "cache")}, "cache"),
    Outage("Roblox, October 2021", {"use_streaming_backend": (bool, lambda _: True)}),
    Outage("Joyent, 27 May 2014", {"hosts": (list, lambda _: ["*"])}),
    Outage("Google Compute Engine, 11 April 2016", {"ip_blocks": (list, lambda _: [])}),
    Outage("recurring: unsigned tokens", {"algorithms": (list, lambda names: [*names, "none"])}),
    Outage("recurring: any site may call", {"origins": (list, lambda _: ["*"])}, "cors"),
    Outage("recurring: reachable from everywhere", {"bind_address": (str, lambda _: "0.0.0.0")}),  # noqa: S104 - nothing listens
    Outage("recurring: retries multiply load", {"retries": (int, lambda count: count * 10)}),
)
"""Those that apply to other services by the names of their settings."""


def repeated(path: Sequence[str | int], table: Mapping[Any, Any]) -> Iterator[dict[str, Any]]:
    """What the outages that fit a table would set there.

    >>> list(repeated(("cors",), {"origins": ["https://app.example.com"]}))
    [{'origins': ['*']}]
    >>> list(repeated((), {"origins": ["https://app.example.com"]}))
    []
    """
    names = {_plain(name): name for name in table if isinstance(name, str)}
    here = _plain(str(path[-1])) if path else ""
    for outage in OUTAGES:
        fits = all(
            name in names and type(table[names[name]]) is kind for name, (kind, _) in outage.changes.items()
        )
        if fits and outage.table in (None, here):
            yield {names[name]: change(table[names[name]]) for name, (_, change) in outage.changes.items()}


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
