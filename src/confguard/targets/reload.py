"""Telling a service that its files are new: a signal, a command, a request, or `systemctl reload`."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from attrs import field, frozen

from confguard.errors import TargetError, brief, did_you_mean
from confguard.fields import Duration

__all__ = [
    "CommandReload",
    "HttpReload",
    "Reload",
    "ReloadLike",
    "SignalReload",
    "SystemdReload",
    "as_reload",
]

TIMEOUT = Duration("30s")


class Reload(Protocol):
    """How a service is told."""

    @property
    def name(self) -> str:
        """How it is called in messages."""
        ...

    def tell(self) -> None:
        """Tell it. Raises `TargetError` if it cannot be told, or says that it could not take the new files."""
        ...


def _signal(name: str | signal.Signals) -> signal.Signals:
    if isinstance(name, signal.Signals):
        return name
    known = {each.name.removeprefix("SIG"): each for each in signal.Signals}
    short = name.upper().removeprefix("SIG")
    if short not in known:
        raise TargetError(f"no signal '{name}'{did_you_mean(short, known)}")
    return known[short]


@frozen
class SignalReload:
    """A signal to the process whose number stands in a file."""

    pid_file: Path = field(converter=Path)
    signal: signal.Signals = field(default=signal.SIGHUP, converter=_signal)

    @property
    def name(self) -> str:
        """The signal and where the number stands."""
        return f"{self.signal.name} to {self.pid_file}"

    def tell(self) -> None:
        """Send the signal."""
        try:
            number = int(self.pid_file.read_text("ascii").split()[0])
            if number < 2:  # 0 and below are whole groups of processes, 1 is init
                raise ValueError(f"{number} is no service's process")
            os.kill(number, self.signal)
        except (OSError, ValueError, IndexError) as error:
            raise TargetError(
                f"reload ({self.name}): {getattr(error, 'strerror', None) or error}",
                hint="does the service run, and does it write its number there?",
            ) from error


def _words(command: Sequence[str]) -> tuple[str, ...]:
    if isinstance(command, str):
        raise TargetError("reload: a command is a list: no shell reads it", hint='["nginx", "-s", "reload"]')
    return tuple(command)


@frozen
class CommandReload:
    """A command, as a list: no shell reads it. Anything but exit code 0 is a failure."""

    command: tuple[str, ...] = field(converter=_words)
    timeout: Duration = field(default=TIMEOUT, converter=Duration)

    @property
    def name(self) -> str:
        """The command."""
        return " ".join(self.command)

    def tell(self) -> None:
        """Run it."""
        import subprocess

        try:
            ended = subprocess.run(
                self.command,
                check=False,
                capture_output=True,
                text=True,
                timeout=self.timeout.total_seconds(),
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise TargetError(f"reload ({self.name}): {error}") from error
        if ended.returncode:
            said = brief(ended.stderr.strip() or ended.stdout.strip())
            raise TargetError(
                f"reload ({self.name}): ended with {ended.returncode}{': ' if said else ''}{said}"
            )


@frozen
class HttpReload:
    """A request. Anything but a status from 200 to 299 is a failure."""

    url: str = field()
    method: str = "POST"
    timeout: Duration = field(default=TIMEOUT, converter=Duration)

    @url.validator
    def _check_url(self, _: Any, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise TargetError(f"reload: '{url}' is no http or https URL")

    @property
    def name(self) -> str:
        """The method and the URL."""
        return f"{self.method} {self.url}"

    def tell(self) -> None:
        """Send it, directly: not through a proxy that the environment names."""
        import urllib.error
        import urllib.request
        from http.client import HTTPException

        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(self.url, method=self.method)  # noqa: S310 - http and https only
        try:
            with opener.open(request, timeout=self.timeout.total_seconds()):
                return
        except urllib.error.HTTPError as error:
            with error:
                said = brief(error.read(300).decode("utf-8", "replace").strip())
            raise TargetError(
                f"reload ({self.name}): status {error.code}{': ' if said else ''}{said}"
            ) from error
        except (OSError, HTTPException, ValueError) as error:
            raise TargetError(f"reload ({self.name}): {getattr(error, 'reason', error)}") from error


@frozen
class SystemdReload:
    """`systemctl reload UNIT`."""

    unit: str = field()
    timeout: Duration = field(default=TIMEOUT, converter=Duration)

    @unit.validator
    def _check_unit(self, _: Any, unit: str) -> None:
        if not unit or unit.startswith("-"):
            raise TargetError(f"reload: '{unit}' is no unit's name")

    @property
    def name(self) -> str:
        """The command."""
        return f"systemctl reload {self.unit}"

    def tell(self) -> None:
        """Run it."""
        CommandReload(("systemctl", "reload", self.unit), self.timeout).tell()


ReloadLike: TypeAlias = "Reload | str | Sequence[str] | Mapping[str, Any]"

_KINDS: dict[str, tuple[Any, set[str]]] = {
    "pid_file": (SignalReload, {"pid_file", "signal"}),
    "command": (CommandReload, {"command", "timeout"}),
    "url": (HttpReload, {"url", "method", "timeout"}),
    "systemd": (SystemdReload, {"systemd", "timeout"}),
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
        for key, (kind, allowed) in _KINDS.items():
            if key in like:
                unknown = sorted(set(like) - allowed)
                if unknown:
                    raise TargetError(
                        f"reload: unknown key '{unknown[0]}'{did_you_mean(unknown[0], allowed)}"
                    )
                named = {("unit" if name == "systemd" else name): value for name, value in like.items()}
                made: Reload = kind(**named)
                return made
        raise TargetError(
            f"reload: one of {', '.join(_KINDS)} is needed", hint='{ systemd = "auth.service" }'
        )
    if isinstance(like, Sequence):
        return CommandReload(like)
    return like
