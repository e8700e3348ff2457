"""The login service on a file of settings, with users of its own who log in: for `confguard drill --service`.

    python -m confguard.demo.rehearsal auth.toml --port 8917

serves on loopback until it is ended; `/healthz` and `/metrics` are there to be asked.
"""

from __future__ import annotations

import argparse
import socket
from collections.abc import Sequence
from pathlib import Path

from confguard.demo.load import Load, Pace
from confguard.demo.service import Service, add_users, server_of
from confguard.demo.settings import AuthSettings
from confguard.live import Live

__all__ = ["main"]

_PASSWORDS = {f"user{number}": f"password of {number}" for number in range(12)}
_PACE = Pace(rate=10, wave=24)
"""What a busy machine answers, too."""


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until it is ended."""
    parser = argparse.ArgumentParser(description="confguard's login service, with users")
    parser.add_argument("settings", help="its settings: a file such as `confguard demo` has")
    parser.add_argument("--port", type=int, required=True, help="port on loopback")
    args = parser.parse_args(argv)
    users = Path(args.settings).with_name("users.db")
    if not users.exists():  # a drill runs it many times in one folder
        add_users(str(users), _PASSWORDS)
    with (
        Live(AuthSettings, args.settings, interval=None) as live,
        socket.create_server(("127.0.0.1", args.port)) as listening,
    ):
        load = Load(f"http://127.0.0.1:{args.port}", _PASSWORDS, pace=_PACE, measured=True)
        load.start()
        server_of(Service(live, str(users)), live).run(sockets=[listening])


if __name__ == "__main__":
    main()
