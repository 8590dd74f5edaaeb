"""Pending batches: those the record holds and the graph does not, and writing them into the graph."""

from collections.abc import Collection
from dataclasses import dataclass
from math import inf
from time import monotonic, perf_counter

import structlog
from sqlalchemy import Connection, text

from app.errors import QueryTimeout, Unequal
from app.projection.locks import projection_lock, try_projection_lock
from app.projection.prefetch import prefetch
from app.projection.rows import TRANSFER_ROWS, WALLET_ROWS, batch_committed_at
from app.projection.state import State, owned_state
from app.projection.upgrade import upgraded
from app.projection.write import write_transfers, write_wallets
from app.record.identity import record_id
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import query

log = structlog.get_logger()

_MAX_BATCHES = 1_000
_LIMIT_TRANSFERS, _LIMIT_TRANSFERS_IN_A_HURRY = 20_000, 2_000


class NewerGraph(Unequal):
    """The graph has seen batches that the record does not have."""


@dataclass(frozen=True, slots=True)
class ProjectionResult:
    """What one call wrote; no batches when none was pending."""

    batch_ids: list[int]
    wallets: int
    transfers: int
    seconds: float

    @property
    def batches(self) -> int:
        """How many batches."""
        return len(self.batch_ids)


@dataclass(frozen=True, slots=True)
class GraphLag:
    """Pending batches, the transfers they wrote, and the age of the oldest of them in seconds."""

    batches: int
    transfers: int
    seconds: float


def pending_batches(connection: Connection) -> list[int]:
    """Batches the graph does not hold, in order."""
    return list(connection.execute(_PENDING).scalars())


def graph_lag(connection: Connection) -> GraphLag:
    """How far the graph is behind the record."""
    return GraphLag(*connection.execute(_LAG).one())


def project_pending(
    postgres: Postgres, graph: Graph, *, limit_transfers: int = _LIMIT_TRANSFERS, wait: bool = True
) -> ProjectionResult:
    """Writes the oldest pending batches into the graph, up to about `limit_transfers`, at least one batch.

    Call it until it returns no batches. After a crash at any point the batches are still pending, and writing
    them again changes nothing. Without `wait` it returns at once when another process holds the lock.

    Raises:
        DependencyMissing: a store does not answer.
        ForeignGraph, LostState: the graph is not this record's.
        NewerGraph: the graph has seen batches the record does not have.
    """
    started = perf_counter()
    with projection_lock(postgres) if wait else try_projection_lock(postgres) as connection:
        if connection is None:
            return ProjectionResult([], 0, 0, perf_counter() - started)
        state = upgraded(graph, owned_state(graph, record_id(connection)))
        refuse_newer_graph(connection, state)
        reset_missing_batches(connection, state)
        limits = {"limit_transfers": limit_transfers, "max_batches": _MAX_BATCHES}
        batches = list(connection.execute(_NEXT, limits).scalars())
        if not batches:
            return ProjectionResult([], 0, 0, perf_counter() - started)
        wallets, transfers = write_batches(connection, graph, state, batches)
        mark_projected(connection, graph, state.record_id, batches)
    return ProjectionResult(batches, wallets, transfers, perf_counter() - started)


def project_all_pending(postgres: Postgres, graph: Graph, *, deadline: float = inf) -> ProjectionResult:
    """Writes every batch that is pending now; those committed meanwhile may stay pending.

    Raises: as `project_pending`; QueryTimeout when batches are left at the deadline (monotonic seconds).
    """
    started = perf_counter()
    limit_transfers = _LIMIT_TRANSFERS if deadline == inf else _LIMIT_TRANSFERS_IN_A_HURRY
    # The first comes before the newest is read: it may reset lost batches.
    results = [project_pending(postgres, graph, limit_transfers=limit_transfers)]
    with postgres.transaction() as connection:
        newest = max(pending_batches(connection), default=0)
    while _is_pending_up_to(postgres, newest):
        if monotonic() >= deadline:
            raise QueryTimeout("The graph did not catch up in time.")
        results.append(project_pending(postgres, graph, limit_transfers=limit_transfers))
    return ProjectionResult(
        [batch_id for result in results for batch_id in result.batch_ids],
        sum(result.wallets for result in results),
        sum(result.transfers for result in results),
        perf_counter() - started,
    )


