"""The labels of the published run, and writing them: after a rebuild or a failed run, and onto newcomers."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, Row, text

from app.errors import AmlError
from app.labels.effective import EffectiveLabel, effective_labels, label_set_digest
from app.projection.labels import project_labels
from app.projection.newcomers import first_newcomer, newcomers, write_newcomers
from app.projection.state import owned_state, read_state
from app.record.identity import record_id
from app.runs.queries import published_run
from app.runs.stored_policy import knows_keys, policy_of
from app.stores.graph import Graph
from app.stores.postgres import Postgres

log = structlog.get_logger()


class PublishedLabels(NamedTuple):
    """The labels of the published run for all wallets up to a batch, and the digest of its label set.

    The digest is of the wallets that the run has seen; those of later ones follow from the same label set.
    """

    labels: list[EffectiveLabel]
    digest: str
    seen_until: int


def published_labels(postgres: Postgres) -> PublishedLabels | None:
    """The labels the published run used; None before a first run."""
    with postgres.transaction(snapshot=True) as connection:
        run = published_run(connection)
        if run is None:
            return None
        newest = int(connection.execute(_NEWEST).scalar_one())
        digest = label_set_digest(_labels(connection, run, seen_until=run.watermark))
        return PublishedLabels(_labels(connection, run, seen_until=newest), digest, newest)


def relabel(postgres: Postgres, graph: Graph) -> None:
    """Gives the graph's wallets the labels the published run used; does nothing before a first run.

    Raises:
        DependencyMissing: a store does not answer.
        InUse: another process writes labels, or the graph belongs to another record.
        NotReady: the graph was never prepared.
    """
    owned_state(graph, postgres.run(record_id))
    found = published_labels(postgres)
    if found is not None:
        project_labels(
            graph,
            found.labels,
            found.digest,
            first_newcomer=lambda: postgres.run(lambda one: first_newcomer(one, found.seen_until)),
        )


def label_newcomers(postgres: Postgres, graph: Graph) -> int:
    """Gives wallets that came after the published run the labels of its label set; returns how many.

    Does nothing where no wallet lacks its label, or where the graph has another label set. Whoever dies in
    between leaves a graph that says so, and the next one does it.

    Raises:
        DependencyMissing: a store does not answer.
    """
    state = read_state(graph)
    if state is None or state.unlabelled_batch is None or state.label_set_digest is None:
        return 0
    with postgres.transaction(snapshot=True) as connection:
        run = published_run(connection)
        if (
            run is None
            or run.label_set_digest != state.label_set_digest
            or record_id(connection) != state.record_id
        ):
            return 0
        wallets = {row.wallet_id: row.address for row in newcomers(connection, state.unlabelled_batch)}
        labels = _labels(connection, run, seen_until=None, addresses=set(wallets.values())) if wallets else []
    mine = [label for label in labels if label.wallet_id in wallets]
    if not write_newcomers(graph, state, mine):
        return 0
    log.info("newcomers_labelled", run_id=run.run_id, wallets=len(mine), since_batch=state.unlabelled_batch)
    return len(mine)


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


def _labels(
    connection: Connection,
    run: Row[Any],
    *,
    seen_until: int | None,
    addresses: Collection[str] | None = None,
) -> list[EffectiveLabel]:
    """What the label set of a run says of all wallets up to a batch, or of those with an address."""
    return effective_labels(
        connection,
        as_of=run.as_of,
        rules=policy_of(run).label_rules,
        addresses=addresses,
        seen_until=seen_until,
        keys_everywhere=knows_keys(run),
    )


_NEWEST = text("SELECT coalesce(max(batch_id), 0) FROM batches")
