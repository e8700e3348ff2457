"""Where running totals come from: a URL of the service, Prometheus, a log file."""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from attrs import define, field, frozen

from confguard.errors import brief
from confguard.fields import Duration
from confguard.rollout.monitors.interface import Counts
from confguard.rollout.probes import fetch
from confguard.targets.addresses import checked_url, shown_url
from confguard.targets.concealing import shown_by
from confguard.targets.refusing import time_limit

__all__ = ["HttpCounts", "LogCounts", "PrometheusCounts"]


@frozen
class HttpCounts:
    """Counts from a URL that answers with JSON: `{"requests": 1200, "errors": 3}`. It is asked as an `HttpProbe` is."""

    url: str = field(converter=checked_url, repr=shown_by(shown_url))
    timeout: Duration = field(default=Duration("2s"), converter=time_limit)

    def __call__(self) -> Counts:
        """Ask once. Raises `OSError` or `ValueError` where there is no such answer."""
        try:
            answer = json.loads(_body(self.url, self.timeout))
            return Counts(int(answer["requests"]), int(answer["errors"]))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            pass  # out here it has no context: the answer may hold anything
        raise ValueError(f"GET {shown_url(self.url)}: expected requests and errors as numbers, in JSON")


@frozen
class PrometheusCounts:
    """Counts from a Prometheus server at `prometheus`, by two queries in PromQL for running totals.

    Each has to give one number: `sum(http_requests_total{job="login"})`. A query that gives nothing counts as 0, as a
    counter that was never raised is not there. Do not use `rate()`: it is for totals, and the monitor sees by itself
    what came in.
    """

    prometheus: str = field(converter=checked_url, repr=shown_by(shown_url))
    requests: str = field()
    errors: str = field()
    timeout: Duration = field(default=Duration("2s"), converter=time_limit)

    @requests.validator
    @errors.validator
    def _check_query(self, attribute: Any, value: Any) -> None:
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{attribute.name} is a query in PromQL, not {brief(repr(value))}")

    def __call__(self) -> Counts:
        """Ask both. Raises `OSError` or `ValueError` where there is no such answer."""
        return Counts(self._total(self.requests), self._total(self.errors))

    def _total(self, query: str) -> int:
        url = f"{self.prometheus.rstrip('/')}/api/v1/query?{urlencode({'query': query})}"
        try:
            data = json.loads(_body(url, self.timeout))["data"]
            values = (
                [data["result"]]
                if data["resultType"] == "scalar"
                else [each["value"] for each in data["result"]]
            )
            numbers = [float(value[1]) for value in values]
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            numbers = [math.nan]
        if len(numbers) > 1:
            raise ValueError(f"{brief(query)}: gives {len(numbers)} series; sum them up to one")
        if numbers and not math.isfinite(numbers[0]):
            raise ValueError(f"{brief(query)}: Prometheus gives no number for it")
        return int(numbers[0]) if numbers else 0


def _check_pattern(_: Any, attribute: Any, value: Any) -> None:
    try:
        re.compile(value)
    except (re.error, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(
            f"{attribute.name} is a regular expression, not {brief(repr(value))}: {error}"
        ) from None


@define
class LogCounts:
    """Counts from the lines that are written to a log from now on: those that `requests` and `errors` match.

    Both are regular expressions, searched in each line. A log that is rotated or cut off is read on from its start. Up
    to 16 MiB are read at once, and the rest the next time.

    >>> import tempfile, pathlib
    >>> log = pathlib.Path(tempfile.mkdtemp(), "access.log")
    >>> log.touch()
    >>> counts = LogCounts(log, errors='" 5[0-9][0-9] ')
    >>> counts()
    Counts(requests=0, errors=0)
    >>> _ = log.write_text('"GET /" 200 12\\n"GET /" 503 9\\n')
    >>> counts()
    Counts(requests=2, errors=1)
    """

    log: Path = field(converter=Path)
    errors: str = field(validator=_check_pattern)
    requests: str = field(default="", validator=_check_pattern)
    _file: tuple[int, int] | None = field(default=None, init=False)
    _offset: int = field(default=0, init=False)
    _counts: Counts = field(default=Counts(0, 0), init=False)

    def __call__(self) -> Counts:
        """Read what is new. Raises `OSError` where there is no such file."""
        with self.log.open("rb") as file:
            status = os.fstat(file.fileno())
            named = (status.st_dev, status.st_ino)
            if self._file is None:
                self._offset = status.st_size
            elif self._file != named or status.st_size < self._offset:
                self._offset = 0
            self._file = named
            file.seek(self._offset)
            text = file.read(_AT_ONCE)
        whole, newline, _ = text.rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        lines = whole.decode("utf-8", "replace").split("\n") if newline else []
        errors_in, requests_in = re.compile(self.errors).search, re.compile(self.requests).search
        errors = sum(1 for line in lines if errors_in(line))
        requests = sum(1 for line in lines if requests_in(line))
        self._counts += Counts(max(requests, errors), errors)
        return self._counts


_AT_ONCE = 16 * 1024 * 1024


def _body(url: str, timeout: Duration) -> bytes:
    body, wrong = fetch(url, timeout)
    if wrong is not None:
        raise OSError(f"GET {shown_url(url)} {wrong}")
    return body
