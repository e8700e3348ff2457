"""Storage: what was safe against a crash, and is less so; what goes with the instance."""

from __future__ import annotations

from confguard.risk.names import polarity
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Verdict, sized
from confguard.texts import plain

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
    "doublewrite": ("on", "true", "1"),
    "writethrough": ("true", "on"),
    "batterylow": ("writethrough",),
}
"""For each setting the safe values, the safest first."""
_LEVELS = ("all", "each_quorum", "quorum", "local_quorum", "majority", "three", "two", "one", "any")


class DurabilityWeakened(EditRule):
    code = "CG601"
    title = "durability was weakened"
    reason = "What was acknowledged can be lost in a crash; it is noticed when it cannot be mended."
    advice = "Keep it for what must not be lost; buy speed by batching."
    example = Example("sync_binlog = 1\n", "sync_binlog = 0\n", "sync_binlog = 1\nx = 1\n")

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """From a safe value to one that is less safe."""
        name = plain(edit.name.rpartition("::")[2].rpartition(".")[2])  # `redis::appendonly` of Puppet
        safe = _SAFE_FIRST.get(name.removeprefix("innodb")) or _SAFE_FIRST.get(name)
        if safe is None or edit.before is None or edit.after is None:
            return None
        before, after = (str(value).lower().replace("_", "") for value in (edit.before, edit.after))
        rank = {value: i for i, value in enumerate(safe)}
        if name == "acks":
            return None if before not in rank or rank.get(after, 9) <= rank[before] else sized(edit)
        was_safe = before in rank or (polarity(edit.before) is True and "true" in rank)
        is_safe = after in rank or (polarity(edit.after) is True and "true" in rank)
        return sized(edit) if was_safe and not is_safe else None


class ConsistencyWeakened(EditRule):
    code = "CG608"
    title = "fewer must agree"
    reason = "With fewer that must agree, one failure loses what was acknowledged, or serves what is old."
    advice = "Keep the level that survives the failures you plan for."
    example = Example(
        'write_consistency = "QUORUM"\n', 'write_consistency = "ONE"\n', 'write_consistency = "ALL"\n'
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A weaker consistency level."""
        before, after = _level(edit.before), _level(edit.after)
        weaker = "consistency" in edit.words and before is not None and after is not None and after > before
        return sized(edit) if weaker else None


class EphemeralStorage(EditRule):
    code = "CG605"
    title = "storage goes with the instance"
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
            off = polarity(edit.before) is True and polarity(edit.after) is False
            return "is off" if off else None
        claim = edit.removed and edit.name in {"persistentVolumeClaim", "volumeClaimTemplates"}
        emptied = claim and "emptyDir" in context.around(edit.path)
        return "was a claim, and is an empty folder" if emptied else None


def _level(value: object) -> int | None:
    text = str(value).lower()
    return _LEVELS.index(text) if text in _LEVELS else None
