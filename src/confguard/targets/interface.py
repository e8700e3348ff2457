"""What a target is: something that can be read, staged and then switched in one step. A function can be one, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from attrs import define, field, frozen

from confguard.errors import TargetError
from confguard.targets.calls import kind_and_message


class Staged(Protocol):
    """Content that is ready to take effect."""

    def commit(self) -> None:
        """Let it take effect, in one step and durably. Raises `TargetError`."""

    def discard(self) -> None:
        """Leave no trace of it."""
        return


class Target(Protocol):
    """Where a head becomes real. Reading it (`read`, `faults`, `littered`) changes nothing.

    What derives from it has no file, nothing beside its bytes, and leaves nothing behind, unless it says otherwise.
    """

    @property
    def name(self) -> str:
        """How it is called in messages."""

    @property
    def folder(self) -> Path | None:
        """The folder it stands in: whoever writes to it locks that. None if it is of this process alone."""
        return None

    @property
    def paths(self) -> Sequence[Path]:
        """Its files; none if it has none."""
        return ()

    def read(self) -> bytes | None:
        """What it holds; None if it holds nothing yet. Raises `TargetError`."""

    def faults(self) -> tuple[str, ...]:
        """What beside the bytes is not as the target asks for, in a few words each. Never raises."""
        return ()

    def torn(self, held: bytes, before: bytes | None, wanted: bytes) -> bool:
        """Could `held` be what an interrupted write of `wanted` over `before` left, being neither of them?

        False for every target that switches in one step.
        """
        return False

    def stage(self, content: bytes) -> Staged:
        """Make content ready, so that all that can fail has failed. Raises `TargetError`, and leaves nothing then."""

    def littered(self) -> bool:
        """Is there something that a process which died while staging left behind, or one that is staging?"""
        return False

    def clean(self) -> None:
        """Remove what a process that died while staging left behind."""
        return


@define
class CallbackTarget(Target):
    """A function that is given the bytes of each new head: something in this process, or behind its own interface.

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

    def read(self) -> bytes | None:
        """What is in force."""
        if self.held is None:
            return self._last
        with _failing_as(self.name):
            return self.held()

    def stage(self, content: bytes) -> StagedCall:
        """Nothing can be made ready."""
        return StagedCall(self, content)


@frozen
class StagedCall(Staged):
    """A call that waits."""

    target: CallbackTarget
    content: bytes = field(repr=False)

    def commit(self) -> None:
        with _failing_as(self.target.name):
            self.target.call(self.content)
        self.target._last = self.content


@contextmanager
def _failing_as(name: str) -> Iterator[None]:
    """Whatever a function of somebody else raises is this target's failure."""
    try:
        yield
    except Exception as error:
        raise TargetError(f"target {name}: {kind_and_message(error)}") from error
