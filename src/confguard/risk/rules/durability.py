"""Durability: what was kept safe against a crash or a mistake, and is less so now."""

from __future__ import annotations

from confguard.risk.names import polarity
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Verdict, sized

__all__ = [
    "DurabilityWeakened",
    "EphemeralStorage",
    "EvictionOn",
    "RedundancyCut",
    "ReplicationAsync",
    "RetentionCut",
]

_SAFE_FIRST: dict[str, tuple[str, ...]] = {
    "syncbinlog": ("1",),
    "innodbflushlogattrxcommit": ("1",),
    "fsync": ("on", "true", "always", "1", "yes"),
    "appendonly": ("yes", "true", "on"),
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
        if not edit.words & _KEEPING or "alive" in edit.words or "keepalive" in edit.words:
            return None
        if edit.ratio is None or edit.ratio > 0.5:
            return None
        return f"cut {sized(edit)}: the rest is deleted"


class ReplicationAsync(EditRule):
    """What was on two machines when it was acknowledged is on one."""

    code = "CG604"
    title = "replication no longer waits"
    severity = "high"
    reason = "A primary that fails takes with it what its replicas did not have yet."
    advice = "Keep one replica that acknowledges for what must not be lost."
    example = Example(
        'replication_mode = "sync"\n', 'replication_mode = "async"\n', 'replication_mode = "semisync"\n'
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """From sync to async; no standby named any more; semi-sync off."""
        words = edit.words
        if "synchronous" in words and words & {"standby", "name", "names"} and edit.before and not edit.after:
            return "names no standby any more"
        if words & {"semi", "semisync"} and polarity(edit.before) is True and polarity(edit.after) is False:
            return "is off"
        before, after = str(edit.before).lower(), str(edit.after).lower()
        waits = {"sync", "synchronous", "semisync", "semi-sync"}
        return sized(edit) if before in waits and after in {"async", "asynchronous"} else None


class EphemeralStorage(EditRule):
    """Data on a volume that goes with the instance."""

    code = "CG605"
    title = "storage goes with the instance"
    severity = "high"
    reason = "What is written there is gone at the next restart."
    advice = "Keep a volume that outlives the instance for what is to be kept."
    example = Example(
        "volumes:\n- name: data\n  persistentVolumeClaim: {claimName: db}\n",
        "volumes:\n- name: data\n  emptyDir: {}\n",
        "volumes:\n- name: data\n  persistentVolumeClaim: {claimName: db2}\n",
        "yaml",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A claim that is gone where an empty folder came; persistence switched off."""
        if "persistence" in edit.trail and edit.words & {"enabled", "persistence"}:
            off = polarity(edit.before) is not False and polarity(edit.after) is False
            return "is off" if off and not edit.removed else None
        around = context.after_at(edit.path[:-1])
        claim = edit.removed and edit.name in {"persistentVolumeClaim", "volumeClaimTemplates"}
        return (
            "was a claim, and is an empty folder"
            if claim and isinstance(around, dict) and "emptyDir" in around
            else None
        )


class EvictionOn(EditRule):
    """A store may throw away what it holds."""

    code = "CG606"
    title = "a store may evict what it holds"
    severity = "medium"
    reason = "A policy that evicts is right for a cache, and loses data of what is a store."
    advice = "Make sure that everything in it can be made again."
    example = Example(
        'maxmemory-policy = "noeviction"\n',
        'maxmemory-policy = "allkeys-lru"\n',
        'maxmemory-policy = "volatile-lru"\n',
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """From keeping everything to throwing any key away."""
        keeps = isinstance(edit.before, str) and not edit.before.lower().startswith("allkeys")
        throws = isinstance(edit.after, str) and edit.after.lower().startswith("allkeys")
        return sized(edit) if keeps and throws else None


def _level(value: object) -> int | None:
    text = str(value).lower()
    return _LEVELS.index(text) if text in _LEVELS else None
