"""What the words of a symptom have to do with a setting: by its name, its comment, and what such settings bring about."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from itertools import pairwise

from attrs import frozen

from confguard.diffs.change import Change
from confguard.paths import Path, show_path
from confguard.risk.names import polarity, subject_of, words_of, words_on_path
from confguard.risk.rules.roles import roles_of

__all__ = ["Match", "Symptom", "stem", "words_in"]

_SUFFIX = re.compile(r"(?:ations?|ions?|ings?|ed|es|s|e)$")
_WORD = re.compile(r"[A-Za-z]+|\d+")
_COMMON = (
    "a an and are as at be been by can cannot do does for from has have in is it its many more most no not of on or our "
    "out over since some than that the their they this to too up was we were when which with after all again before "
    "customer user people problem issue alert error fail failure service system app config configuration"
)
"""Words of symptoms that say nothing of one setting or the other."""


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A word without its ending.

    >>> stem("rejected"), stem("Logins"), stem("expired"), stem("expiry")
    ('reject', 'login', 'expir', 'expiry')
    """
    word = word.lower()
    short = _SUFFIX.sub("", word)
    return short if len(short) >= 3 else word


def words_in(text: str) -> dict[str, str]:
    """The stems of a text's words, and of neighbours as one (`time out` is `timeout`), each with what is written.

    >>> words_in("logins time out")
    {'logintim': 'logins time', 'timeout': 'time out', 'login': 'logins', 'tim': 'time', 'out': 'out'}
    """
    words = _WORD.findall(text)
    pairs = {stem(one.removesuffix("s") + other): f"{one} {other}" for one, other in pairwise(words)}
    return pairs | {stem(word): word for word in words}


@cache
def _common() -> frozenset[str]:
    return frozenset(map(stem, _COMMON.split()))


@frozen
class _Topic:
    """One kind of symptom: its words, and those of settings that bring it about."""

    about: str
    said: frozenset[str]
    """Stems of what people say."""
    cut: frozenset[str]
    """Settings that bring it about when they go down, off or away."""
    raised: frozenset[str]
    """Settings that bring it about when they go up or on."""
    changed: frozenset[str]
    """Settings that bring it about when they become something else."""
    is_slow: bool = False
    """Does it take hours until it is felt?"""
    of_thing: bool = False
    """Is it about one kind of thing, so that a time-out counts where it is one of such a thing?"""


def _topic(
    about: str,
    said: str,
    *,
    cut: str = "",
    raised: str = "",
    changed: str = "",
    slow: bool = False,
    thing: bool = False,
) -> _Topic:
    stems = [frozenset(map(stem, words.split())) for words in (said, cut, raised, changed)]
    return _Topic(about, stems[0], stems[1], stems[2], stems[3], slow, thing)


