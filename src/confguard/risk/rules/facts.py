"""What the file itself says beside a setting, to whoever reads it: comments, and figures that were observed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from confguard.diffs.effects import amounts, comparable
from confguard.documents.document import Document
from confguard.paths import Path
from confguard.risk.findings import Finding
from confguard.risk.names import words_of
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Rule, Verdict, sized
from confguard.secrets import masked_settings
from confguard.texts import shortened, word_set

_OBSERVED = word_set(
    "peak observed used usage current now typical average working actual measured received issued seen "
    "needed required p99 running active load"
)
_CEILINGS = word_set("max maximum limit cap quota ceiling capacity available total free room allowed")
_UNITS = word_set("gib mib kib gb mb kb tib tb bytes percent seconds second minutes hours ms s per day days")
_WARNING = re.compile(
    r"\b(?:must|never|do not|don't|has to|have to|required?|requires|needs?|only|without|unless|otherwise|at least|"
    r"at most|not more than|keep|same as|together|win over|wins over|overrides?|empty means|means all|if unset|"
    r"depends?|expects?|before|until)\b",
    re.IGNORECASE,
)
_EASING = re.compile(
    r"\b(?:not used|unused|no effect|safe|optional|harmless|deprecated|no longer)\b", re.IGNORECASE
)
_OF_THE_FILE = re.compile(
    r"\b(?:this file|generated|do not edit|copyright|licen[sc]e|see https?:)", re.IGNORECASE
)
_COMMENT = re.compile(r"^\s*(?:#|//|;)+\s?(.*)$")


class BelowWhatIsObserved(EditRule):
    code = "CG216"
    title = "a limit is below what the file says is in use"
    reason = "The figure stands beside it: what is used now does not fit any more."
    advice = "Stay above the peak, with room for a failure."
    example = Example(
        "memory_gib = 244\nworking_set_gib = 118\n",
        "memory_gib = 61\nworking_set_gib = 118\n",
        "memory_gib = 200\nworking_set_gib = 118\n",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A smaller amount, below an observed one of the same thing that it was above."""
        pair = comparable(edit.before, edit.after)
        if pair is None or pair[1] >= pair[0] or "numbered" in edit.roles:
            return None
        for name, value in _figures(edit.path, context, _OBSERVED):
            observed = comparable(edit.before, value)
            alike = words_of(name) & edit.words - _CEILINGS - _OBSERVED - frozenset(("per",))
            if alike and observed and pair[1] < observed[1] <= pair[0]:
                return f"from {edit.before} to {edit.after}, and {name} is {value}"
        return None


class LimitPassed(Rule):
    code = "CG204"
    title = "growth passed a limit in the same file"
    reason = (
        "A limit and what it limits are often set in different places; growth meets the limit unannounced."
    )
    advice = "Raise the limit first, or check that it does not limit this."
    example = Example(
        "fleet_size = 4000\nos_max_threads = 4096\n",
        "fleet_size = 4400\nos_max_threads = 4096\n",
        "fleet_size = 4050\nos_max_threads = 4096\n",
    )
    outage = "AWS Kinesis, 25 November 2020: the fleet grew past the threads a server may have"

    def check(self, context: Context) -> Iterator[Finding]:
        """An amount, or the length of a list, that was within a limit and no longer is."""
        for edit in context.edits:
            numbers = isinstance(edit.before, int | float) and isinstance(edit.after, int | float)
            counted = numbers and not isinstance(edit.before, bool)
            if counted and not edit.roles & {"numbered", "ceiling", "retry"}:
                yield from self._passed(edit.path, edit.words, edit.before, edit.after, context)
        for path, before, after in context.lists:
            if path:
                yield from self._passed(path, words_of(str(path[-1])), len(before), len(after), context)

    def _passed(
        self, path: Path, words: frozenset[str], before: float, after: float, context: Context
    ) -> Iterator[Finding]:
        for name, limit in _figures(path, context, _CEILINGS):
            if not isinstance(limit, int | float) or not before <= limit < after:
                continue
            about = words_of(name) - _CEILINGS - _UNITS - frozenset(("overflow", "os"))
            if about & words or (limit >= 50 and "overflow" not in words_of(name)):
                yield self.finding(path, f"grew from {before} to {after}, past {name} = {limit}")
                return


