"""Stored and recomputed lines side by side: the first place where they differ, in words."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from app.domain import format_points
from app.ledger.cells import DIRECTION_NAMES
from app.runs.results import NULL, Hash

Fields = Sequence[str]
Tolerated = Callable[[Fields, Fields], bool]
"""Whether two rows of one key that are not equal are near enough."""

NO_ROW = "no row"
_POINTS = {"score", "ownership_score", "source_score", "destination_score"}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of results: its columns, the first `keys` of which say which row it is."""

    name: str
    columns: Sequence[str]
    keys: int


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One value of one row; `row` holds the key columns by name, `cell` the array's cell it is about."""

    table: str
    row: dict[str, int]
    column: str
    cell: int | None
    stored: str
    recomputed: str


def first_mismatch(
    table: Table, stored: Iterator[str], recomputed: Iterator[str], digest: Hash, tolerated: Tolerated
) -> tuple[Mismatch | None, int]:
    """The first difference of two sorted tables, and how many rows were compared.

    All stored lines go into the digest, also those behind the difference.
    """
    found: Mismatch | None = None
    count = 0
    for before, again in zip_longest(stored, recomputed):
        if before is not None:
            digest.update(before.encode())
            count += 1
        if found is None and before != again:
            found = _mismatch(table, before, again, tolerated)
    return found, count


def by_cell(cells: str, values: str) -> dict[int, str]:
    """Two parallel arrays, as lines write them, as one mapping; of the longer one the rest is left out."""
    return dict(zip(map(int, items(cells)), items(values), strict=False))


def items(array: str) -> list[str]:
    """The items of an array as lines write it."""
    return array.strip("{}").split(",") if array != "{}" else []


def _mismatch(table: Table, before: str | None, again: str | None, tolerated: Tolerated) -> Mismatch | None:
    stored, recomputed = _fields(before), _fields(again)
    keys = [tuple(map(int, fields[: table.keys])) for fields in (stored, recomputed) if fields]
    row = dict(zip(table.columns, min(keys), strict=False))
    if len(keys) == 1 or keys[0] != keys[1]:
        has_stored = stored is not None and (recomputed is None or keys[0] < keys[1])
        what = ("a row", NO_ROW) if has_stored else (NO_ROW, "a row")
        return Mismatch(table.name, row, "row", None, *what)
    assert stored is not None  # noqa: S101 - both have a key
    assert recomputed is not None  # noqa: S101 - likewise
    try:
        if tolerated(stored, recomputed):
            return None
    except ValueError:  # arrays of two lengths, or what is no number: changed by another hand
        pass
    column, cell, *values = _first_difference(table.columns, stored, recomputed)
    return Mismatch(table.name, row, str(column), cell, *map(str, values))


def _first_difference(
    columns: Sequence[str], stored: Fields, recomputed: Fields
) -> tuple[str, int | None, str, str]:
    """Column, cell and both values; plain columns come before the arrays."""
    for column, before, again in zip(columns, stored, recomputed, strict=True):
        if before != again and column not in {"cells", "shares", "points"}:
            return column, None, before, again
    place = columns.index("cells")
    for offset, column in enumerate(columns[place + 1 :], start=1):
        was, now = (by_cell(fields[place], fields[place + offset]) for fields in (stored, recomputed))
        for cell in sorted(was.keys() | now.keys()):
            if was.get(cell) != now.get(cell):
                return column, cell, was.get(cell, "0"), now.get(cell, "0")
    return "cells", None, stored[place], recomputed[place]


def _fields(line: str | None) -> list[str] | None:
    return None if line is None else line.rstrip("\n").split("\t")


def described(mismatch: Mismatch, columns: Sequence[str], asset: str | None) -> str:
    """What differs, in words; `columns` are the run's, which name the cells.

    For example `share of mixer at hop 2 in the source of ETH`.
    """
    direction = mismatch.row.get("direction")
    name = mismatch.column.replace("_", " ")
    if mismatch.cell is not None:
        if direction is None:
            direction = mismatch.cell // 1024
        column, hop = mismatch.cell % 1024 // 8, mismatch.cell % 8
        known = columns[column] if column < len(columns) else f"column {column}"
        name = f"{'share' if mismatch.column == 'shares' else 'points'} of {known} at hop {hop}"
    if direction is None:
        return name
    of_asset = f" of {asset}" if asset else ""
    return f"{name} in the {DIRECTION_NAMES[direction]}{of_asset}"


def shown(column: str, value: str) -> str:
    """A value as the interfaces show it: points with six places, nothing as `null`."""
    if value == NULL:
        return "null"
    if column in _POINTS or (column == "points" and value.isdigit()):
        return format_points(int(value))
    return value
