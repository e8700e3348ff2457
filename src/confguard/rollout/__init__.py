"""Rollout: how a revision becomes real, is watched, and stays or goes."""

from confguard.rollout.bake import Bake
from confguard.rollout.monitors import Counts, ErrorRate, HttpCounts, Monitor
from confguard.rollout.probes import CallableProbe, CommandProbe, HttpProbe, Probe

__all__ = [
    "Bake",
    "CallableProbe",
    "CommandProbe",
    "Counts",
    "ErrorRate",
    "HttpCounts",
    "HttpProbe",
    "Monitor",
    "Probe",
]
