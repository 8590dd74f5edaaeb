"""The rows that travel from the record to the graph, in pages of named columns.

`WALLET_COLUMNS` and `TRANSFER_COLUMNS` name every column and give its SQL. The SELECTs are made of them, and
`cypher/write/wallets.cypher` and `cypher/write/transfers.cypher` read the same names
(tests/unit/projection/test_rows.py holds them together). Why columns: docs/decisions/0021-named-columns.md.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, text

from app.domain import EPOCH_BITS

T = TypeVar("T")

MAY_BE_LABELLED = "w.address ~ '^0x0{40}$' OR w.address IN (SELECT l.address FROM labels l)"
"""Of a wallet `w`: a past run may have used labels that are removed now, a listed key holds on every EVM
chain, and the zero address is labelled without a row."""
WALLET_COLUMNS = {
    "wallet_id": "w.wallet_id",
    "chain": "w.chain",
    "address": "w.address",
    "batch": "w.batch_id",
    "may_be_labelled": MAY_BE_LABELLED,
}
# What follows from other values is absent: it would cost every edge time and disk (docs/decisions/0025-*.md).
# The conversion of numeric to float8 is correctly rounded, as Neo4j's own conversion of the text would be.
TRANSFER_COLUMNS = {
    "transfer_id": "f.transfer_id",
    "sender_id": "x.sender_id",
    "receiver_id": "x.receiver_id",
    "batch": "x.batch_id",
    "revision": "nullif(f.revision, x.batch_id)",
    "transaction_hash": "x.transaction_hash",
    "seq": "f.seq",
    "occurred_at_second": "floor(extract(epoch FROM x.occurred_at))::bigint",
    "occurred_at_nanosecond": "extract(microseconds FROM x.occurred_at)::int % 1000000 * 1000",
    "asset_id": "x.asset_id",
    "asset": "a.asset",
    "decimals": "x.decimals",
    "amount": "x.amount::float8",
    "amount_exact": "x.amount::text",
    "usd_value": "x.usd_value::float8",
    "send_pool": f"f.send_pool_id << {EPOCH_BITS} | f.send_epoch",
    "send_drain": "f.send_drain",
    "send_share": "f.send_share",
    "unobserved": "nullif(f.unobserved, 0)::float8",
    "recv_pool": f"f.recv_pool_id << {EPOCH_BITS} | f.recv_epoch",
    "recv_drain": "f.recv_drain",
    "retracted": "CASE WHEN x.retracted_batch_id IS NOT NULL THEN true END",
}


@dataclass(frozen=True, slots=True)
class NewestBatch:
    """The record's newest batch; `committed_at` in microseconds since 1970.

    A record that was put back gives the number again to another batch, which has another time.
    """

    batch_id: int
    committed_at: int


@dataclass(frozen=True, slots=True)
class Page:
    """Rows by column: under each name the values of all rows, in one order.

    No row was written by a batch after `newest_batch`, which is None only where the record has none.
    """

    columns: dict[str, list[Any]]
    rows: int
    newest_batch: NewestBatch | None = None

    @classmethod
    def of(
        cls, names: Sequence[str], rows: Sequence[Row[Any]], newest_batch: NewestBatch | None = None
    ) -> "Page":
        """The page of these rows, whose values are in the order of the names."""
        columns = map(list, zip(*rows, strict=True)) if rows else ([] for _ in names)
        return cls(dict(zip(names, columns, strict=True)), len(rows), newest_batch)


class RowSource:
    """Reads the rows of wallets, or of transfers, from the record."""

    def __init__(
        self, columns: Mapping[str, str], tables: str, *, key: str, batch: str, page_rows: int
    ) -> None:
        self.key = key
        self.page_rows = page_rows
        self._names = tuple(columns)
        table = columns[key].partition(".")[0]
        select = f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in columns.items())} FROM {tables}"  # noqa: S608 - names of the code
        self._of_batches = text(f"{select} WHERE {batch} = ANY(:batches)")
        self._of_ids = text(f"{select} WHERE {table}.{key} = ANY(:ids)")
        self._after = text(f"{select} WHERE {table}.{key} > :after ORDER BY {table}.{key} LIMIT :row_limit")

    def of_batches(self, connection: Connection, batches: Collection[int]) -> Iterator[Page]:
        """The rows these batches have written last, page by page."""
        streamed = self._of_batches.execution_options(stream_results=True, yield_per=self.page_rows)
        with connection.execute(streamed, {"batches": list(batches)}) as result:
            newest = newest_batch(connection)  # asked after the rows are fixed: none of them is later
            for page in result.partitions(self.page_rows):
                yield Page.of(self._names, page, newest)

    def of_ids(self, connection: Connection, ids: Collection[int]) -> Page:
        """The rows of these ids; ids that the record does not have are left out."""
        rows = connection.execute(self._of_ids, {"ids": list(ids)}).all()
        return Page.of(self._names, rows, newest_batch(connection))

    def after(self, connection: Connection, last_id: int) -> Page:
        """The page of rows that follows this id, in order; empty after the last."""
        parameters = {"after": last_id, "row_limit": self.page_rows}
        rows = connection.execute(self._after, parameters).all()
        return Page.of(self._names, rows, newest_batch(connection))


def newest_batch(connection: Connection) -> NewestBatch | None:
    """The newest batch the record has committed."""
    row = connection.execute(_NEWEST_BATCH).one_or_none()
    return NewestBatch(*row) if row else None


def batch_committed_at(connection: Connection, batch_id: int) -> int | None:
    """When the record committed a batch, in microseconds since 1970; None where it has no such batch."""
    committed_at: int | None = connection.execute(_COMMITTED_AT, {"batch_id": batch_id}).scalar_one_or_none()
    return committed_at


_NEWEST_BATCH = text("""
    SELECT batch_id, (extract(epoch FROM committed_at) * 1000000)::bigint
    FROM batches ORDER BY batch_id DESC LIMIT 1
""")
_COMMITTED_AT = text("""
    SELECT (extract(epoch FROM committed_at) * 1000000)::bigint FROM batches WHERE batch_id = :batch_id
""")
WALLET_ROWS = RowSource(WALLET_COLUMNS, "wallets w", key="wallet_id", batch="w.batch_id", page_rows=5_000)
TRANSFER_ROWS = RowSource(
    TRANSFER_COLUMNS,
    "flows f JOIN transactions x USING (transfer_id) JOIN assets a USING (asset_id)",
    key="transfer_id",
    batch="f.revision",
    page_rows=2_500,  # writing an edge again takes about 30 kB of a transaction's memory
)


def paged(items: list[T], rows: int) -> Iterator[list[T]]:
    """The items in lists of `rows` at most."""
    return (items[start : start + rows] for start in range(0, len(items), rows))
