"""An empty record and graph on embedded servers of a benchmark's own, and what is written into them."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path

from app.domain import Transfer
from app.projection.schema import prepare
from app.record.identity import record_id
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.migrate import migrate
from app.stores.postgres import Postgres
from embedded.stack import Stack
from embedded.urls import environment
from ingest.record.writer import DecodedMessage, write_batch
from ingest.simulator.simulate import SMALLEST_TRANSFERS, SMALLEST_WALLETS, simulate

BATCH = 4_000
_START = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stores:
    """Servers of one benchmark; the environment of this process and of its children names them."""

    settings: Settings
    postgres: Postgres
    graph: Graph
    pids: dict[str, int]


@contextmanager
def own_servers(*services: str) -> Iterator[dict[str, int]]:
    """Embedded servers inside the block, in a temporary folder; yields the process of each."""
    with (
        tempfile.TemporaryDirectory(prefix="aml-bench-") as folder,
        Stack(Path(folder) / "home", services) as stack,
    ):
        os.environ.update(environment(stack.urls), AML_POSTGRES_ADMIN_URL=stack.urls.postgres_admin)
        yield stack.pids


@contextmanager
def stores(*more: str) -> Iterator[Stores]:
    """PostgreSQL and Neo4j inside the block, both empty and prepared for each other, and `more` servers."""
    with own_servers("postgres", "neo4j", *more) as pids:
        settings = Settings()
        postgres = Postgres(settings.postgres_url)
        graph = Graph(settings.neo4j_url, settings.neo4j_user, settings.neo4j_password)
        try:
            migrate(postgres)
            prepare(graph, postgres.run(record_id))
            yield Stores(settings, postgres, graph, pids)
        finally:
            graph.close()
            postgres.close()


def story(transfers: int, seed: int = 1) -> Sequence[Transfer]:
    """So many transfers of a simulated story, three a wallet."""
    told = simulate(
        seed, wallets=max(SMALLEST_WALLETS, transfers // 3), transfers=max(SMALLEST_TRANSFERS, transfers)
    )
    return told.transfers[:transfers]


def transfer(
    block: int, sender: int, receiver: int, amount: int, *, asset: str = "ETH", usd: int | None = None
) -> Transfer:
    """The one transfer of an asset in a block; wallets by number, `usd` in dollars."""
    return Transfer(
        chain="ethereum",
        transaction_hash=f"0x{asset.encode().hex():0>48}{block:016x}",
        transfer_index=0,
        block_number=block,
        transaction_index=0,
        occurred_at=_START + timedelta(seconds=block),
        sender=address(sender),
        receiver=address(receiver),
        asset=asset,
        amount=amount,
        decimals=18,
        usd_value=None if usd is None else Decimal(usd),
    )


def address(number: int) -> str:
    """The address of a wallet, by its number."""
    return f"0x{number:040x}"


def write(postgres: Postgres, transfers: Iterable[Transfer], first_offset: int = 0) -> int:
    """Writes them into the record, batch by batch, as the consumer would; returns how many were restated."""
    restated = 0
    messages = (DecodedMessage("bench", 0, first_offset + n, None, b"", t) for n, t in enumerate(transfers))
    while batch := list(islice(messages, BATCH)):
        restated += postgres.run(lambda connection: write_batch(connection, batch)).restated
    return restated
