"""What programs state of their own settings: a danger and a harmless change for each, from their documentation."""

from __future__ import annotations

import re
import time

import pytest

import confguard as cg
from confguard.risk.rules.programs_known import Fact, Program, programs
from conftest import ROOT

CODES = {"CG544", "CG545", "CG546", "CG547"}

KAFKA = "broker.id=1\nlog.dirs=/data\n{}\n"
CLIENT = "bootstrap.servers=kafka:9092\ngroup.id=orders\n{}\n"
TOPIC = "apiVersion: kafka.strimzi.io/v1beta2\nkind: KafkaTopic\nspec: {{config: {{retention.ms: 7200000, {}}}}}\n"
COMPOSE = "services: {{kafka: {{image: kafka, environment: {{{}}}}}}}\n"
REDIS = "data:\n  redis.conf: |\n    maxmemory 2gb\n    appendonly yes\n    {}\n"
MYSQL = "[mysqld]\nserver_id = 1\ninnodb_file_per_table = ON\n{}\n"
PROMETHEUS = "global: {{{}}}\nscrape_configs: [{{job_name: a}}]\n"
ALERT = "groups: [{{name: a, rules: [{{alert: Down, expr: up == 0, {}}}]}}]\n"
NGINX = "data:\n  nginx.conf: |\n    worker_connections 1024;\n    keepalive_timeout 65;\n    {}\n"
HAPROXY = "data:\n  haproxy.cfg: |\n    mode http\n    balance roundrobin\n    bind *:80\n    option httplog\n    {}\n"
INGRESS = "apiVersion: v1\nkind: ConfigMap\ndata: {{use-forwarded-headers: 'true', {}}}\n"
ANNOTATED = (
    "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a, annotations: {{a: b, {}}}}}\n"
)
POD = "apiVersion: v1\nkind: Pod\nspec: {{containers: [{{name: a, image: a, {}}}]}}\n"
DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nspec: {{replicas: 2, {}}}\n"
CLAIM = "apiVersion: v1\nkind: PersistentVolumeClaim\nspec: {{accessModes: [ReadWriteOnce], {}}}\n"
ISTIO = (
    "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nspec: {{host: a, trafficPolicy: {{{}}}}}\n"
)
ROLLOUT = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {{replicas: 2, {}}}\n"
ENVOY = "static_resources: {{clusters: [{{name: a, {}}}]}}\n"
COREDNS = "data:\n  Corefile: |\n    forward . /etc/resolv.conf\n    prometheus :9153\n    cache 30\n    {}\n"
UNIT = "[Unit]\nDescription=a\n[Service]\nExecStart=/bin/a\n{}\n"
ROLE = "Resources: {{R: {{Type: 'AWS::IAM::Role', Properties: {{RoleName: a, {}}}}}}}\n"
DATABASE = "Resources: {{R: {{Type: 'AWS::RDS::DBInstance', Properties: {{MultiAZ: true, {}}}}}}}\n"
TERRAFORM = '{{"resource": {{"aws_iam_role": {{"a": {{"name": "a", {}}}}}}}}}'
POSTGRESQL = "shared_buffers = '4GB'\nwork_mem = '8MB'\n{}\n"

