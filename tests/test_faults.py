"""The short form of the faults: a few of the points that `make soak` strikes at, other ones in each operation."""

from __future__ import annotations

import pytest

from faults.flips import flips
from faults.power import losses
from faults.syscalls import ERRORS, sweep
from faults.workload import OPERATIONS
from servers import needed

pytestmark = [pytest.mark.slow, pytest.mark.once]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_kill_at_a_system_call(operation: str) -> None:
    needed("strace")
    outcomes = list(sweep(operation, ("signal=KILL",), 8))
    assert len(outcomes) >= 3
    assert [wrong for wrong in outcomes if wrong] == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_error_from_a_system_call(operation: str) -> None:
    needed("strace")
    hows = tuple(f"error={error}" for error in ERRORS)
    outcomes = list(sweep(operation, hows, 41))
    assert len(outcomes) >= 3
    assert [wrong for wrong in outcomes if wrong] == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_power_failure(operation: str) -> None:
    needed("strace")
    outcomes = list(losses(operation, stride=3))
    assert len(outcomes) >= 15
    assert [wrong for wrong in outcomes if wrong] == []


@pytest.mark.parametrize("log", [False, True])
def test_a_flipped_byte(log: bool) -> None:
    counts, violations = flips(stride=997 if log else 89, log=log)
    assert violations == []
    assert counts.total() >= 100
    assert counts["noticed at open"] + counts["noticed by verify"] + counts["noticed by drift"] > 20
