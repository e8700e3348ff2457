"""Stores: numbered, immutable, chained revisions, and which of them is the head."""

from confguard.stores.interface import Append, Draft, PendingBake, PlaceState, Report, Revision, Store
from confguard.stores.opening import open_store
from confguard.stores.selecting import Retention
from confguard.stores.signing import Signer, Signers

__all__ = [
    "Append",
    "Draft",
    "PendingBake",
    "PlaceState",
    "Report",
    "Retention",
    "Revision",
    "Signer",
    "Signers",
    "Store",
    "open_store",
]
