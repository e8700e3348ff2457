"""What other packages bring, and name in entry points."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from confguard.errors import ConfguardError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@contextmanager
def naming_plugin(point: EntryPoint, kind: type[ConfguardError] = ConfguardError) -> Iterator[None]:
    """Whatever is raised while a plug-in is loaded becomes an error of this kind that names it, and its package."""
    try:
        yield
    except Exception as error:  # a module of somebody else's may raise anything
        package = point.dist.name if point.dist else "a package"
        raise kind(
            f"the plug-in '{point.name}' of {package} ({point.group}) cannot be loaded: "
            f"{type(error).__name__}: {error}",
            hint=f"install {package} anew, or remove it",
        ) from error
