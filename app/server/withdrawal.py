"""Withdrawing an undone import for the API: the ingestion's own code, with its progress as a part."""

from app.domain import Progress
from app.operations.undo_import import STEP
from app.record.imports import imported_messages
from app.stores.postgres import Postgres
from ingest.record.withdrawal import withdraw_import


def withdraw(postgres: Postgres, import_number: int, progress: Progress) -> None:
    """As `app.operations.undo_import.Withdraw`."""
    with postgres.transaction() as connection:
        total = imported_messages(connection, import_number)

    def report(done: int) -> None:
        progress(STEP, min(1.0, done / total) if total else 0.0)

    withdraw_import(postgres, import_number, progress=report)
