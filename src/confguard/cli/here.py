"""The project of the working folder, as a command finds it: read once, however many files it is asked about."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from confguard.errors import ProjectError

if TYPE_CHECKING:
    from confguard.project import Project


def find_project(leave_out: Callable[[ProjectError], None] | None = None) -> Project | None:
    """As `confguard.project.find_project`, until the next command begins."""
    return _found(leave_out)


def forget() -> None:
    """Before a command: there may have been another one in this process, and another project."""
    _found.cache_clear()


def require_project(leave_out: Callable[[ProjectError], None] | None = None) -> Project:
    """The same. Raises `ProjectError` where there is none."""
    from confguard import project

    return find_project(leave_out) or project.require_project(leave_out)


@cache
def _found(leave_out: Callable[[ProjectError], None] | None) -> Project | None:
    from confguard import project  # each command comes here, and not all need one

    return project.find_project(leave_out)
