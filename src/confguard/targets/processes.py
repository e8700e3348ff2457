"""Signalling the process whose number stands in a pid file, and no other.

A pid file outlives its process where that was killed, and the number is given to another one: then the process is
younger than the file, and is left alone. A process's start is counted from the boot of the machine; so where the clock
was put forward after a service had written its file, at boot say, the file looks too old until it is written anew.

Where there is no `/proc` (macOS, the BSDs), no process's age can be known, and the number is trusted. Where a
process's number was given away and its file written within the same two seconds, that is not seen either.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import stat
import time
from contextlib import suppress
from pathlib import Path

from confguard.errors import brief
from confguard.targets.options import UnusableError
from confguard.targets.writing import opened

_SLACK = 2.0
"""How many seconds a file may be older than its process: file systems and the kernel count in steps."""
_ENDING = frozenset(
    {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT}
)
"""Who sends one of these means what it does to any process."""
_LONGEST = 64
"""How many bytes a pid file has at most."""


def send(number: signal.Signals, pid_file: Path) -> None:
    """Send a signal to the process that a file names. Raises `UnusableError` or `OSError`: then nothing was sent."""
    process, written = _read(pid_file)
    handle = _handle(process)
    try:
        _check(process, written)
        _check_handles(process, number)
        if handle is None:
            os.kill(process, number)
        else:
            # The process that was checked, even if its number is given away.
            signal.pidfd_send_signal(handle, number)
    finally:
        if handle is not None:
            os.close(handle)


def _read(pid_file: Path) -> tuple[int, float]:
    """The number in a file, and when it was written. A pipe or a device is not waited for."""
    with opened(pid_file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY) as descriptor:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise UnusableError("it is not a regular file")
        content = os.read(descriptor, _LONGEST + 1)
    text = content.strip()
    if len(content) > _LONGEST or not re.fullmatch(rb"-?[0-9]{1,19}", text):
        shown = brief(content.decode("ascii", "replace").strip(), 40)
        raise UnusableError(
            f"it holds {repr(shown) if shown else 'nothing'} instead of the number of a process"
        )
    if int(text) < 2:  # 0 and below are whole groups of processes, 1 is init
        raise UnusableError(f"{int(text)} is not a service's process")
    if int(text) >= 2**31:
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
    return int(text), about.st_mtime


def _handle(process: int) -> int | None:
    """What names one process for good; None where the system has no such thing."""
    if not hasattr(os, "pidfd_open") or not hasattr(signal, "pidfd_send_signal"):
        return None
    try:
        return os.pidfd_open(process)
    except OSError as error:
        if error.errno in {errno.ENOSYS, errno.EPERM}:  # an old kernel, or a sandbox
            return None
        if error.errno == errno.EINVAL:
            raise UnusableError(f"{process} is a thread, and no process") from None
        raise


def _check(process: int, written: float) -> None:
    about = b""
    with suppress(OSError):
        about = Path(f"/proc/{process}/stat").read_bytes()
    fields = about.rpartition(b")")[2].split()  # the name before it may hold anything
    if len(fields) < 20 or not hasattr(time, "CLOCK_BOOTTIME"):
        return
    if fields[0] in {b"Z", b"X"}:
        raise UnusableError(f"process {process} has ended")
    started = (
        time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    )
    if started > written + _SLACK:
        raise UnusableError(
            f"it is stale: process {process} started {_ago(started - written)} after it was written, and is another one"
        )


def _check_handles(process: int, number: signal.Signals) -> None:
    """A service that does nothing about a signal is not told by it; most signals would end it."""
    if number in _ENDING:
        return
    try:
        about = Path(f"/proc/{process}/status").read_text(errors="replace")
    except OSError:
        return
    masks = dict(re.findall(r"^(SigBlk|SigIgn|SigCgt):\t([0-9a-f]+)$", about, re.MULTILINE))
    if len(masks) < 3:
        return
    takes = int(masks["SigCgt"], 16) | int(masks["SigBlk"], 16)  # one that is blocked is waited for
    bit = 1 << (number - 1)
    if not takes & bit:
        does = "ignores it" if int(masks["SigIgn"], 16) & bit else "has no handler for it"
        raise UnusableError(f"process {process} is not told by {number.name}: it {does}")


def _ago(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
