"""Monitors: a figure watched by a test that may be looked at without end."""

from confguard.rollout.monitors.detectors import Compared, ErrorRate, Latency, Traffic
from confguard.rollout.monitors.interface import Counts, Monitor, Recorder
from confguard.rollout.monitors.reporting import ReportedCounts, Reporter
from confguard.rollout.monitors.sources import HttpCounts, LogCounts, PrometheusCounts
from confguard.rollout.monitors.tables import MonitorLike, as_monitor

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
