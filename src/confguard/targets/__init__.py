"""Targets: where a head becomes real, and how the service is told."""

from confguard.targets.files import FileTarget, write_durably
from confguard.targets.filesets import FileSet
from confguard.targets.interface import CallbackTarget, Staged, Target
from confguard.targets.reload import (
    CommandReload,
    HttpReload,
    Reload,
    ReloadLike,
    SignalReload,
    SystemdReload,
    as_reload,
)
from confguard.targets.separate import SeparateFiles
from confguard.targets.tables import TargetLike, as_target

__all__ = [
    "CallbackTarget",
    "CommandReload",
    "FileSet",
    "FileTarget",
    "HttpReload",
    "Reload",
    "ReloadLike",
    "SeparateFiles",
    "SignalReload",
    "Staged",
    "SystemdReload",
    "Target",
    "TargetLike",
    "as_reload",
    "as_target",
    "write_durably",
]
