"""Drills: wrong changes that people make, injected into a copy, and which layer would have caught them."""

from confguard.drill.drill import drill
from confguard.drill.results import Advice, Case, Drill

__all__ = ["Advice", "Case", "Drill", "drill"]
