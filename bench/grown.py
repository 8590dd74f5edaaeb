"""A record and a graph that hold a large ledger, with transfers that follow it and are deleted again.

The record is filled by COPY (`bench.ledger`), the graph from the record.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy import Connection, create_engine, make_url, text

from app.domain import Transfer
from app.errors import AmlError
from app.projection.pending import mark_projected, pending_batches
from app.projection.rows import TRANSFER_ROWS, WALLET_ROWS, Page, RowSource, paged
from app.projection.state import owned_state
from app.projection.write import write_transfers, write_wallets
from app.record.identity import record_id
from app.settings import Settings
from bench.ledger import Ledger, address, batch_of, transaction_hash
from bench.servers import Servers
from cypher import query

_BLOCK_TRANSFERS = 100
_NEW_WALLET_EVERY = 3
_WALLETS = 300_000
_FIRST_NEW = 1_000_000_000
_START = datetime(2034, 1, 1, tzinfo=UTC)
_DELETE_ROWS = 2_000

_RESTART = text("TRUNCATE transactions, flows, pools, wallets, assets RESTART IDENTITY")
NO_OFFSETS = text("TRUNCATE ingestion_state")
_FORGET = (
    text("DELETE FROM flows WHERE transfer_id > :transfers"),
    text("DELETE FROM transactions WHERE transfer_id > :transfers"),
    text("DELETE FROM wallets WHERE wallet_id > :wallets"),
    text("DELETE FROM batches WHERE batch_id > :batches"),
)
_CONTINUE_IDS = text("""
    SELECT setval(pg_get_serial_sequence('transactions', 'transfer_id'), max(transfer_id)),
           (SELECT setval(pg_get_serial_sequence('wallets', 'wallet_id'), max(wallet_id)) FROM wallets),
           (SELECT setval(pg_get_serial_sequence('pools', 'pool_id'), max(pool_id)) FROM pools)
    FROM transactions
""")
_LATER_IDS = text("""
    SELECT (SELECT coalesce(max(transfer_id), 0) FROM transactions) AS transfers,
           (SELECT coalesce(max(wallet_id), 0) FROM wallets) AS wallets
""")


def following(ledger: Ledger, transfers: int) -> list[Transfer]:
    """Transfers after those of the ledger, between some wallets (the first ones more often) and new ones.

    At every size they are the same but for their place: as many wallets take part, and a batch has as much to
    look up. A ledger of a million holds all of these wallets, an empty one none.
    """
    chance = Random(transfers)  # noqa: S311 - a workload, not a secret

    def someone() -> str:
        return address(int(_WALLETS * chance.random() ** 2))

    told = []
    for number in range(ledger.transfers, ledger.transfers + transfers):
        block, place = divmod(number, _BLOCK_TRANSFERS)
        told.append(
            Transfer(
                chain="ethereum",
                transaction_hash=transaction_hash(number),
                transfer_index=0,
                block_number=block,
                transaction_index=place,
                occurred_at=_START + timedelta(seconds=12 * block),
                sender=someone(),
                receiver=address(_FIRST_NEW + number) if number % _NEW_WALLET_EVERY == 0 else someone(),
                asset="ETH",
                amount=chance.randrange(1, 10**19),
                decimals=18,
                usd_value=None,
            )
        )
    return told


def fill_graph(s: Servers, ledger: Ledger, *, graph: bool) -> None:
    """Settles the record, writes what the ledger has grown by into the graph, and says so in both stores."""
    if not ledger.transfers:
        return
    s.postgres.run(continue_ids)
    _settle(s.settings)
    if graph:
        (last,) = s.graph.read(query("state/last_transfer")) or [{"id": 0}]
        (last_wallet,) = s.graph.read(query("state/last_wallet")) or [{"id": 0}]
        state = owned_state(s.graph, s.postgres.run(record_id))
        for page in pages_after(s, WALLET_ROWS, last_wallet["id"]):
            write_wallets(s.graph, state, page)
        for page in pages_after(s, TRANSFER_ROWS, last["id"]):
            write_transfers(s.graph, state, page)
    mark_all_projected(s)


def _settle(settings: Settings) -> None:
    """Does at once what PostgreSQL would do by itself during the measurement, because so much was copied.

    Asking for a checkpoint needs the superuser.
    """
    if settings.postgres_admin_url is None:
        raise AmlError("Benchmarks run on servers of their own.")
    database = make_url(settings.postgres_url.get_secret_value()).database
    admin = make_url(settings.postgres_admin_url.get_secret_value())
    engine = create_engine(admin.set(database=database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.execute(text("CHECKPOINT"))
    engine.dispose()


def continue_ids(connection: Connection) -> None:
    """Makes the sequences go on behind the rows that were copied with ids of their own."""
    connection.execute(_CONTINUE_IDS)


def mark_all_projected(s: Servers) -> None:
    """The graph holds every batch."""
    identity = s.postgres.run(record_id)
    with s.postgres.transaction() as connection:
        if pending := pending_batches(connection):
            mark_projected(connection, s.graph, identity, pending)


def pages_after(s: Servers, rows: RowSource, after: int) -> Iterator[Page]:
    """The record's rows after an id, in pages."""
    while True:
        with s.postgres.transaction() as connection:
            page = rows.after(connection, after)
        if not page.rows:
            return
        yield page
        after = page.columns[rows.key][-1]


def forget(s: Servers, ledger: Ledger) -> None:
    """Deletes from both stores what came after the ledger; its pools are written again when it grows."""
    if not ledger.transfers:
        s.clear()
        with s.postgres.transaction() as connection:
            connection.execute(_RESTART)
        return
    kept = {"transfers": ledger.transfers, "wallets": ledger.wallets}
    with s.postgres.transaction() as connection:
        later = connection.execute(_LATER_IDS).one()
        for statement in _FORGET:
            connection.execute(statement, kept | {"batches": batch_of(ledger.transfers - 1)})
        connection.execute(NO_OFFSETS)
    for name, key, after, last in (
        ("delete_transfers", "transfer_ids", ledger.transfers, later.transfers),
        ("delete_wallets", "wallet_ids", ledger.wallets, later.wallets),
    ):
        for page in paged(list(range(after + 1, last + 1)), _DELETE_ROWS):
            s.graph.write([(query(f"cleanup/{name}"), {key: page})])
