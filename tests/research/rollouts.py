"""Rollouts, measured: appliers that are killed, 200 real services over four stages, and 100,000 that are counted only.

python -m research.rollouts [--kills N] [--services N] [--instances N]
    (in tests/; prints what docs/explanation/rollouts.md has)
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing.context import ForkServerContext
from typing import Any

from attrs import frozen

import confguard as cg
from confguard.agent import Agent, Charge
from confguard.stores.stages import Instance, stages_of

STAGES = ("1%", "10%", "50%", "all")
BAKE = 1.0
AT_ONCE = 6


@frozen
class Pool:
    size: int = 1


def guard_of(store: str, name: str) -> cg.Guard:
    return cg.Guard(name, store=store, format="toml", policy=cg.Policy(review=101, block=101))


def apply(store: str, name: str, size: int) -> None:
    """In a process of its own: apply, and watch."""
    with guard_of(store, name) as guard:
        guard.apply(guard.plan({"size": size}, reason="two"), bake=cg.Bake(BAKE, confirm=True))


@frozen
class Killed:
    """What became of one change whose applier was killed."""

    reverts: int
    late: float
    """Seconds from its deadline to the revert; negative where its lease ended before."""


def kills(number: int, context: ForkServerContext) -> list[Killed]:
    """Kill appliers at random moments, with an agent running; those that were killed before the commit do not count."""
    came: list[Killed] = []
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{folder}/confguard.db"
        guards = [guard_of(store, f"c{n}") for n in range(AT_ONCE)]
        for guard in guards:
            guard.apply(guard.plan({"size": 0}, reason="start"))
        stop = threading.Event()
        agent = Agent([Charge(guard=each) for each in guards], say=lambda *_: None)
        watching = threading.Thread(target=agent.run, args=(stop,))
        watching.start()
        left, lock = [number], threading.Lock()

        def kill_on(name: str) -> None:
            guard, chance = guard_of(store, name), random.Random(name)
            while True:
                with lock:
                    if left[0] <= 0:
                        return
                    left[0] -= 1
                killed = one_kill(guard, store, chance, context)
                with lock:
                    if killed:
                        came.append(killed)
                    else:
                        left[0] += 1

        threads = [threading.Thread(target=kill_on, args=(each.name,)) for each in guards]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stop.set()
        watching.join()
    return came


def one_kill(guard: cg.Guard, store: str, chance: random.Random, context: ForkServerContext) -> Killed | None:
    """None where it was killed before it had committed."""
    base = guard.store.newest(guard.name)
    applier = context.Process(target=apply, args=(store, guard.name, base + 1))
    applier.start()
    until = time.monotonic() + 5
    while guard.store.newest(guard.name) == base and time.monotonic() < until:
        time.sleep(0.002)
    begun = time.monotonic()
    time.sleep(chance.uniform(0, BAKE * 0.9))
    if applier.pid:
        applier.kill()
    applier.join()
    if guard.store.newest(guard.name) == base:
        return None
    until = time.monotonic() + 30
    while guard.store.newest(guard.name) < base + 2 and time.monotonic() < until:
        time.sleep(0.005)
    late = time.monotonic() - begun - BAKE
    time.sleep(0.5)  # does another one come?
    since = guard.history(guard.store.newest(guard.name) - base)
    return Killed(sum(1 for each in since if each.reverts), late)


def serve(store: str, number: int, seen: Any, stop: Any) -> None:
    """One service: it says which size it runs, until it is to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with cg.Live(Pool, f"{store}#pool", instance=f"auth-{number}", interval=5.0) as live:
        while not stop.is_set():
            seen[number] = live.current.size
            stop.wait(0.2)


def staged(services: int, context: ForkServerContext) -> Iterator[tuple[str, int, int]]:
    """For each stage: how many were to take the revision, and how many did by its end."""
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{folder}/confguard.db"
        guard = guard_of(store, "pool")
        guard.apply(guard.plan({"size": 1}, reason="start"))
        seen, stop = context.Array("i", services, lock=False), context.Event()
        processes = [context.Process(target=serve, args=(store, n, seen, stop)) for n in range(services)]
        for process in processes:
            process.start()
        while list(seen).count(1) < services:
            time.sleep(0.5)
        applying = threading.Thread(
            target=lambda: guard.apply(guard.plan({"size": 2}, reason="two"), bake=bake)
        )
        bake = cg.Bake("15s", probes=[lambda: True], stages=STAGES)
        applying.start()
        for number, stage in enumerate(stages_of(STAGES)):
            while not ((pending := guard.store.pending_bake("pool")) and pending.stage == number):
                time.sleep(0.05)
            wanted = sum(stage.takes(Instance(f"auth-{n}"), "2") for n in range(services))
            time.sleep(13)
            yield str(stage), wanted, list(seen).count(2)
        applying.join()
        stop.set()
        for process in processes:
            process.join()


@frozen
class Load:
    """What a store is asked while 100,000 instances go through four stages."""

    spread: float
    total: int
    a_second: float
    most_in_a_second: int


def load(instances: int, spread: float, interval: float, stage_seconds: int = 600) -> Load:
    """Counted, not sent: who is told of a stage asks within the spread; who runs on asks each interval.

    Who runs the newest revision asks one question each time; who does not, three: the head, its bake, the one before.
    """
    chance, stages = random.Random(17), stages_of(STAGES)
    points = sorted(Instance(f"i{n}").point("2") for n in range(instances))
    asked: Counter[int] = Counter()
    for number, stage in enumerate(stages):
        start = number * stage_seconds
        before = stages[number - 1].share if number else 0.0
        for point in points:
            told = 1 if point < before else 3
            asked[int(start + chance.uniform(0, spread))] += told
            phase, later = chance.uniform(0, interval), 1 if point < stage.share else 3
            for tick in range(int((stage_seconds - phase) // interval) + 1):
                asked[int(start + phase + tick * interval)] += later
    total = sum(asked.values())
    return Load(spread, total, total / (len(stages) * stage_seconds), max(asked.values()))


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m research.rollouts")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--services", type=int, default=200)
    parser.add_argument("--instances", type=int, default=100_000)
    args = parser.parse_args(words)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["confguard.guard", "confguard.live", "confguard.stores.sqlite"])
    if args.kills:
        came = kills(args.kills, context)
        late = sorted(each.late for each in came)
        reverts = Counter(each.reverts for each in came)
        print(f"{len(came)} appliers killed: reverts of each {dict(reverts)}")
        print(
            f"  after the deadline: median {statistics.median(late):.2f} s, latest {late[-1]:.2f} s",
            flush=True,
        )
    if args.services:
        for stage, wanted, took in staged(args.services, context):
            print(
                f"{args.services} services, stage {stage}: {wanted} are to take it, {took} have", flush=True
            )
    if args.instances:
        for spread in (0.05, 5.0, 60.0):
            each = load(args.instances, spread, interval=60.0)
            print(
                f"{args.instances:,} instances, spread {spread:g} s: {each.a_second:,.0f} questions a second,"
                f" {each.most_in_a_second:,} in the worst",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
