"""Semantic diffs: what really changed between two configurations."""

import sys
from types import ModuleType
from typing import Any

from confguard.diff.changes import Change, Diff
from confguard.diff.engine import diff

__all__ = ["Change", "Diff", "diff"]


class _CallablePackage(ModuleType):
    """Python binds a package's name in its parent, so `confguard.diff` is this package: calling it diffs."""

    def __call__(self, before: Any, after: Any, schema: Any = None) -> Diff:
        return diff(before, after, schema)


sys.modules[__name__].__class__ = _CallablePackage
