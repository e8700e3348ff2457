"""How often random commits of public repositories are flagged, and a list of the alarms to read by hand.

    python tests/research/alarms.py --commits 60 --seed 21 CLONE...

Each is a clone of a repository, or a bare one. Commits are drawn at random among those that touch configuration files,
twenty at most; each of their files is judged as the hook does, without a schema and without history.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from attrs import define, field

from confguard.paths import show_path
from confguard.risk.judging import Judged, Side, Terms, judge

SUFFIXES = (".yaml", ".yml", ".json", ".toml", ".ini", ".env", ".properties")
MOST_FILES = 20


@define
class Tally:
    """What came of the commits of one repository."""

    name: str
    commits: Counter[str] = field(factory=Counter)
    unreadable: int = 0
    slowest: float = 0.0
    alarms: list[tuple[str, str, str, str, str]] = field(factory=list)

    def add(self, sha: str, judged: list[Judged]) -> None:
        """Count a commit by the gravest decision on its files."""
        order = ["allow", "review", "block"]
        decisions = [str(each.decision) for each in judged if not each.faults]
        self.commits[max(decisions, key=order.index, default="allow")] += 1
        self.unreadable += any(each.faults for each in judged)
        for each in judged:
            if each.faults or str(each.decision) == "allow":
                continue
            grave = [one for one in each.findings if one.severity in {"high", "critical"}] or each.findings
            self.alarms += [(sha[:8], each.file, one.code, show_path(one.path), one.message) for one in grave]

    def __str__(self) -> str:
        total = self.commits.total() or 1
        shares = ", ".join(f"{self.commits[each] / total:.1%} {each}" for each in ("review", "block"))
        unreadable = f"{self.unreadable / total:.1%} unreadable"
        return f"{self.name}: {total} commits, {shares}, {unreadable}, slowest file {self.slowest:.2f} s"


def main() -> None:
    """Judge, count, list."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--commits", type=int, default=60)
    parser.add_argument("--seed", type=int, default=21)
    args = parser.parse_args()
    for repository in args.repositories:
        tally = Tally(repository.parent.name if repository.name in {"repo", ".git"} else repository.name)
        drawn = list(commits(repository))
        random.Random(args.seed).shuffle(drawn)
        for sha, files in drawn[: args.commits]:
            tally.add(sha, list(judged(repository, files, tally)))
        print(tally, flush=True)
        for alarm in sorted(set(tally.alarms), key=lambda each: (each[2], each)):
            print("|", " | ".join(alarm), "|")


def commits(repository: Path) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Each commit that touches configuration: its name, and old blob, new blob and path of each file."""
    log = git(
        repository, "log", "--no-merges", "--format=@%H", "--raw", "--no-renames", "--abbrev=40", "HEAD"
    )
    for block in log.decode(errors="replace").split("@")[1:]:
        sha, *lines = block.split("\n")
        files = []
        for line in lines:
            meta, _, path = line.partition("\t")
            if path.endswith(SUFFIXES) and "lock" not in path:
                _, _, old, new, _ = meta.split()
                files.append((old, new, path))
        if 0 < len(files) <= MOST_FILES:
            yield sha, files


def judged(repository: Path, files: list[tuple[str, str, str]], tally: Tally) -> Iterator[Judged]:
    """What is said of each file."""
    for old, new, path in files:
        before, after = (Side(blob(repository, each), path) for each in (old, new))
        started = time.monotonic()
        one = judge(path, before, after, Terms(), named=False)
        tally.slowest = max(tally.slowest, time.monotonic() - started)
        if isinstance(one, Judged):
            yield one


def blob(repository: Path, name: str) -> bytes | None:
    """The bytes of a blob; None for the name that stands for none."""
    return None if set(name) == {"0"} else git(repository, "cat-file", "blob", name)


def git(repository: Path, *words: str) -> bytes:
    """What git prints."""
    return subprocess.run(["git", "-C", str(repository), *words], capture_output=True, check=True).stdout


if __name__ == "__main__":
    main()
