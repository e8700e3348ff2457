"""What PostgreSQL itself says of its settings: units, ranges, defaults, and what needs a restart.

python -m research.postgres_settings     (in tests/; needs a PostgreSQL server's programs)

Writes `src/confguard/risk/rules/programs/postgresql.json`: names and facts of `pg_settings`.
"""

from __future__ import annotations

import json

from research.facts.shared import write
from servers import Postgres

OWN = (
    r"shared_buffers|work_mem|maintenance_work_mem|effective_cache_size|max_wal_senders|wal_\w+|max_wal_size|min_wal_size"
    r"|autovacuum\w*|random_page_cost|max_connections|checkpoint_\w+|synchronous_\w+|max_worker_processes|log_min_\w+"
    r"|idle_in_transaction_session_timeout|statement_timeout|lock_timeout|hot_standby\w*|temp_buffers"
)
ASKED = """
SELECT json_agg(json_build_array(name, unit, min_val, max_val, boot_val, context = 'postmaster') ORDER BY name)
FROM pg_settings WHERE context <> 'internal' AND vartype IN ('integer', 'real') OR context = 'postmaster'
"""
KEYS = ("unit", "min", "max", "default", "restart")


def main() -> None:
    server = Postgres()
    try:
        rows = json.loads(server.sql(ASKED))
        version = server.sql("SHOW server_version").split()[0]
    finally:
        server.close()
    facts = {
        name: {
            key: value if key in {"unit", "restart"} else plain(value)
            for key, value in zip(KEYS, (unit, least, most, default, restart), strict=True)
            if value is not None and value is not False
        }
        for name, unit, least, most, default, restart in rows
    }
    source = f"https://www.postgresql.org/docs/{version.split('.')[0]}/runtime-config.html (pg_settings)"
    write("postgresql", {"program": "PostgreSQL", "source": source, "keys": OWN, "settings": facts})


def plain(text: str) -> float | str:
    """A number as one."""
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        return text


if __name__ == "__main__":
    main()
