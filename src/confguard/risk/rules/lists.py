"""Lists and tables as a whole: emptied, shrunk, doubled, in another order, changed in every member."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from confguard.paths import Path
from confguard.risk.findings import Finding, Severity
from confguard.risk.names import name_of, polarity, words_of, words_on_path
from confguard.risk.rules.edits import leaves
from confguard.risk.rules.interface import Context, Example, Rule
from confguard.risk.rules.roles import roles_of
from confguard.texts import word_set

_STANDING_IN = word_set(
    "zone zones az azs region regions ns nameserver nameservers resolver resolvers server servers host "
    "hosts node nodes broker brokers peer peers endpoint endpoints seed seeds upstream upstreams backend "
    "backends member members mx master masters replica replicas instance instances address addresses "
    "datacenter datacenters"
)
_SERVED_BY_NAME = word_set(
    "ingress ingresses tls route routes httproute virtualhost virtualhosts certificate"
)
_OWN_NAMES = frozenset({"dnsName", "hostnames", "domain", "fqdn", "paths", "path"})
_COUNTS = word_set("count num total length len field fields columns members shards partitions nodes")
_PROTECTING = word_set("retain protected protect keep pinned locked permanent protection undeletable")
_IDENTITIES = word_set(
    "id ip address port hostport nodeport listen bind serverid nodeid brokerid routerid clientid vlan "
    "prefix subnet hostname priority asn mac slot"
)
_PLAIN_TEXT = word_set(
    "name description title label comment summary note sha digest url checksum date owner lastmodified"
)
_FEW = 8


class Emptied(Rule):
    code = "CG501"
    title = "a list or table was emptied"
    reason = "Nothing left may mean nothing allowed, everything withdrawn, or no limit at all."
    advice = "To do without it, remove the setting; if it is to mean none, say so in the reason."
    example = Example(
        'ip_blocks = ["104.154.0.0/15", "104.196.0.0/14"]\n',
        "ip_blocks = []\n",
        'ip_blocks = ["104.154.0.0/15"]\n',
    )
    outage = "Google Compute Engine, 11 April 2016: all announced blocks of addresses withdrawn"

    def check(self, context: Context) -> Iterator[Finding]:
        """Containers that are empty now and were not."""
        for path, before, after in context.containers:
            documents = context.diff.before_document, context.diff.after_document
            deleted = not path and documents[0] is not None and documents[1] is None
            if before and isinstance(after, dict | list) and not after and not deleted:
                telling = isinstance(before, list) or roles_of(path) - {"numbered"}
                severity: Severity = "high" if telling else "medium"
                yield self.finding(path, f"held {len(before)} and holds nothing now", severity)
        for change in context.changes:
            held = change.before if change.op == "replace" and change.after is None else None
            if isinstance(held, dict | list) and held:
                yield self.finding(change.path, f"held {len(held)} and holds nothing now")


class CountDisagrees(Rule):
    code = "CG205"
    title = "a declared count no longer agrees"
    reason = "A reader that trusts the declared count reads past the end, or leaves something out."
    advice = "Change the count and the list together, or have the reader count for itself."
    example = Example(
        'fields = 3\nmatch = ["a", "b", "c"]\n',
        'fields = 3\nmatch = ["a", "b", "c", "d"]\n',
        'fields = 4\nmatch = ["a", "b", "c", "d"]\n',
    )
    outage = "CrowdStrike, 19 July 2024: an entry with one field more than its reader supplied"

    def check(self, context: Context) -> Iterator[Finding]:
        """A list whose length was a declared count in the table around it, and is another one now."""
        for path, before, after in context.lists:
            around = context.around(path) if 1 < len(before) != len(after) else {}
            for name, count in around.items():
                declared = isinstance(count, int) and not isinstance(count, bool) and count == len(before)
                if declared and words_of(str(name)) & _COUNTS and "numbered" not in roles_of((str(name),)):
                    yield self.finding(path, f"has {len(after)} elements, and {name} says {count}, as it had")
                    break


class RedundancyGone(Rule):
    code = "CG304"
    title = "a list of stand-ins shrank"
    reason = "Zones, servers and addresses are listed together so that one may fail; the last one may not."
    advice = "Keep two that do not fail together; take them out one at a time."
    example = Example('zones = ["a", "b", "c"]\n', 'zones = ["a"]\n', 'zones = ["a", "b"]\n')

    def check(self, context: Context) -> Iterator[Finding]:
        """From two or more to one, or to a third, at once."""
        for path, before, after in context.lists:
            shrank = 0 < len(after) < len(before) and words_of(name_of(path)) & _STANDING_IN
            if not shrank or _asked_for(path, before):
                continue
            if len(after) == 1 or len(after) * 3 <= len(before):
                yield self.finding(path, f"from {len(before)} to {len(after)}")


class DuplicatesAdded(Rule):
    code = "CG707"
    title = "elements stand twice in a list"
    reason = (
        "A list that doubled is usually a query or a merge that went wrong; what reads it may have a limit."
    )
    advice = "Find what wrote it twice; make its reader refuse duplicates."
    example = Example(
        'features = ["a", "b", "c"]\n',
        'features = ["a", "b", "c", "a", "b", "c"]\n',
        'features = ["a", "b", "c", "d"]\n',
    )
    outage = "Cloudflare, 18 November 2025: a feature file with duplicate rows passed a fixed limit"

    def check(self, context: Context) -> Iterator[Finding]:
        """Half of the elements or more twice is high; a single one is low."""
        for path, before, after in context.containers:
            if isinstance(after, list) and _twice(after) > _twice(before):
                count, total = _twice(after), len(after)
                severity: Severity = "high" if count * 2 >= total >= 4 else "low"
                yield self.finding(path, f"{count} of {total} elements stand there already", severity)


class IdentityTaken(Rule):
    code = "CG305"
    title = "two have the same identity"
    reason = (
        "Of two with one address, port, number or prefix, one takes the other's traffic, or fails to start."
    )
    advice = "Give it one of its own."
    example = Example(
        "hosts:\n- {name: a, address: 10.0.0.1}\n- {name: b, address: 10.0.0.2}\n",
        "hosts:\n- {name: a, address: 10.0.0.1}\n- {name: b, address: 10.0.0.1}\n",
        "hosts:\n- {name: a, address: 10.0.0.1}\n- {name: b, address: 10.0.0.3}\n",
        "yaml",
    )

    def check(self, context: Context) -> Iterator[Finding]:
        """A value under such a name that a sibling has too, where all siblings' values differed before."""
        for edit in context.edits:
            scalar = edit.after is not None and not isinstance(edit.after, dict | list | bool)
            named = scalar and len(edit.path) > 1 and isinstance(edit.path[-1], str)
            if edit.removed or not named or not words_of(str(edit.path[-1])) & _IDENTITIES:
                continue
            others = [each.get(edit.path[-1]) for each in context.siblings(edit.path[:-1])]
            given = [str(value) for value in others if isinstance(value, str | int)]
            distinct = len(given) == len(others) == len(set(given)) and len(given) + (not edit.added) >= 2
            if distinct and str(edit.after) in given and str(edit.before) not in given:
                yield self.finding(edit.path, f"{edit.after}: another one beside it has that, too")


