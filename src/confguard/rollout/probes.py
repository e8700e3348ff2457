"""Probes: health questions over HTTP, by a command or by a function."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, cast

from attrs import field, frozen

from confguard.errors import harmless
from confguard.fields import Duration
from confguard.secrets import masked as mask

__all__ = ["CallableProbe", "CommandProbe", "HttpProbe", "Probe", "ProbeLike", "as_probe"]


class Probe(Protocol):
    """A health question."""

    @property
    def name(self) -> str:
        """How it is called in messages."""
        ...

    def check(self) -> str | None:
        """None if healthy, else what is wrong. Never raises; answers within its own time limit."""
        ...


@frozen
class HttpProbe:
    """Healthy when a GET answers with a status from 200 to 399 within `timeout`.

    Asked directly, without the proxies of the environment, as an orchestrator asks.

    >>> HttpProbe("http://127.0.0.1:9/healthz", timeout="1s").check() is None
    False
    """

    url: str = field()
    timeout: Duration = field(default=Duration("2s"), converter=Duration)

    @url.validator
    def _check_url(self, _: Any, value: str) -> None:
        if not value.startswith(("http://", "https://")):
            raise ValueError(f"a probe's URL starts with http:// or https://, not {value!r}")

    @property
    def name(self) -> str:
        """`GET` and the URL."""
        return f"GET {mask(self.url)}"

    def check(self) -> str | None:
        """Ask once."""
        try:
            fetch(self.url, self.timeout, limit=0)
        except ProbeFailure as error:
            return str(error)
        return None


@frozen
class CommandProbe:
    """Healthy when a command ends with 0 within `timeout`. The command is a list: no shell reads it.

    >>> CommandProbe(["true"]).check()
    >>> CommandProbe(["false"]).check()
    'ended with 1'
    """

    command: tuple[str, ...] = field(converter=tuple)
    timeout: Duration = field(default=Duration("10s"), converter=Duration)

    @property
    def name(self) -> str:
        """The command."""
        return " ".join(self.command)

    def check(self) -> str | None:
        """Run it once."""
        try:
            ended = subprocess.run(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=self.timeout.total_seconds(),
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"did not end within {self.timeout}"
        except OSError as error:
            return f"cannot be run: {error.strerror}"
        if ended.returncode == 0:
            return None
        said = ended.stdout[-4096:].decode(errors="replace").strip().splitlines()
        return f"ended with {ended.returncode}" + (f": {harmless(said[-1][:200])}" if said else "")


@frozen
class CallableProbe:
    """Healthy when a function returns None or True; a text says what is wrong, and so does an exception.

    >>> CallableProbe(lambda: "queue is full", name="queue").check()
    'queue is full'
    """

    function: Callable[[], object]
    name: str = field()

    @name.default
    def _name(self) -> str:
        return getattr(self.function, "__name__", "callable")

    def check(self) -> str | None:
        """Call it once."""
        try:
            answer = self.function()
        except Exception as error:  # noqa: BLE001 - whatever the user's check raises, it is not healthy
            return f"{type(error).__name__}: {error}"
        if answer is None or answer is True:
            return None
        return answer if isinstance(answer, str) and answer else f"answered {answer!r}"


ProbeLike: TypeAlias = "Probe | str | Sequence[str] | Callable[[], object]"
"""A probe, a URL, a command as a list, or a function."""


def as_probe(probe: ProbeLike) -> Probe:
    """The probe that a URL, a command or a function stands for.

    >>> as_probe("http://localhost/healthz").name
    'GET http://localhost/healthz'
    >>> as_probe(["systemctl", "is-active", "auth"]).name
    'systemctl is-active auth'
    """
    if isinstance(probe, str):
        return HttpProbe(probe)
    if isinstance(probe, list | tuple):
        return CommandProbe(tuple(probe))
    return cast(Probe, probe) if hasattr(probe, "check") else CallableProbe(cast(Callable[[], object], probe))


class ProbeFailure(Exception):  # noqa: N818 - an answer, not a fault
    """A GET went wrong; the text says how."""


def fetch(url: str, timeout: Duration, *, limit: int) -> bytes:
    """At most `limit` bytes of the answer to a GET. Raises `ProbeFailure`."""
    import urllib.error
    import urllib.request
    from http.client import HTTPException

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, headers={"User-Agent": "confguard"})  # noqa: S310 - checked: http(s)
    try:
        with opener.open(request, timeout=timeout.total_seconds()) as answer:
            body: bytes = answer.read(limit)
            return body
    except urllib.error.HTTPError as error:
        error.close()
        raise ProbeFailure(f"answered {error.code} {error.reason}") from error
    except TimeoutError as error:
        raise ProbeFailure(f"did not answer within {timeout}") from error
    except (OSError, HTTPException, ValueError) as error:
        slow = isinstance(getattr(error, "reason", None), TimeoutError)
        said = f"did not answer within {timeout}" if slow else f"did not answer: {error}"
        raise ProbeFailure(said) from error
