"""What the record still owes the graph, and paying it."""

from collections.abc import Collection
from dataclasses import dataclass
from time import perf_counter

import structlog
from sqlalchemy import Connection, text

from app.errors import Unequal
from app.projection.locks import turn, turn_if_free
from app.projection.prefetch import ahead
from app.projection.rows import transfers_of_batches, wallets_of_batches
from app.projection.state import State, owned_state
from app.projection.write import write_transfers, write_wallets
from app.record.identity import record_identity
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import query

log = structlog.get_logger()

_MOST_BATCHES = 1_000


@dataclass(frozen=True, slots=True)
class Projected:
    """What one call wrote; no batches when nothing was owed."""

    batch_ids: list[int]
    wallets: int
    transfers: int
    seconds: float

    @property
    def batches(self) -> int:
        """How many."""
        return len(self.batch_ids)


@dataclass(frozen=True, slots=True)
class Behind:
    """How far the graph is behind: owed batches and transfers, and the age of the oldest in seconds."""

    batches: int
    transfers: int
    seconds: float


def owed_batches(postgres: Postgres) -> list[int]:
    """Batches the graph has not seen, in order."""
    with postgres.transaction() as connection:
        return owed_in(connection)


def owed_in(connection: Connection) -> list[int]:
    """Batches the graph has not seen, in order, in the view of this transaction."""
    return list(connection.execute(_OWED).scalars())


def behind(postgres: Postgres) -> Behind:
    """How far the graph is behind the record."""
    with postgres.transaction() as connection:
        return behind_in(connection)


def behind_in(connection: Connection) -> Behind:
    """How far the graph is behind the record, in the view of this transaction."""
    return Behind(*connection.execute(_BEHIND).one())


def project_owed(
    postgres: Postgres, graph: Graph, *, limit_transfers: int = 20_000, wait: bool = True
) -> Projected:
    """Writes the oldest owed batches into the graph, up to about a number of transfers, at least one batch.

    Call it again until it returns no batches. A crash at any point leaves the batches owed; writing them
    again changes nothing. One writer at a time: with `wait` off it returns at once when another has the turn.

    Raises:
        DependencyMissing: a store does not answer.
        InUse, NotReady: the graph is not this record's.
        Unequal: the graph has seen batches the record does not have.
    """
    started = perf_counter()
    with turn(postgres) if wait else turn_if_free(postgres) as connection:
        if connection is None:
            return Projected([], 0, 0, perf_counter() - started)
        state = owned_state(graph, record_identity(connection))
        _refuse_a_newer_graph(connection, state)
        owe_what_is_lost(connection, state)
        batches = list(connection.execute(_NEXT, {"limit": limit_transfers, "most": _MOST_BATCHES}).scalars())
        if not batches:
            return Projected([], 0, 0, perf_counter() - started)
        wallets, transfers = pay(connection, graph, state, batches)
        mark_projected(connection, graph, state.record_id, batches)
    return Projected(batches, wallets, transfers, perf_counter() - started)


def project_all_owed(postgres: Postgres, graph: Graph) -> Projected:
    """Writes every batch that is owed now; those committed meanwhile may stay owed.

    Raises: as `project_owed`.
    """
    started = perf_counter()
    steps = [project_owed(postgres, graph)]  # first of all: it may find that more is owed than it seems
    newest = max(owed_batches(postgres), default=0)
    while _is_owed_up_to(postgres, newest):
        steps.append(project_owed(postgres, graph))
    return Projected(
        [batch_id for step in steps for batch_id in step.batch_ids],
        sum(step.wallets for step in steps),
        sum(step.transfers for step in steps),
        perf_counter() - started,
    )


def pay(connection: Connection, graph: Graph, state: State, batches: Collection[int]) -> tuple[int, int]:
    """Writes what these batches owe; returns wallets and transfers written."""
    wallets = sum(write_wallets(graph, state, page) for page in wallets_of_batches(connection, batches))
    with ahead(transfers_of_batches(connection, batches)) as pages:
        transfers = sum(write_transfers(graph, state, page) for page in pages)
    return wallets, transfers


def mark_projected(connection: Connection, graph: Graph, record_id: str, batches: Collection[int]) -> None:
    """Marks batches as written, in both stores; the record's commit is last, so a crash leaves them owed."""
    connection.execute(_MARK, {"batches": list(batches)})
    mark = {"record_id": record_id, "batch_id": connection.execute(_NEWEST).one().projected}
    graph.write([(query("write/projected"), mark)])


def owe_what_is_lost(connection: Connection, state: State) -> None:
    """Owes everything again when the graph does not remember a batch that was written to it.

    So a lost or older volume of the graph heals itself.
    """
    projected = connection.execute(_NEWEST).one().projected
    if (state.projected_batch or 0) < (projected or 0):
        log.warning("graph_lost_batches", remembered=state.projected_batch, projected=projected)
        connection.execute(_OWE_ALL)


def _refuse_a_newer_graph(connection: Connection, state: State) -> None:
    newest = connection.execute(_NEWEST).one().newest or 0
    if (state.projected_batch or 0) > newest:
        raise Unequal(
            f"The graph has seen batch {state.projected_batch} and the record ends with {newest}: the record "
            "is older than the graph, as after restoring a backup. Rebuild the graph with `aml reload-graph`."
        )


def _is_owed_up_to(postgres: Postgres, batch: int) -> bool:
    with postgres.transaction() as connection:
        return bool(connection.execute(_ANY_OWED, {"batch": batch}).scalar_one())


_OWED = text("SELECT batch_id FROM batches WHERE projected_at IS NULL ORDER BY batch_id")
_ANY_OWED = text("SELECT EXISTS (SELECT FROM batches WHERE projected_at IS NULL AND batch_id <= :batch)")
_BEHIND = text("""
    SELECT count(*), coalesce(sum(stored + restated + retracted), 0)::bigint,
           coalesce(extract(epoch FROM clock_timestamp() - min(committed_at)), 0)::float8
    FROM batches WHERE projected_at IS NULL
""")
_NEXT = text("""
    SELECT batch_id FROM (
        SELECT batch_id, sum(stored + restated) OVER (ORDER BY batch_id) - stored - restated AS before
        FROM (SELECT * FROM batches WHERE projected_at IS NULL ORDER BY batch_id LIMIT :most) AS owed
    ) AS counted
    WHERE before = 0 OR before < :limit ORDER BY batch_id
""")
_NEWEST = text("""
    SELECT (SELECT max(batch_id) FROM batches) AS newest,
           (SELECT batch_id FROM batches WHERE projected_at IS NOT NULL
            ORDER BY batch_id DESC LIMIT 1) AS projected
""")
_MARK = text("UPDATE batches SET projected_at = clock_timestamp() WHERE batch_id = ANY(:batches)")
_OWE_ALL = text("UPDATE batches SET projected_at = NULL WHERE projected_at IS NOT NULL")
