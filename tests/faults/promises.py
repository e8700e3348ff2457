"""What must hold after any fault: the store's and the targets' promises, checked on a folder that a workload left."""

from __future__ import annotations

import os
from pathlib import Path

import confguard as cg
from confguard.stores.chain import verify

from .workload import guards, paths, source, text

__all__ = ["broken"]

KNOWN = {text(number).encode() for number in range(30)} | {b"pool = 64\n", b"pool = 6\n"}


def broken(operation: str, folder: Path, said: str) -> list[str]:
    """The promises that are broken in a folder; `said` is what the workload acknowledged before."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        return _raw(operation) + _reopened(operation, said)
    finally:
        os.chdir(before)


def _raw(operation: str) -> list[str]:
    """Before anything is opened: each target holds exactly one revision's bytes, the same in all files of a set."""
    wrong = []
    held = []
    for name in paths(operation):
        path = Path(name)
        content = path.read_bytes() if path.exists() else None
        held.append(content)
        if content is not None and content not in KNOWN and operation != "overwrite":  # which promises less
            wrong.append(f"{name} holds {len(content)} bytes that are no revision's")
    if operation in ("switch", "takeover") and len(set(held)) != 1:
        wrong.append("the files of the set hold different revisions")
    return wrong


def _reopened(operation: str, said: str) -> list[str]:
    """After `recover`: acknowledged revisions are there, targets hold the head, nothing is left lying about."""
    try:
        made = guards(operation)
        for guard in made:
            guard.recover()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a violation
        return [f"is not recovered: {type(error).__name__}: {error}"]
    wrong = []
    for guard in made:
        try:
            wrong += _checked(guard, operation, said)
        except Exception as error:  # noqa: BLE001
            wrong.append(f"{guard.name}: {type(error).__name__}: {error}")
    made[0].close()
    return wrong


def _checked(guard: cg.Guard, operation: str, said: str) -> list[str]:
    wrong = []
    length = verify(guard.store, guard.name)
    for line in said.splitlines():
        word, *rest = line.split()
        if word == "acked" and rest[0] == guard.name and guard.revision(int(rest[1])).digest != rest[2]:
            wrong.append(f"acknowledged revision {rest[1]} of {rest[0]} is another one")
    most = {"thin": 12, "first": 3}.get(operation, 2) + 4
    if length > most:
        wrong.append(f"{length} revisions, and at most {most} were made")
    if guard.drift():
        wrong.append(f"{guard.name}: {[(each.target, each.what) for each in guard.drift()]}")
    litter = [str(path) for path in Path().rglob("*confguard-*") if path.name != _linked()]
    if litter:
        wrong.append(f"left behind: {litter}")
    head = guard.head()
    if head is not None:  # and it goes on
        guard.apply(guard.plan(source(operation, 29), reason="after"))
        if guard.drift():
            wrong.append("the next apply does not reach the targets")
    return wrong


def _linked() -> str | None:
    link = Path("set/..data")
    return str(link.readlink()) if link.is_symlink() else None
