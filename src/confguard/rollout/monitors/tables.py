"""Monitors as a person writes them: tables of the project file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from attrs import NOTHING

from confguard.rollout.monitors.detectors import Compared, ErrorRate, Latency, Traffic
from confguard.rollout.monitors.interface import Monitor, Source
from confguard.rollout.monitors.reporting import ReportedCounts
from confguard.rollout.monitors.sources import HttpCounts, LogCounts, PrometheusCounts
from confguard.targets.options import Kind, UnusableError, keys_of, read_table

MonitorLike: TypeAlias = "Monitor | Mapping[str, Any]"
"""A monitor, or a table that says where its figure is read, and what is usual."""

_EXPECTED = 'expected is a table such as { url = "http://.../metrics.json", baseline = 0.01 }'
_SOURCES = {"url": HttpCounts, "prometheus": PrometheusCounts, "log": LogCounts, "reports": ReportedCounts}
_WATCHERS: dict[str, type] = {"usual": Traffic, "control": Compared, "within": Latency}


def as_monitor(monitor: MonitorLike) -> Monitor:
    """The monitor that a table stands for; raises `ValueError` if it stands for none.

    The table says where totals are read (`url`, `prometheus`, `log`, or `reports` of a store) and what is usual: a
    `baseline` makes it an `ErrorRate`, with `within` a `Latency`, `usual` a `Traffic`, and a `control` (a table for
    its source) a `Compared`.

    >>> as_monitor({"url": "http://localhost/metrics.json", "baseline": 0.01, "name": "logins"}).name
    'logins'
    >>> as_monitor({"url": "http://localhost/metrics.json", "usual": 50}).name
    'traffic'
    """
    if isinstance(monitor, Mapping):
        keys = [key for key in _WATCHERS if key in monitor]
        if len(keys) > 1:
            raise UnusableError(f"a monitor watches one figure: `{keys[0]}` and `{keys[1]}` are two monitors")
        watcher = _WATCHERS[keys[0]] if keys else ErrorRate
        return read_table("a monitor", monitor, _kinds(watcher), hint=_EXPECTED)
    if not hasattr(monitor, "check") or not hasattr(monitor, "start"):
        raise UnusableError(f"a monitor is a table, and no {type(monitor).__name__}", hint=_EXPECTED)
    return monitor


def _kinds(watcher: type) -> dict[str, Kind[Monitor]]:
    """By the key that says where its figure is read."""
    own = {key: each for key, each in keys_of(watcher).items() if key not in {"source", "now", "clock"}}
    if "baseline" in own:
        own["baseline"] = own["baseline"].evolve(default=NOTHING)
    if "control" in own:
        own["control"] = own["control"].evolve(converter=_source)
    return {
        key: Kind(_maker(source, watcher), {**keys_of(source), **own}) for key, source in _SOURCES.items()
    }


def _maker(source: type, watcher: type) -> Callable[..., Monitor]:
    def make(**values: Any) -> Monitor:
        asked = {name: values.pop(name) for name in keys_of(source) if name in values}
        if source is ReportedCounts and issubclass(watcher, Latency):
            asked["slow"] = True
        monitor: Monitor = watcher(source(**asked), **values)
        return monitor

    return make


def _source(table: Any) -> Source:
    if callable(table):
        source: Source = table
        return source
    if not isinstance(table, Mapping):
        raise ValueError(
            "control is a table that says where its totals are read, as url, prometheus, log or reports"
        )
    kinds: dict[str, Kind[Source]] = {key: Kind(cls, keys_of(cls)) for key, cls in _SOURCES.items()}
    return read_table(
        "a control group", table, kinds, hint='expected is a table such as { url = "http://..." }'
    )
