"""What a batch changes in the record, as accounting needs it."""

from dataclasses import dataclass, field
from typing import NamedTuple

from app.ledger.pool import Entry, PoolState

PoolKey = tuple[int, int]
"""(wallet_id, asset_id)."""

LedgerPlace = tuple[int, str]
"""Order of transfers in a pool: (seq, transaction_hash)."""


class Change(NamedTuple):
    """A transfer that enters its pools or leaves them."""

    transfer_id: int
    place: LedgerPlace
    sender: PoolKey
    receiver: PoolKey
    amount: int

    @property
    def has_flow(self) -> bool:
        """Zero amounts and transfers to oneself are recorded, and move nothing between pools."""
        return self.amount > 0 and self.sender != self.receiver


@dataclass
class Changes:
    """What a batch changed.

    Transfer ids: `counted` ones enter their pools and `retracted` ones leave them. `new` ones were not
    recorded before this batch; of these, `waiting` ones do not live. `taken_back` counts transfers that
    lived, or would live without a retraction; `new_wallets` counts the wallets that were seen first.
    Positions of messages in the batch: `stored` and `conflicts`; every other event is a duplicate.
    """

    new: dict[int, Change] = field(default_factory=dict)
    counted: set[int] = field(default_factory=set)
    retracted: set[int] = field(default_factory=set)
    waiting: set[int] = field(default_factory=set)
    taken_back: int = 0
    new_wallets: int = 0
    stored: set[int] = field(default_factory=set)
    conflicts: set[int] = field(default_factory=set)


@dataclass(slots=True)
class PoolAccount:
    """One pool that changes: its last state and place, and what enters or leaves it, from `first` on.

    `new_key` is the key of a pool that the record does not have yet.
    """

    pool_id: int
    state: PoolState
    last: LedgerPlace
    added: list[tuple[LedgerPlace, Entry]] = field(default_factory=list)
    removed: set[int] = field(default_factory=set)
    first: LedgerPlace | None = None
    new_key: PoolKey | None = None

    def touch(self, place: LedgerPlace) -> None:
        """Keeps the earliest place that changes."""
        if self.first is None or place < self.first:
            self.first = place

    @property
    def is_late(self) -> bool:
        """Something that is stored already comes after the first change."""
        return self.first is not None and (bool(self.removed) or self.first < self.last)
