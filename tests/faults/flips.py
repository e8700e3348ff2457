"""Single bytes flipped in what is at rest: noticed, or without effect; never served as good."""

from __future__ import annotations

import os
import random
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import confguard as cg
from appending import append
from confguard.rollout.changes import draft_of
from confguard.stores import PendingBake

from .sqlite_log import lost_commits
from .workload import ANY, text

__all__ = ["flips"]


def flips(*, stride: int = 1, log: bool = False) -> tuple[Counter[str], list[str]]:
    """Flip a bit in every `stride`-th byte of a store (or of its log); how often that was noticed, and violations."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="confguard-flips-") as folder:
        os.chdir(folder)
        try:
            return _flipped(stride, log)
        finally:
            os.chdir(before)


def _flipped(stride: int, log: bool) -> tuple[Counter[str], list[str]]:
    guard = cg.Guard("c", targets=["a.toml"], policy=ANY)
    for number in range(1, 7):
        guard.apply(guard.plan(cg.parse(text(number), "toml"), reason=f"number {number}", ticket="OPS-1"))
    now = datetime.now(UTC)
    draft = draft_of(cg.parse(text(7), "toml"), "ana", "baking", now)
    append(guard.store, "c", [draft], expect=6, bake=PendingBake(7, 6, now + timedelta(hours=1)))
    guard.revert(6, reason="back")
    good = _seen(guard)
    files = ["confguard.db"]
    if log:
        files += ["confguard.db-wal", "confguard.db-shm"]
    else:
        guard.close()
    whole = {name: Path(name).read_bytes() for name in [*files, "a.toml"]}
    guard.close()
    flipped = files[1] if log else files[0]
    counts, violations = Counter[str](), []
    chance = random.Random(1)
    for at in range(chance.randrange(stride), len(whole[flipped]), stride):
        for name in ("confguard.db", "confguard.db-wal", "confguard.db-shm", "a.toml"):
            Path(name).unlink(missing_ok=True)
        for name, content in whole.items():
            if not name.endswith("-shm"):
                Path(name).write_bytes(content)
        damaged = bytearray(whole[flipped])
        damaged[at] ^= 1 << chance.randrange(8)
        Path(flipped).write_bytes(damaged)
        dropped = log and lost_commits(Path("confguard.db"))
        outcome = _outcome(good)
        if dropped and outcome.startswith("violation: something else"):
            outcome = "shortened by SQLite"
        counts[outcome.partition(":")[0]] += 1
        if outcome.startswith("violation"):
            violations.append(f"byte {at} of {flipped}: {outcome}")
    return counts, violations


def _seen(guard: cg.Guard) -> object:
    """All that is ever served of a config."""
    return (
        [(each.digest, each.content) for each in guard.history()],
        guard.store.configs(),
        guard.store.pending_bake("c"),
        Path("a.toml").read_bytes(),
    )


def _outcome(good: object) -> str:
    try:
        guard = cg.Guard("c", targets=["a.toml"], policy=ANY)
    except cg.ConfguardError:
        return "noticed at open"
    except Exception as error:  # noqa: BLE001
        return f"violation: {type(error).__name__} at open: {error}"
    try:
        if guard.drift():
            return "noticed by drift"
        guard.verify()
        seen = _seen(guard)
    except cg.ConfguardError:
        return "noticed by verify"
    except Exception as error:  # noqa: BLE001
        return f"violation: {type(error).__name__}: {error}"
    finally:
        guard.close()
    return "without effect" if seen == good else "violation: something else was served"
