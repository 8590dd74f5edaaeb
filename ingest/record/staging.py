"""The transfers of a batch in the temporary table `incoming`, from where statements read them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from app.domain import Transfer
from app.stores.copy_writer import copy_plain_rows

_STAGING = text("""
    CREATE TEMP TABLE IF NOT EXISTS incoming (
        position int, transfer_id bigint, chain text, transaction_hash text, transfer_index int,
        block_number int, transaction_index int, occurred_at timestamptz, sender_id bigint,
        receiver_id bigint, asset_id int, amount numeric, decimals smallint, usd_value numeric,
        block_hash text, observed_at timestamptz, initiator text, kind text, sender_tag text,
        receiver_tag text, import_number int
    ) ON COMMIT DELETE ROWS
""")
_COLUMNS = (
    "position", "transfer_id", "chain", "transaction_hash", "transfer_index", "block_number",
    "transaction_index", "occurred_at", "sender_id", "receiver_id", "asset_id", "amount", "decimals",
    "usd_value", "block_hash", "observed_at", "initiator", "kind", "sender_tag", "receiver_tag",
    "import_number",
)  # fmt: skip


class Arrived(NamedTuple):
    """A transfer of the batch, its position there, the ids of its ends and its asset, and its import."""

    position: int
    transfer: Transfer
    sender_id: int
    receiver_id: int
    asset_id: int
    import_number: int | None


def stage(connection: Connection, arrived: Mapping[int, Arrived]) -> set[str]:
    """Copies transfers, by transfer id, into `incoming`.

    Returns:
        The hashes of transactions that come in more than one block.
    """
    connection.execute(_STAGING)
    blocks: dict[str, str | int] = {}
    several: set[str] = set()
    for _, t, *_ in arrived.values():
        block = t.block_number if t.block_hash is None else t.block_hash
        if blocks.setdefault(t.transaction_hash, block) != block:
            several.add(t.transaction_hash)
    copy_plain_rows(connection, "incoming", _COLUMNS, (_row(*item) for item in arrived.items()))
    return several


def _row(transfer_id: int, arrived: Arrived) -> tuple[Any, ...]:
    position, t, sender_id, receiver_id, asset_id, import_number = arrived
    usd_value = t.usd_value
    return (
        position, transfer_id, t.chain, t.transaction_hash, t.transfer_index, t.block_number,
        t.transaction_index, t.occurred_at, sender_id, receiver_id, asset_id, str(t.amount), t.decimals,
        usd_value if usd_value is None else str(usd_value), t.block_hash, t.observed_at, t.initiator, t.kind,
        t.sender_tag, t.receiver_tag, import_number,
    )  # fmt: skip
