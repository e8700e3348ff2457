"""Durability: what was kept safe against a crash or a mistake, and is less so now."""

from __future__ import annotations

from confguard.risk.names import polarity
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Verdict, sized

__all__ = ["DurabilityWeakened", "RedundancyCut", "RetentionCut"]

_SAFE_FIRST: dict[str, tuple[str, ...]] = {
    "syncbinlog": ("1",),
    "innodbflushlogattrxcommit": ("1",),
    "fsync": ("on", "true", "always", "1", "yes"),
    "appendfsync": ("always", "everysec"),
    "synchronouscommit": ("on", "true", "remoteapply", "remotewrite", "local"),
    "fullpagewrites": ("on", "true"),
    "synchronous": ("full", "extra", "on", "true"),
    "acks": ("all", "1"),
    "journal": ("true", "on", "wal", "enabled"),
    "journaling": ("true", "on", "enabled"),
    "writeconcern": ("majority",),
    "durable": ("true", "on"),
    "persistent": ("true", "on"),
    "persistence": ("true", "on"),
}
"""For each setting the safe values, the safest first."""
_LEVELS = ("all", "each_quorum", "quorum", "local_quorum", "majority", "three", "two", "one", "any")
_REDUNDANCY = frozenset({"replication", "insync", "isr", "quorum", "redundancy", "copies", "parity"})
_KEEPING = frozenset({"retention", "retain", "keep", "expire", "history", "backups", "archive"})


class DurabilityWeakened(EditRule):
    """Commits are no longer on disk when they are acknowledged."""

    code = "CG601"
    title = "durability was weakened"
    severity = "high"
    reason = "What was acknowledged can be lost in a crash; it is noticed when it cannot be mended."
    advice = "Keep it for what must not be lost; buy speed by batching."
    example = Example("sync_binlog = 1\n", "sync_binlog = 0\n", "sync_binlog = 1\nx = 1\n")

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """From a safe value to one that is less safe."""
        name = "".join(char for char in edit.name.lower() if char.isalnum())
        safe = _SAFE_FIRST.get(name)
        if safe is None or edit.before is None or edit.after is None:
            return None
        before, after = str(edit.before).lower(), str(edit.after).lower()
        rank = {value: i for i, value in enumerate(safe)}
        if name == "acks":
            return None if before not in rank or rank.get(after, 9) <= rank[before] else sized(edit)
        was_safe = before in rank or (polarity(edit.before) is True and "true" in rank)
        is_safe = after in rank or (polarity(edit.after) is True and "true" in rank)
        return sized(edit) if was_safe and not is_safe else None


class RedundancyCut(EditRule):
    """Fewer copies, or fewer that must agree."""

    code = "CG602"
    title = "redundancy was lowered"
    severity = "high"
    reason = "With fewer copies, or fewer that must agree, one failure loses data or serves old data."
    advice = "Keep the number that survives the failures you plan for."
    example = Example("replication_factor = 3\n", "replication_factor = 1\n", "replication_factor = 5\n")

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Fewer replicas, or a weaker consistency level."""
        amount = edit.words & {"factor", "min", "size", "count", "copies", "replicas", "replication"}
        if amount and edit.words & _REDUNDANCY and edit.ratio is not None and edit.ratio < 1:
            return sized(edit)
        if "consistency" in edit.words:
            before, after = _level(edit.before), _level(edit.after)
            if before is not None and after is not None and after > before:
                return sized(edit)
        return None


class RetentionCut(EditRule):
    """What is kept is kept for much shorter."""

    code = "CG603"
    title = "retention was cut"
    severity = "high"
    reason = "What is past the new limit is deleted at once, and no revert brings it back."
    advice = "Make a copy of what will go, or cut in steps."
    example = Example('retention = "30d"\n', 'retention = "3d"\n', 'retention = "45d"\n')

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """To half or less."""
        if edit.ratio is None or edit.ratio > 0.5 or not edit.words & _KEEPING:
            return None
        if "alive" in edit.words or "keepalive" in edit.words:
            return None
        return f"cut {sized(edit)}: the rest is deleted"


def _level(value: object) -> int | None:
    text = str(value).lower()
    return _LEVELS.index(text) if text in _LEVELS else None
