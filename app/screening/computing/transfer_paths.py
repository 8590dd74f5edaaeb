"""Where the money of some transfers came from, by Cypher paths from each, added up by groups."""

from collections.abc import Sequence
from decimal import Decimal
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import DependencyMissing, NotReady, QueryTimeout, Unequal
from app.ledger.cells import RESIDUALS, SOURCE, CellLayout
from app.ledger.shares import DirectionShares, Exposures
from app.ledger.sparse import SparseRows
from app.runs.results.totals import BothTotals, Total, as_columns
from app.screening.computing.base import Base, Stores
from app.screening.computing.transfer_shares import TransferShares, ask_shares
from app.screening.computing.waiting import NO_PATHS, wait_for_graph


def layout_of_run(run: Any) -> CellLayout:  # noqa: ANN401 - a row
    """The cells of a run."""
    return CellLayout(tuple(run.columns[len(RESIDUALS) :]), run.hop_limit)


def read_sources(
    stores: Stores, base: Base, transfer_ids: Sequence[int], not_before: int
) -> tuple[TransferShares, int | None, list[str]]:
    """Shares by transfer, the batch they are of, and why some are missing; the first transfers come first."""
    shares: dict[int, NDArray[np.float64]] = {}
    watermark = None
    if stores.graph is None:
        return shares, None, [f"{NO_PATHS}: there is no graph."]
    deadline = monotonic() + stores.seconds
    try:
        watermark = wait_for_graph(stores.postgres, stores.graph, base.run, not_before, deadline)
        ask_shares(
            stores.graph,
            base.policy,
            layout_of_run(base.run),
            SOURCE,
            transfer_ids,
            watermark=watermark,
            deadline=deadline,
            into=shares,
        )
    except (DependencyMissing, NotReady, QueryTimeout, Unequal) as exc:
        return shares, watermark, [f"{NO_PATHS}: {exc}"]
    return shares, watermark, []


def exposures_of(
    layout: CellLayout, groups: Sequence[Sequence[Any]], shares: TransferShares, known: NDArray[np.int32]
) -> tuple[Exposures, BothTotals]:
    """The exposures of groups of transfers, as of wallets 0, 1, … that received nothing else."""
    assets = frozenset(known.tolist())
    totals: dict[tuple[int, int], list[Any]] = {}
    sums: dict[tuple[int, int], NDArray[np.float64]] = {}
    combined: dict[int, NDArray[np.float64]] = {}
    for number, members in enumerate(groups):
        for one in members:
            key, usd = (number, one.asset_id), float(one.usd_value or 0)
            total = totals.setdefault(key, [0, Decimal(0), 0, 0])
            total[0] += int(one.amount)
            total[1] += one.usd_value or 0
            total[2] += 1
            total[3] += not one.usd_value
            of_it = shares[one.transfer_id]
            sums[key] = sums.get(key, 0.0) + of_it * float(one.amount)
            if usd > 0 and one.asset_id in assets:
                combined[number] = combined.get(number, 0.0) + of_it * usd
    owners = sorted(sums)
    priced = sorted(combined)
    source = DirectionShares(
        np.array([number for number, _ in owners], np.int64),
        np.array([asset_id for _, asset_id in owners], np.int32),
        normalised([sums[owner] for owner in owners], layout),
        np.array(priced, np.int64),
        normalised([combined[number] for number in priced], layout),
    )
    nothing = SparseRows.of(np.zeros((0, layout.width)))
    no_ids, no_assets = np.zeros(0, np.int64), np.zeros(0, np.int32)
    destination = DirectionShares(no_ids, no_assets, nothing, no_ids, nothing)
    return Exposures(layout, source, destination), as_columns(
        [
            Total(SOURCE, number, asset_id, str(total[0]), "0", float(total[1]), total[2], total[3])
            for (number, asset_id), total in sorted(totals.items())
        ]
    )


def normalised(vectors: Sequence[NDArray[np.float64]], layout: CellLayout) -> SparseRows:
    """Rows of amounts as rows of shares; a row of nothing stays so."""
    matrix = np.array(vectors, np.float64).reshape(-1, layout.width)
    sums = matrix.sum(axis=1, keepdims=True)
    return SparseRows.of(np.divide(matrix, sums, out=np.zeros_like(matrix), where=sums > 0))
