"""The proof that the graph equals the record: both are digested range by range, with no batch pending."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, text

from app.domain import Progress
from app.projection.canonical_lines import TRANSFERS, WALLETS, Entity
from app.projection.differences import Difference, find_differences
from app.projection.locks import projection_lock
from app.projection.pending import mark_projected, pending_batches, project_all_pending, write_batches
from app.projection.range_digests import (
    IdRange,
    RangeDigest,
    digest_lines,
    graph_lines,
    last_id,
    next_id,
    record_lines,
    record_range,
)
from app.projection.state import State, owned_state
from app.record.identity import record_id
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import query


@dataclass(slots=True)
class ContentDigest:
    """Counts, sums and the digest of what one store holds.

    `digest` is hexadecimal and covers the digests of all ranges; `amounts` are exact sums in base units by
    asset id, without retracted transfers.
    """

    transfers: int = 0
    wallets: int = 0
    amounts: Counter[str] = field(default_factory=Counter)
    _hash: Any = field(default_factory=sha256, compare=False)

    def add(self, entity: Entity, ids: IdRange, digested: RangeDigest) -> None:
        """Adds one range."""
        if entity is TRANSFERS:
            self.transfers += digested.count
        else:
            self.wallets += digested.count
        self.amounts.update(digested.amounts)
        self._hash.update(f"{entity.name} {ids.after} {digested.digest}\n".encode())

    @property
    def digest(self) -> str:
        """Digest of every range added."""
        return str(self._hash.hexdigest())


@dataclass(frozen=True, slots=True)
class Proof:
    """The content of both stores; `foreign_*` count rows of the graph without an id that a record gives."""

    record: ContentDigest
    graph: ContentDigest
    foreign_transfers: int
    foreign_wallets: int

    @property
    def equal(self) -> bool:
        """Both stores hold the same transfers, wallets and annotations."""
        foreign = self.foreign_transfers or self.foreign_wallets
        return not foreign and self.record.digest == self.graph.digest


@dataclass(frozen=True, slots=True)
class SyncedView:
    """A snapshot of the record whose batches the graph holds, while no other process writes the graph."""

    connection: Connection
    state: State
    lock_connection: Connection

    def keep_lock(self) -> None:
        """Keeps the projection lock from its idle timeout; raises when the lock has been lost."""
        self.lock_connection.execute(text("SELECT 1"))


OnDifferences = Callable[[SyncedView, Entity, list[Difference]], None]


def prove(
    postgres: Postgres,
    graph: Graph,
    progress: Progress | None = None,
    *,
    on_differences: OnDifferences | None = None,
) -> Proof:
    """Projects pending batches and digests both stores; reads single rows only of ranges that differ.

    Each range is compared in a synced view of its own: ingestion goes on, and others may write in between.

    Args:
        postgres: the record.
        graph: the graph.
        progress: called with each step and the part of it that is done (0..1).
        on_differences: called with the differences of each unequal range, inside its view.

    Raises:
        InUse, NotReady: the graph is not this record's.
        Unequal: the graph has seen batches the record does not have.
        DependencyMissing: a store does not answer.
    """
    project_all_pending(postgres, graph)
    in_record, in_graph = ContentDigest(), ContentDigest()

    def compare(view: SyncedView, entity: Entity, ids: IdRange) -> None:
        lines = graph_lines(graph, entity, ids)
        of_record, of_graph = record_range(view.connection, entity, ids), digest_lines(lines, entity)
        in_record.add(entity, ids, of_record)
        in_graph.add(entity, ids, of_graph)
        if on_differences is not None and of_record.digest != of_graph.digest:
            expected = record_lines(view.connection, entity, ids)
            on_differences(view, entity, find_differences(entity, expected, lines))

    for entity in (WALLETS, TRANSFERS):
        _visit_ranges(postgres, graph, entity, compare, progress)
    (foreign,) = graph.read(query("state/count_foreign"))
    in_graph.transfers += foreign["transfers"]
    in_graph.wallets += foreign["wallets"]
    return Proof(in_record, in_graph, foreign["transfers"], foreign["wallets"])


def _visit_ranges(
    postgres: Postgres,
    graph: Graph,
    entity: Entity,
    compare: Callable[[SyncedView, Entity, IdRange], None],
    progress: Progress | None,
) -> None:
    """Compares each range in which either store has a row now, in order; later ones may be left out."""
    with synced_view(postgres, graph) as view:
        last = last_id(view.connection, graph, entity)
    after = -1
    while after < last:
        with synced_view(postgres, graph) as view:
            first = next_id(view.connection, graph, entity, after)
            if first is None:  # the last rows have been deleted meanwhile
                return
            ids = IdRange.containing(first)
            compare(view, entity, ids)
        after = ids.last
        if progress is not None:
            progress(entity.name, min(1.0, after / last))


@contextmanager
def synced_view(postgres: Postgres, graph: Graph) -> Iterator[SyncedView]:
    """Holds the projection lock, opens a snapshot of the record and writes its pending batches first.

    Raises:
        InUse, NotReady: the graph is not this record's.
        DependencyMissing: a store does not answer.
    """
    with projection_lock(postgres) as connection, postgres.transaction(snapshot=True) as snapshot:
        state = owned_state(graph, record_id(snapshot))
        if pending := pending_batches(snapshot):
            write_batches(snapshot, graph, state, pending)
            mark_projected(connection, graph, state.record_id, pending)
        yield SyncedView(snapshot, state, connection)
