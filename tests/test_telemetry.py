"""OpenTelemetry, held against its own SDK: what is counted, what is traced, and that nothing of it is secret."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import confguard as cg
from confguard import telemetry

sdk_metrics = pytest.importorskip("opentelemetry.sdk.metrics")
SECRET = "hunter2-canary"


@pytest.fixture(scope="module")
def exported() -> tuple[Any, Any]:
    from opentelemetry import metrics, trace
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    reader, spans = InMemoryMetricReader(), InMemorySpanExporter()
    metrics.set_meter_provider(sdk_metrics.MeterProvider([reader]))
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    trace.set_tracer_provider(provider)
    telemetry._instruments.cache_clear()
    return reader, spans


@pytest.fixture
def told(exported: tuple[Any, Any]) -> Iterator[tuple[Any, Any]]:
    exported[1].clear()
    yield exported


def points(reader: Any, name: str) -> dict[tuple[str, ...], Any]:
    data = reader.get_metrics_data()
    return {
        tuple(str(each) for each in point.attributes.values()): point.value
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == name
        for point in metric.data.data_points
    }


def test_a_bake_that_fails_is_counted_and_traced(told: tuple[Any, Any]) -> None:
    reader, spans = told
    guard = cg.Guard("otel", store="memory://", format="toml", policy=cg.Policy(review=101, block=101))
    guard.apply(guard.plan({"n": 1, "password": SECRET}, reason="start"))
    plan = guard.plan({"n": 2, "password": SECRET + "2"}, reason=f"password={SECRET}")
    with pytest.raises(cg.BakeFailedError):
        guard.apply(plan, bake=cg.Bake("50ms", [lambda: f"token={SECRET}"], interval="5ms"))
    events = points(reader, "confguard.events")
    assert (events["otel", "applied"], events["otel", "reverted"], events["otel", "alarmed"]) == (2, 1, 1)
    assert points(reader, "confguard.revision")["otel",] == 3
    names = [(each.name, each.attributes.get("error.type")) for each in spans.get_finished_spans()]
    assert names == [
        ("confguard.apply", None),
        ("confguard.bake", None),
        ("confguard.revert", None),
        ("confguard.apply", "BakeFailedError"),
    ]
    last = spans.get_finished_spans()[-1]
    assert (last.attributes["confguard.config"], last.status.status_code.name) == ("otel", "ERROR")
    assert SECRET not in "".join(each.to_json() for each in spans.get_finished_spans())
    assert SECRET not in reader.get_metrics_data().to_json()


def test_a_service_says_which_revision_it_runs(told: tuple[Any, Any]) -> None:
    from attrs import frozen

    @frozen
    class Pool:
        n: int = 0

    reader, _ = told
    guard = cg.Guard("lives", store="memory://", format="toml")
    guard.apply(guard.plan({"n": 1}, reason="start"))
    with cg.Live(Pool, guard, interval=None):
        assert points(reader, "confguard.revision")["lives",] == 1


@pytest.mark.slow
def test_a_program_without_it_does_not_import_it() -> None:
    program = (
        "import sys, confguard as cg\n"
        "guard = cg.Guard('a', store='memory://', format='toml')\n"
        "guard.apply(guard.plan({'n': 1}, reason='start'))\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
