"""The compiled loops of the ledger pass (docs/exposure.md). Doubles only: exact integers are in the record.

A step is one transfer. It makes parts of what is in the pool at one end, moves them on by the hops that the
step counts, and adds them to the row of the pool at the other end. Parts sum to 1: they are normalised where
they are read, so that rounding does not build up along paths or over the life of a busy pool. A step knows
the steps before it and none of those to come: every sum carries its rounding error along from its first
addition on (Neumaier's summation).

All of it is in one file, because the cache of compiled code notices changes of a kernel's own file alone.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from app.ledger.kernel_cache import cached

FLOW_TOLERANCE = 1e-9
"""How far what a transfer takes out of a pool may be from what its annotation says, as part of its amount."""

F = TypeVar("F", bound=Callable[..., Any])
# Without `_nrt` (not in numba's stubs) nothing is allocated here and no references are counted: the arrays
# belong to the caller. Helpers are inlined, so that their many arrays are not copied for each call.
_compiled: Callable[[F], F] = njit(cache=True, error_model="numpy", nogil=True, _nrt=False)  # type: ignore[call-overload]
inlined: Callable[[F], F] = njit(error_model="numpy", inline="always", _nrt=False)  # type: ignore[call-overload]


def compiled(function: F) -> F:
    """A kernel, with its code from the installation."""
    return cached(_compiled, function)


BEYOND, RESIDUAL = 0, 1
"""Cells of a row: what is beyond the hop limit, and the direction's other residual at hop 0."""
START, FILLED, SIZE = 0, 1, 2
"""Columns of `Rows.span`."""
AMOUNT, USD, IN_POOL = 0, 2, 4
"""Columns of `Rows.sums` (the first two also of `Rows.total`); behind each is the sum's rounding error."""
SUM_COLUMNS = 6
FIRST_SPACE = 4
"""Cells that a new row has space for; a full row moves to twice the space."""


class Flows(NamedTuple):
    """Transfers with flow in ledger order, one array a column.

    Pools are numbered 0..n-1. `kept` is the part of the sender's balance that stayed: 1 - `send_share` with
    all its digits. Amounts are base units; `usd` is 0 where there is no price. `hops` is 1, or 0 where the
    money stays with its owner: such a step keeps the hops of its parts and counts in no total. The shifts are
    added to the cell of a labelled owner: its column may depend on when the money moved.
    """

    sender_pool: NDArray[np.int32]
    receiver_pool: NDArray[np.int32]
    amount: NDArray[np.float64]
    send_share: NDArray[np.float64]
    kept: NDArray[np.float64]
    unobserved: NDArray[np.float64]
    usd: NDArray[np.float64]
    hops: NDArray[np.int8]
    sender_shift: NDArray[np.int16]
    receiver_shift: NDArray[np.int16]


class Pools(NamedTuple):
    """By pool number: its owner wallet, and the cell of that wallet's category at hop 0, -1 without one.

    Wallets are numbered 0..m-1 and rise with the pools, so that an owner's pools are side by side.
    """

    wallet: NDArray[np.int32]
    own_cell: NDArray[np.int16]


class Parts(NamedTuple):
    """The money of one step: `size[0]` cells, rising from the second on, and the part in each, perhaps 0."""

    size: NDArray[np.int64]
    cell: NDArray[np.int16]
    value: NDArray[np.float64]


class Rows(NamedTuple):
    """One row a pool: its filled cells, rising, each with its sums over all steps so far.

    `span` (pools x 3) says where in `cell` and `sums` a row STARTs, how many cells are FILLED, and its SIZE:
    it has space for FIRST_SPACE << SIZE cells; -1 before its first step. `sums` (cells x 6) are the AMOUNT in
    base units and the value in USD of the pool's transfers, and what is IN_POOL now: base units (sources) or
    parts of a unit (destinations). `total` (pools x 4) has the first two of all cells together. Nothing
    behind `used[0]` is in use; `free[size]` is a space that some row has left, its first sum the next, or -1.
    `onward` (2 x width) is the cell that each cell's money is in after a step of 0 and of 1 hops.
    """

    span: NDArray[np.int32]
    total: NDArray[np.float64]
    cell: NDArray[np.int16]
    sums: NDArray[np.float64]
    used: NDArray[np.int64]
    free: NDArray[np.int64]
    onward: NDArray[np.int16]
    parts: Parts


