"""Misconfigurations of a document: wrong values, keys and layouts, each as a text."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations, zip_longest
from typing import Any, TypeAlias

from attrs import evolve, field, frozen

from confguard.diffs.engine import diff
from confguard.documents.bundle import Bundle
from confguard.documents.document import Document
from confguard.drill.mistakes import repeated, wrong_values
from confguard.errors import ConfguardError
from confguard.paths import value_at

Place: TypeAlias = tuple[str | int, ...]

MOST_PLACES = 2_000
"""Of a larger document, so many values are chosen by the seed."""
_OUTAGE = "reconstructed outage"
_NEIGHBOURS = 12
"""So many values of one table are swapped with each other."""
_SYNTAX = 40
"""So many lines are damaged."""


@frozen
class Mutant:
    """One wrong change: its kind, where it is, and the bytes of the config after it."""

    kind: str
    path: Place
    content: bytes = field(repr=False)
    file: str | None = None
    """Of a config of several files, the one that is wrong; the others are as they were."""


def mutants(document: Document, others: Sequence[Document], seed: int) -> Iterator[Mutant]:
    """All wrong changes of a document, outages first, else in an order that the seed chooses; no bytes twice.

    Of several files, they take turns. `others` are earlier revisions, and the same config in other environments.
    """
    if not isinstance(document, Bundle):
        yield from _of_file(document, others, seed)
        return
    turns = [_in_file(document, name, others, seed) for name in document.files]
    yield from (mutant for turn in zip_longest(*turns) for mutant in turn if mutant)


def _in_file(bundle: Bundle, name: str, others: Sequence[Document], seed: int) -> Iterator[Mutant]:
    there = [each.files[name] for each in others if name in each.files]
    for mutant in _of_file(bundle.files[name], there, seed):
        yield evolve(mutant, content=bundle.content_with({name: mutant.content}), file=name)


def _of_file(document: Document, others: Sequence[Document], seed: int) -> Iterator[Mutant]:
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    places = [(path, value) for path, value in _walk(document.data) if path]
    if len(places) > MOST_PLACES:
        places = rng.sample(places, MOST_PLACES)
    attempts = [*_damaged(document, rng), *_changed(document.data, places, others)]
    rng.shuffle(attempts)
    attempts.sort(key=lambda attempt: attempt[0] != _OUTAGE)  # whatever the limit, and under this name
    written = {document.content}
    for kind, path, attempt in attempts:
        content = attempt if isinstance(attempt, bytes) else _spliced(document, attempt)
        if content is not None and content not in written:
            written.add(content)
            yield Mutant(kind, path, content)


Edit: TypeAlias = Callable[[Any], None]
"""Changes a copy of the data."""
Attempt: TypeAlias = "tuple[str, Place, Edit | bytes]"


def _spliced(document: Document, edit: Edit) -> bytes | None:
    """The file after an edit; None where its format cannot hold that."""
    data = copy.deepcopy(document.data)
    edit(data)
    try:
        return document.edit(diff(document.data, data)).content
    except (ConfguardError, ValueError, TypeError):
        return None


def _changed(data: Any, places: list[tuple[Place, Any]], others: Sequence[Document]) -> Iterator[Attempt]:
    tables = [path for path, value in places if isinstance(value, dict)]
    for path, value in places:
        for kind, wrong in wrong_values(value):
            yield kind, path, partial(_set, path, wrong)
        yield "dropped", path, partial(_drop, path)
        if isinstance(path[-1], str):
            yield from (("misspelt key", path, partial(_rename, path, name)) for name in _misspelt(path[-1]))
            if not isinstance(value, dict):
                near = [each for each in tables if path[:-1] != each and each[: len(path)] != path][:1]
                yield from (("wrong table", path, partial(_move, path, table)) for table in near)
        for other in others:
            there = value_at(other.data, path)
            if not isinstance(value, dict) and there is not None and there != value:
                yield "stale copy", path, partial(_set, path, there)
    yield from _swaps(places)
    yield from _tuned_for_speed(places)
    for path, value in [((), data), *places]:
        for changes in repeated(path, value) if isinstance(value, dict) else ():
            first = (*path, next(iter(changes)))
            yield _OUTAGE, first, partial(_update, path, changes)


def _swaps(places: list[tuple[Place, Any]]) -> Iterator[Attempt]:
    """Two values of a table, each in the other's place; likewise tables."""
    tables: dict[Place, list[tuple[Place, Any]]] = {}
    for path, value in places:
        tables.setdefault(path[:-1], []).append((path, value))
    for listed in tables.values():
        for (one, a), (other, b) in combinations(listed[:_NEIGHBOURS], 2):
            if isinstance(a, type(b)):
                yield "swapped values", one, partial(_both, partial(_set, one, b), partial(_set, other, a))
                yield "copied from a neighbour", one, partial(_set, one, b)
                yield "copied from a neighbour", other, partial(_set, other, a)


