"""Emptiness, scope and safety nets: what now takes all, takes nothing, or no longer holds back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from confguard.diffs.quantity import amounts
from confguard.risk.findings import Finding
from confguard.risk.names import polarity, switched
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Rule, Verdict

__all__ = [
    "AllAtOnce",
    "Blanked",
    "Emptied",
    "ManyAtOnce",
    "MechanismSwitched",
    "ProtectedRemoved",
    "SafetyOff",
]

_FILTERS = frozenset(
    {"filter", "match", "pattern", "prefix", "suffix", "selector", "regex", "query", "where", "condition"}
    | {"expression", "expr", "path", "host", "label", "tag", "include", "exclude", "rule", "scope"}
)
_NEEDED = frozenset(
    {"store", "url", "uri", "dsn", "endpoint", "address", "server", "broker", "schedule", "image", "bucket"}
    | {"database", "queue", "topic", "issuer", "domain", "cert", "certificate", "ca", "registry", "region"}
)
"""What a service cannot do without."""
_SAFETY = frozenset(
    {
        "check",
        "guard",
        "safety",
        "safeguard",
        "protection",
        "protect",
        "confirm",
        "confirmation",
        "validation",
    }
    | {"validate", "backup", "bootstrap", "failover", "recovery", "replication", "healthcheck", "fencing"}
    | {"throttle", "throttling", "ratelimit", "limiter", "breaker", "snapshot", "canary", "staged", "dry"}
    | {"dryrun", "probe", "watchdog", "alert", "alerting", "monitoring", "rollback", "quorum", "sanity"}
    | {"affinity", "autoscaling", "autoscaler", "retain", "limit", "renew", "renewal", "rotate", "rotation"}
    | {"cache", "caching", "autovacuum", "vacuum"}
)
_PROTECTING = frozenset(
    {"retain", "protected", "protect", "keep", "pinned", "locked", "permanent", "required", "critical"}
    | {"protection", "undeletable"}
)
_SHARES = frozenset({"percent", "percentage", "pct", "rollout", "canary", "traffic", "share", "fraction"})
_MECHANISMS = frozenset(
    {"backend", "engine", "driver", "protocol", "storage", "provider", "implementation", "transport"}
    | {"allocator", "scheduler", "resolver", "serializer", "codec", "strategy", "runtime"}
)
_MOST_LEFT = 8


class Emptied(Rule):
    """A list or table that held something holds nothing."""

    code = "CG501"
    title = "a list or table was emptied"
    severity = "high"
    reason = "Nothing left may mean nothing allowed, everything withdrawn, or no limit at all."
    advice = "If it is to go, remove the setting; if it is to mean none, say so in the reason."
    example = Example(
        'ip_blocks = ["104.154.0.0/15", "104.196.0.0/14"]\n',
        "ip_blocks = []\n",
        'ip_blocks = ["104.154.0.0/15"]\n',
    )
    outage = "Google Compute Engine, 11 April 2016: all announced blocks of addresses withdrawn"

    def check(self, context: Context) -> Iterator[Finding]:
        """Containers that are empty now and were not."""
        seen = set()
        for change in context.diff:
            for path in (change.path, change.path[:-1]):
                if path in seen:
                    continue
                seen.add(path)
                before, after = context.before_at(path), context.after_at(path)
                if isinstance(before, dict | list) and before and _is_empty(after):
                    if change.op == "remove" and path == change.path:
                        continue  # removed as a whole: not there is not empty
                    yield self.finding(path, f"held {len(before)} and holds nothing now")


class Blanked(EditRule):
    """A text became blank."""

    code = "CG502"
    title = "a text became blank"
    severity = "medium"
    reason = "A blank filter, prefix or pattern matches everything; a blank name or address, nothing."
    advice = "Remove the setting if it is not wanted; a blank is a value."
    example = Example('number_prefix = "1555012"\n', 'number_prefix = ""\n', 'number_prefix = "1555013"\n')
    outage = "Level 3, 4 October 2016: an empty filter field matched every call"

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Blank now, not before; high where the name says that it selects."""
        was = isinstance(edit.before, str) and edit.before.strip()
        if not was or edit.removed or not (edit.after is None or edit.after == "" or _blank(edit.after)):
            return None
        if edit.words & _FILTERS:
            return "high", "is blank now, which matches everything"
        if edit.words & _NEEDED:
            return "high", "is blank now, and its reader needs it"
        return "is blank now"


class AllAtOnce(EditRule):
    """A staged rollout went to everyone in one step."""

    code = "CG503"
    title = "a rollout went to everyone at once"
    severity = "high"
    reason = "What is rolled out in stages fails for a few first; at once it fails for all."
    advice = "Go in steps, and wait at each for as long as a failure takes to show."
    example = Example("percent = 5\n", "percent = 100\n", "percent = 10\n")

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """From less than half to all."""
        if not edit.words & _SHARES:
            return None
        before, after = _share(edit.before), _share(edit.after)
        if before is None or after is None or before >= 0.5 or after < 1:
            return None
        return f"from {edit.before} to {edit.after} in one step"


