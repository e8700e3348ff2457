"""What is measured of a change for its likelihood: numbers, by name, in groups that a person can be told."""

from __future__ import annotations

import math
import re
from collections import Counter

from attrs import frozen

from confguard.diffs.changes import Diff
from confguard.risk.findings import Risk
from confguard.risk.history import History
from confguard.texts import word_set

_VERSION = re.compile(r"\d+\.\d+|[0-9a-f]{7,}")
_WORDS = {
    "test": word_set("test try trying temp temporary temporarily experiment wip debug canary"),
    "enable": word_set("enable activate turn switch"),
    "disable": word_set("disable deactivate remove drop delete"),
    "bump": word_set("bump update upgrade version release"),
    "fix": word_set("fix fixes correct typo hotfix"),
    "use": word_set("use move migrate change"),
    "tune": word_set("increase raise reduce decrease lower scale tune"),
    "add": word_set("add new create"),
}
GROUPS = {
    "author": "what the author did before",
    "file": "what happened to these files before",
    "time": "how soon it follows another change",
    "kind": "what kind of change it is",
    "subject": "the words of its reason",
}
"""The groups of evidence; the name of each piece begins with its group's."""


_OPS = {"add": "added", "remove": "removed", "replace": "replaced", "move": "moved"}


@frozen
class Outline:
    """The outline of a change, over all its files."""

    changes: int = 0
    added: int = 0
    removed: int = 0
    replaced: int = 0
    moved: int = 0
    numbers: int = 0
    switches: int = 0
    texts: int = 0
    versions: int = 0
    score: float = 0.0
    """The highest score of its findings alone."""

    def __add__(self, other: Outline) -> Outline:
        counts = {name: getattr(self, name) + getattr(other, name) for name in _COUNTED}
        return Outline(**counts, score=max(self.score, other.score))


_COUNTED = ("changes", "added", "removed", "replaced", "moved", "numbers", "switches", "texts", "versions")


def outline_of(diff: Diff, risk: Risk) -> Outline:
    """The outline of one file's change."""
    counts = Counter(_OPS[change.op] for change in diff)
    for change in diff:
        if change.op != "replace":
            continue
        if isinstance(change.after, bool):
            counts["switches"] += 1
        elif isinstance(change.after, int | float):
            counts["numbers"] += 1
        elif isinstance(change.after, str):
            counts["texts"] += 1
            counts["versions"] += bool(_VERSION.search(change.after))
    return Outline(len(diff), **counts, score=risk.score)


def evidence(shape: Outline, history: History) -> dict[str, float]:
    """The numbers that the model weighs, by name. All are known before the change goes in."""
    files, log = history.file_changes, math.log1p
    hours = 10_000.0 if history.hours_since_last is None else max(0.0, history.hours_since_last)
    pieces: dict[str, float] = {
        "author_changes": log(history.author_changes),
        "author_new": history.author_changes == 0,
        "author_new_here": history.author_file_changes == 0,
        "author_share": history.author_file_changes / (files + 1),
        "author_file_changes": log(history.author_file_changes),
        "author_reverted_lately": 1 / (1 + history.days_since_author_revert / 7),
        "file_changes": log(files),
        "file_new": files == 0,
        "file_busy": history.file_changes_30d / (files + 1),
        "file_changes_30d": log(history.file_changes_30d),
        "file_reverts": log(history.file_reverts),
        "file_revert_rate": history.file_reverts / (files + 5),
        "file_reverted_lately": 1 / (1 + history.days_since_file_revert / 7),
        "file_count": log(history.files),
        "time_since_last": log(hours),
        "time_within_hour": hours < 1,
        "time_within_day": hours < 24,
        "time_since_any_revert": 1 / (1 + history.days_since_revert / 3),
        **{f"kind_{name}": log(getattr(shape, name)) for name in _COUNTED},
        "kind_only_versions": shape.versions > 0 and shape.versions == shape.changes,
        "kind_only_added": shape.added == shape.changes > 0,
        "kind_findings": shape.score / 100,
    }
    return {name: float(value) for name, value in (pieces | _subject_evidence(history.subject)).items()}


def of_history(history: History) -> dict[str, float]:
    """The evidence that needs no look into the files."""
    return {
        name: value for name, value in evidence(Outline(), history).items() if not name.startswith("kind_")
    }


def _subject_evidence(subject: str | None) -> dict[str, float]:
    words = set(re.findall(r"[a-z]+", (subject or "").lower()))
    pieces: dict[str, float] = {
        f"subject_{name}": float(bool(words & known)) for name, known in _WORDS.items()
    }
    return pieces | {"subject_length": math.log1p(len(subject or ""))}
