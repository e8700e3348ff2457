"""Pages: a change log as Markdown and as an Atom feed, and what a reference page says of now."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from confguard.diffs.pages import code
from confguard.diffs.render import show_value
from confguard.errors import NotFoundError, harmless
from confguard.fields import Owner
from confguard.guard import Guard
from confguard.paths import Path, show_path
from confguard.records.authorship import BlamedValue, blame
from confguard.records.changelog import Entry, Release, day
from confguard.records.versions import Version
from confguard.schema.export import Current
from confguard.schema.schema import Schema
from confguard.schema.shape import Shape
from confguard.values import Documents, Files

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MARKS = re.compile(r"[\\`*_\[\]]")
_ADDRESS = re.compile(r"[!-~]+@[!-~]+")
_BEGINNING = re.compile(r"^(\d+(?=[.)](?:\s|$))|(?=[-+=#>]))")


def to_markdown(name: str, released: Iterable[Release]) -> str:
    """A change log that people read, newest first."""
    lines = [f"# Changes to {code(name)}"]
    for release in released:
        lines += ["", f"## {_title(release)}"]
        for entry in release.entries:
            lines += ["", *_section(entry, dated=release.name is not None)]
    return "\n".join(lines if len(lines) > 1 else [*lines, "", "There is no revision yet."])


def _title(release: Release) -> str:
    when = day(release.at) if release.at else ""
    return ", ".join(filter(None, [text(release.name or ""), when]))


def _section(entry: Entry, *, dated: bool) -> list[str]:
    version = entry.version
    first, *more = entry.clean(version.reason).splitlines() or ["No reason was given"]
    ticket = version.ticket if version.ticket and version.ticket not in first else None
    heading = text(first) + (f" ({text(ticket)})" if ticket else "")
    rest = text(" ".join(more))
    sentences = [f"- {sentence}" for sentence in entry.sentences(code)]
    return [
        f"### {heading}",
        "",
        f"{_who(version, text, dated=dated)}.",
        *(["", rest] if rest else []),
        "",
        *sentences,
    ]


def _who(version: Version, shown: Callable[[str], str], *, dated: bool = True) -> str:
    """Which version it was, whose, and when."""
    name = version.name[0].upper() + version.name[1:]
    when = ""
    if version.at:
        when = f" on {day(version.at)}" if dated else ""
        when += f" at {version.at:%H:%M} UTC"
    parts = [f"{name} by {shown(version.author or 'nobody who is known')}{when}"]
    parts += [f"approved by {shown(version.approved_by)}"] if version.approved_by else []
    parts += [f"it goes back to revision {version.reverts}"] if version.reverts is not None else []
    return "; ".join(parts)


def text(written: str) -> str:
    """A text in which nothing is taken as a mark or an element.

    >>> text("*less* <b>`x`</b> [a](b)"), text("- 1")
    ('\\\\*less\\\\* &lt;b>\\\\`x\\\\`&lt;/b> \\\\[a\\\\](b)', '\\\\- 1')
    """
    plain = harmless(written.strip()).replace("&", "&amp;").replace("<", "&lt;").replace("~", "&#126;")
    return _BEGINNING.sub(r"\1\\", _MARKS.sub(r"\\\g<0>", plain))


def to_atom(name: str, identity: str, logged: Iterable[Entry]) -> str:
    """An Atom feed (RFC 4287) with an entry for each version; `identity` is what the feed's history is known by.

    Raises `NotFoundError` where there is none: a feed says when it was updated.
    """
    from xml.etree import ElementTree as ET

    logged = list(logged)
    times = [entry.version.at for entry in logged if entry.version.at]
    if not times:
        raise NotFoundError(f"'{harmless(name)}' has no revision yet, and a feed begins with one")
    feed_id = uuid5(NAMESPACE_URL, f"confguard:{identity}")
    feed = ET.Element("feed", xmlns="http://www.w3.org/2005/Atom")
    ET.SubElement(feed, "id").text = feed_id.urn
    ET.SubElement(feed, "title").text = harmless(f"Changes to {name}")
    ET.SubElement(feed, "updated").text = max(times).isoformat()
    ET.SubElement(feed, "generator").text = "confguard"
    for entry in logged:
        _add_entry(ET.SubElement(feed, "entry"), entry, feed_id)
    ET.indent(feed)
    return "<?xml version='1.0' encoding='utf-8'?>\n" + ET.tostring(feed, encoding="unicode")


def _add_entry(element: Element, entry: Entry, feed_id: UUID) -> None:
    from xml.etree import ElementTree as ET

    version = entry.version
    assert version.at is not None
    reason = entry.clean(version.reason)
    ET.SubElement(element, "id").text = uuid5(feed_id, str(version.id)).urn
    ET.SubElement(element, "title").text = harmless(" ".join(reason.split()) or version.name)
    ET.SubElement(element, "updated").text = version.at.isoformat()
    author = ET.SubElement(element, "author")
    ET.SubElement(author, "name").text = harmless(version.author or "nobody who is known")
    if version.email and _ADDRESS.fullmatch(version.email):
        ET.SubElement(author, "email").text = version.email
    for term in filter(None, [version.ticket, *version.labels]):
        ET.SubElement(element, "category", term=harmless(term))
    content = ET.SubElement(element, "content", type="xhtml")
    div = ET.SubElement(content, "div", xmlns="http://www.w3.org/1999/xhtml")
    ET.SubElement(div, "p").text = f"{_who(version, harmless)}."
    points = ET.SubElement(div, "ul")
    for sentence in entry.sentences(harmless):
        ET.SubElement(points, "li").text = sentence


def current_settings(guard: Guard, schema: Schema[object], owners: Iterable[str] = ()) -> Current:
    """What each setting of a schema is in the head of a config: its value, owner and last change, as Markdown.

    `owners` are those of what the schema names none of. Raises `NotFoundError` where there is no revision.
    """
    head = guard.head()
    if head is None:
        raise NotFoundError(f"'{guard.name}' has no revision yet", hint="`confguard apply` makes the first")
    apart = isinstance(head.data, Files | Documents)
    below: dict[Path, list[tuple[str, BlamedValue]]] = defaultdict(list)
    for value in blame(guard, schema=schema):
        part, path = (show_path(value.path[:1]), value.path[1:]) if apart else ("", value.path)
        path = _own_names(path, schema.shape)
        for length in range(1, len(path) + 1):
            below[path[:length]].append((part, value))

    def current(path: tuple[str, ...]) -> tuple[str, str, str]:
        values_below = below.get(path, [])
        marks = [mark.team for _, mark in schema.shape.marks_on(path, Owner)]
        return _values(path, values_below), text(", ".join(marks[-1:] or owners)), _last_change(values_below)

    return current


def _own_names(path: Path, shape: Shape) -> Path:
    """A path by the names that the schema has now, where a document writes older ones."""
    own: list[object] = []
    for segment in path:
        (name,) = shape.names.get((segment,), (segment,))[-1:]
        own.append(name)
        shape = shape.child(name)
    return tuple(own)


def _values(path: Path, values_below: list[tuple[str, BlamedValue]]) -> str:
    parts: dict[str, list[BlamedValue]] = defaultdict(list)
    for part, value in values_below:
        parts[part].append(value)
    shown = [
        (
            code(show_value(_within(values[0], len(path) + bool(part))))
            if len(values) == 1
            else f"{len(values)} values"
        )
        + (f" in {code(part)}" if part else "")
        for part, values in parts.items()
    ]
    return ", ".join(shown) or "not set"


def _within(only: BlamedValue, depth: int) -> Any:
    """What stands at the first steps of a value's path and holds no other: the value in its lists and tables."""
    value = only.value
    for step in reversed(only.path[depth:]):
        value = {step: value} if isinstance(step, str) else [value]
    return value


def _last_change(values_below: list[tuple[str, BlamedValue]]) -> str:
    known = [value for _, value in values_below if value.at]
    if not known:
        return text(values_below[0][1].note or "") if values_below else ""
    last = max(known, key=lambda value: value.at or "")
    return text(f"{(last.at or '')[:10]}, revision {last.revision} by {last.author}: {last.why}")
