"""Fills the record row by row, as the ingest writer would, for the tests of the projection."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from app.domain import ledger_seq
from app.stores.postgres import Postgres
from tests.support.builders import ASSET, CHAIN, address
from tests.support.record import one

BEGIN = datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
BIG = 2**256 - 1
ROWS = [(1, 2), (2, 3), (3, 1), (1, 1), (2, 1), (3, 2)]
"""Sender and receiver of transfers among three wallets, one of them to itself."""


def add_batch(postgres: Postgres, rows: list[tuple[int, int]], *, wallets_batch: int | None = None) -> int:
    """One batch of transfers between (sender, receiver) numbers, each with a flow; returns its id."""
    with postgres.transaction() as connection:
        batch: int = one(
            connection,
            "INSERT INTO batches (stored, duplicates, dead, restated, retracted) "
            "VALUES (:stored, 0, 0, 0, 0) RETURNING batch_id",
            stored=len(rows),
        )
        asset = one(
            connection,
            "INSERT INTO assets (chain, asset, decimals) VALUES (:chain, :asset, 18) "
            "ON CONFLICT (chain, asset) DO UPDATE SET decimals = 18 RETURNING asset_id",
            chain=CHAIN,
            asset=ASSET,
        )
        for sender, receiver in rows:
            _add_transfer(
                connection,
                batch=batch,
                wallets_batch=wallets_batch or batch,
                asset=asset,
                sender=sender,
                receiver=receiver,
            )
        return batch


def restate(postgres: Postgres, transfer_id: int, **values: Any) -> int:  # noqa: ANN401 - any column
    """A new batch writes other values into one flow; returns the batch."""
    with postgres.transaction() as connection:
        batch = _empty_batch(connection, restated=1)
        sets = ", ".join(f"{column} = :{column}" for column in values)
        connection.execute(
            text(f"UPDATE flows SET revision = :batch, {sets} WHERE transfer_id = :id"),  # noqa: S608
            {"batch": batch, "id": transfer_id, **values},
        )
        return batch


def retract(postgres: Postgres, transfer_id: int) -> int:
    """A new batch takes one transfer back; returns the batch."""
    batch = restate(
        postgres,
        transfer_id,
        send_pool_id=None,
        send_epoch=None,
        send_drain=None,
        send_share=None,
        unobserved=None,
        recv_pool_id=None,
        recv_epoch=None,
        recv_drain=None,
    )
    with postgres.transaction() as connection:
        connection.execute(
            text("UPDATE transactions SET retracted_batch_id = :batch WHERE transfer_id = :id"),
            {"batch": batch, "id": transfer_id},
        )
    return batch


def _empty_batch(connection: Connection, *, restated: int) -> int:
    statement = (
        "INSERT INTO batches (stored, duplicates, dead, restated, retracted) "
        "VALUES (0, 0, 0, :restated, 0) RETURNING batch_id"
    )
    return int(one(connection, statement, restated=restated))


def _add_transfer(
    connection: Connection, *, batch: int, wallets_batch: int, asset: int, sender: int, receiver: int
) -> None:
    number = one(connection, "SELECT coalesce(max(transfer_id), 0) + 1 FROM transactions")
    priced = Decimal(f"{number}.250") if number % 3 else None
    transfer_id = one(
        connection,
        "INSERT INTO transactions (chain, transaction_hash, transfer_index, block_number, transaction_index, "
        "occurred_at, sender_id, receiver_id, asset_id, amount, decimals, usd_value, batch_id) VALUES "
        "(:chain, :hash, 2, :block, 1, :at, :sender, :receiver, :asset, :amount, 18, :usd, :batch) "
        "RETURNING transfer_id",
        chain=CHAIN,
        hash=f"0x{number:064x}",
        block=number + 100,
        at=BEGIN + timedelta(seconds=number),
        sender=_wallet(connection, sender, wallets_batch),
        receiver=_wallet(connection, receiver, wallets_batch),
        asset=asset,
        amount=BIG - number,
        usd=priced,
        batch=batch,
    )
    flow: Mapping[str, Any] = {
        "send_pool_id": _pool(connection, sender, asset, wallets_batch),
        "send_epoch": number % 4,
        "send_drain": number / 7,
        "send_share": 1 / (number + 1),
        "unobserved": number * 10**30,
        "recv_pool_id": _pool(connection, receiver, asset, wallets_batch),
        "recv_epoch": number % 5,
        "recv_drain": 1e-300 * number,
    }
    connection.execute(
        text(
            "INSERT INTO flows (transfer_id, seq, revision, send_pool_id, send_epoch, send_drain, "
            "send_share, unobserved, recv_pool_id, recv_epoch, recv_drain) "
            "VALUES (:id, :seq, :batch, :send_pool_id, :send_epoch, :send_drain, :send_share, "
            ":unobserved, :recv_pool_id, :recv_epoch, :recv_drain)"
        ),
        {"id": transfer_id, "seq": ledger_seq(number + 100, 1, 2), "batch": batch, **flow},
    )


def _wallet(connection: Connection, number: int, batch: int) -> int:
    statement = (
        "INSERT INTO wallets (chain, address, batch_id) VALUES (:chain, :address, :batch) "
        "ON CONFLICT (chain, address) DO UPDATE SET chain = excluded.chain RETURNING wallet_id"
    )
    return int(one(connection, statement, chain=CHAIN, address=address(number), batch=batch))


def _pool(connection: Connection, number: int, asset: int, batch: int) -> int:
    statement = (
        "INSERT INTO pools (wallet_id, asset_id) VALUES (:wallet, :asset) "
        "ON CONFLICT (wallet_id, asset_id) DO UPDATE SET asset_id = excluded.asset_id RETURNING pool_id"
    )
    return int(one(connection, statement, wallet=_wallet(connection, number, batch), asset=asset))
