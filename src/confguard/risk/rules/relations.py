"""Settings against each other in one file: what each allows alone, and the pair does not."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from confguard.diffs.effects import amounts
from confguard.risk.findings import Finding
from confguard.risk.names import parts_of, unit_in, word_set, words_of
from confguard.risk.rules.interface import Context, Example, Rule
from confguard.risk.rules.pairs import PairRule, above, is_zero, same, tables_around

_OUTER = frozenset(
    {"client", "gateway", "proxy", "frontend", "edge", "total", "overall", "deadline", "ingress"}
)
_INNER = frozenset(
    {"upstream", "backend", "server", "connect", "read", "db", "database", "query", "statement"}
)
_TIMES = frozenset({"timeout", "deadline"})
_RETRIES = frozenset({"retry", "retries", "attempt", "attempts"})


_FOLLOWED = word_set(
    "replicaof slaveof followerof masterhost primaryhost primaryaddress upstream forwardto replicatefrom"
)
_NETWORKS = word_set("subnet network cidr cidrblock")
_GATEWAYS = word_set("gateway router nexthop defaultgateway")
_OWN = word_set("bind listen advertise announceip listenaddress selfaddress")
_OF_TIMES = word_set("timeout period interval seconds secs sec s ms millis milliseconds minutes")
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
_ORDERED_WORDS = frozenset[str]().union(*(larger | smaller for larger, smaller, _ in _ORDERED_PAIRS))
"""Words of the larger one, of the smaller one, and whether being equal is wrong as well."""


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
    code = "CG210"
    title = "a minimum is above its maximum"
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
                if most and same_thing and above(table[low], table[high]):
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

    def disagreements(self, table: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
        """A threshold of zero, or a timeout above the period."""
        named = {"".join(sorted(words_of(key))): key for key in table if isinstance(key, str)}
        for key in list(named.values()):
            words = words_of(key)
            if (
                "threshold" in words
                and words & {"failure", "success", "unhealthy", "healthy"}
                and is_zero(amounts(table[key]))
            ):
                yield key, f"{key} = 0: it can never pass"
        periods = [key for key in named.values() if words_of(key) & {"period", "interval"}]
        timeouts = [key for key in named.values() if "timeout" in words_of(key)]
        probing = any(words_of(key) & {"threshold", "path", "port"} for key in named.values())
        for timeout, period in itertools.product(timeouts, periods) if probing else ():
            if _subject(timeout) == _subject(period) and above(table[timeout], table[period]):
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

    def disagreements(self, table: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
        """By the pairs that are known."""
        words = ((key, words_of(key)) for key in table if isinstance(key, str))
        names = [(key, known) for key, known in words if not known.isdisjoint(_ORDERED_WORDS)]
        for larger, smaller, equal in _ORDERED_PAIRS if len(names) > 1 else ():
            ones = [key for key, known in names if larger <= known]
            others = [key for key, known in names if smaller <= known] if ones else []
            for one, other in itertools.product(ones, others):
                if one == other or unit_in(one) != unit_in(other):
                    continue
                if above(table[other], table[one]) or (equal and same(table[other], table[one])):
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

    def disagreements(self, table: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
        """A gateway that none of the networks beside it holds."""
        networks = [
            network
            for key, value in table.items()
            if isinstance(key, str) and words_of(key) & _NETWORKS and (network := _network(value))
        ]
        for key, value in table.items() if networks else ():
            gateway = _network(value) if isinstance(key, str) and words_of(key) & _GATEWAYS else None
            same = [each for each in networks if gateway and each.version == gateway.version]
            if gateway and same and not any(gateway.network_address in each for each in same):
                yield key, f"{key} = {value} is not in {', '.join(map(str, same))}"


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

    def disagreements(self, table: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
        """The address that one listens at is the one that it follows."""
        texts = {
            key: value.split()
            for key, value in table.items()
            if isinstance(key, str) and isinstance(value, str)
        }
        own = {
            _host(value[0]): key
            for key, value in texts.items()
            if value and words_of(key) & _OWN and len(value) == 1
        }
        for key, value in texts.items():
            if value and words_of(key) & _FOLLOWED and (one := own.get(_host(value[0]))) not in (None, key):
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
        if least and count and not above(table[count], table[least]) and amounts(table[least]):
            yield least, f"{least} = {table[least]} of {count} = {table[count]}: none may be away"
        away, more = flat.get("maxunavailable"), flat.get("maxsurge")
        if away and more and is_zero(amounts(table[away])) and is_zero(amounts(table[more])):
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
            for path in tables_around(edit.path):
                after = context.after_at(path)
                if not isinstance(after, Mapping) or not {"requests", "limits"} <= after.keys():
                    continue
                for name in after["requests"] if isinstance(after["requests"], Mapping) else ():
                    limit = after["limits"].get(name) if isinstance(after["limits"], Mapping) else None
                    if edit.name == name and above(after["requests"][name], limit):
                        yield self.finding(
                            (*path, "requests", name),
                            f"{name} {after['requests'][name]} is above its limit {limit}",
                        )


def _subject(name: str) -> frozenset[str]:
    """What a time is of, by the other words of its name."""
    return frozenset(parts_of(name)) - _OF_TIMES


def _first_time(
    table: Mapping[Any, Any], names: Mapping[str, frozenset[str]], wanted: set[str]
) -> tuple[str, float] | None:
    for key, words in names.items():
        seconds = amounts(table[key]).get("s")
        if words & (_TIMES | {"interval"}) and words & wanted and seconds:
            return key, seconds
    return None


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
