"""One schema within a file of JSON Schemas, and where its references lead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from confguard.errors import SchemaError
from confguard.schema.vocabulary import Dialect, draft_of, modern

__all__ = ["SchemaNode", "specification"]


@frozen(eq=False)
class SchemaNode:
    """One schema within a file, and where its references lead from."""

    data: Any
    resolver: Any
    draft: Dialect

    def child(self, data: Any) -> SchemaNode:
        """A schema that stands within this one."""
        if not isinstance(data, dict) or not ({"$id", "id"} & data.keys()):
            return SchemaNode(data, self.resolver, self.draft)
        resource = specification(self.draft).create_resource(data)
        return SchemaNode(data, self.resolver.in_subresource(resource), draft_of(data, self.draft))

    def target(self, reference: str) -> SchemaNode:
        """The schema that a reference leads to. Raises `SchemaError`."""
        from referencing.exceptions import CannotDetermineSpecification, NoSuchResource, Unresolvable

        try:
            resolved = self.resolver.lookup(reference)
        except (Unresolvable, NoSuchResource, CannotDetermineSpecification, ValueError) as error:
            raise _unresolved(reference, error) from None
        return SchemaNode(resolved.contents, resolved.resolver, draft_of(resolved.contents, self.draft))

    @property
    def references(self) -> Iterator[str]:
        """What this schema itself refers to."""
        for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            if isinstance(self.data, dict) and isinstance(self.data.get(keyword), str):
                yield self.data[keyword]

    @property
    def keywords(self) -> dict[str, Any]:
        """The schema's keywords in the words of the newest draft."""
        return modern(self.data, self.draft.year)


def specification(draft: Dialect) -> Any:
    """How a draft of JSON Schema is read."""
    from referencing.jsonschema import specification_with

    return specification_with(draft.full_uri)


def _unresolved(reference: str, error: BaseException) -> SchemaError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, SchemaError):
            return SchemaError(f"the reference {reference!r} cannot be followed: {cause}", hint=cause.hint)
        cause = cause.__cause__
    return SchemaError(f"the reference {reference!r} leads nowhere")
