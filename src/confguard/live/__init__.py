"""What a running service holds: typed, immutable, last known good; and where it comes from."""

from confguard.live.settings import Live
from confguard.live.subscribers import Update

__all__ = ["Live", "Update"]
