"""What the record holds of a wallet in all: its transfers, counterparties, and when it was seen."""

from typing import Final

from sqlalchemy import Connection, text

from app.answers.scores import WalletTotals
from app.record.wallets import KnownWallet

MAX_COUNTED: Final = 10_000


def wallet_totals(connection: Connection, wallet: KnownWallet) -> WalletTotals | None:
    """Transfers with flow of a wallet now; None of one that no transfer names."""
    if not wallet.is_seen:
        return None
    row = connection.execute(_TOTALS, {"wallet_id": wallet.wallet_id, "limit": MAX_COUNTED}).one()
    return WalletTotals(
        transfers_in=row.transfers_in,
        transfers_out=row.transfers_out,
        paying_wallets=row.senders,
        paid_wallets=row.receivers,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        counted_up_to=MAX_COUNTED,
    )


# A pool's flows are indexed in order: first and last are one step each, the others are read up to a limit.
_TOTALS = text("""
    WITH mine AS (SELECT pool_id FROM pools WHERE wallet_id = :wallet_id),
    ends AS (
        SELECT e.transfer_id FROM mine CROSS JOIN LATERAL (
            (SELECT transfer_id FROM flows WHERE recv_pool_id = pool_id ORDER BY seq LIMIT 1)
            UNION ALL (SELECT transfer_id FROM flows WHERE send_pool_id = pool_id ORDER BY seq LIMIT 1)
            UNION ALL (SELECT transfer_id FROM flows WHERE recv_pool_id = pool_id ORDER BY seq DESC LIMIT 1)
            UNION ALL (SELECT transfer_id FROM flows WHERE send_pool_id = pool_id ORDER BY seq DESC LIMIT 1)
        ) AS e
    ),
    received AS (
        SELECT f.other FROM mine CROSS JOIN LATERAL (
            SELECT send_pool_id AS other FROM flows WHERE recv_pool_id = pool_id
            ORDER BY seq DESC LIMIT :limit
        ) AS f LIMIT :limit
    ),
    sent AS (
        SELECT f.other FROM mine CROSS JOIN LATERAL (
            SELECT recv_pool_id AS other FROM flows WHERE send_pool_id = pool_id
            ORDER BY seq DESC LIMIT :limit
        ) AS f LIMIT :limit
    )
    SELECT (SELECT min(occurred_at) FROM ends JOIN transactions USING (transfer_id)) AS first_seen,
        (SELECT max(occurred_at) FROM ends JOIN transactions USING (transfer_id)) AS last_seen,
        (SELECT count(*) FROM received) AS transfers_in, (SELECT count(*) FROM sent) AS transfers_out,
        (SELECT count(DISTINCT wallet_id) FROM received JOIN pools ON pool_id = other) AS senders,
        (SELECT count(DISTINCT wallet_id) FROM sent JOIN pools ON pool_id = other) AS receivers
""")
