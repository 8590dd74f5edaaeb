"""The nouns of the field, as plain values: no store, no web, no settings."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from typing_extensions import TypeAliasType

Direction = TypeAliasType("Direction", Literal["source", "destination", "ownership"])

ListingPeriod = TypeAliasType("ListingPeriod", Literal["before", "while", "after", "unknown"])
"""When money moved, of a wallet on a list: before it was listed, while it was, or after it was taken off."""

TransferKind = TypeAliasType("TransferKind", Literal["native", "internal", "token", "fee", "reward"])
"""What moved an asset: a transaction's own value, a call inside it, a token's log, its fee, its block."""

Progress = Callable[[str, float], None]
"""Called with the name of a step of long work and the part of the step that is done (0..1)."""

ByteProgress = Callable[[int, int], None]
"""Called now and then with the bytes of a file (as stored) that are read, and with their total."""

MINT_BURN = "mint_burn"
ZERO_ADDRESS = "0x" + "0" * 40
"""Where EVM tokens come from and end: labelled unless another label with a category exists for it."""

# One 64-bit place in a chain's ledger: 31 bits of block, 16 of transaction, 16 of transfer.
MAX_BLOCK_NUMBER = 2**31 - 1
MAX_INDEX = 2**16 - 1
MAX_AMOUNT = 2**256 - 1

# Identity of one epoch of one pool as one 64-bit integer.
EPOCH_BITS = 28

MICRO = 1_000_000
"""A score is stored in integer millionths of a point."""


def ledger_seq(block_number: int, transaction_index: int, transfer_index: int) -> int:
    """Place in the chain's ledger as one non-negative 64-bit integer; equal places are told apart by hash."""
    return (block_number << 32) | (transaction_index << 16) | transfer_index


def transfer_index_of(seq: int) -> int:
    """The `transfer_index` of the transfer at this place in the ledger."""
    return seq & MAX_INDEX


def epoch_identity(pool_id: int, epoch: int) -> int:
    """The `send_pool` / `recv_pool` value of an edge: which epoch of which pool."""
    return (pool_id << EPOCH_BITS) | epoch


@dataclass(frozen=True, slots=True)
class Wallet:
    """One address on one chain."""

    chain: str
    address: str

    def __str__(self) -> str:
        return f"{self.chain}:{self.address}"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One movement of one asset between two wallets inside a transaction.

    Its identity is (chain, transaction_hash, transfer_index). `amount` is in base units,
    `occurred_at` is UTC, `usd_value` is the value at the time or None when unpriced.

    What follows `usd_value` is None where the producer does not say: the hash of the block, when the
    producer saw it (UTC), who signed the transaction, and the memo or destination tag of either end.
    """

    chain: str
    transaction_hash: str
    transfer_index: int
    block_number: int
    transaction_index: int
    occurred_at: datetime
    sender: str
    receiver: str
    asset: str
    amount: int
    decimals: int | None
    usd_value: Decimal | None
    block_hash: str | None = None
    observed_at: datetime | None = None
    initiator: str | None = None
    kind: TransferKind | None = None
    sender_tag: str | None = None
    receiver_tag: str | None = None

    @property
    def seq(self) -> int:
        """Place in the chain's ledger."""
        return ledger_seq(self.block_number, self.transaction_index, self.transfer_index)

    @property
    def message_key(self) -> str:
        """Kafka key: pools never cross chains or assets, so one key keeps every pool's order."""
        return f"{self.chain}:{self.asset}"


@dataclass(frozen=True, slots=True)
class Retraction:
    """A block reorganisation took a transaction back; `transfer_index` None means all of its `asset`.

    `block_number` and `block_hash` name the block it was taken out of, None where the producer does not say.
    """

    chain: str
    transaction_hash: str
    asset: str
    transfer_index: int | None
    observed_at: datetime
    block_number: int | None = None
    block_hash: str | None = None

    @property
    def message_key(self) -> str:
        """Kafka key: the same as that of the transfers it takes back."""
        return f"{self.chain}:{self.asset}"


def format_points(micro: int) -> str:
    """Millionths of a point as the six-place decimal string of the interfaces, such as `-12.345678`."""
    return f"{'-' if micro < 0 else ''}{abs(micro) // MICRO}.{abs(micro) % MICRO:06d}"


def parse_points(points: str) -> int:
    """Millionths of a point of a six-place decimal string."""
    return int(points.replace(".", ""))


def decimal_units(base_units: str, decimals: int | None) -> str:
    """Base units as a decimal number, digits only: no float ever holds an amount."""
    if not decimals:
        return base_units
    padded = base_units.rjust(decimals + 1, "0")
    fraction = padded[-decimals:].rstrip("0")
    return padded[:-decimals] + (f".{fraction}" if fraction else "")
