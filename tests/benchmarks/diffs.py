"""The semantic diff against a bare walk and other tools."""

from __future__ import annotations

import random
from typing import Any

import confguard as cg

from .measure import Row, best, compare


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


def bench_walk() -> list[Row]:
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


def bench_keyed() -> list[Row]:
    from deepdiff import DeepDiff

    before = [{"name": f"n{i}", "port": i, "tags": ["a", "b"]} for i in range(3000)]
    after = [dict(each) for each in before]
    for i in range(5):
        after[i * 500]["port"] = -1
    random.Random(1).shuffle(after)
    alternative = best(lambda: DeepDiff(before, after, group_by="name"), 1)
    ours = best(lambda: cg.diff(before, after))
    return [compare("diff, 3,000 keyed maps shuffled, 5 edits", ours, alternative, "deepdiff group_by")]
