"""The schema files that references lead to: beside the schema that names them, never over a network."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from math import isfinite
from pathlib import Path as File
from typing import Any
from urllib.parse import urljoin, urlsplit
from urllib.request import url2pathname

from attrs import define, field

from confguard.documents.document import Document, read
from confguard.errors import DocumentError, SchemaError, brief, place
from confguard.paths import show_path
from confguard.schema.formats import Pattern, as_json, as_written, translated
from confguard.schema.json_validation import problems
from confguard.schema.nodes import (
    DATA,
    SAME_PLACE,
    WITH_PATHS,
    Dialect,
    SchemaNode,
    draft_of,
    specification,
    subschemas,
)


@define(eq=False)
class Library:
    """A schema, and the files that it refers to, read when they are asked for."""

    name: str
    known: Callable[[str], Any] = field(repr=False)
    """The schema that is at hand for the URI of a reference, if there is one."""
    _documents: dict[str, Document] = field(factory=dict)
    _resources: dict[str, Any] = field(factory=dict)
    _unchecked: list[tuple[str, SchemaNode]] = field(factory=list)
    _base: str = ""
    _identity: str = ""
    _draft: Dialect = field(factory=lambda: draft_of(True))

    def root(self, data: Any, document: Document | None = None) -> SchemaNode:
        """The schema itself, checked, with all that it refers to. Raises `SchemaError` with the place."""
        from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
        from referencing import Registry

        self._base = File(self.name).absolute().as_uri() if document else ""
        if document:
            self._documents[self._base] = document
        schema = as_json(data)
        try:
            self._draft = draft_of(schema)
        except SchemaError as error:
            raise self.error(self._base, ("$schema",), str(error), error.hint) from None
        if isinstance(schema, dict):
            self._identity = str(schema.get("$id", schema.get("id", "")))
        resource = self._resource(self._base, schema)
        registry = REGISTRY.combine(Registry(retrieve=self._retrieve))  # type: ignore[call-arg]
        resolver = registry.with_resource(self._base, resource).resolver(self._base)
        root = SchemaNode(resource.contents, resolver.in_subresource(resource), self._draft)
        self._check_all(root)
        return root

    def error(self, uri: str, path: tuple[Any, ...], message: str, hint: str | None = None) -> SchemaError:
        """The error of a schema, at its place."""
        document = self._documents.get(uri)
        position = document.locate(as_written(path, document.data), nearest=True) if document else None
        name = (document.path if document else None) or uri or self.name
        where = place(name, position.line, position.column) if position else f"schema '{name}': "
        return SchemaError(f"{where}{message}", hint=hint)

    def _retrieve(self, uri: str) -> Any:
        if uri not in self._resources:
            self._resources[uri] = self._read(uri)
        return self._resources[uri]

    def _read(self, uri: str) -> Any:
        try:
            if (known := self.known(uri)) is not None:
                return self._resource(uri, as_json(known))
            document = read(self._file(uri))
        except DocumentError as error:
            raise SchemaError(str(error), hint=error.hint) from error
        self._documents[uri] = document
        return self._resource(uri, as_json(document.data))

    def _file(self, uri: str) -> str:
        """The file that a URI names: `file:` as it is; what lies beside the schema's own `$id`, beside its file."""
        parts = urlsplit(uri)
        folder = urljoin(self._identity, ".")
        if self._base and urlsplit(folder).scheme not in {"", "file"} and uri.startswith(folder):
            parts = urlsplit(urljoin(self._base, uri.removeprefix(folder)))
        if parts.scheme == "file" and parts.netloc in {"", "localhost"}:
            return (
                os.path.relpath(url2pathname(parts.path)) if os.name == "posix" else url2pathname(parts.path)
            )
        if not parts.scheme:
            raise SchemaError(f"'{uri}' is relative, and this schema has no file to be beside of")
        raise SchemaError(
            f"'{uri}' is somewhere else, and schemas are never fetched",
            hint="save a copy beside the schema, and refer to it by its relative path",
        )

    def _resource(self, uri: str, schema: Any) -> Any:
        """A schema as it is kept. Raises `SchemaError` where it is none."""
        try:
            draft = draft_of(schema, self._draft)
        except SchemaError as error:
            raise self.error(uri, ("$schema",), str(error), error.hint) from None
        self._check_meta(uri, schema, draft)
        prepared = self._prepared(uri, schema, (), draft)
        resource = specification(draft).create_resource(prepared)
        self._unchecked.append((uri, SchemaNode(prepared, None, draft)))
        return resource

    def _check_meta(self, uri: str, schema: Any, draft: Dialect) -> None:
        from jsonschema_specifications import REGISTRY

        resolved = REGISTRY.resolver().lookup(draft.full_uri)
        wrong = problems(schema, SchemaNode(resolved.contents, resolved.resolver, draft))
        if wrong:
            path, message, value = wrong[0]
            got = "" if isinstance(value, dict | list | None) else f", got {brief(repr(value), 60)}"
            raise self.error(uri, path, f"is not a JSON Schema: {show_path(path)}: {message}{got}")

    def _prepared(self, uri: str, node: Any, path: tuple[Any, ...], draft: Dialect) -> Any:
        """The schema with its patterns as Python's, and without `$schema` where that is the draft of all."""
        if isinstance(node, list):
            return [self._prepared(uri, child, (*path, i), draft) for i, child in enumerate(node)]
        if node is False and set(path[-2:-1]) & WITH_PATHS:
            return {"not": {}}  # as `jsonschema` does not tell the path of a plain `false`
        if isinstance(node, float) and not isfinite(node):
            raise self.error(uri, path, f"is not a JSON Schema: {show_path(path)}: expected a finite number")
        if not isinstance(node, dict):
            return node
        copied = {}
        for key, value in node.items():
            inner = (*path, key)
            if key in DATA and not (path and path[-1] == "properties"):
                copied[key] = value
            elif key == "$schema" and isinstance(value, str):
                if draft_of(node, draft) != self._draft:
                    copied[key] = value
            elif key == "pattern" and isinstance(value, str):
                copied[key] = self._pattern(uri, value, inner)
            elif key == "patternProperties" and isinstance(value, dict):
                copied[key] = {
                    self._pattern(uri, name, (*inner, name)): self._prepared(
                        uri, child, (*inner, name), draft
                    )
                    for name, child in value.items()
                }
            else:
                copied[key] = self._prepared(uri, value, inner, draft)
        if draft.year == 3 and isinstance(copied.get("extends"), dict) and path[-1:] != ("properties",):
            copied["extends"] = [copied["extends"]]  # `referencing` expects a list
        return copied

    def _pattern(self, uri: str, pattern: str, path: tuple[Any, ...]) -> Pattern:
        try:
            return translated(pattern)
        except re.error as error:
            raise self.error(
                uri, path, f"the pattern {pattern!r} cannot be used: {error}", "write it another way"
            ) from None

    def _check_all(self, root: SchemaNode) -> None:
        """Follow every reference of every file: those that lead nowhere are errors now, and not when they are used."""
        while self._unchecked:
            uri, node = self._unchecked.pop()
            registry = root.resolver._registry.with_resources(self._resources.items()).crawl()
            top = SchemaNode(node.data, registry.resolver(uri), node.draft).child(node.data)
            done: set[int] = set()
            waiting: list[tuple[tuple[Any, ...], SchemaNode]] = [((), top)]
            while waiting:
                path, here = waiting.pop()
                for reference in here.references:
                    try:
                        here.target(reference)
                        _go_round(here, done, ())
                    except SchemaError as error:
                        keyword = next(key for key in here.data if here.data[key] == reference)
                        raise self.error(uri, (*path, keyword), str(error), error.hint) from None
                waiting += [((*path, *steps), here.child(child)) for steps, child in subschemas(here.data)]


def _go_round(node: SchemaNode, done: set[int], inside: tuple[int, ...]) -> None:
    """Raise `SchemaError` where a schema asks itself, without end, what it says of one and the same value."""
    if id(node.data) in inside:
        raise SchemaError(
            "the reference leads back to itself without going down into the value",
            hint="a schema that contains itself does so below `properties` or `items`",
        )
    if id(node.data) in done or not isinstance(node.data, dict):
        return
    within = (*inside, id(node.data))
    if not (node.draft.year < 2019 and "$ref" in node.data):
        for steps, child in subschemas(node.data):
            if steps[0] in SAME_PLACE:
                _go_round(node.child(child), done, within)
    for reference in node.references:
        _go_round(node.target(reference), done, within)
    done.add(id(node.data))
