"""What both engines answer: the shares of every wallet by cell, in both directions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.ledger.cells import CellLayout
from app.ledger.sparse import SparseRows


@dataclass(frozen=True)
class DirectionShares:
    """One direction of every wallet.

    Rows of `shares`, each summing to 1, belong to (`wallet_id`, `asset_id`), one for each pool that received
    (source) or sent (destination) anything. Rows of `combined`, each summing to 1, belong to
    `priced_wallet_id`: every priced transfer's shares weighted by its own USD value, over all assets. Rows
    are sorted by wallet and asset.
    """

    wallet_id: NDArray[np.int64]
    asset_id: NDArray[np.int32]
    shares: SparseRows
    priced_wallet_id: NDArray[np.int64]
    combined: SparseRows


@dataclass(frozen=True)
class Exposures:
    """The answer of an engine: both directions of every wallet that has flow."""

    layout: CellLayout
    source: DirectionShares
    destination: DirectionShares