class SharesOff(Rule):
    code = "CG537"
    title = "shares no longer make up the whole"
    reason = "What is missing goes nowhere, or everything is weighed anew."
    advice = "Let them sum to 100 again."
    example = Example(
        "weights: {blue: 50, green: 50}\n",
        "weights: {blue: 5, green: 50}\n",
        "weights: {blue: 5, green: 95}\n",
        "yaml",
    )

    def check(self, context: Context) -> Iterator[Finding]:
        """Numbers of one table that summed to 100 or 1, and sum to something else."""
        for path, before, after in context.containers:
            was, now = _total(before), _total(after)
            if was in (1, 100) and now is not None and now != was:
                yield self.finding(path, f"summed to {was:g}, and sum to {now:g}")


class EveryMember(Rule):
    code = "CG512"
    title = "every member of a group changed at once"
    severity = "medium"
    reason = "What is wrong is wrong everywhere at once: there is no member left that works."
    advice = "Change one, watch it, then the others."
    example = Example(
        "[regions.eu]\nengine = 'a'\n[regions.us]\nengine = 'a'\n[regions.ap]\nengine = 'a'\n",
        "[regions.eu]\nengine = 'b'\n[regions.us]\nengine = 'b'\n[regions.ap]\nengine = 'b'\n",
        "[regions.eu]\nengine = 'b'\n[regions.us]\nengine = 'a'\n[regions.ap]\nengine = 'a'\n",
    )
    outage = "Azure Storage, 18 November 2014: a change went to all of the regions in one step"

    def check(self, context: Context) -> Iterator[Finding]:
        """The same key in all of at least three siblings; a list of who may, that all siblings got, is high."""
        groups: dict[tuple[Path, Any, bool], set[Any]] = defaultdict(set)
        for edit in context.edits:
            if len(edit.path) >= 2 and not edit.removed and not words_of(str(edit.path[-1])) & _PLAIN_TEXT:
                restricts = edit.added and edit.change.path == edit.path and "allowed" in roles_of(edit.path)
                if restricts or not edit.added:
                    groups[edit.path[:-2], edit.path[-1], restricts].add(edit.path[-2])
        for (path, key, restricts), members in groups.items():
            around = context.after_at(path)
            total = len(around) if isinstance(around, dict | list) else 0
            if len(members) == total >= (2 if restricts else 3):
                if restricts:
                    yield self.finding(path, f"{key}: none is left that is open to all", "high")
                else:
                    yield self.finding(path, f"{key} changed in all {total} at once")


