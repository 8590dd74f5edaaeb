"""Times of blocks where a file has none: estimated between blocks whose times are known."""

from bisect import bisect_right
from typing import Final

KNOWN: Final = {
    "ethereum": (
        (0, 1438269973),
        (47_218, 1438936285),
        (483_920, 1446561880),
        (1_000_000, 1455404053),
        (1_920_000, 1469020840),
        (3_000_000, 1484475035),
        (4_000_000, 1499633567),
        (4_370_000, 1508131331),
        (5_000_000, 1517319693),
        (6_000_000, 1532118564),
        (7_000_000, 1546466952),
        (7_280_000, 1551383524),
        (8_000_000, 1561100149),
        (9_000_000, 1574706444),
        (9_200_000, 1577953849),
        (10_000_000, 1588598533),
        (11_000_000, 1601957824),
        (12_000_000, 1615234816),
        (13_000_000, 1628632419),
        (14_000_000, 1642114795),
        (15_000_000, 1655778535),
        (15_537_394, 1663224179),
        (17_173_049, 1683029999),
        (19_426_589, 1710338135),
        (25_525_502, 1783967351),
    )
}
"""Number and Unix time of blocks, ascending; between two of them an estimate is off by some days at most."""


def estimated_time(chain: str, block_number: int) -> int | None:
    """Unix seconds of a block, by the blocks before and after it; None outside the known ones."""
    known = KNOWN.get(chain, ())
    after = bisect_right(known, block_number, key=lambda block: block[0])
    if not 0 < after < len(known):
        return None
    (first, start), (last, end) = known[after - 1], known[after]
    return start + (end - start) * (block_number - first) // (last - first)
