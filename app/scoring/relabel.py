"""The labels of the published run, back on the graph's wallets: after a rebuild they are in doubt."""

from app.graph import Graph
from app.labels.effective import EffectiveLabel, effective_labels, label_set_digest
from app.postgres import Postgres
from app.projection.labels import project_labels
from app.scoring.policy import parse_policy
from app.scoring.reads import published_run


def published_labels(postgres: Postgres) -> list[EffectiveLabel] | None:
    """The labels the published run used; None before a first run."""
    with postgres.transaction(snapshot=True) as connection:
        run = published_run(connection)
        if run is None:
            return None
        policy = parse_policy(run.policy_body.encode(), f"policy {run.policy_version}")
        return effective_labels(connection, as_of=run.as_of, severities=policy.severities)


def relabel(postgres: Postgres, graph: Graph) -> None:
    """Gives the graph's wallets the labels the published run used; before a first run there is nothing to do.

    Raises:
        DependencyMissing: a store does not answer.
        InUse: somebody else writes labels.
    """
    labels = published_labels(postgres)
    if labels is not None:
        project_labels(graph, labels, label_set_digest(labels))
