"""Runs whose results were computed by arithmetic 1, before migration 0007: what is different about them.

Their points are rounded down without `app.policy.points.ROUNDING`; the last digits of their sums depend on
how many transfers a pool has in all; and their digest is of lines with the codes that cells had then.
"""

from math import floor

from app.ledger.cells import decode, encode_earlier
from app.runs.results.lines import array_text
from app.verify.compare import Table, fields_of, items

ARITHMETIC = 1
SHARE = 1e-12
"""How far a share may be from its recomputation, as part of the wallet's total."""


def points_of(share: float, weight: int) -> int:
    """The points of one share, as they were rounded then."""
    return floor(share * float(weight))


def digested_line(table: Table, line: str) -> str:
    """A stored line as the run's digest has it; a code that names no cell stays, and the digest differs."""
    fields = fields_of(line)
    place = table.columns.index("cells")
    try:
        cells = [decode(int(code)) for code in items(fields[place])]
        codes = [encode_earlier(cell, of_scores=table.name == "scores") for cell in cells]
    except ValueError:
        return line
    fields[place] = array_text(map(str, codes))
    return "\t".join(fields) + "\n"
