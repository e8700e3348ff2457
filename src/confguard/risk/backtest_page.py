"""A backtest as text for a person, and as one page of HTML that loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from string import Template

from confguard.errors import harmless
from confguard.risk.backtest import (
    Backtest,
    auc,
    average_precision,
    calibration,
    calibration_error,
    recall_at,
)
from confguard.texts import amount, shortened


def to_text(result: Backtest) -> str:
    """The figures, the calibration as bars, and the top misses."""
    labels, likely = result.labels, result.likelihoods
    lines = [
        f"{result.repository}: {amount(len(labels), 'change')} to configuration, {sum(labels)} reverted"
        + (" (shallow: the beginning is missing)" if result.shallow else "")
    ]
    if result.unread:
        lines.append(f"  {amount(result.unread, 'file')} could not be read (templates, very large ones)")
    if not any(labels) or all(labels):
        return "\n".join([*lines, "  nothing was reverted: there is nothing to compare with"])
    scores = [float(each.score) for each in result.scored]
    lines += [
        f"  area under the curve  {auc(likely, labels):.3f}   (chance 0.5; findings alone {auc(scores, labels):.3f})",
        f"  average precision     {average_precision(likely, labels):.3f}   (chance {sum(labels) / len(labels):.3f})",
        f"  calibration error     {calibration_error(likely, labels):.3f}   (mean distance, ten groups)",
        *(
            f"  reverted ones in the riskiest {share:>3.0%}   {recall_at(likely, labels, share):.0%}"
            for share in (0.05, 0.1, 0.2)
        ),
        "",
        "  likelihood   reverted   of   (tenths, from the least to the most likely)",
    ]
    for mean, share, count in calibration(likely, labels):
        lines.append(f"  {mean:9.1%}   {share:8.1%}   {count:,}")
    lines += ["", "  reverted, and thought the least likely to be:"]
    for each in result.misses():
        subject = harmless(each.commit.subject)
        shown = shortened(subject, 48)
        lines.append(f"  {each.commit.sha[:10]}  {each.likelihood:6.1%}  {shown}  ({each.how})")
    return "\n".join(lines)


_PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Backtest of $name</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<style>
:root { color-scheme: light dark; --line: #8886; --ink: #0a7d74; --muted: #888 }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
table { border-collapse: collapse }
td, th { padding: .25rem .75rem; text-align: left; border-top: 1px solid var(--line) }
svg { max-width: 30rem; width: 100%; height: auto } .muted { color: var(--muted) } code { font-size: 13px }
</style></head><body>
<h1>Backtest of $name</h1>
<p>$count changes to configuration, $reverted of them reverted. Each was scored with only what was known before it.</p>
<table>$figures</table>
<h2>Calibration</h2>
<p class="muted">Tenths of all changes: how likely they were thought to be reverted, and how many were.
On the line, both agree.</p>
$plot
<h2>Reverted, and thought the least likely to be</h2>
<table><tr><th>commit</th><th>likelihood</th><th>subject</th><th>taken back</th></tr>$misses</table>
</body></html>
""")


def to_html(result: Backtest) -> str:
    """The figures, the calibration as a plot, and the top misses, as a page that stands alone."""
    labels, likely = result.labels, result.likelihoods
    scores = [float(each.score) for each in result.scored]
    figures = [
        ("area under the curve", f"{auc(likely, labels):.3f}"),
        ("of the findings alone", f"{auc(scores, labels):.3f}"),
        ("average precision", f"{average_precision(likely, labels):.3f}"),
        *(
            (f"reverted ones in the riskiest {s:.0%}", f"{recall_at(likely, labels, s):.0%}")
            for s in (0.05, 0.1, 0.2)
        ),
        ("expected calibration error", f"{calibration_error(likely, labels):.3f}"),
        ("files that could not be read", f"{result.unread:,}"),
    ]
    return _PAGE.substitute(
        name=_text(result.repository),
        count=f"{len(labels):,}",
        reverted=sum(labels),
        figures="".join(f"<tr><td>{_text(name)}</td><td>{_text(value)}</td></tr>" for name, value in figures),
        plot=reliability_plot(calibration(likely, labels)),
        misses="".join(
            f"<tr><td><code>{each.commit.sha[:10]}</code></td><td>{each.likelihood:.1%}</td>"
            f"<td>{_text(each.commit.subject)}</td><td>{_text(each.how)}</td></tr>"
            for each in result.misses()
        ),
    )


def reliability_plot(groups: Sequence[tuple[float, float, int]]) -> str:
    """A scatter of the groups, both axes from 0 to the largest value."""
    most = max([0.01, *(max(mean, share) for mean, share, _ in groups)]) * 1.1
    size, edge = 300, 40

    def at(value: float) -> float:
        return size * value / most

    dots = "".join(
        f'<circle cx="{edge + at(mean):.1f}" cy="{size - at(share) + 10:.1f}" r="5" fill="var(--ink, #0a7d74)">'
        f"<title>{mean:.1%} thought, {share:.1%} reverted, {amount(count, 'change')}</title></circle>"
        for mean, share, count in groups
    )
    frame = (
        f'<path d="M{edge} 10V{size + 10}H{size + edge}" fill="none" stroke="var(--muted, #888)"/>'
        f'<path d="M{edge} {size + 10}L{size + edge} 10" stroke="var(--line, #8886)" stroke-dasharray="4"/>'
    )

    def label(x: int, y: int, anchor: str, text: str) -> str:
        return f'<text x="{x}" y="{y}" font-size="12" text-anchor="{anchor}" fill="var(--muted, #888)">{text}</text>'

    labels = label(edge, size + 30, "start", "0") + label(edge - 5, 20, "end", f"{most:.0%}")
    labels += label(size + edge, size + 30, "end", f"{most:.0%} thought")
    return f'<svg viewBox="0 0 {size + edge + 10} {size + 40}" role="img">{frame}{dots}{labels}</svg>'


def _text(text: str) -> str:
    return escape(harmless(text), quote=True)
