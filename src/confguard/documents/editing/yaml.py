"""Editing YAML: only the lines, or the characters, of what changes are touched."""

from __future__ import annotations

from typing import Any

from confguard.documents.editing.edit import Step
from confguard.documents.editing.json import Entry, add_between, remove_between

__all__ = ["edit_yaml"]

_MERGE = "tag:yaml.org,2002:merge"


def edit_yaml(text: str, data: Any, step: Step) -> str:
    """Do one step."""
    import yaml

    composed: list[Any] = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    nodes = [node for node in composed if node is not None and node.tag != "tag:yaml.org,2002:null"]
    path = step.path
    if len(nodes) != 1:
        if not nodes:
            return _rendered_entry(step.path[-1], step.value, "")
        node, path = nodes[path[0]], path[1:]  # type: ignore[call-overload]
    else:
        node = nodes[0]
    if not path:
        raise LookupError("a whole YAML document is not edited but written")
    for segment in path[:-1]:
        node = _child(node, segment)[1]
    if step.op == "remove" and len(node.value) == 1 and len(path) > 1 and not node.flow_style:
        return edit_yaml(text, data, Step("set", step.path[:-1], [] if node.id == "sequence" else {}))
    if node.flow_style:
        return _edit_flow(text, node, path[-1], step)
    return _edit_block(text, node, path[-1], step)


def _child(node: Any, segment: Any) -> tuple[Any, Any]:
    """Key node (the value itself in a list) and value node."""
    if node.id == "sequence":
        return node.value[segment], node.value[segment]
    for key, value in node.value:
        if key.id == "scalar" and key.tag != _MERGE and _key(key) == segment:
            return key, value
    raise LookupError("it comes from an anchor or a merge key")


def _key(node: Any) -> Any:
    import yaml

    return yaml.constructor.SafeConstructor().construct_object(node)


def _edit_flow(text: str, node: Any, last: Any, step: Step) -> str:
    parent = Entry(node.start_mark.index, node.start_mark.index, node.end_mark.index)
    pairs = [(value, value) for value in node.value] if node.id == "sequence" else node.value
    for number, (key, value) in enumerate(pairs):
        name = number if node.id == "sequence" else _key(key)
        parent.inside[name] = Entry(key.start_mark.index, value.start_mark.index, value.end_mark.index)
    if step.op == "add":
        key_text = "" if node.id == "sequence" else f"{_flow(last)}: "
        return add_between(text, parent, last, key_text, step.value, lambda value, _: _flow(value))
    target = parent.inside[last]
    if step.op == "remove":
        return remove_between(text, text, parent, target)
    return text[: target.value] + _flow(step.value) + text[target.end :]


def _edit_block(text: str, node: Any, last: Any, step: Step) -> str:
    indent = " " * node.start_mark.column
    if step.op == "add":
        line = (
            f"{indent}- {_flow(step.value)}\n"
            if node.id == "sequence"
            else _rendered_entry(last, step.value, indent)
        )
        return _insert(text, node, last, line)
    key, value = _child(node, last)
    start = _line_start(text, key.start_mark.index)
    end = _end(text, value)
    if step.op == "set":
        return _set(text, node, key, value, end, step.value)
    if len(node.value) == 1:
        return text[: node.start_mark.index] + ("[]" if node.id == "sequence" else "{}") + text[end:]
    if text[start : key.start_mark.index].strip(" ") not in {"", "-"}:
        raise LookupError("it stands on one line with something else")
    opening = text[start : key.start_mark.index].replace(" ", "") == "-" and node.id == "mapping"
    if opening:  # `- name: x`: what follows moves up behind the dash
        following = node.value[1][0].start_mark.index
        return text[: key.start_mark.index] + text[following:]
    return text[:start] + text[_next_line(text, end) :]


def _set(text: str, node: Any, key: Any, value: Any, end: int, new: Any) -> str:
    if value.anchor if hasattr(value, "anchor") else False:
        raise LookupError("it carries an anchor")
    if node.id == "sequence":
        return text[: value.start_mark.index] + _flow(new) + text[end:]
    colon = text.index(":", key.end_mark.index) + 1
    same_line = value.start_mark.line == key.end_mark.line and value.start_mark.index > colon
    start = value.start_mark.index if same_line else colon
    return text[:start] + ("" if same_line else " ") + _flow(new) + text[end:]


def _insert(text: str, node: Any, last: Any, line: str) -> str:
    items = node.value if node.id == "sequence" else [value for _, value in node.value]
    if node.id == "sequence" and last < len(items):
        at = _line_start(text, items[last].start_mark.index)
        return text[:at] + line + text[at:]
    at = _next_line(text, _end(text, items[-1]))
    before = text[:at] if text[:at].endswith("\n") else text[:at] + "\n"
    return before + line + text[at:]


def _end(text: str, node: Any) -> int:
    """Where a value's last character is: the end mark of a block stands behind the comments that follow it."""
    if node.id == "scalar" or node.flow_style:
        end = int(node.end_mark.index)
        if node.id == "scalar" and node.style in {"|", ">"}:
            return len(text[:end].rstrip("\n")) if text[:end].endswith("\n") else end
        return end
    last = node.value[-1] if node.id == "sequence" else node.value[-1][1]
    if last.id == "scalar" and not last.value and last.start_mark.index == last.end_mark.index:
        return int(last.start_mark.index)
    return _end(text, last)


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _next_line(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def _rendered_entry(key: Any, value: Any, indent: str) -> str:
    import yaml

    shown: str = yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=2**20)
    return "".join(indent + line for line in shown.splitlines(keepends=True))


def _flow(value: Any) -> str:
    import yaml

    shown: str = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=2**20
    )
    return shown.removesuffix("\n").removesuffix("\n...")
