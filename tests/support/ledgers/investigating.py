"""A ledger to compare the investigation with: pools replayed in integers, paths by plain search."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from app.domain import Transfer
from app.labels.store import LabelRow, import_labels
from app.projection.pending import project_all_pending
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import policy
from tests.support.record import score, write

BATCH = 2_000
Hashes = tuple[str, ...]


def tell(postgres: Postgres, graph: Graph, transfers: Sequence[Transfer], labels: Iterable[LabelRow]) -> int:
    """Writes transfers and labels, projects them, scores and publishes a run; returns it."""
    import_labels(postgres, labels, policy().categories)
    for start in range(0, len(transfers), BATCH):
        write(postgres, transfers[start : start + BATCH], offset=start)
    project_all_pending(postgres, graph)
    return score(postgres, graph, "cypher")


class Ledger:
    """Transfers that move something, in ledger order, and which of them spend the same pool."""

    def __init__(self, transfers: Iterable[Transfer], labelled: set[str]) -> None:
        self.labelled = labelled
        self.moves = sorted(
            (t for t in transfers if t.amount and t.sender != t.receiver),
            key=lambda t: (t.seq, t.transaction_hash),
        )
        self._sent: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._received_in: list[int] = []
        balance: dict[tuple[str, str], int] = defaultdict(int)
        epoch: dict[tuple[str, str], int] = defaultdict(int)
        for place, t in enumerate(self.moves):
            paid, got = (t.sender, t.asset), (t.receiver, t.asset)
            self._sent[t.sender].append((place, epoch[paid]))
            balance[paid] = max(balance[paid] - t.amount, 0)
            epoch[paid] += balance[paid] == 0
            self._received_in.append(epoch[got])
            balance[got] += t.amount

    def chains(
        self, wallet: str, goes_on: Callable[[Transfer, Transfer, bool], bool], *, most: int
    ) -> Iterator[list[Transfer]]:
        """Every chain of at most so many transfers; `goes_on` also hears whether the pool is the same."""
        stack = [[place] for place, _ in self._sent[wallet]]
        while stack:
            chain = stack.pop()
            yield [self.moves[place] for place in chain]
            last = self.moves[chain[-1]]
            if len(chain) == most or last.receiver in self.labelled:
                continue
            stack += [
                [*chain, place]
                for place, epoch in self._sent[last.receiver]
                if place > chain[-1]
                and place not in chain
                and self.moves[place].asset == last.asset
                and goes_on(last, self.moves[place], epoch == self._received_in[chain[-1]])
            ]


def hashes(transfers: Iterable[Transfer]) -> Hashes:
    """What names a path."""
    return tuple(t.transaction_hash for t in transfers)


def longest_only(chains: Iterable[Hashes]) -> set[Hashes]:
    """Those that are not the beginning of another."""
    found = set(chains)
    beginnings = {chain[:length] for chain in found for length in range(1, len(chain))}
    return found - beginnings
