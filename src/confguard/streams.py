"""The standard streams of a program: also where a reader goes away, the disk is full, or none is open; progress."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import TextIO

BROKEN_PIPE = 141
CANNOT_RUN = 2


def run_to_end(run: Callable[[], int]) -> int:
    """Run a program until all that it says is written. Returns its exit code, or what became of its output.

    >>> run_to_end(lambda: 1)
    1
    """
    _open_closed()
    try:
        try:
            code = run()
        except SystemExit:
            sys.stdout.flush()
            raise
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read our output has seen enough
        discard_output()
        return BROKEN_PIPE
    except OSError as error:
        discard_output()
        with suppress(OSError):
            sys.stderr.write(f"confguard: the output cannot be written: {error.strerror or error}\n")
        return CANNOT_RUN
    finally:
        try:
            sys.stderr.flush()
        except OSError:
            discard_output(sys.stderr)


def discard_output(stream: TextIO | None = None) -> None:
    """Let what a stream (of the output, unless said) has not written yet go nowhere: so ending does not fail for it."""
    with suppress(OSError, ValueError):  # in a test, it may have no number
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, (stream or sys.stdout).fileno())
        os.close(nowhere)


def escape_unencodable() -> None:
    """Let characters that the encoding of an output lacks be written as escapes, rather than end the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _open_closed() -> None:
    """What was closed by whoever started us is None: what is printed there goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - until the end


_PATIENCE = 0.5
"""Seconds after which progress is shown."""


@contextmanager
def progress(doing: str) -> Iterator[Callable[[int, int], None]]:
    """A line on standard error that says how far something is, once it takes long; on a terminal only."""
    started, shown = time.monotonic(), False

    def tell(done: int, of: int) -> None:
        nonlocal shown
        if sys.stderr.isatty() and time.monotonic() - started > _PATIENCE:
            shown = True
            filled = 20 * done // max(of, 1)
            bar = "#" * filled + "." * (20 - filled)
            _show(f"\r{doing} [{bar}] {done:,} of {of:,}")

    try:
        yield tell
    finally:
        if shown:
            _show("\r\x1b[K")


def _show(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
