"""The labels of the published run, and writing them again: after a rebuild, or a run that failed."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from app.errors import AmlError
from app.labels.effective import EffectiveLabel, effective_labels, label_set_digest
from app.projection.labels import project_labels
from app.projection.state import owned_state
from app.record.identity import record_id
from app.runs.queries import published_run
from app.runs.stored_policy import knows_keys, policy_of
from app.stores.graph import Graph
from app.stores.postgres import Postgres

log = structlog.get_logger()


def published_labels(postgres: Postgres) -> list[EffectiveLabel] | None:
    """The labels the published run used; None before a first run."""
    with postgres.transaction(snapshot=True) as connection:
        run = published_run(connection)
        if run is None:
            return None
        return effective_labels(
            connection,
            as_of=run.as_of,
            rules=policy_of(run).label_rules,
            seen_until=run.watermark,
            keys_everywhere=knows_keys(run),
        )


def relabel(postgres: Postgres, graph: Graph) -> None:
    """Gives the graph's wallets the labels the published run used; does nothing before a first run.

    Raises:
        DependencyMissing: a store does not answer.
        InUse: another process writes labels, or the graph belongs to another record.
        NotReady: the graph was never prepared.
    """
    owned_state(graph, postgres.run(record_id))
    labels = published_labels(postgres)
    if labels is not None:
        project_labels(graph, labels, label_set_digest(labels))


@contextmanager
def published_labels_restored(postgres: Postgres, graph: Graph | None) -> Iterator[None]:
    """Relabels the graph when the block fails, since explanations are of the published run."""
    try:
        yield
    except BaseException:
        if graph is not None:
            try:
                relabel(postgres, graph)
            except AmlError as exc:  # the next run, or `aml reconcile --repair`, writes labels
                log.warning("published_labels_not_restored", reason=str(exc))
        raise
