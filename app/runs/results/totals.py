"""Exact totals of every wallet, asset and direction, as columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.ledger.cells import DESTINATION, SOURCE
from app.runs.results.columns import TextColumn, text_column


@dataclass(frozen=True)
class Totals:
    """What wallets received (source) or sent (destination) of an asset, in transfers with flow.

    One place of each array a wallet and asset that has any, by wallet and asset. `total` and `unobserved`
    (sent beyond what was received) are base units in decimal digits; `usd_value` is the value of the priced
    transfers.
    """

    wallet_id: NDArray[np.int64]
    asset_id: NDArray[np.int32]
    total: TextColumn
    unobserved: TextColumn
    usd_value: NDArray[np.float64]
    transfers: NDArray[np.int64]
    unpriced_transfers: NDArray[np.int64]

    def known(self, assets: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which of the places are of one of these assets."""
        return np.isin(self.asset_id, assets)


class BothTotals(NamedTuple):
    """The totals of both directions."""

    source: Totals
    destination: Totals

    def of(self, direction: int) -> Totals:
        """The totals of one direction."""
        return {SOURCE: self.source, DESTINATION: self.destination}[direction]

    @property
    def transfers(self) -> int:
        """The transfers with flow: each is received once."""
        return int(self.source.transfers.sum())

    @property
    def unpriced_transfers(self) -> int:
        """The transfers with flow that have no price."""
        return int(self.source.unpriced_transfers.sum())

    def unpriced_of(self, wallet_id: NDArray[np.int64], assets: NDArray[np.int32]) -> NDArray[np.int64]:
        """How many transfers of these assets without a price each wallet, rising, received or sent."""
        counts = np.zeros(len(wallet_id), np.int64)
        for totals in self:
            place = np.searchsorted(wallet_id, totals.wallet_id)
            np.add.at(counts, place, totals.unpriced_transfers * totals.known(assets))
        return counts


class Total(NamedTuple):
    """One row of `Totals`, with its direction."""

    direction: int
    wallet_id: int
    asset_id: int
    total: str
    unobserved: str
    usd_value: float
    transfers: int
    unpriced_transfers: int


def as_columns(rows: Sequence[Total]) -> BothTotals:
    """Rows, in any order of directions but each by wallet and asset, as columns."""
    return BothTotals(*(_columns([row for row in rows if row.direction == d]) for d in (SOURCE, DESTINATION)))


def _columns(rows: Sequence[Total]) -> Totals:
    return Totals(
        np.array([row.wallet_id for row in rows], np.int64),
        np.array([row.asset_id for row in rows], np.int32),
        text_column([row.total for row in rows]),
        text_column([row.unobserved for row in rows]),
        np.array([row.usd_value for row in rows], np.float64),
        np.array([row.transfers for row in rows], np.int64),
        np.array([row.unpriced_transfers for row in rows], np.int64),
    )
