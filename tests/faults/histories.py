"""Is a history of concurrent clients linearizable? A small checker, for a config as a log that only grows.

The log says in which order commits took effect, and every commit has a digest of its own, so there is nothing to
search for. What remains to be checked is that this order agrees with what clients saw, and with the time: what had
ended before something else began comes before it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from attrs import define, field, frozen

import confguard as cg
from confguard.stores import Append, Draft, Store, chain

__all__ = ["Clients", "Operation", "violations"]


@frozen
class Operation:
    """What one client did, from before it was called until after it returned."""

    kind: str
    """`commit`, `refused` (the head had moved), `unknown` (an error), or `read`."""
    number: int
    """The revision that was made or seen; for `refused` and `unknown`, the head that was expected."""
    digest: str | None
    """Of what was made, seen, or refused."""
    began: float
    ended: float


def violations(operations: list[Operation], log: list[tuple[int, str]]) -> list[str]:
    """What in a history does not fit the log, given as numbers and digests in order."""
    wrong = []
    if [number for number, _ in log] != list(range(1, len(log) + 1)):
        wrong.append("the log has gaps")
    if len({digest for _, digest in log}) != len(log):
        wrong.append("a revision was applied twice")
    return (
        wrong
        + _lost(operations, dict(log))
        + _refused(operations, dict(log))
        + _out_of_order(operations)
        + _too_early(operations, len(log))
    )


def _lost(operations: list[Operation], digests: dict[int, str]) -> list[str]:
    """What was acknowledged or seen is in the log."""
    said = {
        "commit": "acknowledged revision {} is lost",
        "read": "revision {} was read, and is not in the log",
    }
    return [
        said[each.kind].format(each.number)
        for each in operations
        if each.kind in said and each.number and digests.get(each.number) != each.digest
    ]


def _refused(operations: list[Operation], digests: dict[int, str]) -> list[str]:
    """What was refused is not in the log."""
    there = set(digests.values())
    return [
        f"revision {each.number + 1} was refused, and is there"
        for each in operations
        if each.kind == "refused" and each.digest in there
    ]


def _out_of_order(operations: list[Operation]) -> list[str]:
    """Numbers grow with time: of two that did not overlap, the later one sees or makes no smaller one."""
    known = [each for each in operations if each.kind in ("commit", "read")]
    ended = sorted((each.ended, each.number) for each in known)
    wrong, highest, i = [], 0, 0
    for each in sorted(known, key=lambda known: known.began):
        while i < len(ended) and ended[i][0] < each.began:
            highest = max(highest, ended[i][1])
            i += 1
        if each.number < highest + (each.kind == "commit"):
            wrong.append(f"{each.kind} of {each.number} began after {highest} was seen")
    return wrong


def _too_early(operations: list[Operation], length: int) -> list[str]:
    """A revision is seen, or stands in somebody's way, only once its commit has begun."""
    began = {each.number: each.began for each in operations if each.kind == "commit"}
    wrong = []
    for each in operations:
        if each.kind == "read" and began.get(each.number, 0) > each.ended:
            wrong.append(f"revision {each.number} was read before it was made")
        if each.kind == "refused" and began.get(each.number + 1, 0) > each.ended:
            wrong.append(f"a commit on {each.number} was refused, and nothing had followed it yet")
        if each.kind == "refused" and each.number >= length:
            wrong.append(f"a commit on {each.number} was refused, and nothing ever followed it")
    return wrong


@define
class Clients:
    """Threads, each with a store of its own, that read and commit without pause until they are told to stop."""

    open: Callable[[], Store]
    count: int = 4
    operations: list[Operation] = field(factory=list)
    pause: float = 0.0
    """How long each rests between two commits, in seconds."""
    _stop: threading.Event = field(factory=threading.Event)
    _threads: list[threading.Thread] = field(factory=list)

    def __enter__(self) -> Clients:
        self._threads = [threading.Thread(target=self._work, args=(i,)) for i in range(self.count)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def commits(self) -> int:
        """How many have been acknowledged."""
        return sum(1 for each in self.operations if each.kind == "commit")

    def _work(self, client: int) -> None:
        store = self._opened()
        turn = 0
        while not self._stop.wait(self.pause):
            turn += 1
            began = time.monotonic()
            try:
                head = store.head("c")
            except cg.ConfguardError:
                time.sleep(0.01)
                continue
            self._note("read", head.number if head else 0, head.digest if head else None, began)
            draft = Draft(
                content=f"x = {client}\ny = {turn}\n".encode(),
                format="toml",
                author=f"client {client}",
                reason="one of many",
                created_at=datetime.now(UTC),
            )
            made = chain.link("c", [draft], head)
            began = time.monotonic()
            try:
                store.commit(Append("c", tuple(made)))
            except cg.ConflictError:
                self._note("refused", head.number if head else 0, made[-1].digest, began)
            except cg.ConfguardError:
                self._note("unknown", head.number if head else 0, made[-1].digest, began)
                time.sleep(0.01)
            else:
                self._note("commit", made[-1].number, made[-1].digest, began)
        store.close()

    def _opened(self) -> Store:
        """As soon as that is possible."""
        while True:
            try:
                return self.open()
            except cg.StoreError:
                if self._stop.wait(0.1):
                    raise

    def _note(self, kind: str, number: int, digest: str | None, began: float) -> None:
        self.operations.append(Operation(kind, number, digest, began, time.monotonic()))
