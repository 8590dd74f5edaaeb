"""Rows of a binary COPY as arrays: integers, doubles and exact decimals, without an object a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.ledger import wire

CHUNK_BYTES = 8 * 1024 * 1024
_HEADER_BYTES = 19  # of the COPY binary format, without extensions

DecimalColumnType = Literal["int", "float", "decimal"]
"""Of bigint, double precision and numeric; only a numeric may be null."""


@dataclass(frozen=True)
class Decimals:
    """A column of numeric: limbs to the base 10^8, lowest first, `fraction` of them after the point.

    Null and negative numbers are 0; no number has more than `scale` decimal places.
    """

    limbs: NDArray[np.int32]
    fraction: int
    scale: int

    def widened(self, limbs: int, fraction: int) -> NDArray[np.int32]:
        """The limbs with more of them on both sides."""
        before = fraction - self.fraction
        if (before, limbs) == (0, self.limbs.shape[1]):
            return self.limbs
        wide = np.zeros((len(self.limbs), limbs), np.int32)
        wide[:, before : before + self.limbs.shape[1]] = self.limbs
        return wide


def columns_of(data: bytes, columns: Mapping[str, DecimalColumnType]) -> dict[str, Any]:
    """The columns of what COPY sends, from its header to its trailer."""
    sink = RowsSink(columns)
    sink.write(data)
    return sink.columns()


class RowsSink:
    """The file COPY writes to; converts its bytes into arrays, chunk by chunk."""

    def __init__(self, columns: Mapping[str, DecimalColumnType]) -> None:
        self._columns = columns
        self._buffer = bytearray()
        self._header_is_read = False
        self._chunks: dict[str, list[Any]] = {name: [] for name in columns}
        rows = CHUNK_BYTES // (2 + 12 * len(columns)) + 1  # a numeric is not shorter than eight bytes
        self._begin = np.empty((rows, len(columns)), np.int64)
        self._length = np.empty((rows, len(columns)), np.int64)

    def write(self, data: bytes) -> None:
        """Takes the bytes of some rows."""
        self._buffer += data
        if len(self._buffer) >= CHUNK_BYTES:
            self._convert()

    def columns(self) -> dict[str, Any]:
        """The columns of all rows: arrays of int64 and float64, and `Decimals`."""
        while self._convert():
            pass
        if bytes(self._buffer) != b"\xff\xff":
            raise ValueError("COPY sent rows of another width than the statement's columns")
        return {
            name: _joined(chunks) if self._columns[name] == "decimal" else np.concatenate(chunks)
            for name, chunks in self._chunks.items()
        }

    def _convert(self) -> int:
        if not self._header_is_read:
            del self._buffer[:_HEADER_BYTES]
            self._header_is_read = True
        data = np.frombuffer(self._buffer, np.uint8)
        rows, size = wire.fields_of_rows(data, len(data), self._begin, self._length)
        if rows < 0:
            raise ValueError("COPY sent rows of another width than the statement's columns")
        for column, (name, column_type) in enumerate(self._columns.items()):
            begin = np.ascontiguousarray(self._begin[:rows, column])
            length = np.ascontiguousarray(self._length[:rows, column])
            if column_type == "decimal":
                self._chunks[name].append(_decimals(data, begin, length))
                continue
            if not (length == 8).all():  # noqa: PLR2004 - bytes of a bigint and of a double precision
                raise ValueError(f"COPY sent a {name} that is null or no {column_type} of eight bytes")
            values = np.empty(rows, np.int64)
            wire.words(data, begin, values)
            self._chunks[name].append(values.view(np.float64) if column_type == "float" else values)
        del data
        del self._buffer[:size]
        return rows


def _decimals(data: NDArray[np.uint8], begin: NDArray[np.int64], length: NDArray[np.int64]) -> Decimals:
    highest, lowest, scale = wire.extent(data, begin, length)
    fraction = (1 - lowest) // 2
    limbs = np.empty((len(begin), highest // 2 + 1 + fraction), np.int32)
    wire.decimals(data, begin, length, fraction, limbs)
    return Decimals(limbs, fraction, scale)


def _joined(chunks: list[Decimals]) -> Decimals:
    fraction = max(chunk.fraction for chunk in chunks)
    whole = max(chunk.limbs.shape[1] - chunk.fraction for chunk in chunks)
    limbs = np.concatenate([chunk.widened(whole + fraction, fraction) for chunk in chunks])
    return Decimals(limbs, fraction, max(chunk.scale for chunk in chunks))
