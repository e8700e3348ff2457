"""Probes: health questions over HTTP, by a command or by a function.

A probe answers in its own time, whatever it asks, and its answer holds no secret: neither what a URL or a command line
carries, nor what comes back of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, Protocol, TypeAlias, cast

from attrs import field, frozen

from confguard.errors import brief, harmless
from confguard.fields import Duration
from confguard.secrets import masked
from confguard.targets.addresses import address_of, checked_url, shown_url
from confguard.targets.calls import Call, kind_and_message
from confguard.targets.concealing import shown_by, shown_words
from confguard.targets.options import Kind, UnusableError, keys_of, read_table, time_limit, words_of


class Probe(Protocol):
    """A health question."""

    @property
    def name(self) -> str:
        """How it is called in messages."""
        ...

    def check(self) -> str | None:
        """None if healthy, else what is wrong. Never raises; answers within its own time limit."""
        ...


def ask(probe: Probe) -> str | None:
    """Ask a probe of whatever kind, also one that was written elsewhere: what it raises is an answer.

    >>> ask(CommandProbe(["false"]))
    'ended with 1'
    """
    try:
        return _problem_of(probe.check())
    except Exception as error:  # noqa: BLE001 - whatever somebody's probe raises, it is not healthy
        return brief(kind_and_message(error))


@frozen
class HttpProbe:
    """Healthy when a GET is answered with a status from 200 to 299, in full, within `timeout`.

    A redirect is not healthy, and not followed: whoever sends you to a page for logging in, or to another host, has not
    said that the service is well. `timeout` is for all of it, from the name's look-up to the end of the body (of which
    up to 64 KiB are read). It is asked directly, without the proxies of the environment, as an orchestrator asks. A
    user and a password in the URL are sent as basic authentication, and shown nowhere.

    >>> HttpProbe("http://127.0.0.1:9/healthz", timeout="1s").check()
    'did not answer: Connection refused'
    """

    url: str = field(converter=checked_url, repr=shown_by(shown_url))
    timeout: Duration = field(default=Duration("2s"), converter=time_limit)

    @property
    def name(self) -> str:
        """`GET` and the URL."""
        return f"GET {shown_url(self.url)}"

    def check(self) -> str | None:
        """Ask once."""
        return fetch(self.url, self.timeout)[1]


def fetch(url: str, timeout: Duration, most: int = 65_536) -> tuple[bytes, str | None]:
    """The body of the answer to a GET, and what is wrong with the answer, if anything is."""
    from confguard.targets import http

    answer = http.ask(address_of(url), timeout, most=most)
    return answer.body, answer.wrong


@frozen
class CommandProbe:
    """Healthy when a command ends with 0 within `timeout`. The command is a list: no shell reads it.

    It has a session of its own and nothing to read; after `timeout`, its whole process group is ended. The answer is
    the last line that it printed.

    >>> CommandProbe(["true"]).check()
    >>> CommandProbe(["false"]).check()
    'ended with 1'
    """

    command: tuple[str, ...] = field(converter=words_of, repr=shown_by(shown_words))
    timeout: Duration = field(default=Duration("10s"), converter=time_limit)

    @property
    def name(self) -> str:
        """The command."""
        return shown_words(self.command)

    def check(self) -> str | None:
        """Run it once."""
        from confguard.targets.commands import run

        ended = run(self.command, self.timeout)
        lines = ended.output.splitlines()
        return f"{ended.problem}: {harmless(lines[-1][-200:])}" if ended.problem and lines else ended.problem


class _Calls:
    """The calls of one function, one at a time: while the last one hangs, it is waited for, and no other is made."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last: Call[str | None] | None = None

    def answer(self, function: Callable[[], str | None], seconds: float) -> str | None:
        """What the function answers. Raises `TimeoutError`."""
        with self._lock:
            call = self._last = self._last or Call(function)
        if not call.wait(seconds):
            raise TimeoutError
        with self._lock:
            if self._last is call:
                self._last = None
        return call.result()


@frozen
class CallableProbe:
    """Healthy when a function returns None or True; a text says what is wrong, and so does an exception.

    The function runs in a thread of its own. One that has not answered within `timeout` is not healthy; it is not
    called again until it has, and what it answers too late is the answer to the next question.

    >>> CallableProbe(lambda: "queue is full", name="queue").check()
    'queue is full'
    """

    function: Callable[[], object]
    name: str = field()
    timeout: Duration = field(default=Duration("10s"), converter=time_limit)
    _calls: _Calls = field(factory=_Calls, init=False, eq=False, repr=False)

    @name.default
    def _name(self) -> str:
        return getattr(self.function, "__name__", "callable")

    def check(self) -> str | None:
        """Call it once."""
        try:
            return self._calls.answer(self._answer, self.timeout.total_seconds())
        except TimeoutError:
            return f"did not answer within {self.timeout}"
        except Exception as error:  # noqa: BLE001 - no thread to be had, say
            return brief(kind_and_message(error))

    def _answer(self) -> str | None:
        try:
            answer = self.function()
        except BaseException as error:  # noqa: BLE001 - in a thread of its own, it interrupts nobody
            return brief(kind_and_message(error))
        return _problem_of(answer)


def _problem_of(answer: object) -> str | None:
    if answer is None or answer is True:
        return None
    return brief(masked(answer if isinstance(answer, str) and answer else f"answered {answer!r}"))


ProbeLike: TypeAlias = "Probe | str | Sequence[str] | Mapping[str, Any] | Callable[[], object]"
"""A probe, a URL, a command as a list, a table of either, or a function."""

_EXPECTED = (
    'expected are a URL, a command as a list, or a table such as { url = "http://...", timeout = "1s" }'
)
_KINDS: dict[str, Kind[Probe]] = {
    "url": Kind(HttpProbe, keys_of(HttpProbe)),
    "command": Kind(CommandProbe, keys_of(CommandProbe)),
}


def as_probe(probe: ProbeLike) -> Probe:
    """The probe that a URL, a command, a table or a function stands for. Raises `ValueError` if it stands for none.

    >>> as_probe("http://localhost/healthz").name
    'GET http://localhost/healthz'
    >>> as_probe(["systemctl", "is-active", "auth"]).name
    'systemctl is-active auth'
    >>> as_probe({"url": "http://localhost/healthz", "timeout": "1s"}).timeout
    Duration('1s')
    """
    if isinstance(probe, str):
        return HttpProbe(probe)
    if isinstance(probe, list | tuple):
        return CommandProbe(probe)
    if isinstance(probe, Mapping):
        return read_table("a probe", probe, _KINDS, hint=_EXPECTED)
    if hasattr(probe, "check"):
        return cast(Probe, probe)
    if not callable(probe):
        kind = type(probe).__name__
        raise UnusableError(
            f"a probe is a URL, a command as a list, or a function, and no {kind}", hint=_EXPECTED
        )
    return CallableProbe(probe)
