"""An empty record and graph on embedded servers of a benchmark's own."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from pydantic import SecretStr

from app.domain import Transfer
from app.graph import Graph
from app.migrate import migrate
from app.postgres import Postgres
from app.projection.schema import prepare
from app.scoring.reads import record_id
from embedded.stack import Stack
from ingest.writer import Message, write_batch

BATCH = 4_000


@contextmanager
def stores() -> Iterator[tuple[Postgres, Graph]]:
    """PostgreSQL and Neo4j inside the block, both empty and prepared for each other."""
    with (
        tempfile.TemporaryDirectory(prefix="aml-bench-") as folder,
        Stack(Path(folder) / "home", ("postgres", "neo4j")) as stack,
    ):
        urls = stack.urls
        postgres = Postgres(urls.postgres)
        graph = Graph(urls.neo4j, urls.neo4j_user, SecretStr(urls.neo4j_password))
        with prepared(postgres, graph):
            yield postgres, graph


@contextmanager
def prepared(postgres: Postgres, graph: Graph) -> Iterator[None]:
    """Makes both stores ready for each other; closes them at the end of the block."""
    try:
        migrate(postgres)
        prepare(graph, record_id(postgres))
        yield
    finally:
        graph.close()
        postgres.close()


def write(postgres: Postgres, transfers: Iterable[Transfer], first_offset: int = 0) -> int:
    """Writes them into the record, batch by batch, as the consumer would; returns how many were restated."""
    restated = 0
    messages = (Message("bench", 0, first_offset + n, None, b"", t) for n, t in enumerate(transfers))
    while batch := list(islice(messages, BATCH)):
        restated += postgres.run(lambda connection: write_batch(connection, batch)).restated
    return restated
