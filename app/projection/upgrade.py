"""Brings a graph of an older version of the program to the properties that this one writes."""

from dataclasses import replace

import structlog

from app.projection.state import PROJECTION_VERSION, State
from app.stores.graph import Graph
from cypher import query

log = structlog.get_logger()


def upgraded(graph: Graph, state: State) -> State:
    """The state; a graph that an older version has written then lacks every batch.

    `reset_missing_batches` follows. Writing a batch again replaces all properties of its edges, so the graph
    answers meanwhile. The caller holds the projection lock, so that no other writer says in between that the
    graph has its batches.
    """
    if state.projection_version >= PROJECTION_VERSION:
        return state
    log.info("graph_written_again", of_version=state.projection_version, version=PROJECTION_VERSION)
    version = {"record_id": state.record_id, "projection_version": PROJECTION_VERSION}
    graph.write([(query("write/upgrade"), version)])
    return replace(state, projected_batch=None, projection_version=PROJECTION_VERSION)
