"""Writes rows into the record by COPY, many times faster than INSERT."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection

T = TypeVar("T")

_ROWS_PER_BLOCK = 1_000
_AS_JSON = "(FORMAT csv, NULL 'null', ESCAPE '\\')"
"""A JSON array without its brackets is a line of CSV whose quotes a backslash escapes."""


def copy_rows(
    connection: Connection, table: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]
) -> None:
    """Writes rows by COPY.

    Args:
        connection: an open transaction.
        table: a table's name from the code, never from input.
        columns: its columns, in the order of each row's values.
        rows: values that are None, bool, int, float, Decimal, str, datetime or lists of those.
    """
    lines = ("\t".join(map(_copy_field, row)) + "\n" for row in rows)
    copy_texts(connection, table, columns, ("".join(page) for page in _pages(lines)))


def copy_plain_rows(
    connection: Connection, table: str, columns: Iterable[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """As `copy_rows`, several times faster, for rows that an encoder of JSON can write.

    Their values are None, bool, datetime, finite floats, integers of 64 bits, and texts without control
    characters; integers that may be larger come as texts.
    """
    dumps = orjson.dumps
    blocks = (b"\n".join([dumps(row)[1:-1] for row in page]) + b"\n" for page in _pages(rows))
    copy_bytes(connection, table, columns, blocks, form=_AS_JSON)


def copy_texts(connection: Connection, table: str, columns: Iterable[str], texts: Iterable[str]) -> None:
    """As `copy_lines`, from texts of many whole lines; the server reads one text while the next is made."""
    copy_bytes(connection, table, columns, (one.encode() for one in texts))


def copy_bytes(
    connection: Connection, table: str, columns: Iterable[str], blocks: Iterable[bytes], *, form: str = ""
) -> None:
    """As `copy_texts`, from texts that are encoded; `form` are COPY's options."""
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - a connection in a transaction has its driver's connection
    with driver.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN {form}", _Blocks(blocks))


def _pages(items: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(items)
    return iter(lambda: list(islice(remaining, _ROWS_PER_BLOCK)), [])


class _Blocks:
    """The file that COPY reads: one whole block at each call, whatever size is asked for."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)

    def read(self, _size: int) -> bytes:
        return next((block for block in self._blocks if block), b"")


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copy_field(value: Any) -> str:  # noqa: ANN401 - one column of any type
    value_type = type(value)
    if value_type is str:
        return str(value).translate(_ESCAPES)
    if value is None:
        return "\\N"
    if value_type is int:
        return str(value)
    if value_type is list:
        return "{" + ",".join(_array_item(item) for item in value) + "}"
    if value_type is bool:
        return "t" if value else "f"
    if value_type is float:
        return repr(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _array_item(item: Any) -> str:  # noqa: ANN401 - one element of any type
    if type(item) is str:
        quoted = item.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'.translate(_ESCAPES)
    return _copy_field(item)
