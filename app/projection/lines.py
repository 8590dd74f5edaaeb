"""The lines that are digested: the same fields in the same order and spelling, from either store.

Fields of a transfer: chain, transaction_hash, transfer_index, block_number, seq, occurred_at (microseconds),
sender, receiver's chain, receiver, asset, amount, decimals, usd_value, unobserved, retracted, send_drain,
send_share, recv_drain, send_pool, recv_pool, faults. Null is the empty text; floats are written bit by bit.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from app.domain import EPOCH_BITS
from app.graph import Graph
from cypher import query

SEPARATOR = "\x1f"
_PAGE_ROWS = 10_000
_POOL_NAMES = 100_000
_FLOATS = slice(15, 18)
_POOLS = slice(18, 20)
_FAULTS = 20
_FIELDS = 21


class PoolNames:
    """Natural names of pools, looked up in the record page by page and kept up to a bound."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._names: dict[int, str] = {}

    def resolve(self, page: list[list[str]]) -> None:
        """Writes (chain, address, asset, epoch) in the place of each epoch identity."""
        identities = {int(pool) for fields in page for pool in fields[_POOLS] if pool.isdecimal()}
        self._look_up({identity >> EPOCH_BITS for identity in identities})
        named = {str(identity): self._name(identity) for identity in identities}
        for fields in page:
            fields[_POOLS] = [named.get(pool, pool) for pool in fields[_POOLS]]

    def _name(self, identity: int) -> str:
        return f"{self._names.get(identity >> EPOCH_BITS)}{SEPARATOR}{identity & ((1 << EPOCH_BITS) - 1)}"

    def _look_up(self, pool_ids: set[int]) -> None:
        if len(self._names) > _POOL_NAMES:
            self._names.clear()
        unknown = list(pool_ids - self._names.keys())
        for pool_id, *name in self._connection.execute(_NAMES, {"pool_ids": unknown}):
            self._names[pool_id] = SEPARATOR.join(name)


def record_wallets(connection: Connection) -> Iterator[str]:
    """The wallets of the record, each as one line."""
    for page in _pages(connection, _WALLETS):
        yield from (SEPARATOR.join(row) for row in page)


def graph_wallets(graph: Graph, connection: Connection) -> Iterator[str]:
    """The wallets of the graph, each as one line; one under another's number is marked."""
    after = -1
    while page := list(graph.stream(query("state/wallets"), {"after": after, "rows": _PAGE_ROWS})):
        after = page[-1]["wallet_id"]
        numbers = {"wallet_ids": [wallet_id for wallet_id, _, _ in page]}
        known = {
            row.wallet_id: (row.chain, row.address) for row in connection.execute(_KNOWN_WALLETS, numbers)
        }
        for wallet_id, chain, address in page:
            fault = [] if known.get(wallet_id) == (chain, address) else ["wallet_id"]
            yield SEPARATOR.join([chain or "", address or "", *fault])


def record_transfers(connection: Connection, names: PoolNames) -> Iterator[list[str]]:
    """The transfers of the record, each as its fields."""
    connection.execute(text("SET LOCAL cursor_tuple_fraction = 1"))  # all rows are wanted, not the first soon
    for page in _pages(connection, _TRANSFERS):
        yield from _spelt([row[0].split(SEPARATOR) for row in page], names)


def graph_transfers(graph: Graph, connection: Connection, names: PoolNames) -> Iterator[list[str]]:
    """The transfers of the graph, each as its fields; numbers that contradict the record leave a fault."""
    after = -1
    given = {"rows": _PAGE_ROWS, "separator": SEPARATOR}
    while True:
        ((last, texts),) = graph.stream(query("state/transfers"), {"after": after, **given})
        if not texts:
            return
        known = _known_transfers(connection, after, last)
        lines = []
        for line in texts:
            number, *fields = line.split(SEPARATOR)
            if known.get(number) != SEPARATOR.join(fields[:3] + fields[_FIELDS:]):
                fields[_FAULTS] += "numbers"
            lines.append(fields[:_FIELDS])
        yield from _spelt(lines, names)
        after = last


def _known_transfers(connection: Connection, after: int, last: int) -> dict[str, str]:
    """Transfer number -> what the record says of the numbers on its edge, for a page of them."""
    given = {"after": after, "last": last, "rows": _PAGE_ROWS}
    return {row.transfer_id: row.line for row in connection.execute(_KNOWN_TRANSFERS, given)}


def _spelt(page: list[list[str]], names: PoolNames) -> list[list[str]]:
    for fields in page:
        fields[_FLOATS] = [_bits(number) for number in fields[_FLOATS]]
    names.resolve(page)
    return page


def _bits(number: str) -> str:
    try:
        return float(number).hex() if number else ""
    except ValueError:  # only a changed graph has one
        return f"not a float: {number}"


def _pages(connection: Connection, statement: str) -> Iterator[list[tuple[str, ...]]]:
    streamed = text(statement).execution_options(stream_results=True, yield_per=_PAGE_ROWS)
    with connection.execute(streamed) as result:
        for page in result.partitions(_PAGE_ROWS):
            yield [tuple(row) for row in page]


_WALLETS = "SELECT chain, address FROM wallets"
_TRANSFERS = rf"""
    SELECT array_to_string(ARRAY[
             x.chain, x.transaction_hash, x.transfer_index::text, x.block_number::text, f.seq::text,
             (extract(epoch FROM x.occurred_at) * 1000000)::bigint::text,
             s.address, r.chain, r.address, a.asset, x.amount::text, x.decimals::text,
             trim_scale(x.usd_value)::text, f.unobserved::text, (x.retracted_batch_id IS NOT NULL)::text,
             f.send_drain::text, f.send_share::text, f.recv_drain::text,
             (f.send_pool_id << {EPOCH_BITS} | f.send_epoch)::text,
             (f.recv_pool_id << {EPOCH_BITS} | f.recv_epoch)::text, ''
           ], E'\x1f', '')
    FROM transactions x LEFT JOIN flows f USING (transfer_id) JOIN assets a USING (asset_id)
    JOIN wallets s ON s.wallet_id = x.sender_id JOIN wallets r ON r.wallet_id = x.receiver_id
"""  # noqa: S608 - a constant of the code
_NAMES = text("""
    SELECT p.pool_id, w.chain, w.address, a.asset
    FROM pools p JOIN wallets w USING (wallet_id) JOIN assets a USING (asset_id)
    WHERE p.pool_id = ANY(:pool_ids)
""")
_KNOWN_WALLETS = text("SELECT wallet_id, chain, address FROM wallets WHERE wallet_id = ANY(:wallet_ids)")
_KNOWN_TRANSFERS = text(r"""
    SELECT transfer_id::text, array_to_string(ARRAY[
             x.chain, x.transaction_hash, x.transfer_index::text, x.sender_id::text, x.receiver_id::text,
             x.asset_id::text, x.batch_id::text, f.revision::text
           ], E'\x1f', '') AS line
    FROM transactions x JOIN flows f USING (transfer_id)
    WHERE transfer_id > :after AND transfer_id <= :last ORDER BY x.transfer_id LIMIT :rows
""")
