"""Findings, factors and the risk they add up to, as values."""

from __future__ import annotations

import hashlib
import json
import os.path
import re
from typing import Literal, TypeAlias, get_args

from attrs import field, frozen

from confguard.errors import harmless, place
from confguard.paths import Path, path_to_json, show_path

Severity: TypeAlias = Literal["info", "low", "medium", "high", "critical"]
Level: TypeAlias = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""From the least grave to the gravest."""

_LINE = re.compile(r"\b(?:line|column) \d+")
"""Where a message names another place: that moves, too."""


@frozen
class Finding:
    """What a rule says of a change."""

    code: str
    severity: Severity
    path: Path
    message: str
    advice: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    source: str | None = field(default=None, eq=False, repr=False)
    """The line of the source, where it may be shown."""
    under: tuple[int, int] | None = field(default=None, eq=False, repr=False)
    """Column and length of the value at fault in that line; None where the key is at fault."""

    near: str | None = field(default=None, eq=False, repr=False)
    """The names around the place, where no path is known because the file does not parse."""

    @property
    def fingerprint(self) -> str:
        """What stays the same when lines move: for baselines and for reports that follow a finding.

        >>> one = Finding("CG201", "high", ("pool",), "cut", "", "a.toml", 3)
        >>> one.fingerprint == Finding("CG201", "high", ("pool",), "cut", "", "a.toml", 9).fingerprint
        True
        """
        # Of a file that does not parse or fit, one mistake is not another one at the same place.
        mistake = [_LINE.sub("", self.message)] if self.code.startswith("CG00") else []
        mistake += [self.near] if self.near else []
        file = os.path.normpath(self.file) if self.file else self.file
        identity = json.dumps(
            [self.code, file, path_to_json(self.path), *mistake], sort_keys=True, default=str
        )
        return hashlib.sha256(identity.encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, object]:
        """The finding as the JSON that other programs rely on."""
        fields: dict[str, object] = {
            "code": self.code,
            "severity": self.severity,
            "path": path_to_json(self.path),
            "message": self.message,
            "advice": self.advice,
            "fingerprint": self.fingerprint,
        }
        located = {"file": self.file, "line": self.line, "column": self.column}
        return fields | {name: value for name, value in located.items() if value is not None}

    def __str__(self) -> str:
        where = place(self.file, self.line, self.column)
        return harmless(f"{where}{self.code} {self.severity}: {show_path(self.path)}: {self.message}")


@frozen
class Factor:
    """One named, explained part of a score. The points of all factors sum to the score."""

    name: str
    points: float
    why: str

    def to_json(self) -> dict[str, object]:
        """The factor as the JSON that other programs rely on."""
        return {"name": self.name, "points": round(self.points, 1), "why": self.why}


@frozen
class Risk:
    """How dangerous a diff is, from 0 to 100, and why."""

    score: int
    findings: tuple[Finding, ...] = ()
    factors: tuple[Factor, ...] = ()
    likelihood: float | None = None
    """How likely changes like this one were reverted, from 0 to 1; None where no history is known."""
    accepted: tuple[object, ...] = ()
    """Findings that do not count, with the reason (`Accepted`)."""

    @property
    def level(self) -> Level:
        """`low` below 25, `medium` below 50, `high` below 75, else `critical`."""
        return level_of(self.score)

    def to_json(self, decision: str) -> dict[str, object]:
        """The risk as the JSON that other programs rely on, with what a policy decides."""
        return {
            "score": self.score,
            "level": self.level,
            "decision": str(decision),
            "findings": [finding.to_json() for finding in self.findings],
            "factors": [factor.to_json() for factor in self.factors],
            "likelihood": None if self.likelihood is None else round(self.likelihood, 4),
            "accepted": [str(each) for each in self.accepted],
        }

    def explain(self) -> str:
        """The score, its factors and its findings, for a person.

        >>> print(Risk(60, (), (Factor("finding", 60.0, "a pool is cut"),)).explain())
        risk 60 (high)
          +60  finding: a pool is cut
        """
        lines = [f"risk {self.score} ({self.level})"]
        lines += [f"  {factor.points:+.0f}  {factor.name}: {factor.why}" for factor in self.factors]
        if self.likelihood is not None:
            lines.append(f"  of changes like it, {self.likelihood:.1%} were reverted")
        for finding in self.findings:
            lines += [f"{finding}", f"    {finding.advice}"]
        return "\n".join(lines)


def chart(risk: Risk, width: int = 30) -> str:
    """The factors as bars, for a terminal: to the right what raises the score, to the left what lowers it.

    >>> print(chart(Risk(50, (), (Factor("finding", 60.0, ""), Factor("impact", -10.0, ""))), 12))
    finding             |########## +60.0
    impact            ##|           -10.0
    """
    most = max((abs(factor.points) for factor in risk.factors), default=1.0)
    left = max((-factor.points for factor in risk.factors if factor.points < 0), default=0.0)
    room = max(2, round(width * left / (left + most))) if left else 0
    lines = []
    for factor in risk.factors:
        bar = "#" * max(1, round((width - room) * abs(factor.points) / most))
        before = bar[:room].rjust(room) if factor.points < 0 else " " * room
        after = (bar if factor.points > 0 else "").ljust(width - room)
        lines.append(f"{factor.name[:18]:18}{before}|{after} {factor.points:+.1f}")
    return "\n".join(lines)


def level_of(score: float) -> Level:
    """The level of a score.

    >>> level_of(49), level_of(50)
    ('medium', 'high')
    """
    return "low" if score < 25 else "medium" if score < 50 else "high" if score < 75 else "critical"


def lowered(severity: Severity) -> Severity:
    """One step less grave.

    >>> lowered("high"), lowered("info")
    ('medium', 'info')
    """
    return SEVERITIES[max(0, SEVERITIES.index(severity) - 1)]
