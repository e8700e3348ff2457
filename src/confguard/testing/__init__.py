"""For tests of what uses confguard: strategies from a schema, an in-memory guard, overrides, a pytest plugin.

Imported when used: pytest loads the plugin in every run, and that must cost nothing.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from confguard.testing.helpers import memory_guard, overridden
    from confguard.testing.strategies import Flaw, invalid, valid

__all__ = ["Flaw", "invalid", "memory_guard", "overridden", "valid"]

_HOMES = {"memory_guard": "helpers", "overridden": "helpers"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'confguard.testing' has no attribute '{name}'")
    return getattr(import_module(f"confguard.testing.{_HOMES.get(name, 'strategies')}"), name)
