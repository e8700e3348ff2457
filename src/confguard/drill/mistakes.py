"""What people get wrong: a value in place of another, and what was changed in outages that were reconstructed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import frozen

_WITH_UNIT = re.compile(r"(\d+)(us|ms|s|m|h|d|B|KB|KiB|MB|MiB|GB|GiB|kB|k|M|G)")
_TIMES = ("us", "ms", "s", "m", "h", "d")
_SIZES = ("B", "KB", "KiB", "MB", "MiB", "GB", "GiB")
_PORT = re.compile(r":(\d{2,5})\b")


def wrong_values(value: Any) -> Iterator[tuple[str, Any]]:
    """The kinds of mistakes that fit a value, each with what it makes of it.

    >>> list(wrong_values(True))
    [('reversed boolean', False), ('type confusion', 'true'), ('type confusion', None)]
    """
    if isinstance(value, bool):
        yield "reversed boolean", not value
        yield "type confusion", str(value).lower()
    elif isinstance(value, int | float):
        yield from _numbers(value)
    elif isinstance(value, str):
        yield from _texts(value)
    elif isinstance(value, list):
        yield from _lists(value)
    if not isinstance(value, dict):
        yield "type confusion", None


def _numbers(value: float) -> Iterator[tuple[str, Any]]:
    for factor in (10, 100, 1000):
        yield "zeros too many", value * factor
        yield "zeros too few", value // factor if isinstance(value, int) else value / factor
    for factor in (60, 1024, 3600, 1_000_000):
        yield "unit slip", value * factor
    yield "switched off", 0
    yield "wrong sign", -value
    yield "type confusion", str(value)
    yield "type confusion", [value]
    yield "type confusion", True


def _texts(value: str) -> Iterator[tuple[str, Any]]:
    if match := _WITH_UNIT.fullmatch(value):
        count, unit = int(match[1]), match[2]
        for other in _TIMES if unit in _TIMES else _SIZES:
            if other != unit:
                yield "unit slip", f"{count}{other}"
        for factor in (10, 100, 1000):
            yield "zeros too many", f"{count * factor}{unit}"
            yield "zeros too few", f"{count // factor}{unit}"
        yield "switched off", f"0{unit}"
        yield "wrong sign", f"-{value}"
        yield "type confusion", count
        yield "type confusion", str(count)
    elif value:
        yield "wrong value", value[:-1]
        if len(value) > 2:
            middle = len(value) // 2
            yield "wrong value", value[: middle - 1] + value[middle] + value[middle - 1] + value[middle + 1 :]
        yield "wrong value", value.swapcase()
        yield "wrong value", f"{value} "
        if match := _PORT.search(value):
            yield "wrong value", f"{value[: match.start()]}:{match[1]}0{value[match.end() :]}"
        if "://" in value:
            scheme, _, rest = value.partition("://")
            rest = "localhost" + rest[len(re.split(r"[:/]", rest)[0]) :]
            yield "other environment", f"{scheme}://{rest}"
            yield "other environment", value.replace("://", "://staging-", 1)
            yield "wrong value", value.partition("://")[2]
        yield "type confusion", [value]
        yield "type confusion", 0
    yield "emptied", ""


def _lists(value: list[Any]) -> Iterator[tuple[str, Any]]:
    yield "emptied", []
    if value:
        yield "element dropped", value[1:]
        yield "element dropped", value[:-1]
        yield "element twice", [*value, value[0]]
        yield "reordered", value[::-1]
        yield "reordered", [*value[1:], value[0]]
        yield "type confusion", value[0]


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
    names = {_normal(name): name for name in table if isinstance(name, str)}
    here = _normal(str(path[-1])) if path else ""
    for outage in OUTAGES:
        fits = all(
            name in names and type(table[names[name]]) is kind for name, (kind, _) in outage.changes.items()
        )
        if fits and outage.table in (None, here):
            yield {names[name]: change(table[names[name]]) for name, (_, change) in outage.changes.items()}


def _normal(name: str) -> str:
    return name.lower().replace("-", "_")
