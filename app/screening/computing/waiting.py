"""Which batch the graph has whole, with the labels of the published run; it is waited for."""

from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, Row, text

from app.errors import NotReady, QueryTimeout
from app.projection.state import read_state
from app.stores.graph import Graph
from app.stores.postgres import Postgres

POLL_SECONDS = 0.02
NO_PATHS = "Its paths could not be asked"
_BEHIND = "the graph does not have its newest transfers yet."
_UNLABELLED = "wallets that are new in the graph do not have their labels yet."


def wait_for_graph(
    postgres: Postgres, graph: Graph, run: Row[Any] | None, not_before: int, deadline: float
) -> int:
    """The last batch up to which the graph has all, once it has the one that is needed, and the labels.

    A wallet that came after the run gets its label of the run's set from the consumer's graph writer. Until
    then paths would walk through a listed wallet, so they are not asked.

    Raises:
        NotReady: the graph is not this record's, or has not the labels of the run.
        QueryTimeout: it does not have that batch, or those labels, at the deadline (monotonic seconds).
        DependencyMissing: it does not answer.
    """
    while True:
        with postgres.transaction() as connection:
            projected = projected_batch(connection)
        if is_there(graph, run, projected, not_before, deadline):
            return projected


def projected_batch(connection: Connection) -> int:
    """The last batch up to which the graph has all."""
    return int(connection.execute(_PROJECTED).scalar_one())


def is_there(graph: Graph, run: Row[Any] | None, projected: int, not_before: int, deadline: float) -> bool:
    """Whether the graph, which has all up to a batch, has the one that is needed, and the labels.

    Where it has not, some time has passed. `projected` was read before, since a wallet is noted as unlabelled
    before its batch counts as projected.

    Raises: as `wait_for_graph`.
    """
    if run is None:
        raise NotReady("No scoring run has been published, so the graph has no labels.")
    state = read_state(graph)
    if state is None or state.record_id != run.record_id:
        raise NotReady("The graph is of another record, or is being rebuilt.")
    if state.label_set_digest != run.label_set_digest:
        raise NotReady("The labels in the graph are not those of the published run.")
    is_labelled = state.carries(run.label_set_digest, projected)
    if projected >= not_before and is_labelled:
        return True
    if monotonic() >= deadline:
        raise QueryTimeout(_UNLABELLED if projected >= not_before else _BEHIND)
    sleep(POLL_SECONDS)
    return False


_PROJECTED = text("""
    SELECT coalesce(
        (SELECT batch_id - 1 FROM batches WHERE projected_at IS NULL ORDER BY batch_id LIMIT 1),
        (SELECT batch_id FROM batches ORDER BY batch_id DESC LIMIT 1), 0)
""")
