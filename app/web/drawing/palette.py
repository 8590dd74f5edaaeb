"""The look of categories: a colour for their severity, and a shape and a pattern of their own.

No two categories differ by colour alone, and the four colours differ in lightness too.
"""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from app.policy.policy import Policy
from app.web.drawing.patterns import PATTERNS

SHAPES = (
    "M6 1A5 5 0 1 1 6 11A5 5 0 1 1 6 1Z",  # circle
    "M1.5 1.5H10.5V10.5H1.5Z",  # square
    "M6 1L11 10.5H1Z",  # triangle
    "M6 .5L11.5 6L6 11.5L.5 6Z",  # diamond
    "M1 1.5H11L6 11Z",  # triangle, down
    "M6 .6L11.4 4.6L9.3 11H2.7L.6 4.6Z",  # pentagon
    "M3.2 1H8.8L11.6 6L8.8 11H3.2L.4 6Z",  # hexagon
    "M4.4 1H7.6V4.4H11V7.6H7.6V11H4.4V7.6H1V4.4H4.4Z",  # plus
    "M3 1L6 4L9 1L11 3L8 6L11 9L9 11L6 8L3 11L1 9L4 6L1 3Z",  # cross
    "M6 .4L7.6 4.2L11.6 4.5L8.5 7.1L9.5 11.1L6 8.9L2.5 11.1L3.5 7.1L.4 4.5L4.4 4.2Z",  # star
    "M1 4H11V8H1Z",  # bar
    "M4 1H8V11H4Z",  # pillar
    "M1 1H6A5 5 0 0 1 6 11H1Z",  # half disc
    "M1 1H11V4H4V11H1Z",  # corner
)
"""Outlines in a square of 12 by 12."""

_TIERS = (Decimal(10), Decimal(50), Decimal(85))


@dataclass(frozen=True, slots=True)
class Look:
    """A category's look; `tier`, from 0 (least severe) to 3, is its colour."""

    tier: int
    shape: str
    pattern: str


Palette = dict[str, Look]


def palette(policy: Policy) -> Palette:
    """The look of every category of a policy, by its index in it."""
    looks: Palette = {}
    used: Counter[int] = Counter()
    for index, (name, category) in enumerate(policy.categories.items()):
        tier = sum(category.severity.own >= least for least in _TIERS)
        looks[name] = Look(tier, SHAPES[index % len(SHAPES)], PATTERNS[used[tier] % len(PATTERNS)])
        used[tier] += 1
    return looks
