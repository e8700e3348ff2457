"""confguard: configuration changes that cannot take a service down.

    import confguard as cg

The names here are the public face; they are imported when first used, so `import confguard` stays cheap.
"""

from __future__ import annotations

from confguard.lazy import lazily

TYPE_CHECKING = False  # as type checkers know it; `typing` itself costs 10 ms

__version__ = "0.1.0"

_FACE = {
    "confguard.documents.document": ["parse", "read"],
    "confguard.schema": ["Env", "Profile", "SecretFiles", "explain", "load"],
    "confguard.diffs.engine": ["diff"],
    "confguard.diffs.merging": ["merge"],
    "confguard.risk": ["Circumstances", "Policy", "assess"],
    "confguard.stores": ["Retention"],
    "confguard.targets": ["CallbackTarget", "FileSet"],
    "confguard.rollout": ["Bake"],
    "confguard.live": ["Live"],
    "confguard.guard": ["Guard"],
    "confguard.group": ["Group"],
    "confguard.causes": ["suspects"],
    "confguard.records": ["blame"],
    "confguard.errors": [
        "BakeFailedError",
        "BakingError",
        "ConfguardError",
        "ConflictError",
        "DocumentError",
        "DriftError",
        "NotToldError",
        "PolicyError",
        "ValidationError",
    ],
}
"""What users call and catch. The other errors are in `confguard.errors`."""

_RETURNED = {
    "confguard.documents.document": ["Document"],
    "confguard.diffs.changes": ["Change", "Diff"],
    "confguard.diffs.effects": ["Effect"],
    "confguard.diffs.merging": ["Conflict", "Merged"],
    "confguard.risk": ["Decision", "Finding", "Risk"],
    "confguard.stores": ["Revision"],
    "confguard.targets.drift": ["Drift"],
    "confguard.live": ["Update"],
    "confguard.guard": ["Plan"],
    "confguard.causes": ["Suspect", "Suspects"],
    "confguard.records": ["Blame", "BlamedValue"],
    "confguard.errors": [
        "DiffError",
        "IntegrityError",
        "MergeConflictError",
        "NotFoundError",
        "RefusedError",
        "SchemaError",
        "StoreBusyError",
        "StoreError",
        "TargetError",
    ],
}
"""What is only returned or raised, for annotations: `def changed(update: cg.Update) -> None`."""

__all__ = [name for names in _FACE.values() for name in names]

__getattr__ = lazily(
    __name__, {name: home for homes in (_FACE, _RETURNED) for home, names in homes.items() for name in names}
)


def __dir__() -> list[str]:
    return sorted(__all__)


if TYPE_CHECKING:
    from confguard.causes import Suspect as Suspect
    from confguard.causes import Suspects as Suspects
    from confguard.causes import suspects as suspects
    from confguard.diffs.changes import Change as Change
    from confguard.diffs.changes import Diff as Diff
    from confguard.diffs.effects import Effect as Effect
    from confguard.diffs.engine import diff as diff
    from confguard.diffs.merging import Conflict as Conflict
    from confguard.diffs.merging import Merged as Merged
    from confguard.diffs.merging import merge as merge
    from confguard.documents.document import Document as Document
    from confguard.documents.document import parse as parse
    from confguard.documents.document import read as read
    from confguard.errors import BakeFailedError as BakeFailedError
    from confguard.errors import BakingError as BakingError
    from confguard.errors import ConfguardError as ConfguardError
    from confguard.errors import ConflictError as ConflictError
    from confguard.errors import DiffError as DiffError
    from confguard.errors import DocumentError as DocumentError
    from confguard.errors import DriftError as DriftError
    from confguard.errors import IntegrityError as IntegrityError
    from confguard.errors import MergeConflictError as MergeConflictError
    from confguard.errors import NotFoundError as NotFoundError
    from confguard.errors import NotToldError as NotToldError
    from confguard.errors import PolicyError as PolicyError
    from confguard.errors import RefusedError as RefusedError
    from confguard.errors import SchemaError as SchemaError
    from confguard.errors import StoreBusyError as StoreBusyError
    from confguard.errors import StoreError as StoreError
    from confguard.errors import TargetError as TargetError
    from confguard.errors import ValidationError as ValidationError
    from confguard.group import Group as Group
    from confguard.guard import Guard as Guard
    from confguard.guard import Plan as Plan
    from confguard.live import Live as Live
    from confguard.live import Update as Update
    from confguard.records import Blame as Blame
    from confguard.records import BlamedValue as BlamedValue
    from confguard.records import blame as blame
    from confguard.risk import Circumstances as Circumstances
    from confguard.risk import Decision as Decision
    from confguard.risk import Finding as Finding
    from confguard.risk import Policy as Policy
    from confguard.risk import Risk as Risk
    from confguard.risk import assess as assess
    from confguard.rollout import Bake as Bake
    from confguard.schema import Env as Env
    from confguard.schema import Profile as Profile
    from confguard.schema import SecretFiles as SecretFiles
    from confguard.schema import explain as explain
    from confguard.schema import load as load
    from confguard.stores import Retention as Retention
    from confguard.stores import Revision as Revision
    from confguard.targets import CallbackTarget as CallbackTarget
    from confguard.targets import FileSet as FileSet
    from confguard.targets.drift import Drift as Drift
