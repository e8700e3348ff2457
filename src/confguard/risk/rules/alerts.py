"""Alerts: when they call, of what, and how late."""

from __future__ import annotations

from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Verdict, sized

__all__ = ["AlertDulled"]

_MUCH = 4


class AlertDulled(EditRule):
    code = "CG562"
    title = "an alert calls later, or for more only"
    reason = "What it was made for goes on unseen; its threshold was found when it was needed."
    advice = "Try the new threshold on the last outage that it called for."
    example = Example(
        "alert: Errors\nexpr: rate(errors[5m]) > 0.05\nfor: 5m\n",
        "alert: Errors\nexpr: rate(errors[5m]) > 0.5\nfor: 5m\n",
        "alert: Errors\nexpr: rate(errors[5m]) > 0.06\nfor: 5m\n",
        "yaml",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A bound of an alert's expression, or its time, by four times and more; either way."""
        places = (edit.path[:-1], edit.path[:-2])
        around = next((each for place in places if isinstance(each := context.after_at(place), dict)), {})
        if "alert" not in around or edit.ratio is None or not {"expr", "for"} & set(map(str, edit.path[-2:])):
            return None
        return sized(edit) if not 1 / _MUCH < edit.ratio < _MUCH else None
