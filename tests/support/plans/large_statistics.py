"""Statistics of a record with 100 million transfers, or a part of that, for tables that hold few rows."""

from sqlalchemy import Connection, text

ROWS = {
    "transactions": 100_000_000, "flows": 100_000_000, "pools": 50_000_000, "wallets": 30_000_000,
    "retractions": 1_000_000, "absences": 1_000_000, "batches": 1_000_000, "dead_letters": 1_000_000,
    "duplicates": 1_000_000,
    "screenings": 10_000_000, "assets": 20_000, "ingestion_state": 64,
}  # fmt: skip
"""Rows of each table."""
LARGE = {table for table, rows in ROWS.items() if rows >= 1_000_000}
# Distinct values; negative: a part of the rows. With a second number: the part of rows that are null.
_COLUMNS: dict[str, dict[str, tuple[float, float]]] = {
    "transactions": {
        "transfer_id": (-1, 0), "chain": (8, 0), "transaction_hash": (-0.6, 0), "transfer_index": (300, 0),
        "block_number": (5_000_000, 0), "sender_id": (-0.2, 0), "receiver_id": (-0.2, 0),
        "asset_id": (20_000, 0), "batch_id": (200_000, 0), "retracted_batch_id": (50_000, 0.999),
        "is_superseded": (1, 0.9999), "is_waiting": (1, 0.9999), "block_hash": (5_000_000, 0.5),
        "import_number": (1_000, 0.9),
    },
    "flows": {
        "transfer_id": (-1, 0), "seq": (-0.9, 0), "revision": (200_000, 0),
        "send_pool_id": (-0.3, 0.05), "recv_pool_id": (-0.3, 0.05),
    },
    "pools": {"pool_id": (-1, 0), "wallet_id": (-0.6, 0), "asset_id": (20_000, 0)},
    "wallets": {"wallet_id": (-1, 0), "chain": (8, 0), "address": (-0.95, 0), "batch_id": (200_000, 0)},
    "retractions": {
        "chain": (8, 0), "transaction_hash": (-0.8, 0), "asset": (20_000, 0), "batch_id": (100_000, 0),
        "import_numbers": (100, 0.9999),
    },
    "absences": {"transfer_id": (-0.9, 0), "returned_batch_id": (100_000, 0)},
    "batches": {"batch_id": (-1, 0), "committed_at": (-1, 0), "projected_at": (-0.9, 0.0001)},
    "dead_letters": {
        "topic": (1, 0), "partition": (64, 0), "offset": (-0.5, 0), "published_at": (-0.9, 0.0001),
    },
    "duplicates": {"topic": (1, 0), "partition": (64, 0), "series": (2, 0), "from_offset": (-0.5, 0)},
    "screenings": {
        "screening_id": (-1, 0), "address": (-0.2, 0.01), "chain": (8, 0.01), "recorded_at": (-0.9, 0),
        "status": (5, 0), "reference_id": (-0.5, 0.5),
    },
    "assets": {"asset_id": (-1, 0), "chain": (8, 0), "asset": (-0.9, 0)},
}  # fmt: skip


def restore_large_statistics(connection: Connection, scale: float = 1.0) -> None:
    """Sets the statistics of every table of `ROWS`; PostgreSQL keeps them until it analyses the table.

    Every table has `scale` times its rows.

    The planner scales the rows of a table by the pages it has now, so these pages are said to hold them all.
    """
    for table, rows in ROWS.items():
        connection.execute(
            text(
                "SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', CAST(:name AS text),"
                " 'relpages', greatest(1, pg_relation_size(CAST(:name AS text)) / 8192)::integer,"
                " 'reltuples', CAST(:rows AS real))"
            ),
            {"name": table, "rows": max(1, round(rows * scale))},
        )
        for column, (distinct, nulls) in _COLUMNS.get(table, {}).items():
            connection.execute(
                text(
                    "SELECT pg_restore_attribute_stats('schemaname', 'public',"
                    " 'relname', CAST(:name AS text), 'attname', CAST(:column AS text), 'inherited', false,"
                    " 'null_frac', CAST(:nulls AS real), 'avg_width', 8,"
                    " 'n_distinct', CAST(:distinct AS real))"
                ),
                {"name": table, "column": column, "nulls": nulls, "distinct": distinct},
            )
