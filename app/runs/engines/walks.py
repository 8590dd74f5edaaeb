"""How many walks path queries would take for a run, counted in the record."""

import numpy as np

from app.domain import EPOCH_BITS
from app.ledger.walks import Steps, Walks, count_walks
from app.policy.policy import Policy
from app.runs.snapshot import Snapshot, categories_by_wallet
from app.stores.copy_reader import read_columns


def walks_of(snapshot: Snapshot, policy: Policy) -> Walks:
    """The walks of a run over all its wallets; it reads all transfers with flow."""
    columns = read_columns(
        snapshot.connection,
        _STEPS,
        {"sender_wallet": "int", "receiver_wallet": "int", "sender_pool": "int", "receiver_pool": "int"},
        {"watermark": snapshot.watermark},
    )
    labelled = np.fromiter(categories_by_wallet(snapshot, policy), np.int64)
    return count_walks(Steps(**columns, labelled=labelled), policy.hop_limit)


_STEPS = f"""
SELECT t.sender_id, t.receiver_id,
  f.send_pool_id << {EPOCH_BITS} | f.send_epoch, f.recv_pool_id << {EPOCH_BITS} | f.recv_epoch
FROM flows f JOIN transactions t USING (transfer_id)
WHERE f.send_pool_id IS NOT NULL AND t.batch_id <= %(watermark)s
  AND (t.retracted_batch_id IS NULL OR t.retracted_batch_id > %(watermark)s)
ORDER BY f.seq, t.transaction_hash COLLATE "C"
"""  # noqa: S608 - constants of the code
