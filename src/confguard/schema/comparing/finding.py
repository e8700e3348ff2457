"""What is said of one difference between two versions of a schema."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from attrs import frozen

from confguard.errors import brief
from confguard.paths import path_to_json, show_path

__all__ = ["GRADES", "Grade", "SchemaFinding"]

Grade: TypeAlias = Literal["breaking", "may-break", "risky", "info"]
GRADES: tuple[Grade, ...] = ("breaking", "may-break", "risky", "info")

_ADVICE = {
    "CS101": "Keep it, with `deprecated`, until no file has it; or give its new name the mark `Renamed`.",
    "CS102": "Give it a default, or add it to every file first.",
    "CS103": "Give it a default, or add it to every file first.",
    "CS104": "Take both types until every file is changed.",
    "CS105": "Look whether every file is within it: `confguard check --schema NEW FILE...`.",
    "CS106": "Files that leave it out now mean something else: write the old value where it is to stay.",
    "CS107": "Keep the option, with a note, until no file has it.",
    "CS108": "Mark it as a secret again, or change what it holds.",
    "CS109": "Allow other keys, or look whether every file has only these.",
    "CS110": "Bring files up to it: `confguard schema migrate NEW FILE`.",
    "CS111": "Tell who sets it what to use instead.",
    "CS112": "Keep the member, or change every file that is of it first.",
    "CS113": "Tell members apart by a key with one value for each, or use `anyOf`.",
    "CS114": "Look whether every file still fits: `confguard check --schema NEW FILE...`.",
    "CS115": "Look whether every value has this form: `confguard check --schema NEW FILE...`.",
}


@frozen
class SchemaFinding:
    """One difference between two versions of a schema.

    `breaking`: a file that was right is refused. `may-break`: it cannot be told whether there is one. `risky`: a file
    is read, and means something else. `info`: worth knowing.
    """

    code: str
    grade: Grade
    path: tuple[Any, ...]
    message: str
    was: Any = None
    now: Any = None
    example: tuple[Any] | None = None
    """In a tuple of one: a value here that the old schema takes and the new one does not, where one was found."""

    @property
    def advice(self) -> str:
        """What to do."""
        return _ADVICE[self.code]

    def to_json(self) -> dict[str, object]:
        """The finding as JSON."""
        members: dict[str, object] = {
            "code": self.code,
            "grade": self.grade,
            "path": path_to_json(self.path),
            "message": self.message,
            "was": self.was,
            "now": self.now,
            "advice": self.advice,
        }
        return members | ({"example": self.example[0]} if self.example else {})

    def report(self) -> str:
        """The finding, a value that shows it, and what to do, on a line each."""
        lines = [str(self)]
        if self.example:
            lines.append(f"    Refused now: {brief(repr(self.example[0]), 100)}")
        return "\n".join([*lines, f"    {self.advice}"])

    def __str__(self) -> str:
        return f"{self.code} {self.grade}: {show_path(self.path)}: {self.message}"
