"""Where the money of some transfers came from, by Cypher paths from each, added up by groups."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import DependencyMissing, NotReady, QueryTimeout
from app.ledger.cells import SOURCE, CellLayout
from app.ledger.shares import DirectionShares, Exposures
from app.ledger.sparse import SparseRows
from app.runs.engines.cypher import shares_of_rows
from app.runs.results.totals import BothTotals, Total, as_columns
from app.screening.base import Base, Stores
from app.screening.by_paths import NO_PATHS, wait_for_graph
from cypher import query

_AT_ONCE = 64
_SUMMED = ("amount", "unobserved", "usd", "unobserved_usd")
_TOO_MANY = "there are too many earlier transfers for the limit of time."
PathRows = dict[int, list[dict[str, Any]]]


def read_paths(
    stores: Stores, base: Base, transfer_ids: Sequence[int], not_before: int
) -> tuple[PathRows, int | None, list[str]]:
    """Rows by transfer, the batch they are of, and why some are missing; the first transfers come first."""
    rows: PathRows = {}
    watermark = None
    if stores.graph is None:
        return rows, None, [f"{NO_PATHS}: there is no graph."]
    deadline = monotonic() + stores.seconds
    try:
        watermark = wait_for_graph(stores.postgres, stores.graph, base.run, not_before, deadline)
        for begin in range(0, len(transfer_ids), _AT_ONCE):
            left = deadline - monotonic()
            if left <= 0:
                return rows, watermark, [f"{NO_PATHS}: {_TOO_MANY}"]
            parameters = {
                "transfer_ids": transfer_ids[begin : begin + _AT_ONCE],
                "watermark": watermark,
                "hop_limit": base.policy.hop_limit,
                "firm_confidence": base.policy.firm_confidence,
            }
            found = stores.graph.read(query("exposure/transfer_sources"), parameters, timeout_seconds=left)
            for one in found:
                rows.setdefault(one["transfer_id"], []).append(one)
    except (DependencyMissing, NotReady, QueryTimeout) as exc:
        return rows, watermark, [f"{NO_PATHS}: {exc}"]
    return rows, watermark, []


def _valued(transfer: Any, part: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ANN401 - a row
    """A part of a transfer, by the value that the run uses of it."""
    if transfer.usd_value == transfer.own_usd_value:
        return part
    price = float(transfer.usd_value or 0) / float(transfer.amount)
    return {**part, "usd": part["amount"] * price, "unobserved_usd": part["unobserved"] * price}


def exposures_of(
    layout: CellLayout, groups: Sequence[Sequence[Any]], rows: PathRows, known: NDArray[np.int32]
) -> tuple[Exposures, BothTotals]:
    """The exposures of groups of transfers, as of wallets 0, 1, … that received nothing else."""
    summed: dict[tuple[Any, ...], dict[str, Any]] = {}
    totals: dict[tuple[int, int], list[Any]] = {}
    for number, members in enumerate(groups):
        for one in members:
            total = totals.setdefault((number, one.asset_id), [0, Decimal(0), 0, 0])
            total[0] += int(one.amount)
            total[1] += one.usd_value or 0
            total[2] += 1
            total[3] += not one.usd_value
            for part in map(partial(_valued, one), rows[one.transfer_id]):
                key = number, one.asset_id, part["category"], part["listed"], part["firm"], part["hop"]
                into = summed.setdefault(
                    key,
                    {
                        **part,
                        "wallet_id": number,
                        "amount": 0.0,
                        "unobserved": 0.0,
                        "usd": 0.0,
                        "unobserved_usd": 0.0,
                    },
                )
                for field in _SUMMED:
                    into[field] += part[field]
    source = shares_of_rows(SOURCE, layout, list(summed.values()), frozenset(known.tolist()))
    nothing = SparseRows.of(np.zeros((0, layout.width)))
    no_ids, no_assets = np.zeros(0, np.int64), np.zeros(0, np.int32)
    destination = DirectionShares(no_ids, no_assets, nothing, no_ids, nothing)
    return Exposures(layout, source, destination), as_columns(
        [
            Total(SOURCE, number, asset_id, str(total[0]), "0", float(total[1]), total[2], total[3])
            for (number, asset_id), total in sorted(totals.items())
        ]
    )
