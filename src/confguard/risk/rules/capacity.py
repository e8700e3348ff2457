"""Capacity: fewer of what serves, or more of what takes away."""

from __future__ import annotations

from collections.abc import Iterator

from confguard.risk.findings import Finding
from confguard.risk.names import name_of, words_of
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Rule, Verdict, sized

__all__ = ["CapacityCut", "CapacityGone", "DestructionScaled", "RedundancyGone"]

_CAPACITY = frozenset(
    {"replica", "replicas", "instance", "instances", "node", "nodes", "server", "servers", "desired"}
    | {"cluster", "fleet", "workers", "minreplicas", "shards", "brokers", "machines", "hosts"}
)
_STANDING_IN = frozenset(
    {
        "zone",
        "zones",
        "az",
        "azs",
        "region",
        "regions",
        "ns",
        "nameserver",
        "nameservers",
        "resolver",
        "resolvers",
    }
    | {
        "server",
        "servers",
        "host",
        "hosts",
        "node",
        "nodes",
        "broker",
        "brokers",
        "peer",
        "peers",
        "endpoint",
    }
    | {
        "endpoints",
        "seed",
        "seeds",
        "upstream",
        "upstreams",
        "backend",
        "backends",
        "member",
        "members",
        "mx",
    }
    | {
        "master",
        "masters",
        "replica",
        "replicas",
        "instance",
        "instances",
        "address",
        "addresses",
        "datacenter",
    }
)
_DESTRUCTIVE = frozenset(
    {"remove", "delete", "drain", "evict", "terminate", "kill", "decommission", "reboot", "restart", "purge"}
    | {"drop", "wipe", "shutdown", "unavailable", "disrupt"}
)


class CapacityGone(EditRule):
    """Capacity went to one or to zero."""

    code = "CG301"
    title = "capacity went to one or to nothing"
    severity = "high"
    reason = "One instance takes the traffic of all, and its first failure is an outage; zero is one at once."
    advice = "Keep at least two, or take the traffic away first."
    example = Example("replicas = 12\n", "replicas = 1\n", "replicas = 11\n")

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """From two or more to one is high, to zero is critical."""
        before, after = _whole(edit.before), _whole(edit.after)
        if before is None or after is None or before < 2 or after > 1 or not _is_capacity(edit):
            return None
        return ("critical" if after <= 0 else "high"), f"{sized(edit)}"


class CapacityCut(EditRule):
    """Capacity was halved or worse."""

    code = "CG302"
    title = "capacity was cut"
    severity = "high"
    reason = "What is left takes the traffic of all. Half the capacity is twice the load on each."
    advice = "Compare with what the peak needs when one of what is left fails; go down in steps."
    example = Example("replicas = 12\n", "replicas = 3\n", "replicas = 10\n")

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """To a third or less is high, to half or less is medium."""
        if edit.ratio is None or edit.ratio > 0.5 or not _is_capacity(edit):
            return None
        if (_whole(edit.after) or 0) <= 1:
            return None
        majority = (_whole(edit.before) or 0) >= 3 > (_whole(edit.after) or 3)
        if majority:
            return f"cut {sized(edit)}: with fewer than three, the first failure leaves no majority"
        return ("high" if edit.ratio <= 1 / 3 else "medium"), f"cut {sized(edit)}"


class DestructionScaled(EditRule):
    """Something destructive takes much more at once."""

    code = "CG303"
    title = "a destructive step grew"
    severity = "critical"
    reason = "A number that says how much is removed, drained or restarted is the blast radius of a slip."
    advice = "Check the number against what may be gone at once; keep the check on."
    example = Example("servers_to_remove = 4\n", "servers_to_remove = 400\n", "servers_to_remove = 6\n")
    outage = "AWS S3, 28 February 2017: a mistyped input removed far more servers than intended"

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Five times as much, or more."""
        if edit.ratio is None or edit.ratio < 5 or not edit.words & _DESTRUCTIVE:
            return None
        return f"{sized(edit)}: {edit.ratio:.3g} times as much at once"


class RedundancyGone(Rule):
    """A list of what stands in for each other has one left, or few."""

    code = "CG304"
    title = "a list of stand-ins shrank"
    severity = "high"
    reason = "Zones, servers and addresses are listed together so that one may fail; the last one may not."
    advice = "Keep two that do not fail together; take them out one at a time."
    example = Example('zones = ["a", "b", "c"]\n', 'zones = ["a"]\n', 'zones = ["a", "b"]\n')

    def check(self, context: Context) -> Iterator[Finding]:
        """From two or more to one, or to a third, at once."""
        seen = set()
        for change in context.diff:
            path = change.path[:-1]
            if change.op != "remove" or path in seen or not words_of(name_of(path)) & _STANDING_IN:
                continue
            seen.add(path)
            before, after = context.before_at(path), context.after_at(path)
            if not isinstance(before, list) or not isinstance(after, list) or not after:
                continue
            if len(after) == 1 < len(before) or len(after) * 3 <= len(before):
                yield self.finding(path, f"from {len(before)} to {len(after)}")


def _is_capacity(edit: Edit) -> bool:
    return bool(edit.words & _CAPACITY) and not edit.words & (_DESTRUCTIVE | {"max", "maximum", "surge"})


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
