"""Applying and reverting against bare SQLite and a bare durable replace."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from pathlib import Path

import confguard as cg

from .measure import Row, best, compare

ANY = cg.Policy(review=101, block=101)


def bench_apply() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        content = os.urandom(2048).hex().encode()
        connection = sqlite3.connect(f"{folder}/floor.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE t (x BLOB)")

        def floor() -> None:
            for _ in range(2):  # an apply is two transactions and one file
                connection.execute("INSERT INTO t VALUES (?)", (content,))
            descriptor = os.open(f"{folder}/new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.write(descriptor, content)
            os.fsync(descriptor)
            os.close(descriptor)
            Path(folder, "new").replace(Path(folder, "file"))
            parent = os.open(folder, os.O_RDONLY)
            os.fsync(parent)
            os.close(parent)

        documents = [cg.parse(f'x = {i}\nfill = "{"y" * 4000}"\n', "toml") for i in range(2)]
        guard = cg.Guard("bench", None, f"sqlite:///{folder}/c.db", [f"{folder}/live.toml"], ANY)
        numbers = iter(range(10_000))

        def apply() -> None:
            guard.apply(guard.plan(documents[next(numbers) % 2], reason="bench"))

        least = best(floor, 50)
        rows = [
            compare(
                "plan and apply 4 KiB, SQLite and one file", best(apply, 50), least, "bare SQLite and rename"
            )
        ]
        rows.append(
            compare("revert", best(lambda: guard.revert(reason="bench"), 50), least, "bare SQLite and rename")
        )
        guard.close()
        connection.close()
    return rows
