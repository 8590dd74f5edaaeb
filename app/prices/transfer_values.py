"""What a run took single transfers to be worth."""

from collections.abc import Collection

from sqlalchemy import Connection, text


def values_in_run(
    connection: Connection, run_id: int, transfer_ids: Collection[int]
) -> dict[int, float | None]:
    """The USD value that the run used of each transfer, None where it had none to use."""
    rows = connection.execute(_VALUES, {"run_id": run_id, "transfer_ids": list(transfer_ids)})
    return {row.transfer_id: None if row.usd_value is None else float(row.usd_value) for row in rows}


_VALUES = text("""
    SELECT t.transfer_id,
        used_usd(t.transfer_id, t.asset_id, t.occurred_at, t.amount, t.usd_value, :run_id) AS usd_value
    FROM transactions t WHERE t.transfer_id = ANY(:transfer_ids)
""")