class Shares(NamedTuple):
    """Rows of shares one behind the other; `end` is where each number's row ends, also an empty one."""

    end: NDArray[np.int64]
    cell: NDArray[np.int16]
    share: NDArray[np.float64]


class Scan(NamedTuple):
    """Steps of some wallets, one behind the other, each at one end of a transfer of one hop, in pass order.

    A step that `gives` is told by its pool what its transfer is of (sources: a send; destinations: a
    deposit), which is written to `given`; any other is told so by the other end (`taken`), and adds it to its
    pool. Both have a row a step. The other columns are those of `Flows`.
    """

    pool: NDArray[np.int64]
    gives: NDArray[np.bool_]
    amount: NDArray[np.float64]
    send_share: NDArray[np.float64]
    kept: NDArray[np.float64]
    unobserved: NDArray[np.float64]
    usd: NDArray[np.float64]
    taken: Shares
    given: Shares


@compiled
def trace_sources(flows: Flows, pools: Pools, rows: Rows, begin: int, end: int) -> int:
    """Takes the steps from `begin` to `end`: each adds where its money came from to its receiver's row.

    Returns how many steps are done, less than `end` if `rows` need more space before the next, or -1 - place
    of a transfer whose annotation does not fit its pool.
    """
    for t in range(begin, end):
        if _needs_space(rows):
            return t
        sender, receiver, hops = flows.sender_pool[t], flows.receiver_pool[t], flows.hops[t]
        amount, unobserved = flows.amount[t], flows.unobserved[t]
        if pools.own_cell[sender] >= 0:
            _only(rows, hops, pools.own_cell[sender] + flows.sender_shift[t])
        elif not _send(rows, hops, sender, flows.kept[t], flows.send_share[t], amount, unobserved):
            return -1 - t
        _add(rows, receiver, amount * hops, flows.usd[t] * hops, amount)
    return end


@compiled
def trace_destinations(flows: Flows, pools: Pools, rows: Rows, begin: int, end: int) -> int:
    """Takes steps from the last transfer on backwards: each adds where its money went to its sender's row.

    Returns what `trace_sources` does; `begin` and `end` count steps from the last transfer.
    """
    for done in range(begin, end):
        if _needs_space(rows):
            return done
        t = len(flows.amount) - 1 - done
        sender, receiver, hops = flows.sender_pool[t], flows.receiver_pool[t], flows.hops[t]
        if pools.own_cell[receiver] >= 0:
            _only(rows, hops, pools.own_cell[receiver] + flows.receiver_shift[t])
        elif not _deposit(rows, hops, receiver):
            return -1 - t
        _keep_of_send(rows, sender, flows.kept[t])
        _add(rows, sender, flows.amount[t] * hops, flows.usd[t] * hops, flows.send_share[t])
    return end


@compiled
def scan_sources(scan: Scan, rows: Rows, begin: int, end: int) -> int:
    """One wallet after the other, in ledger order: what deposits say they are of, and what sends are of then.

    Returns the place of the next step, less than `end` if `rows` or `scan.given` need more space before it,
    or -1 - place of a send whose annotation does not fit its pool.
    """
    for at in range(begin, end):
        if _needs_space(rows) or _is_full(scan.given, at, rows):
            return at
        pool, amount = scan.pool[at], scan.amount[at]
        if scan.gives[at]:
            share, unobserved = scan.send_share[at], scan.unobserved[at]
            if not _send(rows, 1, pool, scan.kept[at], share, amount, unobserved):
                return -1 - at
            _write_parts(rows.parts, scan.given, at)
        else:
            _read_parts(scan.taken, at, rows.parts)
            _add(rows, pool, amount, scan.usd[at], amount)
            _write_nothing(scan.given, at)
    return end


