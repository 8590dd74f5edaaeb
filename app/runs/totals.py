"""Exact totals of every wallet, asset and direction, summed by PostgreSQL."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, text


class Total(NamedTuple):
    """What one wallet received (source, 1) or sent (destination, 2) of one asset, in transfers with flow.

    `total` and `unobserved` (sent beyond what was received) are base units as decimal strings, so that they
    are stored unchanged; `usd_value` is the value of the priced transfers.
    """

    direction: int
    wallet_id: int
    asset_id: int
    total: str
    unobserved: str
    usd_value: float
    transfers: int
    unpriced_transfers: int


def totals(connection: Connection, watermark: int) -> Iterator[Total]:
    """The totals up to that batch, sources first, then by wallet and asset."""
    connection.execute(text("SET LOCAL work_mem = '128MB'"))
    rows = connection.execute(_TOTALS, {"watermark": watermark}, execution_options={"yield_per": 20_000})
    for row in rows:
        yield Total(*row)


_TOTALS = text("""
    WITH flow AS MATERIALIZED (
        SELECT f.send_pool_id, f.recv_pool_id, t.amount, f.unobserved,
            CASE WHEN t.usd_value > 0 THEN t.usd_value END AS usd_value
        FROM flows f JOIN transactions t USING (transfer_id)
        WHERE f.send_pool_id IS NOT NULL AND t.batch_id <= :watermark
          AND (t.retracted_batch_id IS NULL OR t.retracted_batch_id > :watermark)
    ), summed AS (
        SELECT 1 AS direction, recv_pool_id AS pool_id, sum(amount) AS total, 0 AS unobserved,
            sum(usd_value) AS usd_value, count(*) AS transfers, count(usd_value) AS priced
        FROM flow GROUP BY recv_pool_id
        UNION ALL
        SELECT 2, send_pool_id, sum(amount), sum(unobserved), sum(usd_value), count(*), count(usd_value)
        FROM flow GROUP BY send_pool_id
    )
    SELECT direction, wallet_id, asset_id, total::text, unobserved::text,
        coalesce(usd_value, 0)::float8, transfers, transfers - priced
    FROM summed JOIN pools USING (pool_id) ORDER BY direction, wallet_id, asset_id
""")
