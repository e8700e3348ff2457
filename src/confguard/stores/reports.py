"""What processes report of the requests that they answered: small figures beside revisions, gone a minute later."""

from __future__ import annotations

import json

from attrs import asdict, frozen

__all__ = ["REPORT_SECONDS", "Report", "report_from_text", "report_text"]

REPORT_SECONDS = 60.0
"""How long a report stays after it was renewed last."""


@frozen
class Report:
    """Running totals of one process under one revision: what it has counted since it took that revision."""

    reporter: str
    """Which process of which instance: another one after each start, so that its totals never fall."""
    revision: int
    requests: int = 0
    errors: int = 0
    slow: int = 0


def report_text(report: Report) -> str:
    """A report, written."""
    return json.dumps(asdict(report))


def report_from_text(text: str | bytes) -> Report:
    """A report, read. Raises `ValueError` or `TypeError` for what is none."""
    return Report(**json.loads(text))
