"""Schedules: what never runs, or all the time."""

from __future__ import annotations

from typing import Any

from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Verdict

__all__ = ["ScheduleNever"]


class ScheduleNever(EditRule):
    code = "CG518"
    title = "a schedule never runs, or runs all the time"
    reason = "What never runs is missed when it is needed (a backup, a renewal); what always runs never ends."
    advice = (
        "Read the schedule aloud; five fields: minute, hour, day, month, day of the week; six: seconds first."
    )
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
        if before >= 20 * after:
            return "medium", f"from {edit.before} to {edit.after}: {before / after:,.0f} times as seldom"
        return None


def _runs_a_year(value: Any) -> int | None:
    """How often a schedule runs in a year; None for what is none."""
    from confguard.fields import Cron

    if not isinstance(value, str) or (len(value.split()) not in (5, 6) and not value.startswith("@")):
        return None
    seconds, fields = 1, value.split()
    if len(fields) == 6:  # Quartz, Spring and others: seconds first
        seconds = 60 if fields[0] == "*" else len(fields[0].split(","))
        value = " ".join(fields[1:]).replace("?", "*")
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
    return matching * len(minutes or range(60)) * len(hours or range(24)) * seconds
