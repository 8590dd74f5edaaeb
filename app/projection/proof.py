"""The proof that the graph equals the record: both digested range by range, with nothing owed."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, text

from app.domain import Progress
from app.projection.differences import Difference, differences
from app.projection.lines import (
    TRANSFERS,
    WALLETS,
    Kind,
    Part,
    Range,
    graph_lines,
    last_number,
    next_number,
    part_of,
    record_lines,
    record_part,
)
from app.projection.locks import turn
from app.projection.pending import mark_projected, owed_in, pay, project_all_owed
from app.projection.state import State, owned_state
from app.record.identity import record_identity
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import query


@dataclass(slots=True)
class Content:
    """What one store holds.

    `digest` is hexadecimal and covers the digests of all ranges; `amounts` are exact sums in base units by
    asset number, without what was retracted.
    """

    transfers: int = 0
    wallets: int = 0
    amounts: Counter[str] = field(default_factory=Counter)
    _hash: Any = field(default_factory=sha256, compare=False)

    def add(self, kind: Kind, within: Range, part: Part) -> None:
        """Adds one range."""
        if kind is TRANSFERS:
            self.transfers += part.count
        else:
            self.wallets += part.count
        self.amounts.update(part.amounts)
        self._hash.update(f"{kind.name} {within.after} {part.digest}\n".encode())

    @property
    def digest(self) -> str:
        """Digest of everything added so far."""
        return str(self._hash.hexdigest())


@dataclass(frozen=True, slots=True)
class Proof:
    """The content of the record and of the graph; `strange` counts what carries no number of a record."""

    record: Content
    graph: Content
    strange_transfers: int
    strange_wallets: int

    @property
    def equal(self) -> bool:
        """Both stores hold the same transfers, wallets and annotations."""
        strange = self.strange_transfers or self.strange_wallets
        return not strange and self.record.digest == self.graph.digest


@dataclass(frozen=True, slots=True)
class Moment:
    """Nobody writes into the graph, and it is owed nothing that this view of the record holds."""

    connection: Connection
    state: State
    turn: Connection

    def hold(self) -> None:
        """Keeps the turn; fails when it has been lost, and others may write."""
        self.turn.execute(text("SELECT 1"))


Differs = Callable[[Moment, Kind, list[Difference]], None]


def prove(
    postgres: Postgres, graph: Graph, progress: Progress | None = None, *, differs: Differs | None = None
) -> Proof:
    """Projects what is owed and digests both stores; reads a range line by line only where they differ.

    Each range is seen at a moment of its own: between them others may write, and facts are accepted always.

    Args:
        postgres: the record.
        graph: the graph.
        progress: told of the step and how much of it is done.
        differs: told of the differences of each range that is not equal, at its moment.

    Raises:
        InUse, NotReady: the graph is not this record's.
        Unequal: the graph has seen batches the record does not have.
        DependencyMissing: a store does not answer.
    """
    project_all_owed(postgres, graph)
    record, projected = Content(), Content()

    def compare(moment: Moment, kind: Kind, within: Range) -> None:
        lines = graph_lines(graph, kind, within)
        ours, theirs = record_part(moment.connection, kind, within), part_of(lines, kind)
        record.add(kind, within, ours)
        projected.add(kind, within, theirs)
        if differs is not None and ours.digest != theirs.digest:
            differs(moment, kind, differences(kind, record_lines(moment.connection, kind, within), lines))

    for kind in (WALLETS, TRANSFERS):
        _walk(postgres, graph, kind, compare, progress)
    (strange,) = graph.read(query("state/count_foreign"))
    projected.transfers += strange["transfers"]
    projected.wallets += strange["wallets"]
    return Proof(record, projected, strange["transfers"], strange["wallets"])


def _walk(
    postgres: Postgres,
    graph: Graph,
    kind: Kind,
    compare: Callable[[Moment, Kind, Range], None],
    progress: Progress | None,
) -> None:
    """Visits each range in which either store has something now, in order; those that come later may wait."""
    with settled(postgres, graph) as moment:
        last = last_number(moment.connection, graph, kind)
    after = -1
    while after < last:
        with settled(postgres, graph) as moment:
            number = next_number(moment.connection, graph, kind, after)
            if number is None:  # the last ones have been deleted meanwhile
                return
            within = Range.of(number)
            compare(moment, kind, within)
        after = within.last
        if progress is not None:
            progress(kind.name, min(1.0, after / last))


@contextmanager
def settled(postgres: Postgres, graph: Graph) -> Iterator[Moment]:
    """A moment of the record and the graph together: what is owed is written first, and nobody else writes.

    Raises:
        InUse, NotReady: the graph is not this record's.
        DependencyMissing: a store does not answer.
    """
    with turn(postgres) as connection, postgres.transaction(snapshot=True) as snapshot:
        state = owned_state(graph, record_identity(snapshot))
        if owed := owed_in(snapshot):
            pay(snapshot, graph, state, owed)
            mark_projected(connection, graph, state.record_id, owed)
        yield Moment(snapshot, state, connection)
