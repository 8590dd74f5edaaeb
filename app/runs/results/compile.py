"""Calls the kernels of reading and storing once, so that a cache has them before the first run."""

import numpy as np

from app.ledger import limbs
from app.ledger.wire_rows import columns_of
from app.runs.results.columns import numbers, text_column
from app.runs.results.lines import Lines, join

# One row as COPY sends it: a bigint, a double precision, and the numeric 1.5 (two digits to the base 10,000).
_ROW = (
    b"PGCOPY\n\xff\r\n\x00" + bytes(8) + b"\x00\x03"
    + b"\x00\x00\x00\x08" + bytes(8) + b"\x00\x00\x00\x08" + bytes(8)
    + b"\x00\x00\x00\x0c\x00\x02\x00\x00\x00\x00\x00\x01\x00\x01\x13\x88" + b"\xff\xff"
)  # fmt: skip


def call_kernels() -> None:
    """Reads one row, sums it, and makes one line, with columns of a run's types."""
    columns = columns_of(_ROW, {"one": "int", "two": "float", "three": "decimal"})
    decimals = columns["three"]
    sums = np.zeros((1, decimals.limbs.shape[1] + 1), np.int64)
    limbs.add_by_place(decimals.limbs, np.zeros(1, np.int32), sums)
    limbs.carry(sums)
    limbs.nearest(sums)
    limbs.decimal_texts(sums)
    data, ends = join([numbers(columns["two"]), text_column(["a line"])], [0])
    Lines(0, columns["one"], np.zeros(1, np.int32), data, ends).hashes()