class SafetyOff(EditRule):
    """A check, guard or safety net was switched off."""

    code = "CG504"
    title = "a safety net was switched off"
    severity = "high"
    reason = "Safety nets are switched off to get something done, and missed by what comes next."
    advice = "Leave it on; if it is in the way, mend what it catches, or switch it off for one run only."
    example = Example(
        "min_capacity_check = true\n", "min_capacity_check = false\n", "min_capacity_check = true\nx = 1\n"
    )
    outage = "Monzo, 29 July 2019: new database nodes joined without streaming their data"

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """What holds back or rescues went off."""
        if edit.added or edit.removed:
            return None
        return "was on and is off" if switched(edit.path, edit.before, edit.after, _SAFETY) is False else None


class ProtectedRemoved(Rule):
    """Something marked as to be kept was removed."""

    code = "CG505"
    title = "a protected element was removed"
    severity = "high"
    reason = "Whoever marked it wanted it kept; what relies on it still does."
    advice = "Ask who set the mark; take the mark off in a change of its own first."
    example = Example(
        '[[keys]]\nkid = "a"\nretain = true\n[[keys]]\nkid = "b"\nretain = false\n',
        '[[keys]]\nkid = "b"\nretain = false\n',
        '[[keys]]\nkid = "a"\nretain = true\n',
    )
    outage = "Azure AD, 15 March 2021: a signing key marked to be retained was removed"

    def check(self, context: Context) -> Iterator[Finding]:
        """Removed tables with a mark that is on."""
        for change in context.diff:
            if change.op == "remove" and isinstance(change.before, dict):
                for name, value in change.before.items():
                    marks = _PROTECTING & Edit((name,), None, None, change).words
                    if marks and polarity(value) is True:
                        yield self.finding(change.path, f"was marked {name} = {str(value).lower()}")
                        break


class ManyAtOnce(Rule):
    """Much of a file changed or went at once."""

    code = "CG506"
    title = "much of a file changed at once"
    severity = "medium"
    reason = "When something breaks after many changes at once, no one knows which it was."
    advice = "Make it several changes, each with its own reason, with time between."
    example = Example(
        "".join(f"s{i} = {i}\n" for i in range(12)),
        "".join(f"s{i} = {i + 1}\n" for i in range(12)),
        "".join(f"s{i} = {i + (i < 3)}\n" for i in range(12)),
    )

    def check(self, context: Context) -> Iterator[Finding]:
        """Half of at least eight settings changed or removed."""
        total = _count(context.before)
        touched = sum(
            1 for edit in context.edits if not isinstance(edit.before, dict | list) and not edit.added
        )
        if total >= _MOST_LEFT and touched * 2 >= total:
            yield self.finding((), f"{touched} of {total} settings changed or went at once")


class MechanismSwitched(EditRule):
    """One mechanism was swapped for another."""

    code = "CG507"
    title = "a mechanism was swapped for another"
    severity = "high"
    reason = "Another engine, back end or protocol fails in other ways, under loads that tests do not have."
    advice = "Try it on a part first, long enough to see a peak."
    example = Example(
        "use_streaming_backend = false\n",
        "use_streaming_backend = true\n",
        "use_streaming_backend = false\nx = 1\n",
    )
    outage = "Roblox, 28 October 2021: an untried streaming back end enabled across the cluster"

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A switch for a mechanism went on, or its name is another one."""
        schemes = _scheme(edit.before), _scheme(edit.after)
        if (
            all(schemes)
            and schemes[0] != schemes[1]
            and {f"{schemes[0]}s", f"{schemes[1]}s"}.isdisjoint(schemes)
        ):
            return f"from {schemes[0]} to {schemes[1]}"
        if not edit.words & _MECHANISMS or edit.ratio is not None:
            return None
        before, after = polarity(edit.before), polarity(edit.after)
        if before is False and after is True:
            return "was off and is on for all that read this"
        names = isinstance(edit.before, str) and isinstance(edit.after, str) and before is after is None
        if names and _is_name(edit.before) and _is_name(edit.after):
            return "medium", f"from {edit.before} to {edit.after}"
        return None


def _scheme(value: Any) -> str:
    return value.partition("://")[0].lower() if isinstance(value, str) and "://" in value else ""


def _is_empty(value: Any) -> bool:
    return value is None or value in ([], {}, "")


def _blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _share(value: Any) -> float | None:
    """A share of a whole as 0 to 1: percentages above 1, texts with a percent sign."""
    number = amounts(value).get("n")
    return number / 100 if number is not None and isinstance(value, int) else number


def _is_name(text: str) -> bool:
    return text.replace("-", "").replace("_", "").isalnum() and not text.isdigit()


def _count(data: Any) -> int:
    children = data.values() if isinstance(data, dict) else data if isinstance(data, list) else None
    return 1 if children is None else sum(_count(child) for child in children)
