"""OpenTelemetry: what happens as metrics, and what takes time as traces; nothing, where the program does not use it.

A program that uses OpenTelemetry has imported it, so it is not imported here otherwise: that would cost each start.

Metrics: `confguard.events`, a counter by `confguard.config` and `confguard.event` (applied, refused, reverted, ...);
`confguard.revision`, a gauge: the revision in force by `confguard.config`, as this process knows it.
Spans: `confguard.apply`, `confguard.bake` and `confguard.revert`, with `confguard.config` (several with commas between)
and, where one fails, `error.type`, as the semantic conventions name it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from confguard.events import Event

_SCOPE = "confguard"
_IN_FORCE = frozenset({"applied", "reverted", "confirmed"})


def count(event: Event) -> None:
    """Count an event; note the revision in force where it tells of one."""
    if not _is_used():
        return
    events, _ = _instruments()
    events.add(1, {"confguard.config": event.config, "confguard.event": event.kind})
    if event.kind in _IN_FORCE:
        in_force(event.config, event.revision)


def in_force(config: str, revision: int) -> None:
    """Note which revision of a config is in force in this process."""
    if _is_used():
        _instruments()[1].set(revision, {"confguard.config": config})


@contextmanager
def span(name: str, configs: Iterable[str]) -> Iterator[None]:
    """What is done within, as a span; what it raises by its type alone: a message may hold what is to stay here."""
    if not _is_used():
        yield
        return
    from opentelemetry import trace
    from opentelemetry.trace import Status, StatusCode

    tracer = trace.get_tracer(_SCOPE)
    attributes = {"confguard.config": ",".join(configs)}
    with tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield
        except BaseException as error:
            current.set_attribute("error.type", type(error).__qualname__)
            current.set_status(Status(StatusCode.ERROR))
            raise


def _is_used() -> bool:
    return "opentelemetry" in sys.modules


@cache
def _instruments() -> tuple[Any, Any]:
    from opentelemetry import metrics

    meter = metrics.get_meter(_SCOPE)
    return (
        meter.create_counter("confguard.events", unit="{event}", description="What happened to configs"),
        meter.create_gauge("confguard.revision", unit="1", description="The revision in force"),
    )
