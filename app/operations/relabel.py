"""Writes the labels of the published run into the graph again, as after a rebuild, which invalidates them."""

from app.labels.effective import EffectiveLabel, effective_labels, label_set_digest
from app.projection.labels import project_labels
from app.runs.queries import published_run
from app.runs.score_record import policy_of
from app.stores.graph import Graph
from app.stores.postgres import Postgres


def published_labels(postgres: Postgres) -> list[EffectiveLabel] | None:
    """The labels the published run used; None before a first run."""
    with postgres.transaction(snapshot=True) as connection:
        run = published_run(connection)
        if run is None:
            return None
        return effective_labels(connection, as_of=run.as_of, severities=policy_of(run).severities)


def relabel(postgres: Postgres, graph: Graph) -> None:
    """Gives the graph's wallets the labels the published run used; does nothing before a first run.

    Raises:
        DependencyMissing: a store does not answer.
        InUse: another process writes labels.
    """
    labels = published_labels(postgres)
    if labels is not None:
        project_labels(graph, labels, label_set_digest(labels))
