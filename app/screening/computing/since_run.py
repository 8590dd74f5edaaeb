"""The exposures of wallets that moved after the published run: the run's, and paths of what came since.

A wallet's shares are sums over its transfers. What came in or went out before the run has the shares that
the run found; each transfer after it is followed by itself. So a busy wallet with one new transfer costs the
paths of that one. Where money went that was sent before the run is therefore as the run saw it.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import Unequal
from app.ledger.cells import DESTINATION, DIRECTION_NAMES, SOURCE, CellLayout, decode
from app.ledger.shares import DirectionShares, Exposures
from app.runs.results.totals import Totals
from app.screening.computing.accounts import WalletAccounts
from app.screening.computing.transfer_paths import normalised
from app.screening.computing.transfer_shares import TransferShares

Follow = Callable[[int, Sequence[int]], TransferShares]
"""The shares of transfers in a direction."""
_USD = -1
"""Stands for the asset where amounts are the USD of all assets."""
_Vectors = dict[tuple[int, int], NDArray[np.float64]]


@dataclass(frozen=True)
class RunRows:
    """What the published run stored of a wallet; nothing of one that came after it.

    `row` is of `risk_scores` or None, `exposures` are of that table.
    """

    row: Any = None
    exposures: Sequence[Any] = ()


def unchanged_until(run: Mapping[int, RunRows], watermark: int, transfers: Iterable[Any]) -> frozenset[int]:
    """The wallets whose transfers up to the run's batch are still those that the run saw.

    Of the others some were restated or retracted: their shares are not those of the run. `transfers` are all
    of these wallets', and may be others' as well.
    """
    every = list(transfers)
    restated = {
        wallet_id
        for row in every
        if row.batch_id <= watermark < row.revision
        for wallet_id in (row.sender_id, row.receiver_id)
    }
    now: dict[tuple[int, int, int], list[int]] = {}
    for row in every:
        if row.batch_id <= watermark:
            for direction, wallet_id in ((SOURCE, row.receiver_id), (DESTINATION, row.sender_id)):
                total = now.setdefault((wallet_id, direction, row.asset_id), [0, 0])
                total[0] += int(row.amount)
                total[1] += 1
    then = {
        wallet_id: {
            (one.direction, one.asset_id): [int(one.total), int(one.transfers)] for one in rows.exposures
        }
        for wallet_id, rows in run.items()
    }
    mine: dict[int, dict[tuple[int, int], list[int]]] = {wallet_id: {} for wallet_id in run}
    for (wallet_id, direction, asset_id), total in now.items():
        if wallet_id in mine:
            mine[wallet_id][direction, asset_id] = total
    return frozenset(
        wallet_id for wallet_id in run if wallet_id not in restated and mine[wallet_id] == then[wallet_id]
    )


def exposures_since_run(
    layout: CellLayout,
    run: Mapping[int, RunRows],
    accounts: WalletAccounts,
    *,
    watermark: int,
    known_assets: NDArray[np.int32],
    follow: Follow,
) -> Exposures:
    """Both directions of these wallets, whose transfers up to the run's batch are those that the run saw.

    Raises:
        Unequal: of a transfer nothing is known.
    """
    known = frozenset(known_assets.tolist())
    sides = []
    for direction in (SOURCE, DESTINATION):
        vectors = _of_run(direction, layout, run)
        of_wallets = list(later_of(direction, run, accounts.rows, watermark))
        if of_wallets:
            _add_later(
                vectors, of_wallets, follow(direction, sorted({t.transfer_id for _, t in of_wallets})), known
            )
        sides.append(_direction(layout, vectors, accounts.accounts.totals.of(direction)))
    return Exposures(layout, *sides)


def later_of(
    direction: int, wallet_ids: Container[int], transfers: Iterable[Any], watermark: int
) -> Iterator[tuple[int, Any]]:
    """Of the transfers after the run those whose end in this direction is one of these wallets, with it."""
    for row in transfers:
        wallet_id = row.receiver_id if direction == SOURCE else row.sender_id
        if row.batch_id > watermark and wallet_id in wallet_ids:
            yield wallet_id, row


def _direction(layout: CellLayout, vectors: _Vectors, totals: Totals) -> DirectionShares:
    owners = list(zip(totals.wallet_id.tolist(), totals.asset_id.tolist(), strict=True))
    nothing = np.zeros(layout.width)
    priced = sorted(wallet_id for wallet_id, asset_id in vectors if asset_id == _USD)
    return DirectionShares(
        totals.wallet_id,
        totals.asset_id,
        normalised([vectors.get(owner, nothing) for owner in owners], layout),
        np.array(priced, np.int64),
        normalised([vectors[wallet_id, _USD] for wallet_id in priced], layout),
    )


def _of_run(direction: int, layout: CellLayout, run: Mapping[int, RunRows]) -> _Vectors:
    """Amounts by cell as the run found them, by wallet and asset, and in USD of all assets that count."""
    place = _cells(layout, direction)
    vectors: _Vectors = {}
    for wallet_id, rows in run.items():
        for one in rows.exposures:
            if one.direction == direction:
                vector = vectors[wallet_id, one.asset_id] = np.zeros(layout.width)
                vector[[place[code] for code in one.cells]] = np.array(one.shares) * float(one.total)
        usd, coverage = _usd_of(rows.row, direction)
        if usd > 0:
            vector = vectors[wallet_id, _USD] = np.zeros(layout.width)
            for code, share in zip(rows.row.cells, rows.row.shares, strict=True):
                if decode(code).direction == direction:
                    vector[place[code]] = share * usd
            # The run stores of residuals what is not covered; of sent money the rest is still held.
            vector[0] = max(0.0, 1.0 - coverage) * usd
            vector[layout.residual(1)] = max(0.0, usd - vector.sum())
    return vectors


def _usd_of(row: Any, direction: int) -> tuple[float, float]:  # noqa: ANN401 - a row, or none
    if row is None:
        return 0.0, 0.0
    name = DIRECTION_NAMES[direction]
    usd = row.usd_received if direction == SOURCE else row.usd_sent
    coverage = getattr(row, f"{name}_coverage")
    return float(usd), 0.0 if coverage is None else float(coverage)


def _add_later(
    vectors: _Vectors,
    of_wallets: Sequence[tuple[int, Any]],
    shares: TransferShares,
    known: frozenset[int],
) -> None:
    for wallet_id, transfer in of_wallets:
        if transfer.transfer_id not in shares:
            raise Unequal("the graph has other transfers of it than the record.")
        of_it = shares[transfer.transfer_id]
        key, usd = (wallet_id, transfer.asset_id), float(transfer.usd_value or 0)
        vectors[key] = vectors.get(key, 0.0) + of_it * float(transfer.amount)
        if usd > 0 and transfer.asset_id in known:
            vectors[wallet_id, _USD] = vectors.get((wallet_id, _USD), 0.0) + of_it * usd


@cache
def _cells(layout: CellLayout, direction: int) -> Mapping[int, int]:
    """The place in a row of each code."""
    return {code: place for place, code in enumerate(layout.codes(direction).tolist())}
