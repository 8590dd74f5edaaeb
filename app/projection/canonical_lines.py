"""Wallets and transfers as lines of text, spelt the same whichever store they come from.

Null is the empty text; floats are written bit by bit; times are microseconds since 1970. `inexact` names what
a line of the graph cannot show: a float that is not its exact text, a time that is not in UTC, another type.
It is empty in the record.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import TextClause, text

from app.domain import EPOCH_BITS
from cypher import Query, query

SEPARATOR = "\x1f"
"""Between the fields of a line."""


@dataclass(frozen=True)
class Entity:
    """Wallets or transfers: the fields of a line in order, and the queries that both stores answer."""

    name: str
    fields: tuple[str, ...]
    floats: frozenset[str]
    next_in_record: TextClause
    last_in_record: TextClause
    digest_in_record: TextClause
    lines_in_record: TextClause
    next_in_graph: Query
    last_in_graph: Query
    lines_in_graph: Query

    def position(self, field: str) -> int:
        """Where this field stands in a line."""
        return self.fields.index(field)


def _select(key: str, fields: Mapping[str, str], tables: str, *, asset_id: str, amount: str) -> str:
    """SQL of the lines of a range; `amount` is what a line adds to the sum of its asset, or null."""
    return rf"""
        SELECT {key} AS id, {asset_id} AS asset_id, {amount} AS amount,
               array_to_string(ARRAY[{", ".join(fields.values())}], E'\x1f', '') AS line
        FROM {tables} WHERE {key} > :after AND {key} <= :last
    """  # noqa: S608 - constants of the code


def _digest(lines: str) -> TextClause:
    return text(rf"""
        WITH lines AS MATERIALIZED ({lines}), sums AS (
            SELECT asset_id, sum(amount) AS amount FROM lines WHERE amount IS NOT NULL GROUP BY asset_id
        )
        SELECT count(*), encode(sha256(convert_to(
                   coalesce(string_agg(line, E'\n' ORDER BY id), ''), 'UTF8')), 'hex'),
               (SELECT coalesce(jsonb_object_agg(asset_id, amount::text), '{{}}') FROM sums)
        FROM lines
    """)  # noqa: S608 - likewise


def _lines(lines: str) -> TextClause:
    return text(f"SELECT line FROM ({lines}) AS lines ORDER BY id")  # noqa: S608 - likewise


# cypher/state/wallets.cypher and transfers.cypher write the same fields in the same order.
_WALLET_FIELDS = {"wallet_id": "wallet_id::text", "chain": "chain", "address": "address"}
_TRANSFER_FIELDS = {
    "transfer_id": "x.transfer_id::text",
    "sender_id": "x.sender_id::text",
    "receiver_id": "x.receiver_id::text",
    "transaction_hash": "x.transaction_hash",
    "transfer_index": "x.transfer_index::text",
    "seq": "f.seq::text",
    "occurred_at": "(extract(epoch FROM x.occurred_at) * 1000000)::bigint::text",
    "asset_id": "x.asset_id::text",
    "asset": "a.asset",
    "amount": "x.amount::text",
    "decimals": "x.decimals::text",
    "usd_value": "encode(float8send(x.usd_value::float8), 'hex')",
    "unobserved": "encode(float8send(nullif(f.unobserved, 0)::float8), 'hex')",
    "retracted": "(x.retracted_batch_id IS NOT NULL)::text",
    "send_drain": "encode(float8send(f.send_drain), 'hex')",
    "send_share": "encode(float8send(f.send_share), 'hex')",
    "recv_drain": "encode(float8send(f.recv_drain), 'hex')",
    "send_pool": f"(f.send_pool_id << {EPOCH_BITS} | f.send_epoch)::text",
    "recv_pool": f"(f.recv_pool_id << {EPOCH_BITS} | f.recv_epoch)::text",
    "batch": "x.batch_id::text",
    "revision": "nullif(f.revision, x.batch_id)::text",
    "inexact": "''",
}
_WALLET_LINES = _select("wallet_id", _WALLET_FIELDS, "wallets", asset_id="NULL::int", amount="NULL::numeric")
# Outer joins: a transfer whose flow or asset is missing is a line that the graph cannot have.
_TRANSFER_LINES = _select(
    "x.transfer_id",
    _TRANSFER_FIELDS,
    "transactions x LEFT JOIN flows f USING (transfer_id) LEFT JOIN assets a USING (asset_id)",
    asset_id="x.asset_id",
    amount="CASE WHEN x.retracted_batch_id IS NULL THEN x.amount END",
)
WALLETS = Entity(
    name="wallets",
    fields=tuple(_WALLET_FIELDS),
    floats=frozenset(),
    next_in_record=text("SELECT min(wallet_id) FROM wallets WHERE wallet_id > :after"),
    last_in_record=text("SELECT max(wallet_id) FROM wallets"),
    digest_in_record=_digest(_WALLET_LINES),
    lines_in_record=_lines(_WALLET_LINES),
    next_in_graph=query("state/next_wallet"),
    last_in_graph=query("state/last_wallet"),
    lines_in_graph=query("state/wallets"),
)
TRANSFERS = Entity(
    name="transfers",
    fields=tuple(_TRANSFER_FIELDS),
    floats=frozenset({"usd_value", "unobserved", "send_drain", "send_share", "recv_drain"}),
    next_in_record=text("SELECT min(transfer_id) FROM transactions WHERE transfer_id > :after"),
    last_in_record=text("SELECT max(transfer_id) FROM transactions"),
    digest_in_record=_digest(_TRANSFER_LINES),
    lines_in_record=_lines(_TRANSFER_LINES),
    next_in_graph=query("state/next_transfer"),
    last_in_graph=query("state/last_transfer"),
    lines_in_graph=query("state/transfers"),
)
