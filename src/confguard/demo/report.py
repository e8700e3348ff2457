"""What came of the demo: a summary, and a self-contained page with a plot."""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.resources import files
from string import Template

import attrs
from attrs import frozen

from confguard.demo.load import Login
from confguard.diff.changes import Diff
from confguard.risk.findings import Risk

__all__ = ["Act", "Moment", "Story", "write_report"]

ORIGINAL_MINUTES = 225


@frozen
class Moment:
    """Something that happened, in seconds since the start."""

    at: float
    kind: str
    text: str


@frozen
class Act:
    """From when to when the bad change was in force, and until when the act went on."""

    name: str
    applied: float
    reverted: float
    ended: float


@frozen
class Story:
    """All that happened."""

    acts: tuple[Act, ...]
    moments: tuple[Moment, ...]
    diff: Diff
    risk: Risk
    refused: str
    logins: tuple[Login, ...] = ()

    def with_logins(self, logins: Iterable[Login]) -> Story:
        """The story with how all logins went."""
        return attrs.evolve(self, logins=tuple(sorted(logins, key=lambda login: login.at)))

    def lost(self, act: Act) -> int:
        """Logins that failed while an act went on."""
        return sum(1 for login in self.logins if act.applied <= login.at < act.ended and not login.ok)

    def causes(self) -> dict[str, int]:
        """Why logins failed, and how often."""
        found: dict[str, int] = {}
        for login in self.logins:
            if not login.ok:
                found[login.ended] = found.get(login.ended, 0) + 1
        return dict(sorted(found.items(), key=lambda entry: -entry[1]))

    @property
    def complete(self) -> bool:
        """Did logins fail in both acts for the settings' causes, and recover after each revert?"""
        fails = all(self.lost(act) for act in self.acts)
        return len(self.acts) == 2 and fails and all(self._recovered(act) for act in self.acts)

    def _recovered(self, act: Act) -> bool:
        after = [login.ok for login in self.logins if act.reverted + 1 <= login.at < act.ended]
        return bool(after) and sum(after) >= 0.98 * len(after)

    def summary(self) -> str:
        """What came of it, for a person."""
        lines = ["", f"{'':34}{'change in force':>18}{'logins lost':>14}"]
        for act, how in zip(self.acts, ("one call to revert", "reverted by itself"), strict=False):
            seconds = f"{act.reverted - act.applied:.1f} s"
            lines.append(f"{act.name + ', ' + how:<34}{seconds:>18}{self.lost(act):>14}")
        lines.append(f"{'planned, blocked by the policy':<34}{'0 s':>18}{0:>14}")
        lines.append(f"{'18 January 2024':<34}{f'{ORIGINAL_MINUTES} min':>18}{'85% of users':>14}")
        causes = ", ".join(f"{count} {cause}" for cause, count in self.causes().items())
        lines += ["", f"{len(self.logins)} logins; those that failed: {causes or 'none'}"]
        if not self.complete:
            lines.append("Not all went as it should: logins did not fail, or did not recover.")
        return "\n".join(lines)

    def to_json(self) -> dict[str, object]:
        """What came of it, for a program."""
        return {
            "complete": self.complete,
            "acts": [
                {"name": act.name, "seconds": round(act.reverted - act.applied, 2), "lost": self.lost(act)}
                for act in self.acts
            ],
            "refused": self.refused,
            "logins": len(self.logins),
            "causes": self.causes(),
            "original_minutes": ORIGINAL_MINUTES,
        }


def write_report(story: Story) -> str:
    """The page: no scripts, nothing loaded from elsewhere."""
    page = Template(files("confguard.demo").joinpath("report.html").read_text(encoding="utf-8"))
    return page.substitute(
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        plot=_plot(story),
        score=story.risk.score,
        level=story.risk.level,
        refused=html.escape(story.refused),
        changes="\n".join(f"<li><code>{html.escape(str(change))}</code></li>" for change in story.diff),
        factors="\n".join(
            f"<tr><td>{factor.points:+.0f}</td><td>{html.escape(factor.name)}</td><td>{html.escape(factor.why)}</td></tr>"
            for factor in story.risk.factors
        ),
        findings="\n".join(
            f"<li><strong>{finding.code}</strong> <span class={finding.severity}>{finding.severity}</span>"
            f" {html.escape(finding.message)}<br><small>{html.escape(finding.advice)}</small></li>"
            for finding in story.risk.findings
        ),
        acts="\n".join(
            f"<tr><td>{act.name}</td><td>{act.reverted - act.applied:.1f} s</td><td>{story.lost(act)}</td></tr>"
            for act in story.acts
        ),
        timeline="\n".join(
            f"<tr><td>{moment.at:.1f} s</td><td>{moment.kind}</td><td>{html.escape(moment.text)}</td></tr>"
            for moment in story.moments
        ),
        causes=html.escape(", ".join(f"{count} {cause}" for cause, count in story.causes().items()))
        or "none",
        logins=len(story.logins),
    )


_WIDTH, _HEIGHT, _LEFT, _TOP = 860, 260, 44, 16


def _plot(story: Story) -> str:
    """Success over time, half a second a step, with the times the bad change was in force shaded."""
    end = max([login.at for login in story.logins] + [act.ended for act in story.acts] + [1.0])

    def x(seconds: float) -> float:
        return round(_LEFT + seconds / end * (_WIDTH - _LEFT - 8), 1)

    def y(share: float) -> float:
        return round(_TOP + (1 - share) * (_HEIGHT - _TOP - 28), 1)

    parts = [
        f'<rect class="bad" x="{x(act.applied)}" y="{_TOP}" width="{max(1, x(act.reverted) - x(act.applied))}"'
        f' height="{y(0) - _TOP}"><title>{act.name}: the change is in force</title></rect>'
        f'<text x="{x(act.applied)}" y="{_TOP - 4}">{act.name}</text>'
        for act in story.acts
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - 8}" y1="{y(share)}" y2="{y(share)}"/>')
        parts.append(f'<text class="y" x="{_LEFT - 6}" y="{y(share) + 4}">{share:.0%}</text>')
    parts += [
        f'<text class="x" x="{x(second)}" y="{_HEIGHT - 8}">{second} s</text>'
        for second in range(0, int(end) + 1, 5)
    ]
    points = " ".join(f"{x(at)},{y(share)}" for at, share in _shares(story.logins, end))
    parts.append(f'<polyline class="success" points="{points}"/>')
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-label="share of logins that succeed, over time">{"".join(parts)}</svg>'
    )


def _shares(logins: Iterable[Login], end: float, step: float = 0.5) -> list[tuple[float, float]]:
    steps: dict[int, list[bool]] = {}
    for login in logins:
        steps.setdefault(int(login.at / step), []).append(login.ok)
    return [(min(end, (at + 0.5) * step), sum(ok) / len(ok)) for at, ok in sorted(steps.items())]
