"""Who set each value: of a file of 2,000 values, over 1,000 revisions of a store, and against `git blame`."""

from __future__ import annotations

import json
import os
import random
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import confguard as cg
from confguard.documents.bundle import parse_bytes
from confguard.stores import Append, Draft, chain, open_store

from .measure import Row, best, best_of_each, compare

VALUES, REVISIONS = 2_000, 1_000


def bench_blame() -> list[Row]:
    """Blame over a store and over git, in each format."""
    rows = []
    for kind in ("toml", "yaml", "json"):
        with tempfile.TemporaryDirectory() as folder:
            texts = list(_texts(kind))
            guard, file = _stored(folder, kind, texts), _committed(folder, kind, texts)
            parsing = best(partial(parse_bytes, texts[0], kind))
            what = f"blame of {VALUES} values over {REVISIONS} revisions, {kind}"
            rows.append(compare(what, best(partial(cg.blame, guard)), parsing, "parsing one"))
            ours, theirs = best_of_each(partial(cg.blame, file), partial(_git_blame, file))
            rows.append(compare(f"... in git, {kind}", ours, theirs, "git blame"))
    return rows


def _texts(kind: str) -> Iterator[bytes]:
    """One of the values changes from each text to the next; often a comment does, too, or a setting comes or goes."""
    chance = random.Random(1)
    tables = {f"table{n}": {f"k{i}": chance.randrange(10**6) for i in range(20)} for n in range(VALUES // 20)}
    comments = dict.fromkeys(tables, "what it is for")
    for number in range(REVISIONS):
        name = chance.choice(list(tables))
        table = tables[name]
        table[chance.choice(list(table))] = chance.randrange(10**6)
        if number % 8 == 0:
            comments[name] = f"since revision {number}"
        elif number % 8 == 1:
            table[f"new{number}"] = number
        elif number % 8 == 2:
            table.popitem()
        if kind == "json":
            yield json.dumps(tables, indent=2).encode()
        else:
            yield "".join(
                _lines(kind, name, comments[name], table) for name, table in tables.items()
            ).encode()


def _lines(kind: str, name: str, comment: str, table: dict[str, int]) -> str:
    head, line = ("[{}]  # {}\n", "{} = {}\n") if kind == "toml" else ("{}:\n  # {}\n", "  {}: {}\n")
    return head.format(name, comment) + "".join(line.format(key, value) for key, value in table.items())


def _stored(folder: str, format: str, texts: list[bytes]) -> cg.Guard:
    url, at = f"sqlite:///{folder}/store.db", datetime(2026, 1, 1, tzinfo=UTC)
    drafts = [
        Draft(
            content=text,
            format=format,
            author="ana",
            reason=f"reason {number}",
            created_at=at + timedelta(hours=number),
            data_digest=os.urandom(32).hex(),
        )
        for number, text in enumerate(texts)
    ]
    store = open_store(url)
    store.commit(Append("c", tuple(chain.link("c", drafts, None))))
    store.close()
    return cg.Guard("c", store=url)


def _committed(folder: str, format: str, texts: list[bytes]) -> Path:
    name = f"file.{format}"
    head = (
        b"commit refs/heads/main\ncommitter Ana <a@example.com> %d +0000\ndata 4\nmore\nM 100644 inline %s\n"
    )
    stream = b"".join(
        head % (1_700_000_000 + number, name.encode()) + b"data %d\n%s\n" % (len(text), text)
        for number, text in enumerate(texts)
    )
    for words in (["init", "-q", "-b", "main"], ["fast-import", "--quiet"], ["reset", "-q", "--hard"]):
        given = stream if words[0] == "fast-import" else None
        subprocess.run(["git", *words], cwd=folder, input=given, check=True)
    return Path(folder, name)


def _git_blame(file: Path) -> None:
    subprocess.run(["git", "blame", file.name], cwd=file.parent, check=True, stdout=subprocess.DEVNULL)
