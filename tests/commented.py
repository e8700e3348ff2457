"""Hypothesis strategies for documents with a comment at every entry, and for changes to what they say."""

from __future__ import annotations

import json
from typing import Any

from attrs import define, field
from hypothesis import strategies as st


@define
class Commented:
    """A text in which every entry has a name of its own, and comments that name it."""

    format: str
    draw: Any
    data: dict[str, Any] = field(factory=dict)
    text: str = ""
    count: int = 0

    def name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}x"

    def chance(self, percent: int) -> bool:
        return bool(self.draw(st.integers(0, 99)) < percent)

    def above(self, name: str, indent: str, mark: str) -> list[str]:
        lines = [""] if self.chance(20) else []
        if self.chance(10):
            lines += [f"{indent}{mark} apart from {name}", ""]
        return lines + ([f"{indent}{mark} above {name}"] if self.chance(60) else [])

    def behind(self, name: str, mark: str) -> str:
        return f"  {mark} behind {name}" if self.chance(50) else ""


def value(draw: Any) -> Any:
    return draw(
        st.one_of(st.integers(0, 99), st.booleans(), st.sampled_from(["", "a b", "no", "x#y", "it's", "ü"]))
    )


def plain(draw: Any) -> Any:
    """Data without comments."""
    return draw(st.one_of(st.integers(0, 9), st.lists(st.integers(0, 9), max_size=3)))


# JSON with comments.


def jsonc(made: Commented, depth: int, indent: str) -> tuple[Any, str]:
    kind = made.draw(st.sampled_from(["map", "words", "keyed", "flat", "leaf"])) if depth else "leaf"
    if kind == "leaf":
        data = value(made.draw)
        return data, json.dumps(data)
    if kind == "flat":
        data = [1, 2, {"z": 3}]
        return data, json.dumps(data)
    return jsonc_lines(made, depth, indent, kind)


def jsonc_lines(made: Commented, depth: int, indent: str, kind: str) -> tuple[Any, str]:
    inner, lines = indent + made.draw(st.sampled_from(["  ", "\t", "    "])), []
    count = made.draw(st.integers(0, 4))
    data: Any = {} if kind == "map" else []
    trailing = made.chance(30)
    for number in range(count):
        name = made.name({"map": "k", "words": "e", "keyed": "n"}[kind])
        lines += made.above(name, inner, "//")
        if kind == "map":
            data[name], shown = jsonc(made, depth - 1, inner)
            shown = f'"{name}": {shown}'
        elif kind == "words":
            data.append(name)
            shown = f'"{name}"'
        else:
            data.append({"name": name, "v": number})
            shown = f'{{"name": "{name}", "v": {number}}}'
        comma = "," if number < count - 1 or trailing else ""
        lines.append(f"{inner}{shown}{comma}{made.behind(name, '//')}")
    opening, closing = "{}" if kind == "map" else "[]"
    body = "\n".join(["", *lines, indent]) if lines else ""
    return data, f"{opening}{body}{closing}"


# YAML.


def yaml_map(made: Commented, depth: int, indent: str) -> tuple[dict[str, Any], list[str]]:
    data: dict[str, Any] = {}
    lines: list[str] = []
    for _ in range(made.draw(st.integers(1, 4))):
        name = made.name("k")
        lines += made.above(name, indent, "#")
        behind = made.behind(name, "#")
        kind = made.draw(st.sampled_from(["map", "words", "keyed", "flow", "text"])) if depth else "leaf"
        if kind == "leaf":
            data[name] = value(made.draw)
            lines.append(f"{indent}{name}: {json.dumps(data[name], ensure_ascii=False)}{behind}")
        elif kind == "flow":
            one, two = made.name("k"), made.name("k")
            data[name] = {one: 1, two: [2, "x"]}
            lines += [f"{indent}{name}: {{{one}: 1,  # behind {one}", f"{indent}   {two}: [2, x]}}{behind}"]
        elif kind == "text":
            data[name] = "one\n  two\n"
            lines += [f"{indent}{name}: |{behind}", f"{indent}  one", f"{indent}    two"]
        else:
            lines.append(f"{indent}{name}:{behind}")
            inner = indent + made.draw(st.sampled_from(["  ", "    "]))
            if kind == "map":
                data[name], below = yaml_map(made, depth - 1, inner)
            else:
                data[name], below = yaml_list(
                    made, depth - 1, made.draw(st.sampled_from([indent, inner])), kind
                )
            lines += below
    return data, lines


def yaml_list(made: Commented, depth: int, indent: str, kind: str) -> tuple[list[Any], list[str]]:
    data: list[Any] = []
    lines: list[str] = []
    for _ in range(made.draw(st.integers(1, 4))):
        name = made.name("e" if kind == "words" else "n")
        lines += made.above(name, indent, "#")
        if kind == "words":
            data.append(name)
            lines.append(f"{indent}- {name}{made.behind(name, '#')}")
            continue
        rest, below = yaml_map(made, depth - 1, indent + "  ") if depth > 0 else ({}, [])
        data.append({"name": name, **rest})
        lines += [f"{indent}- name: {name}{made.behind(name, '#')}", *below]
    return data, lines


# TOML.