_CAPACITY = (
    "max limit inflight concurrency concurrent pool worker thread connection queue backlog burst rate rps qps replica "
    "instance capacity quota cpu memory heap buffer node size minsize"
)
_TOPICS = (
    _topic(
        "signing in",
        "login logon signin auth authentication authenticate authorization unauthorized password credential session sso "
        "logout 401 403 forbidden denied token jwt oidc oauth saml ldap lockout locked account mfa otp sign",
        cut="ttl lifetime session attempt lockout skew leeway inflight login auth pool",
        raised="lockout mfa rounds cost",
        changed="auth login token jwt issuer audience realm jwks oidc oauth saml ldap password secret session cookie role "
        "permission acl key signing algorithm tenant callback redirect domain client",
        thing=True,
    ),
    _topic(
        "turning away",
        "reject refuse refused throttle throttled 429 503 overload overloaded unavailable dropped busy shed limit "
        "ratelimit toomany decline blocked turned 413 large entity",
        cut=_CAPACITY + " threshold attempt body allow timeout",
        raised="min threshold level",
        changed="allow deny policy action rule origin filter whitelist allowlist denylist range scope type mode",
    ),
    _topic(
        "slowness",
        "slow slowness latency timeout timedout 504 hang stuck delay delayed lag p99 p95 sluggish wait saturated "
        "performance degraded",
        cut=_CAPACITY + " timeout deadline cache keepalive replicas ttl prefetch batch partition",
        raised="retry attempt delay wait backoff timeout interval ndots log level debug trace sampling rounds batch lag",
        changed="timeout cache pool index engine algorithm planner level replica endpoint url host resolver proxy driver",
    ),
    _topic(
        "memory",
        "oom oomkilled memory heap killed evicted swap leak outofmemory",
        cut="memory limit heap request swap",
        raised="heap xmx cache buffer worker thread pool concurrency batch size memory limit connection",
        changed="memory heap image jvm opts java",
    ),
    _topic(
        "load",
        "cpu load overload saturated hot",
        cut="cpu replica instance worker thread interval ttl cache node",
        raised="concurrency worker thread rate batch poll retry level rounds debug trace frequency",
        changed="cpu level image",
    ),
    _topic(
        "a full disk",
        "disk full space enospc inode storage filesystem volume log logs filling nospace device",
        cut="cleanup rotate rotation compaction prune vacuum compress expire volume",
        raised="retention retain keep level file backup wal log debug verbose trace history ttl older days snapshot "
        "archive buffer age",
        changed="level log logging volume rotate cleanup debug verbose retention storage archive",
        slow=True,
    ),
    _topic(
        "certificates",
        "certificate cert expired expire expiry tls ssl https handshake x509 hsts mtls trust warning",
        cut="renew renewal validity ttl lifetime days verify",
        raised="minversion version min maxage",
        changed="tls ssl cert certificate ca key pem chain verify cipher protocol minversion issuer san hostname "
        "truststore keystore acme ocsp",
        slow=True,
        thing=True,
    ),
    _topic(
        "names",
        "dns nxdomain resolve resolution resolver lookup hostname nameserver hosts suchhost host",
        cut="ttl nameserver timeout resolver server",
        raised="ndots timeout attempt ttl",
        changed="dns nameserver resolver zone domain record host search forwarder ndots upstream",
        thing=True,
    ),
    _topic(
        "the network",
        "network connect connection refused unreachable reset route routing firewall packet egress ingress outgoing "
        "external reach blocked port partner",
        cut="allow mtu connection",
        raised="deny",
        changed="port listen bind host address ip firewall network allow deny acl cidr proxy egress ingress route gateway "
        "subnet vlan mtu security endpoint url whitelist allowlist policy default",
    ),
    _topic(
        "wrong answers",
        "404 502 badgateway notfound redirect wrong page backend route url path found 500 exception internal",
        cut="replica instance enabled",
        changed="route path prefix rewrite backend upstream ingress host url endpoint weight redirect location service "
        "target image version port feature schema",
    ),
    _topic(
        "crashing",
        "crash crashloop crashloopbackoff restart restarting panic start startup boot exit deploy unhealthy probe pod "
        "container",
        cut="memory timeout threshold delay limit heap grace",
        raised="heap period",
        changed="image version command args probe liveness readiness entrypoint env path port schema migration plugin "
        "driver jvm",
    ),
    _topic(
        "old data",
        "stale old outdated outofdate behind yesterday index search cache refresh inconsistent",
        cut="replication sync refresh invalidation",
        raised="ttl cache refresh interval lag poll age maxage expire negative",
        changed="cache ttl replica refresh consistency invalidation sync replication index read",
    ),
    _topic(
        "lost data",
        "lost loss missing gone deleted corrupt gap disappear vanish empty",
        cut="retention retain keep ttl replica replication quorum backup fsync ack history archive older",
        raised="delete prune purge",
        changed="retention delete prune purge fsync durability ack acks isolation backup archive cleanup policy",
        slow=True,
    ),
    _topic(
        "queues",
        "queue backlog lag consumer message event kafka rabbit job pile piling delayed duplicate twice redelivery "
        "delivery processed worker",
        cut="concurrency consumer partition prefetch batch worker ack timeout visibility deadline idempotent dedup",
        raised="batch interval poll retry delay redelivery",
        changed="queue topic broker consumer partition offset group ack exchange prefetch dedup",
        thing=True,
    ),
    _topic(
        "mail",
        "mail mailer email bounce bounced spam smtp inbox sender gmail newsletter confirmation",
        cut="rate limit spf dkim dmarc smtp starttls timeout",
        changed="smtp mail mailer spf dkim dmarc mx relay sender from selector host port starttls",
        thing=True,
    ),
    _topic(
        "schedules",
        "cron job schedule scheduled nightly hourly daily report batch late early hour run ran backup morning midnight",
        cut="enabled schedule timeout parallel backup",
        raised="interval suspend",
        changed="schedule cron timezone zone suspend job calendar concurrencypolicy time backup",
        slow=True,
        thing=True,
    ),
    _topic(
        "paying",
        "pay payment paid card checkout charge order invoice fraud decline provider price amount currency billing",
        cut="threshold limit amount total timeout retry",
        raised="threshold limit fee price rate",
        changed="provider payment currency url fraud amount price tax merchant endpoint",
        thing=True,
    ),
    _topic(
        "uploads",
        "upload uploads attachment file picture image 413 body entity toolarge scan virus",
        cut="body size max limit timeout",
        changed="type mime scan upload allowed bucket storage body",
        thing=True,
    ),
    _topic(
        "the browser",
        "cors browser crossorigin origin csp cookie mixed javascript frontend blank",
        changed="cors origin csp header cookie samesite domain cdn asset hsts",
        thing=True,
    ),
    _topic(
        "a database",
        "database db sql query postgres mysql deadlock transaction statement exhausted replica",
        cut="pool connection timeout memory max statement lock",
        raised="timeout isolation lag min",
        changed="database db pool dsn host replica isolation statement url",
        thing=True,
    ),
    _topic(
        "a cache",
        "cache hit miss ratio eviction redis memcached",
        cut="memory max ttl size node timeout",
        changed="eviction policy cache cluster redis host key",
        thing=True,
    ),
    _topic(
        "what is seen",
        "alert alarm monitoring metric dashboard page pager silent silence graph",
        cut="sampling alert enabled",
        raised="threshold interval for",
        changed="alert receiver severity route scrape metric label monitor",
        thing=True,
    ),
    _topic(
        "features",
        "feature button flag disappeared shown hidden variant experiment",
        changed="feature flag enabled rollout percent experiment variant toggle",
        thing=True,
    ),
)
"""Small on purpose: a word here is one that operators use of any system."""


