"""Content for a target of either kind: one file, or a set of which each file is to hold the same."""

from __future__ import annotations

from confguard.targets import FileSet, FileTarget

__all__ = ["content_of"]


def content_of(target: FileTarget | FileSet, content: bytes) -> bytes:
    """What is staged so that each file of a target holds this."""
    files = target.files if isinstance(target, FileSet) else None
    return files.content(dict.fromkeys(files.names, content)) if files else content
