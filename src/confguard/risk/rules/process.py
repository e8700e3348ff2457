"""Process: how a change comes about. What is not known (a reason, the time) is not judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from attrs import evolve

from confguard.diffs.changes import Diff
from confguard.documents.bundle import Bundle
from confguard.documents.document import Document
from confguard.fields import Owner
from confguard.paths import Path
from confguard.risk.findings import Finding, Severity
from confguard.risk.rules.interface import Context, Example, Rule
from confguard.schema.guarded import opaque
from confguard.texts import amount, word_set
from confguard.values import Documents, Files

FREEZE = "CG904"
_THIN = word_set("wip fix fixes update change test tmp misc stuff config tweak minor x")
_TAKES_ALONG = {
    "Namespace": "all that stands in the namespace",
    "CustomResourceDefinition": "every object of its kind",
    "PersistentVolumeClaim": "the data of the volume",
    "PersistentVolume": "the data of the volume",
    "NetworkPolicy": "who may reach whom",
}
_YEAR = timedelta(days=365)
_MANY_OWNERS = 3
_WEIGHTY = ", and much depends on it"


class _ProcessRule(Rule):
    """A rule about the circumstances; its page has no documents to compare."""

    example = Example("x = 1\n", "x = 2\n", "x = 1\n")


class ThinReason(_ProcessRule):
    code = "CG901"
    title = "the reason says nothing"
    severity = "low"
    reason = "Who looks for the cause of an outage at night reads the reasons of the last changes."
    advice = "Say what the change is for, and what it is meant to do."

    def check(self, context: Context) -> Iterator[Finding]:
        """Blank, or a word that fits any change."""
        given = context.process.reason
        if given is not None and context.diff.changes:
            words = [word.strip(".:!").lower() for word in given.split()]
            if not words or (len(words) <= 2 and set(words) <= _THIN):
                yield self.finding(
                    (), f"the reason given is {given.strip()!r}" if words else "no reason is given"
                )


class LongUntouched(_ProcessRule):
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
                weighty = context.is_weighty(change.path)
                yield self.finding(
                    change.path,
                    f"was not changed in {amount(last.days, 'day')}" + _WEIGHTY * weighty,
                    "high" if weighty else None,
                )


class TakenBackBefore(_ProcessRule):
    code = "CG907"
    title = "a value that was taken back before"
    severity = "medium"
    reason = "What was reverted once fails again where its cause was not removed."
    advice = "Read why it was reverted; say in the reason what is different now."

    def check(self, context: Context) -> Iterator[Finding]:
        """Settings that get the value of a revision that a revert undid."""
        outcome_of = context.process.taken_back
        for change in context.diff if outcome_of else ():
            if outcome_of and (outcome := outcome_of(change.path, opaque(change.after))):
                yield self.finding(change.path, outcome)


class ManyOwners(_ProcessRule):
    code = "CG908"
    title = "settings of many owners in one change"
    severity = "low"
    reason = "Nobody knows all of it; each owner looks at a part, and takes the rest for somebody else's."
    advice = "Make it a change for each owner, or have each of them approve it."
    example = Example("a = 1\nb = 1\nc = 1\n", "a = 2\nb = 2\nc = 2\n", "a = 2\nb = 1\nc = 1\n")

    def check(self, context: Context) -> Iterator[Finding]:
        """Three owners and more, by the schema's `Owner` marks."""
        paths = [change.path for change in context.diff]
        teams = {mark.team for path in paths for _, mark in context.shape.marks_on(path, Owner)}
        if len(teams) >= _MANY_OWNERS:
            weighty = any(map(context.is_weighty, paths))
            message = f"of {len(teams)} owners: {', '.join(sorted(teams))}" + _WEIGHTY * weighty
            yield self.finding((), message, "high" if weighty else None)


class Unwatched(_ProcessRule):
    code = "CG909"
    title = "nothing looks at what much depends on"
    reason = "Without a schema, a probe or a monitor a mistake is found by the users."
    advice = "Name a schema, a probe or a monitor in the project file."

    def check(self, context: Context) -> Iterator[Finding]:
        """A config that the project file calls of high impact, with none of the three."""
        if context.diff.changes and context.process.unwatched and context.is_weighty(()):
            message = f"of {context.process.impact} impact, and no schema, probe or monitor looks at it"
            yield self.finding((), message)


class OutsideHours(_ProcessRule):
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
    code = FREEZE
    title = "changes are frozen"
    severity = "critical"
    reason = "A freeze is there because a failure now costs more than the change is worth."
    advice = "Wait until it ends, or override it with a reason."

    def check(self, context: Context) -> Iterator[Finding]:
        """By the policy's `freeze` windows."""
        if context.diff.changes and context.process.freeze:
            yield self.finding((), f"frozen: {context.process.freeze}")


class FileRemoved(_ProcessRule):
    code = "CG910"
    title = "a configuration file was removed"
    reason = "What read it falls back on defaults, or does not start any more."
    advice = "See that nothing reads it; where it was renamed, that its readers know the new name."

    def check(self, context: Context) -> Iterator[Finding]:
        """By what git says of the file: grave where nothing else changes, or more goes; by which files a config has."""
        changes = context.diff.changes
        if changes and context.process.removed:
            yield self.removed((), context.before, "medium" if context.process.accompanied else None)
        elif isinstance(context.before, Files):
            for change in changes:
                if change.op == "remove" and len(change.path) == 1:
                    yield self.removed(change.path, context.before[str(change.path[0])])
                elif change.op == "move" and change.origin is not None and len(change.origin) == 1:
                    yield self.finding(change.path, f"the file was called {change.origin[0]}", "medium")
        for layer in _layers_gone(context.diff):
            yield evolve(self.finding((), "the layer is not there any more"), file=layer.path)

    def removed(self, path: Path, data: Any, milder: Severity | None = None) -> Finding:
        """The finding of a file that is gone; not milder, where more goes with it."""
        taken = next(filter(None, map(_takes_along, _documents(data))), None)
        message = "the file is not there any more" + (f", and with it goes {taken}" if taken else "")
        return self.finding(path, message, None if taken else milder)


def _layers_gone(diff: Diff) -> list[Document]:
    before, after = diff.before_document, diff.after_document
    if not (isinstance(before, Bundle) and isinstance(after, Bundle) and before.layered and after.layered):
        return []
    return [layer for name, layer in before.files.items() if name not in after.files]


def _documents(data: Any) -> Iterable[Any]:
    return data if isinstance(data, Documents) else [data]


def _takes_along(document: Any) -> str | None:
    """What is deleted with an object of Kubernetes, besides itself."""
    kind = document.get("kind") if isinstance(document, dict) else None
    return _TAKES_ALONG.get(kind) if isinstance(kind, str) and "apiVersion" in document else None