class ManyAtOnce(Rule):
    code = "CG506"
    title = "much of a file changed at once"
    severity = "medium"
    reason = "When something breaks after many changes at once, no one knows which it was."
    advice = "Make it several changes, each with its own reason, with time between."
    example = Example(
        "".join(f"s{i} = {i}\n" for i in range(12)),
        "".join(f"s{i} = {i + 1}\n" for i in range(12)),
        "".join(f"s{i} = {i + (i < 3)}\n" for i in range(12)),
    )

    def check(self, context: Context) -> Iterator[Finding]:
        """Half of at least eight settings changed or removed, each in its own way."""
        scalars = [
            each for each in context.edits if not each.inner and not isinstance(each.before, dict | list)
        ]
        came = Counter(repr(edit.after) for edit in scalars if edit.added)
        went = [edit for edit in scalars if not edit.added and not (edit.removed and came[repr(edit.before)])]
        ways = {(repr(edit.before), repr(edit.after)) for edit in went}
        total = sum(1 for _ in leaves(context.before, ()))
        if total >= _FEW and len(ways) * 2 >= total:
            yield self.finding((), f"{min(len(went), total)} of {total} settings changed or went at once")


class ProtectedRemoved(Rule):
    code = "CG505"
    title = "a protected element was removed"
    reason = "Whoever marked it wanted it kept; what relies on it still does."
    advice = "Ask who set the mark; take the mark off in a change of its own first."
    example = Example(
        '[[keys]]\nkid = "a"\nretain = true\n[[keys]]\nkid = "b"\nretain = false\n',
        '[[keys]]\nkid = "b"\nretain = false\n',
        '[[keys]]\nkid = "a"\nretain = true\n',
    )
    outage = "Azure AD, 15 March 2021: a signing key marked to be retained was removed"

    def check(self, context: Context) -> Iterator[Finding]:
        """Removed tables with a mark that is on."""
        for change in context.changes:
            if change.op == "remove" and isinstance(change.before, dict):
                for name, value in change.before.items():
                    if _PROTECTING & words_of(str(name)) and polarity(value) is True:
                        yield self.finding(change.path, f"was marked {name} = {str(value).lower()}")
                        break


def _asked_for(path: Path, elements: list[Any]) -> bool:
    """Are these names that clients ask for, each for something of its own, so that none stands in for another?"""
    if words_on_path(path[:-1]) & _SERVED_BY_NAME and "host" in words_of(name_of(path)):
        return True
    return all(isinstance(each, dict) and not _OWN_NAMES.isdisjoint(map(str, each)) for each in elements)


def _twice(value: Any) -> int:
    """How many elements stand in a list a second time."""
    if not isinstance(value, list):
        return 0
    return sum(count - 1 for count in Counter(map(repr, value)).values() if count > 1)


def _total(table: Any) -> float | None:
    """The sum of a table of at least two numbers, and of nothing else."""
    if not isinstance(table, dict) or len(table) < 2:
        return None
    numbers = [
        value for value in table.values() if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return round(sum(numbers), 6) if len(numbers) == len(table) and min(numbers) >= 0 else None
