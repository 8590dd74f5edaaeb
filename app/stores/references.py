"""References that no foreign key holds, checked afterwards (docs/decisions/0004-foreign-keys.md)."""

from collections.abc import Iterator
from typing import NamedTuple

from pydantic import BaseModel, Field
from sqlalchemy import Connection, text

MAX_EXAMPLES = 5


class BrokenReference(BaseModel):
    """Rows whose column refers to a row that does not exist."""

    table: str = Field(examples=["transactions"])
    column: str = Field(examples=["sender_id"])
    refers_to: str = Field(examples=["wallets.wallet_id"])
    rows: int = Field(examples=[1])
    examples: list[str] = Field(
        description="Row and what it points to, a few of them.", examples=[["17 -> 99"]]
    )


class Reference(NamedTuple):
    """A column, the key of its table, and the column it refers to."""

    table: str
    key: str
    column: str
    target: str
    target_key: str


REFERENCES = (
    Reference("wallets", "wallet_id", "batch_id", "batches", "batch_id"),
    Reference("transactions", "transfer_id", "sender_id", "wallets", "wallet_id"),
    Reference("transactions", "transfer_id", "receiver_id", "wallets", "wallet_id"),
    Reference("transactions", "transfer_id", "asset_id", "assets", "asset_id"),
    Reference("transactions", "transfer_id", "batch_id", "batches", "batch_id"),
    Reference("transactions", "transfer_id", "retracted_batch_id", "batches", "batch_id"),
    Reference("transactions", "transfer_id", "transfer_id", "flows", "transfer_id"),
    Reference("absences", "transfer_id", "transfer_id", "transactions", "transfer_id"),
    Reference("flows", "transfer_id", "transfer_id", "transactions", "transfer_id"),
    Reference("flows", "transfer_id", "revision", "batches", "batch_id"),
    Reference("flows", "transfer_id", "send_pool_id", "pools", "pool_id"),
    Reference("flows", "transfer_id", "recv_pool_id", "pools", "pool_id"),
    Reference("pools", "pool_id", "wallet_id", "wallets", "wallet_id"),
    Reference("pools", "pool_id", "asset_id", "assets", "asset_id"),
    Reference("retractions", "retraction_id", "batch_id", "batches", "batch_id"),
    Reference("exposures", "run_id", "run_id", "scoring_runs", "run_id"),
    Reference("exposures", "run_id", "wallet_id", "wallets", "wallet_id"),
    Reference("exposures", "run_id", "asset_id", "assets", "asset_id"),
    Reference("risk_scores", "run_id", "run_id", "scoring_runs", "run_id"),
    Reference("risk_scores", "run_id", "wallet_id", "wallets", "wallet_id"),
)


def broken_references(connection: Connection) -> Iterator[BrokenReference | None]:
    """Checks one reference after the other; yields None for each that holds."""
    for reference in REFERENCES:
        statement = _BROKEN.format(
            **reference._asdict(), examples=MAX_EXAMPLES
        )  # names of the code, never input
        rows, examples = connection.execute(text(statement)).one()
        yield (
            BrokenReference(
                table=reference.table,
                column=reference.column,
                refers_to=f"{reference.target}.{reference.target_key}",
                rows=rows,
                examples=examples,
            )
            if rows
            else None
        )


_BROKEN = """
    SELECT count(*), coalesce((array_agg(r.key || ' -> ' || r.points_to))[1:{examples}], '{{}}')
    FROM (SELECT {key} AS key, {column} AS points_to FROM {table} WHERE {column} IS NOT NULL) AS r
    WHERE NOT EXISTS (SELECT FROM {target} t WHERE t.{target_key} = r.points_to)
"""
