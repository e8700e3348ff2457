"""How often monitors are wrong, and how soon they are right, beside what others do; simulated.

    python tests/research/monitors.py --bakes 10000
    python tests/research/monitors.py --plots docs/explanation/plots

Prints the tables of docs/explanation/monitors.md, or draws its plots. Every test is looked at after each request, as a
bake may be.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from confguard.rollout import Compared, Counts, ErrorRate

ALPHA = 0.001
NOON = datetime(2026, 11, 26, tzinfo=UTC)
Test = Callable[[bool], bool]
"""Is told how one request went; does it alarm?"""


class Totals:
    """Running totals that a simulation drives."""

    def __init__(self) -> None:
        self.requests = self.errors = 0

    def __call__(self) -> Counts:
        return Counts(self.requests, self.errors)

    def add(self, requests: int, errors: int) -> None:
        """Requests, and how many of them failed."""
        self.requests, self.errors = self.requests + requests, self.errors + errors


def ours(baseline: float) -> Test:
    """`ErrorRate`."""
    totals = Totals()
    monitor = ErrorRate(totals, baseline, alpha=ALPHA)
    monitor.start()

    def look(failed: bool) -> bool:
        totals.add(1, failed)
        return monitor.check() is not None

    return look


def threshold(baseline: float) -> Test:
    """An alarm at three times the usual share over the last 100 requests."""
    last: list[bool] = []

    def look(failed: bool) -> bool:
        last.append(failed)
        del last[:-100]
        return len(last) == 100 and sum(last) / 100 > 3 * baseline

    return look


def z_test(baseline: float) -> Test:
    """A z-test of all requests against the usual share, at the same alpha, looked at after each."""
    limit, counts = statistics.NormalDist().inv_cdf(1 - ALPHA), [0, 0]

    def look(failed: bool) -> bool:
        counts[0] += 1
        counts[1] += failed
        requests, errors = counts
        return (errors / requests - baseline) / math.sqrt(baseline * (1 - baseline) / requests) > limit

    return look


def mann_whitney(baseline: float) -> Test:
    """Mann-Whitney on the shares of windows of 50 requests against as many windows of before, at each window's end."""
    chance = random.Random(1)
    before: list[float] = []
    now: list[float] = []
    window: list[bool] = []

    def look(failed: bool) -> bool:
        window.append(failed)
        if len(window) < 50:
            return False
        now.append(sum(window) / 50)
        before.append(sum(chance.random() < baseline for _ in range(50)) / 50)
        window.clear()
        return len(now) >= 5 and _rank_z(now, before) > statistics.NormalDist().inv_cdf(1 - ALPHA)

    return look


def _rank_z(now: list[float], before: list[float]) -> float:
    both = sorted([*now, *before])
    size, other = len(now), len(before)
    ranks = {value: both.index(value) + (both.count(value) + 1) / 2 for value in set(both)}
    u = sum(ranks[each] for each in now) - size * (size + 1) / 2
    ties = sum(count**3 - count for count in (both.count(value) for value in set(both)))
    total = size + other
    spread = math.sqrt(size * other / 12 * (total + 1 - ties / (total * (total - 1))))
    return (u - size * other / 2) / spread if spread else 0.0


TESTS = {
    "ErrorRate": ours,
    "three times the usual, of the last 100": threshold,
    "z-test looked at after each request": z_test,
    "Mann-Whitney of windows of 50": mann_whitney,
}


def false_alarms(test: Callable[[float], Test], bakes: int, requests: int) -> int:
    """How many healthy bakes are reverted."""
    count = 0
    for seed in range(bakes):
        chance, look = random.Random(seed), test(0.01)
        count += any(look(chance.random() < 0.01) for _ in range(requests))
    return count


def until_seen(test: Callable[[float], Test], usual: float, worse: float, healthy: int, runs: int) -> str:
    """Requests until the alarm, in times of Wald's bound; and how many alarmed before there was anything."""
    needed, early = [], 0
    for seed in range(runs):
        chance, look = random.Random(seed), test(usual)
        if any(look(chance.random() < usual) for _ in range(healthy)):
            early += 1
            continue
        needed.append(next((n for n in range(1, 100_000) if look(chance.random() < worse)), 100_000))
    told = f"{statistics.mean(needed) / wald(usual, worse):.2f}" if needed else "-"
    return told + (f" ({early / runs:.0%} too early)" if early else "")


def wald(usual: float, worse: float) -> float:
    """The fewest requests that any test needs in the mean which knows both shares, and when it begins."""
    divergence = worse * math.log(worse / usual) + (1 - worse) * math.log((1 - worse) / (1 - usual))
    return math.log(1 / ALPHA) / divergence


def bursts(bakes: int) -> Iterator[tuple[str, int]]:
    """Healthy streams that break the assumption of independent requests, with what is made for them and without."""
    yield "bursts of 20 that fail together", sum(_bursting(seed, 1) for seed in range(bakes))
    yield "the same, with `burst=20`", sum(_bursting(seed, 20) for seed in range(bakes))
    yield "a dependency that is away for about 100 requests in 10,000", sum(map(_outage, range(bakes)))
    yield "the same, against a control group", sum(map(_outage_of_both, range(bakes)))
    hours = [0.002 + 0.018 * (1 + math.sin(hour / 24 * 2 * math.pi)) / 2 for hour in range(24)]
    yield (
        "a daily season of 0.2 % to 2 %, its mean as `baseline`",
        sum(_seasonal(seed, hours, sum(hours) / 24) for seed in range(bakes)),
    )
    yield "the same, 24 hours as `baseline`", sum(_seasonal(seed, hours, hours) for seed in range(bakes))
    yield "the same, against a control group", sum(_compared(seed, hours) for seed in range(bakes))


