"""PostgreSQL's settings, wherever they stand: by the units, ranges and restarts that the server itself states.

A table is known as PostgreSQL's by the settings that stand in it, not by its file's name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from attrs import frozen

from confguard.risk.findings import Severity
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Verdict, sized

__all__ = ["OutOfPostgresRange", "PostgresRestart", "PostgresUnitLost"]

_ENOUGH = 2
"""So many of its settings stand in a table of PostgreSQL's; one of them alone may be somebody else's."""
_OWN = re.compile(
    r"shared_buffers|work_mem|maintenance_work_mem|effective_cache_size|max_wal_senders|wal_\w+|max_wal_size|min_wal_size"
    r"|autovacuum\w*|random_page_cost|max_connections|checkpoint_\w+|synchronous_\w+|max_worker_processes|log_min_\w+"
    r"|idle_in_transaction_session_timeout|statement_timeout|lock_timeout|hot_standby\w*|temp_buffers"
)
_AMOUNT = re.compile(r"'?(-?\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB|us|ms|s|min|h|d)?'?")
_BYTES = {"B": 1, "kB": 1024, "8kB": 8192, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


@frozen
class _Setting:
    """What the server states of one setting; amounts are in its own unit."""

    unit: str | None = None
    min: float | None = None
    max: float | None = None
    default: str = ""
    restart: bool = False

    def amount(self, value: Any) -> float | None:
        """A value in the setting's unit, as the server reads it: a bare number is in that unit already."""
        match = _AMOUNT.fullmatch(str(value).strip())
        if match is None or isinstance(value, bool):
            return None
        number, unit = float(match[1]), match[2]
        if unit is None or self.unit is None:
            return number if unit is None else None
        for scale in (_BYTES, _SECONDS):
            if unit in scale and self.unit in scale:
                return number * scale[unit] / scale[self.unit]
        return None


class OutOfPostgresRange(EditRule):
    """A value that the server refuses."""

    code = "CG544"
    title = "a value outside of the range that PostgreSQL takes"
    severity = "critical"
    reason = "The server does not start with it; a reload ignores it with a line in the log."
    advice = "Stay within what `pg_settings` says."
    example = Example(
        "max_connections = 200\nshared_buffers = '4GB'\n",
        "max_connections = 400000\nshared_buffers = '4GB'\n",
        "max_connections = 300\nshared_buffers = '4GB'\n",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A number beyond the least or the most."""
        setting = _setting_of(edit, context)
        amount = setting.amount(edit.after) if setting else None
        if setting is None or amount is None or setting.min is None or setting.max is None:
            return None
        if setting.min <= amount <= setting.max:
            return None
        unit = setting.unit or ""
        return f"{edit.after} is not from {setting.min:g}{unit} to {setting.max:g}{unit}"


class PostgresUnitLost(EditRule):
    """A bare number is read in the setting's own unit."""

    code = "CG545"
    title = "an amount that PostgreSQL reads in another unit"
    severity = "high"
    reason = (
        "Without a unit the server takes a number in the setting's own: pages of 8 kB, kB, MB, ms, s or min."
    )
    advice = "Write the unit."
    example = Example(
        "max_connections = 200\nshared_buffers = '4GB'\n",
        "max_connections = 200\nshared_buffers = '4096'\n",
        "max_connections = 200\nshared_buffers = '5GB'\n",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """The unit went, and the amount is a hundredth or a hundred times of what it was."""
        setting = _setting_of(edit, context)
        if setting is None or setting.unit is None or not _has_unit(edit.before) or _has_unit(edit.after):
            return None
        before, after = setting.amount(edit.before), setting.amount(edit.after)
        if not before or not after or 0.01 < after / before < 100:
            return None
        return f"{sized(edit)}, which is {edit.after} times {setting.unit}"


class PostgresRestart(EditRule):
    """A setting that a reload does not touch."""

    code = "CG546"
    title = "takes effect at a restart of PostgreSQL"
    severity = "low"
    reason = "Until then the server runs with the old value; what fails shows itself at the next start."
    advice = "Restart when it suits, and watch that start."
    example = Example(
        "max_connections = 200\nshared_buffers = '4GB'\n",
        "max_connections = 220\nshared_buffers = '4GB'\n",
        "max_connections = 200\nshared_buffers = '4GB'\nwork_mem = '8MB'\n",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """By the context that the server states."""
        setting = _setting_of(edit, context)
        told: tuple[Severity, str] = "low", f"{sized(edit)}: only a restart of the server takes it"
        return told if setting and setting.restart else None


def _setting_of(edit: Edit, context: Context) -> _Setting | None:
    """What is known of a changed setting, where it stands among others of PostgreSQL's."""
    setting = _known().get(edit.name)
    if setting is None or edit.removed or edit.inner or isinstance(edit.after, dict | list):
        return None
    around = context.after_at(edit.path[:-1])
    own = sum(1 for key in around if _OWN.fullmatch(str(key))) if isinstance(around, dict) else 0
    return setting if own >= _ENOUGH else None


def _has_unit(value: Any) -> bool:
    match = _AMOUNT.fullmatch(str(value).strip())
    return match is not None and match[2] is not None


@cache
def _known() -> Mapping[str, _Setting]:
    read = json.loads(files(__package__).joinpath("postgres_settings.json").read_text())
    del read["source"]
    return {
        name: _Setting(
            fact.get("unit"),
            float(fact["min"]) if "min" in fact else None,
            float(fact["max"]) if "max" in fact else None,
            fact.get("default", ""),
            fact.get("restart", False),
        )
        for name, fact in read.items()
    }
