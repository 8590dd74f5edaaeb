"""The compiled loops of the ledger pass. Doubles only: the exact part, `send_share`, is in the annotation.

What travels with a transfer are `Parts`, cells that sum to 1; they are normalised where they are read, so
that rounding does not build up along paths and over the life of a busy pool. Few cells of many are ever
filled, so rows are lists of filled cells. All of it stands in one file because the cache of compiled code
notices changes of a kernel's own file alone.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

FLOW_TOLERANCE = 1e-9
"""How far what a transfer takes out of a pool may be from what its annotation says, as part of its amount."""


F = TypeVar("F", bound=Callable[..., Any])
# Without `_nrt` (not in numba's stubs) nothing is allocated here and no references are counted: the arrays
# belong to the caller. Helpers are inlined, so that their many arrays are not copied for each call.
compiled: Callable[[F], F] = njit(cache=True, error_model="numpy", nogil=True, _nrt=False)  # type: ignore[call-overload]
inlined: Callable[[F], F] = njit(error_model="numpy", inline="always", _nrt=False)  # type: ignore[call-overload]

TO_COME, ROW, LOW_ROW = 0, 1, 2
"""Columns of `Sums.number`."""


class Flows(NamedTuple):
    """Transfers with flow in ledger order, one array a column.

    Pools are numbered 0..n-1. `kept` is the part of the sender's balance that stayed: 1 - `send_share` with
    all its digits. Amounts are base units; `usd` is 0 where there is no price.
    """

    sender_pool: NDArray[np.int32]
    receiver_pool: NDArray[np.int32]
    amount: NDArray[np.float64]
    send_share: NDArray[np.float64]
    kept: NDArray[np.float64]
    unobserved: NDArray[np.float64]
    usd: NDArray[np.float64]


class Pools(NamedTuple):
    """By pool number: the number of its wallet (0..m-1) and that wallet's category, -1 without one."""

    wallet: NDArray[np.int32]
    category: NDArray[np.int16]


class Sums(NamedTuple):
    """Rows that are added to. A number has a row from its first addition until its last use.

    `number` has three columns, side by side because they are read together: how many uses of a number are
    still TO_COME, its ROW, and its row in `low`, LOW_ROW (-1 without). `free` lists the `unused[0]` rows that
    no number has. The first `filled` places of a row of `cell` and `value` are its cells, rising. `total`
    (rows x 2) is what was added to each row, with its rounding error. Busy numbers carry the rounding errors
    of their values along in `low` (Neumaier's summation).
    """

    number: NDArray[np.int32]
    free: NDArray[np.int32]
    unused: NDArray[np.int64]
    filled: NDArray[np.int16]
    cell: NDArray[np.int16]
    value: NDArray[np.float64]
    total: NDArray[np.float64]
    low: NDArray[np.float64]


class Finished(NamedTuple):
    """Rows that nothing is added to any more, divided by their totals.

    `size` is how many rows and how many cells there are, `end` where each row ends; `furthest[0]` is the
    largest difference of a row's sum from 1.
    """

    number: NDArray[np.int32]
    end: NDArray[np.int64]
    cell: NDArray[np.int16]
    share: NDArray[np.float64]
    size: NDArray[np.int64]
    furthest: NDArray[np.float64]


class Parts(NamedTuple):
    """The filled cells of one transfer, rising: the first `size[0]` places."""

    cell: NDArray[np.int16]
    value: NDArray[np.float64]
    size: NDArray[np.int64]


class Rows(NamedTuple):
    """What a pass fills: by pool, by wallet in USD, and by unlabelled pool that both receives and sends.

    `resting` is, by row of `through`, what of a unit rests in the pool for good (destinations alone). `parts`
    and `taken` are of one transfer. `further` is the cell that each cell's money is in one transfer on.
    """

    own: Sums
    combined: Sums
    through: Sums
    resting: NDArray[np.float64]
    own_done: Finished
    combined_done: Finished
    parts: Parts
    taken: Parts
    further: NDArray[np.int16]