def toml_table(made: Commented, depth: int, path: str) -> tuple[dict[str, Any], list[str]]:
    data: dict[str, Any] = {}
    lines: list[str] = []
    for _ in range(made.draw(st.integers(0, 3))):
        name = made.name("k")
        kind = made.draw(st.sampled_from(["leaf", "words", "inline", "dotted"]))
        lines += made.above(name, "", "#") if kind != "dotted" else []
        behind = made.behind(name, "#")
        if kind == "leaf":
            data[name] = value(made.draw)
            lines.append(f"{name} = {json.dumps(data[name], ensure_ascii=False)}{behind}")
        elif kind == "inline":
            data[name] = {"a": 1, "b": [2]}
            lines.append(f"{name} = {{ a = 1, b = [2] }}{behind}")
        elif kind == "dotted":
            one, two = made.name("k"), made.name("k")
            data[name] = {one: 1, two: 2}
            lines += [f"{name}.{one} = 1  # behind {one}", f"# above {two}", f"{name}.{two} = 2"]
        else:
            data[name] = [made.name("e") for _ in range(3)]
            lines += [f"{name} = [", *(f'  "{each}", # behind {each}' for each in data[name]), f"]{behind}"]
    for _ in range(made.draw(st.integers(0, 3 if depth else 0))):
        name = made.name("k")
        inner = f"{path}.{name}" if path else name
        if made.chance(60):
            lines += ["", *made.above(name, "", "#"), f"[{inner}]{made.behind(name, '#')}"]
            data[name], below = toml_table(made, depth - 1, inner)
            lines += below
            continue
        data[name] = []
        for _ in range(made.draw(st.integers(1, 3))):
            element = made.name("n")
            lines += [
                "",
                f"# above {element}",
                f"[[{inner}]]",
                f'name = "{element}"{made.behind(element, "#")}',
            ]
            rest, below = toml_table(made, 0, inner)
            data[name].append({"name": element, **rest})
            lines += below
    return data, lines


# Lines.


def ini(made: Commented) -> tuple[dict[str, Any], list[str]]:
    data: dict[str, Any] = {}
    lines: list[str] = []
    for _ in range(made.draw(st.integers(0, 3))):
        name = made.name("k")
        lines += ["", *made.above(name, "", ";"), f"[{name}]"]
        data[name], below = flat(made, " = ", "#;", "")
        lines += below
    return data, lines


def flat(made: Commented, sign: str, marks: str, behind: str) -> tuple[dict[str, str], list[str]]:
    data: dict[str, str] = {}
    lines: list[str] = []
    for _ in range(made.draw(st.integers(0, 4))):
        name = made.name("k")
        data[name] = made.draw(st.sampled_from(["a", "1", "true", "a,b"]))
        lines += made.above(name, "", made.draw(st.sampled_from(marks)))
        lines.append(f"{name}{sign}{data[name]}{made.behind(name, '#') if behind else ''}")
    return data, lines


@st.composite
def commented(draw: st.DrawFn, format: str) -> Commented:
    """A document of a format, with comments everywhere, any line ends, and with or without an end of the last line."""
    made = Commented(format, draw)
    if format == "jsonc":
        made.data, text = jsonc_lines(made, 3, "", "map")
        lines = text.split("\n")
    elif format == "yaml":
        made.data, lines = yaml_map(made, 2, "")
    elif format == "toml":
        made.data, lines = toml_table(made, 2, "")
    elif format == "ini":
        made.data, lines = ini(made)
    else:
        made.data, lines = flat(made, "=", "#", "#" if format == "env" else "")
    if format != "jsonc":
        lines += ["# a text ends before this"] if lines and lines[-1].endswith(" two") else []
        lines += made.draw(st.sampled_from([[], ["# the end"], ["", "# the end"]]))
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    made.text = (
        draw(st.sampled_from(["", "\ufeff"])) + end.join(lines) + draw(st.sampled_from([end, end, ""]))
    )
    return made


def changed(made: Commented, draw: Any) -> Any:
    """Other data: values changed, entries removed, added, and put into another order."""
    after = json.loads(json.dumps(made.data))
    flat_only = made.format in {"env", "properties"}
    for _ in range(draw(st.integers(1, 4))):
        containers = list(_containers(after, skip_root=made.format == "ini"))
        if not containers:
            return after
        chosen = draw(st.sampled_from(containers))
        what = draw(st.sampled_from(["change", "remove", "add", "shuffle"]))
        text = made.format in {"ini", "env", "properties"}
        _change(chosen, what, draw, made, text_only=text or flat_only)
    if made.format == "ini" and after and draw(st.booleans()):
        del after[draw(st.sampled_from(sorted(after)))]
    return after


def _change(chosen: Any, what: str, draw: Any, made: Commented, *, text_only: bool) -> None:
    new = f"new {draw(st.integers(0, 999))}" if text_only else plain(draw)
    if isinstance(chosen, dict):
        keys = [key for key in chosen if key != "name"]
        if what == "add":
            chosen[made.name("k")] = new
        elif keys and what == "remove":
            del chosen[draw(st.sampled_from(keys))]
        elif keys and what == "change":
            chosen[draw(st.sampled_from(keys))] = new
        return
    keyed = any(isinstance(element, dict) for element in chosen)
    if what == "shuffle":
        chosen[:] = draw(st.permutations(chosen))
    elif what == "add":
        name = made.name("n" if keyed else "e")
        chosen.insert(draw(st.integers(0, len(chosen))), {"name": name, "v": new} if keyed else name)
    elif chosen and what == "remove":
        del chosen[draw(st.integers(0, len(chosen) - 1))]


def _containers(data: Any, *, skip_root: bool = False) -> Any:
    if isinstance(data, dict):
        if not skip_root:
            yield data
        for each in data.values():
            yield from _containers(each)
    elif isinstance(data, list):
        if all(isinstance(each, str) for each in data) or all(
            isinstance(each, dict) and "name" in each for each in data
        ):
            yield data
        for each in data:
            yield from _containers(each)
