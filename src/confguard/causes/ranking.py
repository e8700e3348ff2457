"""Which of the changes in a window is the likeliest cause: factors that add up to a score, as those of a risk do."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from heapq import nlargest
from typing import TypeAlias

from attrs import define, field, frozen

from confguard.causes.changes import Collected, FileVersions, Recent, shown
from confguard.causes.dependencies import Dependencies
from confguard.causes.symptoms import Match, Symptom
from confguard.diffs.changes import Change, Diff
from confguard.diffs.engine import diff_of_file
from confguard.documents.document import Document
from confguard.errors import ConfguardError, harmless
from confguard.paths import overlap
from confguard.risk.findings import Factor, Risk
from confguard.risk.judging import Side, Terms
from confguard.schema.schema import SchemaLike
from confguard.texts import amount

LOOKED_INTO = 200
"""So many changes are read and compared: those that seem likeliest by time, names and reasons."""
ASSESSED = 60
"""So many of these are held against all rules."""
_FILES_ASSESSED = 3
_CHANGES = 200
"""Of a file that changed more, so many changes are held against the symptom."""

TIME, TIME_ALONE, RISK, SYMPTOM = 25.0, 75.0, 0.3, 45.0
"""Time counts for more where no symptom says what to look for: the newest change is what most reverts take back."""
_AT_ONCE, _SOON, _LATER = 5 * 60.0, 15 * 60.0, 60 * 60.0
"""Such a time before the symptom counts for little: rollouts take time, and a disk fills slowly."""
DEPENDENTS = 5.0
LIKELIHOOD, _USUAL, _MOST_LIKELY = 6.0, 0.05, 15.0
"""What twice as likely as usual counts for, what is usual, and the most that it counts for."""
NOT_REACHED = -12.0
HEALTH = 20.0
_BROKEN = 25.0
_Parse: TypeAlias = Callable[[Side], Document | None]


@frozen
class Suspect:
    """A change that may be the cause, how likely it is against the others, and why."""

    config: str
    revision: int | str
    """Its number in the store; of a commit, its name."""
    score: int
    """From 0 to 100."""
    factors: tuple[Factor, ...]
    """What the score is the sum of."""
    at: datetime
    author: str
    reason: str
    revert: str | None
    """The command that takes it back; None for what a bake took back by itself, which nobody is to bring back."""
    changes: tuple[str, ...] = ()
    """What it changed, without secrets."""
    taken_back: str | None = None
    """By what it was taken back since."""

    @property
    def why(self) -> list[str]:
        """The factors in words."""
        return [f"{factor.points:+.0f} {factor.name}: {factor.why}" for factor in self.factors]

    def to_json(self) -> dict[str, object]:
        """The suspect as the JSON that other programs rely on."""
        return {
            "config": self.config,
            "revision": self.revision,
            "score": self.score,
            "why": self.why,
            "revert": self.revert,
            "at": self.at.isoformat(),
            "author": self.author,
            "reason": self.reason,
            "taken_back": self.taken_back,
            "changes": list(self.changes),
            "factors": [factor.to_json() for factor in self.factors],
        }


@define
class _Candidate:
    """A change that is being looked into."""

    recent: Recent
    factors: list[Factor]
    diffs: list[tuple[FileVersions, Diff]] = field(factory=list)
    broken: str | None = None

    @property
    def config(self) -> str:
        """The config; of a commit, the file that has most to do with the symptom."""
        return self.diffs[0][0].name if self.diffs else self.recent.config

    @property
    def points(self) -> float:
        return sum(factor.points for factor in self.factors)

    @property
    def drastic(self) -> float:
        """How far the largest change went, by powers of ten; before rules are asked."""
        sizes = (
            abs(change.effect.magnitude or 0) for _, each in self.diffs for change in each.changes[:_CHANGES]
        )
        return min(3, max(sizes, default=0)) * 4.0


def rank(
    collected: Collected,
    at: datetime,
    window: timedelta,
    symptom: Symptom,
    depends: Dependencies,
    terms_of: Callable[[str], Terms],
    *,
    limit: int,
    why: str,
) -> list[Suspect]:
    """The likeliest causes, first the likeliest; what cannot be one is counted in `collected`."""
    candidates = [
        _Candidate(each, _from_outside(each, at, window, symptom, depends)) for each in collected.recent
    ]
    likeliest = nlargest(LOOKED_INTO, candidates, key=lambda each: each.points)
    if len(likeliest) < len(candidates):
        collected.notes.append(
            f"{len(candidates):,} changes: the likeliest {LOOKED_INTO} by time and name were compared"
        )
    parse = cache(lambda side: side.document(tags=["*"]))  # what one change left is what the next one found
    compared = [each for each in likeliest if _compare(each, symptom, terms_of, parse, collected)]
    if len(compared) > ASSESSED:
        collected.notes.append(
            f"of {len(compared)} changes that were compared, the likeliest {ASSESSED} were held against all rules"
        )
    assessed = nlargest(ASSESSED, compared, key=lambda each: each.points + each.drastic)
    for each in assessed:
        each.factors += _risk_factors(each, terms_of)
    first = nlargest(limit, assessed, key=lambda each: (each.points, each.recent.at))
    return [_suspect(each, why, terms_of(each.config).schema) for each in first]


def _from_outside(
    recent: Recent, at: datetime, window: timedelta, symptom: Symptom, depends: Dependencies
) -> list[Factor]:
    """What is known of a change without a look into it."""
    factors = [_time(recent, at, window, symptom), *_place(recent, depends)]
    if recent.override:
        factors.append(Factor("override", 5.0, f"the policy was overridden: {shown(recent.override)}"))
    if recent.brings_back:
        factors.append(Factor("revert", -20.0, "it brings back what was in force before"))
    if recent.taken_back:
        factors.append(
            Factor("afterwards", 20.0, f"it was taken back after the symptom, by {recent.taken_back}")
        )
    return factors


def _time(recent: Recent, at: datetime, window: timedelta, symptom: Symptom) -> Factor:
    seconds, most = max(0.0, (at - recent.at).total_seconds()), window.total_seconds()
    unit = _LATER if symptom.is_slow else _SOON if symptom.words else _AT_ONCE
    share = max(0.0, 1 - math.log1p(seconds / unit) / math.log1p(most / unit))
    slowly = ", and such symptoms come slowly" if symptom.is_slow else ""
    points = (TIME if symptom.words else TIME_ALONE) * share
    return Factor("time", points, f"{lasted(seconds)} before the symptom{slowly}")


def _place(recent: Recent, depends: Dependencies) -> list[Factor]:
    """Where the change is: what the symptom names, what that depends on, or far away."""
    factors = []
    nearness = depends.nearness(recent.named)
    if nearness:
        factors.append(Factor(*nearness))
    dependents = depends.dependents(recent.named)
    if dependents:
        points = min(DEPENDENTS, float(dependents))
        factors.append(
            Factor("dependents", points, f"{amount(dependents, 'config depends', 'configs depend')} on it")
        )
    return factors


def _compare(
    candidate: _Candidate,
    symptom: Symptom,
    terms_of: Callable[[str], Terms],
    parse: _Parse,
    collected: Collected,
) -> bool:
    """Look into a change, and add what that tells. False where it is not a suspect."""
    recent = candidate.recent
    try:
        files = recent.files()
    except ConfguardError as error:
        candidate.factors.append(Factor("content", 0.0, f"not there to be compared: {shown(str(error))}"))
        return True
    was_broken = False
    for file in files:
        try:
            before, after = parse(file.before), parse(file.after)
            now = after if file.is_last else parse(file.at_symptom)
        except ConfguardError as error:
            if file.after.content != file.before.content:
                was_broken = True
                if not candidate.broken and _parses(file.before, parse) and not _parses(file.after, parse):
                    candidate.broken = f"{file.name} does not parse any more: {error}"
            continue
        change = diff_of_file(before, after, terms_of(file.name).schema)
        if change.same:
            continue
        if not file.is_last and not _is_left(change, diff_of_file(before, now, terms_of(file.name).schema)):
            continue
        candidate.diffs.append((file, change))
    if not candidate.diffs and not was_broken:
        if not all(file.is_last for file in files):
            collected.leave_out_undone(recent.config, recent.revision)
        else:
            collected.leave_out("no change in meaning")
        return False
    _match(candidate, symptom)
    reach = recent.reach()
    if reach:
        candidate.factors.append(Factor("reach", NOT_REACHED * (1 - reach[0]), reach[1]))
    health = recent.health()
    if health:
        candidate.factors.append(Factor("health", HEALTH * health[0], health[1]))
    return True


def _parses(side: Side, parse: _Parse) -> bool:
    try:
        parse(side)
    except ConfguardError:
        return False
    return True


def _is_left(change: Diff, since: Diff) -> bool:
    """Is something of a change still in force, after what came later?"""
    return any(overlap(one.path, other.path) for one in change for other in since)


def _match(candidate: _Candidate, symptom: Symptom) -> None:
    """Hold what changed against the symptom: the setting that fits best counts, and its file comes first."""
    if candidate.diffs and symptom.words:  # to find comments costs as much as to parse
        best = [_best_match(candidate.recent, file, changes, symptom) for file, changes in candidate.diffs]
        ranked = sorted(zip(best, candidate.diffs, strict=True), key=lambda pair: -pair[0].share)
        candidate.diffs = [changed for _, changed in ranked]
        match = ranked[0][0]
        if match.share:
            candidate.factors.append(Factor("symptom", SYMPTOM * match.share, harmless(match.why)))


def _best_match(recent: Recent, file: FileVersions, changes: Diff, symptom: Symptom) -> Match:
    matches = (
        symptom.match(change, (*recent.named[:1], file.name), _notes(changes, change))
        for change in changes.changes[:_CHANGES]
    )
    return max(matches, key=lambda each: each.share)


def _notes(changes: Diff, change: Change) -> str:
    """What stands beside a setting, and what its schema says of it."""
    described = change.shape.description or ""
    document = changes.after_document
    position = document.locate(change.place) if document and change.op != "remove" else None
    if document is None or position is None:
        return described
    lines = document.part_at(change.place)[0].text.splitlines()
    above = range(position.line - 2, max(-1, position.line - 5), -1)
    comments = []
    for index in above:
        if not lines[index].lstrip().startswith(("#", "//", ";")):
            break
        comments.append(lines[index])
    behind = lines[position.line - 1].partition(" #")[2] if position.line <= len(lines) else ""
    return " ".join([described, *comments, behind])


def _risk_factors(candidate: _Candidate, terms_of: Callable[[str], Terms]) -> list[Factor]:
    """What the risk model says of a change: of several files, of the gravest."""
    if candidate.broken:
        return [Factor("risk", _BROKEN, harmless(candidate.broken))]
    risks = [
        terms_of(file.name).judge(changes, candidate.recent.circumstances)[0]
        for file, changes in candidate.diffs[:_FILES_ASSESSED]
    ]
    if not risks:
        return []
    risk = max(risks, key=lambda each: each.score)
    share = RISK * (0.3 if candidate.recent.brings_back else 1.0)
    factors = [Factor("risk", share * risk.score, _risk_why(risk))]
    if risk.likelihood is not None and not candidate.recent.brings_back:
        points = LIKELIHOOD * math.log2(max(risk.likelihood, 1e-4) / _USUAL)
        why = f"of changes like it, {risk.likelihood:.1%} were reverted"
        factors.append(Factor("likelihood", max(-_MOST_LIKELY, min(_MOST_LIKELY, points)), why))
    return factors


def _risk_why(risk: Risk) -> str:
    gravest = next((f": {factor.why}" for factor in risk.factors if factor.points > 0), "")
    return harmless(f"{risk.score} of 100 ({risk.level}){gravest}")


def _suspect(candidate: _Candidate, why: str, schema: SchemaLike) -> Suspect:
    recent = candidate.recent
    factors = sorted(candidate.factors, key=lambda each: -each.points)
    total = sum(each.points for each in factors)
    score = round(min(100.0, max(0.0, total)))
    if abs(total - score) >= 0.5:
        factors.append(Factor("bounds", score - total, "a score is whole, and from 0 to 100"))
    changes = [str(change) for _, each in candidate.diffs for change in each.changes[:3]]
    return Suspect(
        config=candidate.config,
        revision=recent.revision,
        score=score,
        factors=tuple(each for each in factors if abs(each.points) >= 0.5 or each.name == "content"),
        at=recent.at,
        author=recent.author,
        reason=shown(recent.reason),
        revert=recent.revert(why, schema),
        changes=tuple(harmless(each)[:200] for each in changes[:3]),
        taken_back=recent.taken_back,
    )


def lasted(seconds: float) -> str:
    """How long something was, as a person says it.

    >>> lasted(42), lasted(600), lasted(5400), lasted(200000)
    ('42 s', '10 min', '1 h 30 min', '2 d 8 h')
    """
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if seconds < 60:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    if hours < 48:
        return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    return f"{hours // 24} d" + (f" {hours % 24} h" if hours % 24 else "")
