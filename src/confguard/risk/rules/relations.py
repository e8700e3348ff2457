"""Settings against each other in one file: what each allows alone, and the pair does not."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from confguard.diffs.quantity import amounts
from confguard.paths import Path
from confguard.risk.findings import Finding
from confguard.risk.names import parts_of, word_set, words_of
from confguard.risk.rules.embedded import leaves
from confguard.risk.rules.interface import Context, Example, Rule

__all__ = [
    "DrainImpossible",
    "ImpatientCaller",
    "MinAboveMax",
    "OutOfOrder",
    "ProbeImpossible",
    "RequestAboveLimit",
    "RetriesOutlastDeadline",
    "SharesExceedWhole",
]

_OUTER = frozenset(
    {"client", "gateway", "proxy", "frontend", "edge", "total", "overall", "deadline", "ingress"}
)
_INNER = frozenset(
    {"upstream", "backend", "server", "connect", "read", "db", "database", "query", "statement"}
)
_TIMES = frozenset({"timeout", "deadline"})
_RETRIES = frozenset({"retry", "retries", "attempt", "attempts"})


_OF_TIMES = word_set("timeout period interval seconds secs sec s ms millis milliseconds minutes")
_MOST_KEYS = 200
_ORDERED_PAIRS = tuple(
    (frozenset(larger.split()), frozenset(smaller.split()), equal)
    for larger, smaller, equal in (
        ("lease duration", "renew", True),
        ("lease", "heartbeat", True),
        ("session timeout", "heartbeat", True),
        ("election timeout", "heartbeat", True),
        ("visibility timeout", "handler timeout", False),
        ("visibility timeout", "processing", False),
        ("visibility timeout", "job timeout", False),
        ("visibility timeout", "task timeout", False),
        ("ack deadline", "handler timeout", False),
        ("termination grace", "drain", False),
        ("termination grace", "prestop", False),
        ("grace", "drain timeout", False),
        ("backend keepalive", "balancer idle", False),
        ("keepalive timeout", "idle timeout", False),
        ("max poll interval", "session timeout", False),
        ("refresh token ttl", "access token ttl", True),
        ("certificate duration", "renew before", True),
        ("duration", "renewbefore", True),
        ("max", "initial backoff", False),
        ("request timeout", "replica lag", False),
        ("scale up threshold", "scale down threshold", True),
        ("upper threshold", "lower threshold", True),
        ("high watermark", "low watermark", True),
        ("critical threshold", "warning threshold", False),
        ("hard limit", "soft limit", False),
        ("memory limit", "heap", False),
        ("container memory", "heap", False),
    )
)
_ORDERED_WORDS = frozenset[str]().union(*(larger | smaller for larger, smaller, _ in _ORDERED_PAIRS))
"""Words of the larger one, of the smaller one, and whether being equal is wrong as well."""


class PairRule(Rule):
    """A rule about two settings of one table: it fires where they disagree now and did not before."""

    across: ClassVar[bool] = False
    """May the two stand in different tables of one small document?"""

    def check(self, context: Context) -> Iterator[Finding]:
        """A finding for each table that a change touched and in which the pair is wrong now."""
        beside = list(self._beside(context))
        yield from beside
        if self.across:
            known = {finding.path for finding in beside}
            yield from (finding for finding in self._apart(context) if finding.path not in known)

    def _apart(self, context: Context) -> Iterator[Finding]:
        before, after = _flat(context.before), _flat(context.after)
        known = {message for _, message in self.disagreements(before)}
        for key, message in self.disagreements(after):
            if message not in known:
                yield self.finding(tuple(key.split("\t")), message.replace("\t", "."))

    def _beside(self, context: Context) -> Iterator[Finding]:
        for path in dict.fromkeys(path for edit in context.edits for path in _tables_around(edit.path)):
            after = _as_read(context.after_at(path), path, context)
            if not isinstance(after, Mapping) or len(after) > _MOST_KEYS:
                continue  # what has hundreds of keys is a list of things, not the settings of one
            before = _as_read(context.before_at(path), path, context)
            known = set(self.disagreements(before)) if isinstance(before, Mapping) else set()
            for key, message in self.disagreements(after):
                if (key, message) not in known:
                    yield self.finding((*path, key), message)

    @abstractmethod
    def disagreements(self, table: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
        """What is wrong in a table: the key at which it is told, and the message."""


class ImpatientCaller(PairRule):
    """Who calls gives up before who is called."""

    code = "CG207"
    title = "a caller gives up before the callee does"
    severity = "high"
    reason = (
        "When the outer timeout is the shorter one, the caller has gone (and asks again) while the work it asked "
        "for still goes on for nobody."
    )
    advice = "Let each timeout be longer than the sum of those inside of it."
    example = Example(
        'client_timeout = "10s"\nupstream_timeout = "5s"\n',
        'client_timeout = "10s"\nupstream_timeout = "30s"\n',
        'client_timeout = "40s"\nupstream_timeout = "30s"\n',
    )

    def disagreements(self, table: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
        """Outer timeouts below inner ones."""
        times = [
            (key, words, found["s"])
            for key, value in table.items()
            if isinstance(key, str)
            and (words := words_of(key)) & _TIMES
            and (found := amounts(value)).get("s")
        ]
        for outer, outer_words, long in times:
            for inner, inner_words, short in times:
                if (
                    outer_words & _OUTER
                    and inner_words & _INNER
                    and not inner_words & _OUTER
                    and long < short
                ):
                    yield outer, f"{outer} = {table[outer]} ends before {inner} = {table[inner]}"


class RetriesOutlastDeadline(PairRule):
    """All retries together take longer than anyone waits."""

    code = "CG208"
    title = "retries outlast the deadline"
    severity = "medium"
    reason = "Retries that begin after the caller has given up are load without a purpose."
    advice = "Keep attempts times the timeout of each below the deadline of the whole."
    example = Example(
        'total_timeout = "10s"\nretries = 2\nattempt_timeout = "3s"\n',
        'total_timeout = "10s"\nretries = 8\nattempt_timeout = "3s"\n',
        'total_timeout = "30s"\nretries = 8\nattempt_timeout = "3s"\n',
    )

    def disagreements(self, table: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
        """Retries times one attempt, above the whole."""
        names = {key: words_of(key) for key in table if isinstance(key, str)}
        for key, words in names.items():
            count = table[key]
            if (
                not words & _RETRIES
                or words & _TIMES
                or not isinstance(count, int)
                or isinstance(count, bool)
            ):
                continue
            each = _first_time(table, names, {"attempt", "try", "request", "connect"})
            whole = _first_time(table, names, {"total", "overall", "deadline"})
            if each and whole and count * each[1] > whole[1] and each[0] != whole[0]:
                yield (
                    key,
                    f"{count} times {each[0]} = {table[each[0]]} is more than {whole[0]} = {table[whole[0]]}",
                )


class MinAboveMax(PairRule):
    """A least above the most."""

    code = "CG210"
    title = "a minimum is above its maximum"
    severity = "high"
    reason = "No value satisfies both: readers refuse to start, or obey one of the two without a word."
    advice = "Set both together, the minimum first when they grow."
    example = Example(
        "min_replicas = 2\nmax_replicas = 10\n",
        "min_replicas = 12\nmax_replicas = 10\n",
        "min_replicas = 12\nmax_replicas = 20\n",
    )

    def disagreements(self, table: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
        """Keys that differ only in `min` and `max`."""
        names = {key: frozenset(parts_of(key)) for key in table if isinstance(key, str)}
        for low, low_words in names.items():
            least = low_words & {"min", "minimum", "idle", "low"}
            if not least:
                continue
            for high, high_words in names.items():
                most = high_words & {"max", "maximum", "high"}
                same_thing = low_words - {"min", "minimum", "low"} == high_words - {"max", "maximum", "high"}
                if most and same_thing and _above(table[low], table[high]):
                    yield low, f"{low} = {table[low]} is above {high} = {table[high]}"


class ProbeImpossible(PairRule):
    """A health probe that cannot succeed, or takes longer than it is given."""

    code = "CG211"
    title = "a health probe cannot succeed"
    severity = "high"
    reason = "An instance that never counts as healthy gets no traffic, or is restarted for ever."
    advice = "Keep thresholds at one or more, and the timeout below the period."
    example = Example(
        "[readinessProbe]\nperiodSeconds = 10\ntimeoutSeconds = 3\nfailureThreshold = 3\n",
        "[readinessProbe]\nperiodSeconds = 10\ntimeoutSeconds = 30\nfailureThreshold = 3\n",
        "[readinessProbe]\nperiodSeconds = 10\ntimeoutSeconds = 5\nfailureThreshold = 3\n",
    )

    def disagreements(self, table: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
        """A threshold of zero, or a timeout above the period."""
        named = {"".join(sorted(words_of(key))): key for key in table if isinstance(key, str)}
        for key in list(named.values()):
            words = words_of(key)
            if (
                "threshold" in words
                and words & {"failure", "success", "unhealthy", "healthy"}
                and _is_zero(amounts(table[key]))
            ):
                yield key, f"{key} = 0: it can never pass"
        periods = [key for key in named.values() if words_of(key) & {"period", "interval"}]
        timeouts = [key for key in named.values() if "timeout" in words_of(key)]
        probing = any(words_of(key) & {"threshold", "path", "port"} for key in named.values())
        for timeout, period in itertools.product(timeouts, periods) if probing else ():
            if _subject(timeout) == _subject(period) and _above(table[timeout], table[period]):
                yield timeout, f"{timeout} = {table[timeout]} is above {period} = {table[period]}"
                break


class SharesExceedWhole(PairRule):
    """Parts that together are more than there is."""

    across = True

    code = "CG213"
    title = "pools together exceed what the other side takes"
    severity = "high"
    reason = "Each instance opens its own pool: all together meet the server's limit when all are busy."
    advice = "Keep instances times the pool of each below the limit, with room for one more roll-out."
    example = Example(
        "workers = 10\npool_size = 20\nmax_connections = 300\n",
        "workers = 10\npool_size = 50\nmax_connections = 300\n",
        "workers = 10\npool_size = 25\nmax_connections = 300\n",
    )

    def disagreements(self, table: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
        """Instances times pool, above the connections."""
        names = {key: words_of(key) for key in table if isinstance(key, str)}
        many = [
            k
            for k, w in names.items()
            if w & {"workers", "worker", "replicas", "instances", "processes"}
            and not w & {"max", "connections", "pool"}
        ]
        pools = [k for k, w in names.items() if "pool" in w and not w & {"timeout", "recycle", "idle", "min"}]
        tops = [k for k, w in names.items() if {"max", "connection"} <= w and "pool" not in w]
        for count, pool, top in itertools.product(many, pools, tops):
            values = (table[count], table[pool], table[top])
            whole = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
            if whole and values[0] * values[1] > values[2]:
                shown = f"{count} = {values[0]} times {pool} = {values[1]}"
                yield pool, f"{shown} is more than {top} = {values[2]}"


class OutOfOrder(PairRule):
    """Two times or amounts of which one has to be the larger, and is not."""

    across = True

    code = "CG217"
    title = "two settings are out of order"
    severity = "high"
    reason = "Each is fine alone; together the one ends before the other can do its work."
    advice = "Set both together, with room between them."
    example = Example(
        "lease_duration = 15\nrenew_interval = 5\n",
        "lease_duration = 4\nrenew_interval = 5\n",
        "lease_duration = 12\nrenew_interval = 5\n",
    )

    def disagreements(self, table: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
        """By the pairs that are known."""
        words = ((key, words_of(key)) for key in table if isinstance(key, str))
        names = [(key, known) for key, known in words if not known.isdisjoint(_ORDERED_WORDS)]
        for larger, smaller, equal in _ORDERED_PAIRS if len(names) > 1 else ():
            ones = [key for key, known in names if larger <= known]
            others = [key for key, known in names if smaller <= known] if ones else []
            for one, other in itertools.product(ones, others):
                wrong = _above(table[other], table[one]) or (equal and _same(table[other], table[one]))
                if one != other and wrong:
                    yield one, f"{one} = {table[one]} is not above {other} = {table[other]}"


class DrainImpossible(PairRule):
    """Nothing may ever be taken away, or nothing new may come."""

    code = "CG219"
    title = "a roll-out cannot go on"
    severity = "high"
    reason = "With none to spare and none to add, no instance can be replaced: drains and roll-outs hang."
    advice = "Allow one to be away, or one to be added."
    example = Example(
        "replicas = 3\nminAvailable = 2\n",
        "replicas = 3\nminAvailable = 3\n",
        "replicas = 4\nminAvailable = 3\n",
    )

    def disagreements(self, table: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
        """All of them must be available; none may be away and none added."""
        flat = {
            "".join(
                sorted(words_of(key) & {"max", "min", "unavailable", "surge", "available", "replicas"})
            ): key
            for key in table
            if isinstance(key, str)
        }
        least, count = flat.get("availablemin"), flat.get("replicas")
        if least and count and not _above(table[count], table[least]) and amounts(table[least]):
            yield least, f"{least} = {table[least]} of {count} = {table[count]}: none may be away"
        away, more = flat.get("maxunavailable"), flat.get("maxsurge")
        if away and more and _is_zero(amounts(table[away])) and _is_zero(amounts(table[more])):
            yield away, f"{away} and {more} are both 0"


class RequestAboveLimit(Rule):
    """More is requested than is allowed."""

    code = "CG214"
    title = "a request is above its limit"
    severity = "high"
    reason = (
        "Kubernetes refuses a pod that requests more than its limit: the roll-out stops, or never starts."
    )
    advice = "Raise the limit with the request."
    example = Example(
        "resources:\n  requests: {memory: 512Mi}\n  limits: {memory: 1Gi}\n",
        "resources:\n  requests: {memory: 2Gi}\n  limits: {memory: 1Gi}\n",
        "resources:\n  requests: {memory: 768Mi}\n  limits: {memory: 1Gi}\n",
        "yaml",
    )

    def check(self, context: Context) -> Iterator[Finding]:
        """Requests above limits that were not."""
        for edit in context.edits:
            for path in _tables_around(edit.path):
                after = context.after_at(path)
                if not isinstance(after, Mapping) or not {"requests", "limits"} <= after.keys():
                    continue
                for name in after["requests"] if isinstance(after["requests"], Mapping) else ():
                    limit = after["limits"].get(name) if isinstance(after["limits"], Mapping) else None
                    if edit.name == name and _above(after["requests"][name], limit):
                        yield self.finding(
                            (*path, "requests", name),
                            f"{name} {after['requests'][name]} is above its limit {limit}",
                        )


def _subject(name: str) -> frozenset[str]:
    """What a time is of, by the other words of its name."""
    return frozenset(parts_of(name)) - _OF_TIMES


def _flat(data: Any) -> dict[Any, Any]:
    """The amounts of a small document in one table, by their paths; empty for what is a collection of things."""
    found = {"\t".join(map(str, path)): value for path, value in leaves(data, ()) if path}
    return (
        found
        if len(found) <= 80 and not any(segment.isdigit() for key in found for segment in key.split("\t"))
        else {}
    )


def _as_read(table: Any, path: Path, context: Context) -> Any:
    """A table with its amounts as the schema reads them."""
    shape = context.shape.at(path).of(table)
    if not isinstance(table, Mapping) or not any(child.amount for child in shape.fields.values()):
        return table
    children = {key: shape.child(key) for key in table}
    return {
        key: children[key].meaning(value) if children[key].amount else value for key, value in table.items()
    }


def _tables_around(path: Path) -> Iterator[Path]:
    """The table a setting stands in, and the one around that."""
    for depth in range(len(path) - 1, max(len(path) - 3, -1), -1):
        yield path[:depth]


def _first_time(
    table: Mapping[Any, Any], names: Mapping[str, frozenset[str]], wanted: set[str]
) -> tuple[str, float] | None:
    for key, words in names.items():
        seconds = amounts(table[key]).get("s")
        if words & (_TIMES | {"interval"}) and words & wanted and seconds:
            return key, seconds
    return None


def _above(one: Any, other: Any) -> bool:
    """Is one amount above the other, in a dimension that both have?"""
    first, second = amounts(one), amounts(other)
    common = next(
        (dimension for dimension in ("n", "s", "B") if dimension in first and dimension in second), None
    )
    return common is not None and first[common] > second[common]


def _same(one: Any, other: Any) -> bool:
    first, second = amounts(one), amounts(other)
    return any(first[dimension] == second[dimension] for dimension in first.keys() & second.keys())


def _is_zero(found: dict[str, float]) -> bool:
    return bool(found) and not any(found.values())
