"""Settings against each other in one file: what each allows alone, and the pair does not."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, ClassVar, TypeAlias

from confguard.diffs.effects import amounts
from confguard.paths import Path
from confguard.risk.findings import Finding
from confguard.risk.names import parts_of, unit_in, words_of
from confguard.risk.rules.edits import leaves
from confguard.risk.rules.interface import Context, Example, Rule
from confguard.texts import word_set

_OUTER = word_set("client gateway proxy frontend edge total overall deadline ingress")
_INNER = word_set("upstream backend server connect read db database query statement")
_TIMES = word_set("timeout deadline")
_RETRIES = word_set("retry retries attempt attempts")
_LEAST, _MOST = word_set("min minimum low"), word_set("max maximum high")
_MANY = word_set("workers worker replicas instances processes")
_PER_INSTANCE = word_set("max connections pool")
_OF_POOLS = word_set("timeout recycle idle min")
_DRAINING = word_set("max min unavailable surge available replicas")
_FOLLOWED = word_set(
    "replicaof slaveof followerof masterhost primaryhost primaryaddress upstream forwardto replicatefrom"
)
_NETWORKS = word_set("subnet network cidr cidrblock")
_GATEWAYS = word_set("gateway router nexthop defaultgateway")
_OWN = word_set("bind listen advertise announceip listenaddress selfaddress")
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
        ("max backoff", "initial backoff", False),
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
"""Words of the larger one, of the smaller one, and whether being equal is wrong as well."""
_ORDERED_WORDS = frozenset[str]().union(*(larger | smaller for larger, smaller, _ in _ORDERED_PAIRS))

Table: TypeAlias = Mapping[Any, Any]
Names: TypeAlias = Mapping[str, frozenset[str]]
"""The words of a table's keys."""


class PairRule(Rule):
    """A rule about two settings of one table: it fires where they disagree now and did not before."""

    across: ClassVar[bool] = False
    """May the two stand in different tables of one small document?"""

    def check(self, context: Context) -> Iterator[Finding]:
        """A finding for each table that a change touched and in which the pair is wrong now."""
        beside = set[Path]()
        for path, before, after in context.once("tables", lambda: list(_tables(context))):
            for key, message in self._new(before, after):
                beside.add((*path, key))
                yield self.finding((*path, key), message)
        if self.across:
            before, after = context.once("flat", lambda: (_flat(context.before), _flat(context.after)))
            for key, message in self._new(before, after):
                if (apart := tuple(key.split("\t"))) not in beside:
                    yield self.finding(apart, message.replace("\t", "."))

    def _new(self, before: Any, after: Any) -> list[tuple[str, str]]:
        """What is wrong in a table and was not; what has hundreds of keys is a list of things, no settings of one."""
        if not isinstance(after, Mapping) or len(after) > _MOST_KEYS:
            return []
        known = set(self.disagreements(before, _names(before))) if isinstance(before, Mapping) else set()
        return [each for each in self.disagreements(after, _names(after)) if each not in known]

    @abstractmethod
    def disagreements(self, table: Table, names: Names) -> Iterator[tuple[str, str]]:
        """What is wrong in a table: the key at which it is told, and the message."""


def _names(table: Table) -> Names:
    return {key: words_of(key) for key in table if isinstance(key, str)}


def _tables(context: Context) -> Iterator[tuple[Path, Any, Any]]:
    """The tables around what was edited, with their amounts as the schema reads them: path, before, after."""
    for path in dict.fromkeys(path for edit in context.edits for path in _tables_around(edit.path)):
        before, after = context.before_at(path), context.after_at(path)
        yield path, _as_read(before, path, context), _as_read(after, path, context)


def _flat(data: Any) -> dict[Any, Any]:
    """The amounts of a small document in one table, by their paths; empty for what is a collection of things."""
    flat = {"\t".join(map(str, path)): value for path, value in leaves(data, ()) if path}
    things = any(segment.isdigit() for key in flat for segment in key.split("\t"))
    return {} if things or len(flat) > 80 else flat


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


