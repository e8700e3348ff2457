"""Process: how a change comes about. What is not known (a reason, the time) is not judged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from confguard.risk.findings import Finding
from confguard.risk.rules.interface import Context, Example, Rule
from confguard.texts import amount

__all__ = ["LongUntouched", "OutsideHours", "ThinReason", "UnderFreeze"]

_THIN = frozenset(
    {
        "wip",
        "fix",
        "fixes",
        "update",
        "change",
        "test",
        "tmp",
        "misc",
        "stuff",
        "config",
        "tweak",
        "minor",
        "x",
    }
)
_YEAR = timedelta(days=365)


class _ProcessRule(Rule):
    """A rule about the circumstances; its page has no documents to compare."""

    example = Example("x = 1\n", "x = 2\n", "x = 1\n")


class ThinReason(_ProcessRule):
    """No reason that tells anything."""

    code = "CG901"
    title = "the reason says nothing"
    severity = "low"
    reason = "Who looks for the cause of an outage at night reads the reasons of the last changes."
    advice = "Say what the change is for, and what it is meant to do."

    def check(self, context: Context) -> Iterator[Finding]:
        """Blank, or a word that fits any change."""
        said = context.process.reason
        if said is not None and context.diff.changes:
            words = [word.strip(".:!").lower() for word in said.split()]
            if not words or (len(words) <= 2 and set(words) <= _THIN):
                yield self.finding(
                    (), f"the reason given is {said.strip()!r}" if words else "no reason is given"
                )


class LongUntouched(_ProcessRule):
    """The first change to a setting in a year."""

    code = "CG902"
    title = "a setting that was not touched in a year"
    severity = "low"
    reason = "Who knew why it has this value may be gone, and so may what it was tried with."
    advice = "Ask whoever set it; look at what it was changed for the last time."

    def check(self, context: Context) -> Iterator[Finding]:
        """Where the history reaches back a year, and this setting's last change lies before."""
        since = context.process.last_changed
        for change in context.diff:
            last = since(change.path) if since and change.op != "add" else None
            if last is not None and last > _YEAR:
                yield self.finding(change.path, f"was last changed {amount(last.days, 'day')} ago")


class OutsideHours(_ProcessRule):
    """A change when nobody is there to see what it does."""

    code = "CG903"
    title = "outside of the agreed hours"
    severity = "medium"
    reason = (
        "At night and before a weekend it takes longer until somebody notices, and until somebody can help."
    )
    advice = "Wait, or have somebody watch."

    def check(self, context: Context) -> Iterator[Finding]:
        """By the policy's `hours` and `days`."""
        if context.diff.changes and context.process.outside_hours:
            yield self.finding((), f"it is {context.process.outside_hours}")


class UnderFreeze(_ProcessRule):
    """A change while changes are frozen."""

    code = "CG904"
    title = "changes are frozen"
    severity = "critical"
    reason = "A freeze is there because a failure now costs more than the change is worth."
    advice = "Wait until it ends, or override it with a reason."

    def check(self, context: Context) -> Iterator[Finding]:
        """By the policy's `freeze` windows."""
        if context.diff.changes and context.process.freeze:
            yield self.finding((), f"frozen: {context.process.freeze}")