@compiled
def trace_sources(flows: Flows, pools: Pools, rows: Rows, hop_limit: int, begin: int) -> int:
    """Adds each transfer's origins to its receiver, first transfer first, from place `begin` on.

    A row of `through` holds the amounts in a pool, by origin. Returns the place it got to: it stops where
    there may be no room for another finished row. -1 - place is that of a transfer whose annotation does not
    fit its pool.
    """
    content = rows.through
    width = rows.own.cell.shape[1]
    parts, taken = rows.parts, rows.taken
    for t in range(begin, len(flows.amount)):
        if _is_full(rows, width):
            return t
        sender, receiver, amount = flows.sender_pool[t], flows.receiver_pool[t], flows.amount[t]
        if pools.category[sender] >= 0:
            _only(parts, (1 + pools.category[sender]) * hop_limit + 1)
        else:
            held = _take(taken, content, sender, flows.kept[t])
            covered = (amount - flows.unobserved[t]) / amount
            if not abs(held / amount * flows.send_share[t] - covered) <= FLOW_TOLERANCE:
                return -1 - t
            scale = covered / held if held > 0 else 0.0
            _move_on(rows, scale, 1, flows.unobserved[t] / amount)
        if content.number[receiver, TO_COME] > 0:
            _add(content, receiver, parts, amount)
        _add(rows.own, receiver, parts, amount)
        _use(rows.own, receiver, rows.own_done)
        if flows.usd[t] > 0:
            _add(rows.combined, pools.wallet[receiver], parts, flows.usd[t])
            _use(rows.combined, pools.wallet[receiver], rows.combined_done)
    return len(flows.amount)


@compiled
def trace_destinations(flows: Flows, pools: Pools, rows: Rows, hop_limit: int, begin: int) -> int:
    """Adds each transfer's ends to its sender, last transfer first, behind `begin` others.

    A row of `through` says where a unit in a pool goes; what rests there for good is `resting`. Returns as
    `trace_sources` does how many it has done, or -1 - place.
    """
    future, resting = rows.through, rows.resting
    width = rows.own.cell.shape[1]
    parts, taken = rows.parts, rows.taken
    rests_at = 1 if hop_limit > 1 else 0
    for done in range(begin, len(flows.amount)):
        if _is_full(rows, width):
            return done
        t = len(flows.amount) - 1 - done
        sender, receiver, amount = flows.sender_pool[t], flows.receiver_pool[t], flows.amount[t]
        if pools.category[receiver] >= 0:
            _only(parts, (1 + pools.category[receiver]) * hop_limit + 1)
        else:
            row = future.number[receiver, ROW]
            rests = resting[row] if row >= 0 else 1.0
            whole = rests + _take(taken, future, receiver, 1.0)
            if not abs(whole - 1.0) <= FLOW_TOLERANCE:
                return -1 - t
            _move_on(rows, 1.0 / whole, rests_at, rests / whole)
        _add(rows.own, sender, parts, amount)
        _use(rows.own, sender, rows.own_done)
        if flows.usd[t] > 0:
            _add(rows.combined, pools.wallet[sender], parts, flows.usd[t])
            _use(rows.combined, pools.wallet[sender], rows.combined_done)
        if future.number[sender, TO_COME] > 0:
            if future.number[sender, ROW] < 0:
                resting[_open(future, sender)] = 1.0
            _keep(future, sender, flows.kept[t])
            resting[future.number[sender, ROW]] *= flows.kept[t]
            _add(future, sender, parts, flows.send_share[t])
    return len(flows.amount)


@inlined
def _is_full(rows: Rows, width: int) -> bool:
    """Whether there may be no room for one more finished row."""
    own, combined = rows.own_done, rows.combined_done
    return bool(
        own.size[0] == len(own.number)
        or combined.size[0] == len(combined.number)
        or own.size[1] + width > len(own.cell)
        or combined.size[1] + width > len(combined.cell)
    )


@inlined
def _only(parts: Parts, cell: int) -> None:
    """All of it in one cell."""
    parts.cell[0] = cell
    parts.value[0] = 1.0
    parts.size[0] = 1


@inlined
def _take(taken: Parts, content: Sums, number: int, kept: float) -> float:
    """Copies what a pool holds into `taken`, leaves `kept` of it there and returns how much it was.

    Counts as a use: after the last one nothing need be left.
    """
    row, low_row = content.number[number, ROW], content.number[number, LOW_ROW]
    content.number[number, TO_COME] -= 1
    taken.size[0] = 0
    if row < 0:
        return 0.0
    held = 0.0
    for place in range(content.filled[row]):
        value = content.value[row, place]
        if low_row >= 0:
            value += content.low[low_row, place]
        taken.cell[place] = content.cell[row, place]
        taken.value[place] = value
        held += value
    taken.size[0] = content.filled[row]
    if content.number[number, TO_COME] == 0:
        _close(content, number)
    else:
        _keep(content, number, kept)
    return held


