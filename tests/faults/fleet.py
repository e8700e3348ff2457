"""A fleet in bad weather: writers and many `Live`s on one store, while its servers are struck at random.

    python -m faults.fleet URL COUNT FILE INTERVAL     (one process of Lives; ends when its input does)

What must hold: no acknowledged revision is lost or there twice; what was refused is not there; no `Live` is stale
without a problem for longer than `interval` and what a call may take; no call hangs; and when the weather is good
again, all have the head.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from attrs import define, field, frozen

import confguard as cg
from confguard.errors import StoreError
from confguard.stores import chain, open_store

from .histories import Clients, Operation, violations

__all__ = ["Sample", "Servers", "bad_weather", "stale"]

INTERVAL = 2.0
LATE = 4.0
"""How late a busy machine may be, beside what calls may take."""
RECOVERY_SECONDS = 45.0
PROCESSES, WRITERS = 5, 4
_SAMPLE_SECONDS = 0.1


class Servers(Protocol):
    """What a store runs on, and what can be done to it."""

    url: str
    call_seconds: float
    """What one call may take: a look is two of them."""
    commit_seconds: float
    """What a commit may take."""

    def strike(self, chance: random.Random) -> str:
        """Do something bad, for a while, and make it good again; say what it was."""
        ...

    def replace(self) -> None:
        """Begin anew from a backup that was just made; nobody writes meanwhile."""
        ...


@frozen
class Settings:
    """What the writers write."""

    x: int = 0
    y: int = 0


@frozen
class Sample:
    """What one Live said."""

    live: str
    at: float
    revision: int
    settings: tuple[int, int]
    problem: str | None


def bad_weather(servers: Servers, seconds: float, lives: int = 50, seed: int = 1) -> Iterator[list[str]]:
    """Yield after each strike, and at the end, what does not hold."""
    chance = random.Random(seed)
    operations: list[Operation] = []
    opened = lambda: open_store(servers.url)  # noqa: E731
    with Clients(opened, 1, operations) as first:
        _until(lambda: first.commits() > 0, RECOVERY_SECONDS)
    with tempfile.TemporaryDirectory() as folder, _lives(servers.url, lives, folder) as processes:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with Clients(opened, WRITERS, operations, 0.3) as clients:
                for _ in range(6):
                    before = clients.commits()
                    print(f"  {servers.strike(chance)}", file=sys.stderr, flush=True)
                    yield []
                    if not _until(lambda before=before, clients=clients: clients.commits() > before + 3, 30):
                        yield ["nobody could commit for 30 s after a strike"]
                    if time.monotonic() >= end:
                        break
            servers.replace()
            print("  replaced by what a backup held", file=sys.stderr, flush=True)
            yield []
        yield _judged(servers, operations, processes, Path(folder))


def _judged(
    servers: Servers, operations: list[Operation], processes: list[_Lives], folder: Path
) -> list[str]:
    store = open_store(servers.url)
    revisions = {each.number: each for each in store.walk("c")}
    wrong = violations(operations, [(each.number, each.digest) for each in revisions.values()])
    try:
        chain.verify(store, "c")
    except cg.IntegrityError as error:
        wrong.append(str(error))
    told = {number: (revision.data["x"], revision.data["y"]) for number, revision in revisions.items()}
    store.close()
    for each in processes:
        if not _until(lambda each=each: each.all_have(len(revisions)), RECOVERY_SECONDS):
            wrong.append(f"not all have the head {RECOVERY_SECONDS:g} s after the last strike: {each.last}")
    for each in processes:
        took = each.end()
        if took > LATE:
            wrong.append(f"ten Lives took {took:.1f} s to close")
    for each in processes:
        wrong += stale(each.samples(), operations, told, INTERVAL + 2 * servers.call_seconds + LATE)
    limits = {"read": servers.call_seconds + LATE}
    wrong += [
        f"a {each.kind} took {each.ended - each.began:.1f} s"
        for each in operations
        if each.ended - each.began > limits.get(each.kind, servers.commit_seconds + LATE)
    ]
    print(f"  {len(revisions)} revisions, {len(operations)} operations", file=sys.stderr, flush=True)
    return wrong


def stale(
    samples: list[Sample], operations: list[Operation], told: dict[int, tuple[int, int]], bound: float
) -> list[str]:
    """Samples that say that all is well, and are older than they may be; or that nobody ever wrote."""
    commits = sorted((each.ended, each.number) for each in operations if each.kind == "commit")
    wrong: dict[str, str] = {}
    before: dict[str, tuple[int, tuple[int, int]]] = {}
    newest, i = 0, 0
    for sample in sorted(samples, key=lambda sample: sample.at):
        while i < len(commits) and commits[i][0] < sample.at - bound:
            newest = max(newest, commits[i][1])
            i += 1
        if sample.problem is None and sample.revision < newest:
            what = f"holds {sample.revision} without a problem, and {newest} was committed {bound:g} s before"
            wrong.setdefault(sample.live, f"Live {sample.live} {what}")
        state = (sample.revision, sample.settings)
        # A number and its settings are two reads: what is told of it must differ twice.
        if told.get(sample.revision) != sample.settings and before.get(sample.live) == state:
            wrong.setdefault(sample.live, f"Live {sample.live} holds what revision {sample.revision} is not")
        before[sample.live] = state
    return list(wrong.values())


@define
class _Lives:
    """A process with several Lives, that writes down what they say."""

    url: str
    count: int
    path: Path
    _process: subprocess.Popen[bytes] = field(init=False)

    def __attrs_post_init__(self) -> None:
        words = [
            sys.executable,
            "-m",
            "faults.fleet",
            self.url,
            str(self.count),
            str(self.path),
            str(INTERVAL),
        ]
        around = Path(__file__).parents[1]
        paths = [str(around), str(around.parent / "src"), *sys.path]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, cwd=around, env=environment)
        _until(lambda: self.path.exists() and self.path.read_bytes(), RECOVERY_SECONDS)

    def samples(self) -> list[Sample]:
        lines = self.path.read_text().splitlines()
        return [
            Sample(live, at, no, (x, y), problem) for live, at, no, x, y, problem in map(json.loads, lines)
        ]

    @property
    def last(self) -> list[Sample]:
        """What each said last."""
        return list({each.live: each for each in self.samples()}.values())

    def all_have(self, number: int) -> bool:
        last = self.last
        return len(last) == self.count and all(
            each.revision == number and each.problem is None for each in last
        )

    def end(self) -> float:
        """Close all, and say how long that took."""
        if self._process.poll() is not None:
            return float("inf")
        started = time.monotonic()
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return float("inf")
        return time.monotonic() - started

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def _lives(url: str, count: int, folder: str) -> Iterator[list[_Lives]]:
    made = [_Lives(url, count // PROCESSES, Path(folder, f"lives{i}")) for i in range(PROCESSES)]
    try:
        yield made
    finally:
        for each in made:
            each.kill()


def _until(holds: Callable[[], Any], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _watch(url: str, count: int, path: str, interval: float) -> None:
    """Write down what so many Lives say, whenever one says something else, until the input ends."""
    import select

    lives = {f"{os.getpid()}/{i}": cg.Live(Settings, f"{url}#c", interval=interval) for i in range(count)}
    said: dict[str, tuple[Any, ...]] = {}
    with Path(path).open("a", buffering=1) as file:
        while not select.select([sys.stdin], [], [], _SAMPLE_SECONDS)[0]:
            for name, live in lives.items():
                before = live.revision
                now, problem = live.current, live.problem
                state = (live.revision, now.x, now.y, problem)
                long_ago = time.monotonic() - said.get(name, (0.0,))[0] > 1
                if state[0] == before and (long_ago or said[name][1:] != state):  # it was one moment
                    said[name] = (time.monotonic(), *state)
                    file.write(json.dumps([name, *said[name]]) + "\n")
    for live in lives.values():
        live.close()


if __name__ == "__main__":
    try:
        _watch(sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
    except StoreError as error:
        sys.exit(str(error))
