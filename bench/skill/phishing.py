"""Phishing wallets in a graph of native transfers, as a folder of two files, measured in five folds.

`edges.csv` has `from`, `to`, `amount`, `timestamp` and a number of the row in its first column,
`nodes_train_test_split.csv` the columns `id` and `label`: 1 for phishing, 0 for the others that are ranked.
In a fold the phishing wallets of the four other folds are labelled, and nobody else.
"""

import csv
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

from app.domain import Transfer
from app.errors import NotFound
from bench.skill.case import Case, label

FOLDS = 5
USD_A_COIN = 2_000
BLOCK_SECONDS = 13
CONFIDENCE = 90
_FIRST_ADDRESS = 0x7ED6E0000000


def read_phishing(folder: Path) -> tuple[list[Transfer], list[Case]]:
    """The transfers, and a case for each fold.

    Raises:
        NotFound: the folder has no such files.
    """
    for name in ("edges.csv", "nodes_train_test_split.csv"):
        if not (folder / name).is_file():
            raise NotFound(f"{folder} has no {name}.")
    truth = _truth(folder / "nodes_train_test_split.csv")
    cases = []
    for fold in range(FOLDS):
        labels = [
            label(address, "scam", "Phishing", CONFIDENCE)
            for address, (positive, its_fold) in sorted(truth.items())
            if positive and its_fold != fold
        ]
        ranked = {wallet: positive for wallet, (positive, its_fold) in truth.items() if its_fold == fold}
        cases.append(Case(f"phishing, fold {fold + 1}", labels, ranked))
    return _transfers(folder / "edges.csv"), cases


def _address(number: str) -> str:
    return f"0x{_FIRST_ADDRESS + int(number):040x}"


def _truth(path: Path) -> dict[str, tuple[bool, int]]:
    """By address whether it is phishing, and its fold; shuffled the same on every machine."""
    with path.open(newline="") as file:
        rows = [(_address(row["id"]), float(row["label"])) for row in csv.DictReader(file) if row["label"]]
    found: dict[str, tuple[bool, int]] = {}
    for kind in (0, 1):
        wallets = sorted(address for address, value in rows if int(value) == kind)
        Random(kind).shuffle(wallets)  # noqa: S311 - folds, not a secret
        found |= {wallet: (bool(kind), number % FOLDS) for number, wallet in enumerate(wallets)}
    return found


def _transfers(path: Path) -> list[Transfer]:
    with path.open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (int(row["timestamp"]), int(row[""])))
    in_block = Counter[int]()
    transfers = []
    for row in rows:
        block, amount = int(row["timestamp"]) // BLOCK_SECONDS, Decimal(row["amount"])
        transfers.append(
            Transfer(
                chain="ethereum",
                transaction_hash=f"0x{int(row['']) + 1:064x}",
                transfer_index=0,
                block_number=block,
                transaction_index=in_block[block],
                occurred_at=datetime.fromtimestamp(int(row["timestamp"]), UTC),
                sender=_address(row["from"]),
                receiver=_address(row["to"]),
                asset="ETH",
                amount=int(amount.scaleb(18)),
                decimals=18,
                usd_value=round(amount * USD_A_COIN, 6),
            )
        )
        in_block[block] += 1
    return transfers