CASES = [  # document, format, before, dangerous, its code, harmless
    (KAFKA, "properties", "x=1", "replica.lag.time.max.ms=30", "CG545", "replica.lag.time.max.ms=45000"),
    (KAFKA, "properties", "num.io.threads=8", "num.io.threads=0", "CG544", "num.io.threads=9"),
    (KAFKA, "properties", "queued.max.requests=500", "queued.max.requests=600", "CG546", "x=1"),
    (CLIENT, "properties", "auto.offset.reset=latest", "auto.offset.reset=newest", "CG544", "x=1"),
    (
        CLIENT,
        "properties",
        "session.timeout.ms=45000",
        "session.timeout.ms=45",
        "CG545",
        "session.timeout.ms=30000",
    ),
    (TOPIC, "yaml", "segment.ms: 604800000", "segment.ms: 604800", "CG545", "segment.ms: 304800000"),
    (
        COMPOSE,
        "yaml",
        "a: b",
        "KAFKA_ZOOKEEPER_SESSION_TIMEOUT_MS: 18",
        "CG545",
        "KAFKA_LOG_RETENTION_MS: 604800000",
    ),
    (REDIS, "yaml", "repl-timeout 60", "repl-timeout 60000", "CG545", "repl-timeout 90"),
    (
        REDIS,
        "yaml",
        "maxmemory-policy allkeys-lru",
        "maxmemory-policy lru",
        "CG544",
        "maxmemory-policy volatile-lru",
    ),
    (REDIS, "yaml", "databases 16", "databases 32", "CG546", "databases 16"),
    (MYSQL, "ini", "wait-timeout = 28800", "wait-timeout = 28800000", "CG545", "wait-timeout = 14400"),
    (MYSQL, "ini", "sync_binlog = 1", "innodb_flush_log_at_trx_commit = 3", "CG544", "sync_binlog = 1"),
    (MYSQL, "ini", "innodb_log_file_size = 48M", "innodb_log_file_size = 96M", "CG546", "sync_binlog = 1"),
    (PROMETHEUS, "yaml", "scrape_interval: 15s", "scrape_interval: 15", "CG544", "scrape_interval: 20s"),
    (ALERT, "yaml", "for: 5m", "for: 5", "CG544", "for: 0"),
    (
        NGINX,
        "yaml",
        "proxy_read_timeout 60s;",
        "proxy_read_timeout 60000;",
        "CG545",
        "proxy_read_timeout 90;",
    ),
    (NGINX, "yaml", "gzip on;", "gzip yes;", "CG544", "gzip off;"),
    (HAPROXY, "yaml", "timeout connect 5s", "timeout connect 5", "CG545", "timeout connect 5000"),
    (
        INGRESS,
        "yaml",
        "proxy-read-timeout: '60'",
        "proxy-read-timeout: '60000'",
        "CG545",
        "proxy-read-timeout: '120'",
    ),
    (
        ANNOTATED,
        "yaml",
        "c: d",
        "nginx.ingress.kubernetes.io/proxy-send-timeout: '60000'",
        "CG545",
        "nginx.ingress.kubernetes.io/proxy-send-timeout: '3600'",
    ),
    (
        POD,
        "yaml",
        "imagePullPolicy: Always",
        "imagePullPolicy: IfNotPresnt",
        "CG544",
        "imagePullPolicy: Never",
    ),
    (
        POD,
        "yaml",
        "x: 1",
        "livenessProbe: {periodSeconds: 10000}",
        "CG545",
        "livenessProbe: {periodSeconds: 20}",
    ),
    (
        DEPLOYMENT,
        "yaml",
        "selector: {matchLabels: {app: a}}",
        "selector: {matchLabels: {app: b}}",
        "CG544",
        "revisionHistoryLimit: 5",
    ),
    (CLAIM, "yaml", "storageClassName: slow", "storageClassName: fast", "CG544", "storageClassName: slow"),
    (ISTIO, "yaml", "tls: {mode: SIMPLE}", "tls: {mode: ISTIO_MUTAL}", "CG544", "tls: {mode: ISTIO_MUTUAL}"),
    (
        ISTIO,
        "yaml",
        "outlierDetection: {interval: 5s}",
        "outlierDetection: {interval: 5}",
        "CG544",
        "outlierDetection: {interval: 10s}",
    ),
    (
        ROLLOUT,
        "yaml",
        "progressDeadlineSeconds: 600",
        "progressDeadlineSeconds: 600000",
        "CG545",
        "progressDeadlineSeconds: 900",
    ),
    (ENVOY, "yaml", "connect_timeout: 5s", "connect_timeout: 5", "CG544", "connect_timeout: 0.25s"),
    (COREDNS, "yaml", "lameduck 5s", "lameduck 5", "CG544", "lameduck 8s"),
    (UNIT, "ini", "TimeoutStartSec=90", "TimeoutStartSec=90000", "CG545", "TimeoutStartSec=infinity"),
    (UNIT, "ini", "Restart=always", "Restart=allways", "CG544", "Restart=on-failure"),
    (
        ROLE,
        "yaml",
        "MaxSessionDuration: 3600",
        "MaxSessionDuration: 600",
        "CG544",
        "MaxSessionDuration: 7200",
    ),
    (DATABASE, "yaml", "DBName: a", "DBName: b", "CG547", "DBName: a"),
    (
        TERRAFORM,
        "json",
        '"max_session_duration": 3600',
        '"max_session_duration": 600',
        "CG544",
        '"max_session_duration": 7200',
    ),
    (
        POSTGRESQL,
        "toml",
        "statement_timeout = '30s'",
        "statement_timeout = 30",
        "CG545",
        "statement_timeout = '60s'",
    ),
]


def findings(before: str, after: str, format: str) -> dict[str, str]:
    """The messages of these rules, by code."""
    diff = cg.diff(cg.parse(before, format), cg.parse(after, format))
    return {each.code: each.message for each in cg.assess(diff).findings if each.code in CODES}


@pytest.mark.parametrize(
    ("document", "format", "before", "dangerous", "code", "harmless"), CASES, ids=[case[3] for case in CASES]
)
def test_a_danger_and_a_harmless_change_of_each_program(
    document: str, format: str, before: str, dangerous: str, code: str, harmless: str
) -> None:
    old = document.format(before)
    found = findings(old, document.format(dangerous), format)
    assert code in found, found
    assert "https://" in found[code]
    assert not findings(old, document.format(harmless), format).keys() - {"CG546"}


@pytest.mark.slow
def test_every_program_is_tried() -> None:
    tried = {
        name
        for document, kind, before, dangerous, code, _ in CASES
        for name in programs()
        if f"({name}, " in findings(document.format(before), document.format(dangerous), kind).get(code, "")
    }
    assert tried == programs().keys()


