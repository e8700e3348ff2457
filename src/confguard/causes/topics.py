"""Kinds of symptoms: the words that people have for them, and those of settings that bring them about."""

from __future__ import annotations

import re
from functools import lru_cache

from attrs import frozen

__all__ = ["TOPICS", "Topic", "stem"]

_SUFFIX = re.compile(r"(?:ations?|ions?|ings?|ed|es|s|e)$")


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A word without its ending.

    >>> stem("rejected"), stem("Logins"), stem("expired"), stem("expiry")
    ('reject', 'login', 'expir', 'expiry')
    """
    word = word.lower()
    short = _SUFFIX.sub("", word)
    return short if len(short) >= 3 else word


@frozen
class Topic:
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
) -> Topic:
    stems = [frozenset(map(stem, words.split())) for words in (said, cut, raised, changed)]
    return Topic(about, stems[0], stems[1], stems[2], stems[3], slow, thing)


_CAPACITY = (
    "max limit inflight concurrency concurrent pool worker thread connection queue backlog burst rate rps qps "
    "replica "
    "instance capacity quota cpu memory heap buffer node size minsize"
)
TOPICS = (
    _topic(
        "signing in",
        "login logon signin auth authentication authenticate authorization unauthorized password credential session "
        "sso "
        "logout 401 403 forbidden denied token jwt oidc oauth saml ldap lockout locked account mfa otp sign",
        cut="ttl lifetime session attempt lockout skew leeway inflight login auth pool",
        raised="lockout mfa rounds cost",
        changed="auth login token jwt issuer audience realm jwks oidc oauth saml ldap password secret session "
        "cookie role "
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
        raised="retry attempt delay wait backoff timeout interval ndots log level debug trace sampling rounds batch "
        "lag",
        changed="timeout cache pool index engine algorithm planner level replica endpoint url host resolver proxy "
        "driver",
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
        changed="port listen bind host address ip firewall network allow deny acl cidr proxy egress ingress route "
        "gateway "
        "subnet vlan mtu security endpoint url whitelist allowlist policy default",
    ),
    _topic(
        "wrong answers",
        "404 502 badgateway notfound redirect wrong page backend route url path found 500 exception internal",
        cut="replica instance enabled",
        changed="route path prefix rewrite backend upstream ingress host url endpoint weight redirect location "
        "service "
        "target image version port feature schema",
    ),
    _topic(
        "crashing",
        "crash crashloop crashloopbackoff restart restarting panic start startup boot exit deploy unhealthy probe "
        "pod "
        "container",
        cut="memory timeout threshold delay limit heap grace",
        raised="heap period",
        changed="image version command args probe liveness readiness entrypoint env path port schema migration "
        "plugin "
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
        "cron job schedule scheduled nightly hourly daily report batch late early hour run ran backup morning "
        "midnight",
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
