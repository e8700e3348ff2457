"""Limits, pools, timeouts and retries: what decides whether requests are served or rejected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from confguard.diffs.quantity import times
from confguard.paths import Path
from confguard.risk.findings import Finding
from confguard.risk.names import words_of
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Rule, Verdict, sized
from confguard.risk.rules.magnitude import IdentityWords

__all__ = ["CountDisagrees", "FrequentWork", "LimitCut", "LimitPassed", "RetriesRaised", "TimeoutCut"]

_LIMITS = frozenset(
    {"max", "maximum", "limit", "pool", "capacity", "quota", "inflight", "connection", "concurrency"}
    | {"concurrent", "thread", "worker", "queue", "backlog", "burst", "rate", "rps", "qps", "buffer", "slot"}
    | {"permit", "conns", "conn", "parallelism", "parallel", "memory", "cpu", "heap", "ulimit", "nofile"}
)
_LIMITING_PARENTS = frozenset({"limit", "ratelimit", "rate", "quota", "pool", "throttle", "throttling"})
_NOT_LIMITS = frozenset(
    {"retry", "retries", "attempt", "age", "wait", "delay", "backoff", "level", "log", "logs", "sample"}
    | {"timeout", "ttl", "interval", "min", "minimum", "error", "errors", "failure", "failures", "percent"}
)
_TIMES = frozenset({"timeout", "deadline", "grace", "wait", "linger", "drain", "ttl", "lease", "lifetime"})
_PERIODS = frozenset({"interval", "period", "refresh", "poll", "polling", "heartbeat", "every", "frequency"})
_CEILINGS = frozenset({"max", "maximum", "limit", "cap", "quota", "ceiling", "capacity"})
_COUNTS = frozenset(
    {"count", "num", "total", "length", "len", "field", "column", "member", "shard", "partition", "node"}
)


class LimitCut(EditRule):
    """A limit, pool or queue was made much smaller."""

    code = "CG201"
    title = "a limit was cut"
    severity = "high"
    reason = (
        "Below the number that peak traffic needs, a smaller pool, queue or rate does not slow a service "
        "down: it makes it reject what it served before."
    )
    advice = "Compare with the peak of what is used now, and go down in steps, watched."
    example = Example("pool_size = 64\n", "pool_size = 4\n", "pool_size = 60\n")
    outage = "login service, 18 January 2024: a tuned queue rejected 85 % of the users for 225 minutes"

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """To a quarter or less is high, to half or less is medium."""
        if edit.ratio is None or edit.ratio > 0.5 or not _is_limit(edit):
            return None
        severe = edit.ratio <= 0.25
        return ("high" if severe else "medium"), f"cut {sized(edit)}: {times(edit.ratio)}"


class TimeoutCut(EditRule):
    """A time that something is given was made much shorter."""

    code = "CG202"
    title = "a timeout was cut"
    severity = "high"
    reason = (
        "A timeout below what the slow requests take turns them into failures, and their retries into load. "
        "Work that was begun is often done all the same, for nobody."
    )
    advice = "Compare with the 99th percentile of what is timed, under load."
    example = Example('backend_timeout = "2s"\n', 'backend_timeout = "20ms"\n', 'backend_timeout = "3s"\n')
    outage = "login service, 18 January 2024: a back end was given 20 ms in place of 2 s"

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """To a quarter or less is high, to half or less is medium."""
        if edit.ratio is None or edit.ratio > 0.5 or not edit.words & _TIMES:
            return None
        severe = edit.ratio <= 0.25
        return ("high" if severe else "medium"), f"cut {sized(edit)}: {times(edit.ratio)}"


class RetriesRaised(EditRule):
    """Many more retries."""

    code = "CG203"
    title = "retries were raised"
    severity = "high"
    reason = (
        "Retries multiply load just when the other side is slow: twenty retries are twenty times the traffic."
    )
    advice = "Keep retries few, with a back-off and a budget."
    example = Example("retries = 2\n", "retries = 20\n", "retries = 3\n")

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Three times as many, and at least five."""
        if edit.ratio is None or not edit.words & {"retry", "retries", "attempt", "attempts"}:
            return None
        if (
            edit.words & _TIMES
            or edit.words & _PERIODS
            or edit.ratio < 3
            or edit.amounts_after.get("n", 0.0) < 5
        ):
            return None
        return f"raised {sized(edit)}: {edit.ratio:.3g} times the load when the other side is slow"


