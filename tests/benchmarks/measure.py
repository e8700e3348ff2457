"""Measuring: the best of several runs, alternating, as a ratio against a named floor."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TypeAlias

__all__ = ["Row", "best", "best_of_each", "compare", "process"]

Row: TypeAlias = "dict[str, object]"


def best(function: Callable[[], object], runs: int = 5) -> float:
    """The shortest of several runs, in seconds."""
    spent = []
    for _ in range(runs):
        start = time.perf_counter()
        function()
        spent.append(time.perf_counter() - start)
    return min(spent)


def best_of_each(*functions: Callable[[], object], runs: int = 5) -> list[float]:
    """The shortest of several runs of each, taken in turns, so that a busy machine is busy for all."""
    found = [float("inf")] * len(functions)
    for _ in range(runs):
        for i, function in enumerate(functions):
            found[i] = min(found[i], best(function, 1))
    return found


def compare(what: str, ours: float, floor: float, against: str) -> Row:
    """Print one line."""
    print(f"{what:<52} {ours * 1000:9.2f} ms   {ours / floor:7.2f} times {against}", flush=True)
    return {"what": what, "ms": ours * 1000, "ratio": ours / floor, "against": against}


def process(*arguments: str, cwd: str | None = None) -> Callable[[], object]:
    """A whole Python process with these arguments; with byte code cached, as users have it."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run(
        [sys.executable, *arguments], env=environment, check=True, stdout=-3, cwd=cwd
    )
