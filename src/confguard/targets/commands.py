"""Running a command: the one way, for reloads, for probes and for drills.

A command has a session of its own, nothing to read, and an end: at its time-out, and when confguard is interrupted, all
of its process group is asked to end, and then made to. Where it ends by itself and leaves a daemon, that lives on.

Its output is read as it comes, and only the last of it is kept: so a command may print gigabytes, and neither disk nor
memory fills. A file could not promise that: a daemon that stays holds it open, and fills it for as long as it runs. Nor
is the end of the output waited for, which such a daemon puts off: the command's own end counts. What the daemon prints
later is handed to a `cat` that throws it away: with nobody to read it, its next line would kill it.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from attrs import frozen

from confguard.errors import harmless
from confguard.fields import Duration
from confguard.interrupting import uninterrupted
from confguard.targets.concealing import concealed_words
from confguard.targets.writing import undoing

_GRACE = 2.0
"""How many seconds a group has to end by itself, once it is told to."""
_KEPT = 16_384
_SHOWN = 4_096
"""Less than is kept: a secret whose beginning is lost would not be known by its end."""
_STEP = 0.02
"""How many seconds pass between two looks whether a command that holds its output open has ended."""
_PIPE = 65_536


@frozen
class Ended:
    """How a command ended: well if there is no `problem`. No secret that its words hold is in any of these."""

    problem: str | None = None
    output: str = ""
    """The end of what it printed."""
    hint: str | None = None


def run(words: Sequence[str], timeout: Duration, environment: Mapping[str, str] | None = None) -> Ended:
    """Run a command until it ends, or its time is over.

    >>> run(["true"], Duration("9s"))
    Ended(problem=None, output='', hint=None)
    >>> run(["sh", "-c", "echo no memory; kill -9 $$"], Duration("9s"))
    Ended(problem='was killed by SIGKILL', output='no memory', hint='run it by hand to see all that it says')
    """
    line = concealed_words(words)
    try:
        with started(words, environment) as running:
            in_time = running.follow(timeout.total_seconds())
            if in_time and running.code == 0:
                return Ended()
            # Before it is ended, which a shell may remark on.
            printed = running.output.decode("utf-8", "replace")
            stays = not in_time and not running.end()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return not_run(error, words)
    output = line.clean(printed).strip()[-_SHOWN:]
    if in_time:
        return Ended(running.ending, output, "run it by hand to see all that it says")
    problem = f"did not end within {timeout}{', and cannot be ended' if stays else ''}"
    return Ended(problem, output, "does it wait for something? Else, a longer `timeout`")


@contextmanager
def started(words: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """A command that is started, for as long as something is done with it; an exception ends all of its group.

    Raises `OSError`, `ValueError` or `subprocess.SubprocessError` where it cannot be run; `not_run` says so.

    >>> with started(["cat", "/dev/zero"]) as running:
    ...     running.follow(0.1), running.end(), running.ending
    (False, True, 'was killed by SIGTERM')
    """
    running: Running | None = None
    try:
        with uninterrupted():  # a signal between its start and our knowing of it would leave it alone
            running = Running(words, {**os.environ, **(environment or {})})
        yield running
    except BaseException:
        if running is not None:
            running.end()
        raise
    finally:
        if running is not None:
            running.close()


def not_run(error: Exception, words: Sequence[str]) -> Ended:
    """What is said of a command that could not be started."""
    if not isinstance(error, OSError):
        return Ended(f"cannot be run: {type(error).__name__}")
    why = error.strerror or type(error).__name__
    return Ended(f"cannot be run: {why}", "", _what_to_do(error, words[0]))


class Running:
    """A command that runs, and the end of what it printed so far."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str]) -> None:
        self.output = bytearray()
        self._lock = threading.Lock()
        self._reading, writing = os.pipe()
        self._open = True
        try:
            with undoing(lambda: os.close(self._reading)):
                self._process = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=writing,
                    stderr=writing,
                    start_new_session=True,
                    env=dict(environment),
                )
        finally:
            os.close(writing)
        self._poll = select.poll()
        self._poll.register(self._reading, select.POLLIN)

    def close(self) -> None:
        """Let go of its output; somebody may go on printing."""
        try:
            if self._open:
                _throw_away(self._reading)
        finally:
            os.close(self._reading)

    @property
    def code(self) -> int:
        """What it ended with; below 0, the signal that killed it."""
        return int(self._process.returncode)

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        if self.code >= 0:
            return f"ended with {self.code}"
        known = {number.value: number.name for number in signal.Signals}
        return f"was killed by {known.get(-self.code, f'signal {-self.code}')}"

    def follow(self, seconds: float) -> bool:
        """Read what it prints until it has ended. False if it did not, in so many seconds."""
        until = time.monotonic() + seconds
        while self._process.poll() is None:
            left = until - time.monotonic()
            if left <= 0:
                return False
            if self._open:
                self._read(min(left, _STEP))
            else:
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(left)
        self._read_the_rest()
        return True

    def end(self) -> bool:
        """End all of its group. False if something of it cannot be ended: another user's, or it hangs in the kernel."""
        try:
            self._signal(signal.SIGTERM)
            until = time.monotonic() + _GRACE
            while self._lives() and time.monotonic() < until:
                self._read(_STEP)
        finally:
            self._signal(signal.SIGKILL)
        self._read_the_rest()
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            # So that it is no zombie, whenever it ends.
            threading.Thread(target=self._process.wait, daemon=True).start()
            return False
        return True

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _lives(self) -> bool:
        """Is anything of its group there? Its number is not given to another process for as long as that is so."""
        self._process.poll()
        try:
            os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return True

    def _read(self, seconds: float) -> bool:
        """Read what is there, or comes within so many seconds. False if nothing was."""
        if not self._open:
            time.sleep(seconds)
            return False
        with self._lock:  # one thread may follow it while another ends it
            if not self._poll.poll(seconds * 1000):
                return False
            piece = os.read(self._reading, _PIPE)
            self._open = bool(piece)
            self.output += piece
            del self.output[:-_KEPT]
            return self._open

    def _read_the_rest(self) -> None:
        """What was printed before the end is still in the pipe; what a daemon prints on and on is not all read."""
        for _ in range(20):
            if not self._open or not self._read(0):
                return


def _throw_away(reading: int) -> None:
    """Somebody still holds the other end: have all that comes read until nobody does."""
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            ["sh", "-c", "exec 3<&0; cat <&3 3<&- >/dev/null 2>&1 &"],
            stdin=reading,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            timeout=5,
            check=False,
        )


def _what_to_do(error: OSError, program: str) -> str:
    if error.errno == errno.ENOENT:
        if os.path.exists(program):  # noqa: PTH110 - any text may come, and is not a path
            return "the program that its first line names (`#!`) is not there"
        if " " in program:
            return 'each word is an item of its own: ["nginx", "-s", "reload"]'
        return f"is {harmless(program)!r} installed, and on the PATH of who runs confguard?"
    if error.errno == errno.ENOEXEC:
        return "a script says in its first line what reads it: #!/bin/sh"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return (
            f"may whoever runs confguard execute {harmless(program)!r}? `chmod +x` makes a script a program"
        )
    return "try it by hand, as the user who runs confguard"
