"""Rebuilds the graph as `aml reload-graph` does, in a process that may die at one of its steps."""

import os

from app.projection.rebuild import rebuild
from app.settings import settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.faults import arm, fault_point

if __name__ == "__main__":
    arm(os.environ)
    given = settings()
    graph = Graph(given.neo4j_url, given.neo4j_user, given.neo4j_password)
    rebuild(Postgres(given.postgres_url), graph, lambda _step, _part: fault_point("during_reload"))
