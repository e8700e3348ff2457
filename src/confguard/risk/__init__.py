"""Risk: what is dangerous about a change, how much, and what a policy decides."""

from confguard.risk.circumstances import Circumstances
from confguard.risk.findings import Factor, Finding, Level, Risk, Severity
from confguard.risk.model import assess
from confguard.risk.policy import Decision, Policy

__all__ = ["Circumstances", "Decision", "Factor", "Finding", "Level", "Policy", "Risk", "Severity", "assess"]
