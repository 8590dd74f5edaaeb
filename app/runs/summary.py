"""The number and the digest of a run's transfers, read while exposures are computed."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from app.runs.digests import transfers_digest
from app.runs.snapshot import Snapshot
from app.stores.postgres import Postgres


@dataclass(frozen=True)
class Summary:
    """The transfers up to the watermark: their number and their digest."""

    recorded_transfers: int
    record_digest: str


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
    return Summary(*transfers_digest(connection, watermark))
