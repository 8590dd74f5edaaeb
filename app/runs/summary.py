"""What a run compares with or keeps of its snapshot, read while exposures are computed."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from app.runs.digests import transfers_digest
from app.runs.results.storing import StoredResults, stored_results
from app.runs.snapshot import Snapshot
from app.stores.postgres import Postgres


@dataclass(frozen=True)
class Summary:
    """The number and the digest of the transfers up to the watermark, and the results stored until now."""

    recorded_transfers: int
    record_digest: str
    stored: StoredResults


@contextmanager
def summary_in_background(postgres: Postgres, snapshot: Snapshot) -> Iterator[Future[Summary]]:
    """The summary of a snapshot, read through a second connection while the caller computes.

    Leaving the block early cancels the statement.
    """
    with snapshot.second_connection(postgres) as connection, ThreadPoolExecutor(1) as thread:
        future = thread.submit(_summary, connection, snapshot.watermark)
        try:
            yield future
        finally:
            if not future.done():
                connection.connection.driver_connection.cancel()  # type: ignore[union-attr] # psycopg2 has it


def _summary(connection: Connection, watermark: int) -> Summary:
    stored = stored_results(connection)
    return Summary(*transfers_digest(connection, watermark), stored)
