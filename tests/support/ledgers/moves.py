"""Small random ledgers, from which exact answers, edges of a graph and transfers for a record are made."""

import random
from dataclasses import dataclass, field
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
    """Moves of a few wallets, in any order, and the categories of the labelled ones."""

    moves: list[Move]
    labels: dict[int, str] = field(default_factory=dict)

    def flowing(self, batch: int = SEEN) -> list[Move]:
        """Moves with flow up to that batch, in ledger order."""
        flowing = (move for move in self.moves if move.flows and move.batch <= batch)
        return sorted(flowing, key=lambda move: (move.seq, move.transaction_hash))


def random_ledger(number: int, moves: int = 26) -> Ledger:
    """A ledger of its own wallets and assets, with ties, cycles, zeros and transfers to oneself."""
    chance = random.Random(number)
    wallets = [number * 100 + place for place in range(6)]
    made = []
    for place in range(moves):
        sender, receiver = chance.choices(wallets, k=2)
        late = place >= moves - 3
        made.append(
            Move(
                transfer_id=number * 1000 + place,
                seq=number * 1000 + (moves + place if late else chance.randrange(moves // 2)),
                transaction_hash=f"0x{chance.getrandbits(256):064x}",
                sender=sender,
                receiver=receiver,
                asset_id=number * 2 + chance.choice((0, 0, 1)),
                amount=chance.choice((0, 1, 2, 3, 5, 8, 13 * 10**18, 10**24 + 7)),
                usd_value=chance.choice((None, 0.0, 1.5, 20.0, 3e6)),
                batch=LATER if late else SEEN,
                retracted=chance.random() < 0.05,
            )
        )
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
