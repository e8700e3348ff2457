"""Documents of changes: who set each value, and change logs, over a store's history and over git."""

from confguard.records.authorship import Blame, BlamedValue, blame

__all__ = ["Blame", "BlamedValue", "blame"]
