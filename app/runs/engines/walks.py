"""How many walks path queries would take for a run, counted in the record."""

from collections.abc import Collection

import numpy as np
from sqlalchemy import Connection

from app.domain import EPOCH_BITS
from app.ledger.walks import Steps, Walks, count_walks
from app.stores.copy_reader import read_columns


def walks_of(
    connection: Connection, *, labelled_wallets: Collection[int], watermark: int, hop_limit: int
) -> Walks:
    """The walks over all wallets; it reads all transfers with flow up to the watermark, in a snapshot."""
    columns = read_columns(
        connection,
        _STEPS,
        {"sender_wallet": "int", "receiver_wallet": "int", "sender_pool": "int", "receiver_pool": "int"},
        {"watermark": watermark},
    )
    labelled = np.fromiter(labelled_wallets, np.int64)
    return count_walks(Steps(**columns, labelled=labelled), hop_limit)


_STEPS = f"""
SELECT t.sender_id, t.receiver_id,
  f.send_pool_id << {EPOCH_BITS} | f.send_epoch, f.recv_pool_id << {EPOCH_BITS} | f.recv_epoch
FROM flows f JOIN transactions t USING (transfer_id)
WHERE f.send_pool_id IS NOT NULL AND t.batch_id <= %(watermark)s
  AND (t.retracted_batch_id IS NULL OR t.retracted_batch_id > %(watermark)s)
ORDER BY f.seq, t.transaction_hash COLLATE "C"
"""  # noqa: S608 - constants of the code