@compiled
def scan_destinations(scan: Scan, rows: Rows, begin: int, end: int) -> int:
    """As `scan_sources`, from the last transfer back: where sends went, and so where deposits went."""
    for at in range(begin, end):
        if _needs_space(rows) or _is_full(scan.given, at, rows):
            return at
        pool = scan.pool[at]
        if scan.gives[at]:
            if not _deposit(rows, 1, pool):
                return -1 - at
            _write_parts(rows.parts, scan.given, at)
        else:
            _keep_of_send(rows, pool, scan.kept[at])
            _read_parts(scan.taken, at, rows.parts)
            _add(rows, pool, scan.amount[at], scan.usd[at], scan.send_share[at])
            _write_nothing(scan.given, at)
    return end


@compiled
def copy_rows(rows: Rows, pools: NDArray[np.int64], to: Rows, places: NDArray[np.int64]) -> None:
    """Copies the rows of some pools to others that have none; `to` has space for them."""
    for number in range(len(pools)):
        pool, place = pools[number], places[number]
        if rows.span[pool, SIZE] < 0:
            continue
        size, filled = rows.span[pool, SIZE], rows.span[pool, FILLED]
        start, target = rows.span[pool, START], _space(to, size)
        to.span[place, START], to.span[place, FILLED], to.span[place, SIZE] = target, filled, size
        for column in range(4):
            to.total[place, column] = rows.total[pool, column]
        for offset in range(filled):
            to.cell[target + offset] = rows.cell[start + offset]
            for column in range(SUM_COLUMNS):
                to.sums[target + offset, column] = rows.sums[start + offset, column]


@compiled
def read_shares(
    rows: Rows, pools: Pools, by_pool: Shares, by_wallet: Shares, usd: NDArray[np.float64]
) -> float:
    """Divides rows by their totals: each pool's by its amount, each wallet's by USD, summed over its pools.

    `usd` (width + 1 x 2) is zero before and after: a wallet's sums by cell, then its total. Returns the
    largest difference of a row's sum from 1.
    """
    pool_cells = wallet_cells = 0
    difference = 0.0
    of_all = len(usd) - 1
    first_cell, end_cell = of_all, 0  # of the cells that the current wallet has
    for pool in range(len(rows.span)):
        start = rows.span[pool, START]
        total, whole = rows.total[pool, AMOUNT] + rows.total[pool, AMOUNT + 1], 0.0
        for at in range(start, start + rows.span[pool, FILLED]):
            cell, value = rows.cell[at], rows.sums[at, AMOUNT] + rows.sums[at, AMOUNT + 1]
            if value != 0.0:
                by_pool.cell[pool_cells], by_pool.share[pool_cells] = cell, value / total
                whole += value / total
                pool_cells += 1
            _accumulate(usd, cell, 0, rows.sums[at, USD] + rows.sums[at, USD + 1])
            first_cell, end_cell = min(first_cell, cell), max(end_cell, cell + 1)
        by_pool.end[pool] = pool_cells
        if total != 0.0:
            difference = _larger(difference, whole)
        _accumulate(usd, of_all, 0, rows.total[pool, USD] + rows.total[pool, USD + 1])
        wallet = pools.wallet[pool]
        if pool + 1 < len(rows.span) and pools.wallet[pool + 1] == wallet:
            continue
        total, whole = usd[of_all, 0] + usd[of_all, 1], 0.0
        for cell in range(first_cell, end_cell):
            value = usd[cell, 0] + usd[cell, 1]
            if value != 0.0:
                by_wallet.cell[wallet_cells], by_wallet.share[wallet_cells] = cell, value / total
                whole += value / total
                wallet_cells += 1
            usd[cell, 0] = usd[cell, 1] = 0.0
        by_wallet.end[wallet] = wallet_cells
        if total != 0.0:
            difference = _larger(difference, whole)
        usd[of_all, 0] = usd[of_all, 1] = 0.0
        first_cell, end_cell = of_all, 0
    return difference


@inlined
def _send(  # noqa: PLR0917 - inlined: compiled code has no keywords
    rows: Rows, hops: int, pool: int, kept: float, send_share: float, amount: float, unobserved: float
) -> bool:
    """Makes parts of what a send is of. Returns whether its annotation fits its pool."""
    held = _take(rows, hops, pool, kept)
    covered = (amount - unobserved) / amount
    _scale(rows.parts, covered / held if held > 0.0 else 0.0)
    rows.parts.value[1] = unobserved / amount
    return bool(abs(held / amount * send_share - covered) <= FLOW_TOLERANCE)


