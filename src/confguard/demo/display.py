"""What is seen while the demo plays: a live panel on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import fill

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from confguard.demo.load import Load

_BARS = " ▁▂▃▄▅▆▇█"
_LINES = 14


class Display:
    """Lines, one after the other."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._began = time.monotonic()
        self._last = 0.0

    def act(self, title: str, about: str) -> None:
        self._line(f"\n{title}: {about}", "bold")

    def say(self, text: str, *, quiet: bool = False) -> None:
        """Something happened; or, quietly, a detail of it."""
        self._line(hanging("" if quiet else self._seconds(), text), "dim" if quiet else "")

    def show(self, load: Load) -> None:
        if time.monotonic() - self._last >= 2:
            self._last = time.monotonic()
            self._line(f"{self._seconds()}{_figures(load)}", "")

    def _line(self, text: str, style: str) -> None:
        if not self._quiet:
            print(text, flush=True)

    def _seconds(self) -> str:
        return f"{time.monotonic() - self._began:6.1f} s  "


class _Panel(Display):
    """A live panel."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._title, self._about = "confguard demo", "the outage of 18 January 2024"
        self._lines: deque[Text] = deque(maxlen=_LINES)
        self._load: Load | None = None

    def act(self, title: str, about: str) -> None:
        self._title, self._about = title, about
        super().act(title, about)

    def show(self, load: Load) -> None:
        self._load = load

    def render(self) -> Panel:
        parts = [Text(self._about, style="italic")]
        if self._load:
            parts.append(Text(f"logins that succeed, a column a second:  {_sparkline(self._load)}"))
            parts.append(Text(_figures(self._load)))
        width = min(100, self._console.width)
        return Panel(Group(*parts, Text(), *self._lines), title=self._title, width=width)

    def _line(self, text: str, style: str) -> None:
        line = Text(text.lstrip("\n"), style=style)
        line.highlight_words(["blocked", "alarmed"], "bold red")
        line.highlight_words(["reverted"], "bold green")
        self._lines.append(line)


def hanging(label: str, text: str, width: int = 10) -> str:
    """A text beside its label, each of its lines wrapped to 80 columns below where it begins."""
    wrapped = []
    for line in text.splitlines():
        inner = width + len(line) - len(line.lstrip())
        first, rest = label.ljust(inner), " " * inner
        wrapped.append(
            fill(line.strip(), 80, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
        )
        label = ""
    return "\n".join(wrapped)


@contextmanager
def open_display(*, quiet: bool = False) -> Iterator[Display]:
    """A live panel on a terminal, lines elsewhere, nothing where only the result is wanted."""
    console = Console(highlight=False)
    if quiet or not console.is_terminal or console.is_dumb_terminal:
        yield Display(quiet=quiet)
        return
    panel = _Panel(console)
    with Live(get_renderable=panel.render, console=console, refresh_per_second=8, screen=False):
        yield panel


def _figures(load: Load) -> str:
    """How the logins of the last two seconds went."""
    seen = load.between(load.now() - 2, load.now())
    total = seen.total()
    if not total:
        return "no logins yet"
    causes = ", ".join(f"{cause} ({count})" for cause, count in seen.most_common() if cause != "ok")
    share = f"{total / 2:3.0f} logins/s, {100 * seen['ok'] / total:3.0f}% succeed"
    return f"{share}; {causes}" if causes else share


def _sparkline(load: Load, width: int = 40) -> str:
    now, shown = int(load.now()), ""
    for second in range(max(0, now - width), now):
        seen = load.between(second, second + 1)
        shown += _BARS[round(8 * seen["ok"] / seen.total())] if seen.total() else " "
    return shown
