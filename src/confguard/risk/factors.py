"""Factors: the named parts that a score is the sum of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from confguard.diffs.applying import opaque
from confguard.diffs.changes import Diff
from confguard.diffs.effects import effect_of
from confguard.fields import Impact, ImpactLevel, Safer
from confguard.paths import show_path
from confguard.risk.findings import Factor, Finding, Severity
from confguard.schema.shape import Shape
from confguard.stores.interface import Revision
from confguard.texts import amount

__all__ = [
    "direction_factor",
    "finding_factors",
    "history_factors",
    "impact_factor",
    "size_factor",
]

POINTS: dict[Severity, float] = {"info": 0, "low": 10, "medium": 30, "high": 60, "critical": 80}
"""What the gravest finding of a severity is worth: one high asks for a review, one critical blocks."""
DAMPING = 0.35
"""What each further finding counts for, relative to the one before: two high findings block."""
IMPACT: dict[ImpactLevel, float] = {"low": -15, "medium": 0, "high": 10, "critical": 15}
_SIZE_CAP = 8.0


def finding_factors(findings: Sequence[Finding]) -> list[Factor]:
    """The gravest finding counts whole, each further one less.

    Of several for one setting only one counts; so it is of several that say the same of an edit made in many places.
    """
    ranked = sorted(findings, key=lambda finding: -POINTS[finding.severity])
    ranked = _first_of_each(ranked, lambda finding: finding.path)
    ranked = _first_of_each(ranked, lambda finding: (finding.code, finding.message))
    return [
        Factor(
            f"finding {finding.code}",
            POINTS[finding.severity] * DAMPING**rank,
            f"{show_path(finding.path)}: {finding.message}",
        )
        for rank, finding in enumerate(ranked)
        if POINTS[finding.severity]
    ]


def _first_of_each(findings: Iterable[Finding], same: Callable[[Finding], object]) -> list[Finding]:
    first: dict[object, Finding] = {}
    for finding in findings:
        first.setdefault(same(finding), finding)
    return list(first.values())


def impact_factor(
    diff: Diff, shape: Shape, config_impact: ImpactLevel | None, *, found: bool
) -> list[Factor]:
    """How much depends on what changed: the highest mark on the way to any change, else the config's impact.

    A low impact only lowers what findings gave, so that nothing sinks below zero.
    """
    marked = [(mark.level, path) for change in diff for path, mark in shape.marks_on(change.path, Impact)]
    if marked:
        level, path = max(marked, key=lambda entry: IMPACT[entry[0]])
        why = f"{show_path(path)} is marked as of {level} impact"
    elif config_impact:
        level, why = config_impact, f"this config is of {config_impact} impact"
    else:
        return []
    points = IMPACT[level] if found or IMPACT[level] > 0 else 0
    return [Factor("impact", points, why)] if points else []


def direction_factor(diff: Diff, shape: Shape) -> list[Factor]:
    """What moved to the side that its `Safer` mark warns of: ten times and more, and a switch, count double."""
    worst: tuple[float, str] | None = None
    for change in diff:
        mark = shape.at(change.path).mark(Safer)
        if mark is None:
            continue
        effect = effect_of(change.op, opaque(change.before), opaque(change.after), shape.at(change.path))
        if effect.word != "looser":
            continue
        points = 12.0 if effect.ratio is not None and 0.1 < effect.ratio < 10 else 25.0
        if worst is None or points > worst[0]:
            worst = points, f"{show_path(change.path)} is safer {mark.direction}, and went the other way"
    return [Factor("direction", *worst)] if worst else []


def size_factor(diff: Diff) -> list[Factor]:
    """More changes at once, a little more risk: size alone says little (area under the curve 0.55)."""
    count = len(diff)
    points = min(_SIZE_CAP, 2 * math.log2(count)) if count > 1 else 0.0
    return [Factor("size", points, f"{count} changes at once")] if points else []


def history_factors(history: Iterable[Revision] | None) -> list[Factor]:
    """What was reverted lately is likelier to be reverted again. `history` is newest first."""
    recent = [past for _, past in zip(range(10), history or (), strict=False)]
    reverts = [past for past in recent if past.reverts is not None]
    if not reverts:
        return []
    points = min(15.0, 5.0 * len(reverts) + (5.0 if recent[0].reverts is not None else 0.0))
    times = "once" if len(reverts) == 1 else f"{len(reverts)} times"
    return [Factor("history", points, f"reverted {times} in the last {amount(len(recent), 'revision')}")]