def _above(one: Any, other: Any) -> bool:
    """Is one amount above the other, in a dimension that both have?"""
    first, second = amounts(one), amounts(other)
    common = [dimension for dimension in ("n", "s", "B") if dimension in first and dimension in second]
    return bool(common) and first[common[0]] > second[common[0]]


def _same(one: Any, other: Any) -> bool:
    first, second = amounts(one), amounts(other)
    return any(first[dimension] == second[dimension] for dimension in first.keys() & second.keys())


def _is_zero(amounts: dict[str, float]) -> bool:
    return bool(amounts) and not any(amounts.values())


class ImpatientCaller(PairRule):
    code = "CG207"
    title = "a caller gives up before the callee does"
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

    def disagreements(self, table: Table, names: Names) -> Iterator[tuple[str, str]]:
        """Outer timeouts below inner ones."""
        times = {
            key: seconds
            for key, words in names.items()
            if words & _TIMES and (seconds := amounts(table[key]).get("s"))
        }
        outer_times = [key for key in times if names[key] & _OUTER]
        inner_times = [key for key in times if names[key] & _INNER and not names[key] & _OUTER]
        for outer, inner in itertools.product(outer_times, inner_times):
            if times[outer] < times[inner]:
                yield outer, f"{outer} = {table[outer]} ends before {inner} = {table[inner]}"


class RetriesOutlastDeadline(PairRule):
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

    def disagreements(self, table: Table, names: Names) -> Iterator[tuple[str, str]]:
        """Retries times one attempt, above the whole."""
        for key, words in names.items():
            count = table[key]
            if not words & _RETRIES or words & _TIMES or not _is_count(count):
                continue
            each = _first_time(table, names, {"attempt", "try", "request", "connect"})
            whole = _first_time(table, names, {"total", "overall", "deadline"})
            if each and whole and count * each[1] > whole[1] and each[0] != whole[0]:
                one, most = f"{each[0]} = {table[each[0]]}", f"{whole[0]} = {table[whole[0]]}"
                yield key, f"{count} times {one} is more than {most}"


class MinAboveMax(PairRule):
    code = "CG210"
    title = "a minimum is above its maximum"
    reason = "No value satisfies both: readers refuse to start, or obey one of the two without a word."
    advice = "Set both together, the minimum first when they grow."
    example = Example(
        "min_replicas = 2\nmax_replicas = 10\n",
        "min_replicas = 12\nmax_replicas = 10\n",
        "min_replicas = 12\nmax_replicas = 20\n",
    )

    def disagreements(self, table: Table, names: Names) -> Iterator[tuple[str, str]]:
        """Keys that differ only in `min` and `max`."""
        parts = {key: frozenset(parts_of(key)) for key in names}
        lows = [key for key in parts if parts[key] & (_LEAST | {"idle"})]
        highs = [key for key in parts if parts[key] & _MOST]
        for low, high in itertools.product(lows, highs):
            if parts[low] - _LEAST == parts[high] - _MOST and _above(table[low], table[high]):
                yield low, f"{low} = {table[low]} is above {high} = {table[high]}"


class ProbeImpossible(PairRule):
    code = "CG211"
    title = "a health probe cannot succeed"
    reason = "An instance that never counts as healthy gets no traffic, or is restarted for ever."
    advice = "Keep thresholds at one or more, and the timeout below the period."
    example = Example(
        "[readinessProbe]\nperiodSeconds = 10\ntimeoutSeconds = 3\nfailureThreshold = 3\n",
        "[readinessProbe]\nperiodSeconds = 10\ntimeoutSeconds = 30\nfailureThreshold = 3\n",
        "[readinessProbe]\nperiodSeconds = 10\ntimeoutSeconds = 5\nfailureThreshold = 3\n",
    )

    def disagreements(self, table: Table, names: Names) -> Iterator[tuple[str, str]]:
        """A threshold of zero, or a timeout above the period."""
        keys = list({"".join(sorted(words)): key for key, words in names.items()}.values())
        for key in keys:
            counted = names[key] & {"failure", "success", "unhealthy", "healthy"}
            if "threshold" in names[key] and counted and _is_zero(amounts(table[key])):
                yield key, f"{key} = 0: it can never pass"
        periods = [key for key in keys if names[key] & {"period", "interval"}]
        timeouts = [key for key in keys if "timeout" in names[key]]
        probing = any(names[key] & {"threshold", "path", "port"} for key in keys)
        for timeout, period in itertools.product(timeouts, periods) if probing else ():
            if _subject(timeout) == _subject(period) and _above(table[timeout], table[period]):
                yield timeout, f"{timeout} = {table[timeout]} is above {period} = {table[period]}"
                break


