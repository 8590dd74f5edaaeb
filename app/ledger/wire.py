"""Compiled loops over the bytes of a binary COPY: where its fields are, and what numbers they hold.

A decimal becomes limbs to the base 10^8, lowest first, in units of 10^(-8 * fraction) (`app.ledger.limbs`).
All of it is in one file, because the cache of compiled code notices changes of a kernel's own file alone.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.ledger.kernels import compiled, inlined

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
NULL = -1
"""The length of a field that is null."""
TRAILER = 0xFFFF
_DIGIT = 10_000


@inlined
def _unsigned(data: Bytes, at: int) -> Any:  # noqa: ANN401 - an integer of compiled code
    """Two bytes."""
    return np.int64(data[at]) << 8 | np.int64(data[at + 1])


@inlined
def _signed(data: Bytes, at: int) -> Any:  # noqa: ANN401 - likewise
    """Two bytes, the first of which has the sign."""
    return ((np.int64(data[at]) << 8 | np.int64(data[at + 1])) ^ 0x8000) - 0x8000


@compiled
def fields_of_rows(data: Bytes, size: int, begin: Places, length: Places) -> tuple[int, int]:
    """Finds the fields of the whole rows in `data[:size]`; both arrays have a row for each, a column a field.

    Returns the number of rows and of their bytes; -1 rows where a row has another number of fields.
    """
    columns = begin.shape[1]
    rows, at = 0, 0
    while rows < begin.shape[0] and at + 2 <= size:
        fields = _unsigned(data, at)
        if fields == TRAILER:
            break
        if fields != columns:
            return -1, at
        place = at + 2
        for column in range(columns):
            if place + 4 > size:
                return rows, at
            value = _signed(data, place) << 16 | _unsigned(data, place + 2)
            place += 4
            begin[rows, column] = place
            length[rows, column] = value
            place += max(value, 0)
        if place > size:
            return rows, at
        rows += 1
        at = place
    return rows, at


@compiled
def words(data: Bytes, begin: Places, into: NDArray[np.int64]) -> None:
    """The eight bytes at each place: a bigint, or the bits of a double precision."""
    for row in range(len(begin)):
        value = np.uint64(0)
        for place in range(begin[row], begin[row] + 8):
            value = value << np.uint64(8) | np.uint64(data[place])
        into[row] = np.int64(value)


@compiled
def extent(data: Bytes, begin: Places, length: Places) -> tuple[int, int, int]:
    """The highest and the lowest power of 10,000 with a digit, and the most decimal places of a number."""
    highest, lowest, scale = 0, 0, 0
    for row in range(len(begin)):
        if length[row] != NULL:
            at = begin[row]
            digits, weight = _unsigned(data, at), _signed(data, at + 2)
            if digits:
                highest = max(highest, weight)
                lowest = min(lowest, weight - digits + 1)
            scale = max(scale, _unsigned(data, at + 6))
    return highest, lowest, scale


@compiled
def decimals(data: Bytes, begin: Places, length: Places, fraction: int, into: NDArray[np.int32]) -> None:
    """The limbs of each number; all of them are 0 for null and for what is not positive."""
    for row in range(len(begin)):
        into[row, :] = 0
        if length[row] == NULL or _unsigned(data, begin[row] + 4) != 0:
            continue
        at = begin[row]
        weight = _signed(data, at + 2)
        for digit in range(_unsigned(data, at)):
            power = weight - digit
            value = _unsigned(data, at + 8 + 2 * digit)
            into[row, (power >> 1) + fraction] += value * _DIGIT if power & 1 else value
