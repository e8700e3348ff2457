"""Speed as ratios against a named floor or alternative, measured in the same run: `make bench`.

Machines are noisy; ratios are what lasts. `make bench ARGS=loading` runs the groups whose names hold that word,
`ARGS="--json FILE"` writes the rows too.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from . import causes, diffs, edits, loading, monitors, records, risks, starting, stores

BENCHMARKS = [
    starting.bench_start,
    loading.bench_processes,
    loading.bench_parsing,
    diffs.bench_walk,
    diffs.bench_worst,
    diffs.bench_keyed,
    diffs.bench_equal,
    diffs.bench_memory,
    edits.bench_edit,
    risks.bench_assess,
    risks.bench_hook,
    risks.bench_backtest,
    stores.bench_commit,
    stores.bench_apply,
    stores.bench_servers,
    stores.bench_live,
    stores.bench_many,
    stores.bench_watch,
    monitors.bench_record,
    causes.bench_suspects,
    records.bench_blame,
]


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("only", nargs="*", metavar="WORD")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    rows = []
    for bench in BENCHMARKS:
        name = f"{bench.__module__.rpartition('.')[2]}.{bench.__name__}"
        if not args.only or any(word in name for word in args.only):
            try:
                rows += bench()
            except pytest.skip.Exception as missing:
                print(f"{name} is left out: {missing}")
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
