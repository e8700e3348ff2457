"""What a setting is for: its roles, told from its name, the names around it, and its value.

A role is a set of words. A name has the role where one of them stands in it (`a+b`: both), or in the name of the table
around it (`under`), unless a word says otherwise (`unless`); `along` asks for a word anywhere on the path as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

from attrs import frozen

from confguard.paths import Path
from confguard.risk.names import subject_of, words_of, words_on_path
from confguard.texts import word_set


@frozen
class Role:
    """The words by which one role is known."""

    names: tuple[frozenset[str], ...]
    under: frozenset[str] = frozenset()
    along: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset()
    """Words that may stand nowhere on the path."""

    def holds(self, name: frozenset[str], above: frozenset[str], trail: frozenset[str]) -> bool:
        """Do the words of a name, of the table around it, and of the whole path say so?"""
        if name & self.unless or trail & self.outside or (self.along and not trail & self.along):
            return False
        return any(each <= name for each in self.names) or bool(above & self.under)


def role(names: str, *, under: str = "", along: str = "", unless: str = "", outside: str = "") -> Role:
    """A role from words parted by blanks."""
    alternatives = tuple(frozenset(each.split("+")) for each in names.split())
    return Role(alternatives, *(word_set(text) for text in (under, along, unless, outside)))


_NUMBERED = (
    "port id uid gid pid version revision build serial year date timestamp seed epoch generation checksum hash sha "
    "digest tag commit account phone number zone asn color colour code user group fsgroup runasuser runasgroup"
)
_TIMES = "timeout deadline grace wait linger drain ttl lease lifetime"
_SERVING = (
    "replica replicas instance instances node nodes server servers desired cluster fleet workers minreplicas shards "
    "brokers machines hosts minsize desiredcapacity"
)
_DESTROYING = (
    "remove delete drain evict terminate kill decommission reboot restart purge drop wipe shutdown unavailable "
    "disrupt"
)
ROLES: Mapping[str, Role] = {
    "numbered": role(_NUMBERED),
    "limit": role(
        "max maximum limit pool capacity quota inflight connection concurrency concurrent thread worker queue backlog "
        "burst rate rps qps buffer slot permit conns conn parallelism parallel memory cpu vcpu heap ulimit nofile "
        "bandwidth throughput",
        under="limit ratelimit ratelimits rate quota pool throttle throttling",
        outside="requests",
        unless="history retry retries attempt age wait delay backoff level log logs sample interval min minimum error "
        "errors failure failures percent period " + _TIMES + " " + _NUMBERED,
    ),
    "ceiling": role("limit max maximum quota cap ulimit ceiling"),
    "timeout": role(_TIMES, outside="dns dnssec zone zones record records soa"),
    "period": role("interval period refresh poll polling heartbeat every frequency"),
    "retry": role("retry retries attempt attempts", unless=f"{_TIMES} interval period backoff delay limit"),
    "backoff": role("backoff jitter", unless="limit"),
    "retry pause": role("delay wait pause", along="retry retries attempt attempts", unless="limit"),
    "needed amount": role(
        "ttl timeout deadline interval period threshold limit max maximum size pool worker thread capacity retention "
        "connection memory cpu quota buffer skew leeway tolerance keepalive keep lifetime expiry lease rate burst "
        "inflight concurrency attempts depth seconds minutes hours days mb gb gib mib",
        under="quota limit ratelimit pool capacity timeout",
        unless="retry backofflimit cooldown jitter delay min minimum",
    ),
    "serving": role(_SERVING, unless=f"max maximum surge {_DESTROYING}"),
    "machine size": role(
        "instance+type instance+class instance+size machine+type vm+size node+type flavor flavour sku"
    ),
    "enforcement": role("mode action enforcement"),
    "traffic policy": role("traffic+policy"),
    "pull policy": role("pull+policy"),
    "preference": role("preference priority", along="mx srv dns"),
    "balancing": role("balance balancing lb+policy lb+algorithm balancer+algorithm", unless="sheet account"),
    "cached for": role("cache+control"),
    "cache key": role("cache+key vary+by", under="cachekey"),
    "caching part": role("key keys vary", along="cache cachekey caching"),
    "health check type": role("health+check+type"),
    "alert severity": role("severity", along="alert alerts label labels route routes annotation"),
    "receiver": role("receiver receivers notify notification channel destination contact"),
    "unit order": role("after requires bindsto", along="unit"),
    "automation": role(
        "auto+promotion auto+promote auto+deploy auto+merge auto+apply automerge autodeploy autopromotionenabled"
    ),
    "offset reset": role("offset+reset"),
    "rate key": role("key by", along="ratelimit ratelimits limiter throttle throttling"),
    "time zone": role("timezone tz time+zone"),
    "retried": role("retry+on retryon retriable+status retry+codes"),
    "cookie scope": role("domain path", along="cookie cookies"),
    "wire": role("proxy+protocol proxyprotocol mtu framing encapsulation", unless="timeout"),
    "member vlan": role("vlans"),
    "announcing": role("announce advertise announced advertised originate"),
    "exposing": role(
        "enabled enable", along="ingress listener gateway frontend route routes endpoint virtualhost"
    ),
    "served name": role("dns+names san sans subject+alt+names domains server+names aliases"),
    "route weight": role("weight", unless="font"),
    "backup place": role(
        "bucket destination target repository", along="backup backups archive wal snapshot dump"
    ),
    "encryption key": role("kms+key kmskeyid encryption+key+id kms+arn key+arn"),
    "window": role("window", along="maintenance change backup upgrade reboot deploy"),
    "address range": role("range ranges pool", unless="size max min"),
    "reaction": role(
        "on+error on+failure on+fail on+invalid on+missing on+timeout on+unknown on+empty on+conflict on+stale "
        "on+end on+expiry on+exit on+close "
        "fallback failure+mode error+policy unknown+recipient unknown+user unknown+host unknown+action invalid+value"
    ),
    "cached by": role("cookie+behavior header+behavior query+string+behavior"),
    "audience": role("audience recipient recipients cohort segment target targets scope list group fleet"),
    "occasion": role("when approval gate trigger"),
    "hiding": role(
        "redact redacted redaction mask masked masking scrub scrubbing sanitize sanitized obfuscate hide+fields",
        unless="net subnet umask",
    ),
    "whole requests": role(
        "include+body log+body capture+body record+body request+body log+payload include+payload dump+body",
        unless="max maximum limit size buffer",
    ),
    "trust anchor": role("preferred+chain root+ca trust+anchor trust+root"),
    "own name": role(
        "domain hostname external+host public+host base+url site+url root+url origin canonical+host",
        under="domains",
        unless="search cluster internal probe backend upstream",
    ),
    "destroying": role(_DESTROYING),
    "exposure": role("percent percentage pct rollout canary traffic share fraction"),
    "unavailable": role("max+unavailable"),
    "kept available": role("min+available min+healthy"),
    "soak": role(
        "pause soak bake hold settle observation+time cooldown stabilization stabilizationwindow",
        unless="queue max",
        outside="retry retries backoff maintenance",
    ),
    "filter": role(
        "filter match pattern prefix suffix selector regex query where condition expression expr path host label tag "
        "include exclude rule scope"
    ),
    "selector": role(
        "selector filter match matchlabels where condition only include prefixlist",
        unless="node",
        outside="properties",
    ),
    "needed text": role(
        "store url uri dsn endpoint address server broker schedule image bucket database queue topic issuer domain "
        "cert certificate ca registry region"
    ),
    "allowed": role(
        "allow allowed allowlist whitelist permitted trusted accepted authorized",
        unless="origin+credentials deny not",
    ),
    "guarding": role(
        "maximum+prefix max+prefix max+prefixes prefix+limit routemap export+policy import+policy "
        "whitelist allowlist auth+url whitelistsourcerange allowed+networks authorized+networks denylist blocklist "
        "ip+allow trusted+hosts auth+type authtype",
        unless="shared",
    ),
    "safety net": role(
        "check guard safety safeguard protection protect confirm confirmation validation validate backup bootstrap "
        "failover recovery replication healthcheck fencing throttle throttling ratelimit limiter breaker snapshot "
        "canary staged dry dryrun probe watchdog alert alerting monitoring rollback quorum sanity affinity autoscaling "
        "autoscaler retain limit renew renewal rotate rotation cache caching autovacuum vacuum voting blocking "
        "deduplicate dedup idempotent monitored alerted sandbox "
        "failonerror enforced enforce "
        "archive archiving archivemode ipforward ipforwarding stp loopguard"
    ),
    "net": role(
        "probe healthcheck liveness readiness livenessprobe readinessprobe startupprobe ratelimit ratelimits limits "
        "breaker circuitbreaker outlierdetection backup alert alerts failover quota firewall networkpolicy "
        "securitycontext podsecuritycontext affinity antiaffinity validation lifecycle prestop "
        "requiredduringschedulingignoredduringexecution",
        unless="old",
    ),
    "mechanism": role(
        "backend engine driver protocol storage provider implementation transport allocator scheduler resolver "
        "serializer codec strategy runtime"
    ),
    "closing": role(
        "maintenance readonly lockdown suspend suspended paused pause killswitch shutdown admin+down",
        unless="window schedule on",
        outside="mount mounts volumemount volumemounts globalmounts filesystem root readonlyrootfilesystem volume "
        "volumes binds",
    ),
    "deletion": role(
        "deletion delete mode policy reclaim reclaimpolicy removal cleanup disposal action cascade"
    ),
    "final": role(
        "skip+final+snapshot permanently irreversible purge force+destroy force+delete allow+empty"
    ),
    "pruning": role("prune pruning autoprune", unless="interval"),
    "forcing": role(
        "force forced autoapprove skip+check skip+checks skip+validation skip+validate skip+error skip+test skip+tests "
        "skip+review bypass+check bypass+checks bypass+validation ignore+error ignore+errors ignore+check ignore+test "
        "allow+failure continue+on+error allowfailure continueonerror",
        unless="ssl https http tls path style host color",
        outside="copy git template apt yum file unarchive link get_url",
    ),
    "webhook failure": role("failure+policy"),
    "version": role("image version tag ref revision chart package targetrevision uses"),
    "verification": role(
        "verify verification tls ssl mtls certificate cert signature signed https hsts secure httponly checkhostname "
        "insecure dnssec signing"
    ),
    "access control": role(
        "auth authentication authorization authenticate authorize rbac acl mfa otp csrf encryption encrypt encrypted "
        "firewall selinux apparmor audit login+required pkce"
    ),
    "debugging": role("debug debugger profiling trace", unless="level"),
    "verbosity": role(
        "loglevel logger level verbosity log+statement", unless="compression isolation consistency"
    ),
    "public": role("public publicly anonymous exposed expose guest privileged world"),
    "visibility": role(
        "acl access visibility exposure scheme scope network audience type policy",
        unless="secret content mime",
    ),
    "peer identity": role(
        "issuer iss audience aud realm jwks entityid tenant userfilter groupfilter basedn usernameclaim groupsclaim "
        "usernameattribute userattribute roleattribute binddn searchbase userdn redirecturi redirecturis callbackurl "
        "returnurl"
    ),
    "credential life": role(
        "ttl lifetime expiry expiration expires age duration validity",
        along="token tokens session sessions cookie jwt otp certificate password",
    ),
    "guesses": role(
        "attempt attempts failures lockout", along="login password signin lockout auth otp pin authentication"
    ),
    "password length": role("min minimum length", along="password passphrase pin"),
    "hash cost": role("rounds iterations cost", along="password bcrypt argon2 pbkdf2 scrypt hash hashing"),
    "host namespace": role("host+network host+pid host+ipc privilege+escalation"),
    "non-root": role("non+root"),
    "probe target": role(
        "path port command url scheme",
        unless="transport timeout",
        along="probe healthcheck healthchecks livenessprobe readinessprobe startupprobe liveness readiness",
    ),
    "keeping": role(
        "retention retain keep expire history backups archive keepdays",
        unless="alive keepalive history+limit historylimit",
    ),
    "copies": role(
        "replication+factor min+insync+replicas isr+min quorum+size quorum+min copies quorum+count "
        "redundancy parity+count insync+count replication+count replication+min replication+replicas "
        "number+of+replicas bootstrap+expect expected+votes minimum+master+nodes"
    ),
    "default for all": role("globaldefault global default+class isdefault default+for+all"),
    "network type": role("type", along="service services"),
    "share": role("ratio share fraction rate+error percent percentage probability sampling"),
    "plain ceiling": role("limit quota ulimit"),
    "user it runs as": role("runasuser run+user"),
    "semi-synchronous": role("semi semisync"),
    "standbys": role("synchronous+standby synchronous+names"),
    "overlapping": role("concurrencypolicy"),
    "verdict": role("action effect defaultaction defaultpolicy verdict then access decision unknown+source"),
    "probe patience": role(
        "failure+threshold unhealthy+threshold unhealthyafter max+fails maxfails consecutive+errors consecutive5xx "
        "failures tries rise fall",
        along="probe healthcheck healthchecks livenessprobe readinessprobe startupprobe liveness readiness "
        "outlierdetection failurethreshold unhealthythreshold maxfails",
    ),
    "credential part": role(
        "chain ca cacert cafile cert certificate certfile key keyfile clientcert clientkey truststore keystore",
        along="tls ssl mtls certificate certificates https saml ldap ldaps truststore",
    ),
    "asked port": role("targetport upstreamport backendport serviceport proxyport destinationport"),
    "cache eviction": role("maxmemorypolicy eviction evictionpolicy", along="cache caching rediscache"),
    "placement": role(
        "shards numshards shardcount partitions numpartitions partitioner sharding ringsize vnodes numtokens hashslots "
        "hashkey hashfunction hashalgorithm hashpolicy shardkey partitionkey",
        unless="timeout interval",
    ),
    "recoverable": role("autorestart restart restartpolicy autoheal selfheal"),
}
"""Each role with its words."""


def words_for(name: str) -> frozenset[str]:
    """The single words of a role's names."""
    return frozenset(word for each in ROLES[name].names if len(each) == 1 for word in each)


def roles_of(path: Path) -> frozenset[str]:
    """The roles of the setting that a path leads to.

    >>> sorted(roles_of(("pool", "max_size")))
    ['ceiling', 'limit', 'needed amount']
    """
    above = path[-2] if len(path) > 1 and isinstance(path[-2], str) else ""
    return _roles(subject_of(path), words_of(above), words_on_path(path))


@lru_cache(maxsize=16384)
def _roles(name: frozenset[str], above: frozenset[str], trail: frozenset[str]) -> frozenset[str]:
    known = _roles_by_word()
    asked = {role for word in name | above for role in known.get(word, ())}
    return frozenset(each for each in asked if ROLES[each].holds(name, above, trail))


@cache
def _roles_by_word() -> Mapping[str, tuple[str, ...]]:
    """The roles that a word may be a sign of."""
    words: dict[str, tuple[str, ...]] = {}
    for name, role in ROLES.items():
        for word in frozenset().union(role.under, *role.names):
            words[word] = (*words.get(word, ()), name)
    return words
