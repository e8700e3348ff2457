"""What is interrupted: one operation of confguard, in a folder that was prepared for it.

    python workload.py prepare OPERATION     once, in an empty folder
    python workload.py run OPERATION         the operation; what it acknowledges goes to standard output

Two calls that no program makes otherwise say where the operation begins and ends in a trace of its system calls.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import confguard as cg
from confguard.targets import FileTarget

ANY = cg.Policy(review=101, block=101)
NAMES = ("a.toml", "b.toml")
BEGIN, END = "/confguard-fault-begin", "/confguard-fault-end"
OPERATIONS = ("first", "apply", "revert", "switch", "takeover", "separate", "group", "thin", "overwrite")
SEVERAL = ("switch", "takeover", "separate")
"""Those of a config of several files."""


def text(number: int) -> str:
    """The content of a revision; no two have the same length."""
    return f"x = {number}\n" + "".join(f"filler_{i} = {number}\n" for i in range(60 + number))


def guards(operation: str) -> list[cg.Guard]:
    """The guards that an operation works with."""
    if operation in SEVERAL:
        where = {"files": {name: f"{name[0]}/{name}" for name in NAMES}} if operation == "separate" else "set"
        return [cg.Guard("c", layers=NAMES, targets=[where], policy=ANY)]
    if operation == "overwrite":
        return [cg.Guard("c", targets=[FileTarget(name, in_place=True) for name in NAMES], policy=ANY)]
    if operation == "group":
        web = cg.Guard("c", targets=["a.toml"], policy=ANY)
        return [web, cg.Guard("d", store=web.store, targets=["b.toml"], policy=ANY)]
    return [cg.Guard("c", targets=NAMES, policy=ANY)]


def paths(operation: str) -> list[str]:
    """The files that are written."""
    folders = {"switch": "set/", "takeover": "set/"}
    return [
        f"{name[0]}/{name}" if operation == "separate" else f"{folders.get(operation, '')}{name}"
        for name in NAMES
    ]


def source(operation: str, number: int) -> Any:
    """What is planned."""
    document = cg.parse(text(number), "toml")
    return dict.fromkeys(NAMES, document) if operation in SEVERAL else document


def prepare(operation: str) -> None:
    """What is there before."""
    if operation == "first":
        return
    for path in map(Path, paths(operation)):
        path.parent.mkdir(exist_ok=True)
    if operation == "takeover":
        for path in paths(operation):
            Path(path).write_text(text(2))
        return
    for guard in guards(operation):
        for number in range(1, 13 if operation == "thin" else 3):
            guard.apply(guard.plan(source(operation, number), reason="before"))


def act(operation: str, made: list[cg.Guard], number: int) -> list[cg.Revision]:
    """The operation itself; the revisions that it acknowledges."""
    guard = made[0]
    if operation == "revert":
        return [guard.revert(reason="it failed")]
    if operation == "thin":
        guard.thin(cg.Retention(last=3, within="1us", labelled=False))
        head = guard.head()
        return [head] if head else []
    plans = [each.plan(source(operation, number), reason="next") for each in made]
    mark(BEGIN)
    return cg.Group(*made).apply(plans) if operation == "group" else [guard.apply(plans[0])]


def mark(name: str) -> None:
    """Leave a mark in a trace."""
    os.access(name, 0)


def warm() -> None:
    """Import all that will be used: what happens to Python while it imports is not confguard's."""
    with tempfile.TemporaryDirectory() as folder:
        guard = cg.Guard(
            "warm", store=f"sqlite:///{folder}/warm.db", targets=[f"{folder}/warm.toml"], policy=ANY
        )
        group = cg.Group(guard)
        for number in (1, 2):
            group.apply([guard.plan(cg.parse(text(number), "toml"), reason="warm")])
        guard.revert(reason="warm")
        guard.thin()
        guard.verify()
        guard.close()


def say(line: str) -> None:
    """Acknowledge; an error here is none of confguard's."""
    with contextlib.suppress(OSError):
        os.write(1, f"{line}\n".encode())


def run(operation: str) -> None:
    """The operation, and once more if an error was injected: what failed once works when it is tried again."""
    warm()
    if operation == "first":
        mark(BEGIN)
    for attempt in (1, 2):
        try:
            made = guards(operation)
            if operation in ("revert", "thin", "overwrite"):
                mark(BEGIN)
            for revision in act(operation, made, 20 + attempt):
                say(f"acked {revision.config} {revision.number} {revision.digest}")
        except cg.ConfguardError as error:
            say(f"refused {error}")
            continue
        mark(END)
        return


if __name__ == "__main__":
    prepare(sys.argv[2]) if sys.argv[1] == "prepare" else run(sys.argv[2])
