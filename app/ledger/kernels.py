"""The compiled loops of the ledger pass. Doubles only: the exact part, `send_share`, is in the annotation.

What travels with a transfer is `parts`, cells that sum to 1; they are normalised where they are read, so that
rounding does not build up along paths and over the life of a busy pool.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

FLOW_TOLERANCE = 1e-9
"""How far what a transfer takes out of a pool may be from what its annotation says, as part of its amount."""


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
    """Rows of cells that are added to; busy rows carry their rounding errors along (Neumaier's summation).

    `row` gives the row of a number or -1, `low_row` the row in `low` of a row of `cells` or -1;
    `total` (rows x 2) is what was added to each row, with its rounding error.
    """

    row: NDArray[np.int32]
    low_row: NDArray[np.int32]
    cells: NDArray[np.float64]
    low: NDArray[np.float64]
    total: NDArray[np.float64]


class Rows(NamedTuple):
    """What a pass fills: by pool, by wallet in USD, and by unlabelled pool that both receives and sends."""

    own: Sums
    combined: Sums
    through: Sums


@njit(cache=True, error_model="numpy")
def trace_sources(flows: Flows, pools: Pools, rows: Rows, hop_limit: int) -> int:
    """Adds each transfer's origins to its receiver, first transfer first.

    A row of `through` holds the amounts in a pool, by origin. Returns the place of a transfer whose
    annotation does not fit its pool, or -1.
    """
    content = rows.through
    width = rows.own.cells.shape[1]
    parts = np.zeros(width)
    live = np.zeros(width, np.int64)
    for t in range(len(flows.amount)):
        sender, receiver, amount = flows.sender_pool[t], flows.receiver_pool[t], flows.amount[t]
        if pools.category[sender] >= 0:
            _only(parts, (1 + pools.category[sender]) * hop_limit + 1)
        else:
            held = _take(parts, content, content.row[sender], flows.kept[t])
            covered = (amount - flows.unobserved[t]) / amount
            if not abs(held / amount * flows.send_share[t] - covered) <= FLOW_TOLERANCE:
                return t
            _move_on(parts, covered / held if held > 0 else 0.0, flows.unobserved[t] / amount, hop_limit)
        count = _list_live(live, parts)
        _add(rows.own, receiver, parts, live[:count], amount)
        _add(rows.combined, pools.wallet[receiver], parts, live[:count], flows.usd[t])
        _add(content, receiver, parts, live[:count], amount)
    return -1


@njit(cache=True, error_model="numpy")
def trace_destinations(flows: Flows, pools: Pools, rows: Rows, hop_limit: int) -> int:
    """Adds each transfer's ends to its sender, last transfer first.

    A row of `through` says where a unit in a pool goes; what rests there for good is `resting`. Returns the
    place of a transfer whose annotation does not fit its pool, or -1.
    """
    future = rows.through
    width = rows.own.cells.shape[1]
    parts = np.zeros(width)
    live = np.zeros(width, np.int64)
    resting = np.ones(len(future.cells))
    for t in range(len(flows.amount) - 1, -1, -1):
        sender, receiver, amount = flows.sender_pool[t], flows.receiver_pool[t], flows.amount[t]
        if pools.category[receiver] >= 0:
            _only(parts, (1 + pools.category[receiver]) * hop_limit + 1)
        else:
            row = future.row[receiver]
            rests = resting[row] if row >= 0 else 1.0
            whole = rests + _take(parts, future, row, 1.0)
            if not abs(whole - 1.0) <= FLOW_TOLERANCE:
                return t
            _move_on(parts, 1.0 / whole, rests / whole, hop_limit)
            # What arrives with the last allowed transfer is beyond the limit, whether it rests there or not.
            parts[0] += parts[hop_limit]
            parts[hop_limit] = 0.0
        count = _list_live(live, parts)
        _add(rows.own, sender, parts, live[:count], amount)
        _add(rows.combined, pools.wallet[sender], parts, live[:count], flows.usd[t])
        row = future.row[sender]
        if row >= 0:
            for cell in range(width):
                future.cells[row, cell] = (
                    future.cells[row, cell] * flows.kept[t] + parts[cell] * flows.send_share[t]
                )
            resting[row] *= flows.kept[t]
    return -1


@njit(cache=True, error_model="numpy")
def _only(parts: NDArray[np.float64], cell: int) -> None:
    """All of it in one cell."""
    for other in range(len(parts)):
        parts[other] = 0.0
    parts[cell] = 1.0


@njit(cache=True, error_model="numpy")
def _take(parts: NDArray[np.float64], content: Sums, row: int, kept: float) -> float:
    """Copies what a pool holds into `parts`, leaves `kept` of it there and returns how much it was."""
    held = 0.0
    low_row = content.low_row[row] if row >= 0 else -1
    for cell in range(len(parts)):
        parts[cell] = 0.0
        if row >= 0:
            parts[cell] = content.cells[row, cell]
            content.cells[row, cell] *= kept
        if low_row >= 0:
            parts[cell] += content.low[low_row, cell]
            content.low[low_row, cell] *= kept
        held += parts[cell]
    return held


@njit(cache=True, error_model="numpy")
def _move_on(parts: NDArray[np.float64], scale: float, first: float, hop_limit: int) -> None:
    """Scales all and moves it one hop on, past the limit into cell 0; `first` is the residual at hop 1."""
    parts[0] *= scale
    for last in range(hop_limit, len(parts), hop_limit):
        parts[0] += parts[last] * scale
        for cell in range(last, last - hop_limit + 1, -1):
            parts[cell] = parts[cell - 1] * scale
        parts[last - hop_limit + 1] = 0.0
    parts[1] = first


@njit(cache=True, error_model="numpy")
def _list_live(live: NDArray[np.int64], parts: NDArray[np.float64]) -> int:
    """Lists the cells that are not 0, usually few, and returns how many they are."""
    count = 0
    for cell in range(len(parts)):
        if parts[cell] != 0.0:
            live[count] = cell
            count += 1
    return count


@njit(cache=True, error_model="numpy")
def _add(sums: Sums, number: int, parts: NDArray[np.float64], live: NDArray[np.int64], weight: float) -> None:
    """Adds `parts`, 0 but for the `live` cells, times `weight` to a number's row, if it has one."""
    row = sums.row[number]
    if row < 0 or weight <= 0:
        return
    low_row = sums.low_row[row]
    for cell in live:
        if low_row < 0:
            sums.cells[row, cell] += parts[cell] * weight
        else:
            sums.cells[row, cell], error = _two_sum(sums.cells[row, cell], parts[cell] * weight)
            sums.low[low_row, cell] += error
    sums.total[row, 0], error = _two_sum(sums.total[row, 0], weight)
    sums.total[row, 1] += error


@njit(cache=True, error_model="numpy")
def _two_sum(a: float, b: float) -> tuple[float, float]:
    """The sum of two doubles and its rounding error, exactly (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)
