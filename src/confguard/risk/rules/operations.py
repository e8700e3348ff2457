"""Operations: switches that close, force, delete for good or take everything down; schedules."""

from __future__ import annotations

from typing import Any

from confguard.diffs.quantity import amounts
from confguard.risk.names import polarity
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Verdict, sized

__all__ = [
    "FloatingVersion",
    "ForceOn",
    "IrreversibleDeletion",
    "NetRemoved",
    "ScheduleNever",
    "ServiceClosed",
    "UnavailableAll",
]

_NETS = frozenset(
    {"probe", "healthcheck", "liveness", "readiness", "ratelimit", "breaker", "backup", "alert", "alerts"}
    | {"failover", "quota", "firewall", "networkpolicy", "securitycontext", "affinity", "validation"}
)


class ServiceClosed(EditRule):
    """A switch that takes a service out of service."""

    code = "CG513"
    title = "a service was closed"
    severity = "high"
    reason = "Maintenance and read-only switches turn users away by design; left on, for as long as no one notices."
    advice = "Say in the reason until when, and who switches it back."
    example = Example(
        "maintenance_mode = false\n", "maintenance_mode = true\n", "maintenance_mode = false\nx = 1\n"
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Maintenance, read-only, lockdown, suspended: on now and not before."""
        closing = edit.words & {
            "maintenance",
            "readonly",
            "lockdown",
            "suspend",
            "suspended",
            "paused",
            "pause",
            "killswitch",
        }
        if {"read", "only"} <= edit.words or {"kill", "switch"} <= edit.words:
            closing = frozenset({"readonly"})
        if edit.words & {"mount", "filesystem", "root", "window", "readonlyrootfilesystem", "schedule"}:
            return None
        opened = polarity(edit.before) is not True
        return (
            "is on"
            if closing and opened and edit.after is not None and polarity(edit.after) is True
            else None
        )


class UnavailableAll(EditRule):
    """All of a group may be gone at once."""

    code = "CG514"
    title = "all may be unavailable at once"
    severity = "high"
    reason = "A roll-out or a drain may take every instance down at the same time."
    advice = "Keep most of them up: a quarter unavailable at the most."
    example = Example('maxUnavailable = "25%"\n', 'maxUnavailable = "100%"\n', 'maxUnavailable = "20%"\n')

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """`maxUnavailable` of everything, `minAvailable` of nothing."""
        if {"max", "unavailable"} <= edit.words and _share(edit.after) == 1 and _share(edit.before) != 1:
            return sized(edit)
        none = {"min", "available"} <= edit.words or {"min", "healthy"} <= edit.words
        zero = edit.amounts_after and not any(edit.amounts_after.values())
        had = any(edit.amounts_before.values())
        return sized(edit) if none and zero and had else None


class IrreversibleDeletion(EditRule):
    """What was kept or could be brought back is deleted for good."""

    code = "CG515"
    title = "deletion became irreversible"
    severity = "critical"
    reason = "A revert brings the setting back, and not the data."
    advice = "Keep what is deleted for a while; delete for good by hand, with a second pair of eyes."
    example = Example(
        'deletionPolicy = "Retain"\n', 'deletionPolicy = "Delete"\n', 'deletionPolicy = "Snapshot"\n'
    )
    outage = "Atlassian, 5 April 2022: a script ran in the mode that deletes for good"

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """From keeping to deleting, or a switch for it that went on."""
        after = edit.after.strip().lower() if isinstance(edit.after, str) else None
        before = edit.before.strip().lower() if isinstance(edit.before, str) else None
        keeping = {"retain", "keep", "snapshot", "archive", "orphan", "soft", "mark", "trash"}
        if (
            after in {"delete", "destroy", "purge", "permanent", "hard", "remove", "wipe"}
            and before in keeping
        ):
            return sized(edit)
        final = {"skip", "final", "snapshot"} <= edit.words or edit.words & {
            "permanently",
            "irreversible",
            "purge",
        }
        gone = {"force", "destroy"} <= edit.words or {"force", "delete"} <= edit.words
        if (final or gone) and polarity(edit.after) is True and polarity(edit.before) is not True:
            return "high", "is on"
        return None


class ForceOn(EditRule):
    """Checks are passed over."""

    code = "CG516"
    title = "checks are forced or passed over"
    severity = "high"
    reason = "What is forced goes through also when it must not."
    advice = "Mend what the check complains of, or force one run by hand."
    example = Example("auto_approve = false\n", "auto_approve = true\n", "auto_approve = false\nx = 1\n")

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Force, auto-approve, skip or ignore switches that went on."""
        words = edit.words
        forcing = (
            "force" in words or "forced" in words or {"auto", "approve"} <= words or "autoapprove" in words
        )
        failing = {"failure", "policy"} <= words and str(edit.after).lower() == "ignore" != str(
            edit.before
        ).lower()
        skipping = words & {"skip", "bypass", "ignore"} and words & {
            "check",
            "checks",
            "validation",
            "validate",
            "error",
            "errors",
            "test",
            "tests",
            "review",
        }
        if failing:
            return f"{sized(edit)}: what it checks goes through when it does not answer"
        if words & {"ssl", "https", "http", "tls"} or not (forcing or skipping):
            return None
        return "is on" if polarity(edit.after) is True and polarity(edit.before) is not True else None


class FloatingVersion(EditRule):
    """A version that was named is whatever is newest."""

    code = "CG519"
    title = "a version is no longer pinned"
    severity = "high"
    reason = (
        "What is newest changes without a change here: instances differ, and a revert brings nothing back."
    )
    advice = "Name the version, or the digest."
    example = Example('image = "web:2.14.1"\n', 'image = "web:latest"\n', 'image = "web:2.14.2"\n')

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """`latest`, `main`, `*` where a number or a digest stood."""
        if not isinstance(edit.before, str) or not isinstance(edit.after, str):
            return None
        about = edit.words & {"image", "version", "tag", "ref", "revision", "chart", "package"}
        tag = edit.after.rpartition("@")[2].rpartition(":")[2].strip().lower()
        floating = tag in {"latest", "main", "master", "head", "stable", "edge", "nightly", "*", "x"}
        pinned = any(char.isdigit() for char in edit.before.rpartition(":")[2])
        return f"from {edit.before} to {edit.after}" if about and floating and pinned else None


class NetRemoved(EditRule):
    """A probe, limit or guard that stood there is gone."""

    code = "CG520"
    title = "a safety net was removed"
    severity = "high"
    reason = "Without its probe a dead instance gets traffic; without its limit one takes what all share."
    advice = "Keep it, or say in the reason what takes its place."
    example = Example(
        "[web.livenessProbe]\npath = '/live'\n[web.env]\nx = 1\n",
        "[web.env]\nx = 1\n",
        "[web.livenessProbe]\npath = '/live'\n[web.env]\nx = 2\n",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A table of such a name is gone, while the table around it stays."""
        around = context.after_at(edit.path[:-1])
        gone = (
            edit.removed
            and isinstance(edit.before, dict | list)
            and isinstance(around, dict)
            and bool(around)
        )
        return "is gone" if gone and edit.words & _NETS else None


class ScheduleNever(EditRule):
    """A schedule that no longer runs, or runs all the time."""

    code = "CG518"
    title = "a schedule never runs, or runs all the time"
    severity = "high"
    reason = "What never runs is missed when it is needed (a backup, a renewal); what always runs never ends."
    advice = "Read the schedule aloud; five fields: minute, hour, day, month, day of the week."
    example = Example(
        "schedule: '15 2 * * *'\n", "schedule: '* * * * *'\n", "schedule: '25 2 * * *'\n", "yaml"
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """No day such as 30 February; more than twenty times as often."""
        before, after = _runs_a_year(edit.before), _runs_a_year(edit.after)
        if before is None or after is None:
            return None
        if after == 0:
            return f"{edit.after} is never"
        if after >= 20 * before:
            return f"from {edit.before} to {edit.after}: {after / before:,.0f} times as often"
        return (
            ("medium", f"from {edit.before} to {edit.after}: {before / after:,.0f} times as seldom")
            if before >= 20 * after
            else None
        )


def _share(value: Any) -> float | None:
    if isinstance(value, str) and value.strip().endswith("%"):
        return amounts(value).get("n")
    return None


def _runs_a_year(value: Any) -> int | None:
    """How often a schedule runs in a year; None for what is none."""
    from confguard.fields import Cron

    if not isinstance(value, str) or (len(value.split()) != 5 and not value.startswith("@")):
        return None
    try:
        minutes, hours, days, months, weekdays = Cron(value).times
    except ValueError:
        return None
    lengths = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
    matching = sum(
        1
        for month in months or range(1, 13)
        for day in range(1, lengths.get(month, 31) + 1)
        if days is None or day in days
    )
    if weekdays is not None:
        matching = matching * len(weekdays) // 7 if days is None else matching + 52 * len(weekdays)
    return matching * len(minutes or range(60)) * len(hours or range(24))
