"""Reloads the graph: writes every row of the record again, proves both equal, and writes the labels."""

from dataclasses import asdict
from typing import Any

from app.domain import Progress
from app.errors import Unequal
from app.operations.graph_levels import project_levels
from app.operations.operation import Operation, Operations
from app.projection.locks import rebuild_lock
from app.projection.rebuild import RebuildReport, rebuild_locked
from app.projection.schema import prepare, wipe
from app.record.identity import record_id
from app.runs.published_labels import relabel
from app.stores.graph import Graph
from app.stores.limits import Work
from app.stores.postgres import Postgres


def reload_graph(
    postgres: Postgres, graph: Graph, progress: Progress, *, from_empty: bool = False
) -> RebuildReport:
    """Rebuilds the graph while the old one answers, proves that it equals the record, and writes the labels.

    Args:
        postgres: the record.
        graph: the graph, of this record or empty.
        progress: called with each step and the part of it that is done (0..1).
        from_empty: empties the graph first, also one of another record.

    Raises:
        InUse: another reload runs, or the graph belongs to another record.
        Unequal: the graph differs from the record after the reload.
        DependencyMissing: a store does not answer; a second reload starts from whatever the graph holds.
    """
    with rebuild_lock(postgres):
        if from_empty:
            wipe(graph)
        prepare(graph, postgres.run(record_id))
        report = rebuild_locked(postgres, graph, progress)
    progress("labels", 0.0)
    relabel(postgres, graph)
    progress("levels", 0.0)
    project_levels(postgres, graph, everything=True)
    if not report.equal:
        raise Unequal(
            f"The graph differs from the record after the reload (digests {report.graph_digest} and "
            f"{report.record_digest}). Reload it again. `aml reconcile` names the differences."
        )
    return report


def start_reload(operations: Operations, postgres: Postgres, graph: Graph) -> Operation:
    """Starts a reload as work of this process.

    Raises:
        InUse: this process is reloading it already.
    """

    def work(progress: Progress) -> dict[str, Any]:
        return asdict(reload_graph(postgres.during(Work.BULK), graph.during(Work.BULK), progress))

    return operations.start("reload-graph", work)
