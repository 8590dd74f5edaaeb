"""What runs in Spark's tasks: batches of Arrow through the compiled scans of `app.ledger.hop_scan`.

A step is a row: an `owner`'s `pool`, at one end of the transfer at `place`. A step that `gives` names the
other end, which is told what was found; any other brings what is known of its transfer, in `cells` and
`parts`.
"""

from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from app.ledger.cells import CellLayout
from app.ledger.hop_scan import HopScan, Steps, first_parts
from app.ledger.kernels import Shares
from app.ledger.sparse import SparseRows

STEP = (
    "owner long, place long, pool long, is_labelled boolean, gives boolean, other long, other_pool long,"
    " other_is_labelled boolean, amount double, send_share double, kept double, unobserved double,"
    " usd double, cells array<smallint>, parts array<double>"
)
"""The columns of a step."""
RESULT = "number long, of_wallet boolean, cells array<smallint>, shares array<double>"
"""A row of shares: of a pool, or of a wallet's pools together."""
_FIGURES = ("amount", "send_share", "kept", "unobserved", "usd")
BUSY_STEPS = 10_000
"""Fewer steps of a wallet than this are not worth telling."""
Batches = Iterable[pa.RecordBatch]


class Slowest(NamedTuple):
    """The wallet whose steps took longest, of those that begin or end a batch: a batch may hold others."""

    seconds: float = 0.0
    steps: int = 0
    owner: int = -1


class Pass(NamedTuple):
    """Which pass the tasks are of."""

    categories: tuple[str, ...]
    hop_limit: int
    direction: int

    @property
    def layout(self) -> CellLayout:
        """The cells."""
        return CellLayout(self.categories, self.hop_limit)


def first_messages(of: Pass) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """From transfers to the steps at their takers, with what is known before any scan."""

    def task(batches: Batches) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            figures = {name: _array(batch, name) for name in _FIGURES}
            known = first_parts(
                of.layout,
                of.direction,
                _array(batch, "giver_cell"),
                figures["amount"],
                figures["unobserved"],
            )
            labelled = _array(batch, "taker_cell") >= 0
            yield _messages(
                _array(batch, "taker"),
                _array(batch, "place"),
                _array(batch, "taker_pool"),
                labelled,
                figures,
                known,
            )

    return task


def scan(of: Pass, slowest: Callable[[Slowest], None]) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """From the steps of wallets to those at the other ends, which know one hop more."""

    def task(batches: Batches) -> Iterator[pa.RecordBatch]:
        hop_scan, clock = HopScan(of.layout, of.direction, keeps_results=False), _Clock(slowest)
        for batch in batches:
            if not batch.num_rows:
                continue
            steps = _steps(batch)
            with clock.of(steps.owner):
                given = hop_scan.scan(steps)
            at = np.flatnonzero(steps.gives)
            figures = {name: getattr(steps, name)[at] for name in _FIGURES}
            counts = np.diff(given.end, prepend=0)[at]
            filled = int(given.end[-1])
            known = Shares(np.cumsum(counts), given.cell[:filled], given.share[:filled])
            other, place, pool, labelled = (
                _array(batch, name)[at] for name in ("other", "place", "other_pool", "other_is_labelled")
            )
            yield _messages(other, place, pool, labelled, figures, known)
        clock.close()

    return task


def collect(of: Pass, slowest: Callable[[Slowest], None]) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """From the steps of all takers to the shares of their pools and wallets."""

    def task(batches: Batches) -> Iterator[pa.RecordBatch]:
        hop_scan, clock = HopScan(of.layout, of.direction, keeps_results=True), _Clock(slowest)
        for batch in batches:
            if batch.num_rows:
                steps = _steps(batch)
                with clock.of(steps.owner):
                    hop_scan.scan(steps)
                yield from _results(hop_scan)
        hop_scan.close()
        clock.close()
        yield from _results(hop_scan)

    return task


