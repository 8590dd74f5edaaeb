"""What tests do to a graph: empty it for a record, change it behind the application's back, do without it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from app.projection.schema import prepare, wipe
from app.record.identity import record_id
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import Query
from tests.support.servers.choice import Servers


def open_graph(servers: Servers) -> Graph:
    """A door to the servers' graph."""
    return Graph(servers.neo4j_url, servers.neo4j_user, SecretStr(servers.neo4j_password))


def emptied(graph: Graph, postgres: Postgres) -> Graph:
    """The graph without anything in it, prepared for a record."""
    wipe(graph)
    prepare(graph, postgres.run(record_id))
    return graph


def spoil(graph: Graph, *statements: str) -> None:
    """Runs each statement, all in one transaction."""
    graph.write([(Query("test/spoil", "", frozenset(), (), f"CYPHER 25 {s}"), {}) for s in statements])


@contextmanager
def no_graph() -> Iterator[Graph]:
    """A door that leads nowhere: nobody listens at its port."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    graph = Graph(f"bolt://127.0.0.1:{port}", "neo4j", SecretStr("none"), retry_seconds=0)
    try:
        yield graph
    finally:
        graph.close()
