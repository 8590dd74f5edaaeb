"""The transfers of a run as columns, and the exact totals of every pool."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.runs.results.totals import BothTotals

if TYPE_CHECKING:  # it loads a compiler
    from app.ledger.kernels import Flows
    from app.prices.used_values import UsedValues


@dataclass(frozen=True)
class Accounts:
    """Transfers with flow up to a batch, in ledger order, and their pools, by wallet and asset.

    `flows` numbers pools by their place in `wallet_id` and `asset_id`. Of each transfer also its id, and
    when it was, in microseconds since 1970. `values` says whose value is not the transfer's own; None: all
    values are as they came.
    """

    flows: "Flows"
    transfer_id: NDArray[np.int64]
    occurred_at: NDArray[np.int64]
    wallet_id: NDArray[np.int64]
    asset_id: NDArray[np.int32]
    totals: BothTotals
    values: "UsedValues | None" = None
