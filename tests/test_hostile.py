"""The hostile set: each document is read or refused, by a process that may use little time and memory."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from pathlib import Path

import pytest

import confguard as cg
from confguard.documents.bundle import parse_bytes
from confguard.documents.registry import format_named, known_formats
from conftest import sampled
from hostile import BYTES, TEXTS

ALL = [(name, kind, text.encode("utf-8", "surrogatepass")) for name, kind, text in TEXTS] + BYTES
MEGABYTES = 200
READ, REFUSED, BROKEN = 0, 3, 4


def outcome(format: str, content: bytes, log: Path) -> int:
    """How a child with 200 MB above its start and 20 seconds of the processor ends."""
    for name in known_formats():  # what is imported before the fork does not count
        format_named(name).parse("") if name != "json" and name != "jsonc" else None
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + MEGABYTES * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))  # a runaway is killed; the suite times nothing
        try:
            document = parse_bytes(content, format, path="hostile")
            document.locate(("a",), nearest=True)
            cg.diff(document, document)
        except cg.DocumentError as error:
            log.write_text(str(error))
            os._exit(REFUSED)
        os._exit(READ)
    except BaseException as error:  # noqa: BLE001
        log.write_text(repr(error)[:500])
    finally:
        os._exit(BROKEN)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are measured by /proc")
@pytest.mark.parametrize(("name", "format", "content"), sampled(ALL, 6), ids=[name for name, _, _ in ALL])
def test_read_or_refused_within_bounds(name: str, format: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        ended = outcome(format, content, log)
        said = log.read_text() if log.exists() else ""
    assert ended in {READ, REFUSED}, f"{ended}: {said}"
    if ended == REFUSED:
        assert said.startswith("hostile")
        assert len(said) < 500, "an error is a sentence, whatever the document"


def test_there_are_at_least_sixty() -> None:
    assert len(ALL) >= 60
    assert {kind for _, kind, _ in ALL} == set(known_formats())


def test_nothing_was_executed() -> None:
    assert not Path("/tmp/owned").exists()
