"""Rebuilds the graph from the record while the old graph still answers, and proves that both are equal."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter

import structlog
from sqlalchemy import text

from app.domain import Progress
from app.projection.locks import projection_lock, rebuild_lock
from app.projection.pending import (
    has_lost_batches,
    mark_projected,
    pending_batches,
    reset_missing_batches,
)
from app.projection.proof import prove
from app.projection.rows import TRANSFER_ROWS, WALLET_ROWS, Page, RowSource
from app.projection.state import State, owned_state
from app.projection.sweep import sweep
from app.projection.upgrade import upgraded
from app.projection.write import delete_misplaced, write_transfers, write_wallets
from app.record.identity import record_id
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import query

log = structlog.get_logger()

WritePage = Callable[[Graph, State, Page], int]


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What the graph holds after a rebuild; `equal` says that the two digests are the same."""

    transfers: int
    wallets: int
    swept: int
    seconds: float
    equal: bool
    record_digest: str
    graph_digest: str


def rebuild(postgres: Postgres, graph: Graph, progress: Progress) -> RebuildReport:
    """Writes every row of the record into a new generation of the graph, then deletes the older ones.

    The old graph answers meanwhile. Each page takes the projection lock anew: pending batches are projected
    in between. Wallets keep their labels; the label set is invalid until `project_labels` runs.

    Raises:
        InUse: another rebuild runs, or the graph belongs to another record.
        DependencyMissing: a store does not answer; a second rebuild starts from whatever the graph holds.
    """
    with rebuild_lock(postgres):
        return rebuild_locked(postgres, graph, progress)


def rebuild_locked(postgres: Postgres, graph: Graph, progress: Progress) -> RebuildReport:
    """As `rebuild`, for a caller that holds the rebuild lock."""
    started = perf_counter()
    state, covered = _begin(postgres, graph)
    _write_all(postgres, graph, state, progress)
    progress("sweep", 0.0)
    swept = sweep(graph, state)
    with projection_lock(postgres) as connection:
        mark_projected(connection, graph, state.record_id, covered)
        graph.write([(query("write/forget_lost_batches"), {"record_id": state.record_id})])
    proof = prove(postgres, graph, lambda step, part: progress(f"proof of {step}", part))
    log.info("graph_rebuilt", generation=state.generation, equal=proof.equal, swept=swept)
    return RebuildReport(
        transfers=proof.graph.transfers,
        wallets=proof.graph.wallets,
        swept=swept,
        seconds=round(perf_counter() - started, 3),
        equal=proof.equal,
        record_digest=proof.record.digest,
        graph_digest=proof.graph.digest,
    )


def _begin(postgres: Postgres, graph: Graph) -> tuple[State, list[int]]:
    """The state with its new generation, and the pending batches: every page read from now on holds them."""
    with projection_lock(postgres) as connection:
        state = upgraded(graph, owned_state(graph, record_id(connection)))
        reset_missing_batches(connection, state)
        lost = {"record_id": state.record_id, "has_lost_batches": has_lost_batches(connection, state)}
        begun = graph.write([(query("write/next_generation"), lost)])[0][0]
        return replace(state, **begun), pending_batches(connection)


def _write_all(postgres: Postgres, graph: Graph, state: State, progress: Progress) -> None:
    with postgres.transaction() as connection:
        last_wallet, last_transfer = connection.execute(_LAST_IDS).one()
    steps: tuple[tuple[str, RowSource, WritePage, int], ...] = (
        ("wallets", WALLET_ROWS, write_wallets, last_wallet),
        ("transfers", TRANSFER_ROWS, _write_transfers_in_place, last_transfer),
    )
    for step, rows, write, last in steps:
        after = 0
        while True:
            with projection_lock(postgres) as connection:
                page = rows.after(connection, after)
                if not page.rows:
                    break
                write(graph, state, page)
            after = page.columns[rows.key][-1]
            progress(step, min(1.0, after / last))


def _write_transfers_in_place(graph: Graph, state: State, page: Page) -> int:
    return write_transfers(graph, state, page, first=delete_misplaced(page))


_LAST_IDS = text("SELECT (SELECT max(wallet_id) FROM wallets), (SELECT max(transfer_id) FROM transactions)")
