"""What PostgreSQL itself says of its settings: units, ranges, defaults, and what needs a restart.

python -m research.postgres_settings     (in tests/; needs a PostgreSQL server's programs)

Writes `src/confguard/risk/rules/postgres_settings.json`: names and facts of `pg_settings`.
"""

from __future__ import annotations

import json
from pathlib import Path

from servers import Postgres

FILE = Path(__file__).parents[2] / "src/confguard/risk/rules/postgres_settings.json"
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
            key: value
            for key, value in zip(KEYS, (unit, least, most, default, restart), strict=True)
            if value is not None and value is not False
        }
        for name, unit, least, most, default, restart in rows
    }
    source = f"pg_settings of PostgreSQL {version.split('.')[0]}; https://www.postgresql.org/docs/current/runtime-config.html"
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(fact)}" for name, fact in facts.items())
    FILE.write_text(f'{{\n  "source": {json.dumps(source)},\n{lines}\n}}\n')
    print(f"{FILE.name}: {len(facts)} settings")


if __name__ == "__main__":
    main()
