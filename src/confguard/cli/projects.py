"""The project that commands work in, and the guards of its configs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import cache
from typing import TypeVar

from confguard.errors import ConfguardError, ProjectError, SchemaError
from confguard.events import Listener
from confguard.guard import Guard
from confguard.project import Project, require_project
from confguard.project.guards import guard_of
from confguard.stores.interface import Store
from confguard.stores.opening import check_there

__all__ = [
    "guarded",
    "guarded_anyway",
    "guarded_there",
    "leave_out",
    "names_of",
    "of_all",
    "of_each",
    "the_project",
]

T = TypeVar("T")


def the_project(*, anyway: bool = False) -> Project:
    """The project of the working folder. Raises `ProjectError` where there is none.

    With `anyway`, also where probes, monitors, reloads and bakes cannot be used: who goes back in an outage needs none.
    """
    return require_project(leave_out if anyway else None)


def leave_out(error: ProjectError) -> None:
    """Say, once, without what of the project file it goes on."""
    _say_once(f"confguard: goes on without what cannot be used:\n{error}")


@cache
def _say_once(text: str) -> None:
    print(text, file=sys.stderr)


def guarded(name: str) -> Guard:
    """The guard of a config in the project."""
    return guard_of(the_project(), name)


def guarded_anyway(name: str, *, store: Store | None = None, on_event: Listener | None = None) -> Guard:
    """The guard of a config, without its schema where that cannot be imported: what goes back needs none."""
    project = the_project(anyway=True)
    try:
        return guard_of(project, name, on_event, store=store)
    except SchemaError as error:
        hint = f"\n  hint: {error.hint}" if error.hint else ""
        print(f"confguard: goes on without the schema of '{name}': {error}{hint}", file=sys.stderr)
        return guard_of(project, name, on_event, store=store, with_schema=False)


def guarded_there(name: str) -> Guard:
    """As `guarded_anyway`, for who needs a store that is there. Raises `NotFoundError` where there is none."""
    guard = guarded_anyway(name)
    check_there(guard.store, f"'{guard.name}': ")
    return guard


def of_each(
    names: Iterable[str], look: Callable[[Guard], T]
) -> tuple[dict[str, T], dict[str, ConfguardError]]:
    """What is seen of each config, and what is wrong with those of which nothing can be seen: they hide no others."""

    def guarding(name: str) -> T:
        with guarded_anyway(name) as guard:
            return look(guard)

    return of_all(names, guarding)


def of_all(names: Iterable[str], look: Callable[[str], T]) -> tuple[dict[str, T], dict[str, ConfguardError]]:
    """What is seen of each name, and what is wrong with those of which nothing can be seen."""
    seen: dict[str, T] = {}
    errors: dict[str, ConfguardError] = {}
    for name in names:
        try:
            seen[name] = look(name)
        except ConfguardError as error:
            errors[name] = error
    return seen, errors


def names_of(name: str | None) -> list[str]:
    """The config that was named; all of the project, if none was. Raises `ProjectError` where there is none such."""
    project = the_project(anyway=True)
    if name:
        project.config(name)
    return [name] if name else list(project.settings.configs)