@inlined
def _deposit(rows: Rows, hops: int, pool: int) -> bool:
    """Makes parts of where a deposit went. Returns whether what is in its pool adds up."""
    whole = 1.0
    if rows.span[pool, SIZE] < 0:
        _only(rows, hops, RESIDUAL)
    else:
        whole = _take(rows, hops, pool, 1.0)
        _scale(rows.parts, 1.0 / whole)
    return bool(abs(whole - 1.0) <= FLOW_TOLERANCE)


@inlined
def _keep_of_send(rows: Rows, pool: int, kept: float) -> None:
    """Makes space in a sender's pool, from the last transfer back, for where this send went."""
    if rows.span[pool, SIZE] < 0:
        _begin_at_rest(rows, pool)
    _keep(rows, pool, kept)


@inlined
def _is_full(given: Shares, at: int, rows: Rows) -> bool:
    """Whether the parts of the next step might not fit."""
    written = given.end[at - 1] if at > 0 else 0
    return bool(written + len(rows.parts.cell) > len(given.cell))


@inlined
def _write_parts(parts: Parts, given: Shares, at: int) -> None:
    """Writes the parts that are not 0, as those of step `at`."""
    written = given.end[at - 1] if at > 0 else 0
    for part in range(parts.size[0]):
        if parts.value[part] != 0.0:
            given.cell[written], given.share[written] = parts.cell[part], parts.value[part]
            written += 1
    given.end[at] = written


@inlined
def _write_nothing(given: Shares, at: int) -> None:
    given.end[at] = given.end[at - 1] if at > 0 else 0


@inlined
def _read_parts(taken: Shares, at: int, parts: Parts) -> None:
    """Makes the parts that step `at` was given."""
    begin = taken.end[at - 1] if at > 0 else 0
    parts.size[0] = taken.end[at] - begin
    for part in range(parts.size[0]):
        parts.cell[part], parts.value[part] = taken.cell[begin + part], taken.share[begin + part]


@inlined
def _larger(difference: float, whole: float) -> float:
    """The difference of a sum from 1 if it is larger; infinity if the sum is no number."""
    if abs(whole - 1.0) <= difference:
        return difference
    return abs(whole - 1.0) if whole == whole else np.inf  # noqa: PLR0124 - not a number


@inlined
def _only(rows: Rows, hops: int, cell: int) -> None:
    """Makes one part of money that is all in one cell."""
    rows.parts.size[0] = 1
    rows.parts.cell[0] = rows.onward[hops, cell]
    rows.parts.value[0] = 1.0


@inlined
def _take(rows: Rows, hops: int, pool: int, kept: float) -> float:
    """Makes parts of what is in a pool and leaves `kept` of it there. Returns how much it was.

    The first part is what is beyond the hop limit, the second is for what the pool does not cover.
    """
    parts, onward = rows.parts, rows.onward
    parts.cell[0], parts.value[0] = BEYOND, 0.0
    parts.cell[1], parts.value[1] = onward[hops, RESIDUAL], 0.0
    count, held = 2, 0.0
    start = rows.span[pool, START]
    for at in range(start, start + rows.span[pool, FILLED]):
        value = rows.sums[at, IN_POOL] + rows.sums[at, IN_POOL + 1]
        if value > 0.0:
            held += value
            cell = onward[hops, rows.cell[at]]
            if cell == BEYOND:
                parts.value[0] += value
            else:
                parts.cell[count], parts.value[count] = cell, value
                count += 1
    parts.size[0] = count
    if kept != 1.0:
        _keep(rows, pool, kept)
    return held


@inlined
def _keep(rows: Rows, pool: int, kept: float) -> None:
    """Leaves that part of what is in a pool."""
    start = rows.span[pool, START]
    for at in range(start, start + rows.span[pool, FILLED]):
        rows.sums[at, IN_POOL] *= kept
        rows.sums[at, IN_POOL + 1] *= kept


