"""Retractions into the record, and the transfers they take back."""

from sqlalchemy import Connection, text

from app.domain import Retraction
from ingest.record.changes import Changes

_RETRACT = text("""
    UPDATE transactions t SET retracted_batch_id = :batch_id
    WHERE t.transaction_hash = :transaction_hash AND t.chain = :chain AND t.retracted_batch_id IS NULL
    AND (CAST(:transfer_index AS int) IS NULL OR t.transfer_index = :transfer_index)
    AND t.asset_id = (SELECT asset_id FROM assets a WHERE (a.chain, a.asset) = (:chain, :asset))
    RETURNING t.transfer_id
""")
_RECORD_RETRACTION = text("""
    INSERT INTO retractions (chain, transaction_hash, asset, transfer_index, observed_at, block_number,
        block_hash, batch_id, retracted)
    VALUES (:chain, :transaction_hash, :asset, :transfer_index, :observed_at, :block_number,
        :block_hash, :batch_id, :retracted)
    ON CONFLICT DO NOTHING
""")


def retract(
    connection: Connection, batch_id: int, position: int, retraction: Retraction, changes: Changes
) -> None:
    """Takes back the transfers that a retraction names, and records it even if there are none."""
    parameters = {
        "batch_id": batch_id,
        "chain": retraction.chain,
        "transaction_hash": retraction.transaction_hash,
        "asset": retraction.asset,
        "transfer_index": retraction.transfer_index,
    }
    retracted = set(connection.execute(_RETRACT, parameters).scalars())
    recorded = connection.execute(
        _RECORD_RETRACTION,
        {
            **parameters,
            "observed_at": retraction.observed_at,
            "block_number": retraction.block_number,
            "block_hash": retraction.block_hash,
            "retracted": len(retracted),
        },
    )
    if recorded.rowcount:
        changes.stored.add(position)
    changes.counted.difference_update(retracted)
    changes.retracted.update(retracted)
