"""What each store says of a range of wallets or transfers: one line each, in one spelling, from either store.

Null is the empty text; floats are written bit by bit; times are microseconds since 1970. `inexact` names the
floats beside exact texts that are not their value, and a time that is not in UTC; the record has none.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, TextClause, text

from app.domain import EPOCH_BITS
from app.stores.graph import Graph
from cypher import Query, query

SEPARATOR = "\x1f"
RANGE = 10_000
"""How many numbers one digest covers."""


class Range(NamedTuple):
    """Numbers after `after`, up to and with `last`."""

    after: int
    last: int

    @classmethod
    def of(cls, number: int) -> "Range":
        """The range that holds this number; they begin at 0."""
        start = number // RANGE * RANGE
        return cls(start - 1, start + RANGE - 1)


@dataclass(frozen=True)
class Kind:
    """Wallets or transfers: their fields, and the questions that both stores are asked."""

    name: str
    fields: tuple[str, ...]
    floats: tuple[int, ...]
    next_in_record: TextClause
    last_in_record: TextClause
    digest_in_record: TextClause
    lines_in_record: TextClause
    next_in_graph: Query
    last_in_graph: Query
    lines_in_graph: Query

    def field(self, name: str) -> int:
        """Where this field stands in a line."""
        return self.fields.index(name)


@dataclass(frozen=True, slots=True)
class Part:
    """What one store holds of a range: lines, their digest, exact sums in base units by asset number."""

    count: int
    digest: str
    amounts: dict[str, int]


def next_number(connection: Connection, graph: Graph, kind: Kind, after: int) -> int | None:
    """The smallest number after this one that either store has; None behind the last."""
    given = {"after": after}
    return min(_of_either(connection, kind.next_in_record, graph, kind.next_in_graph, given), default=None)


def last_number(connection: Connection, graph: Graph, kind: Kind) -> int:
    """The largest number that either store has; -1 when both are empty."""
    return max(_of_either(connection, kind.last_in_record, graph, kind.last_in_graph, {}), default=-1)


def _of_either(
    connection: Connection, statement: TextClause, graph: Graph, question: Query, given: dict[str, int]
) -> list[int]:
    """The number that each store answers with, of those that have one."""
    recorded = connection.execute(statement, given).scalar_one()
    numbers = [row["number"] for row in graph.read(question, given)]
    return numbers if recorded is None else [*numbers, recorded]


def record_part(connection: Connection, kind: Kind, within: Range) -> Part:
    """The record's part, digested by the record's server."""
    count, digest, amounts = connection.execute(kind.digest_in_record, within._asdict()).one()
    return Part(count, digest, {asset: int(amount) for asset, amount in amounts.items()})


def record_lines(connection: Connection, kind: Kind, within: Range) -> list[str]:
    """The record's lines, in order."""
    return list(connection.execute(kind.lines_in_record, within._asdict()).scalars())


def graph_lines(graph: Graph, kind: Kind, within: Range) -> list[str]:
    """The graph's lines, in order. Neo4j has no hash functions, so its lines are digested here."""
    ((texts,),) = graph.stream(kind.lines_in_graph, {**within._asdict(), "separator": SEPARATOR})
    if not kind.floats:
        return list(texts)
    return [SEPARATOR.join(_spelt(line.split(SEPARATOR), kind.floats)) for line in texts]


def part_of(lines: list[str], kind: Kind) -> Part:
    """The part that these lines are."""
    amounts: dict[str, int] = {}
    if kind is TRANSFERS:
        for asset, amount in _amounts(lines):
            amounts[asset] = amounts.get(asset, 0) + amount
    return Part(len(lines), sha256("\n".join(lines).encode()).hexdigest(), amounts)


def _amounts(lines: list[str]) -> Iterator[tuple[str, int]]:
    asset, amount, retracted = (TRANSFERS.field(name) for name in ("asset_id", "amount", "retracted"))
    for line in lines:
        fields = line.split(SEPARATOR)
        if fields[retracted] != "true" and fields[amount].isdecimal():
            yield fields[asset], int(fields[amount])


