"""Monitors: a figure watched by a test that may be looked at without end."""

from confguard.rollout.monitors.comparing import Compared
from confguard.rollout.monitors.interface import Counts, Monitor
from confguard.rollout.monitors.recording import Recorder
from confguard.rollout.monitors.reporting import ReportedCounts, Reporter
from confguard.rollout.monitors.shares import ErrorRate, Latency
from confguard.rollout.monitors.sources import HttpCounts, LogCounts, PrometheusCounts
from confguard.rollout.monitors.tables import MonitorLike, as_monitor
from confguard.rollout.monitors.traffic import Traffic

__all__ = [
    "Compared",
    "Counts",
    "ErrorRate",
    "HttpCounts",
    "Latency",
    "LogCounts",
    "Monitor",
    "MonitorLike",
    "PrometheusCounts",
    "Recorder",
    "ReportedCounts",
    "Reporter",
    "Traffic",
    "as_monitor",
]