class LimitPassed(Rule):
    """Something grew past a limit that stands beside it."""

    code = "CG204"
    title = "growth passed a limit in the same file"
    severity = "high"
    reason = (
        "A limit and what it limits are often set in different places; growth meets the limit unannounced."
    )
    advice = "Raise the limit first, or check that it does not limit this."
    example = Example(
        "fleet_size = 4000\nos_max_threads = 4096\n",
        "fleet_size = 4400\nos_max_threads = 4096\n",
        "fleet_size = 4050\nos_max_threads = 4096\n",
    )
    outage = "AWS Kinesis, 25 November 2020: the fleet grew past the threads a server may have"

    def check(self, context: Context) -> Iterator[Finding]:
        """An amount, or the length of a list, that was within a limit and no longer is."""
        for edit in context.edits:
            numbers = isinstance(edit.before, int | float) and isinstance(edit.after, int | float)
            if numbers and not edit.words & (IdentityWords | _CEILINGS):
                yield from self._passed(edit.path, edit.before, edit.after, context)
        for path, before, after in _resized_lists(context):
            yield from self._passed(path, before, after, context)

    def _passed(self, path: Path, before: float, after: float, context: Context) -> Iterator[Finding]:
        if isinstance(before, bool) or isinstance(after, bool):
            return
        for name, limit in _ceilings_near(path, context):
            if before <= limit < after:
                yield self.finding(path, f"grew from {before} to {after}, past {name} = {limit}")


class CountDisagrees(Rule):
    """A list no longer has the length that the file declares."""

    code = "CG205"
    title = "a declared count no longer agrees"
    severity = "high"
    reason = "A reader that trusts the declared count reads past the end, or leaves something out."
    advice = "Change the count and the list together, or have the reader count for itself."
    example = Example(
        'fields = 3\nmatch = ["a", "b", "c"]\n',
        'fields = 3\nmatch = ["a", "b", "c", "d"]\n',
        'fields = 4\nmatch = ["a", "b", "c", "d"]\n',
    )
    outage = "CrowdStrike, 19 July 2024: an entry with one field more than its reader supplied"

    def check(self, context: Context) -> Iterator[Finding]:
        """A list whose length was a declared count, and is another one now."""
        resized = list(_resized_lists(context))
        if not resized:
            return
        declared = [(path, value) for path, value in _integers(context.after, ()) if _is_count(path)]
        for path, before, after in resized:
            for where, count in declared:
                if before == count != after and before > 1:
                    name = where[-1]
                    yield self.finding(path, f"has {after} elements, and {name} says {count}, as it had")
                    break


class FrequentWork(EditRule):
    """Something periodic happens ten times as often."""

    code = "CG206"
    title = "periodic work became much more frequent"
    severity = "medium"
    reason = "An interval ten times shorter is ten times the load on what is asked."
    advice = "Multiply by the number of instances that ask, and add jitter."
    example = Example('poll_interval = "30s"\n', 'poll_interval = "1s"\n', 'poll_interval = "20s"\n')

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A tenth of the interval or less."""
        if edit.ratio is None or edit.ratio > 0.1 or not edit.words & _PERIODS:
            return None
        return f"{sized(edit)}: {1 / edit.ratio:.3g} times as often"


def _is_limit(edit: Edit) -> bool:
    if edit.words & _NOT_LIMITS or edit.words & IdentityWords or edit.words & _TIMES:
        return False
    parents = (
        words_of(edit.path[-2]) if len(edit.path) > 1 and isinstance(edit.path[-2], str) else frozenset()
    )
    return bool(edit.words & _LIMITS or parents & _LIMITING_PARENTS)


def _resized_lists(context: Context) -> Iterator[tuple[Path, int, int]]:
    """Each list that changed its length: path, length before, length after."""
    seen = set()
    for change in context.diff:
        path = change.path[:-1]
        if change.op in {"add", "remove"} and change.path and path not in seen:
            seen.add(path)
            before, after = context.before_at(path), context.after_at(path)
            if isinstance(before, list) and isinstance(after, list) and len(before) != len(after):
                yield path, len(before), len(after)


def _ceilings_near(path: Path, context: Context) -> Iterator[tuple[str, float]]:
    """Limits in the mapping around a setting, and in the one around that."""
    for depth in range(len(path) - 1, max(len(path) - 3, -1), -1):
        around = context.after_at(path[:depth])
        if not isinstance(around, dict):
            continue
        for name, value in around.items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if number and name != path[depth] and words_of(str(name)) & _CEILINGS:
                yield str(name), value


def _integers(data: Any, path: Path) -> Iterator[tuple[Path, int]]:
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in children:
        if isinstance(value, int) and not isinstance(value, bool):
            yield (*path, key), value
        else:
            yield from _integers(value, (*path, key))


def _is_count(path: Path) -> bool:
    return isinstance(path[-1], str) and bool(words_of(path[-1]) & _COUNTS)
