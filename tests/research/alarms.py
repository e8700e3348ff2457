"""How often random commits of public repositories are flagged, and a list of the alarms to read by hand.

    python tests/research/alarms.py --commits 150 --seed 21 CLONE...

Each is a clone of a repository, or a bare one. Commits are drawn at random among those that touch configuration files,
twenty at most; each of their files is judged as the hook does where no project names it, and without history. `--seen`
names a file with commits that were drawn already (one abbreviated hash a line): they are not drawn again.
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

from confguard.documents.registry import is_configuration
from confguard.paths import show_path
from confguard.risk.circumstances import Circumstances
from confguard.risk.findings import Finding
from confguard.risk.judging import Judged, LeftOut, Side, Terms, judge

MOST_FILES = 20
SHORT = 10
"""So many digits of a commit's hash are shown."""


@define
class Tally:
    """What came of the commits of one repository."""

    name: str
    commits: Counter[str] = field(factory=Counter)
    files: int = 0
    unreadable: int = 0
    templates: int = 0
    slowest: tuple[float, str] = (0.0, "")
    alarms: set[tuple[str, str, str, str, str]] = field(factory=set)

    def add(self, sha: str, verdicts: list[Judged | LeftOut]) -> None:
        """Count a commit by the gravest decision on its files."""
        judged = [each for each in verdicts if isinstance(each, Judged)]
        left_out = [each.why for each in verdicts if isinstance(each, LeftOut)]
        order = ["allow", "review", "block"]
        self.commits[max((str(each.decision) for each in judged), key=order.index, default="allow")] += 1
        unparsed = any(each.startswith(("it does not parse", "it is of no format")) for each in left_out)
        self.unreadable += unparsed or any(each.faults for each in judged)
        self.templates += any(each.startswith("a template") for each in left_out)
        self.files += len(judged)
        for each in judged:
            if str(each.decision) != "allow":
                self.alarms |= {
                    (
                        sha[:SHORT],
                        each.file,
                        str(each.decision),
                        one.code,
                        f"{show_path(one.path)}: {one.message}",
                    )
                    for one in _grave(each.findings)
                }

    def __str__(self) -> str:
        total = self.commits.total() or 1
        counts = [(name, self.commits[name]) for name in ("review", "block")]
        counts += [("unreadable", self.unreadable), ("templates", self.templates)]
        shares = ", ".join(f"{count} ({count / total:.1%}) {name}" for name, count in counts)
        seconds, file = self.slowest
        return f"{self.name}: {total} commits, {self.files} files, {shares}, slowest {seconds:.2f} s ({file})"


def main() -> None:
    """Judge, count, list."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--commits", type=int, default=150)
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--seen", type=Path, help="commits that are not drawn")
    parser.add_argument("--drawn", type=Path, help="where the commits that were drawn are written")
    args = parser.parse_args()
    seen = set(args.seen.read_text().split()) if args.seen else set()
    for repository in args.repositories:
        tally = Tally(repository.parent.name if repository.name in {"repo", ".git"} else repository.name)
        candidates = [each for each in commits(repository) if each[:SHORT] not in seen]
        random.Random(args.seed).shuffle(candidates)
        drawn = candidates[: args.commits]
        for sha in drawn:
            tally.add(sha, list(verdicts(repository, sha, tally)))
        print(tally, flush=True)
        for alarm in sorted(tally.alarms, key=lambda each: (each[3], each)):
            print("|", " | ".join(alarm), "|", flush=True)
        if args.drawn:
            with args.drawn.open("a") as file:
                file.writelines(f"{sha[:SHORT]}\n" for sha in drawn)


def commits(repository: Path) -> Iterator[str]:
    """The name of each commit that touches configuration."""
    log = git(repository, "log", "--no-merges", "--format=%x00%H", "--name-only", "--no-renames", "HEAD")
    for block in log.decode(errors="replace").split("\0")[1:]:
        sha, *paths = block.split("\n")
        if 0 < sum(map(is_configuration, filter(None, paths))) <= MOST_FILES:
            yield sha


def verdicts(repository: Path, sha: str, tally: Tally) -> Iterator[Judged | LeftOut]:
    """What is said of each file of configuration, with what the hook knows of the change as a whole."""
    files = list(changed(repository, sha))
    edits = any(
        status != "D" and (status != "A" or is_configuration(path)) for status, _, (*_, path) in files
    )
    known = Circumstances(accompanied=edits)
    for _, blobs, paths in files:
        if not is_configuration(paths[-1]):
            continue
        before, after = (
            Side(blob(repository, each), path)
            for each, path in zip(blobs, (paths[0], paths[-1]), strict=True)
        )
        started = time.process_time()
        yield judge(after.name, before, after, Terms(), lambda _: known, named=False)
        tally.slowest = max(tally.slowest, (time.process_time() - started, f"{sha[:SHORT]} {after.name}"))


def changed(repository: Path, sha: str) -> Iterator[tuple[str, tuple[str, str], list[str]]]:
    """What happened to each file, its blobs and paths; renamed ones are found as the hook has git find them."""
    show = ("diff-tree", "--root", "-r", "-M", "--no-commit-id", "--abbrev=40", sha)
    for line in git(repository, *show).decode(errors="replace").splitlines():
        meta, *paths = line.split("\t")
        mode, other, old, new, status = meta.removeprefix(":").split()
        if {mode, other} <= {"100644", "100755", "000000"}:  # neither links nor submodules
            yield status[0], (old, new), paths


def blob(repository: Path, name: str) -> bytes | None:
    """The bytes of a blob; None for the name that stands for none."""
    return None if set(name) == {"0"} else git(repository, "cat-file", "blob", name)


def git(repository: Path, *words: str) -> bytes:
    """What git prints."""
    return subprocess.run(["git", "-C", str(repository), *words], capture_output=True, check=True).stdout


def _grave(findings: tuple[Finding, ...]) -> list[Finding]:
    """Those that count; all where none alone does."""
    return [one for one in findings if one.severity in {"high", "critical"}] or list(findings)


if __name__ == "__main__":
    main()
