"""One moment of the record: whole batches up to a watermark, with labels, prices and assets."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from app.assets.registry import registry_at
from app.prices.price_set import prices_at
from app.record_files.manifest import Digests, PartDigest
from app.record_files.tables import DIGESTS, TRANSFERS
from app.runs.digests import transfers_digest
from app.stores.locks import Lock, acquire
from app.stores.postgres import Postgres

ROWS_A_FILE = 1_000_000
"""Transfers that a file holds about."""
_FEWEST_BLOCKS, _MOST_BLOCKS = 100, 10**9


@dataclass(frozen=True)
class Moment:
    """An open REPEATABLE READ transaction, and what identifies the moment."""

    connection: Connection
    watermark: int
    as_of: datetime
    record_id: str
    schema_revision: str


@contextmanager
def open_moment(postgres: Postgres) -> Iterator[Moment]:
    """Opens a snapshot while no batch and no label, price or asset is being written."""
    with postgres.transaction(snapshot=True) as connection:
        with postgres.transaction() as locks:
            locks.execute(_WAIT_FOR_BATCHES)
            acquire(locks, Lock.INGEST)
            locks.execute(text("LOCK TABLE labels, prices, registered_assets IN SHARE MODE"))
            moment = connection.execute(_MOMENT).one()
        yield Moment(connection, *moment)


def own_digests(connection: Connection, watermark: int, as_of: datetime) -> Digests:
    """The digests that runs store of their inputs."""
    transfers, record_digest = transfers_digest(connection, watermark)
    return Digests(
        transfers, record_digest, prices_at(connection, as_of).digest, registry_at(connection, as_of).digest
    )


def part_digests(
    connection: Connection, table: str, blocks: Mapping[str, int]
) -> dict[tuple[str, int], PartDigest]:
    """Rows and digest of each part of a table, by chain and number."""
    widths = {"chains": list(blocks), "blocks": list(blocks.values())} if table == TRANSFERS else {}
    if table == TRANSFERS:
        connection.execute(_MEMORY)
    rows = connection.execute(DIGESTS[table], widths)
    return {(row.chain, row.part): PartDigest(row.rows, int(row.high), int(row.low)) for row in rows}


def blocks_of(connection: Connection, known: Mapping[str, int]) -> dict[str, int]:
    """How many blocks of each chain are in a file; of chains that are not known yet by what they hold."""
    blocks = dict(known)
    for row in connection.execute(_CHAINS):
        if row.chain not in blocks:
            spread = ROWS_A_FILE * (row.last - row.first + 1) // row.transfers
            blocks[row.chain] = min(max(10 ** (len(str(spread)) - 1), _FEWEST_BLOCKS), _MOST_BLOCKS)
    return blocks


_WAIT_FOR_BATCHES = text("SET LOCAL lock_timeout = '15min'")
_MEMORY = text("SET LOCAL work_mem = '128MB'")
_MOMENT = text("""
    SELECT coalesce(max(batch_id), 0), clock_timestamp(), (SELECT record_id::text FROM record),
        (SELECT version_num FROM alembic_version)
    FROM batches
""")
_CHAINS = text("""
    SELECT chain, count(*) AS transfers, min(block_number)::bigint AS first, max(block_number)::bigint AS last
    FROM transactions GROUP BY chain ORDER BY chain COLLATE "C"
""")
