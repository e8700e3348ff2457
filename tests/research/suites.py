"""Public suites of the formats, run over confguard's readers: `python tests/research/suites.py SUITE PATH`.

`toml-test`, `JSONTestSuite` and `yaml-test-suite` are the names of their repositories; PATH is a clone (of
yaml-test-suite the branch `data`, or a release: its cases as folders). What differs is listed; the reasons are in
docs/reference/formats.md. Nothing of the suites is kept here.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from confguard.documents.bundle import parse_bytes
from confguard.documents.document import Document
from confguard.errors import DocumentError
from confguard.values import same

REFUSED = object()
Case = tuple[str, bytes, str, Any]
"""Name, text, the kind it is counted under, and what is right: a test of the document, or `REFUSED`."""


def toml_test(root: Path) -> Iterator[Case]:
    """Valid texts with the values they hold, invalid ones without."""
    for name in (root / "tests/files-toml-1.1.0").read_text().split():
        file = root / "tests" / name
        if file.suffix != ".toml":
            continue
        valid = name.startswith("valid/")
        expected = json.loads(file.with_suffix(".json").read_text()) if valid else None
        right: Any = (lambda found, e=expected: _tagged_same(found.data, e)) if valid else REFUSED
        yield name, file.read_bytes(), "valid" if valid else "invalid", right


def json_suite(root: Path) -> Iterator[Case]:
    """`y_` must be read, `n_` must be refused, `i_` is up to the reader."""
    for file in sorted((root / "test_parsing").glob("*.json")):
        kind = file.name[0]
        right: Any = {"y": lambda found: True, "n": REFUSED, "i": None}[kind]
        yield file.name, file.read_bytes(), {"y": "valid", "n": "invalid", "i": "either"}[kind], right


def yaml_suite(root: Path) -> Iterator[Case]:
    """Texts with their data as JSON, texts that are no YAML, and texts whose data JSON cannot say."""
    for file in sorted(root.rglob("in.yaml")):
        folder = file.parent
        name = folder.relative_to(root).as_posix()
        if (folder / "error").exists():
            yield name, file.read_bytes(), "invalid", REFUSED
        elif (folder / "in.json").exists():
            expected = _documents((folder / "in.json").read_text())
            yield name, file.read_bytes(), "valid", lambda found, e=expected: _yaml_same(found, e)
        else:
            yield name, file.read_bytes(), "valid, without JSON", lambda found: True


SUITES: dict[str, tuple[str, Callable[[Path], Iterator[Case]]]] = {
    "toml-test": ("toml", toml_test),
    "JSONTestSuite": ("json", json_suite),
    "yaml-test-suite": ("yaml", yaml_suite),
}


def main(suite: str, path: str) -> None:
    """Run a suite and print what differs, and the figures."""
    kind_of_file, cases = SUITES[suite]
    counts: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for name, content, kind, expected in cases(Path(path)):
        counts[kind] += 1
        said = outcome(content, kind_of_file, expected)
        right[kind] += said is None
        if said:
            print(f"{name} ({kind}): {said}")
    print()
    for kind, count in counts.items():
        print(f"{kind}: {right[kind]} of {count}")
    counts.pop("either", None)
    print(f"{suite}: {sum(right[kind] for kind in counts)} of {sum(counts.values())} as the suite has it")


def outcome(content: bytes, format: str, expected: Any) -> str | None:
    """What differs from the suite, if anything does. Whatever is raised but a `DocumentError` is a crash."""
    try:
        document = parse_bytes(content, format, path="in", tags=["*"])  # the suites' own tags as named
    except DocumentError as error:
        return None if expected is REFUSED or expected is None else f"refused: {error}"
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return f"CRASH: {error!r}"
    if expected is REFUSED:
        return f"read as {document.data!r}"[:200]
    return None if expected is None or expected(document) else f"read as {document.data!r}"[:200]


def _tagged_same(found: Any, expected: Any) -> bool:
    """Does data hold what toml-test says in its JSON, in which each value carries its type?"""
    if isinstance(found, list):
        return (
            isinstance(expected, list)
            and len(found) == len(expected)
            and all(map(_tagged_same, found, expected))
        )
    if isinstance(found, dict):
        keys = isinstance(expected, dict) and found.keys() == expected.keys()
        return keys and all(_tagged_same(value, expected[key]) for key, value in found.items())
    kind, text = expected["type"], expected["value"]
    if isinstance(found, bool):
        return bool(kind == "bool" and text == str(found).lower())
    if isinstance(found, float):
        return bool(
            kind == "float" and (float(text) == found or (math.isnan(found) and text.endswith("nan")))
        )
    if isinstance(found, int):
        return bool(kind == "integer" and int(text) == found)
    if isinstance(found, str):
        return bool(kind == "string" and text == found)
    reader: Any = type(found).fromisoformat
    kinds = {
        dt.datetime: "datetime" if getattr(found, "tzinfo", None) else "datetime-local",
        dt.date: "date-local",
        dt.time: "time-local",
    }
    return bool(kind == kinds[type(found)] and reader(text) == found)


def _documents(text: str) -> list[Any]:
    """The JSON texts that stand one after the other in a file."""
    found, decoder, text = [], json.JSONDecoder(), text.strip()
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].strip()
    return found


def _yaml_same(document: Document, expected: list[Any]) -> bool:
    kept = [each for each in expected if each is not None]
    wanted = kept if len(kept) > 1 else kept[0] if kept else {}
    found = list(document.data) if len(kept) > 1 and isinstance(document.data, list) else document.data
    return same(_loosely(found), _loosely(wanted))


def _loosely(value: Any) -> Any:
    """Numbers as floats: JSON does not tell `1` from `1.0`."""
    if isinstance(value, dict):
        return {key: _loosely(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_loosely(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


if __name__ == "__main__":
    main(*sys.argv[1:])
