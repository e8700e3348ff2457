"""Secrets in values that are shown: wrapped, so that no one shows them by accident."""

from __future__ import annotations

from typing import Any

from confguard.fields import Secret
from confguard.paths import Path
from confguard.schema.secrets import is_secret
from confguard.schema.shape import Shape

__all__ = ["guarded"]


def guarded(value: Any, path: Path, shape: Shape) -> Any:
    """The value with secrets wrapped, so that no one shows them by accident."""
    if value is None or isinstance(value, bool):
        return value
    if is_secret(path, shape):
        return Secret(value)
    shape = shape.of(value)
    if isinstance(value, dict):
        return {key: guarded(inner, (*path, key), shape.child(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [guarded(inner, (*path, i), shape.child(i)) for i, inner in enumerate(value)]
    return value
