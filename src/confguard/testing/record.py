"""What tests read, from one run to the next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

__all__ = ["Record"]


class Record(NamedTuple):
    """What was noted: which files were read, and which settings by which test."""

    file: Path
    files: list[str]
    tests: dict[str, list[str]]

    @classmethod
    def load(cls, file: Path) -> Record:
        """The record in a file; an empty one where there is none."""
        try:
            loaded = json.loads(file.read_text())
            return cls(file, loaded["files"], loaded["tests"])
        except (OSError, ValueError, KeyError, TypeError):
            return cls(file, [], {})
