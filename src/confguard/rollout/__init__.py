"""Rollout: how a revision becomes real, is watched, and stays or goes."""

from confguard.rollout.bake import Bake
from confguard.rollout.monitors import (
    Compared,
    Counts,
    ErrorRate,
    HttpCounts,
    Latency,
    LogCounts,
    Monitor,
    PrometheusCounts,
    Recorder,
    ReportedCounts,
    Reporter,
    Traffic,
)
from confguard.rollout.probes import CallableProbe, CommandProbe, HttpProbe, Probe

__all__ = [
    "Bake",
    "CallableProbe",
    "CommandProbe",
    "Compared",
    "Counts",
    "ErrorRate",
    "HttpCounts",
    "HttpProbe",
    "Latency",
    "LogCounts",
    "Monitor",
    "Probe",
    "PrometheusCounts",
    "Recorder",
    "ReportedCounts",
    "Reporter",
    "Traffic",
]
