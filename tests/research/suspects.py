"""How often `confguard suspects` names the cause first: in generated histories, and before reverts in real ones.

    python tests/research/suspects.py                       # 100 histories to tune on
    python tests/research/suspects.py --held-out            # 100 others, of which only the figures are printed
    python tests/research/suspects.py --repository PATH...  # reverts by name: is the reverted commit first?

A history is 50 configs with two weeks of changes and one cause. In the hours before the symptom there are harmless
changes, look-alikes of real outages that broke nothing, dangerous changes of other kinds, and one like the cause that
was taken back in time. The held-out half words its symptoms otherwise, and has kinds of causes that the first has not.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import frozen

import confguard as cg
from confguard.causes.changes import Collected
from confguard.causes.dependencies import Dependencies
from confguard.causes.ranking import rank
from confguard.causes.repositories import of_repository
from confguard.causes.symptoms import Symptom
from confguard.documents.document import write
from confguard.git import log
from confguard.risk.history import of_configuration, reverts
from confguard.risk.judging import Terms
from confguard.stores import Append, Draft, chain
from confguard.stores.sqlite import MemoryStore

DATA = Path(__file__).parent.parent / "data"
TEAMS = ["shop", "search", "billing", "profile", "media", "orders", "mobile", "admin", "stats", "partner"]
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


@frozen
class Cause:
    """A change that breaks something, and how people tell of it: `{team}` is whose service it is."""

    kind: str
    path: str
    after: Any
    reason: str
    lag: tuple[int, int]
    """After how many minutes it is felt: at least, and at most."""
    told: tuple[str, ...]
    """Symptoms: the first half for tuning, the second for the held-out half."""
    unseen: bool = False
    """Is it a cause of the held-out half alone?"""


_WORLD = json.loads((DATA / "suspects.json").read_text())
SERVICES: Mapping[str, Mapping[str, Any]] = _WORLD["services"]
CAUSES: Mapping[str, Sequence[Cause]] = {
    service: [Cause(**{**each, "lag": tuple(each["lag"]), "told": tuple(each["told"])}) for each in causes]
    for service, causes in _WORLD["causes"].items()
}
HARMLESS = (
    "routine",
    "rebalance after the load test",
    "quarterly review",
    "cleanup",
    "as agreed",
    "small step",
)


@frozen
class History:
    """A store with one cause in it."""

    store: MemoryStore
    at: datetime
    symptom: str
    depends: Mapping[str, Sequence[str]]
    cause: tuple[str, int]
    kind: str


class Writer:
    """What is written into a store, in the order of time."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.steps = rng, []
        self.data: dict[str, Any] = {}

    def at(self, when: datetime, config: str, change: Any, reason: str, mark: str = "") -> None:
        """Plan a change: a function of the data, a text of another format, or "back"."""
        self.steps.append((when, len(self.steps), config, change, reason, mark))

    def store(self) -> tuple[MemoryStore, dict[str, tuple[str, int]]]:
        """All of it, and where what was marked came to be."""
        store, marked = MemoryStore(), {}
        for when, _, config, change, reason, mark in sorted(self.steps, key=lambda step: step[:2]):
            head, reverts = store.head(config), None
            if change == "back":
                back = store.get(config, head.number - 1)
                content, kind, reverts = back.content, back.format, back.number
            elif isinstance(change, tuple):
                content, kind = change[1].encode(), change[0]
            else:
                self.data[config] = change(copy.deepcopy(self.data.get(config)))
                kind = "yaml" if config.endswith(("app", "queue", "dns")) else "toml"
                content = write(self.data[config], kind).content
            if head is not None and head.content == content:
                continue
            draft = Draft(
                content=content,
                format=kind,
                author=self.rng.choice(["ana", "ben", "eva", "kim", "tom"]),
                reason=reason,
                created_at=when,
                reverts=reverts,
            )
            (revision,) = chain.link(config, [draft], head)
            store.commit(Append(config, (revision,)))
            if mark:
                marked[mark] = config, revision.number
        return store, marked


