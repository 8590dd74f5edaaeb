"""Computing the exposures of a run with one of the engines, and bringing the graph up to date for it."""

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Literal

import numpy as np
import structlog
from numpy.typing import NDArray

from app.domain import Progress
from app.errors import DependencyMissing, InUse, NotReady
from app.labels.columns import LabelColumns, label_columns
from app.ledger.shares import Exposures
from app.policy.policy import Policy
from app.projection.labels import project_labels
from app.projection.newcomers import first_newcomer
from app.projection.pending import project_all_pending
from app.projection.state import owned_state
from app.record.identity import record_id
from app.runs.engines.cypher import exposures_by_paths
from app.runs.engines.path_queries import OtherValues
from app.runs.results.accounts import Accounts
from app.runs.snapshot import Snapshot, all_wallets, known_assets
from app.stores.graph import Graph
from app.stores.postgres import Postgres

if TYPE_CHECKING:  # it loads a compiler
    from app.runs.engines.ledger import Passes

log = structlog.get_logger()

Engine = Literal["cypher", "ledger", "spark"]
EngineChoice = Literal["auto", "cypher", "ledger", "spark"]


@dataclass(frozen=True)
class Computed:
    """The exposures of a run by its engine, the transfers they are of, and whose money counts how."""

    exposures: Exposures
    accounts: Accounts
    labels: LabelColumns
    known_assets: NDArray[np.int32]


def compute_by_graph(
    postgres: Postgres,
    graph: Graph,
    snapshot: Snapshot,
    policy: Policy,
    progress: Progress,
    *,
    seconds: float,
) -> Computed:
    """Exposures by path queries, after the graph has every batch and label of the snapshot.

    All of it ends within `seconds`, or fails.

    Raises:
        DependencyMissing: the graph does not answer.
        InUse, NotReady: the graph is of another record, or newer than the snapshot.
        QueryTimeout: it takes longer than that.
    """
    from app.runs.accounts import read_accounts  # noqa: PLC0415 - loads a compiler

    deadline = monotonic() + seconds
    progress("catching the graph up", 0.0)
    project_all_pending(postgres, graph, deadline=deadline)
    _write_labels(postgres, graph, snapshot)
    accounts = read_accounts(postgres, snapshot, _silent)
    labels, assets = (
        label_columns(snapshot.labels, policy),
        known_assets(snapshot, policy, accounts.totals.source),
    )
    exposures = exposures_by_paths(
        graph,
        labels.layout,
        firm_confidence=policy.firm_confidence,
        known_assets=frozenset(assets.tolist()),
        watermark=snapshot.watermark,
        wallet_ids=all_wallets(snapshot).tolist(),
        progress=progress,
        deadline=deadline,
        other_values=_other_values(accounts),
    )
    return Computed(exposures, accounts, labels, assets)


def compute_by_ledger(
    postgres: Postgres,
    graph: Graph | None,
    snapshot: Snapshot,
    policy: Policy,
    progress: Progress,
    *,
    passes: "Passes | None" = None,
) -> Computed:
    """Exposures by the ledger pass, or by other `passes` that give the same.

    A graph that answers gets the labels of the run, for explanations.

    Raises:
        Unequal: the annotation in the record does not add up.
    """
    from app.runs.accounts import read_accounts  # noqa: PLC0415 - loads a compiler
    from app.runs.engines.ledger import IN_ONE, trace  # noqa: PLC0415 - likewise

    accounts = read_accounts(postgres, snapshot, progress)
    labels, assets = (
        label_columns(snapshot.labels, policy),
        known_assets(snapshot, policy, accounts.totals.source),
    )
    exposures = trace(
        accounts.flows,
        accounts.wallet_id,
        accounts.asset_id,
        labels,
        occurred_at=accounts.occurred_at,
        known_assets=assets,
        progress=progress,
        passes=passes or IN_ONE,
    )
    if graph is not None:
        try:
            _write_labels(postgres, graph, snapshot)
        except (DependencyMissing, InUse, NotReady) as exc:
            log.warning("labels_not_projected", reason=str(exc))
    return Computed(exposures, accounts, labels, assets)


def _other_values(accounts: Accounts) -> OtherValues:
    """What path queries must take instead of the value on the edge, by the wallets at its ends."""
    others: dict[int, list[tuple[int, float]]] = {}
    if accounts.values is None:
        return others
    flows = accounts.flows
    changed = accounts.values.unused | np.isin(accounts.transfer_id, accounts.values.filled_id)
    for at in np.flatnonzero(changed).tolist():
        value = int(accounts.transfer_id[at]), float(flows.usd[at])
        for pool in (flows.sender_pool[at], flows.receiver_pool[at]):
            others.setdefault(int(accounts.wallet_id[pool]), []).append(value)
    return others


def _silent(_step: str, _part: float) -> None:
    """The path queries have reported their progress."""


def _write_labels(postgres: Postgres, graph: Graph, snapshot: Snapshot) -> None:
    state = owned_state(graph, record_id(snapshot.connection))
    if not state.carries(snapshot.label_set_digest, snapshot.watermark):
        project_labels(
            graph,
            snapshot.labels,
            snapshot.label_set_digest,
            first_newcomer=lambda: postgres.run(lambda one: first_newcomer(one, snapshot.watermark)),
        )
