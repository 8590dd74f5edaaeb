"""Rebuilds a graph that the record cannot go on with: lost, of another record, or newer than the record."""

from threading import Event

import structlog

from app.domain import Progress
from app.errors import AmlError
from app.operations.graph_levels import project_levels
from app.projection.locks import rebuild_lock
from app.projection.pending import NewerGraph, refuse_newer_graph
from app.projection.rebuild import RebuildReport, rebuild_locked
from app.projection.schema import prepare, wipe
from app.projection.state import ForeignGraph, LostState, owned_state, read_state
from app.record.identity import record_id
from app.runs.published_labels import relabel
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import query

log = structlog.get_logger()

UNUSABLE = (LostState, ForeignGraph, NewerGraph)
"""What `project_pending` raises where only a rebuild helps."""
WATCH_SECONDS = 5.0
"""A graph of another record that is written to within this time is in use, and is left alone."""


def unusable(postgres: Postgres, graph: Graph) -> AmlError | None:
    """Why the record cannot go on with the graph, as one of `UNUSABLE`; None where it can.

    Raises:
        DependencyMissing: a store does not answer.
    """
    try:
        with postgres.transaction() as connection:
            refuse_newer_graph(connection, owned_state(graph, record_id(connection)))
    except UNUSABLE as exc:
        return exc
    return None


def rebuild_unusable(
    postgres: Postgres, graph: Graph, progress: Progress, stop: Event, *, from_empty: bool = False
) -> RebuildReport | None:
    """Rebuilds the graph where it is unusable, or `from_empty` in any case; None where nothing is to be done.

    A graph that is only newer than the record answers meanwhile; any other is emptied first, since nobody can
    say what its answers are of. Labels are written at the end.

    Raises:
        InUse: another process rebuilds it; or it is of another record that writes it now, or that this record
            took it from: two instances share one Neo4j, and somebody has to say whose it is.
        DependencyMissing: a store does not answer.
    """
    with rebuild_lock(postgres):
        problem = unusable(postgres, graph)
        if problem is None and not from_empty:
            return None
        log.warning("graph_rebuild_started", reason=str(problem or "the graph refuses what is written"))
        if not isinstance(problem, NewerGraph) or from_empty:
            _empty(postgres, graph, problem, stop)
        report = rebuild_locked(postgres, graph, progress)
    progress("labels", 0.0)
    relabel(postgres, graph)
    project_levels(postgres, graph, everything=True)
    log.warning("graph_rebuild_ended", equal=report.equal, seconds=round(report.seconds, 1))
    return report


def _empty(postgres: Postgres, graph: Graph, problem: AmlError | None, stop: Event) -> None:
    own = str(postgres.run(record_id))
    if isinstance(problem, ForeignGraph):
        stop.wait(WATCH_SECONDS)
        later = read_state(graph)
        if problem.state.taken_from == own or later != problem.state:
            raise problem
    wipe(graph)
    prepare(graph, own)
    if isinstance(problem, ForeignGraph):
        take_over = {"record_id": own, "taken_from": problem.state.record_id}
        graph.write([(query("write/take_over"), take_over)])
