"""Small random ledgers, from which exact answers, edges of a graph and transfers for a record are made."""

import random
from dataclasses import dataclass, field, replace
from decimal import Decimal

from app.domain import Transfer
from tests.support.builders import CHAIN, transfer

CATEGORIES = ("sanctioned", "mixer", "exchange")
SEEN, LATER = 7, 8  # batches: the watermark, and one after it


@dataclass(frozen=True, slots=True)
class Move:
    """One transfer of a test ledger."""

    transfer_id: int
    seq: int
    transaction_hash: str
    sender: int
    receiver: int
    asset_id: int
    amount: int
    usd_value: float | None
    batch: int = SEEN
    revision: int = 0
    retracted: bool = False

    @property
    def flows(self) -> bool:
        """Whether it moves anything from one wallet to another."""
        return self.amount > 0 and self.sender != self.receiver and not self.retracted


@dataclass(frozen=True, slots=True)
class Ledger:
    """Moves of a few wallets, in any order, and the categories of the labelled ones.

    `weak` are those whose label is weak; `listed` has of some the first block of their listing, and the first
    one after it.
    """

    moves: list[Move]
    labels: dict[int, str] = field(default_factory=dict)
    weak: frozenset[int] = frozenset()
    listed: dict[int, tuple[int | None, int | None]] = field(default_factory=dict)

    def column(self, wallet: int, move: Move) -> str:
        """What a move's money is called that a labelled wallet sent or received."""
        category = self.labels[wallet]
        if wallet in self.weak:
            return f"{category}@weak"
        if wallet not in self.listed:
            return category
        first, end = self.listed[wallet]
        if first is not None and block_of(move) < first:
            return f"{category}@before"
        return f"{category}@{'after' if end is not None and block_of(move) >= end else 'while'}"

    def flowing(self, batch: int = SEEN) -> list[Move]:
        """Moves with flow up to that batch, in ledger order."""
        flowing = (move for move in self.moves if move.flows and move.batch <= batch)
        return sorted(flowing, key=lambda move: (move.seq, move.transaction_hash))


def block_of(move: Move) -> int:
    """The block of a move."""
    return move.seq // 4


def with_listings(ledger: Ledger, number: int) -> Ledger:
    """The ledger with dates of most of its listings, and some labels of crime that are weak."""
    chance = random.Random(-number)
    blocks = sorted({block_of(move) for move in ledger.moves})
    weak = frozenset(
        w for w, category in ledger.labels.items() if category == "mixer" and chance.random() < 0.4
    )
    listed: dict[int, tuple[int | None, int | None]] = {}
    for wallet, category in ledger.labels.items():
        if category == "sanctioned" and chance.random() < 0.7:
            first, end = sorted(chance.sample(blocks, 2))
            listed[wallet] = chance.choice(((first, end), (None, end), (first, None)))
    return replace(ledger, weak=weak, listed=listed)


def random_ledger(number: int, moves: int = 26) -> Ledger:
    """A ledger of its own wallets and assets, with ties, cycles, zeros and transfers to oneself."""
    chance = random.Random(number)
    wallets = [number * 100 + place for place in range(6)]
    made = []
    for place in range(moves):
        sender, receiver = chance.choices(wallets, k=2)
        late = place >= moves - 3
        move = Move(
            transfer_id=number * 1000 + place,
            seq=number * 1000 + (moves + place if late else chance.randrange(moves // 2)),
            transaction_hash=f"0x{chance.getrandbits(256):064x}",
            sender=sender,
            receiver=receiver,
            asset_id=number * 2 + chance.choice((0, 0, 1)),
            amount=chance.choice((0, 1, 2, 3, 5, 8, 13 * 10**18, 10**24 + 7)),
            usd_value=chance.choice((None, 0.0, 1.0, 1.5, 3.0)),
            batch=LATER if late else SEEN,
            retracted=chance.random() < 0.05,
        )
        # Of a unit until here: a value that is ten times from its day's median is not used.
        worth = None if move.usd_value is None else move.usd_value * move.amount
        made.append(replace(move, usd_value=worth))
    return Ledger(made, {wallet: chance.choice(CATEGORIES) for wallet in chance.sample(wallets, 2)})


def as_transfer(move: Move, *, chain: str = CHAIN) -> Transfer:
    """The move as an event; moves of one `seq` have one place, and their hashes tell them apart."""
    block, place = divmod(move.seq, 4)
    return transfer(
        block,
        move.sender,
        move.receiver,
        move.amount,
        chain=chain,
        transaction_hash=move.transaction_hash,
        transaction_index=place // 2,
        transfer_index=place % 2,
        asset=f"asset {move.asset_id}",
        usd_value=None if move.usd_value is None else Decimal(str(move.usd_value)),
    )
