"""What came of the demo: a summary, and a self-contained page with a plot."""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.resources import files
from string import Template

import attrs
from attrs import frozen

from confguard.demo.display import hanging
from confguard.demo.load import Login, Measured, recovery
from confguard.diffs.changes import Diff
from confguard.risk.findings import Risk
from confguard.texts import amount

ORIGINAL_MINUTES = 225


@frozen
class Happening:
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
    moments: tuple[Happening, ...]
    diff: Diff
    risk: Risk
    refused: str
    logins: tuple[Login, ...] = ()
    calm_from: float = 0.0
    capacity: float = 0.0
    """Logins a second that were answered when as many as possible were sent."""

    def with_logins(self, logins: Iterable[Login]) -> Story:
        """The story with how all logins went."""
        return attrs.evolve(self, logins=tuple(sorted(logins, key=lambda login: login.at)))

    def lost(self, act: Act) -> int:
        """Logins that were sent while an act went on, and failed."""
        return sum(not login.ok for login in self._sent(act.applied, act.ended))

    @property
    def calm(self) -> Measured:
        """How logins went before the first act: what all else is judged by."""
        return Measured.of(self._sent(self.calm_from, self.acts[0].applied if self.acts else 0.0))

    def failing(self, act: Act) -> Measured:
        """How logins went that were sent while the change was in force."""
        return Measured.of(self._sent(act.applied, act.reverted))

    def recovered_after(self, act: Act) -> float | None:
        """Seconds from the revert until logins succeeded as in calm time; None if they did not."""
        return recovery(self.logins, act.reverted, act.ended, self.calm)

    def recovered(self, act: Act) -> str:
        seconds = self.recovered_after(act)
        return "not seen" if seconds is None else f"{seconds:.1f} s"

    def after(self, act: Act) -> Measured:
        """How logins went that were sent after an act's recovery."""
        start = act.reverted + (self.recovered_after(act) or 0.0)
        return Measured.of(self._sent(start, act.ended))

    def _sent(self, start: float, end: float) -> list[Login]:
        return [login for login in self.logins if start <= login.sent < end]

    def causes(self) -> dict[str, int]:
        """Why logins failed, and how often."""
        counts: dict[str, int] = {}
        for login in self.logins:
            if not login.ok:
                counts[login.ended] = counts.get(login.ended, 0) + 1
        return dict(sorted(counts.items(), key=lambda entry: -entry[1]))

    @property
    def complete(self) -> bool:
        """Did logins fail in both acts for the settings' causes, and recover after each revert?"""
        fails = all(self.lost(act) for act in self.acts)
        return len(self.acts) == 2 and fails and None not in map(self.recovered_after, self.acts)

    def summary(self) -> str:
        lines = ["", f"{'':34}{'change in force':>16}{'logins lost':>13}{'recovered after':>17}"]
        for act, how in zip(self.acts, ("one call to revert", "reverted by itself"), strict=False):
            seconds = f"{act.reverted - act.applied:.1f} s"
            lines.append(
                f"{act.name + ', ' + how:<34}{seconds:>16}{self.lost(act):>13}{self.recovered(act):>17}"
            )
        lines.append(f"{'planned, blocked by the policy':<34}{'0 s':>16}{0:>13}")
        lines.append(f"{'18 January 2024':<34}{f'{ORIGINAL_MINUTES} min':>16}{'85% of users':>13}")
        lines += ["", hanging("calm", str(self.calm), 26)]
        for act in self.acts:
            lines.append(hanging(f"{act.name}, in force", str(self.failing(act)), 26))
            lines.append(hanging(f"{act.name}, after", str(self.after(act)), 26))
        lines.append(f"at the most, {self.capacity:.0f} logins a second were answered")
        causes = ", ".join(f"{cause} ({count})" for cause, count in self.causes().items())
        lines += ["", f"{amount(len(self.logins), 'login')}; why they failed: {causes or 'none did'}"]
        if not self.complete:
            lines.append("Not all went as it should: logins did not fail, or did not recover.")
        return "\n".join(lines)

    def to_json(self) -> dict[str, object]:
        return {
            "complete": self.complete,
            "acts": [
                {
                    "name": act.name,
                    "seconds": round(act.reverted - act.applied, 2),
                    "lost": self.lost(act),
                    "recovered_after": self.recovered_after(act),
                    "in_force": self.failing(act).to_json(),
                    "after": self.after(act).to_json(),
                }
                for act in self.acts
            ],
            "calm": self.calm.to_json(),
            "capacity": round(self.capacity, 1),
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
            f"<tr><td>{act.name}</td><td>{act.reverted - act.applied:.1f} s</td><td>{story.lost(act)}</td>"
            f"<td>{story.recovered(act)}</td></tr>"
            for act in story.acts
        ),
        timeline="\n".join(
            f"<tr><td>{moment.at:.1f} s</td><td>{moment.kind}</td><td>{html.escape(moment.text)}</td></tr>"
            for moment in story.moments
        ),
        causes=html.escape(", ".join(f"{cause} ({count})" for cause, count in story.causes().items()))
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
