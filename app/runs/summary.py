"""The digest and the exact totals of a run's snapshot, read while exposures are computed."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice

from sqlalchemy import Connection

from app.runs.digests import transfers_digest
from app.runs.snapshot import Snapshot
from app.runs.totals import Total, totals
from app.stores.postgres import Postgres


@dataclass(frozen=True)
class Summary:
    """The transfers up to the watermark: their number, their digest, and the totals of every wallet."""

    recorded_transfers: int
    record_digest: str
    totals: Iterator[Total]


@contextmanager
def summary_in_background(postgres: Postgres, snapshot: Snapshot) -> Iterator[Future[Summary]]:
    """The summary of a snapshot, read through a second connection while the caller computes.

    Its totals can be read inside the block; leaving the block early cancels the statement.
    """
    with snapshot.second_connection(postgres) as connection, ThreadPoolExecutor(1) as thread:
        future = thread.submit(_summary, connection, snapshot.watermark)
        try:
            yield future
        finally:
            if not future.done():
                connection.connection.driver_connection.cancel()  # type: ignore[union-attr] # psycopg2 has it


def _summary(connection: Connection, watermark: int) -> Summary:
    count, digest = transfers_digest(connection, watermark)
    rows = totals(connection, watermark)
    first = list(islice(rows, 1))  # the server has summed and sorted all rows when it returns the first
    return Summary(count, digest, chain(first, rows))
