"""One layer put over what is below: tables merge, a union has one member, all else replaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from confguard.errors import Problem
from confguard.paths import Path
from confguard.schema.elements import Elements
from confguard.schema.shape import Shape

__all__ = ["Overlay"]


@frozen
class Overlay:
    """Puts a layer over what is below. Tables merge key by key, elements that are named by their position one by one;
    all else replaces what is below.
    """

    problems: list[Problem]
    refused: list[Path] = field(factory=list)
    """Elements of the layer that have no place in a list."""
    lost: list[Path] = field(factory=list)
    """What goes of what is below, as the layer means another member of a union."""

    def put(self, below: Any, above: Any, shape: Shape, path: Path = ()) -> Any:
        """Both as one. Where the layer is of another member of a union, what only others have goes."""
        if isinstance(above, Elements):
            return self.elements(below, above, shape, path)
        if not isinstance(above, Mapping):
            return above
        below = below if isinstance(below, Mapping) else {}
        if shape.variants:
            member, other = _member(below, above, shape)
            lost = shape.fields.keys() - member.fields.keys() if other else ()
            self.lost.extend((*path, key) for key in below if key in lost)
            below = {key: value for key, value in below.items() if key not in lost}
            shape = member
        merged = dict(below)
        for key, value in above.items():
            merged[key] = self.put(below.get(key), value, shape.child(key), (*path, key))
        return merged

    def elements(self, below: Any, above: Elements, shape: Shape, path: Path) -> Any:
        """The list below with these elements in it; what leaves a gap is a problem."""
        merged = list(below) if isinstance(below, list) else []
        for i, value in sorted(above.items()):
            old = merged[i] if i < len(merged) else None
            if i > len(merged):
                message = f"would be element {i} of {len(merged)}: they are numbered from 0, without a gap"
                self.problems.append(Problem((*path, i), message))
                self.refused.append((*path, i))
            else:
                merged[i : i + 1] = [self.put(old, value, shape.child(i), (*path, i))]
        return merged


def _member(below: Mapping[Any, Any], above: Mapping[Any, Any], shape: Shape) -> tuple[Shape, bool]:
    """The member of a union that a layer over what is below is of, and whether that is another one than before.

    It is another where the layer has another tag; or, where no tag is written, is all of one by itself, and together
    with what is below of none.
    """
    both = {**below, **above}
    member = shape.of(both)
    if any(key in below and key in above and below[key] != above[key] for key in shape.tags):
        return member, True
    if shape.tagger is None and shape.tag_of(both) in shape.tagged:
        return member, False
    alone = shape.of(above)
    other = bool(below) and not member.fits(both) and alone.fits(above)
    return (alone, True) if other else (member, False)
