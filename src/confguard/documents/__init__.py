"""Reading configuration files into documents: data, exact text, format and, on demand, places."""

from confguard.documents.document import Document, Position, parse, read
from confguard.documents.interface import Format
from confguard.documents.registry import detect_format, format_named, known_formats
from confguard.paths import Key, Path, Segment, show_path

__all__ = [
    "Document",
    "Format",
    "Key",
    "Path",
    "Position",
    "Segment",
    "detect_format",
    "format_named",
    "known_formats",
    "parse",
    "read",
    "show_path",
]
