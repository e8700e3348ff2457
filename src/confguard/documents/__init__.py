"""Reading configuration files into documents: data, exact text, format and, on demand, places."""

from confguard.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
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

__getattr__ = lazily(
    __name__,
    dict.fromkeys(["Document", "Position", "parse", "read"], "confguard.documents.document")
    | dict.fromkeys(["detect_format", "format_named", "known_formats"], "confguard.documents.registry")
    | dict.fromkeys(["Key", "Path", "Segment", "show_path"], "confguard.paths")
    | {"Format": "confguard.documents.interface"},
)
