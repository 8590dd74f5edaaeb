"""Runs of earlier arithmetic: what is different about the lines that their digest is of.

Arithmetic 1 is of before migration 0007, with the codes that cells had then; arithmetic 2 of before 0019.
Both had a policy of the first version, which is not read any more: such a run cannot be computed again. Its
transfers and the rows it stored are compared with their digests.
"""

from app.ledger.cells import decode, encode_earlier
from app.runs.results.lines import array_text
from app.verify.compare import Table, fields_of, items

ARITHMETIC = 2
"""The last of them."""
_CODES_OF_CELLS = 1
_SINCE = {
    "flags", "usd_received", "usd_sent", "source_coverage", "destination_coverage", "reason_transfer_id",
}  # fmt: skip
"""Columns of scores that came with arithmetic 3."""


def digested_line(table: Table, line: str, arithmetic: int) -> str:
    """A stored line as the run's digest has it; a code that names no cell stays, and the digest differs."""
    fields = fields_of(line)
    if arithmetic == _CODES_OF_CELLS:
        place = table.columns.index("cells")
        try:
            cells = [decode(int(code)) for code in items(fields[place])]
            codes = [encode_earlier(cell, of_scores=table.name == "scores") for cell in cells]
        except ValueError:
            return line
        fields[place] = array_text(map(str, codes))
    kept = [field for name, field in zip(table.columns, fields, strict=True) if name not in _SINCE]
    return "\t".join(kept) + "\n"
