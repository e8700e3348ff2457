"""Whole processes: what confguard adds to the start of an interpreter."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .measure import Row, best_of_each, compare, process


def bench_start() -> list[Row]:
    """Importing, and the commands that hooks run."""
    with tempfile.TemporaryDirectory() as folder:
        for name, value in (("a", 1), ("b", 2)):
            Path(folder, f"{name}.toml").write_text(f"x = {value}\n")
        pair = [f"{folder}/a.toml", f"{folder}/b.toml"]
        floor, imported, diffed, assessed = best_of_each(
            process("-c", "pass"),
            process("-c", "import confguard"),
            process("-m", "confguard", "diff", *pair),
            process("-m", "confguard", "assess", *pair),
            runs=10,
        )
    print(f"import confguard: {(imported - floor) * 1000:.1f} ms over a bare interpreter")
    against = "a bare interpreter"
    return [
        compare("import confguard", imported, floor, against),
        compare("confguard diff, two small files", diffed, floor, against),
        compare("confguard assess, two small files", assessed, floor, against),
    ]
