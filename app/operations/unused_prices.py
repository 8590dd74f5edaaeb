"""The values and prices that a run did not use, as a list."""

from typing import Any

from sqlalchemy import Connection, Row, text

from app.answers.cursors import decode_cursor, encode_cursor
from app.answers.prices import UnusedPrice, UnusedPrices
from app.runs.queries import completed_or_published_run


def unused_prices(connection: Connection, run_id: int | None, limit: int, cursor: str | None) -> UnusedPrices:
    """A page of what the run, or the published one, did not use.

    Raises:
        NotFound: there is no run of that id.
        NotReady: the run has no results, or none has been published.
        InvalidInput: the text is not a cursor of this list.
    """
    (after,) = (0,) if cursor is None else decode_cursor(cursor, 1)
    run = completed_or_published_run(connection, run_id)
    rows = connection.execute(_UNUSED, {"run_id": run.run_id, "after": after, "limit": limit + 1}).all()
    return UnusedPrices(
        run_id=run.run_id,
        prices=[_answer(row) for row in rows[:limit]],
        next=encode_cursor(rows[limit - 1].unused_id) if len(rows) > limit else None,
        total=run.unused_values or 0,
    )


def _answer(row: Row[Any]) -> UnusedPrice:
    return UnusedPrice(
        chain=row.chain,
        asset=row.asset,
        day=row.day,
        price=f"{row.price:.12g}",
        median=f"{row.median:.12g}",
        source=row.source,
        transaction_hash=row.transaction_hash,
        transfer_index=row.transfer_index,
        amount=None if row.amount is None else str(row.amount),
        decimals=row.decimals,
        usd_value=None if row.usd_value is None else format(row.usd_value, "f"),
    )


_UNUSED = text("""
    SELECT u.unused_id, a.chain, a.asset, u.day, u.price, u.median, p.source, t.transaction_hash,
        t.transfer_index, t.amount, coalesce(t.decimals, a.decimals) AS decimals, t.usd_value
    FROM unused_prices u JOIN assets a USING (asset_id)
    LEFT JOIN prices p ON p.price_id = u.price_id LEFT JOIN transactions t ON t.transfer_id = u.transfer_id
    WHERE u.run_id = :run_id AND u.unused_id > :after ORDER BY u.unused_id LIMIT :limit
""")
