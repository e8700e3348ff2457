"""Policy: turns a risk into a decision."""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen, validators

from confguard.risk.findings import Risk

__all__ = ["Decision", "Policy"]


class Decision(StrEnum):
    """What a policy says of a change. Decisions compare by how strict they are.

    >>> Decision.BLOCK.at_least(Decision.REVIEW)
    True
    """

    ALLOW = "allow"
    REVIEW = "review"
    BLOCK = "block"

    def at_least(self, other: Decision) -> bool:
        """Is this decision as strict as another, or stricter?"""
        order = list(Decision)
        return order.index(self) >= order.index(other)


_SCORE = validators.and_(validators.instance_of(int), validators.ge(0), validators.le(101))


@frozen
class Policy:
    """The scores from which a change needs a review, and from which it is blocked.

    A threshold of 101 is never reached.

    >>> Policy().decide(Risk(60)).value
    'review'
    """

    review: int = field(default=50, validator=_SCORE)
    block: int = field(default=75, validator=_SCORE)

    def __attrs_post_init__(self) -> None:
        if self.review > self.block:
            raise ValueError(f"review ({self.review}) is above block ({self.block})")

    def decide(self, risk: Risk) -> Decision:
        """The decision for a risk."""
        if risk.score >= self.block:
            return Decision.BLOCK
        return Decision.REVIEW if risk.score >= self.review else Decision.ALLOW
