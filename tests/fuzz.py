"""Fuzz a reader: whatever the bytes, it reads or says in a sentence why not. Run by `make fuzz`, guided by coverage.

What is read must survive what follows a reading: every place is found, a diff with itself is empty, and an edit that
changes nothing gives the same bytes.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["confguard", "tomli", "yaml", "json", "configparser"]):
    import confguard as cg
    from confguard.documents.bundle import parse_bytes

from hostile import BYTES, TEXTS

FORMAT = sys.argv.pop(1)


def one(content: bytes) -> None:
    """One input."""
    try:
        document = parse_bytes(content, FORMAT, path="fuzzed")
    except cg.DocumentError as error:
        assert len(str(error)) < 500
        return
    document.places()
    assert cg.diff(document, document).same
    assert document.edit(()).content == document.content


def main() -> None:
    """Start from the hostile documents of this format that are short."""
    for _, kind, text in TEXTS:
        if kind == FORMAT and len(text) < 5_000:
            one(text.encode("utf-8", "surrogatepass"))
    for _, _, content in BYTES:
        one(content)
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