class SharesExceedWhole(PairRule):
    across = True

    code = "CG213"
    title = "pools together exceed what the other side takes"
    reason = "Each instance opens its own pool: all together meet the server's limit when all are busy."
    advice = "Keep instances times the pool of each below the limit, with room for one more roll-out."
    example = Example(
        "workers = 10\npool_size = 20\nmax_connections = 300\n",
        "workers = 10\npool_size = 50\nmax_connections = 300\n",
        "workers = 10\npool_size = 25\nmax_connections = 300\n",
    )

    def disagreements(self, table: Table, names: Names) -> Iterator[tuple[str, str]]:
        """Instances times pool, above the connections."""
        many = [key for key, words in names.items() if words & _MANY and not words & _PER_INSTANCE]
        pools = [key for key, words in names.items() if "pool" in words and not words & _OF_POOLS]
        tops = [key for key, words in names.items() if {"max", "connection"} <= words and "pool" not in words]
        for count, pool, top in itertools.product(many, pools, tops):
            values = (table[count], table[pool], table[top])
            if all(map(_is_count, values)) and values[0] * values[1] > values[2]:
                shown = f"{count} = {values[0]} times {pool} = {values[1]}"
                yield pool, f"{shown} is more than {top} = {values[2]}"


class OutOfOrder(PairRule):
    across = True

    code = "CG217"
    title = "two settings are out of order"
    reason = "Each is fine alone; together the one ends before the other can do its work."
    advice = "Set both together, with room between them."
    example = Example(
        "lease_duration = 15\nrenew_interval = 5\n",
        "lease_duration = 4\nrenew_interval = 5\n",
        "lease_duration = 12\nrenew_interval = 5\n",
    )

    def disagreements(self, table: Table, names: Names) -> Iterator[tuple[str, str]]:
        """By the pairs that are known."""
        ordered = {key: words for key, words in names.items() if not words.isdisjoint(_ORDERED_WORDS)}
        for larger, smaller, equal in _ORDERED_PAIRS if len(ordered) > 1 else ():
            ones = [key for key, words in ordered.items() if larger <= words]
            others = [key for key, words in ordered.items() if smaller <= words] if ones else []
            for one, other in itertools.product(ones, others):
                if one == other or unit_in(one) != unit_in(other):
                    continue
                if _above(table[other], table[one]) or (equal and _same(table[other], table[one])):
                    yield one, f"{one} = {table[one]} is not above {other} = {table[other]}"


class OutsideNetwork(PairRule):
    code = "CG224"
    title = "a gateway is outside of its network"
    reason = "A next hop that is not on the same network is never reached: nothing leaves it."
    advice = "Change the network and its gateway together."
    example = Example(
        'gateway = "10.0.0.1"\nsubnet = "10.0.0.0/24"\n',
        'gateway = "10.0.1.1"\nsubnet = "10.0.0.0/24"\n',
        'gateway = "10.0.0.254"\nsubnet = "10.0.0.0/24"\n',
    )

    def disagreements(self, table: Table, names: Names) -> Iterator[tuple[str, str]]:
        """A gateway that none of the networks beside it holds."""
        networks = [
            network for key, words in names.items() if words & _NETWORKS and (network := _network(table[key]))
        ]
        for key, words in names.items() if networks else ():
            gateway = _network(table[key]) if words & _GATEWAYS else None
            alike = [each for each in networks if gateway and each.version == gateway.version]
            if gateway and alike and not any(gateway.network_address in each for each in alike):
                yield key, f"{key} = {table[key]} is not in {', '.join(map(str, alike))}"


