"""What the record says of itself while exposures are computed: its digest, and the exact totals."""

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
    """Of the transfers up to the watermark: how many, their digest, and the totals of every wallet."""

    recorded_transfers: int
    record_digest: str
    totals: Iterator[Total]


@contextmanager
def summing_beside(postgres: Postgres, snapshot: Snapshot) -> Iterator[Future[Summary]]:
    """The summary of a snapshot, by a connection of its own: the server works on it on another core.

    Its totals can be read as long as the block lasts; leaving the block early ends the statement.
    """
    with snapshot.beside(postgres) as connection, ThreadPoolExecutor(1) as thread:
        future = thread.submit(_summary, connection, snapshot.watermark)
        try:
            yield future
        finally:
            if not future.done():
                connection.connection.driver_connection.cancel()  # type: ignore[union-attr] # psycopg2 has it


def _summary(connection: Connection, watermark: int) -> Summary:
    recorded, digest = transfers_digest(connection, watermark)
    summed = totals(connection, watermark)
    first = list(islice(summed, 1))  # with it the server has summed and sorted all of them
    return Summary(recorded, digest, chain(first, summed))
