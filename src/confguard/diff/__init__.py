"""Semantic diffs: what really changed between two configurations."""

import sys
from types import ModuleType
from typing import Any

from confguard.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from confguard.diff.changes import Change, Diff
    from confguard.diff.effects import Effect
    from confguard.diff.engine import diff
    from confguard.diff.merge import Conflict, Merged, merge
    from confguard.diff.patch import from_json_patch, to_json_patch

__all__ = [
    "Change",
    "Conflict",
    "Diff",
    "Effect",
    "Merged",
    "diff",
    "from_json_patch",
    "merge",
    "to_json_patch",
]

__getattr__ = lazily(
    __name__,
    dict.fromkeys(["Change", "Diff"], "confguard.diff.changes")
    | dict.fromkeys(["Conflict", "Merged", "merge"], "confguard.diff.merge")
    | dict.fromkeys(["from_json_patch", "to_json_patch"], "confguard.diff.patch")
    | {"Effect": "confguard.diff.effects", "diff": "confguard.diff.engine"},
)


class _CallablePackage(ModuleType):
    """Python binds a package's name in its parent, so `confguard.diff` is this package: calling it diffs."""

    def __call__(self, before: Any, after: Any, schema: Any = None, *, moves: bool = True) -> Any:
        from confguard.diff.engine import diff

        return diff(before, after, schema, moves=moves)


sys.modules[__name__].__class__ = _CallablePackage
