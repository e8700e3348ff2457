"""Faults that must be survived: kills, errors, lost writes, flipped bytes. `make soak` runs their long form."""
