"""A fleet on PostgreSQL or etcd: services that follow one store, and a deployer that changes it.

    python examples/fleet/fleet.py postgresql://user@host/database
    python examples/fleet/fleet.py etcd://127.0.0.1:2379

Needs: pip install 'confguard-safety[postgres]' or 'confguard-safety[etcd]', and a server that may hold an example.
The services are processes of this machine; in life each is on its own, and its database account may only read.
"""

import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

from settings import Limits

import confguard as cg

SERVICES = 3


def service(url: str, config: str, cache: str) -> None:
    """One service: says each revision that it takes, and ends with its standard input."""
    with cg.Live(Limits, f"{url}#{config}", cache=cache) as live:
        live.subscribe(lambda update: say(update.revision, update.after))
        say(live.revision, live.current)
        sys.stdin.read()


def say(revision: int, limits: Limits) -> None:
    """One line for the deployer."""
    print(f"revision {revision}: {limits.requests_per_minute} requests a minute", flush=True)


def deploy(url: str) -> None:
    """The deployer: a first revision, a change, and the way back; each service follows."""
    config = f"example-{uuid.uuid4().hex[:8]}"
    with cg.Guard(config, Limits, store=url, format="toml") as guard, tempfile.TemporaryDirectory() as folder:
        guard.apply(guard.plan({"requests_per_minute": 600}, author="ana", reason="as it is"))
        fleet = [start(url, config, Path(folder, f"last-good-{number}")) for number in range(SERVICES)]
        try:
            told(fleet, "started")
            guard.apply(guard.plan({"requests_per_minute": 500}, author="ana", reason="the database is busy"))
            told(fleet, "followed the change")
            guard.revert(reason="customers wait")
            told(fleet, "followed the revert")
        finally:
            for each in fleet:
                each.communicate(timeout=30)
        print(f"{len(guard.history())} revisions, every link is good: {guard.verify()}")


def start(url: str, config: str, cache: Path) -> subprocess.Popen[str]:
    """Start one service."""
    command = [sys.executable, __file__, "--service", url, config, str(cache)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def told(fleet: list[subprocess.Popen[str]], what: str) -> None:
    """Wait until every service has said a line."""
    for number, each in enumerate(fleet, 1):
        line = each.stdout.readline().strip() if each.stdout else ""
        if not line:
            sys.exit(f"service {number} ended")
        print(f"service {number} {what}: {line}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--service"]:
        service(*sys.argv[2:])
    elif len(sys.argv) == 2:
        try:
            deploy(sys.argv[1])
        except cg.ConfguardError as error:
            sys.exit(f"{error}; {error.hint}" if error.hint else str(error))
    else:
        sys.exit(__doc__)
