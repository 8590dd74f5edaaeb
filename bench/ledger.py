"""A ledger of any size, grown on demand and copied straight into the tables of the record.

It has what makes scoring slow: busy wallets, labelled ones among them, pools that empty and refill, money
from nowhere, two assets and missing prices. Balances, drains and shares come from `app.ledger.pool`, the
arithmetic that ingestion uses; only the writing is another one (COPY without look-ups), because a million
transfers through the real writer would take longer than everything that is measured here.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random

from sqlalchemy import text

from app.domain import ledger_seq
from app.labels.store import LabelRow, import_labels
from app.ledger.pool import EMPTY, PoolState, deposit, send
from app.policy.policy import Policy
from app.stores.copy_writer import copy_texts
from app.stores.postgres import Postgres
from ingest.record.flows import FLOW_COLUMNS

CATEGORIES = (
    "sanctioned", "terrorist_financing", "ransomware", "stolen_funds", "darknet_market", "scam",
    "fraud_shop", "mixer", "high_risk_exchange", "gambling", "exchange", "service",
)  # fmt: skip
"""The twelve categories that the labelled wallets have in turn."""
HUB = 1
"""Number of the wallet that a ledger with a hub sends much of its money through; it has no label."""

_TRANSFERS_A_WALLET = 3
_FIRST_LABELLED, _LABEL_EVERY = 5, 97
_BATCH_TRANSFERS = 4_000
_BLOCK_TRANSFERS = 100
_ROWS_AT_ONCE = 20_000
_START = datetime(2024, 1, 1, tzinfo=UTC)
_ASSETS = (("ETH", 18, 2_000), ("USDT", 6, 1))
_HASH_STEP = 0x9E3779B97F4A7C15F39CC0605CEDC8341082276BF3A27251F86C6A11D0C18E95


class Ledger:
    """Transfers in ledger order; `grow` adds to those the record holds, and it holds no others."""

    def __init__(self, postgres: Postgres, policy: Policy, seed: int = 1) -> None:
        self._postgres = postgres
        self._policy = policy
        self._chance = Random(seed)  # noqa: S311 - a workload, not a secret
        self._pools: dict[tuple[int, int], int] = {}
        self._states: list[PoolState] = []
        self._last: list[int] = []
        self.transfers = 0
        self.wallets = 0
        self.hub_every = 0

    def grow(self, transfers: int, *, hub_every: int = 0) -> None:
        """Adds transfers until there are so many, with the wallets and labels they bring.

        With `hub_every` 2 each second one goes into the hub or, in turn, out of it.
        """
        transfers_before, wallets_before = self.transfers, self.wallets
        self.hub_every = hub_every
        with self._postgres.transaction() as connection:
            if not transfers_before:
                assets = [{"asset": name, "decimals": decimals} for name, decimals, _ in _ASSETS]
                connection.execute(_ADD_ASSETS, assets)
            rows = self._rows(hub_every)
            while self.transfers < transfers:
                known = self.wallets
                some = list(islice(rows, min(_ROWS_AT_ONCE, transfers - self.transfers)))
                wallets = (self._wallet(number) for number in range(known, self.wallets))
                copy_texts(connection, "wallets", WALLET_COLUMNS, ["".join(wallets)])
                copy_texts(connection, "transactions", _TRANSFER_COLUMNS, ["".join(row for row, _ in some)])
                copy_texts(connection, "flows", FLOW_COLUMNS, ["".join(flow for _, flow in some)])
            connection.execute(text("TRUNCATE pools"))
            copy_texts(connection, "pools", _POOL_COLUMNS, ["".join(self._pool_rows())])
            first, last = batch_of(transfers_before), batch_of(transfers - 1)
            new = [{"batch_id": batch_id} for batch_id in range(first, last + 1)]
            connection.execute(_ADD_BATCH, new)
            connection.execute(text("SELECT setval('batch_ids', :last)"), {"last": last})
        import_labels(self._postgres, self._labels(wallets_before), self._policy.categories)
        with self._postgres.transaction() as connection:
            connection.execute(text("ANALYZE"))

    def _rows(self, hub_every: int) -> Iterator[tuple[str, str]]:
        """The rows of `transactions` and `flows`, one of each a transfer."""
        for sender, receiver in self._pairs(hub_every):
            number = self.transfers
            self.transfers += 1
            yield self._accounted(number, sender, receiver)

    def _pairs(self, hub_every: int) -> Iterator[tuple[int, int]]:
        self.wallets = max(self.wallets, 2 + _FIRST_LABELLED)
        while True:
            if hub_every and self.transfers % hub_every == 0:
                into = self.transfers // hub_every % 2 == 0
                yield (self._someone(), HUB) if into else (HUB, self._someone())
                continue
            sender = self._someone()
            if self.wallets * _TRANSFERS_A_WALLET <= self.transfers:
                self.wallets += 1
                yield sender, self.wallets - 1
            else:
                yield sender, self._someone()

    def _someone(self) -> int:
        """An old wallet more often than a new one: the oldest have thousands of transfers."""
        return int(self.wallets * self._chance.random() ** 2)

    def _accounted(self, number: int, sender: int, receiver: int) -> tuple[str, str]:
        chance = self._chance
        asset = 0 if chance.random() < 0.7 else 1  # noqa: PLR2004 - seven of ten are ether
        block, place = divmod(number, _BLOCK_TRANSFERS)
        batch_id, seq = batch_of(number), ledger_seq(block, place, 0)
        giver, taker = self._pool(sender, asset), self._pool(receiver, asset)
        before, at_taker = self._states[giver], self._states[taker]
        amount = self._amount(before.balance, asset)
        _, decimals, price = _ASSETS[asset]
        priced = chance.random() < 0.9  # noqa: PLR2004 - nine of ten
        usd_value = f"{amount * price / 10**decimals:.2f}" if priced else r"\N"
        when = (_START + timedelta(seconds=12 * block)).isoformat()
        transfer = (
            f"{number + 1}\tethereum\t{transaction_hash(number)}\t0\t{block}\t{place}\t{when}\t{sender + 1}"
            f"\t{receiver + 1}\t{asset + 1}\t{amount}\t{decimals}\t{usd_value}\t{batch_id}\n"
        )
        if sender == receiver:
            return transfer, f"{number + 1}\t{seq}\t{batch_id}" + "\t\\N" * 12 + "\n"
        self._states[giver], share, unobserved = send(before, amount)
        self._states[taker] = deposit(at_taker, amount)
        self._last[giver] = self._last[taker] = number
        return transfer, (
            f"{number + 1}\t{seq}\t{batch_id}\t{giver + 1}\t{before.epoch}\t{before.balance}"
            f"\t{before.drain!r}\t{before.drain_low!r}\t{share!r}\t{unobserved}\t{taker + 1}"
            f"\t{at_taker.epoch}\t{at_taker.balance}\t{at_taker.drain!r}\t{at_taker.drain_low!r}\n"
        )

    def _amount(self, balance: int, asset: int) -> int:
        """Mostly a part of what is there, sometimes all of it, and now and then more than was ever seen."""
        kind = self._chance.random()
        if not balance or kind < 0.15:  # noqa: PLR2004
            return self._chance.randrange(1, 10 * 10 ** _ASSETS[asset][1])
        return balance if kind < 0.3 else balance * self._chance.randrange(1, 1_000) // 1_000 or balance  # noqa: PLR2004

    def _pool(self, wallet: int, asset: int) -> int:
        number = self._pools.setdefault((wallet, asset), len(self._states))
        if number == len(self._states):
            self._states.append(EMPTY)
            self._last.append(-1)
        return number

    def _pool_rows(self) -> Iterator[str]:
        for (wallet, asset), number in self._pools.items():
            state, last = self._states[number], self._last[number]
            seq, last_hash = (
                (ledger_seq(*divmod(last, _BLOCK_TRANSFERS), 0), transaction_hash(last))
                if last >= 0
                else (-1, "")
            )
            yield (
                f"{number + 1}\t{wallet + 1}\t{asset + 1}\t{state.balance}\t{state.epoch}\t{state.drain!r}"
                f"\t{state.drain_low!r}\t{seq}\t{last_hash}\n"
            )

    def _wallet(self, number: int) -> str:
        return f"{number + 1}\tethereum\t{address(number)}\t{batch_of(max(self.transfers - 1, 0))}\n"

    def _labels(self, first: int) -> Iterator[LabelRow]:
        for number in range(first, self.wallets):
            if number % _LABEL_EVERY == _FIRST_LABELLED:
                category = CATEGORIES[number // _LABEL_EVERY % len(CATEGORIES)]
                yield LabelRow(
                    "ethereum",
                    address(number),
                    category,
                    f"Wallet {number}",
                    "bench",
                    90,
                    None,
                    None,
                    "bench",
                )


def address(number: int) -> str:
    """The address of a wallet, by its number from 0."""
    return f"0x{number + 1:040x}"


def batch_of(transfer: int) -> int:
    """The batch that has written a transfer, by its number from 0."""
    return transfer // _BATCH_TRANSFERS + 1


def transaction_hash(number: int) -> str:
    """Any other number for each transfer, as hashes are."""
    return f"0x{(number + 1) * _HASH_STEP % 2**256:064x}"


WALLET_COLUMNS = ("wallet_id", "chain", "address", "batch_id")
_TRANSFER_COLUMNS = (
    "transfer_id", "chain", "transaction_hash", "transfer_index", "block_number", "transaction_index",
    "occurred_at", "sender_id", "receiver_id", "asset_id", "amount", "decimals", "usd_value", "batch_id",
)  # fmt: skip
_POOL_COLUMNS = (
    "pool_id", "wallet_id", "asset_id", "balance", "epoch", "drain", "drain_low", "last_seq",
    "last_transaction_hash",
)  # fmt: skip
_ADD_ASSETS = text("INSERT INTO assets (chain, asset, decimals) VALUES ('ethereum', :asset, :decimals)")
_ADD_BATCH = text("""
    INSERT INTO batches (batch_id, stored, duplicates, dead, restated, retracted)
    VALUES (:batch_id, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING
""")
