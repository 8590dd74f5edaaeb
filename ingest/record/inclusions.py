"""Which transfers of one transaction and asset live: the rule of docs/decisions/0007, and nothing else.

An inclusion is one block's copy of the transaction, with all its transfers of the asset. Words that name a
block decide about its inclusion, whatever their order. Those that name none take back what lives on arrival.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from app.domain import Retraction

RetractionIdentity = tuple[int | None, datetime, int | None, str | None]
"""(transfer_index, observed_at, block_number, block_hash): what tells two retractions of a group apart."""

OLDEST: Final = datetime.min.replace(tzinfo=UTC)
"""When a transfer was seen whose producer does not say."""


def identity_of(retraction: Retraction) -> RetractionIdentity:
    """What tells this retraction from others of its chain, transaction and asset."""
    r = retraction
    return r.transfer_index, r.observed_at, r.block_number, r.block_hash


@dataclass(slots=True)
class Included:
    """One transfer of an inclusion.

    `observed_at` is when a producer last saw it (None: none says). `withdrawn_at` is the `observed_at` of
    the last retraction without a block that took it back; `is_withdrawn` is false once it has come again.
    """

    transfer_id: int
    transfer_index: int
    block_number: int
    block_hash: str | None
    observed_at: datetime | None
    withdrawn_at: datetime | None = None
    is_withdrawn: bool = False


@dataclass(slots=True)
class Inclusions:
    """The inclusions of one (chain, transaction, asset), and the words about them."""

    _blocks: dict[str | int, dict[int, Included]] = field(default_factory=dict)
    _by_id: dict[int, Included] = field(default_factory=dict)
    _retractions: set[RetractionIdentity] = field(default_factory=set)
    # The latest retraction that names a hash; only a number; and either with the number.
    _of_hash: dict[str, datetime] = field(default_factory=dict)
    _of_number: dict[int, datetime] = field(default_factory=dict)
    _of_any: dict[int, datetime] = field(default_factory=dict)

    def add(self, transfer: Included) -> None:
        """A transfer that the group did not have."""
        block = transfer.block_number if transfer.block_hash is None else transfer.block_hash
        self._blocks.setdefault(block, {})[transfer.transfer_id] = transfer
        self._by_id[transfer.transfer_id] = transfer

    def repeat(self, transfer_id: int, observed_at: datetime | None) -> None:
        """A transfer comes again: it was seen later, or is back after a retraction without a block."""
        transfer = self._by_id[transfer_id]
        if observed_at is None or observed_at > (transfer.withdrawn_at or OLDEST):
            transfer.is_withdrawn = False
        if observed_at is not None and observed_at > (transfer.observed_at or OLDEST):
            transfer.observed_at = observed_at

    def record(self, identity: RetractionIdentity) -> bool:
        """Notes a retraction; one that names a block counts from here on.

        Returns:
            Whether it is new.
        """
        _, observed_at, number, block_hash = identity
        is_new = identity not in self._retractions
        self._retractions.add(identity)
        if block_hash is not None:
            self._of_hash[block_hash] = max(observed_at, self._of_hash.get(block_hash, OLDEST))
        elif number is not None:
            self._of_number[number] = max(observed_at, self._of_number.get(number, OLDEST))
        if number is not None:
            self._of_any[number] = max(observed_at, self._of_any.get(number, OLDEST))
        return is_new

    def retract(self, identity: RetractionIdentity) -> tuple[bool, int]:
        """A retraction arrives.

        Returns:
            Whether it is new, and how many transfers that lived it has taken back.
        """
        index, observed_at, number, block_hash = identity
        before = self.live()
        is_new = self.record(identity)
        if number is None and block_hash is None:
            for transfer_id, transfer in self._by_id.items():
                # A repeated one takes back what it took back before, and nothing that has come since.
                is_meant = transfer_id in before if is_new else transfer.withdrawn_at == observed_at
                if is_meant and index in (None, transfer.transfer_index):
                    transfer.withdrawn_at, transfer.is_withdrawn = observed_at, True
        return is_new, len(before - self.live())

    def live(self) -> set[int]:
        """The transfers that live: those of the latest inclusion that is not retracted."""
        candidates = [
            (_rank(transfers.values()), block)
            for block, transfers in self._blocks.items()
            if not self._is_retracted(transfers.values())
        ]
        if not candidates:
            return set()
        _, block = max(candidates, key=lambda candidate: candidate[0])
        return {t.transfer_id for t in self._blocks[block].values() if not t.is_withdrawn}

    def is_taken_back(self, transfer_id: int) -> bool:
        """Whether a retraction is why the transfer does not live; else another inclusion is."""
        transfer = self._by_id[transfer_id]
        block = transfer.block_number if transfer.block_hash is None else transfer.block_hash
        return transfer.is_withdrawn or self._is_retracted(self._blocks[block].values())

    def __iter__(self) -> Iterator[Included]:
        return iter(self._by_id.values())

    def _is_retracted(self, transfers: Collection[Included]) -> bool:
        """A retraction that names the block is not older than the inclusion, or all of it is withdrawn."""
        seen = _seen(transfers)
        return all(t.is_withdrawn for t in transfers) or any(
            word >= seen for t in transfers for word in self._words(t)
        )

    def _words(self, transfer: Included) -> Iterator[datetime]:
        """The latest retractions that name the transfer's block."""
        if transfer.block_hash is None:
            word = self._of_any.get(transfer.block_number)
        else:
            word = self._of_hash.get(transfer.block_hash)
        return (w for w in (word, self._of_number.get(transfer.block_number)) if w is not None)


def _seen(transfers: Collection[Included]) -> datetime:
    return max(t.observed_at or OLDEST for t in transfers)


def _rank(transfers: Collection[Included]) -> tuple[datetime, int, str]:
    """What decides which of two inclusions is the latest."""
    return _seen(transfers), max(t.block_number for t in transfers), next(iter(transfers)).block_hash or ""
