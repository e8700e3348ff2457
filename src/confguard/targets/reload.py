"""Telling a service that its files are new: a signal, a command, a request, or `systemctl reload`.

Whatever goes wrong while telling is a `TargetError` that names the reload, and holds no secret: neither what a URL or a
command line carries, nor what comes back of it in the output of a command or the answer of a server.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol, TypeAlias

from attrs import Factory, field, frozen

from confguard.errors import TargetError, brief, did_you_mean, harmless
from confguard.fields import Duration
from confguard.targets.addresses import address_of, checked_url, shown_url
from confguard.targets.calls import kind_and_message
from confguard.targets.concealing import shown_by, shown_words
from confguard.targets.options import Kind, UnusableError, keys_of, read_table, time_limit, words_of
from confguard.targets.writing import bound

TIMEOUT = Duration("30s")
TELLING = "CONFGUARD_TELLING"
"""The environment variable that a reload command has: a confguard that it calls knows that it is called by one."""


class Reload(Protocol):
    """How a service is told."""

    @property
    def name(self) -> str:
        """How it is called in messages."""

    def tell(self) -> None:
        """Tell it. Raises `TargetError` if it cannot be told, or says that it could not take the new files."""


def tell(reload: Reload) -> None:
    """Tell by a reload of whatever kind, also one that was written elsewhere: what goes wrong in it is a `TargetError`.

    >>> tell(CommandReload(["true"]))
    """
    try:
        reload.tell()
        return
    except TargetError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever somebody's reload raises, the service was not told
        wrong = kind_and_message(error)
    raise TargetError(f"reload ({reload.name}): {brief(wrong)}")


def _pid_file(value: Any) -> Path:
    if not isinstance(value, str | Path) or not str(value) or "\0" in str(value):
        raise UnusableError("`pid_file` is not a path", hint="/run/auth.pid")
    return Path(value)


def _signal(value: Any) -> signal.Signals:
    if isinstance(value, signal.Signals):
        return value
    known = {each.name.removeprefix("SIG"): each for each in signal.Signals}
    short = value.upper().removeprefix("SIG") if isinstance(value, str) else ""
    if short not in known:
        raise UnusableError(
            f"no signal '{brief(str(value))}'{did_you_mean(short, known)}", hint="HUP, USR1, TERM"
        )
    return known[short]


@frozen
class SignalReload(Reload):
    """A signal to the process whose number stands in a file.

    A file that is older than the process is stale: the number belongs to another process by now, and nothing is
    signalled. Where the system has no `/proc`, that cannot be known, and the number is trusted. Which signal is sent is
    your choice, `KILL` and `STOP` too.
    """

    pid_file: Path = field(converter=_pid_file)
    signal: signal.Signals = field(default=signal.SIGHUP, converter=_signal)
    _at: Path = field(
        init=False, repr=False, default=Factory(lambda self: bound(self.pid_file), takes_self=True)
    )

    @property
    def name(self) -> str:
        return f"{self.signal.name} to {harmless(str(self.pid_file))}"

    def tell(self) -> None:
        from confguard.targets import processes

        try:
            processes.send(self.signal, self._at)
            return
        except UnusableError as error:
            wrong = str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing was signalled
            wrong = getattr(error, "strerror", None) or kind_and_message(error).removesuffix(": ")
        hint = "does the service run, and does it write its number there?"
        if "permitted" in wrong:
            hint = "who runs confguard must be the service's user, or root"
        _fail(self.name, wrong, hint)


@frozen
class CommandReload(Reload):
    """A command, as a list: no shell reads it. Anything but exit code 0 is a failure.

    It has a session of its own, nothing to read, and `CONFGUARD_TELLING=1` in its environment. After `timeout`, or when
    confguard is interrupted, its whole process group is ended; what it started in another session (`setsid`) is not in
    it. A daemon that it leaves behind lives on. A password on a command line is known to all users of the machine: give
    commands a file or a variable instead. Those that are recognised (`--password x`, `TOKEN=x`) are shown as `***`;
    `-pSECRET` cannot be.
    """

    command: tuple[str, ...] = field(converter=words_of, repr=shown_by(shown_words))
    timeout: Duration = field(default=TIMEOUT, converter=time_limit)

    @property
    def name(self) -> str:
        return shown_words(self.command)

    def tell(self) -> None:
        from confguard.targets.commands import run

        ended = run(self.command, self.timeout, {TELLING: "1"})
        if ended.problem is not None:
            output = brief(ended.output)
            _fail(self.name, f"{ended.problem}{': ' if output else ''}{output}", ended.hint)


def _method(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch("[A-Za-z]{1,20}", value) or value.upper() == "CONNECT":
        raise UnusableError(f"'{brief(str(value))}' is not a method of HTTP", hint="POST, PUT")
    return value.upper()


@frozen
class HttpReload(Reload):
    """A request. Anything but a status from 200 to 299 is a failure, a redirect too: it is never followed.

    `timeout` is for all of it, from the name's look-up to the end of the answer (of which up to 64 KiB are read). It is
    sent directly, not through a proxy that the environment names; HTTPS trusts the authorities of the system. A user
    and a password in the URL are sent as basic authentication, and shown nowhere.

    >>> HttpReload("http://ana:s3cret@127.0.0.1:9090/-/reload")
    HttpReload(url='http://ana:***@127.0.0.1:9090/-/reload', method='POST', timeout=Duration('30s'))
    """

    url: str = field(converter=checked_url, repr=shown_by(shown_url))
    method: str = field(default="POST", converter=_method)
    timeout: Duration = field(default=TIMEOUT, converter=time_limit)

    @property
    def name(self) -> str:
        return f"{self.method} {shown_url(self.url)}"

    def tell(self) -> None:
        from confguard.targets.http import ask

        address = address_of(self.url)
        answer = ask(address, self.timeout, self.method)
        if answer.problem is not None:
            _fail(self.name, answer.problem, "does the service run, and listen there?")
        if not answer.good:
            output = brief(
                address.concealed.clean(answer.body.decode("utf-8", "replace")[:8192])[:4096].strip()
            )
            wrong = f"status {answer.status}{answer.leads}{': ' if output else ''}{output}"
            _fail(self.name, wrong, _HINTS.get(answer.status, "what does the service's own log say?"))


_LOGIN = "credentials stand in the URL: http://user:password@host/"
_REDIRECT = f"give the URL that answers by itself; if it leads to a page for logging in, {_LOGIN}"
_WHERE = "are this the URL and the method with which the service reloads, and is that enabled?"
_HINTS = {
    **dict.fromkeys((301, 302, 303, 307, 308), _REDIRECT),
    **dict.fromkeys((401, 403, 407), _LOGIN),
    **dict.fromkeys((404, 405, 501), _WHERE),
}


def _unit(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"(?!-)[\w:.@\\-]{1,255}", value, re.ASCII):
        raise UnusableError(f"'{brief(str(value))}' is not a unit's name", hint="auth.service")
    return value


@frozen
class SystemdReload(Reload):
    """`systemctl reload UNIT`."""

    unit: str = field(converter=_unit)
    timeout: Duration = field(default=TIMEOUT, converter=time_limit)

    @property
    def name(self) -> str:
        return f"systemctl reload {self.unit}"

    def tell(self) -> None:
        CommandReload(("systemctl", "reload", self.unit), self.timeout).tell()


def _fail(name: str, wrong: str, hint: str | None) -> NoReturn:
    raise TargetError(f"reload ({name}): {wrong}", hint=hint)


ReloadLike: TypeAlias = "Reload | str | Sequence[str] | Mapping[str, Any]"

_EXPECTED = 'expected are a URL, a command as a list, or a table such as { systemd = "auth.service" }'
_KINDS: dict[str, Kind[Reload]] = {
    "pid_file": Kind(SignalReload, keys_of(SignalReload)),
    "command": Kind(CommandReload, keys_of(CommandReload)),
    "url": Kind(HttpReload, keys_of(HttpReload)),
    "systemd": Kind(SystemdReload, keys_of(SystemdReload, unit="systemd")),
}


def as_reload(like: ReloadLike) -> Reload:
    """A reload from what a person writes: a URL, a command as a list, or a table.

    >>> as_reload(["nginx", "-s", "reload"]).name, as_reload("http://127.0.0.1:9000/reload").name
    ('nginx -s reload', 'POST http://127.0.0.1:9000/reload')
    >>> as_reload({"pid_file": "/run/auth.pid", "signal": "HUP"}).name
    'SIGHUP to /run/auth.pid'
    >>> as_reload({"systemd": "auth.service"}).name
    'systemctl reload auth.service'
    """
    if isinstance(like, str):
        return HttpReload(like)
    if isinstance(like, Mapping):
        return read_table("a reload", like, _KINDS, hint=_EXPECTED)
    if isinstance(like, Sequence):
        return CommandReload(like)
    if not hasattr(like, "tell"):
        kind = type(like).__name__
        raise UnusableError(f"a service cannot be told by what is of type {kind}", hint=_EXPECTED)
    return like
