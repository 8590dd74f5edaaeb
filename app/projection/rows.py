"""The rows that travel from the record to the graph, in pages."""

from collections.abc import Collection, Iterator
from typing import Any, TypeVar

from sqlalchemy import Connection, TextClause, text

from app.domain import EPOCH_BITS

TRANSFER_PAGE = 2_500  # writing an edge again takes about 30 kB of a transaction's memory
WALLET_PAGE = 5_000

Page = list[list[Any]]
T = TypeVar("T")

# A wallet that some label names, or may name: the graph's label set is in doubt when it appears. Removed
# labels count too, because a past run may have used them; so does the zero address, labelled without any row.
_WALLETS = """
    SELECT w.wallet_id, w.chain, w.address,
           w.address ~ '^0x0{40}$' OR (w.chain, w.address) IN (SELECT l.chain, l.address FROM labels l)
    FROM wallets w
"""
# The conversion of numeric to float8 is correctly rounded, as the graph's own of the text would be.
_TRANSFERS = f"""
    SELECT f.transfer_id, x.sender_id, x.receiver_id, f.revision, x.batch_id, x.transaction_hash,
           x.transfer_index, x.block_number, f.seq, floor(extract(epoch FROM x.occurred_at))::bigint,
           extract(microseconds FROM x.occurred_at)::int % 1000000,
           x.asset_id, a.asset, x.decimals, x.amount::float8, x.amount::text, x.usd_value::float8,
           trim_scale(x.usd_value)::text,
           f.send_pool_id << {EPOCH_BITS} | f.send_epoch, f.send_drain, f.send_share, f.unobserved::float8,
           f.unobserved::text, f.recv_pool_id << {EPOCH_BITS} | f.recv_epoch, f.recv_drain,
           CASE WHEN x.retracted_batch_id IS NOT NULL THEN true END
    FROM flows f JOIN transactions x USING (transfer_id) JOIN assets a USING (asset_id)
"""  # noqa: S608 - a constant of the code
_WALLETS_OF_BATCHES = text(f"{_WALLETS} WHERE w.batch_id = ANY(:batches)")
_TRANSFERS_OF_BATCHES = text(f"{_TRANSFERS} WHERE f.revision = ANY(:batches)")
_WALLETS_OF = text(f"{_WALLETS} WHERE w.wallet_id = ANY(:wallet_ids)")
_TRANSFERS_OF = text(f"{_TRANSFERS} WHERE f.transfer_id = ANY(:transfer_ids)")
_WALLETS_AFTER = text(f"{_WALLETS} WHERE w.wallet_id > :after ORDER BY w.wallet_id LIMIT {WALLET_PAGE}")
_TRANSFERS_AFTER = text(
    f"{_TRANSFERS} WHERE f.transfer_id > :after ORDER BY f.transfer_id LIMIT {TRANSFER_PAGE}"
)


def wallets_of_batches(connection: Connection, batches: Collection[int]) -> Iterator[Page]:
    """Wallets first seen by these batches: [wallet_id, chain, address, may have a label]."""
    return _pages(connection, _WALLETS_OF_BATCHES, batches, WALLET_PAGE)


def transfers_of_batches(connection: Connection, batches: Collection[int]) -> Iterator[Page]:
    """Transfers last written by these batches, as `write/transfers` takes them."""
    return _pages(connection, _TRANSFERS_OF_BATCHES, batches, TRANSFER_PAGE)


def wallets_of(connection: Connection, wallet_ids: Collection[int]) -> Page:
    """These wallets, as far as the record has them."""
    return [list(row) for row in connection.execute(_WALLETS_OF, {"wallet_ids": list(wallet_ids)})]


def transfers_of(connection: Connection, transfer_ids: Collection[int]) -> Page:
    """These transfers, as far as the record has them."""
    return [list(row) for row in connection.execute(_TRANSFERS_OF, {"transfer_ids": list(transfer_ids)})]


def wallets_after(connection: Connection, wallet_id: int) -> Page:
    """The next page of all wallets, by number."""
    return [list(row) for row in connection.execute(_WALLETS_AFTER, {"after": wallet_id})]


def transfers_after(connection: Connection, transfer_id: int) -> Page:
    """The next page of all transfers, by number."""
    return [list(row) for row in connection.execute(_TRANSFERS_AFTER, {"after": transfer_id})]


def paged(items: list[T], rows: int) -> Iterator[list[T]]:
    """The items, so many at a time."""
    return (items[start : start + rows] for start in range(0, len(items), rows))


def _pages(
    connection: Connection, statement: TextClause, batches: Collection[int], rows: int
) -> Iterator[Page]:
    streamed = statement.execution_options(stream_results=True, yield_per=rows)
    with connection.execute(streamed, {"batches": list(batches)}) as result:
        for page in result.partitions(rows):
            yield [list(row) for row in page]
