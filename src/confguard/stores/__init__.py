"""Stores: numbered, immutable, chained revisions, and which of them is the head."""

from confguard.stores.interface import Draft, PendingBake, Revision, Store
from confguard.stores.opening import open_store

__all__ = ["Draft", "PendingBake", "Revision", "Store", "open_store"]
