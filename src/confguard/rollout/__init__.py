"""Rollout: how a revision becomes real, is watched, and stays or goes.

From top to bottom: `plans` (a change, judged and not yet written), `applying` (it becomes the head, or is taken back),
`steps` (stage, commit, write; then tell), `baking` (watched, stage after stage, until it stays or goes), `reverting`
(going back), `recovering` (what others left). `places` is where, `changes` what; `bake`, `probes` and `monitors` how it
is watched.
"""

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
