"""The proof that the graph equals the record: both digested at one moment, with nothing owed."""

from dataclasses import dataclass

from app.graph import Graph
from app.postgres import Postgres
from app.projection.digest import Digest, digest_of_graph, digest_of_record
from app.projection.owed import mark_projected, owed_in, pay
from app.projection.state import owned_state
from app.projection.turns import record_identity, turn


@dataclass(frozen=True, slots=True)
class Proof:
    """The digests of the record and of the graph."""

    record: Digest
    graph: Digest

    @property
    def equal(self) -> bool:
        """Both stores hold the same transfers, wallets and annotations."""
        return self.record == self.graph


def prove(postgres: Postgres, graph: Graph) -> Proof:
    """Projects what is owed at one moment of the record and digests both stores as of that moment.

    Nobody else writes into the graph meanwhile; facts are still accepted into the record.

    Raises:
        InUse, NotReady: the graph is not this record's.
        DependencyMissing: a store does not answer.
    """
    with turn(postgres) as connection, postgres.transaction(snapshot=True) as snapshot:
        state = owned_state(graph, record_identity(snapshot))
        owed = owed_in(snapshot)
        pay(snapshot, graph, state, owed)
        mark_projected(connection, graph, state.record_id, owed)
        return Proof(digest_of_record(snapshot), digest_of_graph(graph, snapshot))
