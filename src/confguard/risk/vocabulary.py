"""What settings of well-known programs are, in the words that rules know: names that do not say it themselves.

A name is looked up without case and punctuation; the words stand in place of those that it is made of. More come
through the entry-point group `confguard.vocabulary`: a mapping of names to words.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

__all__ = ["BUILT_IN", "meaning"]

KUBERNETES = {
    "terminationGracePeriodSeconds": "grace timeout",
    "activeDeadlineSeconds": "deadline timeout",
    "progressDeadlineSeconds": "deadline timeout",
    "initialDelaySeconds": "probe delay",
    "revisionHistoryLimit": "revision number",
    "backoffLimit": "retry limit number",
    "ttlSecondsAfterFinished": "cleanup ttl number",
    "minReadySeconds": "ready wait",
    "maxSurge": "surge number",
    "targetCPUUtilizationPercentage": "target number",
    "imagePullPolicy": "pull policy",
    "topologySpreadConstraints": "affinity",
}
NGINX = {
    "worker_processes": "worker limit",
    "worker_rlimit_nofile": "nofile limit",
    "keepalive_requests": "keepalive limit",
    "client_max_body_size": "max body limit",
    "client_body_buffer_size": "buffer limit",
    "large_client_header_buffers": "buffer limit",
    "limit_conn": "limit connection",
    "limit_req": "limit rate",
    "max_fails": "failures number",
    "fail_timeout": "failure interval",
    "server_tokens": "version public",
    "ssl_protocols": "tls protocols",
    "ssl_ciphers": "tls ciphers",
    "ssl_prefer_server_ciphers": "tls number",
}
MYSQL = {
    "wait_timeout": "idle timeout",
    "thread_cache_size": "thread limit",
    "table_open_cache": "table limit",
    "open_files_limit": "nofile limit",
    "max_allowed_packet": "max packet limit",
    "innodb_log_file_size": "log size number",
    "innodb_io_capacity": "io capacity limit",
    "innodb_lock_wait_timeout": "lock timeout",
    "tmp_table_size": "table memory limit",
    "long_query_time": "query number",
    "slow_query_log": "query log",
    "binlog_expire_logs_seconds": "binlog retention",
    "expire_logs_days": "binlog retention",
    "skip_grant_tables": "skip auth",
    "skip_networking": "network number",
    "local_infile": "file public",
    "rpl_semi_sync_master_enabled": "semisync replication",
}
POSTGRESQL = {
    "work_mem": "memory limit",
    "maintenance_work_mem": "memory number",
    "shared_buffers": "buffer memory limit",
    "effective_cache_size": "planner number",
    "temp_file_limit": "file limit",
    "max_wal_size": "wal size number",
    "wal_keep_size": "wal retention",
    "wal_keep_segments": "wal retention",
    "statement_timeout": "statement timeout",
    "idle_in_transaction_session_timeout": "idle timeout",
    "deadlock_timeout": "deadlock number",
    "random_page_cost": "planner number",
    "listen_addresses": "listen address",
    "ssl": "tls",
    "password_encryption": "password hash algorithm",
    "synchronous_standby_names": "synchronous standby names",
}
REDIS = {
    "maxmemory": "max memory limit",
    "maxclients": "max client connection limit",
    "tcp-backlog": "backlog limit",
    "hz": "frequency number",
    "save": "snapshot backup",
    "requirepass": "password auth",
    "protected-mode": "protection auth",
    "min-replicas-to-write": "min replicas quorum",
    "repl-backlog-size": "replication buffer limit",
    "client-output-buffer-limit": "buffer limit",
    "stop-writes-on-bgsave-error": "write check",
    "lazyfree-lazy-eviction": "eviction number",
}
ENVOY = {
    "max_pending_requests": "max queue limit",
    "max_requests": "max concurrent limit",
    "max_ejection_percent": "unavailable percent remove",
    "consecutive_5xx": "failures number",
    "base_ejection_time": "ejection wait",
    "per_try_timeout": "attempt timeout",
    "num_retries": "retry number",
    "max_stream_duration": "deadline timeout",
    "route_timeout": "deadline timeout",
    "healthy_panic_threshold": "panic number",
    "overprovisioning_factor": "factor number",
    "trust_chain_verification": "certificate verify",
}
RUNTIMES = {
    "Xmx": "heap memory limit",
    "Xms": "heap memory number",
    "GOMEMLIMIT": "memory limit",
    "GOMAXPROCS": "cpu limit",
    "UV_THREADPOOL_SIZE": "thread pool limit",
    "LimitNOFILE": "nofile limit",
    "TasksMax": "tasks limit",
    "MemoryMax": "memory limit",
    "TimeoutStopSec": "grace timeout",
    "somaxconn": "max connection backlog limit",
    "PYTHONHTTPSVERIFY": "https verify",
    "NODE_TLS_REJECT_UNAUTHORIZED": "tls verify",
    "StrictHostKeyChecking": "host verify certificate",
}
BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "Kubernetes": KUBERNETES,
    "nginx": NGINX,
    "MySQL": MYSQL,
    "PostgreSQL": POSTGRESQL,
    "Redis": REDIS,
    "Envoy": ENVOY,
    "runtimes and systems": RUNTIMES,
}
"""The names by the program that has them."""


def meaning(name: str) -> frozenset[str] | None:
    """The words for a name that is known; None for others.

    >>> sorted(meaning("work_mem") or ())
    ['limit', 'memory']
    >>> meaning("colour") is None
    True
    """
    known = _known()
    return known.get(_plain(name)) or known.get(_plain(name.rpartition(".")[2]))  # `net.core.somaxconn`


@cache
def _known() -> Mapping[str, frozenset[str]]:
    from importlib.metadata import entry_points

    known = {name: words for names in BUILT_IN.values() for name, words in names.items()}
    for point in entry_points(group="confguard.vocabulary"):
        known |= point.load()
    return {_plain(name): frozenset(words.split()) for name, words in known.items()}


def _plain(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())
