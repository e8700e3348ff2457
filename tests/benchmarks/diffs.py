"""The semantic diff against a bare walk and other tools."""

from __future__ import annotations

import json
import random
import tracemalloc
from typing import Any

from pydantic import BaseModel

import confguard as cg
from confguard.documents.bundle import parse_bytes
from confguard.fields import Duration
from confguard.schema.schema import resolve_schema

from .measure import Row, best, best_of_each, compare


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


def edited(leaves: int) -> dict[str, Any]:
    """The tree with five changes."""
    made = tree(leaves)
    for i in range(5):
        made[f"s{i * leaves // 1000}"]["t3"]["k4"] = "changed"
    return made


class Typed(BaseModel):
    """A schema of such a tree, in which every value has a type that is parsed."""

    sections: dict[str, dict[str, dict[str, Duration]]]


def bench_walk() -> list[Row]:
    """A large tree with few changes."""
    from deepdiff import DeepDiff
    from deepdiff_rs import DeepDiff as RustDiff
    from jsondiff import diff as jsondiff

    before, after = tree(100_000), edited(100_000)
    floor, ours, rust, other = best_of_each(
        lambda: walk(before, after, (), []),
        lambda: cg.diff(before, after),
        lambda: RustDiff(before, after).to_dict(),
        lambda: jsondiff(before, after),
        runs=7,
    )
    against = "a bare walk"
    rows = [
        compare("diff, 100,000 leaves, 5 changes", ours, floor, against),
        compare("  deepdiff-rs on the same", rust, floor, against),
        compare("  jsondiff on the same", other, floor, against),
        compare("  deepdiff on the same", best(lambda: DeepDiff(before, after), 1), floor, against),
    ]
    schema = resolve_schema(Typed)
    one, two = {"sections": _durations(before)}, {"sections": _durations(after)}
    floor, typed = best_of_each(lambda: walk(one, two, (), []), lambda: cg.diff(one, two, schema), runs=7)
    rows.append(compare("diff with a schema, 100,000 durations", typed, floor, against))
    large, larger = tree(1_000_000), edited(1_000_000)
    rows.append(
        compare("diff, 1,000,000 leaves", best(lambda: cg.diff(large, larger), 3), ours, "100,000 leaves")
    )
    return rows


def _durations(data: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _durations(value) if isinstance(value, dict) else f"{len(str(value))}s"
        for key, value in data.items()
    }


def bench_worst() -> list[Row]:
    """Where nothing can be skipped: every leaf changed, every value spelt otherwise."""
    before = tree(100_000)
    after = {s: {t: {k: [v] for k, v in u.items()} for t, u in v.items()} for s, v in before.items()}
    floor, ours = best_of_each(lambda: walk(before, after, (), []), lambda: cg.diff(before, after), runs=3)
    rows = [compare("diff, 100,000 leaves, all of them changed", ours, floor, "a bare walk")]
    one = {"sections": {"s": {f"t{i}": {f"k{j}": "60s" for j in range(10)} for i in range(1_000)}}}
    two = {"sections": {"s": {f"t{i}": {f"k{j}": "1m" for j in range(10)} for i in range(1_000)}}}
    schema = resolve_schema(Typed)
    floor, typed = best_of_each(lambda: walk(one, two, (), []), lambda: cg.diff(one, two, schema), runs=3)
    assert cg.diff(one, two, schema).same
    rows.append(compare("diff with a schema, 10,000 respelt durations", typed, floor, "a bare walk"))
    return rows


def bench_keyed() -> list[Row]:
    """A keyed list in another order."""
    from deepdiff import DeepDiff
    from deepdiff_rs import DeepDiff as RustDiff

    before = [{"name": f"n{i}", "port": i, "tags": ["a", "b"]} for i in range(3000)]
    after = [dict(each) for each in before]
    for i in range(5):
        after[i * 500]["port"] = -1
    random.Random(1).shuffle(after)
    made = cg.diff(before, after)
    assert sum(change.op == "replace" for change in made) == 5
    assert made.apply(before) == after
    ours, rust = best_of_each(
        lambda: cg.diff(before, after), lambda: RustDiff(before, after, ignore_order=True), runs=15
    )
    python = best(lambda: DeepDiff(before, after, group_by="name"), 1)
    return [
        compare("diff, 3,000 keyed maps shuffled, 5 edits", ours, rust, "deepdiff-rs ignore_order"),
        compare("  deepdiff group_by on the same", python, rust, "deepdiff-rs ignore_order"),
    ]


def bench_equal() -> list[Row]:
    """Nothing changed, or next to nothing of a text."""
    one, two = tree(100_000), tree(100_000)
    text, other = json.dumps(one).encode(), json.dumps(two).encode()
    trees, floor = best_of_each(lambda: cg.diff(one, two), lambda: text == other)
    walked = best(lambda: walk(one, two, (), []))
    documents = [parse_bytes(content, "json") for content in (text, other)]
    same = best(lambda: cg.diff(*documents), 20)
    changed = parse_bytes(json.dumps(edited(100_000)).encode(), "json")
    few = best(lambda: cg.diff(documents[0], changed))
    return [
        compare("two equal trees, 100,000 leaves", trees, walked, "a bare walk"),
        compare("two equal documents of 2 MB", same, floor, "comparing bytes"),
        compare("two documents of 2 MB, 5 changes", few, walked, "a bare walk"),
    ]


def bench_memory() -> list[Row]:
    """What a diff takes beside the two trees."""
    rows = []
    for leaves in (100_000, 1_000_000):
        before, after = tree(leaves), edited(leaves)
        tracemalloc.start()
        cg.diff(before, after)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(
            f"memory of a diff of {leaves:,} leaves, 5 changes: {peak / 1024:.0f} KiB at its peak", flush=True
        )
        rows.append({"what": f"memory, {leaves:,} leaves", "KiB": peak / 1024})
    return rows
