"""What is seen while the demo plays: a live panel on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from confguard.demo.load import Load

__all__ = ["Display", "open_display"]

_BARS = " ▁▂▃▄▅▆▇█"
_LINES = 14


class Display(Protocol):
    """Somewhere to show how the demo goes."""

    def act(self, title: str, about: str) -> None:
        """A new act begins."""
        ...

    def say(self, text: str, *, quiet: bool = False) -> None:
        """Something happened; or, quietly, a detail of it."""
        ...

    def show(self, load: Load) -> None:
        """Time goes by."""
        ...


@contextmanager
def open_display(*, quiet: bool = False) -> Iterator[Display]:
    """A live panel on a terminal, lines elsewhere, nothing where only the result is wanted."""
    console = Console(highlight=False)
    if quiet or not console.is_terminal or console.is_dumb_terminal:
        yield _Plain(quiet)
        return
    panel = _Panel(console)
    with Live(get_renderable=panel.render, console=console, refresh_per_second=8, screen=False):
        yield panel


class _Plain:
    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._began = time.monotonic()
        self._last = 0.0

    def act(self, title: str, about: str) -> None:
        self._print(f"\n{title}: {about}")

    def say(self, text: str, *, quiet: bool = False) -> None:
        self._print(f"          {text}" if quiet else f"{self._seconds():6.1f} s  {text}")

    def show(self, load: Load) -> None:
        if time.monotonic() - self._last >= 2:
            self._last = time.monotonic()
            now = load.now()
            self._print(f"{self._seconds():6.1f} s  {_figures(load, now - 2, now)}")

    def _print(self, text: str) -> None:
        if not self._quiet:
            print(text, file=sys.stdout, flush=True)

    def _seconds(self) -> float:
        return time.monotonic() - self._began


class _Panel:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._title, self._about = "confguard demo", "the outage of 18 January 2024"
        self._lines: deque[Text] = deque(maxlen=_LINES)
        self._load: Load | None = None
        self._began = time.monotonic()

    def act(self, title: str, about: str) -> None:
        self._title, self._about = title, about
        self._lines.append(Text(f"{title}: {about}", style="bold"))

    def say(self, text: str, *, quiet: bool = False) -> None:
        seconds = time.monotonic() - self._began
        line = Text(
            f"          {text}" if quiet else f"{seconds:6.1f} s  {text}", style="dim" if quiet else ""
        )
        line.highlight_words(["blocked", "alarmed"], "bold red")
        line.highlight_words(["reverted"], "bold green")
        self._lines.append(line)

    def show(self, load: Load) -> None:
        self._load = load

    def render(self) -> Panel:
        parts = [Text(self._about, style="italic")]
        if self._load:
            now = self._load.now()
            parts.append(Text("logins that succeed, a column a second:  " + _sparkline(self._load, now)))
            parts.append(Text(_figures(self._load, now - 2, now)))
        return Panel(
            Group(*parts, Text(), *self._lines), title=self._title, width=min(100, self._console.width)
        )


def _figures(load: Load, start: float, end: float) -> str:
    seen = load.between(start, end)
    total, ok = seen.total(), seen["ok"]
    if not total:
        return "no logins yet"
    causes = ", ".join(f"{count} {cause}" for cause, count in seen.most_common() if cause != "ok")
    return f"{total / (end - start):3.0f} logins/s, {100 * ok / total:3.0f}% succeed" + (
        f"; {causes}" if causes else ""
    )


def _sparkline(load: Load, now: float, width: int = 40) -> str:
    shown = ""
    for second in range(max(0, int(now) - width), int(now)):
        seen = load.between(second, second + 1)
        shown += _BARS[round(8 * seen["ok"] / seen.total())] if seen.total() else " "
    return shown