class _Clock:
    """Measures wallets that go on over several batches."""

    def __init__(self, slowest: Callable[[Slowest], None]) -> None:
        self._tell = slowest
        self._current = Slowest()
        self._owners = np.empty(0, np.int64)
        self._began = 0.0

    def of(self, owners: NDArray[np.int64]) -> "_Clock":
        self._owners = owners
        return self

    def __enter__(self) -> None:
        self._began = perf_counter()

    def __exit__(self, *_: object) -> None:
        owners, seconds = self._owners, perf_counter() - self._began
        first, last, count = int(owners[0]), int(owners[-1]), len(owners)
        self._add(first, int(np.searchsorted(owners, first, "right")), seconds / count)
        if last != first:
            self._add(last, count - int(np.searchsorted(owners, last)), seconds / count)

    def _add(self, owner: int, steps: int, seconds_a_step: float) -> None:
        if owner != self._current.owner:
            self.close()
            self._current = Slowest(0.0, 0, owner)
        self._current = Slowest(
            self._current.seconds + steps * seconds_a_step, self._current.steps + steps, owner
        )

    def close(self) -> None:
        if self._current.steps >= BUSY_STEPS:
            self._tell(self._current)


def _steps(batch: pa.RecordBatch) -> Steps:
    cells, parts = batch.column("cells"), batch.column("parts")
    ends = np.cumsum(
        compute.list_value_length(cells).fill_null(0).to_numpy(zero_copy_only=False), dtype=np.int64
    )
    taken = Shares(
        ends,
        np.array(
            cells.flatten().to_numpy(zero_copy_only=False), np.int16
        ),  # compiled code takes no read-only one
        np.array(parts.flatten().to_numpy(zero_copy_only=False), np.float64),
    )
    columns = {name: _array(batch, name) for name in ("owner", "pool", "gives", *_FIGURES)}
    return Steps(**columns, taken=taken)


def _messages(  # noqa: PLR0917 - columns
    owner: NDArray[Any],
    place: NDArray[Any],
    pool: NDArray[Any],
    labelled: NDArray[Any],
    figures: dict[str, NDArray[np.float64]],
    known: Shares,
) -> pa.RecordBatch:
    count = len(owner)
    nobody, no = np.full(count, -1, np.int64), np.zeros(count, np.bool_)
    columns = {
        "owner": owner,
        "place": place,
        "pool": pool,
        "is_labelled": labelled,
        "gives": no,
        "other": nobody,
        "other_pool": nobody,
        "other_is_labelled": no,
        **figures,
        "cells": _lists(known.end, known.cell),
        "parts": _lists(known.end, known.share),
    }
    return pa.RecordBatch.from_pydict({name: pa.array(column) for name, column in columns.items()})


def _results(hop_scan: HopScan) -> Iterator[pa.RecordBatch]:
    for result in hop_scan.results:
        for numbers, rows, of_wallet in (
            (result.pool, result.shares, False),
            (result.wallet, result.combined, True),
        ):
            yield _result(numbers, rows, of_wallet=of_wallet)
    hop_scan.results.clear()


def _result(numbers: NDArray[np.int64], rows: SparseRows, *, of_wallet: bool) -> pa.RecordBatch:
    ends = rows.starts[1:]
    columns = {
        "number": numbers,
        "of_wallet": np.full(len(numbers), of_wallet),
        "cells": _lists(ends, rows.cell),
        "shares": _lists(ends, rows.share),
    }
    return pa.RecordBatch.from_pydict({name: pa.array(column) for name, column in columns.items()})


def _lists(ends: NDArray[np.int64], values: NDArray[Any]) -> pa.ListArray:
    offsets = np.zeros(len(ends) + 1, np.int32)
    offsets[1:] = ends
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))


def _array(batch: pa.RecordBatch, name: str) -> NDArray[Any]:
    return np.array(batch.column(name).to_numpy(zero_copy_only=False))
