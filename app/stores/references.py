"""What foreign keys would hold, checked afterwards (docs/decisions/0004-foreign-keys.md)."""

from collections.abc import Iterator
from typing import NamedTuple

from pydantic import BaseModel, Field
from sqlalchemy import Connection, text

EXAMPLES = 5


class BrokenReference(BaseModel):
    """Rows of one column that point to nothing."""

    table: str = Field(examples=["transactions"])
    column: str = Field(examples=["sender_id"])
    refers_to: str = Field(examples=["wallets.wallet_id"])
    rows: int = Field(examples=[1])
    examples: list[str] = Field(
        description="Row and what it points to, a few of them.", examples=[["17 -> 99"]]
    )


class Link(NamedTuple):
    """One column, the key that names its row, and what it refers to."""

    table: str
    key: str
    column: str
    target: str
    target_key: str


LINKS = (
    Link("wallets", "wallet_id", "batch_id", "batches", "batch_id"),
    Link("transactions", "transfer_id", "sender_id", "wallets", "wallet_id"),
    Link("transactions", "transfer_id", "receiver_id", "wallets", "wallet_id"),
    Link("transactions", "transfer_id", "asset_id", "assets", "asset_id"),
    Link("transactions", "transfer_id", "batch_id", "batches", "batch_id"),
    Link("transactions", "transfer_id", "retracted_batch_id", "batches", "batch_id"),
    Link("transactions", "transfer_id", "transfer_id", "flows", "transfer_id"),
    Link("flows", "transfer_id", "transfer_id", "transactions", "transfer_id"),
    Link("flows", "transfer_id", "revision", "batches", "batch_id"),
    Link("flows", "transfer_id", "send_pool_id", "pools", "pool_id"),
    Link("flows", "transfer_id", "recv_pool_id", "pools", "pool_id"),
    Link("pools", "pool_id", "wallet_id", "wallets", "wallet_id"),
    Link("pools", "pool_id", "asset_id", "assets", "asset_id"),
    Link("retractions", "retraction_id", "batch_id", "batches", "batch_id"),
    Link("exposures", "run_id", "run_id", "scoring_runs", "run_id"),
    Link("exposures", "run_id", "wallet_id", "wallets", "wallet_id"),
    Link("exposures", "run_id", "asset_id", "assets", "asset_id"),
    Link("risk_scores", "run_id", "run_id", "scoring_runs", "run_id"),
    Link("risk_scores", "run_id", "wallet_id", "wallets", "wallet_id"),
)


def broken_references(connection: Connection) -> Iterator[BrokenReference | None]:
    """Checks one link after the other: what is broken of it, or None."""
    for link in LINKS:
        statement = _BROKEN.format(**link._asdict(), examples=EXAMPLES)  # names of the code, never input
        rows, examples = connection.execute(text(statement)).one()
        yield (
            BrokenReference(
                table=link.table,
                column=link.column,
                refers_to=f"{link.target}.{link.target_key}",
                rows=rows,
                examples=examples,
            )
            if rows
            else None
        )


_BROKEN = """
    SELECT count(*), coalesce((array_agg(link.key || ' -> ' || link.points_to))[1:{examples}], '{{}}')
    FROM (SELECT {key} AS key, {column} AS points_to FROM {table} WHERE {column} IS NOT NULL) AS link
    WHERE NOT EXISTS (SELECT FROM {target} t WHERE t.{target_key} = link.points_to)
"""
