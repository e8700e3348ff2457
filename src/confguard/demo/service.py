"""A login service as such services are built: Starlette and uvicorn, users in SQLite, passwords hashed with
argon2, signed tokens. It takes its settings from confguard while it runs.

    python -m confguard.demo.service --store sqlite:///confguard.db --users users.db

prints the port it listens on (on loopback) and ends when its standard input does.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import jwt
import uvicorn
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from confguard.demo.settings import AuthSettings
from confguard.live import Live

NAME = "auth"
HASH_SECONDS = 0.014
"""What checking one password shall cost here: slow enough to hinder guessing, as OWASP advises."""


class Service:
    """The service's handlers and what they share."""

    def __init__(self, live: Live[AuthSettings], users: str) -> None:
        self._live = live
        self._users = users
        self._hasher = PasswordHasher()
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._workers = live.current.server.workers
        self._pool = ThreadPoolExecutor(self._workers)
        self._inflight = 0
        self._answers: Counter[str] = Counter()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/login", self.login, methods=["POST"]),
                Route("/whoami", self.whoami),
                Route("/healthz", self.healthz),
                Route("/metrics", self.metrics),
            ]
        )

    async def login(self, request: Request) -> JSONResponse:
        """Check a name and a password, and give a token for them."""
        form = await request.json()
        status, body = await self._login(str(form.get("user")), str(form.get("password")))
        self._answers[str(body.get("error", "ok"))] += 1
        return JSONResponse(body, status)

    async def _login(self, user: str, password: str) -> tuple[int, dict[str, object]]:
        server = self._live.current.server
        if self._inflight >= server.max_inflight:
            return 503, {"error": "queue full"}
        self._inflight += 1
        checking = asyncio.get_running_loop().run_in_executor(
            self._current_pool(), self._right, user, password
        )
        # A check that nobody waits for any more still holds its thread, and so its slot.
        checking.add_done_callback(lambda _: self._leave())
        try:
            timeout = server.backend_timeout.total_seconds()
            right = await asyncio.wait_for(asyncio.shield(checking), timeout)
        except TimeoutError:
            return 504, {"error": "password check timed out"}
        return (200, {"token": self._token(user)}) if right else (401, {"error": "wrong name or password"})

    async def whoami(self, request: Request) -> JSONResponse:
        tokens = self._live.current.tokens
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            claims = jwt.decode(
                bearer,
                self._key.public_key(),
                algorithms=list(tokens.algorithms),
                issuer=tokens.issuer,
                leeway=tokens.clock_skew,
            )
        except jwt.InvalidTokenError:
            return JSONResponse({"error": "no valid token"}, 401)
        return JSONResponse({"user": claims["sub"]})

    async def healthz(self, request: Request) -> JSONResponse:
        """Is the process up? (It is, all through the outage.)"""
        return JSONResponse({"up": True})

    async def metrics(self, request: Request) -> JSONResponse:
        """Running totals: how many logins were answered, and how many of them failed by our own fault."""
        failed = self._answers["queue full"] + self._answers["password check timed out"]
        return JSONResponse(
            {
                "requests": self._answers.total(),
                "errors": failed,
                "answers": dict(self._answers),
                "revision": self._live.revision,
                "problem": self._live.problem,
            }
        )

    def _current_pool(self) -> ThreadPoolExecutor:
        workers = self._live.current.server.workers
        if workers != self._workers:
            self._pool.shutdown(wait=False)
            self._pool, self._workers = ThreadPoolExecutor(workers), workers
        return self._pool

    def _leave(self) -> None:
        self._inflight -= 1

    def _right(self, user: str, password: str) -> bool:
        with closing(sqlite3.connect(self._users)) as connection:
            row = connection.execute("SELECT hash FROM user WHERE name = ?", (user,)).fetchone()
        try:
            return row is not None and self._hasher.verify(row[0], password)
        except Argon2Error:
            return False

    def _token(self, user: str) -> str:
        tokens, now = self._live.current.tokens, int(time.time())
        claims = {
            "sub": user,
            "iss": tokens.issuer,
            "iat": now,
            "exp": now + int(tokens.access_ttl.total_seconds()),
        }
        return jwt.encode(claims, self._key, algorithm=tokens.algorithms[0])


def calibrated_hasher(seconds: float = HASH_SECONDS) -> PasswordHasher:
    """A hasher whose check costs about so much of a processor on this machine, however busy that is."""
    memory, passes = 7168, 1
    for _ in range(3):
        hasher = PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=1)
        hashed = hasher.hash("calibration")
        spent = []
        for _ in range(7):
            start = time.thread_time()
            hasher.verify(hashed, "calibration")
            spent.append(time.thread_time() - start)
        factor = seconds / sorted(spent)[3]
        if 0.8 < factor < 1.25:
            break
        if passes * factor >= 1:
            passes = round(passes * factor)
        else:
            memory = max(64, round(memory * passes * factor))
            passes = 1
    return PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=1)


def add_users(path: str, passwords: dict[str, str], hasher: PasswordHasher | None = None) -> None:
    hasher = hasher or calibrated_hasher()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        hashes = list(pool.map(hasher.hash, passwords.values()))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE user (name TEXT PRIMARY KEY, hash TEXT NOT NULL) STRICT")
        connection.executemany("INSERT INTO user VALUES (?, ?)", zip(passwords, hashes, strict=True))


def main(argv: Sequence[str] | None = None) -> None:
    """Serve on a free port of loopback until standard input ends."""
    parser = argparse.ArgumentParser(description="a login service for confguard's demo")
    parser.add_argument("--store", required=True, help="URL of the store that holds the config 'auth'")
    parser.add_argument("--users", required=True, help="SQLite file with the users")
    parser.add_argument("--port", type=int, default=0, help="port on loopback (a free one)")
    args = parser.parse_args(argv)
    with (
        Live(AuthSettings, f"{args.store}#{NAME}", cache=f"{args.users}.last-good", interval=0.2) as live,
        socket.create_server(("127.0.0.1", args.port)) as listening,
    ):
        service = Service(live, args.users)
        config = uvicorn.Config(
            service.app(),
            log_level="warning",
            access_log=False,
            timeout_keep_alive=int(live.current.server.keepalive.total_seconds()),
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        threading.Thread(target=partial(_end_with_input, server), daemon=True).start()
        print(listening.getsockname()[1], flush=True)
        server.run(sockets=[listening])


def _end_with_input(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    main()
