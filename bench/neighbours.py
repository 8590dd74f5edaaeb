"""What most such projects do instead: count a wallet's labelled neighbours, breadth first, in nx."""

from random import Random
from time import perf_counter, process_time
from typing import Any

import networkx as nx
from sqlalchemy import text

from app.stores.postgres import Postgres

HOPS = 2
_EDGES = text("SELECT DISTINCT sender_id, receiver_id FROM transactions WHERE sender_id <> receiver_id")
_LABELLED = text("SELECT wallet_id FROM wallets JOIN labels USING (chain, address) WHERE removed_at IS NULL")


def neighbour_counts(postgres: Postgres, sample: int, seed: int = 1) -> dict[str, Any]:
    """Time to count, for some wallets, the labelled ones within two hops, upstream and downstream.

    The graph is in memory before the clock starts; parallel transfers are one edge, which makes it smaller.
    """
    with postgres.transaction() as connection:
        graph = nx.DiGraph(list(map(tuple, connection.execute(_EDGES))))
        labelled = set(connection.execute(_LABELLED).scalars())
    reverse = graph.reverse(copy=False)
    wallets = Random(seed).sample(sorted(graph), min(sample, len(graph)))  # noqa: S311 - a workload
    wall, cpu = perf_counter(), process_time()
    found = reached = 0
    for wallet in wallets:
        for way in (graph, reverse):
            near = nx.single_source_shortest_path_length(way, wallet, cutoff=HOPS)
            reached += len(near)
            found += sum(neighbour in labelled for neighbour in near)
    wall, cpu = perf_counter() - wall, process_time() - cpu
    return {
        "wallets": len(graph),
        "edges": graph.number_of_edges(),
        "sample": len(wallets),
        "labelled_found": found,
        "wallets_reached": reached,
        "wall_seconds": round(wall, 3),
        "cpu_seconds": round(cpu, 3),
        "cpu_microseconds_a_wallet": round(cpu / len(wallets) * 1e6, 1),
    }
