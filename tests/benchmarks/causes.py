"""Naming the cause of an alarm: over a store of 100,000 revisions, of which few or all are in the window."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import confguard as cg
from confguard.stores import Append, Draft, chain, open_store

from .measure import Row, best, compare

REVISIONS, CONFIGS = 100_000, 2_000
NOW = datetime(2026, 11, 26, 14, 5, tzinfo=UTC)


def bench_suspects() -> list[Row]:
    """The cause in six hours, and in all that there is, against reading the head of each config."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'store.db'}"
        fill(url)
        with cg.Guard("config-0", store=url) as guard:
            store = guard.store

            def heads() -> None:
                for name in store.configs():
                    store.newest(name)

            def found(window: str) -> None:
                named = cg.suspects(store, at=NOW, symptom="logins are rejected", window=window).suspects
                assert named[0].config == "config-7", named[0]

            found("6h")
            floor = best(heads, 3)
            rows = [
                compare(
                    f"name the cause in {window} of {REVISIONS:,} revisions",
                    best(lambda w=window: found(w), 3),
                    floor,
                    f"the heads of {CONFIGS:,} configs",
                )
                for window in ("6h", "3650d")
            ]
    return rows


def fill(url: str) -> None:
    """Revisions a few minutes apart, of which the last of one config is the cause."""
    store = open_store(url)
    each = REVISIONS // CONFIGS
    for number in range(CONFIGS):
        drafts = [
            Draft(
                content=f"[server]\nmax_inflight = {400 if number % 11 else 400 + step}\ntitle = {step}\n".encode(),
                format="toml",
                author="ana",
                reason="routine",
                created_at=NOW - timedelta(minutes=5 + number % 350, hours=7 * (each - 1 - step)),
            )
            for step in range(each)
        ]
        if number == 7:
            last = drafts[-1]
            content = last.content.replace(b"max_inflight = 400", b"max_inflight = 40")
            drafts[-1] = Draft(
                content=content, format="toml", author="ops", reason="speed", created_at=last.created_at
            )
        store.commit(Append(f"config-{number}", tuple(chain.link(f"config-{number}", drafts, None))))
    store.close()
