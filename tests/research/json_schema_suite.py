"""The official JSON-Schema-Test-Suite against confguard: `python tests/research/json_schema_suite.py PATH [-v]`.

PATH is a checkout of https://github.com/json-schema-org/JSON-Schema-Test-Suite. For each draft: how many tests come out
as the suite says, required ones and optional ones apart; with `-v`, those that do not, by file.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from confguard.errors import SchemaError
from confguard.schema.formats import as_json
from confguard.schema.json_schema import JsonSchema
from confguard.schema.json_validation import problems

DRAFTS = {
    "draft3": "http://json-schema.org/draft-03/schema#",
    "draft4": "http://json-schema.org/draft-04/schema#",
    "draft6": "http://json-schema.org/draft-06/schema#",
    "draft7": "http://json-schema.org/draft-07/schema#",
    "draft2019-09": "https://json-schema.org/draft/2019-09/schema",
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
}


def remotes(suite: Path, draft: str) -> dict[str, Any]:
    """What the suite serves at localhost:1234, as schemas that are at hand."""
    found = {}
    for file in (suite / "remotes").rglob("*.json"):
        name = file.relative_to(suite / "remotes").as_posix()
        if name.startswith("draft") and not name.startswith(draft + "/"):
            uri_draft = name.split("/")[0]
            if uri_draft not in DRAFTS:
                continue
        found[f"http://localhost:1234/{name}"] = json.loads(file.read_text())
    return found


def outcomes(file: Path, draft: str, others: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each test of a file with how it came out: `right`, `wrong`, `refused` (the schema) or `crash`."""
    for case in json.loads(file.read_text()):
        schema = case["schema"]
        if isinstance(schema, dict):
            schema = {"$schema": DRAFTS[draft], **schema}
        for test in case["tests"]:
            name = f"{file.stem}: {case['description']}: {test['description']}"
            try:
                root = JsonSchema("suite", schema, None, others.get).root
                valid = not problems(as_json(test["data"]), root)
            except SchemaError as error:
                yield f"{name}: {error}", "refused"
            except Exception as error:  # noqa: BLE001 - that there are none is what is measured
                yield f"{name}: {type(error).__name__}: {error}", "crash"
            else:
                yield name, "right" if valid == test["valid"] else "wrong"


def main() -> None:
    """Print the table."""
    suite, verbose = Path(sys.argv[1]), "-v" in sys.argv
    print("| draft | required | optional | formats | schema refused | crashes |\n|---|---|---|---|---|---|")
    for draft in DRAFTS:
        others = remotes(suite, draft)
        counts: dict[str, Counter[str]] = {}
        told = []
        for file in sorted((suite / "tests" / draft).rglob("*.json")):
            where = file.relative_to(suite / "tests" / draft).parts
            group = "formats" if "format" in where else "optional" if "optional" in where else "required"
            for name, outcome in outcomes(file, draft, others):
                counts.setdefault(group, Counter())[outcome] += 1
                if outcome != "right":
                    told.append(f"  {outcome}: {'/'.join(where[:-1])} {name}")
        cells = [
            f"{counts[name]['right']} of {counts[name].total()}"
            for name in ("required", "optional", "formats")
        ]
        total = sum(counts.values(), Counter())
        print(f"| {draft} | {' | '.join(cells)} | {total['refused']} | {total['crash']} |")
        if verbose:
            print("\n".join(told))


if __name__ == "__main__":
    main()
