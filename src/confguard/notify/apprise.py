"""Slack, mail and what else Apprise knows. Its URLs hold secrets: they stand in the environment or in a file."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from attrs import field, frozen

from confguard.events import EventKind
from confguard.notify.keys import Place, place_of
from confguard.notify.messages import USUAL, Message, kinds_of
from confguard.targets.refusing import UnusableError

__all__ = ["THREADS", "AppriseNotifier"]

THREADS = "confguard-notify-"
"""How the names of threads that send begin."""


@frozen(kw_only=True)
class AppriseNotifier:
    """Services that Apprise knows, by URLs of its own: one a line, in `apprise_env` or in `apprise_file`.

    Needs the extra `notify`. Apprise sends by requests, with its own time limits; it is not tried again.

    >>> AppriseNotifier(apprise_env="OPS_URLS").name
    'Apprise'
    """

    apprise_env: str | None = None
    apprise_file: str | Path | None = None
    events: tuple[EventKind, ...] = field(default=USUAL, converter=kinds_of)
    _urls: Place = field(init=False, repr=False, eq=False)

    @_urls.default
    def _place(self) -> Place:
        return place_of(self.apprise_env, self.apprise_file, "apprise")

    @property
    def name(self) -> str:
        """What sends."""
        return "Apprise"

    def send(self, message: Message, wait: Callable[[float], object] | None = None) -> str | None:
        """Send it to each; None if all took it, else which did not, by their numbers: URLs are secrets."""
        apprise = _apprise()
        wrong = []
        for number, url in enumerate(_listed(self._urls.read()), 1):
            service = apprise.Apprise()
            if not service.add(url):
                wrong.append(f"URL {number} is none that Apprise knows")
            elif not service.notify(title=message.title, body=message.text or message.title):
                wrong.append(f"URL {number} did not take it")
        return "; ".join(wrong) or None


def _listed(text: str) -> list[str]:
    """The URLs, one a line, or with spaces between; not what stands in a comment."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(("#", ";"))]
    return " ".join(lines).split()


@cache
def _apprise() -> Any:
    """The library; what it logs of our own sending may hold a URL, and goes nowhere."""
    try:
        apprise = import_module("apprise")
    except ImportError as error:
        raise UnusableError(
            "Apprise is not installed", hint="pip install 'confguard-safety[notify]'"
        ) from error
    logging.getLogger("apprise").addFilter(lambda record: not (record.threadName or "").startswith(THREADS))
    return apprise
