"""Secrets of notifiers: they stand in an environment variable or in a file, never in the project file."""

from __future__ import annotations

import os
from pathlib import Path

from attrs import frozen

from confguard.targets.refusing import UnusableError

__all__ = ["Place", "place_of"]

_LONGEST = 65_536


@frozen
class Place:
    """Where a secret stands. It is read when it is needed, so that one who only looks needs none."""

    variable: str | None = None
    file: Path | None = None

    def read(self) -> str:
        """The secret. Raises `UnusableError`, which names the place alone."""
        if self.variable is not None:
            text = os.environ.get(self.variable, "")
            where = f"the environment variable {self.variable}"
        else:
            where = f"the file {self.file}"
            text = self._from_file(where)
        if not text.strip():
            raise UnusableError(f"{where} holds no secret")
        return text.strip()

    def _from_file(self, where: str) -> str:
        file = self.file or Path()
        try:
            if not file.is_file():
                raise UnusableError(f"{where} is not there, or no file")
            with file.open("rb") as opened:
                content = opened.read(_LONGEST + 1)
            if len(content) > _LONGEST:
                raise UnusableError(f"{where} is too long for a secret")
            return content.decode()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
            raise UnusableError(f"{where} cannot be read: {why}") from None


def place_of(variable: str | None, file: str | os.PathLike[str] | None, what: str) -> Place:
    """The one place that was named. Raises `UnusableError` for none or both."""
    if (variable is None) == (file is None):
        raise UnusableError(
            f"a notifier needs one of '{what}_env' and '{what}_file'", hint=f'{what}_env = "NAME"'
        )
    return Place(variable, None if file is None else Path(file).expanduser())
