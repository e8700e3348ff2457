"""The project that commands work in, and the guards of its configs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TypeVar

from confguard.errors import ConfguardError, ProjectError, SchemaError
from confguard.guard import Guard
from confguard.project import FILE_NAME, Project, find_project
from confguard.stores.interface import Store

__all__ = ["guarded", "guarded_anyway", "of_each", "the_project"]

T = TypeVar("T")


def the_project() -> Project:
    """The project of the working folder. Raises `ProjectError` where there is none."""
    found = find_project()
    if found is None:
        raise ProjectError(f"no {FILE_NAME} here or in a folder above", hint="`confguard init` writes one")
    return found


def guarded(name: str) -> Guard:
    """The guard of a config in the project."""
    return the_project().guard(name)


def guarded_anyway(name: str, *, store: Store | None = None) -> Guard:
    """The guard of a config, without its schema where that cannot be imported: what goes back needs none."""
    project = the_project()
    try:
        return project.guard(name, store=store)
    except SchemaError as error:
        hint = f"\n  hint: {error.hint}" if error.hint else ""
        print(f"confguard: goes on without the schema of '{name}': {error}{hint}", file=sys.stderr)
        return project.guard(name, store=store, with_schema=False)


def of_each(
    names: Iterable[str], look: Callable[[Guard], T]
) -> tuple[dict[str, T], dict[str, ConfguardError]]:
    """What is seen of each config, and what is wrong with those of which nothing can be seen: they hide no others."""
    seen: dict[str, T] = {}
    errors: dict[str, ConfguardError] = {}
    for name in names:
        try:
            with guarded_anyway(name) as guard:
                seen[name] = look(guard)
        except ConfguardError as error:
            errors[name] = error
    return seen, errors
