"""What PostgreSQL and its library say, as a person can act on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg

from confguard.errors import StoreBusyError, StoreError
from confguard.stores.doubt import UnreplicatedError
from confguard.stores.postgres_url import first_line
from confguard.stores.retrying import LostError

__all__ = ["check_replicated", "explained", "nothing_sent"]

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"

_SYNC_REP_WAIT = "SyncRepWaitForLSN"
"""Where the server's warning comes from, in whatever language, that a wait for its standby was given up."""

_UNABLE = ("531", "532", "54", "55", "58")
"""The classes of errors of a server that answers, and to which saying it again is no help: a full disk, a limit."""
_GOING_DOWN = ("57P", "08")
"""The classes of errors of which a commit that was under way may have been done."""


@contextmanager
def explained(shown: str) -> Iterator[None]:
    """Raise `StoreError` for what the server and its library raise within; `shown` names the store."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise StoreError(
            f"{shown}: this role may not do that: {first_line(error)}",
            hint="docs/how-to/fleet.md tells which privileges a reader and a writer need",
        ) from error
    except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable) as error:
        raise StoreBusyError(
            f"{shown}: the server has not done it in time: {first_line(error)}",
            hint="somebody may hold a lock (pg_locks, pg_stat_activity), or the server is overloaded; try again",
        ) from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise StoreError(
            f"{shown}: this server takes no writes: {first_line(error)}",
            hint="is it a standby, or was it demoted? Name the primary, or all hosts with target_session_attrs=primary",
        ) from error
    except psycopg.errors.ProtocolViolation as error:
        raise StoreError(
            f"{shown}: refused: {first_line(error)}",
            hint="a commit is a transaction: behind pgbouncer, pool_mode is to be transaction or session",
        ) from error
    except (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        psycopg.errors.IdleInTransactionSessionTimeout,
    ) as error:
        if (error.sqlstate or "").startswith(_UNABLE):
            raise StoreError(
                f"{shown}: the server cannot do that: {first_line(error)}",
                hint="its log says more; has it room on its disk, and memory?",
            ) from error
        lost = LostError(
            f"{shown}: cannot be reached: {first_line(error)}",
            hint="does the server run, and are host, port, user and password right?",
        )
        # What the server says of a statement is that it was not done; but for one that goes down at that moment.
        lost.sent = error.sqlstate is None or error.sqlstate.startswith(_GOING_DOWN)
        raise lost from error
    except psycopg.Error as error:
        raise StoreError(f"{shown}: {first_line(error)}") from error


@contextmanager
def nothing_sent() -> Iterator[None]:
    """Whatever is lost within leaves no change in doubt."""
    try:
        yield
    except LostError as error:
        error.sent = False
        raise


@contextmanager
def check_replicated(shown: str, warnings: set[str | None]) -> Iterator[None]:
    """Raise `UnreplicatedError` where what is committed within is not on the standby that it has to be on.

    `warnings` are the functions of the server that warned.
    """
    warnings.clear()
    yield
    if _SYNC_REP_WAIT in warnings:
        raise UnreplicatedError(
            f"{shown}: what was written is in force on this server, and its synchronous standby has not said that it"
            " has it: a failover now may lose it",
            hint="nothing is to be done again; see pg_stat_replication: once a standby follows, it has this, too",
        )