def history(seed: int) -> History:
    """One history: even seeds are for tuning, odd ones held out."""
    rng, held_out = random.Random(f"suspects {seed}"), seed % 2 == 1
    pairs = [f"{team}-{service}" for team in TEAMS for service in SERVICES]
    configs = rng.sample(pairs, 44)
    causes = [
        (config, cause)
        for config in configs
        for cause in CAUSES[config.partition("-")[2]]
        if held_out or not cause.unseen
    ]
    config, cause = rng.choice(causes)
    looks = [
        each
        for each in json.loads((DATA / "incidents.json").read_text())
        if each["label"] == "benign" and each["format"] in ("toml", "yaml", "json")
    ]
    alike = {f"{each['id']}": each for each in rng.sample(looks, 6)}
    at = START + timedelta(days=13, minutes=rng.randrange(60 * 12))
    writer = Writer(rng)
    for each in configs:
        base = SERVICES[each.partition("-")[2]]
        writer.at(
            START - timedelta(minutes=rng.randrange(500)),
            each,
            lambda _, base=base: copy.deepcopy(dict(base)),
            "as it is",
        )
    for name, each in alike.items():
        writer.at(START, name, (each["format"], each["before"]), "as it is")
        writer.at(
            at - timedelta(minutes=rng.randrange(5, 355)),
            name,
            (each["format"], each["after"]),
            "reviewed by the team",
        )
    for _ in range(150):
        other = rng.choice(configs)
        writer.at(
            START + timedelta(minutes=rng.randrange(13 * 1440 - 400)),
            other,
            harmless(rng),
            rng.choice(HARMLESS),
        )
    for _ in range(14):
        other = rng.choice([each for each in configs if each != config])
        writer.at(at - timedelta(minutes=rng.randrange(1, 355)), other, harmless(rng), rng.choice(HARMLESS))
    service, told = config.partition("-")[2], cause.told
    symptom = rng.choice(told[len(told) // 2 :] if held_out else told[: len(told) // 2])
    others = [
        (each, danger) for each, danger in causes if each != config and each.partition("-")[2] != service
    ]
    for (other, danger), minutes in zip(
        rng.sample(others, 2), (rng.randrange(10, 350), rng.randrange(30, 350)), strict=True
    ):
        writer.at(at - timedelta(minutes=minutes), other, setting(danger), danger.reason)
    late, danger = rng.choice([each for each in causes if each[0] != config])
    writer.at(at + timedelta(minutes=rng.randrange(1, 30)), late, setting(danger), danger.reason)
    mended = [
        each
        for each in causes
        if each[0]
        not in (config, late, *(step[2] for step in writer.steps if step[0] > at - timedelta(hours=7)))
    ]
    if mended:
        other, danger = rng.choice(mended)
        writer.at(at - timedelta(minutes=rng.randrange(150, 300)), other, setting(danger), danger.reason)
        writer.at(at - timedelta(minutes=rng.randrange(20, 140)), other, "back", "that was wrong")
    writer.at(at - timedelta(minutes=rng.randint(*cause.lag)), config, setting(cause), cause.reason, "cause")
    depends: dict[str, list[str]] = {}
    for _ in range(20):
        one, other = rng.sample(configs, 2)
        depends.setdefault(one, []).append(other)
    team = config.partition("-")[0]
    if rng.random() < 0.25:  # told of what depends on it
        downstream = rng.choice([each for each in configs if each != config])
        depends.setdefault(downstream, []).append(config)
        symptom = f"{downstream}: {symptom}"
    elif "{team}" not in symptom and rng.random() < 0.4:
        symptom = rng.choice(("{team}: {symptom}", "{symptom} ({team})")).replace("{symptom}", symptom)
    store, marked = writer.store()
    return History(store, at, symptom.format(team=team), depends, marked["cause"], f"{service} {cause.kind}")


def setting(cause: Cause) -> Any:
    """The change that a cause makes."""

    def change(data: Any) -> Any:
        *above, last = cause.path.split(".")
        table = data
        for name in above:
            table = table[int(name) if isinstance(table, list) else name]
        table[last] = copy.deepcopy(cause.after)
        return data

    return change


def harmless(rng: random.Random) -> Any:
    """A change as there are many: a number a little up or down, a patch release, one more entry of a list, a note."""
    chosen = rng.random()

    def change(data: Any) -> Any:
        places = [
            (table, key)
            for table, key in leaves(data)
            if isinstance(table[key], int) and not isinstance(table[key], bool) and "port" not in str(key)
        ]
        if places and chosen < 0.6:
            table, key = places[int(chosen * 1000) % len(places)]
            table[key] = max(1, round(table[key] * (1.25 if int(chosen * 10000) % 2 else 0.8)))
        else:
            data["notes"] = {
                "owner": f"team-{int(chosen * 97)}",
                "reviewed": f"2026-03-{1 + int(chosen * 27):02}",
            }
        return data

    return change


def leaves(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every table with each of its keys whose value is not a table."""
    for key in list(data) if isinstance(data, dict) else range(len(data)):
        if isinstance(data[key], dict | list):
            yield from leaves(data[key])
        else:
            yield data, key


def judge_generated(*, held_out: bool, count: int, verbose: bool) -> None:
    """Print how often the cause was first, and among the first three."""
    ranks, slowest = [], 0.0
    for seed in range(int(held_out), 2 * count, 2):
        each = history(seed)
        started = time.perf_counter()
        ranking = cg.suspects(each.store, at=each.at, symptom=each.symptom, depends=each.depends)
        slowest = max(slowest, time.perf_counter() - started)
        named = [(suspect.config, suspect.revision) for suspect in ranking.suspects]
        ranks.append(named.index(each.cause) + 1 if each.cause in named else 99)
        if verbose and not held_out and ranks[-1] > 1:
            print(f"{seed}: {each.kind!r} is number {ranks[-1]} for {each.symptom!r}")
            for suspect in ranking.suspects[:3]:
                print("     ", suspect.config, suspect.score, *suspect.why, sep="\n        ")
            print("      CAUSE", *(s.why for s in ranking.suspects if (s.config, s.revision) == each.cause))
    first, three = (sum(rank <= most for rank in ranks) / len(ranks) for most in (1, 3))
    half = "held out" if held_out else "tuned on"
    print(
        f"{half}: {len(ranks)} histories, first {first:.1%}, among three {three:.1%}, slowest {slowest:.2f} s"
    )


@frozen
class NamedRevert:
    """A revert that names what it takes back."""

    at: datetime
    before: str
    """The commit before the revert."""
    reverted: str


def reverts_by_name(repository: Path, within: timedelta) -> Iterator[NamedRevert]:
    """The reverts of a branch that name a commit of its last hours, oldest first."""
    known = list(of_configuration(log(repository, first_parent=True)))
    for revert in reverts(known):
        if revert.how != "by hand" and revert.by.at - revert.commit.at <= within.total_seconds():
            yield NamedRevert(
                datetime.fromtimestamp(revert.by.at, UTC), f"{revert.by.sha}^", revert.commit.sha
            )


def judge_repository(repository: Path, hours: float, most: int) -> None:
    """Print how often the commit that a revert names is first among the changes before the revert."""
    ranks, sizes, newest = [], [], []
    for revert in list(reverts_by_name(repository, timedelta(hours=hours)))[-most:]:
        seen, symptom = Collected(), Symptom.read("")
        start = revert.at - timedelta(hours=hours)
        of_repository(repository, start, revert.at, revert.at, seen, revert.before)
        sizes.append(len(seen.recent))
        latest = sorted(seen.recent, key=lambda each: each.at, reverse=True)
        newest.append(bool(latest) and revert.reverted.startswith(str(latest[0].revision)))
        nothing = Dependencies.read("", {}, [])
        ranked = rank(
            seen, revert.at, timedelta(hours=hours), symptom, nothing, lambda _: Terms(), limit=1000, why="x"
        )
        names = [str(suspect.revision) for suspect in ranked]
        ranks.append(next((i for i, name in enumerate(names, 1) if revert.reverted.startswith(name)), 999))
    if not ranks:
        print(f"{repository}: no revert by name within {hours:g} hours")
        return
    count = len(ranks)
    first, three = (sum(rank <= most for rank in ranks) / count for most in (1, 3))
    chance = sum(1 / max(1, size) for size in sizes) / count
    print(f"{repository}: {count} reverts by name, {sum(sizes) / count:.1f} changes in {hours:g} h before")
    print(
        f"  first {first:.0%}, among three {three:.0%}; of the newest {sum(newest) / count:.0%}, by chance {chance:.0%}"
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--repository", type=Path, nargs="+", default=[])
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--most", type=int, default=100, help="of a repository's reverts, the newest so many")
    parser.add_argument("--quiet", action="store_true")
    args = parser.parse_args()
    for repository in args.repository:
        judge_repository(repository, args.hours, args.most)
    if not args.repository:
        judge_generated(held_out=args.held_out, count=args.count, verbose=not args.quiet)


if __name__ == "__main__":
    sys.exit(main())
