"""The project of the working folder, as a command finds it: read once, however many files it is asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeAlias

from confguard.errors import ProjectError

if TYPE_CHECKING:
    from confguard.project import Project

_LeaveOut: TypeAlias = "Callable[[ProjectError], None] | None"
_FOUND: ContextVar[dict[_LeaveOut, Project | None] | None] = ContextVar("found", default=None)


@contextmanager
def finding_once() -> Iterator[None]:
    """While a command runs, and no longer: the next one in this process may have another project."""
    token = _FOUND.set({})
    try:
        yield
    finally:
        _FOUND.reset(token)


def find_project(leave_out: _LeaveOut = None) -> Project | None:
    """As `confguard.project.find_project`."""
    from confguard import project  # each command comes here, and not all need one

    found = _FOUND.get()
    if found is None:
        return project.find_project(leave_out)
    if leave_out not in found:
        found[leave_out] = project.find_project(leave_out)
    return found[leave_out]


def require_project(leave_out: _LeaveOut = None) -> Project:
    """The same. Raises `ProjectError` where there is none."""
    from confguard import project

    return find_project(leave_out) or project.require_project(leave_out)
