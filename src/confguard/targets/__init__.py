"""Targets: where a head becomes real."""

from confguard.targets.files import FileTarget, write_durably
from confguard.targets.interface import Staged, Target

__all__ = ["FileTarget", "Staged", "Target", "write_durably"]
