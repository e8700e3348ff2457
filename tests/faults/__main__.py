"""The long form: `make soak` strikes at every point, and writes the table of docs/explanation/faults.md.

python -m faults [--short] [--fleet] [--seconds N]
    (in tests/; `--short` is what the test suite does, to try this out, `--fleet` the servers in bad weather alone)
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from attrs import frozen

from servers import Etcd, Postgres

from .etcd_weather import EtcdServers
from .fleet import bad_weather
from .flips import flips
from .merges import FORMATS, histories
from .postgres_weather import PostgresServers
from .power import losses
from .rollouts import run_rollouts
from .stages import run_staged
from .syscalls import ERRORS, sweep
from .workload import OPERATIONS

PAGE = Path(__file__).parents[2] / "docs/explanation/faults.md"
HISTORIES = 500
MERGES = 2_000
RANDOM = {
    "applies, reverts, edits by hand, refusals and kills": run_rollouts,
    "stages, agents that crash, stop and race, confirms, aborts, lost stores": run_staged,
}
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


@frozen
class Row:
    """One line of the table."""

    fault: str
    count: int
    violations: int


def struck(name: str, outcomes: Iterable[list[str]]) -> Row:
    """Count what is broken; what it was is printed at once."""
    started = time.monotonic()
    count = violations = 0
    for wrong in outcomes:
        count += 1
        violations += bool(wrong)
        for each in wrong:
            print(f"  VIOLATION {each}", flush=True)
        if sys.stderr.isatty():
            print(f"\r{name}: {count:,}", end="", file=sys.stderr, flush=True)
    print(f"{name}: {count:,}, {violations} violations, {time.monotonic() - started:.0f} s", flush=True)
    return Row(name, count, violations)


def flipped(name: str, stride: int, *, log: bool) -> Row:
    """The same for flipped bytes."""
    counts, violations = flips(stride=stride, log=log)
    for each in violations:
        print(f"  VIOLATION {each}")
    noticed = ", ".join(f"{count:,} {how}" for how, count in sorted(counts.items()))
    print(f"{name}: {counts.total():,} ({noticed})", flush=True)
    return Row(f"{name} ({noticed})", counts.total(), len(violations))


def rolled_out(kind: str, histories: int, what: str, run: Callable[[str, int, object], None]) -> Row:
    """Random histories on one store."""
    started, violations = time.monotonic(), 0
    servers = {"postgresql": Postgres, "etcd": Etcd}
    server = servers[kind]() if kind in servers else None
    try:
        run(kind, histories, server)
    except Exception as error:  # noqa: BLE001 - the machine tells the shortest history that breaks a promise
        violations = 1
        print(f"  VIOLATION {type(error).__name__}: {error}", *getattr(error, "__notes__", ()), sep="\n    ")
    finally:
        if server:
            server.close()
    name = f"histories of {what}: {kind}"
    print(f"{name}: {histories:,}, {violations} violations, {time.monotonic() - started:.0f} s", flush=True)
    return Row(name, histories, violations)


def fleets(seconds: float, lives: int = 50) -> list[Row]:
    """Writers and many Lives, while servers are struck."""
    rows = []
    crowd = f"under 4 writers and {lives} Lives"
    kinds: dict[str, Callable[[], EtcdServers | PostgresServers]] = {
        f"three etcd members killed, frozen, cut off, restored, {crowd}": EtcdServers,
        f"a PostgreSQL stopped, frozen, cut off, locked, replaced by its standby, {crowd}": PostgresServers,
    }
    for name, servers in kinds.items():
        struck_ones = servers()
        try:
            rows.append(struck(name, bad_weather(struck_ones, seconds, lives)))
        finally:
            struck_ones.close()
    return rows


def table(rows: list[Row]) -> str:
    """The table as Markdown."""
    lines = ["| fault | count | violations |", "|---|---:|---:|"]
    lines += [f"| {row.fault} | {row.count:,} | {row.violations} |" for row in rows]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument(
        "--short", action="store_true", help="every so many points only; the page is not written"
    )
    parser.add_argument("--fleet", action="store_true", help="servers in bad weather alone")
    parser.add_argument("--seconds", type=float, default=60, help="for how long the weather is bad")
    args = parser.parse_args()
    if args.fleet:
        return 1 if any(row.violations for row in fleets(args.seconds)) else 0
    stride = 9 if args.short else 1
    rows = [
        struck(f"SIGKILL at a system call: {each}", sweep(each, ("signal=KILL",), stride))
        for each in OPERATIONS
    ]
    for error in ERRORS:
        outcomes = (wrong for each in OPERATIONS for wrong in sweep(each, (f"error={error}",), stride))
        rows.append(struck(f"{error} from a system call, all operations", outcomes))
    rows += [
        struck(f"power lost, unsynced writes lost or reordered: {each}", losses(each, stride=stride))
        for each in OPERATIONS
    ]
    rows += [
        rolled_out(kind, 20 if args.short else HISTORIES, what, run)
        for what, run in RANDOM.items()
        for kind in ("memory", "sqlite", "postgresql", "etcd")
    ]
    rows += [
        struck(
            f"three random sides merged by git's driver: {each}",
            histories(each, 20 if args.short else MERGES),
        )
        for each in FORMATS
    ]
    rows += fleets(10 if args.short else args.seconds)
    rows.append(flipped("a bit flipped in a byte of the database", stride, log=False))
    rows.append(flipped("a bit flipped in a byte of its log", 4 * stride, log=True))
    if not args.short:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{rest.partition(END)[2]}")
    return 1 if any(row.violations for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