class NothingReported(EditRule):
    code = "CG531"
    title = "what is enforced is computed from nothing"
    reason = "Whoever reports zero, or nothing at all, gets a limit of nothing; what is in use is refused."
    advice = "See that the figure is fresh and right first, and set a floor."
    example = Example(
        'mode = "grace"\nreported_usage = 0\n',
        'mode = "enforce"\nreported_usage = 0\n',
        'mode = "observe"\nreported_usage = 0\n',
    )
    outage = (
        "Google, 14 December 2020: a quota system took the missing usage of the account database for zero"
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """From watching to enforcing, with a reported figure of zero in the document."""
        watching = word_set(
            "grace permissive audit warn dryrun dry-run monitor observe shadow report log false off"
        )
        enforcing = word_set("enforce enforced enforcing strict block deny reject true on active")
        before, after = str(edit.before).lower(), str(edit.after).lower()
        if before not in watching or after not in enforcing:
            return None
        zeros = (path for path, text in context.texts_after if text in {"0", "0.0", "None"})
        zero = next(filter(_reports, zeros), None)
        return f"{sized(edit)}, while {zero[-1]} is 0" if zero else None


class CommentSays(Rule):
    code = "CG532"
    title = "a comment warns of this change"
    reason = "Whoever wrote the comment knew what depends on the value."
    advice = "Read it; where it is no longer true, change it with the value."
    example = Example(
        "# must stay above the peak of 900\nrate = 1000\n",
        "# must stay above the peak of 900\nrate = 800\n",
        "# the rate of one client\nrate = 800\n",
    )

    def check(self, context: Context) -> Iterator[Finding]:
        """A comment that stays, stands right above or behind what was changed or removed, and warns."""
        before, after = context.diff.before_document, context.diff.after_document
        if before is None or after is None:
            return
        kept = {match[1].strip() for line in after.lines if (match := _COMMENT.match(line))}
        if not kept:
            return
        for edit in context.edits:
            whole = edit.change.path == edit.path and edit.change.op not in {"add", "move"}
            if not whole or isinstance(edit.before, dict | list) or isinstance(edit.after, dict | list):
                continue
            lines = _comment_at(before, edit.path)
            comment = " ".join(lines)
            eased = _EASING.search(comment) or _OF_THE_FILE.search(comment)
            warns = lines and kept.issuperset(lines) and _WARNING.search(comment) and not eased
            if warns and self._concerns(comment, edit):
                shown = " ".join(masked_settings(context.diff.secrets.clean(line)) for line in lines)
                yield self.finding(edit.path, f"a comment says: {shortened(shown, 90)}")

    def _concerns(self, comment: str, edit: Edit) -> bool:
        """Is it gone, or does the comment speak of an amount that the new value passes, or name the setting?"""
        if edit.removed:
            return True
        figures = [float(each) for each in re.findall(r"\d+(?:\.\d+)?", comment)]
        new, old = edit.amounts_after.get("n"), edit.amounts_before.get("n")
        if new is not None and old is not None:
            return any(min(new, old) < each <= max(new, old) or each == old for each in figures)
        return len(str(edit.before)) > 2 and str(edit.before).lower() in comment.lower()


def _reports(path: Path) -> bool:
    words = words_of(str(path[-1]))
    return bool(words & word_set("usage used reported observed current count total"))


def _figures(path: Path, context: Context, wanted: frozenset[str]) -> Iterator[tuple[str, Any]]:
    """Amounts under such names in the tables around a setting, and in those that stand in these."""
    for depth in range(len(path) - 1, max(len(path) - 3, -1), -1):
        table = path[:depth]
        known = context.figures.get((table, wanted))
        if known is None:
            known = context.figures[table, wanted] = list(_figures_in(context.after_at(table), wanted))
        yield from ((name, figure) for key, name, figure in known if key != path[depth])


def _figures_in(table: Any, wanted: frozenset[str]) -> Iterator[tuple[Any, str, Any]]:
    """The same of one table, each behind the key in the table that it stands under."""
    for key, value in table.items() if isinstance(table, dict) else ():
        inner: Mapping[Any, Any] = (
            value
            if isinstance(value, dict) and words_of(str(key)) & (wanted | {"facts", "inventory"})
            else {key: value}
        )
        for name, figure in inner.items():
            named = words_of(str(name)) & wanted or (inner is value and wanted is _OBSERVED)
            if named and not isinstance(figure, bool | dict | list) and amounts(figure):
                yield key, str(name), figure


def _comment_at(document: Document, path: Path) -> list[str]:
    """The lines of the comment right above a setting, or behind it on its line."""
    place = document.locate(path)
    if place is None or not 0 < place.line <= len(document.lines):
        return []
    behind = re.search(r"\s(?:#|//)\s?(.*)$", document.lines[place.line - 1])
    if behind:
        return [behind[1].strip()]
    above: list[str] = []
    for line in reversed(document.lines[: place.line - 1]):
        match = _COMMENT.match(line)
        if match is None:
            break
        above.append(match[1].strip())
    return above[::-1]
