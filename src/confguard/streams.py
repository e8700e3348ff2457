"""The standard streams of a program."""

from __future__ import annotations

import sys
from io import TextIOWrapper

__all__ = ["escape_unencodable"]


def escape_unencodable() -> None:
    """Let characters that the encoding of an output lacks be written as escapes, rather than end the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