def _tuned_for_speed(places: list[tuple[Place, Any]]) -> Iterator[Attempt]:
    """The outage of January 2024: a limit and a time-out of one table, both cut in one change."""
    counts = [each for each in places if type(each[1]) is int and each[1] >= 10]
    waits = [each for each in places if isinstance(each[1], str) and each[1].endswith("s")]
    for one, count in counts[:_NEIGHBOURS]:
        for other, wait in waits[:_NEIGHBOURS]:
            if one[:-1] == other[:-1] and wait[:-1].isdigit():
                cut = partial(
                    _both, partial(_set, one, count // 10), partial(_set, other, f"{int(wait[:-1]) * 10}ms")
                )
                yield _OUTAGE, one, cut


def _damaged(document: Document, rng: random.Random) -> Iterator[Attempt]:
    """Slips in the text: a quote or bracket too few, a line twice, a file cut off, marks of a merge."""
    lines = document.content.splitlines(keepends=True)
    chosen = sorted(rng.sample(range(len(lines)), min(_SYNTAX, len(lines))))
    for n in chosen:
        before, line, after = b"".join(lines[:n]), lines[n], b"".join(lines[n + 1 :])
        where: Place = (f"line {n + 1}",)
        for mark in (b'"', b"]", b"=", b":", b"}"):
            at = line.rfind(mark)
            if at >= 0:
                yield "syntax slip", where, before + line[:at] + line[at + 1 :] + after
        if line.strip():
            yield "line twice", where, before + line + line + after
            marked = b"<<<<<<< ours\n" + line + b"=======\n" + line + b">>>>>>> theirs\n"
            yield "conflict marks", where, before + marked + after
            yield "misplaced line", where, line + before + after
            yield "misplaced line", where, before + after + line
            if n + 2 < len(lines):
                yield "misplaced line", where, before + lines[n + 1] + line + b"".join(lines[n + 2 :])
            if n:
                yield "cut off", where, before + line[: len(line) // 2]


def _walk(data: Any, path: Place = ()) -> Iterator[tuple[Place, Any]]:
    yield path, data
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(key, str):
                yield from _walk(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _walk(value, (*path, index))


def _misspelt(name: str) -> Iterator[str]:
    if len(name) > 2:
        yield name[:-1]
        yield name[0] + name[2] + name[1] + name[3:]
    yield f"{name}s"
    yield name.replace("_", "-") if "_" in name else name.upper()


def _set(path: Place, value: Any, data: Any) -> None:
    value_at(data, path[:-1])[path[-1]] = copy.deepcopy(value)


def _update(path: Place, values: dict[str, Any], data: Any) -> None:
    value_at(data, path).update(copy.deepcopy(values))


def _drop(path: Place, data: Any) -> None:
    del value_at(data, path[:-1])[path[-1]]


def _rename(path: Place, name: str, data: Any) -> None:
    table = value_at(data, path[:-1])
    table.setdefault(name, table.pop(path[-1]))


def _move(path: Place, table: Place, data: Any) -> None:
    value = value_at(data, path[:-1]).pop(path[-1])
    value_at(data, table).setdefault(path[-1], value)


def _both(one: Edit, other: Edit, data: Any) -> None:
    one(data)
    other(data)
