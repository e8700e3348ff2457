"""What must hold whatever happens to an apply or a revert, on every store: the short form of what `make soak` does."""

from __future__ import annotations

import pytest

from conftest import examples
from faults.rollouts import run_rollouts


@pytest.mark.parametrize(
    ("kind", "histories"),
    [
        ("memory", 40),
        pytest.param("sqlite", 40, marks=pytest.mark.slow),
        pytest.param("postgresql", 10, marks=pytest.mark.slow),
        pytest.param("etcd", 6, marks=pytest.mark.slow),
    ],
)
def test_any_sequence_keeps_every_promise(kind: str, histories: int, request: pytest.FixtureRequest) -> None:
    fixtures = {"postgresql": "postgres", "etcd": "etcd"}
    run_rollouts(
        kind, examples(histories), request.getfixturevalue(fixtures[kind]) if kind in fixtures else None
    )
