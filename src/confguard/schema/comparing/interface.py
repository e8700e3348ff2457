"""What each part of a comparison may ask of the whole."""

from __future__ import annotations

from abc import ABC, abstractmethod

from confguard.schema.comparing.cases import Case
from confguard.schema.comparing.refusal import Refusals
from confguard.schema.nodes import SchemaNode

__all__ = ["Comparing"]


class Comparing(ABC):
    """A comparison of two schemas."""

    @abstractmethod
    def refusals(self, old: tuple[SchemaNode, ...], new: SchemaNode) -> Refusals:
        """Why not all that fits the old schemas, together, fits the new one; empty where all does."""

    @abstractmethod
    def of_case(self, case: Case, new: SchemaNode) -> Refusals:
        """Why not all of one case of the old schema fits the new one."""
