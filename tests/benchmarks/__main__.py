"""Speed as ratios against a named floor or alternative, measured in the same run: `make bench`.

Machines are noisy; ratios are what lasts. Each figure is the best of several runs.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import confguard as cg

ANY = cg.Policy(review=101, block=101)


def best(function: Callable[[], object], runs: int = 5) -> float:
    """The shortest of several runs, in seconds."""
    spent = []
    for _ in range(runs):
        start = time.perf_counter()
        function()
        spent.append(time.perf_counter() - start)
    return min(spent)


def compare(what: str, ours: float, floor: float, against: str) -> dict[str, object]:
    """Print one line."""
    print(f"{what:<52} {ours * 1000:9.2f} ms   {ours / floor:7.2f} times {against}", flush=True)
    return {"what": what, "ms": ours * 1000, "ratio": ours / floor, "against": against}


def walk(a: Any, b: Any, path: tuple[object, ...], found: list[object]) -> None:
    """The floor: a bare type-strict walk of two mappings, nothing else."""
    for key, value in a.items():
        if key not in b:
            found.append((path, key))
            continue
        other = b[key]
        if type(value) is not type(other):
            found.append((path, key, value, other))
        elif type(value) is dict:
            walk(value, other, (*path, key), found)
        elif value != other:
            found.append((path, key, value, other))
    found.extend((path, key) for key in b if key not in a)


def tree(leaves: int) -> dict[str, Any]:
    """A tree of mappings with this many leaves."""
    return {
        f"s{i}": {f"t{j}": {f"k{k}": f"value {k}" if k % 2 else k for k in range(10)} for j in range(10)}
        for i in range(leaves // 100)
    }


def bench_walk() -> list[dict[str, object]]:
    before, after = tree(100_000), tree(100_000)
    for i in range(5):
        after[f"s{i * 100}"]["t3"]["k4"] = "changed"
    floor = best(lambda: walk(before, after, (), []))
    rows = [
        compare("diff, 100,000 leaves, 5 changes", best(lambda: cg.diff(before, after)), floor, "a bare walk")
    ]
    from deepdiff import DeepDiff

    rows.append(
        compare("  deepdiff on the same", best(lambda: DeepDiff(before, after), 1), floor, "a bare walk")
    )
    return rows


def bench_keyed() -> list[dict[str, object]]:
    from deepdiff import DeepDiff

    before = [{"name": f"n{i}", "port": i, "tags": ["a", "b"]} for i in range(3000)]
    after = [dict(each) for each in before]
    for i in range(5):
        after[i * 500]["port"] = -1
    random.Random(1).shuffle(after)
    alternative = best(lambda: DeepDiff(before, after, group_by="name"), 1)
    ours = best(lambda: cg.diff(before, after))
    return [compare("diff, 3,000 keyed maps shuffled, 5 edits", ours, alternative, "deepdiff group_by")]


def bench_apply() -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        content = os.urandom(2048).hex().encode()
        connection = sqlite3.connect(f"{folder}/floor.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE t (x BLOB)")

        def floor() -> None:
            for _ in range(2):  # an apply is two transactions and one file
                connection.execute("INSERT INTO t VALUES (?)", (content,))
            descriptor = os.open(f"{folder}/new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.write(descriptor, content)
            os.fsync(descriptor)
            os.close(descriptor)
            Path(folder, "new").replace(Path(folder, "file"))
            parent = os.open(folder, os.O_RDONLY)
            os.fsync(parent)
            os.close(parent)

        documents = [cg.parse(f'x = {i}\nfill = "{"y" * 4000}"\n', "toml") for i in range(2)]
        guard = cg.Guard("bench", None, f"sqlite:///{folder}/c.db", [f"{folder}/live.toml"], ANY)
        numbers = iter(range(10_000))

        def apply() -> None:
            guard.apply(guard.plan(documents[next(numbers) % 2], reason="bench"))

        least = best(floor, 50)
        rows = [
            compare(
                "plan and apply 4 KiB, SQLite and one file", best(apply, 50), least, "bare SQLite and rename"
            )
        ]
        rows.append(
            compare("revert", best(lambda: guard.revert(reason="bench"), 50), least, "bare SQLite and rename")
        )
        guard.close()
        connection.close()
    return rows


def bench_start() -> list[dict[str, object]]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def starts(*arguments: str) -> float:
        return best(
            lambda: subprocess.run([sys.executable, *arguments], env=environment, check=True, stdout=-3), 7
        )

    floor = starts("-c", "pass")
    with tempfile.TemporaryDirectory() as folder:
        for name, value in (("a", 1), ("b", 2)):
            Path(folder, f"{name}.toml").write_text(f"x = {value}\n")
        pair = [f"{folder}/a.toml", f"{folder}/b.toml"]
        return [
            compare("import confguard", starts("-c", "import confguard"), floor, "a bare interpreter"),
            compare(
                "confguard diff, two small files",
                starts("-m", "confguard", "diff", *pair),
                floor,
                "a bare interpreter",
            ),
            compare(
                "confguard assess, two small files",
                starts("-m", "confguard", "assess", *pair),
                floor,
                "a bare interpreter",
            ),
        ]


def main() -> None:
    """Run all, print a table; with `--json FILE`, write it too."""
    rows = [*bench_walk(), *bench_keyed(), *bench_apply(), *bench_start()]
    if len(sys.argv) == 3 and sys.argv[1] == "--json":
        Path(sys.argv[2]).write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
