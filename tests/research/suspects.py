"""How often `confguard suspects` names the cause first: on generated histories, and on the reverts of real repositories.

    python tests/research/suspects.py                       # 100 histories to tune on
    python tests/research/suspects.py --held-out            # 100 others, of which only the figures are printed
    python tests/research/suspects.py --repository PATH...  # reverts by name: is the reverted commit first?

A history is 50 configs with two weeks of changes and one cause. In the hours before the symptom there are harmless
changes, look-alikes of real outages that broke nothing, dangerous changes of other kinds, and one like the cause that
was taken back in time. The held-out half words its symptoms otherwise, and has kinds of causes that the first has not.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import frozen

import confguard as cg
from confguard.causes.changes import Seen
from confguard.causes.dependencies import Dependencies
from confguard.causes.ranking import rank
from confguard.causes.repositories import of_repository, reverts_by_name
from confguard.causes.symptoms import Symptom
from confguard.documents.writing import write
from confguard.risk.judging import Terms
from confguard.stores import Append, Draft, chain
from confguard.stores.memory import MemoryStore

DATA = Path(__file__).parent.parent / "data"
TEAMS = "shop search billing profile media orders mobile admin stats partner".split()
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


@frozen
class Cause:
    """A change that breaks something, and how people tell of it: `{team}` is whose service it is."""

    kind: str
    path: str
    after: Any
    reason: str
    lag: tuple[int, int]
    """After how many minutes it is felt: at least, and at most."""
    told: tuple[str, ...]
    """Symptoms: the first half for tuning, the second for the held-out half."""
    unseen: bool = False
    """Is it a cause of the held-out half alone?"""


SERVICES: Mapping[str, Mapping[str, Any]] = {
    "auth": {
        "server": {"max_inflight": 400, "backend_timeout": "2s", "workers": 16, "keepalive": "75s"},
        "tokens": {
            "issuer": "https://id.example.com",
            "audience": "api",
            "access_ttl": "15m",
            "clock_skew": "30s",
        },
        "sessions": {"pool_size": 64, "store": "redis://sessions:6379/0"},
        "lockout": {"attempts": 10, "window": "15m"},
    },
    "gateway": {
        "listen": {"port": 8443, "host": "0.0.0.0"},
        "ratelimit": {"requests_per_second": 500, "burst": 1000},
        "upstream": {"timeout": "10s", "retries": 2, "url": "http://app:8080", "max_connections": 2000},
        "routes": [{"path": "/api", "backend": "api"}, {"path": "/static", "backend": "cdn"}],
        "cors": {"allowed_origins": ["https://www.example.com", "https://m.example.com"]},
    },
    "database": {
        "pool": {"max_size": 100, "min_size": 10, "acquire_timeout": "5s", "idle_timeout": "10m"},
        "statement_timeout": "30s",
        "replica": {"enabled": True, "host": "db-replica.internal", "max_lag": "10s"},
        "wal": {"keep_size": "16GB", "archive": True},
        "backup": {"enabled": True, "schedule": "0 3 * * *", "retention": "30d"},
    },
    "cache": {
        "memory": {"max": "8GB", "eviction_policy": "allkeys-lru"},
        "ttl": {"default": "5m", "negative": "10s"},
        "cluster": {"nodes": 6, "timeout": "200ms"},
    },
    "edge": {
        "tls": {"certificate": "/etc/ssl/live/site.pem", "min_version": "1.2", "verify_upstream": True},
        "hsts": {"max_age": "365d", "include_subdomains": False},
        "ocsp": {"stapling": True, "timeout": "3s"},
    },
    "dns": {
        "zone": {"ttl": "300s", "negative_ttl": "60s"},
        "resolver": {"nameservers": ["10.0.0.2", "10.0.1.2"], "search": ["internal"], "ndots": 2},
    },
    "queue": {
        "consumer": {"concurrency": 24, "prefetch": 50, "ack_timeout": "60s", "max_retries": 5},
        "partitions": 48,
        "dead_letter": {"enabled": True, "after": 5},
        "retention": "7d",
    },
    "mailer": {
        "smtp": {"host": "smtp.internal", "port": 587, "starttls": True, "timeout": "20s"},
        "sender": {"from": "no-reply@example.com", "rate_per_minute": 600},
        "dkim": {"enabled": True, "selector": "k2026"},
    },
    "storage": {
        "logs": {"level": "info", "retention": "14d", "max_file_size": "100MB", "rotate": True},
        "cleanup": {"enabled": True, "interval": "1h", "older_than": "3d"},
        "volume": {"size": "500GB", "path": "/var/lib/data"},
    },
    "app": {
        "resources": {"memory_limit": "2Gi", "cpu_limit": "2000m"},
        "replicas": 6,
        "image": "registry.example.com/app:4.12.3",
        "liveness_probe": {"path": "/healthz", "timeout_seconds": 3, "failure_threshold": 3},
        "jvm": {"heap_max": "1500m"},
        "features": {"new_checkout": False, "recommendations": True},
    },
    "scheduler": {
        "jobs": {
            "report": {"schedule": "0 6 * * *", "enabled": True, "timeout": "2h"},
            "sync": {"schedule": "*/10 * * * *", "enabled": True},
        },
        "timezone": "Europe/Berlin",
        "max_parallel": 8,
    },
    "payments": {
        "provider": {"url": "https://pay.example.net/v2", "timeout": "8s", "retries": 1, "currency": "EUR"},
        "fraud": {"threshold": 0.85, "enabled": True},
        "limits": {"max_amount": 5000, "daily_total": 250000},
    },
    "firewall": {
        "default": "deny",
        "allow": ["10.0.0.0/8", "192.168.10.0/24", "172.16.4.0/22"],
        "egress": {"proxy": "http://proxy.internal:3128", "no_proxy": [".internal"]},
    },
    "indexer": {
        "batch": {"size": 500, "interval": "5s"},
        "refresh_interval": "1s",
        "shards": 12,
        "replicas": 1,
    },
    "uploads": {
        "max_body_size": "50MB",
        "allowed_types": ["image/png", "image/jpeg", "application/pdf"],
        "scan": {"enabled": True, "timeout": "15s"},
    },
}
CAUSES: Mapping[str, Sequence[Cause]] = {
    "auth": [
        Cause(
            "inflight",
            "server.max_inflight",
            40,
            "tuning for speed",
            (1, 20),
            (
                "logins are rejected",
                "users cannot sign in, many 503",
                "login rejected at peak",
                "sign-in fails for most users",
            ),
        ),
        Cause(
            "backend timeout",
            "server.backend_timeout",
            "20ms",
            "faster answers",
            (1, 15),
            (
                "login errors",
                "password check times out",
                "authentication keeps failing",
                "people get logged out and cannot log in again",
            ),
        ),
        Cause(
            "audience",
            "tokens.audience",
            "apis",
            "rename the API",
            (1, 60),
            (
                "401 for all API calls",
                "tokens are refused",
                "unauthorized errors everywhere",
                "access token invalid",
            ),
        ),
        Cause(
            "lockout",
            "lockout.attempts",
            1,
            "harden against guessing",
            (10, 120),
            (
                "accounts get locked",
                "users locked out",
                "customers report blocked accounts",
                "lockouts after one wrong password",
            ),
        ),
    ],
    "gateway": [
        Cause(
            "rate limit",
            "ratelimit.requests_per_second",
            50,
            "protect the backend",
            (1, 30),
            (
                "429 responses",
                "clients are throttled",
                "too many requests errors",
                "API calls get rejected with 429",
            ),
        ),
        Cause(
            "upstream timeout",
            "upstream.timeout",
            "100ms",
            "fail fast",
            (1, 15),
            ("504 gateway timeout", "requests time out", "gateway timeouts in {team}", "many 504s"),
        ),
        Cause(
            "route",
            "routes.0.backend",
            "api-old",
            "tidy up names",
            (1, 10),
            (
                "404 on /api",
                "502 bad gateway",
                "wrong pages are served, not found",
                "API calls end at the wrong backend",
            ),
        ),
        Cause(
            "cors",
            "cors.allowed_origins",
            ["https://www.example.com"],
            "drop the old origin",
            (5, 60),
            (
                "mobile site blocked by CORS",
                "browser says cross-origin blocked",
                "CORS errors",
                "requests from m.example.com refused by browsers",
            ),
            True,
        ),
    ],
    "database": [
        Cause(
            "pool",
            "pool.max_size",
            10,
            "save connections",
            (2, 45),
            (
                "slow pages",
                "database connections exhausted",
                "timeouts waiting for a connection",
                "latency is up in {team}",
            ),
        ),
        Cause(
            "statement timeout",
            "statement_timeout",
            "300ms",
            "stop slow queries",
            (2, 60),
            (
                "queries are cancelled",
                "reports fail with query timeout",
                "SQL statements get canceled",
                "query canceled due to timeout",
            ),
        ),
        Cause(
            "archive",
            "wal.keep_size",
            "4TB",
            "keep more for replicas",
            (90, 330),
            ("disk full", "no space left on device", "database disk is filling up", "storage is at 99 %"),
        ),
        Cause(
            "replica",
            "replica.max_lag",
            "1h",
            "fewer alerts",
            (20, 180),
            (
                "stale data is shown",
                "users see old data",
                "reads return outdated rows",
                "changes appear only after minutes",
            ),
            True,
        ),
    ],
    "cache": [
        Cause(
            "memory",
            "memory.max",
            "800MB",
            "costs",
            (5, 90),
            (
                "cache hit rate dropped",
                "pages slow, cache misses",
                "hit ratio fell",
                "evictions and slow responses",
            ),
        ),
        Cause(
            "ttl",
            "ttl.default",
            "24h",
            "fewer misses",
            (20, 200),
            (
                "prices are out of date",
                "stale content",
                "old content is served",
                "customers see yesterday's data",
            ),
        ),
        Cause(
            "node timeout",
            "cluster.timeout",
            "2ms",
            "fail fast",
            (1, 15),
            ("cache timeouts", "redis errors", "cache not reachable", "errors talking to the cache"),
        ),
    ],
    "edge": [
        Cause(
            "certificate",
            "tls.certificate",
            "/etc/ssl/old/site.pem",
            "renewal",
            (1, 60),
            (
                "certificate expired",
                "browsers warn about the certificate",
                "x509: certificate has expired",
                "SSL warning on the site",
            ),
        ),
        Cause(
            "version",
            "tls.min_version",
            "1.3",
            "harden",
            (1, 60),
            (
                "tls handshake fails",
                "old clients cannot connect over https",
                "handshake failure alerts",
                "SSL errors from partner systems",
            ),
        ),
        Cause(
            "ocsp",
            "ocsp.timeout",
            "30s",
            "be patient",
            (5, 60),
            (
                "https connections slow to open",
                "slow TLS handshakes",
                "handshake takes long",
                "first byte is late over https",
            ),
            True,
        ),
    ],
    "dns": [
        Cause(
            "nameserver",
            "resolver.nameservers",
            ["10.0.9.2"],
            "new resolvers",
            (1, 45),
            (
                "name resolution fails",
                "dns lookups time out",
                "could not resolve host",
                "NXDOMAIN for internal names",
            ),
        ),
        Cause(
            "ndots",
            "resolver.ndots",
            9,
            "short names",
            (5, 90),
            ("slow dns", "lookups take seconds", "hostname lookups are slow", "resolver overloaded"),
        ),
    ],
    "queue": [
        Cause(
            "concurrency",
            "consumer.concurrency",
            1,
            "debugging",
            (15, 180),
            ("queue backlog grows", "messages are delayed", "consumer lag alert", "jobs pile up"),
        ),
        Cause(
            "ack",
            "consumer.ack_timeout",
            "600ms",
            "faster redelivery",
            (5, 60),
            (
                "messages processed twice",
                "duplicate messages",
                "duplicate deliveries",
                "orders handled twice",
            ),
        ),
        Cause(
            "retention",
            "retention",
            "7h",
            "disk",
            (60, 330),
            ("messages lost", "events are missing", "lost messages", "gaps in the event stream"),
        ),
    ],
    "mailer": [
        Cause(
            "smtp",
            "smtp.port",
            25,
            "as the others",
            (2, 60),
            (
                "mails are not sent",
                "no emails go out",
                "confirmation e-mail never arrives",
                "email delivery fails",
            ),
        ),
        Cause(
            "dkim",
            "dkim.enabled",
            False,
            "new key tomorrow",
            (20, 200),
            (
                "mails land in spam",
                "email bounces",
                "our mail is marked as spam",
                "messages rejected by gmail",
            ),
        ),
    ],
    "storage": [
        Cause(
            "debug",
            "logs.level",
            "debug",
            "find a bug",
            (60, 330),
            ("disk full", "log volume exploded", "filesystem at 100 %", "no space left on device"),
        ),
        Cause(
            "cleanup",
            "cleanup.enabled",
            False,
            "it was noisy",
            (90, 340),
            ("disk usage grows", "disk almost full", "no free disk space", "volume is full"),
        ),
    ],
    "app": [
        Cause(
            "memory",
            "resources.memory_limit",
            "200Mi",
            "right-sizing",
            (2, 60),
            ("pods are OOMKilled", "out of memory", "containers killed for memory", "app restarts, OOM"),
        ),
        Cause(
            "probe",
            "liveness_probe.path",
            "/health",
            "shorter",
            (1, 20),
            ("pods restart all the time", "crash loop", "CrashLoopBackOff", "containers keep restarting"),
        ),
        Cause(
            "replicas",
            "replicas",
            1,
            "costs",
            (5, 90),
            (
                "slow responses in {team}",
                "high cpu and latency",
                "site slow, overloaded",
                "cpu saturated, p99 up",
            ),
        ),
        Cause(
            "image",
            "image",
            "registry.example.com/app:5.0.0",
            "upgrade",
            (2, 60),
            (
                "500 errors after deploy",
                "app crashes at start",
                "internal server errors",
                "exceptions in {team}",
            ),
        ),
    ],
    "scheduler": [
        Cause(
            "schedule",
            "jobs.report.schedule",
            "0 6 31 2 *",
            "first of the month",
            (60, 300),
            (
                "report did not run",
                "nightly job missing",
                "daily report was not created",
                "cron job did not start",
            ),
        ),
        Cause(
            "timezone",
            "timezone",
            "America/New_York",
            "headquarters",
            (60, 300),
            (
                "jobs run at the wrong time",
                "report is late",
                "jobs started six hours late",
                "cron jobs at odd hours",
            ),
            True,
        ),
    ],
    "payments": [
        Cause(
            "provider timeout",
            "provider.timeout",
            "80ms",
            "faster checkout",
            (1, 30),
            ("payments fail", "card payments time out", "customers cannot pay", "checkout fails at payment"),
        ),
        Cause(
            "fraud",
            "fraud.threshold",
            0.085,
            "tune fraud detection",
            (10, 120),
            (
                "orders declined as fraud",
                "good customers are declined",
                "payments declined",
                "too many fraud rejections",
            ),
        ),
    ],
    "firewall": [
        Cause(
            "allow",
            "allow",
            ["192.168.10.0/24"],
            "remove what is unused",
            (1, 30),
            (
                "connection refused between services",
                "network unreachable",
                "services cannot reach each other",
                "connections blocked",
            ),
        ),
        Cause(
            "proxy",
            "egress.proxy",
            "http://proxy-new.internal:3128",
            "new proxy",
            (1, 60),
            (
                "outgoing requests fail",
                "cannot reach external APIs",
                "egress is broken",
                "calls to third parties fail",
            ),
            True,
        ),
    ],
    "indexer": [
        Cause(
            "refresh",
            "refresh_interval",
            "1h",
            "save cpu",
            (15, 150),
            (
                "search results are stale",
                "new items not found in search",
                "search shows old items",
                "index is behind",
            ),
        ),
    ],
    "uploads": [
        Cause(
            "size",
            "max_body_size",
            "50KB",
            "limit abuse",
            (2, 60),
            (
                "uploads fail with 413",
                "file uploads rejected",
                "request entity too large",
                "users cannot upload pictures",
            ),
        ),
        Cause(
            "scan",
            "scan.timeout",
            "15ms",
            "faster uploads",
            (2, 60),
            ("uploads fail", "virus scan errors", "upload errors", "attachments cannot be uploaded"),
            True,
        ),
    ],
}
HARMLESS = (
    "routine",
    "rebalance after the load test",
    "quarterly review",
    "cleanup",
    "as agreed",
    "small step",
)


@frozen
class History:
    """A store with one cause in it."""

    store: MemoryStore
    at: datetime
    symptom: str
    depends: Mapping[str, Sequence[str]]
    cause: tuple[str, int]
    kind: str


class Writer:
    """What is written into a store, in the order of time."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.steps = rng, []
        self.data: dict[str, Any] = {}

    def at(self, when: datetime, config: str, change: Any, reason: str, mark: str = "") -> None:
        """Plan a change: a function of the data, a text of another format, or "back"."""
        self.steps.append((when, len(self.steps), config, change, reason, mark))

    def store(self) -> tuple[MemoryStore, dict[str, tuple[str, int]]]:
        """All of it, and where what was marked came to be."""
        store, marked = MemoryStore(), {}
        for when, _, config, change, reason, mark in sorted(self.steps, key=lambda step: step[:2]):
            head, reverts = store.head(config), None
            if change == "back":
                back = store.get(config, head.number - 1)
                content, kind, reverts = back.content, back.format, back.number
            elif isinstance(change, tuple):
                content, kind = change[1].encode(), change[0]
            else:
                self.data[config] = change(copy.deepcopy(self.data.get(config)))
                kind = "yaml" if config.endswith(("app", "queue", "dns")) else "toml"
                content = write(self.data[config], kind).content
            if head is not None and head.content == content:
                continue
            draft = Draft(
                content=content,
                format=kind,
                author=self.rng.choice(["ana", "ben", "eva", "kim", "tom"]),
                reason=reason,
                created_at=when,
                reverts=reverts,
            )
            (revision,) = chain.link(config, [draft], head)
            store.commit(Append(config, (revision,)))
            if mark:
                marked[mark] = config, revision.number
        return store, marked