@inlined
def _scale(parts: Parts, scale: float) -> None:
    for part in range(parts.size[0]):
        parts.value[part] *= scale


@inlined
def _add(rows: Rows, pool: int, amount: float, usd: float, in_pool: float) -> None:
    """Adds the parts to a pool's row: to each sum with its own weight."""
    if rows.span[pool, SIZE] < 0:
        _begin(rows, pool)
    at = start = rows.span[pool, START]
    end = start + rows.span[pool, FILLED]
    for part in range(rows.parts.size[0]):
        cell, value = rows.parts.cell[part], rows.parts.value[part]
        if value == 0.0:
            continue
        while at < end and rows.cell[at] < cell:
            at += 1
        if at == end or rows.cell[at] != cell:
            if end - start == FIRST_SPACE << rows.span[pool, SIZE]:
                moved = _grow(rows, pool) - start
                start, at, end = start + moved, at + moved, end + moved
            for later in range(end, at, -1):
                _copy_cell(rows, later - 1, later)
            _clear_cell(rows, at, cell)
            end += 1
        _accumulate(rows.sums, at, AMOUNT, value * amount)
        _accumulate(rows.sums, at, USD, value * usd)
        _accumulate(rows.sums, at, IN_POOL, value * in_pool)
    rows.span[pool, FILLED] = end - start
    _accumulate(rows.total, pool, AMOUNT, amount)
    _accumulate(rows.total, pool, USD, usd)


@inlined
def _accumulate(sums: NDArray[np.float64], at: int, column: int, value: float) -> None:
    """Adds to a sum, and what rounding takes from it to the column behind (Knuth's TwoSum)."""
    before = sums[at, column]
    after = before + value
    added = after - before
    sums[at, column] = after
    sums[at, column + 1] += (before - (after - added)) + (value - added)


@inlined
def _begin(rows: Rows, pool: int) -> int:
    """Gives a pool an empty row. Returns its start."""
    start = _space(rows, 0)
    rows.span[pool, START], rows.span[pool, FILLED], rows.span[pool, SIZE] = start, 0, 0
    return start


@inlined
def _begin_at_rest(rows: Rows, pool: int) -> None:
    """Gives a pool a row that says: all of a unit in it rests there."""
    start = _begin(rows, pool)
    rows.span[pool, FILLED] = 1
    _clear_cell(rows, start, RESIDUAL)
    rows.sums[start, IN_POOL] = 1.0


@inlined
def _grow(rows: Rows, pool: int) -> int:
    """Moves a full row to twice the space and leaves the old one to other rows. Returns the new start."""
    old, size = rows.span[pool, START], rows.span[pool, SIZE]
    new = _space(rows, size + 1)
    for offset in range(FIRST_SPACE << size):
        _copy_cell(rows, old + offset, new + offset)
    rows.sums[old, 0] = rows.free[size]
    rows.free[size] = old
    rows.span[pool, START], rows.span[pool, SIZE] = new, size + 1
    return new


@inlined
def _space(rows: Rows, size: int) -> int:
    """The start of a space of that size: one that some row has left, or an unused one."""
    start = int(rows.free[size])
    if start >= 0:
        rows.free[size] = int(rows.sums[start, 0])
    else:
        start = int(rows.used[0])
        rows.used[0] += FIRST_SPACE << size
    return start


@inlined
def _needs_space(rows: Rows) -> bool:
    """Whether the next step might not fit: it may begin two rows and grow one of them through all sizes."""
    return bool(rows.used[0] + (FIRST_SPACE << len(rows.free)) + FIRST_SPACE > len(rows.cell))


@inlined
def _copy_cell(rows: Rows, at: int, to: int) -> None:
    rows.cell[to] = rows.cell[at]
    for column in range(SUM_COLUMNS):
        rows.sums[to, column] = rows.sums[at, column]


@inlined
def _clear_cell(rows: Rows, at: int, cell: int) -> None:
    """Makes it that cell, with nothing in it."""
    rows.cell[at] = cell
    for column in range(SUM_COLUMNS):
        rows.sums[at, column] = 0.0
