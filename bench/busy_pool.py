"""A pool with any number of transfers, copied straight into the tables of the record.

Its wallet receives and sends in turn and is never emptied, so that a late deposit restates all of them. The
accounts come from `app.ledger.pool`, as in ingestion; only the writing is another one.
"""

from collections.abc import Iterator
from itertools import islice

from sqlalchemy import Connection, text

from app.domain import Transfer
from app.ledger.pool import EMPTY, PoolState, deposit, send
from app.stores.copy_writer import copy_texts
from app.stores.postgres import Postgres
from bench.ledger import WALLET_COLUMNS
from bench.stores import address, transfer
from ingest.record.flows import FLOW_COLUMNS

FIRST_BLOCK = 1_000_000
"""Of the transfers that are copied; a transfer of a lower block comes late."""
BUSY = 1
"""Number of the busy wallet."""

_OTHERS = 1_000
_BATCH = 1
_ROWS_AT_ONCE = 20_000


def fill(postgres: Postgres, transfers: int) -> None:
    """Writes the pool with so many transfers, one a block; the record must be empty."""
    states = [EMPTY] * (_OTHERS + 2)
    with postgres.transaction() as connection:
        connection.execute(_ADD_ASSET)
        lines = (_rows(number, t, states) for number, t in enumerate(_transfers(transfers), 1))
        while some := list(islice(lines, _ROWS_AT_ONCE)):
            copy_texts(connection, "transactions", _TRANSFER_COLUMNS, ["".join(row for row, _ in some)])
            copy_texts(connection, "flows", FLOW_COLUMNS, ["".join(flow for _, flow in some)])
        _write_pools(connection, states, transfers)
        connection.execute(_ADD_BATCH, {"batch_id": _BATCH, "stored": transfers})
        for table, key in (("transactions", "transfer_id"), ("wallets", "wallet_id"), ("pools", "pool_id")):
            sequence = f"pg_get_serial_sequence('{table}', '{key}')"
            connection.execute(text(f"SELECT setval({sequence}, max({key})) FROM {table}"))  # noqa: S608
        connection.execute(text("SELECT setval('batch_ids', :batch_id)"), {"batch_id": _BATCH})
    with postgres.transaction() as connection:
        connection.execute(text("ANALYZE"))


def late_transfers(count: int, first: int = 0) -> Iterator[Transfer]:
    """Deposits into the busy wallet that belong before everything that `fill` has written."""
    numbers = range(first, first + count)
    return (transfer(1 + number, 2 + number % _OTHERS, BUSY, 10**6 + number) for number in numbers)


def _transfers(count: int) -> Iterator[Transfer]:
    """What the wallet receives is more than what it sends."""
    for number in range(count):
        other, amount = 2 + number % _OTHERS, 10**18 + number
        sender, receiver = (BUSY, other) if number % 2 else (other, BUSY)
        yield transfer(FIRST_BLOCK + number, sender, receiver, amount // 3 if number % 2 else amount)


def _rows(number: int, t: Transfer, states: list[PoolState]) -> tuple[str, str]:
    """The rows of `transactions` and `flows`; pools and wallets have one number, their place in `states`."""
    sender, receiver = int(t.sender, 16), int(t.receiver, 16)
    before, at_receiver = states[sender], states[receiver]
    states[sender], share, unobserved = send(before, t.amount)
    states[receiver] = deposit(at_receiver, t.amount)
    row = (
        f"{number}\t{t.chain}\t{t.transaction_hash}\t0\t{t.block_number}\t0\t{t.occurred_at.isoformat()}"
        f"\t{sender}\t{receiver}\t1\t{t.amount}\t{t.decimals}\t{_BATCH}\n"
    )
    return row, (
        f"{number}\t{t.seq}\t{_BATCH}\t{sender}\t{_state(before)}\t{share!r}\t{unobserved}"
        f"\t{receiver}\t{_state(at_receiver)}\n"
    )


def _write_pools(connection: Connection, states: list[PoolState], transfers: int) -> None:
    """Every pool ends with the last transfer: that of most is earlier, which no late transfer can tell."""
    last = transfer(FIRST_BLOCK + transfers - 1, 0, 0, 0)
    numbers = range(1, len(states))
    wallets = "".join(f"{n}\t{last.chain}\t{address(n)}\t{_BATCH}\n" for n in numbers)
    pools = "".join(
        f"{n}\t{n}\t1\t{_state(states[n])}\t{last.seq}\t{last.transaction_hash}\n" for n in numbers
    )
    copy_texts(connection, "wallets", WALLET_COLUMNS, [wallets])
    copy_texts(connection, "pools", _POOL_COLUMNS, [pools])


def _state(s: PoolState) -> str:
    return f"{s.epoch}\t{s.balance}\t{s.drain!r}\t{s.drain_low!r}"


_TRANSFER_COLUMNS = (
    "transfer_id", "chain", "transaction_hash", "transfer_index", "block_number", "transaction_index",
    "occurred_at", "sender_id", "receiver_id", "asset_id", "amount", "decimals", "batch_id",
)  # fmt: skip
_POOL_COLUMNS = (
    "pool_id", "wallet_id", "asset_id", "epoch", "balance", "drain", "drain_low", "last_seq",
    "last_transaction_hash",
)  # fmt: skip
_ADD_ASSET = text("INSERT INTO assets (chain, asset, decimals) VALUES ('ethereum', 'ETH', 18)")
_ADD_BATCH = text("""
    INSERT INTO batches (batch_id, stored, duplicates, dead, restated, retracted)
    VALUES (:batch_id, :stored, 0, 0, 0, 0)
""")
