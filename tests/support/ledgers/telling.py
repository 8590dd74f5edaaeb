"""Random ledgers in one record, each on a chain of its own, with weak and dated labels and retractions."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from random import Random

from app.labels.store import import_labels
from app.stores.postgres import Postgres
from tests.support.builders import label_row, policy, retraction, transfer
from tests.support.ledgers.moves import SEEN, Ledger, as_transfer, random_ledger, with_listings
from tests.support.record import write


def seen_ledgers(numbers: Iterable[int]) -> dict[int, Ledger]:
    """By number; what comes after the watermark is left out."""
    made = {number: random_ledger(number) for number in numbers}
    return {
        number: with_listings(
            Ledger([move for move in ledger.moves if move.batch == SEEN], ledger.labels), number
        )
        for number, ledger in made.items()
    }


def tell_ledgers(postgres: Postgres, ledgers: Mapping[int, Ledger]) -> None:
    """Writes all ledgers and their labels, in an order that is none."""
    moves = [
        (move, as_transfer(move, chain=f"chain{number}"))
        for number, ledger in ledgers.items()
        for move in ledger.moves
    ]
    Random(1).shuffle(moves)
    for start in range(0, len(moves), 1_000):
        write(postgres, [sent for _, sent in moves[start : start + 1_000]])
    write(postgres, [retraction(sent, transfer_index=None) for move, sent in moves if move.retracted])
    labels = [
        label_row(
            wallet,
            category,
            chain=f"chain{number}",
            confidence=10 if wallet in ledger.weak else 90,
            valid_from=_moment(ledger.listed.get(wallet, (None, None))[0]),
            valid_to=_moment(ledger.listed.get(wallet, (None, None))[1]),
        )
        for number, ledger in ledgers.items()
        for wallet, category in ledger.labels.items()
    ]
    import_labels(postgres, labels, policy().categories)


def _moment(block: int | None) -> datetime | None:
    return None if block is None else transfer(block, 1, 2, 1).occurred_at
