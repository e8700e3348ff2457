"""The short form of the faults: a few of the points that `make soak` strikes at, other ones in each operation."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import confguard as cg
from confguard.stores.sqlite import SqliteStore
from confguard.stores.sqlite_log import lost_commits
from faults.flips import flips
from faults.power import losses
from faults.syscalls import ERRORS, sweep
from faults.workload import OPERATIONS
from servers import needed

pytestmark = pytest.mark.slow


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
    outcomes = list(losses(operation, stride=5))
    assert len(outcomes) >= 15
    assert [wrong for wrong in outcomes if wrong] == []


@pytest.mark.parametrize("log", [False, True])
def test_a_flipped_byte(log: bool) -> None:
    counts, violations = flips(stride=997 if log else 89, log=log)
    assert violations == []
    assert counts.total() >= 100
    assert counts["noticed at open"] + counts["noticed by verify"] + counts["noticed by drift"] > 20


def test_a_log_that_lost_commits_is_refused_and_left_as_it_is(folder: Path) -> None:
    guard = cg.Guard("c", targets=["a.toml"])
    for number in range(6):
        guard.apply(guard.plan({"x": number}, reason="next"))
    log, database = Path("confguard.db-wal").read_bytes(), Path("confguard.db").read_bytes()
    guard.close()
    assert lost_commits(Path("confguard.db")) == 0
    Path("confguard.db").write_bytes(database)
    Path("confguard.db-wal").write_bytes(log[:5000] + b"\xff" + log[5001:])
    with pytest.raises(
        cg.IntegrityError, match="its log is damaged, and the last 1[0-9] commits in it cannot be read"
    ) as caught:
        cg.Guard("c", targets=["a.toml"])
    assert "confguard.db-wal away" in str(caught.value.hint)
    assert Path("confguard.db-wal").read_bytes() == log[:5000] + b"\xff" + log[5001:]
    Path("confguard.db-wal").unlink()
    SqliteStore("confguard.db").close()


def test_a_log_in_use_is_no_alarm(folder: Path) -> None:
    guard = cg.Guard("c", targets=["a.toml"])
    for number in range(400):
        guard.store._writing().execute("PRAGMA wal_checkpoint(PASSIVE)") if number % 50 == 0 else None  # type: ignore[attr-defined]
        guard.apply(guard.plan({"x": number}, reason="next"))
        assert lost_commits(Path("confguard.db")) == 0
    reader = sqlite3.connect("confguard.db")
    assert reader.execute("SELECT count(*) FROM revision").fetchone()[0] == 400
    reader.close()
    guard.close()