def _spelt(fields: list[str], floats: tuple[int, ...]) -> list[str]:
    for place in floats:
        if number := fields[place]:
            try:
                fields[place] = struct.pack(">d", float(number)).hex()
            except ValueError:  # only a changed graph has one
                fields[place] = f"not a float: {number}"
    return fields


_WALLET_LINES = r"""
    SELECT wallet_id AS number, NULL::int AS asset_id, NULL::numeric AS amount,
           concat_ws(E'\x1f', wallet_id, chain, address) AS line
    FROM wallets WHERE wallet_id > :after AND wallet_id <= :last
"""
# Outer joins: a transfer whose flow or asset is missing is a line that the graph cannot have.
_TRANSFER_LINES = rf"""
    SELECT x.transfer_id AS number, x.asset_id,
           CASE WHEN x.retracted_batch_id IS NULL THEN x.amount END AS amount,
           array_to_string(ARRAY[
             x.transfer_id::text, x.sender_id::text, x.receiver_id::text, x.transaction_hash,
             x.transfer_index::text, x.block_number::text, f.seq::text,
             (extract(epoch FROM x.occurred_at) * 1000000)::bigint::text,
             x.asset_id::text, a.asset, x.amount::text, x.decimals::text, trim_scale(x.usd_value)::text,
             f.unobserved::text, (x.retracted_batch_id IS NOT NULL)::text,
             encode(float8send(f.send_drain), 'hex'), encode(float8send(f.send_share), 'hex'),
             encode(float8send(f.recv_drain), 'hex'),
             (f.send_pool_id << {EPOCH_BITS} | f.send_epoch)::text,
             (f.recv_pool_id << {EPOCH_BITS} | f.recv_epoch)::text, x.batch_id::text, f.revision::text, ''
           ], E'\x1f', '') AS line
    FROM transactions x LEFT JOIN flows f USING (transfer_id) LEFT JOIN assets a USING (asset_id)
    WHERE x.transfer_id > :after AND x.transfer_id <= :last
"""  # noqa: S608 - a constant of the code


def _digest(lines: str) -> TextClause:
    return text(rf"""
        WITH lines AS MATERIALIZED ({lines}), sums AS (
            SELECT asset_id, sum(amount) AS amount FROM lines WHERE amount IS NOT NULL GROUP BY asset_id
        )
        SELECT count(*), encode(sha256(convert_to(
                   coalesce(string_agg(line, E'\n' ORDER BY number), ''), 'UTF8')), 'hex'),
               (SELECT coalesce(jsonb_object_agg(asset_id, amount::text), '{{}}') FROM sums)
        FROM lines
    """)  # noqa: S608 - likewise


def _lines(lines: str) -> TextClause:
    return text(f"SELECT line FROM ({lines}) AS lines ORDER BY number")  # noqa: S608 - likewise


WALLETS = Kind(
    name="wallets",
    fields=("wallet_id", "chain", "address"),
    floats=(),
    next_in_record=text("SELECT min(wallet_id) FROM wallets WHERE wallet_id > :after"),
    last_in_record=text("SELECT max(wallet_id) FROM wallets"),
    digest_in_record=_digest(_WALLET_LINES),
    lines_in_record=_lines(_WALLET_LINES),
    next_in_graph=query("state/next_wallet"),
    last_in_graph=query("state/last_wallet"),
    lines_in_graph=query("state/wallets"),
)
TRANSFERS = Kind(
    name="transfers",
    fields=(
        "transfer_id", "sender_id", "receiver_id", "transaction_hash", "transfer_index", "block_number",
        "seq", "occurred_at", "asset_id", "asset", "amount", "decimals", "usd_value", "unobserved",
        "retracted", "send_drain", "send_share", "recv_drain", "send_pool", "recv_pool", "batch", "revision",
        "inexact",
    ),
    floats=(15, 16, 17),
    next_in_record=text("SELECT min(transfer_id) FROM transactions WHERE transfer_id > :after"),
    last_in_record=text("SELECT max(transfer_id) FROM transactions"),
    digest_in_record=_digest(_TRANSFER_LINES),
    lines_in_record=_lines(_TRANSFER_LINES),
    next_in_graph=query("state/next_transfer"),
    last_in_graph=query("state/last_transfer"),
    lines_in_graph=query("state/transfers"),
)  # fmt: skip
