"""Semantic diffs: what really changed between two configurations."""

from confguard.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from confguard.diffs.changes import Change, Diff
    from confguard.diffs.effects import Effect
    from confguard.diffs.engine import diff, from_json_patch
    from confguard.diffs.merging import Conflict, Merged, merge

__all__ = ["Change", "Conflict", "Diff", "Effect", "Merged", "diff", "from_json_patch", "merge"]

__getattr__ = lazily(
    __name__,
    {
        "Change": "confguard.diffs.changes",
        "Diff": "confguard.diffs.changes",
        "Effect": "confguard.diffs.effects",
        "from_json_patch": "confguard.diffs.engine",
    }
    | dict.fromkeys(["Conflict", "Merged", "merge"], "confguard.diffs.merging")
    | {"diff": "confguard.diffs.engine"},
)
