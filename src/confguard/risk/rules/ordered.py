"""Lists in which the order counts, or an entry takes all the rest: rules, routes, filters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from confguard.paths import Path
from confguard.risk.findings import Finding
from confguard.risk.names import word_set, words_of, words_on_path
from confguard.risk.rules.interface import Context, Example, Rule
from confguard.risk.rules.kinds import means_everything
from confguard.risk.rules.roles import ROLES, roles_of

__all__ = ["CatchAllFirst", "CatchAllGone", "InfrastructureBlocked"]

_STANDING_IN = word_set("backend backends upstream upstreams pool pools service services server servers")
_ORDERED = word_set(
    "rule rules policy policies route routes acl acls term terms filter filters firewall ingress egress "
    "location locations match matches path paths chain"
)
_CHOOSING = word_set("path prefix host from to source destination pattern cidr proto protocol port")
_FALLBACKS = word_set("default fallback catchall defaultbackend defaultroute else otherwise *")
_ADDRESSING = word_set("destination dest dst to source src from cidr prefix network address ip ips")
_FROM = word_set("source src from")
_REFUSING = word_set("drop deny reject discard block")
_ONE_HOST = ("/32", "/128")
_NEEDED_PORTS = {
    "53": "DNS",
    "179": "BGP",
    "123": "NTP",
    "88": "Kerberos",
    "389": "LDAP",
    "636": "LDAP",
    "2379": "etcd",
    "6443": "the Kubernetes API",
}


class CatchAllFirst(Rule):
    code = "CG509"
    title = "a catch-all stands before other rules"
    reason = "Where the first match wins, nothing behind a rule that matches everything is ever reached."
    advice = "Put what matches everything last; check the order of the others."
    example = Example(
        "rules:\n- {match: /api, to: api}\n- {match: '*', to: web}\n",
        "rules:\n- {match: '*', to: web}\n- {match: /api, to: api}\n",
        "rules:\n- {match: /api, to: api}\n- {match: /img, to: img}\n- {match: '*', to: web}\n",
        "yaml",
    )
    outage = "Cloudflare, 21 June 2022: a reordering put a reject term before those that announced"

    def check(self, context: Context) -> Iterator[Finding]:
        """Catch-alls that hide what they did not hide; other changed orders are medium."""
        moved = {change.path[:-1] for change in context.changes if change.op == "move" and change.path}
        for path, before, after in context.containers:
            if (
                not isinstance(before, list)
                or not isinstance(after, list)
                or not words_on_path(path[-1:]) & _ORDERED
            ):
                continue
            behind = _hidden(after)
            if behind > _hidden(before):
                place = next(n for n, each in enumerate(after) if _catches_all(each))
                yield self.finding((*path, place), f"matches everything, and {behind} stand behind it")
            elif path in moved:
                yield self.finding(path, "is in another order, and the first match wins", "medium")


class CatchAllGone(Rule):
    code = "CG533"
    title = "what took all the rest is gone"
    reason = "What matches no other entry now finds nothing: a 404, a refusal, or a drop."
    advice = "Keep an entry for the rest, or list what it took."
    example = Example(
        "routes:\n  api: a\n  web: b\n  default: b\n",
        "routes:\n  api: a\n  web: b\n",
        "routes:\n  api: a\n  default: b\n",
        "yaml",
    )

    def check(self, context: Context) -> Iterator[Finding]:
        """An entry for the rest that went while others stay; a catch-all of an ordered list."""
        for change in context.changes:
            path = change.path
            if change.op != "remove" or len(path) < 2:
                continue
            left = context.after_at(path[:-1])
            named = isinstance(path[-1], str) and path[-1].lower().replace("_", "") in _FALLBACKS
            rest = (
                isinstance(left, dict)
                and len(left) >= 2
                and words_on_path(path[:-1]) & (_ORDERED | _STANDING_IN)
            )
            ordered = isinstance(left, list) and left and words_on_path(path[-2:-1]) & _ORDERED
            if (named and rest) or (
                ordered and _catches_all(change.before) and not any(map(_catches_all, left))
            ):
                yield self.finding(path, "is gone: nothing is left for what no other matches")


class InfrastructureBlocked(Rule):
    code = "CG535"
    title = "what everything needs is refused"
    reason = "Names, routes, time and log-in are asked for by whatever runs, also by what has to mend this."
    advice = "Let those that need it through first, by name; try it on one host."
    example = Example(
        "rules:\n- {name: web, port: 443, action: accept}\n",
        "rules:\n- {name: web, port: 443, action: accept}\n- {name: dns, port: 53, action: drop}\n",
        "rules:\n- {name: web, port: 443, action: accept}\n- {name: mail, port: 25, action: drop}\n",
        "yaml",
    )

    def check(self, context: Context) -> Iterator[Finding]:
        """A rule that refuses such a port, or all addresses, and is new, or was changed."""
        seen: set[Path] = set()
        for change in context.changes:
            for path in (change.path, change.path[:-1], change.path[:-2]):
                if path in seen and path != change.path:
                    continue  # asked already, of another setting in it
                seen.add(path)
                table = context.after_at(path) if change.op != "remove" else None
                if change.op == "add" and path == change.path:
                    table = change.after
                service = _refused_service(table)
                if (
                    service
                    and _refused_service(context.before_at(path) if table is not change.after else None)
                    != service
                ):
                    yield self.finding(path, f"refuses {service}")
                    break


def _hidden(elements: list[Any]) -> int:
    """How many stand behind the first that matches everything."""
    return next((len(elements) - 1 - n for n, each in enumerate(elements) if _catches_all(each)), 0)


def _catches_all(element: Any) -> bool:
    if not isinstance(element, dict):
        return _means_all(element)
    flat = {**element, **(element["match"] if isinstance(element.get("match"), dict) else {})}
    chosen = [
        value
        for key, value in flat.items()
        if isinstance(key, str)
        and (words_of(key) & _CHOOSING or ROLES["selector"].holds(words_of(key), frozenset(), frozenset()))
        and not isinstance(value, dict)
        and key not in {"to", "port", "pathType"}
    ]
    narrow = isinstance(flat.get("port"), int | list) or (
        isinstance(flat.get("port"), str) and flat["port"] != "*"
    )
    if not chosen and not narrow and _refuses(flat) and not any(map(_is_choosing, flat)):
        return True  # a last term of a policy, without a condition
    return bool(chosen) and not narrow and all(_means_all(value) for value in chosen)


def _refuses(table: dict[Any, Any]) -> bool:
    verdicts = {str(value).lower() for key, value in table.items() if "verdict" in roles_of((str(key),))}
    return bool(verdicts & _REFUSING)


def _is_choosing(key: object) -> bool:
    return isinstance(key, str) and bool(words_of(key) & _CHOOSING)


def _means_all(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(_means_all, value))
    return isinstance(value, str) and (value.strip() == "/" or means_everything(value))


def _refused_service(table: Any) -> str | None:
    """The service that a rule refuses and that everything needs; None for other rules."""
    if not isinstance(table, dict):
        return None
    flat = {**table, **(table["match"] if isinstance(table.get("match"), dict) else {})}
    verdicts = {str(value).lower() for key, value in flat.items() if "verdict" in roles_of((str(key),))}
    if not verdicts & _REFUSING:
        return None
    ports = [
        value
        for key, value in flat.items()
        if "port" in words_of(str(key)) and not words_of(str(key)) & _FROM
    ]
    listed = [each for value in ports for each in (value if isinstance(value, list) else [value])]
    addresses = [value for key, value in flat.items() if words_of(str(key)) & _ADDRESSING and value]
    if any(str(value).endswith(_ONE_HOST) for value in addresses):
        return None
    if not listed and addresses and all(map(_means_all, addresses)):
        return "every address"
    return next((_NEEDED_PORTS[str(each)] for each in listed if str(each) in _NEEDED_PORTS), None)
