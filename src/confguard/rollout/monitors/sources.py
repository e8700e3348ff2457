"""Where running totals come from: a URL of the service, Prometheus, a log file."""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from weakref import finalize

from attrs import define, field, frozen

from confguard.errors import brief
from confguard.fields import Duration
from confguard.rollout.monitors.interface import Counts, Totals
from confguard.rollout.probes import fetch
from confguard.targets.addresses import checked_url, shown_url
from confguard.targets.concealing import shown_by
from confguard.targets.http import MOST
from confguard.targets.options import time_limit


@frozen
class HttpCounts:
    """Counts from a URL that answers with JSON: `{"requests": 1200, "errors": 3}`. It is asked as an `HttpProbe` is."""

    url: str = field(converter=checked_url, repr=shown_by(shown_url))
    timeout: Duration = field(default=Duration("2s"), converter=time_limit)

    def __call__(self) -> Counts:
        """Ask once. Raises `OSError` or `ValueError` where there is no such answer."""
        try:
            answer = json.loads(_body(self.url, self.timeout, shown=f"GET {shown_url(self.url)}"))
            numbers = answer["requests"], answer["errors"]
            if not any(isinstance(each, bool) or int(each) < 0 for each in numbers):
                return Counts(*map(int, numbers))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            pass  # out here it has no context: the answer may hold anything
        raise ValueError(f"GET {shown_url(self.url)}: expected requests and errors as numbers, in JSON")


_RATE = re.compile(
    r"[\s(]*(?:sum\s*(?:(?:by|without)\s*\([^)]*\)\s*)?\(\s*)?(i?rate|increase|i?delta|deriv)\s*\("
)


@define
class PrometheusCounts:
    """Counts from a Prometheus server at `prometheus`, by two queries in PromQL for running totals.

    Name the counters as they are, `http_requests_total{job="login"}`, without `sum()` or `rate()`: each series is
    followed for itself, so that one instance that starts anew, or is away for a while, does not make the rest look as
    if it had. A series that appears counts in full. A query for `errors` that gives nothing counts as 0, as a counter
    that was never raised is not there; one for `requests` that gives nothing is no reading (`or vector(0)` makes it
    0). Up to 4 MiB of an answer are read, some 20,000 series.
    """

    prometheus: str = field(converter=checked_url, repr=shown_by(shown_url))
    requests: str = field()
    errors: str = field()
    timeout: Duration = field(default=Duration("2s"), converter=time_limit)
    _requests_seen: Totals = field(factory=Totals, init=False, repr=False, eq=False)
    _errors_seen: Totals = field(factory=Totals, init=False, repr=False, eq=False)

    @requests.validator
    @errors.validator
    def _check_query(self, attribute: Any, value: Any) -> None:
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{attribute.name} is a query in PromQL, not {brief(repr(value))}")
        if rate := _RATE.match(value):
            raise ValueError(
                f"{attribute.name} is a running total, and {rate[1]}() makes a rate of it: name the counter as it is"
            )

    def __call__(self) -> Counts:
        """Ask both. Raises `OSError` or `ValueError` where there is no such answer."""
        errors = self._series(self.errors)  # first: what fails meanwhile is not missing among the requests
        requests = self._series(self.requests)
        if not requests:
            raise ValueError(
                f"{brief(self.requests)}: gives no series; is there such a metric, and is it scraped?"
            )
        return Counts(int(self._requests_seen.take(requests)), int(self._errors_seen.take(errors)))

    def _series(self, query: str) -> dict[str, float]:
        """The value of each series."""
        url = f"{self.prometheus.rstrip('/')}/api/v1/query?{urlencode({'query': query})}"
        body = _body(
            url, self.timeout, shown=f"{brief(query)}: {shown_url(self.prometheus)}", most=_MOST_SERIES
        )
        try:
            data = json.loads(body)["data"]
            if data["resultType"] == "scalar":
                series = {"": float(data["result"][1])}
            else:
                series = {
                    json.dumps(each["metric"], sort_keys=True): float(each["value"][1])
                    for each in data["result"]
                }
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            series = {"": math.nan}
        if not all(map(math.isfinite, series.values())):
            raise ValueError(f"{brief(query)}: Prometheus gives no number for it")
        return series


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

    Both are regular expressions, searched in each line. A log that is rotated is read to its
    end, and then the new one from its start; so is one that was cut off. Up to 16 MiB are read at once, and the rest
    the next time.

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
    _file: int | None = field(default=None, init=False, repr=False, eq=False)
    """Held open: what is written to it until its writer takes the new one is read, too."""
    _offset: int = field(default=0, init=False, eq=False)
    _before: bytes = field(default=b"", init=False, repr=False, eq=False)
    """What stood right before the offset: other bytes there are another file under the same name."""
    _counts: Counts = field(default=Counts(0, 0), init=False, eq=False)
    _close: Callable[[], object] = field(default=bool, init=False, repr=False, eq=False)

    def __call__(self) -> Counts:
        """Read what is new. Raises `OSError` where there is no such file."""
        named = _opened(self.log)
        if self._file is None:
            self._follow(named, os.fstat(named).st_size)
        elif os.path.sameopenfile(self._file, named):
            os.close(named)
            if os.pread(self._file, len(self._before), self._offset - len(self._before)) != self._before:
                self._offset, self._before = 0, b""
        elif self._take_new():
            os.close(named)
            return self._counts  # the new one when nothing comes to the old one any more
        else:
            self._close()
            self._follow(named, 0)
        self._take_new()
        return self._counts

    def _follow(self, file: int, offset: int) -> None:
        self._file, self._offset, self._before = file, offset, b""
        self._close = finalize(self, os.close, file)

    def _take_new(self) -> bool:
        """Count whole lines from the offset on; were there any?"""
        text = os.pread(self._file, _AT_ONCE, self._offset) if self._file is not None else b""
        whole, newline, _ = text.rpartition(b"\n")
        if newline:
            lines = whole.decode("utf-8", "replace").split("\n")
            errors_in, requests_in = re.compile(self.errors).search, re.compile(self.requests).search
            errors = sum(1 for line in lines if errors_in(line))
            self._counts += Counts(max(errors, sum(1 for line in lines if requests_in(line))), errors)
            whole += newline
        elif len(text) == _AT_ONCE:
            whole = text  # of a line without end only its last part counts
        if whole:
            self._offset, self._before = self._offset + len(whole), whole[-_REMEMBERED:]
        return bool(whole)


def _opened(path: Path) -> int:
    """A regular file, opened: a named pipe would be waited for. Raises `OSError`."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(f"{path}: no regular file")
    return file


_REMEMBERED = 256
_AT_ONCE = 16 * 1024 * 1024
_MOST_SERIES = 4 * 1024 * 1024


def _body(url: str, timeout: Duration, *, shown: str, most: int = MOST) -> bytes:
    """The whole body of an answer. Raises `OSError`, which says what was asked and what is wrong."""
    body, wrong = fetch(url, timeout, most=most)
    if wrong is None and len(body) >= most:
        wrong = f"answered with {most // 1024:,} KiB or more"
    if wrong is not None:
        raise OSError(f"{shown} {wrong}{_error_in(body)}")
    return body


def _error_in(body: bytes) -> str:
    """What Prometheus says of a query that it cannot answer."""
    try:
        return f": {brief(json.loads(body)['error'])}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
