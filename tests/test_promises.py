"""What must hold whatever happens to an apply, a revert or a bake, on every store: the short form of `make soak`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conftest import examples
from faults.rollouts import run_rollouts
from faults.stages import run_staged

HISTORIES = {"memory": 40, "sqlite": 40, "postgresql": 10, "etcd": 6}
SERVERS = {"postgresql": "postgres", "etcd": "etcd"}
ONCE: dict[Any, Any] = {run_rollouts: [], run_staged: [pytest.mark.once]}
FAST = ("memory", run_rollouts)


@pytest.mark.parametrize(
    ("kind", "run"),
    [
        pytest.param(kind, run, marks=[] if (kind, run) == FAST else [pytest.mark.slow, *ONCE[run]])
        for kind in HISTORIES
        for run in (run_rollouts, run_staged)
    ],
)
def test_any_sequence_keeps_every_promise(
    kind: str, run: Callable[[str, int, Any], None], request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue(SERVERS[kind]) if kind in SERVERS else None
    run(kind, examples(HISTORIES[kind]), server)
