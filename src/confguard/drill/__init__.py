"""Drills: wrong changes that people make, injected into a copy, and which layer would have caught them."""

from confguard.drill.advice import Advice
from confguard.drill.drill import Case, Drill, drill

__all__ = ["Advice", "Case", "Drill", "drill"]