def _bursting(seed: int, burst: int) -> bool:
    chance, totals = random.Random(seed), Totals()
    monitor = ErrorRate(totals, 0.01, alpha=ALPHA, burst=burst)
    monitor.start()
    for _ in range(200):
        totals.add(20, 20 * (chance.random() < 0.01))
        if monitor.check():
            return True
    return False


def _away(chance: random.Random) -> Iterator[float]:
    """The share that fails: 0.2 %, and a half while something that all of them need is away."""
    away = False
    while True:
        away = chance.random() < (0.99 if away else 0.0001)
        yield 0.5 if away else 0.002


def _outage(seed: int) -> bool:
    chance, look = random.Random(seed), ours(0.01)
    shares = _away(chance)
    return any(look(chance.random() < next(shares)) for _ in range(2_000))


def _outage_of_both(seed: int) -> bool:
    chance, groups = random.Random(seed), (Totals(), Totals())
    monitor, shares = Compared(*groups, alpha=ALPHA), _away(chance)
    monitor.start()
    for _ in range(2_000):
        groups[chance.random() < 0.5].add(1, chance.random() < next(shares))
        if monitor.check():
            return True
    return False


def _seasonal(seed: int, hours: list[float], baseline: float | list[float]) -> bool:
    chance, totals, at = random.Random(seed), Totals(), [NOON]
    monitor = ErrorRate(totals, baseline, alpha=ALPHA, now=lambda: at[0])
    monitor.start()
    for step in range(288):
        at[0] = NOON + timedelta(minutes=5 * step)
        totals.add(20, sum(chance.random() < hours[at[0].hour] for _ in range(20)))
        if monitor.check():
            return True
    return False


def _compared(seed: int, hours: list[float]) -> bool:
    chance, new, rest = random.Random(seed), Totals(), Totals()
    monitor = Compared(new, rest, alpha=ALPHA)
    monitor.start()
    for step in range(288):
        rate = hours[step // 12 % 24]
        new.add(5, sum(chance.random() < rate for _ in range(5)))
        rest.add(15, sum(chance.random() < rate for _ in range(15)))
        if monitor.check():
            return True
    return False


def draw(folder: Path) -> None:
    """Draw how false alarms add up over the looks, and how soon a change is seen."""
    import matplotlib as mpl
    from matplotlib import pyplot

    mpl.rcParams |= {"svg.hashsalt": "confguard", "svg.fonttype": "none", "figure.figsize": (7, 3.2)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, x, y, curves in (
        ("false", "requests, each looked at", "healthy bakes reverted", _reverted(0.01, 0, 2_000, 500)),
        ("seen", "requests since 1 % became 5 %", "bad bakes reverted", _reverted(0.05, 1_000, 800, 500)),
    ):
        figure, axes = pyplot.subplots(layout="constrained")
        for label, shares in curves.items():
            axes.plot(range(0, 20 * len(shares), 20), shares, label=label)
        axes.set(xlabel=x, ylabel=y, ylim=(-0.02, 1.02))
        axes.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1))
        axes.legend(frameon=False, fontsize="small")
        figure.savefig(folder / f"monitors-{name}.svg", metadata={"Date": None})


def _reverted(share: float, healthy: int, requests: int, bakes: int) -> dict[str, list[float]]:
    """For each test: of the bakes that a healthy time has not reverted, which share is after each 20 requests."""
    curves = {}
    for name, test in TESTS.items():
        alarms: list[int] = []
        for seed in range(bakes):
            chance, look = random.Random(seed), test(0.01)
            if any(look(chance.random() < 0.01) for _ in range(healthy)):
                continue
            alarms.append(next((n for n in range(requests) if look(chance.random() < share)), requests))
        curves[name] = [
            sum(each < n for each in alarms) / max(len(alarms), 1) for n in range(0, requests, 20)
        ]
    return curves


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bakes", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw the plots, and print no tables")
    args = parser.parse_args()
    if args.plots:
        draw(args.plots)
        return
    print(
        f"| test | false reverts of {args.bakes:,} healthy bakes of {args.requests:,} requests |\n|---|---|"
    )
    for name, test in TESTS.items():
        bakes = args.bakes if test is ours else min(args.bakes, 1_000)
        alarms = false_alarms(test, bakes, args.requests)
        print(f"| {name} | {alarms} of {bakes:,} ({alarms / bakes:.2%}) |", flush=True)
    print("\n| healthy stream | false reverts |\n|---|---|")
    for name, alarms in bursts(args.bakes):
        print(f"| {name} | {alarms:,} of {args.bakes:,} |", flush=True)
    cases = [(0.01, 0.05), (0.01, 0.3), (0.005, 0.01)]
    for healthy, runs in ((0, args.runs), (10_000, args.runs // 4)):
        print(
            f"\n| after {healthy:,} healthy requests | "
            + " | ".join(f"{a:.1%} to {b:.0%}" for a, b in cases)
            + " |"
        )
        print("|---|---|---|---|")
        for name, test in TESTS.items():
            if healthy and test is z_test:
                continue  # it has alarmed long before
            print(
                f"| {name} | " + " | ".join(until_seen(test, a, b, healthy, runs) for a, b in cases) + " |",
                flush=True,
            )


if __name__ == "__main__":
    main()
