"""For tests of what uses confguard: strategies from a schema, an in-memory guard, overrides, a pytest plugin.

Imported when used: pytest loads the plugin in every run, and that must cost nothing.
"""

from __future__ import annotations

from confguard.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from confguard.testing.helpers import drill, memory_guard, overridden
    from confguard.testing.strategies import Flaw, invalid, valid

__all__ = ["Flaw", "drill", "invalid", "memory_guard", "overridden", "valid"]

__getattr__ = lazily(
    __name__,
    {
        "Flaw": "confguard.testing.strategies",
        "invalid": "confguard.testing.strategies",
        "drill": "confguard.testing.helpers",
        "memory_guard": "confguard.testing.helpers",
        "overridden": "confguard.testing.helpers",
        "valid": "confguard.testing.strategies",
    },
)
