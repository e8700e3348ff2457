"""The login service in the foreground with a settings file, and users who log in: what a drill can run.

    python -m confguard.demo.serving auth.toml --port 8300

answers `/healthz`, and at `/logins` how many logins there were, and how many of them failed, as the users saw it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from argon2 import PasswordHasher
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from confguard.demo.service import Service, add_users
from confguard.demo.settings import AuthSettings
from confguard.interrupting import interruptible
from confguard.live import Live

_WAVE, _WAVE_EVERY = 48, 0.25
"""So many log in at once, so often: a queue of 40, as in the outage, is too short for them."""
_HASHER = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
"""Cheap, so that enough logins are seen within a second."""
_USER = {"user": "ana", "password": "correct horse"}


class _Users:
    """Users who log in, without a network between: what is measured is the service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._seen: Counter[bool] = Counter()

    async def log_in(self) -> None:
        """Wave after wave, until it is cancelled; no wave waits for the one before."""
        waves: set[asyncio.Task[None]] = set()
        while True:
            for _ in range(_WAVE):
                task = asyncio.create_task(self._one())
                waves.add(task)
                task.add_done_callback(waves.discard)
            await asyncio.sleep(_WAVE_EVERY)

    async def logins(self, _: Request) -> JSONResponse:
        return JSONResponse({"requests": self._seen.total(), "errors": self._seen[False]})

    async def _one(self) -> None:
        answer = await self._service.login(_request(json.dumps(_USER).encode()))
        token = str(json.loads(bytes(answer.body)).get("token"))
        who = await self._service.whoami(_request(b"", authorization=f"Bearer {token}"))
        self._seen[who.status_code == 200] += 1


def _request(body: bytes, **headers: str) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    named = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": named}, receive)


async def _serve(live: Live[AuthSettings], users_file: str, listening: socket.socket) -> None:
    service = Service(live, users_file)
    users = _Users(service)
    app = service.app()
    app.router.routes.append(Route("/logins", users.logins))
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    logging_in = asyncio.create_task(users.log_in())
    await uvicorn.Server(config).serve(sockets=[listening])
    logging_in.cancel()


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description="the login service of confguard's demo, with a settings file"
    )
    parser.add_argument("file", help="the settings, such as auth.toml")
    parser.add_argument("--port", type=int, default=8300, help="port on loopback (8300)")
    args = parser.parse_args(argv)
    with (
        interruptible(),  # so that its folder goes, too
        tempfile.TemporaryDirectory(prefix="confguard-serving-") as folder,
        Live(AuthSettings, args.file) as live,
        socket.create_server(("127.0.0.1", args.port)) as listening,
    ):
        users_file = str(Path(folder, "users.db"))
        add_users(users_file, {_USER["user"]: _USER["password"]}, _HASHER)
        asyncio.run(_serve(live, users_file, listening))


if __name__ == "__main__":
    main()
