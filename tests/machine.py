"""What tests need of the machine: mounts, other users, ACLs, flags; each skipped with a reason where it is lacking."""

from __future__ import annotations

import grp  # noqa: F401 - here, as somebody else may not read the modules
import os
import pickle
import pwd  # noqa: F401
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conftest import unmeasured

__all__ = ["acls", "as_user", "flagged", "flags", "in_mounts", "mounts", "root"]

ROOT = os.geteuid() == 0


def _works(command: Sequence[str], undo: Sequence[str] = ()) -> bool:
    """Does a command work on a file as tests write them?"""
    if shutil.which(command[0]) is None:
        return False
    with tempfile.NamedTemporaryFile() as file:
        done = subprocess.run([*command, file.name], capture_output=True).returncode == 0
        if undo:
            subprocess.run([*undo, file.name], capture_output=True)
        return done


root = pytest.mark.skipif(not ROOT, reason="only root may be somebody else")
acls = pytest.mark.skipif(not _works(["setfacl", "-m", "u:1:r"]), reason="no ACLs here")
flags = pytest.mark.skipif(
    not ROOT or not _works(["chattr", "+i"], ["chattr", "-i"]), reason="no immutable files here"
)
mounts = pytest.mark.skipif(
    not ROOT or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0,
    reason="nothing can be mounted here",
)


@contextmanager
def flagged(path: Path | str, flag: str) -> Iterator[None]:
    """With a flag of `chattr` on a file or folder."""
    subprocess.run(["chattr", f"+{flag}", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", f"-{flag}", path], check=True)


def in_mounts(shell: str, code: str) -> str:
    """What a Python program says that runs with mounts of its own, which a shell made before."""
    prelude = "import confguard as cg\nfrom confguard.errors import *\nfrom confguard.targets import *\n"
    command = ["unshare", "-m", "sh", "-ec", f'{shell}\nexec "$0" -c "$1"', sys.executable, prelude + code]
    ended = subprocess.run(command, capture_output=True, text=True, env=unmeasured(), timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def as_user(uid: int, groups: Sequence[int], call: Callable[[], Any]) -> Any:
    """What a function returns, or the exception that it raises, as somebody else: in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(list(groups))
            os.setresgid(groups[0], groups[0], groups[0])
            os.setresuid(uid, uid, uid)
            try:
                said: Any = call()
            except Exception as error:  # noqa: BLE001 - it is looked at in the test
                said = (type(error).__name__, str(error), getattr(error, "hint", None))
            os.write(writing, pickle.dumps(said))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(said)
