"""Packages whose names are imported when first used (PEP 562), so that what is not used costs nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module

__all__ = ["lazily"]


def lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """The `__getattr__` of a package whose names live in these modules.

    >>> get = lazily("confguard.errors", {"load": "confguard.schema.loading"})
    >>> get("lod")
    Traceback (most recent call last):
        ...
    AttributeError: module 'confguard.errors' has no attribute 'lod'
    """

    def found(name: str) -> object:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        value = getattr(import_module(home), name)
        setattr(sys.modules[package], name, value)
        return value

    return found