def history(seed: int) -> History:
    """One history: even seeds are for tuning, odd ones held out."""
    rng, held_out = random.Random(f"suspects {seed}"), seed % 2 == 1
    pairs = [f"{team}-{service}" for team in TEAMS for service in SERVICES]
    configs = rng.sample(pairs, 44)
    causes = [
        (config, cause)
        for config in configs
        for cause in CAUSES[config.partition("-")[2]]
        if held_out or not cause.unseen
    ]
    config, cause = rng.choice(causes)
    looks = [
        each
        for each in json.loads((DATA / "incidents.json").read_text())
        if each["label"] == "benign" and each["format"] in ("toml", "yaml", "json")
    ]
    alike = {f"{each['id']}": each for each in rng.sample(looks, 6)}
    at = START + timedelta(days=13, minutes=rng.randrange(60 * 12))
    writer = Writer(rng)
    for each in configs:
        base = SERVICES[each.partition("-")[2]]
        writer.at(
            START - timedelta(minutes=rng.randrange(500)),
            each,
            lambda _, base=base: copy.deepcopy(dict(base)),
            "as it is",
        )
    for name, each in alike.items():
        writer.at(START, name, (each["format"], each["before"]), "as it is")
        writer.at(
            at - timedelta(minutes=rng.randrange(5, 355)),
            name,
            (each["format"], each["after"]),
            "reviewed by the team",
        )
    for _ in range(150):
        other = rng.choice(configs)
        writer.at(
            START + timedelta(minutes=rng.randrange(13 * 1440 - 400)),
            other,
            harmless(rng),
            rng.choice(HARMLESS),
        )
    for _ in range(14):
        other = rng.choice([each for each in configs if each != config])
        writer.at(at - timedelta(minutes=rng.randrange(1, 355)), other, harmless(rng), rng.choice(HARMLESS))
    service, told = config.partition("-")[2], cause.told
    symptom = rng.choice(told[len(told) // 2 :] if held_out else told[: len(told) // 2])
    others = [
        (each, danger) for each, danger in causes if each != config and each.partition("-")[2] != service
    ]
    for (other, danger), minutes in zip(
        rng.sample(others, 2), (rng.randrange(10, 350), rng.randrange(30, 350)), strict=True
    ):
        writer.at(at - timedelta(minutes=minutes), other, setting(danger), danger.reason)
    late, danger = rng.choice([each for each in causes if each[0] != config])
    writer.at(at + timedelta(minutes=rng.randrange(1, 30)), late, setting(danger), danger.reason)
    mended = [
        each
        for each in causes
        if each[0]
        not in (config, late, *(step[2] for step in writer.steps if step[0] > at - timedelta(hours=7)))
    ]
    if mended:
        other, danger = rng.choice(mended)
        writer.at(at - timedelta(minutes=rng.randrange(150, 300)), other, setting(danger), danger.reason)
        writer.at(at - timedelta(minutes=rng.randrange(20, 140)), other, "back", "that was wrong")
    writer.at(at - timedelta(minutes=rng.randint(*cause.lag)), config, setting(cause), cause.reason, "cause")
    depends: dict[str, list[str]] = {}
    for _ in range(20):
        one, other = rng.sample(configs, 2)
        depends.setdefault(one, []).append(other)
    team = config.partition("-")[0]
    if rng.random() < 0.25:  # told of what depends on it
        downstream = rng.choice([each for each in configs if each != config])
        depends.setdefault(downstream, []).append(config)
        symptom = f"{downstream}: {symptom}"
    elif "{team}" not in symptom and rng.random() < 0.4:
        symptom = rng.choice(("{team}: {symptom}", "{symptom} ({team})")).replace("{symptom}", symptom)
    store, marked = writer.store()
    return History(store, at, symptom.format(team=team), depends, marked["cause"], f"{service} {cause.kind}")


def setting(cause: Cause) -> Any:
    """The change that a cause makes."""

    def change(data: Any) -> Any:
        *above, last = cause.path.split(".")
        table = data
        for name in above:
            table = table[int(name) if isinstance(table, list) else name]
        table[last] = copy.deepcopy(cause.after)
        return data

    return change


def harmless(rng: random.Random) -> Any:
    """A change as there are many: a number a little up or down, a patch release, one more entry of a list, a note."""
    chosen = rng.random()

    def change(data: Any) -> Any:
        places = [
            (table, key)
            for table, key in leaves(data)
            if isinstance(table[key], int) and not isinstance(table[key], bool) and "port" not in str(key)
        ]
        if places and chosen < 0.6:
            table, key = places[int(chosen * 1000) % len(places)]
            table[key] = max(1, round(table[key] * (1.25 if int(chosen * 10000) % 2 else 0.8)))
        else:
            data["notes"] = {
                "owner": f"team-{int(chosen * 97)}",
                "reviewed": f"2026-03-{1 + int(chosen * 27):02}",
            }
        return data

    return change


def leaves(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every table with each of its keys whose value is no table."""
    for key in list(data) if isinstance(data, dict) else range(len(data)):
        if isinstance(data[key], dict | list):
            yield from leaves(data[key])
        else:
            yield data, key


def judge_generated(*, held_out: bool, count: int, verbose: bool) -> None:
    """Print how often the cause was first, and among the first three."""
    ranks, slowest = [], 0.0
    for seed in range(int(held_out), 2 * count, 2):
        each = history(seed)
        started = time.perf_counter()
        ranking = cg.suspects(each.store, at=each.at, symptom=each.symptom, depends=each.depends)
        slowest = max(slowest, time.perf_counter() - started)
        named = [(suspect.config, suspect.revision) for suspect in ranking.suspects]
        ranks.append(named.index(each.cause) + 1 if each.cause in named else 99)
        if verbose and not held_out and ranks[-1] > 1:
            print(f"{seed}: {each.kind!r} is number {ranks[-1]} for {each.symptom!r}")
            for suspect in ranking.suspects[:3]:
                print("     ", suspect.config, suspect.score, *suspect.why, sep="\n        ")
            print("      CAUSE", *(s.why for s in ranking.suspects if (s.config, s.revision) == each.cause))
    first, three = (sum(rank <= most for rank in ranks) / len(ranks) for most in (1, 3))
    print(
        f"{'held out' if held_out else 'tuned on'}: {len(ranks)} histories, first {first:.1%}, among three {three:.1%}, slowest {slowest * 1000:.0f} ms"
    )


def judge_repository(repository: Path, hours: float, most: int) -> None:
    """Print how often the commit that a revert names is first among the changes before the revert."""
    ranks, sizes, newest = [], [], []
    for revert in list(reverts_by_name(repository, timedelta(hours=hours)))[-most:]:
        seen, symptom = Seen(), Symptom.read("")
        start = revert.at - timedelta(hours=hours)
        of_repository(repository, start, revert.at, revert.at, seen, revert.before)
        sizes.append(len(seen.recent))
        latest = sorted(seen.recent, key=lambda each: each.at, reverse=True)
        newest.append(bool(latest) and revert.reverted.startswith(str(latest[0].revision)))
        nothing = Dependencies.read("", {}, [])
        ranked = rank(
            seen, revert.at, timedelta(hours=hours), symptom, nothing, lambda _: Terms(), limit=1000, why="x"
        )
        names = [str(suspect.revision) for suspect in ranked]
        ranks.append(next((i for i, name in enumerate(names, 1) if revert.reverted.startswith(name)), 999))
    if not ranks:
        print(f"{repository}: no revert by name within {hours:g} hours")
        return
    first, three = (sum(rank <= most for rank in ranks) for most in (1, 3))
    count, chance = len(ranks), sum(1 / max(1, size) for size in sizes)
    several = [(rank, size) for rank, size in zip(ranks, sizes, strict=True) if size > 1]
    print(
        f"{repository}: {count} reverts by name; {sum(sizes) / count:.1f} changes in {hours:g} h: first {first / count:.0%},"
        f" among three {three / count:.0%}; by chance first {chance / count:.0%}, the newest {sum(newest) / count:.0%};"
        f" where there are several ({len(several)}): first {sum(rank == 1 for rank, _ in several) / max(1, len(several)):.0%},"
        f" by chance {sum(1 / size for _, size in several) / max(1, len(several)):.0%}"
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--repository", type=Path, nargs="+", default=[])
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--most", type=int, default=100, help="of a repository's reverts, the newest so many")
    parser.add_argument("--quiet", action="store_true")
    args = parser.parse_args()
    for repository in args.repository:
        judge_repository(repository, args.hours, args.most)
    if not args.repository:
        judge_generated(held_out=args.held_out, count=args.count, verbose=not args.quiet)


if __name__ == "__main__":
    sys.exit(main())
