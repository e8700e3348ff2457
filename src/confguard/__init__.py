"""confguard: configuration changes that cannot take a service down.

    import confguard as cg

The names here are the public face; they are imported when first used, so `import confguard` stays cheap.
"""

from __future__ import annotations

from confguard.lazy import lazily

TYPE_CHECKING = False  # as type checkers know it; `typing` itself costs 10 ms

__version__ = "0.1.0"

_HOMES = {
    "Document": "confguard.documents",
    "parse": "confguard.documents",
    "read": "confguard.documents",
    "Env": "confguard.schema",
    "Profile": "confguard.schema",
    "SecretFiles": "confguard.schema",
    "explain": "confguard.schema",
    "load": "confguard.schema",
    "Change": "confguard.diff.changes",
    "Diff": "confguard.diff.changes",
    "Conflict": "confguard.diff.merge",
    "Effect": "confguard.diff.effects",
    "Merged": "confguard.diff.merge",
    "diff": "confguard.diff.engine",
    "merge": "confguard.diff.merge",
    "Decision": "confguard.risk",
    "Finding": "confguard.risk",
    "Policy": "confguard.risk",
    "Risk": "confguard.risk",
    "assess": "confguard.risk.model",
    "Revision": "confguard.stores",
    "Bake": "confguard.rollout",
    "Live": "confguard.live",
    "Update": "confguard.live",
    "Group": "confguard.group",
    "Drift": "confguard.targets.drift",
    "Retention": "confguard.stores",
    "CallbackTarget": "confguard.targets",
    "FileSet": "confguard.targets",
    "Guard": "confguard.guard",
    "Plan": "confguard.guard",
    "ConfguardError": "confguard.errors",
    "BakeFailedError": "confguard.errors",
    "BakingError": "confguard.errors",
    "ConflictError": "confguard.errors",
    "DiffError": "confguard.errors",
    "DocumentError": "confguard.errors",
    "DriftError": "confguard.errors",
    "IntegrityError": "confguard.errors",
    "MergeConflictError": "confguard.errors",
    "NotFoundError": "confguard.errors",
    "NotToldError": "confguard.errors",
    "PolicyError": "confguard.errors",
    "RefusedError": "confguard.errors",
    "SchemaError": "confguard.errors",
    "StoreBusyError": "confguard.errors",
    "StoreError": "confguard.errors",
    "TargetError": "confguard.errors",
    "ValidationError": "confguard.errors",
}

__all__ = [
    "Bake",
    "BakeFailedError",
    "BakingError",
    "CallbackTarget",
    "Change",
    "ConfguardError",
    "Conflict",
    "ConflictError",
    "Decision",
    "Diff",
    "DiffError",
    "Document",
    "DocumentError",
    "Drift",
    "DriftError",
    "Effect",
    "Env",
    "FileSet",
    "Finding",
    "Group",
    "Guard",
    "IntegrityError",
    "Live",
    "MergeConflictError",
    "Merged",
    "NotFoundError",
    "NotToldError",
    "Plan",
    "Policy",
    "PolicyError",
    "Profile",
    "RefusedError",
    "Retention",
    "Revision",
    "Risk",
    "SchemaError",
    "SecretFiles",
    "StoreBusyError",
    "StoreError",
    "TargetError",
    "Update",
    "ValidationError",
    "__version__",
    "assess",
    "diff",
    "explain",
    "load",
    "merge",
    "parse",
    "read",
]

if TYPE_CHECKING:
    from confguard.diff.changes import Change, Diff
    from confguard.diff.effects import Effect
    from confguard.diff.engine import diff
    from confguard.diff.merge import Conflict, Merged, merge
    from confguard.documents import Document, parse, read
    from confguard.errors import (
        BakeFailedError,
        BakingError,
        ConfguardError,
        ConflictError,
        DiffError,
        DocumentError,
        DriftError,
        IntegrityError,
        MergeConflictError,
        NotFoundError,
        NotToldError,
        PolicyError,
        RefusedError,
        SchemaError,
        StoreBusyError,
        StoreError,
        TargetError,
        ValidationError,
    )
    from confguard.group import Group
    from confguard.guard import Guard, Plan
    from confguard.live import Live, Update
    from confguard.risk import Decision, Finding, Policy, Risk
    from confguard.risk.model import assess
    from confguard.rollout import Bake
    from confguard.schema import Env, Profile, SecretFiles, explain, load
    from confguard.stores import Retention, Revision
    from confguard.targets import CallbackTarget, FileSet
    from confguard.targets.drift import Drift


__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
