"""Kills and errors at every system call that changes something, by strace's fault injection."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from servers import needed

from .promises import broken
from .workload import BEGIN, END

__all__ = ["ERRORS", "Prepared", "points", "struck"]

CALLS = (
    *(
        "write",
        "pwrite64",
        "pwritev",
        "writev",
        "fsync",
        "fdatasync",
        "rename",
        "renameat",
        "renameat2",
        "link",
    ),
    *("linkat", "symlink", "symlinkat", "unlink", "unlinkat", "ftruncate", "truncate", "open", "openat"),
    *("mkdir", "mkdirat", "fchmod", "fchown"),
)
ERRORS = ("ENOSPC", "EIO", "EDQUOT", "EINTR")
_WORKLOAD = str(Path(__file__).with_name("workload.py"))
_LINE = re.compile(r"^(?:\d+ +)?(\w+)\(")


class Prepared:
    """A folder as it is before an operation, copied for each strike."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        self.folder = Path(tempfile.mkdtemp(prefix=f"confguard-{operation}-"))
        self.before = self.folder / "before"
        self.before.mkdir()
        _python(["prepare", operation], self.before)
        self.strace = needed("strace")

    def copy(self) -> Path:
        """A new folder that is like the one before."""
        fresh = Path(tempfile.mkdtemp(dir=self.folder))
        shutil.copytree(self.before, fresh / "work", symlinks=True)
        return fresh / "work"

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def points(prepared: Prepared) -> list[tuple[str, int]]:
    """The calls of an operation: each by its name and how many of that name the process made until then."""
    folder = prepared.copy()
    trace = folder.parent / "trace"
    names = [name for name in CALLS if _known(prepared.strace, name)]
    command = [
        prepared.strace,
        "-f",
        "-qq",
        "-o",
        str(trace),
        "-e",
        f"trace=access,faccessat,faccessat2,{','.join(names)}",
    ]
    _python(["run", prepared.operation], folder, command)
    counts: Counter[str] = Counter()
    found, inside = [], False
    for line in trace.read_text(errors="replace").splitlines():
        called = _LINE.match(line)
        if called is None:
            continue
        if BEGIN in line:
            found, inside = [], True
        elif END in line:
            inside = False
        elif called[1] in names:
            counts[called[1]] += 1
            if inside:
                found.append((called[1], counts[called[1]]))
    return found


def struck(prepared: Prepared, call: str, number: int, how: str) -> list[str]:
    """Run the operation with a fault at one call; what is broken then. `how`: `signal=KILL`, or `error=ENOSPC`."""
    folder = prepared.copy()
    command = [
        *(prepared.strace, "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", f"trace={call}"),
        *("-e", f"inject={call}:{how}:when={number}"),
    ]
    ended = _python(["run", prepared.operation], folder, command)
    wrong = broken(prepared.operation, folder, ended.stdout)
    if how != "signal=KILL" and (ended.returncode or "Traceback" in ended.stderr):
        wrong.append(f"ended with {ended.returncode}: {ended.stderr[-600:]}")
    shutil.rmtree(folder.parent, ignore_errors=True)
    return [f"{prepared.operation}, {how} at {call} {number}: {each}" for each in wrong]


def sweep(operation: str, hows: tuple[str, ...], stride: int = 1) -> Iterator[list[str]]:
    """Strike at every point, or at every `stride`-th; what is broken, for each strike."""
    prepared = Prepared(operation)
    try:
        there = points(prepared)
        strikes = [(call, number, how) for how in hows for call, number in there]
        for call, number, how in strikes[:: max(1, stride)]:
            yield struck(prepared, call, number, how)
    finally:
        prepared.close()


@cache
def _known(strace: str, name: str) -> bool:
    """Not every machine has every call: arm64 has no `open`."""
    return subprocess.run([strace, "-e", f"trace={name}", "true"], capture_output=True).returncode == 0


def _python(
    arguments: list[str], folder: Path, before: list[str] | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    paths = [str(Path(__file__).parents[2] / "src")]
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.pathsep.join(paths)}
    command = [*(before or []), sys.executable, _WORKLOAD, *arguments]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    if before is None and ended.returncode:
        raise RuntimeError(ended.stderr)
    return ended