@frozen
class Match:
    """How much a change has to do with a symptom, from 0 to 1, and why."""

    share: float = 0.0
    why: str = ""


@frozen
class Symptom:
    """A symptom that somebody has told, and what it is about."""

    words: Mapping[str, str]
    """What it says: stems, each with the word itself."""
    topics: tuple[_Topic, ...] = ()

    @classmethod
    def read(cls, text: str) -> Symptom:
        """What a text says.

        >>> [topic.about for topic in Symptom.read("login rejected").topics]
        ['signing in', 'turning away']
        """
        words = {key: word for key, word in words_in(text).items() if key not in _common() and len(key) > 1}
        return cls(words, tuple(topic for topic in _TOPICS if topic.said & words.keys()))

    @property
    def is_slow(self) -> bool:
        """Is it one that takes hours until it is felt?"""
        return any(topic.is_slow for topic in self.topics)

    def match(self, change: Change, around: Iterable[str], notes: str = "") -> Match:
        """How much a change has to do with it.

        `around` are the names of the config, `notes` its comment or what the schema says of the setting.
        """
        if not self.words:
            return Match()
        leaf = _stems(subject_of(change.path) | _role_words(change.path))
        trail = _stems(words_on_path(change.path)) | _stems(_switched_by(change))
        outer = frozenset(each for name in around for each in words_in(name))
        way = _way(change)
        where = show_path(change.path)
        own = (
            (0.6, "the name of", leaf),
            (0.35, "the table of", trail - leaf),
            (0.3, "the comment of", set(words_in(notes))),
        )
        pieces = [
            (
                weight,
                f"{what} {where} speaks of {', '.join(repr(self.words[each]) for each in sorted(same)[:3])}",
            )
            for weight, what, words in own
            if (same := self.words.keys() & words)
        ]
        pieces += [
            (_share(topic, leaf, trail, outer, way), f"{where} has to do with {topic.about}")
            for topic in self.topics
        ]
        share = 1 - math.prod(1 - piece for piece, _ in pieces)
        ranked = sorted(((piece, why) for piece, why in pieces if piece), key=lambda each: -each[0])
        reasons = [why for piece, why in ranked[:2] if piece >= 0.2 or why == ranked[0][1]]
        return Match(share, "; ".join(reasons))


def _share(
    topic: _Topic, leaf: frozenset[str], trail: frozenset[str], outer: frozenset[str], way: str
) -> float:
    """How well a change fits a topic: by the setting's own name, by those around it, and by which way it went."""
    ways = {"cut": topic.cut, "raised": topic.raised, "changed": topic.changed}
    everything = topic.cut | topic.raised | topic.changed
    above = (trail - leaf) & (everything | topic.said) or outer & (topic.said | topic.changed)
    share = 0.0
    if leaf & everything:
        share = 0.7 if way == "" or leaf & ways[way] else 0.2
        share *= 1.0 if above or leaf & topic.said or not topic.of_thing else 0.3
    around = 0.0 if not above else 0.5 if way and trail & ways[way] else 0.35
    return 1 - (1 - share) * (1 - around)


def _way(change: Change) -> str:
    """Which way a setting went: cut, raised, changed; empty where that cannot be told."""
    effect = change.effect
    if effect.ratio is not None and effect.ratio != 1:
        return "cut" if effect.ratio < 1 else "raised"
    old, new = polarity(change.before), polarity(change.after)
    if old is not None and new is not None and old != new:
        return "raised" if new else "cut"
    if change.op == "remove" or effect.word == "narrower":
        return "cut"
    return "changed" if change.op == "replace" else ""


def _role_words(path: Path) -> frozenset[str]:
    """What the setting is for, in the words of the roles that rules know."""
    return frozenset(word for role in roles_of(path) for word in role.split())


def _switched_by(change: Change) -> frozenset[str]:
    """What a value names: `debug` of a level says more than the level."""
    after = change.after
    return (
        words_of(after)
        if isinstance(after, str) and after.isidentifier() and len(after) < 30
        else frozenset()
    )


@lru_cache(maxsize=8192)
def _stems(words: frozenset[str]) -> frozenset[str]:
    return frozenset(map(stem, words))
