"""The engine that asks the graph: exact exposures of many wallets by variable-length path queries."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import Progress
from app.errors import NotReady, Unequal
from app.ledger.cells import DESTINATION, DIRECTION_NAMES, SOURCE, CellLayout
from app.ledger.shares import DirectionShares, Exposures
from app.ledger.sparse import SparseRows
from app.policy.columns import ExposureColumn
from app.runs.engines.path_queries import PathQueries, Rows
from app.stores.graph import Graph
from cypher import query

_TOLERANCE = 1e-9  # of the total: what drains of a million may cost; more means the annotations do not fit
_NOISE = 1e-12  # of the total: a difference of two sums below it is rounding, not money
_AMOUNT, _USD = 0, 1


def exposures_by_paths(
    graph: Graph,
    layout: CellLayout,
    *,
    firm_confidence: int,
    known_assets: Collection[int],
    watermark: int,
    wallet_ids: Sequence[int],
    progress: Progress,
    deadline: float = inf,
) -> Exposures:
    """Both directions of these wallets, over every path of up to `layout.hop_limit` transfers.

    Raises:
        QueryTimeout: not all paths are walked at the deadline (monotonic seconds), or one wallet alone has
            more than the graph walks in QUERY_SECONDS.
        NotReady: transfers the run has seen have been restated since.
        Unequal: the parts of a wallet do not add up to its whole.
    """
    try:
        exposures = shares_by_paths(
            graph,
            layout,
            firm_confidence=firm_confidence,
            known_assets=known_assets,
            watermark=watermark,
            wallet_ids=wallet_ids,
            progress=progress,
            deadline=deadline,
        )
    except Unequal:
        _check_not_restated(graph, watermark)
        raise
    _check_not_restated(graph, watermark)
    return exposures


def shares_by_paths(
    graph: Graph,
    layout: CellLayout,
    *,
    firm_confidence: int,
    known_assets: Collection[int],
    watermark: int,
    wallet_ids: Sequence[int],
    progress: Progress,
    deadline: float = inf,
) -> Exposures:
    """As `exposures_by_paths`; the caller makes sure that nothing up to the watermark was restated meanwhile.

    Raises: as `exposures_by_paths`, but NotReady.
    """
    paths = PathQueries(
        graph,
        wallet_ids,
        watermark=watermark,
        hop_limit=layout.hop_limit,
        firm_confidence=firm_confidence,
        deadline=deadline,
        progress=progress,
    )
    source, destination = paths.in_each(
        (SOURCE, DESTINATION),
        lambda direction, answers: _direction_shares(direction, layout, answers, known_assets),
    )
    return Exposures(layout, source, destination)


def shares_of_rows(
    direction: int, layout: CellLayout, rows: Rows, known_assets: Collection[int]
) -> DirectionShares:
    """The shares of one direction out of rows as the path queries answer them.

    Raises:
        Unequal: the parts of a wallet do not add up to its whole.
    """
    return _direction_shares(direction, layout, [rows], known_assets)


def _check_not_restated(graph: Graph, watermark: int) -> None:
    restated = graph.read(query("exposure/restated_since"), {"watermark": watermark})[0]["transfers"]
    if restated:
        raise NotReady(
            f"{restated} transfers were restated after batch {watermark}, while the run was reading them. "
            "Start the run again, or use the ledger engine."
        )


def _direction_shares(
    direction: int, layout: CellLayout, answers: Iterable[Rows], known_assets: Collection[int]
) -> DirectionShares:
    pools: list[tuple[int, int]] = []
    priced: list[int] = []
    shares: list[NDArray[np.float64]] = []
    combined: list[NDArray[np.float64]] = []
    for rows in answers:
        carried = _carried(rows, layout)
        by_wallet: dict[int, NDArray[np.float64]] = {}
        for (wallet_id, asset_id), sums in sorted(carried.items()):
            pools.append((wallet_id, asset_id))
            shares.append(_shares(sums[_AMOUNT], direction, layout, wallet_id))
            if asset_id in known_assets:
                by_wallet[wallet_id] = by_wallet.get(wallet_id, 0.0) + sums[_USD]
        for wallet_id, sums in by_wallet.items():
            if sums.any():
                priced.append(wallet_id)
                combined.append(_shares(sums, direction, layout, wallet_id))
    return DirectionShares(
        np.array([wallet_id for wallet_id, _ in pools], np.int64),
        np.array([asset_id for _, asset_id in pools], np.int32),
        SparseRows.of(np.array(shares).reshape(-1, layout.width)),
        np.array(priced, np.int64),
        SparseRows.of(np.array(combined).reshape(-1, layout.width)),
    )


def _carried(rows: Rows, layout: CellLayout) -> Mapping[tuple[int, int], NDArray[np.float64]]:
    """By wallet and asset: amount and USD (axis 0) by hop - 1 (axis 1) and by where paths end (axis 2).

    Ends are the categories, then an unlabelled wallet, then what its pool could not cover.
    """
    unlabelled = len(layout.categories)
    place: dict[str | None, int] = {name: number for number, name in enumerate(layout.categories)}
    place[None] = unlabelled
    carried: dict[tuple[int, int], NDArray[np.float64]] = {}
    for row in rows:
        pool = row["wallet_id"], row["asset_id"]
        if pool not in carried:
            carried[pool] = np.zeros((2, layout.hop_limit, unlabelled + 2))
        end = carried[pool][:, row["hop"] - 1]
        end[:, place[_column(row)]] = row["amount"], row["usd"]
        if row["category"] is None and "unobserved" in row:
            end[:, unlabelled + 1] = row["unobserved"], row["unobserved_usd"]
    return carried


def _column(row: Mapping[str, Any]) -> str | None:
    if row["category"] is None:
        return None
    return ExposureColumn(row["category"], row["listed"] or "unknown", row["firm"]).name


def _shares(
    carried: NDArray[np.float64], direction: int, layout: CellLayout, wallet_id: int
) -> NDArray[np.float64]:
    """One row of cells out of what paths carried, by hop - 1 and end.

    Raises:
        Unequal: the cells do not add up to what arrived over one transfer.
    """
    labelled, arrived, unobserved = carried[:, :-2], carried[:, -2], carried[:, -1]
    total = carried[0, :-1].sum()
    cells = np.zeros(layout.width)
    blocks = cells[1:].reshape(-1, 1 + layout.hop_limit)[:, 1:]  # no path has hop 0
    blocks[1:] = labelled.T
    if direction == SOURCE:
        blocks[0] = unobserved
        cells[:1] = _difference(arrived[-1:], unobserved[-1:], total)
    else:
        went_on = carried[1:, :-1].sum(axis=1)
        blocks[0, :-1] = _difference(arrived[:-1], went_on, total)
        cells[0] = arrived[-1]
    whole = cells.sum()
    if not abs(whole - total) <= _TOLERANCE * total:
        raise Unequal(
            f"The {DIRECTION_NAMES[direction]} paths of wallet {wallet_id} carry {whole / total!r} of its "
            "total. Run `aml reconcile` to compare the graph with the record."
        )
    cells /= whole
    return cells


def _difference(
    larger: NDArray[np.float64], smaller: NDArray[np.float64], total: float
) -> NDArray[np.float64]:
    difference = np.subtract(larger, smaller)
    difference[difference <= _NOISE * total] = 0.0
    return difference