def write_batches(
    connection: Connection, graph: Graph, state: State, batches: Collection[int]
) -> tuple[int, int]:
    """Writes the rows of these batches into the graph; returns how many wallets and transfers."""
    wallets = sum(write_wallets(graph, state, page) for page in WALLET_ROWS.of_batches(connection, batches))
    with prefetch(TRANSFER_ROWS.of_batches(connection, batches)) as pages:
        transfers = sum(write_transfers(graph, state, page) for page in pages)
    return wallets, transfers


def mark_projected(connection: Connection, graph: Graph, record_id: str, batches: Collection[int]) -> None:
    """Marks batches as projected, in both stores.

    The record commits after the graph, so a crash in between leaves the batches pending.
    """
    connection.execute(_MARK, {"batches": list(batches)})
    mark = {"record_id": record_id, "batch_id": connection.execute(_NEWEST).one().projected}
    graph.write([(query("write/mark_projected"), mark)])


def reset_missing_batches(connection: Connection, state: State) -> None:
    """Makes every batch pending again when the graph lacks a batch that was written to it.

    So a graph whose volume was lost, or restored from an older copy, is filled again.
    """
    projected = connection.execute(_NEWEST).one().projected
    if (state.projected_batch or 0) < (projected or 0):
        log.warning("graph_lost_batches", graph_batch=state.projected_batch, record_batch=projected)
        connection.execute(_RESET_ALL)


def refuse_newer_graph(connection: Connection, state: State) -> None:
    """Raises NewerGraph when the graph has seen batches that the record does not have."""
    if has_lost_batches(connection, state):
        newest = connection.execute(_NEWEST).one().newest or 0
        raise NewerGraph(
            f"The graph has seen batches that the record, which ends with {newest}, does not have: the "
            "record is older than the graph, as after restoring a backup. The consumer rebuilds the graph "
            "(unless AML_GRAPH_REBUILD=ask), or `aml reload-graph`."
        )


def has_lost_batches(connection: Connection, state: State) -> bool:
    """Whether the graph has seen batches that the record does not have, or has given their numbers again."""
    newest = connection.execute(_NEWEST).one().newest or 0
    if state.has_lost_batches or (state.projected_batch or 0) > newest:
        return True
    if state.newest_batch is None:
        return False
    return batch_committed_at(connection, state.newest_batch) != state.newest_batch_committed_at


def _is_pending_up_to(postgres: Postgres, batch: int) -> bool:
    with postgres.transaction() as connection:
        return bool(connection.execute(_ANY_PENDING, {"batch": batch}).scalar_one())


_PENDING = text("SELECT batch_id FROM batches WHERE projected_at IS NULL ORDER BY batch_id")
_ANY_PENDING = text("SELECT EXISTS (SELECT FROM batches WHERE projected_at IS NULL AND batch_id <= :batch)")
_LAG = text("""
    SELECT count(*), coalesce(sum(stored + restated + retracted), 0)::bigint,
           coalesce(extract(epoch FROM clock_timestamp() - min(committed_at)), 0)::float8
    FROM batches WHERE projected_at IS NULL
""")
_NEXT = text("""
    SELECT batch_id FROM (
        SELECT batch_id, sum(stored + restated) OVER (ORDER BY batch_id) - stored - restated AS earlier
        FROM (SELECT * FROM batches WHERE projected_at IS NULL ORDER BY batch_id LIMIT :max_batches) AS oldest
    ) AS counted
    WHERE earlier = 0 OR earlier < :limit_transfers ORDER BY batch_id
""")
_NEWEST = text("""
    SELECT (SELECT max(batch_id) FROM batches) AS newest,
           (SELECT batch_id FROM batches WHERE projected_at IS NOT NULL
            ORDER BY batch_id DESC LIMIT 1) AS projected
""")
_MARK = text("UPDATE batches SET projected_at = clock_timestamp() WHERE batch_id = ANY(:batches)")
_RESET_ALL = text("UPDATE batches SET projected_at = NULL WHERE projected_at IS NOT NULL")
