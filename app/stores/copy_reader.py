"""Reads numbers from the record by binary COPY straight into arrays: a million rows in seconds."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

CHUNK_BYTES = 8 * 1024 * 1024
HEADER_BYTES, _TRAILER = 19, 2  # of the COPY binary format, without extensions
_SENT = {"int": ">i8", "float": ">f8"}  # bigint and double precision as the server sends them
_ARRAY = {"int": np.int64, "float": np.float64}

ColumnType = Literal["int", "float"]


def read_columns(
    connection: Connection,
    select: str,
    columns: Mapping[str, ColumnType],
    parameters: Mapping[str, int] | None = None,
) -> dict[str, NDArray[Any]]:
    """The columns of a SELECT as arrays of int64 and float64, in the order of its rows.

    Args:
        connection: an open transaction.
        select: a SELECT whose columns are bigint or double precision and never null.
        columns: name and type of each column, in order.
        parameters: values of the statement's `%(name)s`.
    """
    sink = _CopySink(columns)
    copy_to(connection, select, sink, parameters)
    return sink.arrays()


class Sink(Protocol):
    """The file that COPY writes to."""

    def write(self, data: bytes, /) -> object:
        """Takes the bytes of some rows."""


def copy_to(
    connection: Connection, select: str, sink: Sink, parameters: Mapping[str, Any] | None = None
) -> None:
    """Writes the rows of a SELECT to `sink` in COPY's binary format."""
    _copy(connection, f"COPY ({select}) TO STDOUT (FORMAT binary)", sink, parameters)


def copy_csv(
    connection: Connection, select: str, sink: Sink, parameters: Mapping[str, Any] | None = None
) -> None:
    """Writes the rows of a SELECT to `sink` as CSV; null is nothing, and an empty text is two quotes."""
    _copy(connection, f"COPY ({select}) TO STDOUT (FORMAT csv)", sink, parameters)


def _copy(connection: Connection, statement: str, sink: Sink, parameters: Mapping[str, Any] | None) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - a connection in a transaction has its driver's connection
    with driver.cursor() as cursor:
        cursor.copy_expert(cursor.mogrify(statement, parameters), sink)


class _CopySink:
    """The file COPY writes to; converts its bytes into arrays, chunk by chunk."""

    def __init__(self, columns: Mapping[str, ColumnType]) -> None:
        row = [("fields", ">i2")]
        for name, column_type in columns.items():
            row += [(f"{name} bytes", ">i4"), (name, _SENT[column_type])]
        self._row = np.dtype(row)
        self._columns = columns
        self._buffer = bytearray()
        self._header_is_read = False
        self._chunks: list[dict[str, NDArray[Any]]] = []

    def write(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) >= CHUNK_BYTES:
            self._convert()

    def arrays(self) -> dict[str, NDArray[Any]]:
        self._convert()
        if bytes(self._buffer) != b"\xff\xff":
            raise ValueError("COPY sent rows of another width than the statement's columns")
        return {name: np.concatenate([chunk[name] for chunk in self._chunks]) for name in self._columns}

    def _convert(self) -> None:
        if not self._header_is_read:
            del self._buffer[:HEADER_BYTES]
            self._header_is_read = True
        count = max(len(self._buffer) - _TRAILER, 0) // self._row.itemsize
        rows = np.frombuffer(self._buffer, self._row, count)
        if count and not (rows["fields"] == len(self._columns)).all():
            raise ValueError("COPY sent rows of another width than the statement's columns")
        self._chunks.append(
            {name: rows[name].astype(_ARRAY[column_type]) for name, column_type in self._columns.items()}
        )
        size = count * self._row.itemsize
        del rows
        del self._buffer[:size]
