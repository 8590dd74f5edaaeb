"""Where the money of single transfers came from or went, by the ledger engine: out of the record alone.

The engine answers for pools. So each of these transfers is led through a pool of its own, which nobody else
uses: what that pool received is the transfer's source, what it sent is where the transfer went.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.labels.columns import LabelColumns
from app.ledger.cells import SOURCE
from app.ledger.kernels import Flows
from app.runs.engines.ledger import trace
from app.runs.results.accounts import Accounts


def shares_of_transfers(
    accounts: Accounts, labels: LabelColumns, direction: int, transfer_ids: Sequence[int]
) -> dict[int, NDArray[np.float64]]:
    """By transfer_id, a row of cells that sums to 1; transfers without flow are left out.

    Raises:
        Unequal: the annotation does not add up.
    """
    places = np.flatnonzero(np.isin(accounts.transfer_id, np.array(transfer_ids, np.int64)))
    if not len(places):
        return {}
    flows = _led_through(accounts.flows, places, len(accounts.wallet_id), direction)
    first_wallet = int(accounts.wallet_id.max()) + 1
    own = np.arange(first_wallet, first_wallet + len(places))
    found = trace(
        flows,
        np.concatenate([accounts.wallet_id, own]),
        np.concatenate([accounts.asset_id, accounts.asset_id[accounts.flows.sender_pool[places]]]),
        labels,
        occurred_at=np.insert(accounts.occurred_at, places + 1, accounts.occurred_at[places]),
        known_assets=np.zeros(0, np.int32),
        progress=_silent,
    )
    side = found.source if direction == SOURCE else found.destination
    rows = side.shares.take(np.searchsorted(side.wallet_id, own)).matrix(labels.layout.width)
    return dict(zip(accounts.transfer_id[places].tolist(), rows, strict=True))


def _led_through(flows: Flows, places: NDArray[np.int64], first_pool: int, direction: int) -> Flows:
    """The flows with each of these split in two: into a pool of its own, and on to its receiver.

    One of the two is a hop, the other stays with the owner of the money: so no other path gets longer.
    """
    behind = places + 1
    columns: list[Any] = [np.insert(column, behind, column[places]) for column in flows]
    doubled = Flows(*columns)
    into = places + np.arange(len(places))
    pools = np.arange(first_pool, first_pool + len(places), dtype=np.int32)
    doubled.receiver_pool[into] = pools
    doubled.sender_pool[into + 1] = pools
    doubled.send_share[into + 1] = 1.0
    doubled.kept[into + 1] = 0.0
    doubled.unobserved[into + 1] = 0.0
    doubled.hops[into + (direction == SOURCE)] = 0
    return doubled


def _silent(_step: str, _part: float) -> None:
    """Few transfers have no progress."""
