"""Printing what was judged, for the hook and for CI."""

from __future__ import annotations

import sys

from confguard.risk.judging import Verdicts
from confguard.risk.reports import REPORTS

__all__ = ["print_report"]


def print_report(verdicts: Verdicts, form: str) -> None:
    """Print what was judged in one of the forms, and how much of the change that is."""
    if report := REPORTS[form](verdicts):
        print(report)
    if form == "gitlab":  # a list of issues, and no place for anything else
        print(f"confguard: {verdicts}", file=sys.stderr)
