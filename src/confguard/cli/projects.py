"""The project that commands work in."""

from __future__ import annotations

from confguard.errors import ProjectError
from confguard.guard import Guard
from confguard.project import FILE_NAME, Project, find_project

__all__ = ["guarded", "the_project"]


def the_project() -> Project:
    """The project of the working folder. Raises `ProjectError` where there is none."""
    found = find_project()
    if found is None:
        raise ProjectError(f"no {FILE_NAME} here or in a folder above", hint="`confguard init` writes one")
    return found


def guarded(name: str) -> Guard:
    """The guard of a config in the project."""
    return the_project().guard(name)
