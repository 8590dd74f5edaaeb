"""Comparing stores: two records by content, and a record with its graph."""

from sqlalchemy import text

from app.projection.proof import prove
from app.projection.state import read_state
from app.stores.graph import Graph
from app.stores.postgres import Postgres

# Every wallet and transfer with its annotation is one line of natural keys; numbers that depend on the order
# of arrival (wallet, transfer, asset, pool, batch) are in none. The halves of the lines' MD5 are summed.
_DIGEST = text(r"""
    WITH named AS (
        SELECT p.pool_id, concat_ws(E'\t', w.chain, w.address, a.asset) AS name
        FROM pools p JOIN wallets w USING (wallet_id) JOIN assets a USING (asset_id)
    ), lines AS (
        SELECT concat_ws(E'\t', 'wallet', chain, address) AS line FROM wallets
        UNION ALL
        SELECT array_to_string(ARRAY[
            x.chain, x.transaction_hash, x.transfer_index::text, x.block_number::text, f.seq::text,
            x.occurred_at::text, s.chain, s.address, r.chain, r.address, a.asset, x.amount::text,
            x.decimals::text, trim_scale(x.usd_value)::text, f.unobserved::text,
            (x.retracted_batch_id IS NOT NULL)::text, float8send(f.send_drain)::text,
            float8send(f.send_share)::text, float8send(f.recv_drain)::text,
            sent.name, f.send_epoch::text, received.name, f.recv_epoch::text
        ], E'\t', '')
        FROM transactions x LEFT JOIN flows f USING (transfer_id) JOIN assets a USING (asset_id)
        JOIN wallets s ON s.wallet_id = x.sender_id JOIN wallets r ON r.wallet_id = x.receiver_id
        LEFT JOIN named sent ON sent.pool_id = f.send_pool_id
        LEFT JOIN named received ON received.pool_id = f.recv_pool_id
    )
    SELECT count(*), sum(('x' || left(md5(line), 16))::bit(64)::bigint),
           sum(('x' || right(md5(line), 16))::bit(64)::bigint)
    FROM lines
""")


def record_digest(postgres: Postgres) -> tuple[object, ...]:
    """The same for the same wallets, transfers and annotations, whatever the order they came in."""
    with postgres.transaction() as connection:
        return tuple(connection.execute(_DIGEST).one())


def is_equal(postgres: Postgres, graph: Graph) -> bool:
    """The graph holds exactly what the record does."""
    return prove(postgres, graph).equal


def graph_label_digest(graph: Graph) -> str | None:
    """Digest of the label set that every wallet of the graph carries; None while some may not."""
    state = read_state(graph)
    return state.label_set_digest if state and state.unlabelled_batch is None else None