class PointsToItself(PairRule):
    code = "CG223"
    title = "something follows itself"
    reason = "A primary that is a replica of itself drops what it holds; a proxy that asks itself goes round."
    advice = "Name the other one."
    example = Example(
        'bind = "10.0.0.1"\nreplicaof = "10.0.0.2 6379"\n',
        'bind = "10.0.0.1"\nreplicaof = "10.0.0.1 6379"\n',
        'bind = "10.0.0.1"\nreplicaof = "10.0.0.3 6379"\n',
    )
    outage = "Twilio, 18 July 2013: a Redis master came back configured as its own replica"

    def disagreements(self, table: Table, names: Names) -> Iterator[tuple[str, str]]:
        """The address that one listens at is the one that it follows."""
        texts = {key: table[key].split() for key in names if isinstance(table[key], str)}
        own = {_host(text[0]): key for key, text in texts.items() if len(text) == 1 and names[key] & _OWN}
        for key, text in texts.items():
            if text and names[key] & _FOLLOWED and (one := own.get(_host(text[0]))) not in (None, key):
                yield key, f"{key} = {table[key]} is its own address: {one} = {table[one]}"


class DrainImpossible(PairRule):
    code = "CG219"
    title = "a roll-out cannot go on"
    reason = "With none to spare and none to add, no instance can be replaced: drains and roll-outs hang."
    advice = "Allow one to be away, or one to be added."
    example = Example(
        "replicas = 3\nminAvailable = 2\n",
        "replicas = 3\nminAvailable = 3\n",
        "replicas = 4\nminAvailable = 3\n",
    )

    def disagreements(self, table: Table, names: Names) -> Iterator[tuple[str, str]]:
        """All of them must be available; none may be away and none added."""
        known = {"".join(sorted(words & _DRAINING)): key for key, words in names.items()}
        least, count = known.get("availablemin"), known.get("replicas")
        if least and count and not _above(table[count], table[least]) and amounts(table[least]):
            yield least, f"{least} = {table[least]} of {count} = {table[count]}: none may be away"
        away, more = known.get("maxunavailable"), known.get("maxsurge")
        if away and more and _is_zero(amounts(table[away])) and _is_zero(amounts(table[more])):
            yield away, f"{away} and {more} are both 0"


class RequestAboveLimit(Rule):
    code = "CG214"
    title = "a request is above its limit"
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
                around = context.after_at(path)
                if not isinstance(around, Mapping) or not {"requests", "limits"} <= around.keys():
                    continue
                sides = [around[key] for key in ("requests", "limits")]
                if not all(isinstance(side, Mapping) and edit.name in side for side in sides):
                    continue
                request, limit = (side[edit.name] for side in sides)
                if _above(request, limit):
                    message = f"{edit.name} {request} is above its limit {limit}"
                    yield self.finding((*path, "requests", edit.name), message)


def _subject(name: str) -> frozenset[str]:
    """What a time is of, by the other words of its name."""
    return frozenset(parts_of(name)) - _OF_TIMES


def _first_time(table: Table, names: Names, wanted: set[str]) -> tuple[str, float] | None:
    for key, words in names.items():
        seconds = amounts(table[key]).get("s")
        if words & (_TIMES | {"interval"}) and words & wanted and seconds:
            return key, seconds
    return None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _network(value: Any) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(value.strip(), strict=False) if isinstance(value, str) and len(value) < 50 else None
    except ValueError:
        return None


def _host(address: str) -> str:
    """An address without its port; blank for what stands for all addresses."""
    host = address.partition("://")[2] or address
    host = host.rpartition(":")[0] if host.count(":") == 1 else host
    return "" if host in {"0.0.0.0", "*", "::", "localhost", "127.0.0.1"} else host  # noqa: S104 - not bound to