@pytest.mark.parametrize(
    ("format", "before", "after"),
    [
        ("yaml", "pool: {timeout: 30}", "pool: {timeout: 3}"),
        ("yaml", "cache: 30\nttl: 5\n", "cache: 3\nttl: 9000\n"),
        ("yaml", "job: {restartPolicy: always, for: 5m}", "job: {restartPolicy: now, for: 5}"),
        ("json", '{"type": "exec", "mode": "a", "server": 5}', '{"type": "x", "mode": "b", "server": 7}'),
        ("ini", "[app]\nmax_connections = 10\nback_log = 5\n", "[app]\nmax_connections = 0\nback_log = 6\n"),
    ],
)
def test_a_setting_of_that_name_elsewhere_is_no_programs(format: str, before: str, after: str) -> None:
    assert not findings(before, after, format)


def test_what_was_wrong_before_is_not_told_of_again() -> None:
    assert not findings(
        POD.format("imagePullPolicy: always-ish"), POD.format("imagePullPolicy: sometimes"), "yaml"
    )
    assert not findings(
        INGRESS.format("proxy-read-timeout: '60000'"), INGRESS.format("proxy-read-timeout: '50000'"), "yaml"
    )


SHAPES: dict[str, dict[str, object]] = {
    "AWS CloudFormation": {"Type": "", "Properties": {}},
    "Argo Rollouts": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout"},
    "CoreDNS": {"forward": ". /etc/resolv.conf", "prometheus": ":9153", "cache": 30},
    "Envoy": {"static_resources": {}},
    "HAProxy": {"mode": "http", "balance": "roundrobin", "bind": "*:80", "option": "httplog"},
    "Istio": {"apiVersion": "networking.istio.io/v1", "kind": ""},
    "Kafka broker": {"broker.id": 1, "log.dirs": "/data"},
    "Kafka client": {"bootstrap.servers": "kafka:9092", "group.id": "orders"},
    "Kafka topic": {"cleanup.policy": "compact", "segment.ms": 604800000},
    "Kubernetes": {"apiVersion": "apps/v1", "kind": "Pod"},
    "MySQL": {"server_id": 1, "innodb_file_per_table": "ON"},
    "PostgreSQL": {"shared_buffers": "4GB", "work_mem": "8MB"},
    "Prometheus": {"scrape_configs": []},
    "Prometheus rules": {"alert": "Down", "expr": "up == 0"},
    "Redis": {"maxmemory": "2gb", "appendonly": "yes"},
    "Terraform's AWS provider": {"resource": {}},
    "ingress-nginx": {"use-forwarded-headers": "true"},
    "nginx": {"worker_connections": 1024, "keepalive_timeout": 65},
    "systemd": {"Unit": {}, "Service": {}},
}


def stated_by(program: Program) -> dict[str, Fact]:
    """The facts of a program by setting."""
    return {
        setting: Fact(**{**stated, "values": tuple(stated.get("values", ()))})
        for setting, stated in program.settings.items()
    }


@pytest.mark.parametrize("name", programs())
def test_every_fact_can_be_reached_and_names_its_source(name: str) -> None:
    program = programs()[name]
    assert re.match(r"https://\S+", program.source)
    for setting, fact in stated_by(program).items():
        prefix, _, last = setting.rpartition("/") if program.prefix else ("", "", setting)
        table = SHAPES[name] | ({program.prefix: prefix} if prefix else {})
        names = tuple(last.replace("*", "any").split(".")) if program.around else (last,)
        assert program.fact(names, (table,)) == fact, setting


@pytest.mark.parametrize("name", programs())
def test_facts_agree_with_themselves(name: str) -> None:
    for setting, fact in stated_by(programs()[name]).items():
        default = fact.default if isinstance(fact.default, int | float) else None
        assert fact.min is None or fact.max is None or fact.min <= fact.max, setting
        assert default is None or fact.max is None or default <= fact.max, setting
        assert not fact.unit or fact.amount(1) == 1, setting


def test_names_and_facts_only() -> None:
    """No prose: a fact is a number, a unit, a word that a program takes, or a switch."""
    for program in programs().values():
        for setting, stated in program.settings.items():
            words = [*stated.get("values", ()), str(stated.get("unit", "")), str(stated.get("default", ""))]
            assert all(len(word) <= 60 and "\n" not in word for word in words), setting
            assert stated.keys() <= {each.name for each in Fact.__attrs_attrs__}, setting


def test_it_is_quick() -> None:
    """Five files, the facts read already: the whole assessment stays below 50 ms."""
    old, new = (POD.format(f"livenessProbe: {{periodSeconds: {each}}}") for each in (10, 20))
    diffs = [cg.diff(cg.parse(old, "yaml"), cg.parse(new, "yaml")) for _ in range(5)]
    cg.assess(diffs[0])
    started = time.perf_counter()
    for diff in diffs:
        cg.assess(diff)
    assert time.perf_counter() - started < 0.5  # ten times, for a busy machine


def test_the_page_lists_every_program() -> None:
    page = (ROOT / "docs/reference/programs.md").read_text()
    rows = dict(re.findall(r"^\| ([^|]+) \| (\d+) \| <https", page, re.MULTILINE))
    assert rows == {name: str(len(program.settings)) for name, program in programs().items()}
