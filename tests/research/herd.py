"""A herd of services and one store, simulated: `python tests/research/herd.py`.

What is counted is how many requests reach the store in each second, at a commit and when the store comes back after it
was away, with and without the lots that `cg.Live` draws. The formulas are those of docs/how-to/fleet.md.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Iterator

from confguard.stores.retrying import pauses

SERVICES = 10_000
AWAY = 600.0
"""Seconds that the store is away."""


def commit(spread: float) -> Iterator[float]:
    """When each service fetches a head that all are told of at the time 0."""
    chance = random.Random(1)
    for _ in range(SERVICES):
        yield chance.uniform(0, spread)


def outage(*, jitter: bool) -> Iterator[float]:
    """When services try, from the loss of the store at 0 until each has found it again."""
    chance = random.Random(2)
    waiting: list[tuple[float, int]] = [(0.0, service) for service in range(SERVICES)]
    if jitter:
        delays = [pauses(1.0, chance=random.Random(chance.random())) for _ in range(SERVICES)]
    else:
        delays = [iter([min(30.0, 2.0**n) for n in range(60)]) for _ in range(SERVICES)]
    heapq.heapify(waiting)
    while waiting:
        at, service = heapq.heappop(waiting)
        yield at
        if at < AWAY:
            heapq.heappush(waiting, (at + next(delays[service]), service))


def busiest(times: Iterator[float], after: float = 0.0) -> tuple[int, float]:
    """The most requests in one second, and the mean of those from `after` on."""
    seconds = Counter(int(at) for at in times)
    late = [count for second, count in seconds.items() if after <= second < AWAY]
    return max(seconds.values()), sum(late) / max(1, AWAY - after)


def main() -> None:
    print(f"{SERVICES:,} services: requests a second           most    mean")
    for spread in (0.0, 1.0, 5.0, 20.0):
        most, _ = busiest(commit(spread))
        formula = SERVICES / max(1, spread)
        print(
            f"  after a commit, spread {spread:>4.0f} s          {most:>10,}   (N / spread: {formula:,.0f})"
        )
    for jitter in (False, True):
        most, mean = busiest(outage(jitter=jitter), after=120)
        lots = "drawn at random" if jitter else "not drawn at random"
        print(f"  store away, pauses {lots:<20} {most:>10,} {mean:>7,.0f}   (N / 15: {SERVICES / 15:,.0f})")
    most, _ = busiest(at - AWAY for at in outage(jitter=True) if at >= AWAY)
    print(f"  when it comes back, pauses drawn at random   {most:>10,}")


if __name__ == "__main__":
    main()
