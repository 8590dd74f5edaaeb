"""A traced hack as a folder of two files: every transfer around it, and who each address is.

`all-tx.csv` has an explorer's columns (blockNumber, hash, timeStamp, from, to, contractAddress, value,
isError), `all-address.csv` the columns `address` and `label`: `heist` for the thieves', `exchange`,
`Tornado.cash`, the name of a contract, or nothing. One heist address is the one that is known and labelled.
"""

import csv
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from app.domain import Transfer
from app.errors import NotFound
from app.labels.store import LabelRow
from bench.skill.case import Case, label

USD_A_COIN = 2_000
"""One constant price: the data has none. Tokens have none at all."""
MAX_AMOUNT = 2**256
THIEF, UNKNOWN = "heist", {"", "unknown"}
CONFIDENCE = 90


def read_hack(folder: Path, root: str | None) -> tuple[list[Transfer], Case]:
    """The transfers, labels and truth of a folder; `root` is the thief's wallet that is labelled.

    Raises:
        NotFound: the folder has no such files, or no such wallet.
    """
    for name in ("all-tx.csv", "all-address.csv"):
        if not (folder / name).is_file():
            raise NotFound(f"{folder} has no {name}.")
    with (folder / "all-address.csv").open(newline="") as file:
        known = {row["address"].lower(): row["label"] for row in csv.DictReader(file)}
    thieves = [address for address, kind in known.items() if kind == THIEF]
    root = (root or (thieves[0] if thieves else "")).lower()
    if root not in thieves:
        raise NotFound(f"{folder} names no thief's wallet {root}.")
    transfers = _transfers(folder / "all-tx.csv")
    seen = {address for one in transfers for address in (one.sender, one.receiver)}
    truth = {
        address: known.get(address) == THIEF
        for address in sorted(seen)
        if address != root and known.get(address, "") in {THIEF, *UNKNOWN}
    }
    return transfers, Case(f"hack {folder.name}", _labels(known, root), truth)


def _labels(known: dict[str, str], root: str) -> list[LabelRow]:
    kinds = {"exchange": "exchange", "Tornado.cash": "mixer"}
    labels = [label(root, "stolen_funds", "The known thief", CONFIDENCE)]
    labels += [
        label(address, kinds.get(kind, "service"), kind, CONFIDENCE)
        for address, kind in known.items()
        if kind not in {THIEF, *UNKNOWN}
    ]
    return labels


def _transfers(path: Path) -> list[Transfer]:
    """Rows that failed, moved nothing or repeat exactly are left out."""
    with path.open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (int(row["blockNumber"]), row["hash"]))
    seen: set[tuple[str, ...]] = set()
    place: dict[str, int] = {}
    in_block, in_transaction = Counter[int](), Counter[str]()
    transfers = []
    for row in rows:
        content, amount = tuple(row.values()), int(Decimal(row["value"] or "0")) if row["to"] else 0
        if row["isError"] == "1" or content in seen or not 0 < amount < MAX_AMOUNT:
            continue
        seen.add(content)
        name, block, token = row["hash"].lower(), int(row["blockNumber"]), row["contractAddress"].lower()
        if name not in place:
            place[name] = in_block[block]
            in_block[block] += 1
        transfers.append(
            Transfer(
                chain="ethereum",
                transaction_hash=name,
                transfer_index=in_transaction[name],
                block_number=block,
                transaction_index=place[name],
                occurred_at=datetime.fromtimestamp(int(row["timeStamp"]), UTC),
                sender=row["from"].lower(),
                receiver=row["to"].lower(),
                asset=token or "ETH",
                amount=amount,
                decimals=None if token else 18,
                usd_value=None if token else round(Decimal(amount).scaleb(-18) * USD_A_COIN, 6),
            )
        )
        in_transaction[name] += 1
    return transfers
