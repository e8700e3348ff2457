"""Kills a process that applies and reverts without pause, at random moments, and checks the promises each time.

    python tests/crash_harness.py 200 [SEED]

prints a JSON line: kills, revisions acknowledged, how many kills hit a half-done apply, and every violation.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import time

import confguard as cg
from confguard.targets import FileTarget

ANY = cg.Policy(review=101, block=101)
TARGETS = ("a.toml", "b.toml")
KILLS_PER_STORE = 20


def opened() -> cg.Guard:
    return cg.Guard("crash", targets=TARGETS, policy=ANY)


def work(report: int, seed: int) -> None:
    """Apply and revert for ever; each revision is acknowledged on the pipe once the call has returned."""
    chance = random.Random(seed)
    guard = opened()
    os.write(report, b"ready\n")
    while True:
        size = chance.choice([10, 1000, 60_000])
        document = cg.parse(f'x = {chance.random()}\nfill = "{"y" * size}"\n', "toml")
        for revision in (guard.apply(guard.plan(document, reason="crash")), guard.revert(reason="crash")):
            os.write(report, f"{revision.number} {revision.digest}\n".encode())


def kill_one(chance: random.Random, cycle: float) -> list[tuple[int, str]]:
    """Start a worker, kill it at a random moment of its first few cycles; what it acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        work(writing, chance.randrange(2**32))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.readline() == b"ready\n"
        time.sleep(chance.uniform(0, 4 * cycle))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        lines = [
            line.split() for line in pipe.read().decode().splitlines(keepends=True) if line.endswith("\n")
        ]
    return [(int(number), digest) for number, digest in lines]


def check(acknowledged: dict[int, str]) -> tuple[list[str], bool]:
    """What is broken after a kill; and whether the kill hit a half-done apply."""
    broken = []
    torn = [FileTarget(name).read() for name in TARGETS]
    litter = any("confguard-staged" in name for name in os.listdir())
    guard = opened()
    head = guard.head()
    half_done = litter or (head is not None and torn != [head.content] * len(TARGETS))
    known = {revision.content for revision in guard.history()}
    broken += [
        f"{name} held bytes of no revision"
        for name, held in zip(TARGETS, torn, strict=True)
        if held not in known
    ]
    guard.recover()
    if guard.drift():
        broken.append(f"after recovering {guard.drift()} is not the head")
    if any("confguard-staged" in name for name in os.listdir()):
        broken.append("staged files were left behind")
    count = guard.verify()
    if count < max(acknowledged, default=0):
        broken.append(f"{count} revisions, and {max(acknowledged)} were acknowledged")
    stored = {revision.number: revision.digest for revision in guard.history()}
    broken += [
        f"revision {number} was lost"
        for number, digest in acknowledged.items()
        if stored.get(number) != digest
    ]
    guard.close()
    return broken, half_done


def main(kills: int, seed: int) -> None:
    chance = random.Random(seed)
    acknowledged: dict[int, str] = {}
    broken: list[str] = []
    half_done = total = 0
    cycle = 0.0
    for number in range(kills):
        if number % KILLS_PER_STORE == 0:
            total += len(acknowledged)
            acknowledged = {}
            os.chdir(tempfile.mkdtemp(dir=sys.argv[3] if len(sys.argv) > 3 else None))
            with opened() as guard:
                first = guard.apply(guard.plan({"x": 0.5}, reason="first"))
                acknowledged[first.number] = first.digest
                started = time.monotonic()
                guard.apply(guard.plan({"x": 1.5}, reason="second"))
                guard.revert(reason="how long that takes on this machine, now")
                cycle = time.monotonic() - started
        acknowledged |= dict(kill_one(chance, cycle))
        found, half = check(acknowledged)
        half_done += half
        broken += [f"kill {number}: {what}" for what in found]
    total += len(acknowledged)
    print(
        json.dumps(
            {"kills": kills, "seed": seed, "acknowledged": total, "half_done": half_done, "broken": broken}
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32))
