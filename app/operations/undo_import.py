"""Undoes an import as work of this process."""

from typing import Protocol

from app.domain import Progress
from app.operations.operation import Operation, Operations
from app.record.imports import find_import, undo_import
from app.stores.limits import Work
from app.stores.postgres import Postgres

STEP = "withdrawing"


class Withdraw(Protocol):
    """Withdraws what an undone import said; the ingestion knows how, and the application does not know it."""

    def __call__(self, postgres: Postgres, import_number: int, progress: Progress) -> None:
        """Returns when nothing is left. `progress` gets the step and its part that is done."""


def start_undo(operations: Operations, postgres: Postgres, withdraw: Withdraw, import_id: str) -> Operation:
    """Starts undoing an import, or joins whoever is at it. An undone one is withdrawn at once.

    From here on the import says nothing. What is left when this process ends, the consumer withdraws.

    Raises:
        NotFound: there is no import of this identity.
    """
    with postgres.transaction() as connection:
        number, _ = find_import(connection, import_id)
    bulk = postgres.during(Work.BULK)

    def work(progress: Progress) -> dict[str, object]:
        # The mark waits for the batches that have messages of the import.
        bulk.run(lambda connection: undo_import(connection, number))
        withdraw(bulk, number, progress)
        with bulk.transaction() as connection:
            _, undone = find_import(connection, import_id)
        return undone.model_dump(mode="json")

    return operations.join("undo-import", import_id, work)
