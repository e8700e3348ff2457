"""What must hold whatever happens to an apply or a revert, on every store: the short form of what `make soak` does."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from conftest import fresh_url
from faults.rollouts import Rollouts


@pytest.mark.parametrize(
    ("kind", "examples"),
    [
        ("memory", 40),
        pytest.param("sqlite", 40, marks=pytest.mark.slow),
        pytest.param("postgresql", 10, marks=pytest.mark.slow),
        pytest.param("etcd", 6, marks=pytest.mark.slow),
    ],
)
def test_any_sequence_keeps_every_promise(
    kind: str, examples: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("confguard.stores.sql_script.LEASE", 50_000)
    monkeypatch.setattr("confguard.stores.sql.LEASE", 50_000)
    monkeypatch.setattr("confguard.stores.etcd.LEASE_SECONDS", 1.0)
    place = {"kind": kind, "url_of": staticmethod(lambda folder: fresh_url(kind, request, folder))}
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        type(f"{kind.title()}Rollouts", (Rollouts,), place),
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
