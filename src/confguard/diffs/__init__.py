"""Semantic diffs: what really changed between two configurations."""
