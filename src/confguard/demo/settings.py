"""The login service's settings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from confguard.fields import Duration, Impact


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Server(_Table):
    """How much the service takes on, and how long it waits."""

    workers: Annotated[int, Field(ge=1, le=128)] = 16
    """Threads that check passwords."""
    max_inflight: Annotated[int, Field(ge=1), Impact("high")] = 400
    """Logins that may be under way at once; more are turned away."""
    backend_timeout: Annotated[Duration, Impact("high")] = Duration("2s")
    """How long a login may wait for its password check."""
    keepalive: Duration = Duration("75s")


class Tokens(_Table):
    """What a successful login is given."""

    issuer: str
    algorithms: list[Literal["RS256"]] = ["RS256"]
    access_ttl: Duration = Duration("15m")
    clock_skew: Duration = Duration("30s")
    cache_size: Annotated[int, Field(ge=0)] = 20_000


class Sessions(_Table):
    """Where sessions are kept. The service of the demo has none: its tokens say it all."""

    store: str
    pool_size: Annotated[int, Field(ge=1)] = 64


class AuthSettings(_Table):
    """`auth.toml`."""

    server: Server = Server()
    tokens: Tokens
    sessions: Sessions
