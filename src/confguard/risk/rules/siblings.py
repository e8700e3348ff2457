"""What stands together: settings and their siblings, defaults and labels, and lists in which the order counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from confguard.diffs.effects import ratio, times
from confguard.paths import Path, value_at
from confguard.risk.findings import Finding
from confguard.risk.names import head_of, name_of, parts_of, words_of, words_on_path
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Rule, Verdict, sized
from confguard.risk.rules.kinds import means_everything
from confguard.risk.rules.roles import ROLES, roles_of
from confguard.secrets import is_reference
from confguard.texts import word_set

_TOGETHER = word_set(
    "topic queue exchange version secretversion keyid kid schema realm issuer audience subnet cidr vlan mtu secret "
    "credential password token algorithm encoding serializer bucket database"
)
_SIDES = (word_set("selector matchlabels podselector nodeselector"), word_set("labels"))
_ALONE = word_set("image tag chart appversion")
_DEFAULTS = word_set("default defaults base common global globals all shared values settings config")
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


class LeftBehind(EditRule):
    code = "CG528"
    title = "others still have the old value"
    reason = (
        "Both ends of a queue, users of one credential, peers of one protocol have to agree: one moved alone."
    )
    advice = "Change them together, or let both values count for a while."
    example = Example(
        'producer_topic = "orders.v1"\nconsumer_topic = "orders.v1"\n',
        'producer_topic = "orders.v2"\nconsumer_topic = "orders.v1"\n',
        'producer_topic = "orders.v2"\nconsumer_topic = "orders.v2"\n',
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Settings of one kind of name, where one value has to be the same."""
        head = head_of(name_of(edit.path))
        plain = isinstance(edit.after, str | int) and isinstance(edit.before, str | int)
        if edit.added or edit.removed or not plain or isinstance(edit.before, bool):
            return None
        if (
            edit.words & _ALONE
            or (head not in _TOGETHER and not _names_secret(edit.before))
            or len(str(edit.before)) < (1 if head == "version" else 3)
        ):
            return None
        if head == "version" and not edit.words & word_set("secret key schema protocol api format"):
            return None
        own = context.path_after(edit.path)
        left = [
            path
            for path, text in context.texts_after
            if text == str(edit.before) and path != own and len(path) == len(own) and path[:-2] == own[:-2]
            if head_of(name_of(path)) == head
        ]
        moved = [each for each in context.edits if each.path != edit.path and each.before == edit.before]
        if not left or moved:
            return None
        return f"{sized(edit)}, and {name_of(left[0])} still has {edit.before}"


def _names_secret(value: object) -> bool:
    """Does a text say where one secret is found, by a path?"""
    return isinstance(value, str) and "/" in value and is_reference(value)


class SelectsNothing(Rule):
    code = "CG538"
    title = "a selector and its labels no longer agree"
    reason = "A selector that matches nothing has no back ends: what it leads to gets no traffic, or is not watched."
    advice = "Change the labels and what selects by them together."
    example = Example(
        "selector: {app: web}\ntemplate: {labels: {app: web}}\n",
        "selector: {app: web2}\ntemplate: {labels: {app: web}}\n",
        "selector: {app: web2}\ntemplate: {labels: {app: web2}}\n",
        "yaml",
    )

    def check(self, context: Context) -> Iterator[Finding]:
        """One side changed, and the other still has the old value, and nothing the new one."""
        for edit in context.edits:
            if len(edit.path) < 2 or edit.added or edit.removed or not isinstance(edit.after, str):
                continue
            side = next((n for n, names in enumerate(_SIDES) if words_on_path(edit.path[:-1]) & names), None)
            if side is None:
                continue
            own, other = _SIDES[side], _SIDES[1 - side]
            others = [
                text
                for path, text in context.texts_after
                if path[1:] and path[-1] == edit.path[-1] and (words := words_on_path(path[:-1])) & other
                if not words & own
            ]
            if str(edit.before) in others and edit.after not in others:
                says = "labels still say" if side == 0 else "what selects still asks for"
                yield self.finding(edit.path, f"{sized(edit)}, and {says} {edit.before}")


