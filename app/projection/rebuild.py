"""Rebuilds the graph from the record while the old one still answers, and proves that both are equal."""

from dataclasses import dataclass, replace
from time import perf_counter

import structlog
from sqlalchemy import text

from app.domain import Progress
from app.projection.locks import only_rebuild, turn
from app.projection.pending import mark_projected, owe_what_is_lost, owed_in
from app.projection.proof import prove
from app.projection.rows import transfers_after, wallets_after
from app.projection.state import State, owned_state
from app.projection.sweep import sweep
from app.projection.write import write_transfers, write_wallets
from app.record.identity import record_identity
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import query

log = structlog.get_logger()


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
    """Writes every row of the record into a new generation of the graph, then sweeps what is older.

    The old graph answers meanwhile, and owed batches may be projected at the same time: both take turns, page
    by page. Labels stay on their wallets but are in doubt until `project_labels` runs again.

    Raises:
        InUse: another rebuild runs, or the graph belongs to another record.
        DependencyMissing: a store does not answer; running it again continues from any state.
    """
    started = perf_counter()
    with only_rebuild(postgres):
        state, owed = _begin(postgres, graph)
        _write_all(postgres, graph, state, progress)
        progress("sweep", 0.0)
        swept = sweep(graph, state)
        with turn(postgres) as connection:
            mark_projected(connection, graph, state.record_id, owed)
        proof = prove(postgres, graph, lambda kind, part: progress(f"proof of {kind}", part))
    log.info("graph_rebuilt", generation=state.generation, equal=proof.equal, swept=swept)
    return RebuildReport(
        transfers=proof.graph.transfers,
        wallets=proof.graph.wallets,
        swept=swept,
        seconds=perf_counter() - started,
        equal=proof.equal,
        record_digest=proof.record.digest,
        graph_digest=proof.graph.digest,
    )


def _begin(postgres: Postgres, graph: Graph) -> tuple[State, list[int]]:
    """The state with its new generation, and the batches that all the pages read from now on contain."""
    with turn(postgres) as connection:
        state = owned_state(graph, record_identity(connection))
        owe_what_is_lost(connection, state)
        next_generation = query("write/next_generation"), {"record_id": state.record_id}
        return replace(state, **graph.write([next_generation])[0][0]), owed_in(connection)


def _write_all(postgres: Postgres, graph: Graph, state: State, progress: Progress) -> None:
    with postgres.transaction() as connection:
        last_wallet, last_transfer = connection.execute(_LAST).one()
    after = 0
    while page := _write_wallets_after(postgres, graph, state, after):
        after = page
        progress("wallets", min(1.0, after / last_wallet))
    after = 0
    while page := _write_transfers_after(postgres, graph, state, after):
        after = page
        progress("transfers", min(1.0, after / last_transfer))


def _write_wallets_after(postgres: Postgres, graph: Graph, state: State, wallet_id: int) -> int | None:
    """Writes one page; returns its last wallet, None after the last page."""
    with turn(postgres) as connection:
        page = wallets_after(connection, wallet_id)
        if not page:
            return None
        write_wallets(graph, state, page)
        return int(page[-1][0])


def _write_transfers_after(postgres: Postgres, graph: Graph, state: State, transfer_id: int) -> int | None:
    """Writes one page; returns its last transfer, None after the last page."""
    with turn(postgres) as connection:
        page = transfers_after(connection, transfer_id)
        if not page:
            return None
        misplaced = query("cleanup/delete_misplaced_transfers"), {"rows": page}
        write_transfers(graph, state, page, before=misplaced)
        return int(page[-1][0])


_LAST = text("SELECT (SELECT max(wallet_id) FROM wallets), (SELECT max(transfer_id) FROM transactions)")
