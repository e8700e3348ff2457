"""Counts of many processes and hosts together, through the store that their settings come from."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from uuid import uuid4

from attrs import define, field
from attrs.validators import in_

from confguard.forking import renew_in_children
from confguard.rollout.monitors.interface import Counts, Recorder, Totals
from confguard.secrets import masked
from confguard.stores.interface import REPORT_SECONDS, Report, Store
from confguard.stores.stages import Instance
from confguard.values import refusing_in_words

_LOG = logging.getLogger(__name__)
_LEAST_SECONDS = 1.0


class Reporter:
    """Counts requests in one process of a service, and reports the totals to the store, at most once a second.

    `revision` says which one the process runs, as `lambda: live.revision`. What came in between two reports counts for
    the revision of the first. Where nothing comes in, nothing is written but three signs of life a minute. While the
    store is away, counting goes on, and `record` never waits for it; a process that is killed takes its last second
    with it. A forked process counts for itself, from nothing on.

    >>> from confguard.testing import memory_guard
    >>> guard = memory_guard("auth", data={"limit": 5})
    >>> with Reporter(guard.store, "auth", lambda: 1, instance="auth-7") as reporter:
    ...     reporter.record(True, 0.02)
    >>> ReportedCounts(guard.store, "auth")()
    Counts(requests=1, errors=0)
    """

    _recorders: dict[int, Recorder]
    _name: str
    _reported_at: float

    def __init__(
        self,
        store: Store,
        config: str,
        revision: Callable[[], int],
        *,
        instance: str | None = None,
        slow: float = float("inf"),
        interval: float = _LEAST_SECONDS,
    ) -> None:
        self._store, self._config, self._revision = store, config, revision
        self._instance, self._slow = Instance.of(instance, ()).name, slow
        self._interval = max(interval, _LEAST_SECONDS)
        self._over = threading.Event()
        self._begin()
        renew_in_children(self)

    def record(self, ok: bool, seconds: float = 0.0) -> None:
        """Count one request: did it go well, and how many seconds did it take?"""
        self._recorder.record(ok, seconds)

    def report(self) -> None:
        """Report now. Raises `StoreError` if the store is away; nothing is lost by that."""
        with self._lock:
            current = self._revision()
            self._recorder = self._recorders.setdefault(current, Recorder(self._slow))
            is_due = time.monotonic() >= self._reported_at + REPORT_SECONDS / 3
            for revision, recorder in self._recorders.items():
                counts, slow = recorder(), recorder.slow_counts().errors
                report = Report(self._name, revision, counts.requests, counts.errors, slow)
                if report != self._reports.get(revision) or (is_due and revision == current):
                    self._store.note_report(self._config, report)
                    self._reports[revision], self._reported_at = report, time.monotonic()

    def close(self) -> None:
        """Report for the last time, and end."""
        self._over.set()
        self._thread.join()

    def after_fork(self) -> None:
        """A process of its own, that has counted nothing yet."""
        if not self._over.is_set():
            self._begin()

    def __enter__(self) -> Reporter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self) -> None:
        self._lock, self._over = threading.Lock(), threading.Event()
        self._recorder = Recorder(self._slow)
        self._recorders = {self._revision(): self._recorder}
        self._name = f"{self._instance}/{uuid4().hex[:12]}"
        self._reports: dict[int, Report] = {}
        """What was reported last, by revision."""
        self._reported_at = 0.0
        self._thread = threading.Thread(target=self._run, name="confguard-reporter", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        problem = ""
        over = False
        while not over:
            over = self._over.wait(self._interval)
            try:
                self.report()
                problem = ""
            except Exception as error:  # noqa: BLE001 - whatever a store or the service's own function raises, it goes on
                if str(error) != problem:
                    problem = str(error)
                    _LOG.warning("%s: what was counted is not reported: %s", self._config, masked(problem))


@refusing_in_words
@define
class ReportedCounts:
    """Counts of all processes that report by a `Reporter`: all of them, or those on one `side`.

    `new` are those that run the newest revision, `rest` are those that do not yet: the control group of a stage. With
    `slow`, the errors are those that took longer than the reporters' `slow`.
    """

    reports: Store | str = field(repr=False)
    """A store, or the URL of one, which is opened when it is first read."""
    config: str
    side: str = field(default="all", validator=in_(("all", "new", "rest")))
    slow: bool = False
    _requests: Totals = field(factory=Totals, init=False, repr=False, eq=False)
    _errors: Totals = field(factory=Totals, init=False, repr=False, eq=False)

    def __call__(self) -> Counts:
        """Read what was reported. Raises `StoreError`, or `ValueError` where no process reports."""
        store = self._store()
        reports = {f"{each.reporter}/{each.revision}": each for each in store.reports(self.config)}
        if not reports:
            raise ValueError(f"no process of '{self.config}' reports what it counts")
        newest = store.newest(self.config)
        of = {
            name
            for name, each in reports.items()
            if self.side == "all" or (each.revision == newest) == (self.side == "new")
        }
        requests = {name: float(each.requests) for name, each in reports.items()}
        errors = {name: float(each.slow if self.slow else each.errors) for name, each in reports.items()}
        return Counts(int(self._requests.take(requests, of)), int(self._errors.take(errors, of)))

    def _store(self) -> Store:
        if isinstance(self.reports, str):
            from confguard.stores.opening import open_store

            self.reports = open_store(self.reports)
        return self.reports
