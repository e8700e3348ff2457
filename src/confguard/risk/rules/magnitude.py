"""Units and magnitude: an amount that is a thousand times off reads almost like the right one."""

from __future__ import annotations

from confguard.diffs.quantity import times, unit_of
from confguard.risk.names import words_of
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Verdict, sized

__all__ = ["IdentityWords", "Negative", "OrderOfMagnitude", "ToZero", "UnitSlip"]

IdentityWords = frozenset(
    {"port", "id", "uid", "gid", "pid", "version", "revision", "build", "serial", "year", "date", "timestamp"}
    | {
        "seed",
        "epoch",
        "generation",
        "checksum",
        "hash",
        "sha",
        "digest",
        "tag",
        "commit",
        "account",
        "phone",
    }
    | {"number", "zone", "asn", "color", "colour", "code"}
)
"""Numbers of these names are names, not amounts."""
_NEEDED = frozenset(
    {"ttl", "timeout", "deadline", "interval", "period", "threshold", "limit", "max", "maximum", "size"}
    | {"pool", "worker", "thread", "capacity", "retention", "connection", "memory", "cpu", "quota", "buffer"}
    | {
        "skew",
        "leeway",
        "tolerance",
        "keepalive",
        "keep",
        "lifetime",
        "expiry",
        "lease",
        "rate",
        "burst",
        "inflight",
        "concurrency",
        "attempts",
        "depth",
    }
)


_NEEDING = frozenset({"quota", "limit", "ratelimit", "pool", "capacity", "timeout"})
"""Tables of these names hold amounts that are needed, whatever they are called."""


class UnitSlip(EditRule):
    """The unit of an amount changed and the amount with it."""

    code = "CG101"
    title = "an amount changed with its unit"
    severity = "high"
    reason = (
        "When the unit changes and the amount becomes ten or more times larger or smaller, a slip of the "
        "unit is likelier than an intention: `Gi` for `Mi`, `ms` for `s`."
    )
    advice = "Check the unit; write the old amount in the new unit beside it to compare."
    example = Example('timeout = "2s"\n', 'timeout = "2ms"\n', 'timeout = "2500ms"\n')

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Ten times off, with another unit."""
        if edit.ratio is None or 0.1 < edit.ratio < 10:
            return None
        before, after = unit_of(edit.before), unit_of(edit.after)
        if not before or not after or before == after:
            return None
        return f"{sized(edit)}: {times(edit.ratio)}, and the unit went from {before} to {after}"


class OrderOfMagnitude(EditRule):
    """An amount became ten or a hundred times larger or smaller."""

    code = "CG102"
    title = "an amount changed by an order of magnitude"
    severity = "medium"
    reason = (
        "A typed zero more or less is the classic slip of a number. A hundred times is more than tuning "
        "does in one step; ten times often is, too."
    )
    advice = "Go in smaller steps, or say in the reason why so much at once."
    example = Example("batch = 50\n", "batch = 5000\n", "batch = 80\n")
    outage = "AWS S3, 28 February 2017: a mistyped input removed far more servers than intended"
    generic = True

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Ten times off is medium; a hundred times, or the same digits with a zero more or less, is high."""
        if edit.ratio is None or 0.1 < edit.ratio < 10 or edit.words & IdentityWords:
            return None
        severe = edit.ratio <= 0.01 or edit.ratio >= 100 or _zero_typed(edit)
        return ("high" if severe else "medium"), f"{sized(edit)}: {times(edit.ratio)}"


def _zero_typed(edit: Edit) -> bool:
    """Are the digits the same but for zeros at the end? A step from one, or of a share, is none of that."""
    before, after = edit.before, edit.after
    if not isinstance(before, int) or not isinstance(after, int) or min(before, after) < 2:
        return False
    shares = {"percent", "percentage", "pct", "share", "weight", "ratio", "sample", "rollout", "canary"}
    return str(before).rstrip("0") == str(after).rstrip("0") and not edit.words & shares


class ToZero(EditRule):
    """An amount that something needs became zero."""

    code = "CG103"
    title = "an amount became zero"
    severity = "high"
    reason = "A limit, time or size of zero seldom means 'a little': it means never, at once, or without end."
    advice = "Look up what zero means for this setting; if it means off, switch it off by its switch."
    example = Example('access_ttl = "15m"\n', 'access_ttl = "0s"\n', 'access_ttl = "10m"\n')

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """From more than zero to zero, for a setting whose name says it is needed."""
        before, after = edit.amounts_before, edit.amounts_after
        common = set(before) & set(after)
        around = (
            words_of(edit.path[-2]) if len(edit.path) > 1 and isinstance(edit.path[-2], str) else frozenset()
        )
        if not common or not (edit.words & _NEEDED or around & _NEEDING):
            return None
        became = any(before[dimension] > 0 and after[dimension] == 0 for dimension in common)
        return f"{sized(edit)}: zero" if became else None


class Negative(EditRule):
    """An amount became negative."""

    code = "CG104"
    title = "an amount became negative"
    severity = "medium"
    reason = "A negative amount is either a slip or the spelling of 'without limit'."
    advice = "If no limit is meant, say so in the reason; nothing will stop growth from here on."
    example = Example("max_clients = 100\n", "max_clients = -1\n", "max_clients = 120\n")

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """From zero or more to less."""
        before, after = edit.amounts_before.get("n"), edit.amounts_after.get("n")
        if before is None or after is None or before < 0 or after >= 0:
            return None
        return f"{sized(edit)}: negative"