class DefaultApplies(EditRule):
    code = "CG529"
    title = "a default applies that is far from what was in force"
    reason = "To remove an override does not remove the setting: the default takes its place."
    advice = "Compare the default with what was in force; keep the override, or change the default with it."
    example = Example(
        "[defaults]\nrate = 10\n[prod]\nrate = 900\nx = 1\n",
        "[defaults]\nrate = 10\n[prod]\nx = 1\n",
        "[defaults]\nrate = 800\n[prod]\nx = 1\nrate = 900\n",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A removed setting of which a table of defaults around has one, at most half or at least twice as much."""
        if not edit.removed or isinstance(edit.before, dict | list) or context.member_gone(edit.path):
            return None
        default = self._default(edit.path, context)
        factor = ratio(edit.before, default)
        switched = isinstance(default, bool) and isinstance(edit.before, bool) and default is not edit.before
        if switched or (factor is not None and not 0.5 < factor < 2):
            much = f": {times(factor)}" if factor is not None else ""
            return f"was {edit.before}; the default of {default} applies now{much}"
        return None

    def _default(self, path: Path, context: Context) -> Any:
        """What a table of defaults beside one of those around the setting says of it."""
        for depth in range(len(path) - 1):
            around = context.after_at(path[:depth])
            for key in around if isinstance(around, dict) else ():
                if not isinstance(key, str) or not _DEFAULTS.issuperset(parts_of(key)) or key == path[depth]:
                    continue
                for start in range(depth + 1, min(depth + 3, len(path))):
                    value = value_at(around[key], path[start:])
                    if value is not None and not isinstance(value, dict | list):
                        return value
        return None


class LostUnlikeSiblings(Rule):
    code = "CG530"
    title = "one lost what its siblings have"
    reason = (
        "What all members of a group have is there for a reason; the one without it behaves by a default."
    )
    advice = "Say in the reason what takes its place, or put it back."
    example = Example(
        "steps:\n- {id: a, environment: prod}\n- {id: b, environment: prod}\n- {id: c, environment: prod}\n",
        "steps:\n- {id: a, environment: prod}\n- {id: b}\n- {id: c, environment: prod}\n",
        "steps:\n- {id: a}\n- {id: b}\n- {id: c}\n",
        "yaml",
    )

    def check(self, context: Context) -> Iterator[Finding]:
        """A removed setting that at least two siblings, and all that had it, still have."""
        for change in context.changes:
            path = change.path
            if change.op != "remove" or len(path) < 2 or not isinstance(path[-1], str):
                continue
            plain = words_of(path[-1]) & word_set("description title label comment note summary")
            if plain or isinstance(change.before, dict | list) or "numbered" in roles_of(path):
                continue
            siblings = context.siblings(path[:-1])
            having = [each[path[-1]] for each in siblings if path[-1] in each]
            if len(having) >= 2 and len(having) * 3 >= len(siblings) * 2 and change.before in having:
                yield self.finding(path, f"is gone, and {len(having)} beside it still have it")


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
        for path, before, after in context.lists:
            if not words_on_path(path[-1:]) & _ORDERED:
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
            rest = named and isinstance(left, dict) and len(left) >= 2
            ordered = isinstance(left, list) and left and words_on_path(path[-2:-1]) & _ORDERED
            last = ordered and _catches_all(change.before) and not any(map(_catches_all, left))
            if last or (rest and words_on_path(path[:-1]) & (_ORDERED | _STANDING_IN)):
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
                before = context.before_at(path) if table is not change.after else None
                if service and _refused_service(before) != service:
                    yield self.finding(path, f"refuses {service}")
                    break


def _hidden(elements: list[Any]) -> int:
    """How many stand behind the first that matches everything."""
    return next((len(elements) - 1 - n for n, each in enumerate(elements) if _catches_all(each)), 0)


def _catches_all(element: Any) -> bool:
    if not isinstance(element, dict):
        return _means_all(element)
    flat = _conditions(element)
    names = {key: words_of(key) for key in flat if isinstance(key, str)}
    chosen = [
        flat[key]
        for key, words in names.items()
        if (words & _CHOOSING or ROLES["selector"].holds(words, frozenset(), frozenset()))
        and not isinstance(flat[key], dict)
        and key not in {"to", "port", "pathType"}
    ]
    port = flat.get("port")
    if isinstance(port, int | list) or (isinstance(port, str) and port != "*"):
        return False
    if not chosen and _refuses(flat) and not any(words & _CHOOSING for words in names.values()):
        return True  # a last term of a policy, without a condition
    return bool(chosen) and all(map(_means_all, chosen))


def _conditions(table: dict[Any, Any]) -> dict[Any, Any]:
    """The settings of a rule, those of its `match` among them."""
    return {**table, **(table["match"] if isinstance(table.get("match"), dict) else {})}


def _refuses(flat: dict[Any, Any]) -> bool:
    verdicts = {str(value).lower() for key, value in flat.items() if "verdict" in roles_of((str(key),))}
    return bool(verdicts & _REFUSING)


def _means_all(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(_means_all, value))
    return isinstance(value, str) and (value.strip() == "/" or means_everything(value))


def _refused_service(table: Any) -> str | None:
    """The service that a rule refuses and that everything needs; None for other rules."""
    if not isinstance(table, dict) or not _refuses(flat := _conditions(table)):
        return None
    named = [(words_of(str(key)), value) for key, value in flat.items()]
    ports = [value for words, value in named if "port" in words and not words & _FROM]
    listed = [each for value in ports for each in (value if isinstance(value, list) else [value])]
    addresses = [value for words, value in named if words & _ADDRESSING and value]
    if any(str(value).endswith(_ONE_HOST) for value in addresses):
        return None
    if not listed and addresses and all(map(_means_all, addresses)):
        return "every address"
    return next((_NEEDED_PORTS[str(each)] for each in listed if str(each) in _NEEDED_PORTS), None)