@inlined
def _keep(sums: Sums, number: int, kept: float) -> None:
    """Leaves that part of a number's row."""
    row, low_row = sums.number[number, ROW], sums.number[number, LOW_ROW]
    if kept <= 0.0:
        sums.filled[row] = 0
    for place in range(sums.filled[row]):
        sums.value[row, place] *= kept
        if low_row >= 0:
            sums.low[low_row, place] *= kept


@inlined
def _move_on(rows: Rows, scale: float, first_cell: int, first: float) -> None:
    """All that was taken, scaled, one hop on, with the residual `first` in its cell, 0 or 1."""
    parts, taken, further = rows.parts, rows.taken, rows.further
    beyond = first if first_cell == 0 else 0.0
    for place in range(taken.size[0]):
        if further[taken.cell[place]] == 0:
            beyond += taken.value[place] * scale
    count = 0
    if beyond > 0.0:
        parts.cell[count], parts.value[count] = 0, beyond
        count += 1
    if first_cell == 1 and first > 0.0:
        parts.cell[count], parts.value[count] = 1, first
        count += 1
    for place in range(taken.size[0]):
        cell, value = further[taken.cell[place]], taken.value[place] * scale
        if cell > 0 and value > 0.0:
            parts.cell[count], parts.value[count] = cell, value
            count += 1
    parts.size[0] = count


@inlined
def _open(sums: Sums, number: int) -> int:
    """Gives a number an empty row."""
    sums.unused[0] -= 1
    row = sums.free[sums.unused[0]]
    sums.number[number, ROW] = row
    sums.filled[row] = 0
    sums.total[row, 0] = sums.total[row, 1] = 0.0
    return int(row)


@inlined
def _close(sums: Sums, number: int) -> None:
    """Takes the row of a number back."""
    sums.free[sums.unused[0]] = sums.number[number, ROW]
    sums.unused[0] += 1
    sums.number[number, ROW] = -1


@inlined
def _add(sums: Sums, number: int, parts: Parts, weight: float) -> None:
    """Adds `parts` times `weight` to a number's row."""
    row, low_row = sums.number[number, ROW], sums.number[number, LOW_ROW]
    if row < 0:
        row = _open(sums, number)
    filled, place = sums.filled[row], 0
    for part in range(parts.size[0]):
        cell = parts.cell[part]
        while place < filled and sums.cell[row, place] < cell:
            place += 1
        if place == filled or sums.cell[row, place] != cell:
            for later in range(filled, place, -1):
                sums.cell[row, later] = sums.cell[row, later - 1]
                sums.value[row, later] = sums.value[row, later - 1]
                if low_row >= 0:
                    sums.low[low_row, later] = sums.low[low_row, later - 1]
            sums.cell[row, place] = cell
            sums.value[row, place] = 0.0
            if low_row >= 0:
                sums.low[low_row, place] = 0.0
            filled += 1
        if low_row < 0:
            sums.value[row, place] += parts.value[part] * weight
        else:
            sums.value[row, place], error = _two_sum(sums.value[row, place], parts.value[part] * weight)
            sums.low[low_row, place] += error
    sums.filled[row] = filled
    sums.total[row, 0], error = _two_sum(sums.total[row, 0], weight)
    sums.total[row, 1] += error


@inlined
def _use(sums: Sums, number: int, done: Finished) -> None:
    """Counts an addition; the last one finishes the row."""
    sums.number[number, TO_COME] -= 1
    if sums.number[number, TO_COME] > 0:
        return
    row, low_row, at = sums.number[number, ROW], sums.number[number, LOW_ROW], done.size[1]
    total = sums.total[row, 0] + sums.total[row, 1]
    whole = 0.0
    for place in range(sums.filled[row]):
        value = sums.value[row, place]
        if low_row >= 0:
            value += sums.low[low_row, place]
        if value != 0.0:
            done.cell[at] = sums.cell[row, place]
            done.share[at] = value / total
            whole += done.share[at]
            at += 1
    done.number[done.size[0]] = number
    done.end[done.size[0]] = at
    done.size[0] += 1
    done.size[1] = at
    if not abs(whole - 1.0) <= done.furthest[0]:
        done.furthest[0] = abs(whole - 1.0) if whole == whole else np.inf  # noqa: PLR0124 - not a number
    _close(sums, number)


@inlined
def _two_sum(a: float, b: float) -> tuple[float, float]:
    """The sum of two doubles and its rounding error, exactly (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)
