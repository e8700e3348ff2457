"""When two values are the same: as a reader of configuration means it, not as Python compares."""

from __future__ import annotations

from typing import Any

__all__ = ["same"]


def same(a: Any, b: Any) -> bool:
    """Type-strict equality: `1`, `1.0` and `True` differ; NaN equals itself; the order of keys is nothing."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return len(a) == len(b) and all(
            (found := _entry(b, key)) is not None and same(value, found[0]) for key, value in a.items()
        )
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b or (a != a and b != b))


def _entry(mapping: dict[Any, Any], key: Any) -> tuple[Any] | None:
    if key not in mapping:
        return None
    if type(key) is str or any(type(other) is type(key) for other in mapping if other == key):
        return (mapping[key],)
    return None
