"""A function as a target: something within this process, or behind an interface of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import define, field, frozen

from confguard.errors import TargetError

__all__ = ["CallbackTarget"]


@define
class CallbackTarget:
    """A function that is given the bytes of each new head.

    It may be called again with bytes that it was given before: after a crash nobody knows whether it was. `held` tells
    what is in force; without it, what it was given last. Whatever it raises undoes the apply.

    >>> seen = []
    >>> target = CallbackTarget("limits", seen.append)
    >>> target.stage(b"pool = 3").commit()
    >>> seen, target.read()
    ([b'pool = 3'], b'pool = 3')
    """

    name: str
    call: Callable[[bytes], object]
    held: Callable[[], bytes | None] | None = None
    _last: bytes | None = field(default=None, init=False, repr=False)

    @property
    def folder(self) -> Path | None:
        """None: it is of this process."""
        return None

    @property
    def paths(self) -> tuple[Path, ...]:
        """None: it has no files."""
        return ()

    def read(self) -> bytes | None:
        """What is in force."""
        if self.held is None:
            return self._last
        with _failing_as(self.name):
            return self.held()

    def faults(self) -> tuple[str, ...]:
        """None: it has nothing but its bytes."""
        return ()

    def torn(self, held: bytes, before: bytes | None, wanted: bytes) -> bool:
        """Never: it is given all bytes at once."""
        return False

    def stage(self, content: bytes) -> StagedCall:
        """Nothing can be made ready."""
        return StagedCall(self, content)

    def littered(self) -> bool:
        """Nothing is ever left behind."""
        return False

    def clean(self) -> None:
        """Nothing is ever left behind."""


@frozen
class StagedCall:
    """A call that waits."""

    target: CallbackTarget
    content: bytes = field(repr=False)

    def commit(self) -> None:
        """Call the function."""
        with _failing_as(self.target.name):
            self.target.call(self.content)
        self.target._last = self.content

    def discard(self) -> None:
        """Nothing to be done."""


@contextmanager
def _failing_as(name: str) -> Iterator[None]:
    """Whatever a function of somebody else raises is this target's failure."""
    try:
        yield
    except Exception as error:
        raise TargetError(f"target {name}: {type(error).__name__}: {error}") from error
