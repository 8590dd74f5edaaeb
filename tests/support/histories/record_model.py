"""What record and graph must hold after a history, by the rule of decision 0007, and the comparison."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import text

from app.domain import Retraction, Transfer
from app.errors import InvalidEvent
from app.projection.pending import project_all_pending
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.record.writer import DecodedMessage
from tests.support.content import is_equal
from tests.support.histories.inclusion_model import Mined, Taken, Undone, Word, live_transfers

Identity = tuple[str, int, int, str | None]


class Model:
    """What the record must hold: every message in order of arrival, by the rule of decision 0007."""

    def __init__(self) -> None:
        self.transfers: dict[Identity, Transfer] = {}
        self.words: dict[tuple[str, str], list[Word]] = defaultdict(list)
        self.sayers: dict[Identity, set[str | None]] = defaultdict(set)
        self.undone: set[str | None] = set()
        self.rows = 0
        self.refused: set[tuple[int, int]] = set()

    def add(self, message: DecodedMessage) -> None:
        """A message arrives."""
        event = message.event
        if isinstance(event, InvalidEvent):
            self.refused.add((message.partition, message.offset))
            return
        if message.import_id in self.undone:
            return
        words = self.words[event.transaction_hash, event.asset]
        if isinstance(event, Retraction):
            words.append(Taken(event, message.import_id))
            return
        place = event.block_number if event.block_hash is None else 0
        key = event.transaction_hash, event.transfer_index, place, event.block_hash
        self.rows += key not in self.transfers
        first = self.transfers.setdefault(key, event)
        if _content(first) != _content(event):
            self.refused.add((message.partition, message.offset))
            return
        self.sayers[key].add(message.import_id)
        named = event.transfer_index, event.block_number, event.block_hash
        words.append(Mined(*named, event.observed_at, message.import_id))

    def undo(self, import_id: str) -> None:
        """An import is undone: what it alone said was never said."""
        self.undone.add(import_id)
        for words in self.words.values():
            words.append(Undone(import_id))
        for key, sayers in self.sayers.items():
            sayers.discard(import_id)
            if not sayers:
                self.transfers.pop(key, None)

    def live(self) -> list[Transfer]:
        """The transfers that live, in ledger order."""
        names = {(group, name) for group, words in self.words.items() for name in live_transfers(words)}
        return sorted(
            (
                t
                for t in self.transfers.values()
                if ((t.transaction_hash, t.asset), (t.transfer_index, t.block_number, t.block_hash)) in names
            ),
            key=lambda t: (t.seq, t.transaction_hash),
        )


def _content(t: Transfer) -> tuple[object, ...]:
    return t.amount, t.decimals, t.sender, t.receiver, t.asset, t.transaction_index, t.block_number


def balances(transfers: Iterable[Transfer]) -> dict[tuple[str, str], int]:
    """What every wallet holds of every asset after these transfers in ledger order."""
    held: dict[tuple[str, str], int] = defaultdict(int)
    for t in transfers:
        if t.amount and t.sender != t.receiver:
            held[t.sender, t.asset] -= min(t.amount, held[t.sender, t.asset])
            held[t.receiver, t.asset] += t.amount
    return {key: balance for key, balance in held.items() if balance}


def compare(postgres: Postgres, graph: Graph, model: Model) -> None:
    """Record and graph hold what the model says; the graph is brought up to date first."""
    transfers = model.live()
    live = {(t.transaction_hash, t.transfer_index, t.block_number, t.block_hash, t.amount) for t in transfers}
    with postgres.transaction() as connection:
        rows = connection.execute(
            text(
                "SELECT transaction_hash, transfer_index, block_number, block_hash, amount::bigint"
                " FROM transactions WHERE retracted_batch_id IS NULL"
            )
        )
        assert {tuple(row) for row in rows} == live
        held = connection.execute(
            text(
                "SELECT address, asset, balance FROM pools JOIN wallets USING (wallet_id)"
                " JOIN assets USING (asset_id) WHERE balance > 0"
            )
        )
        assert {(row[0], row[1]): int(row[2]) for row in held} == balances(transfers)
        count = text(
            "SELECT (SELECT sum(stored) FROM ingestion_state), (SELECT sum(stored) FROM batches), count(*)"
            " FROM transactions"
        )
        assert tuple(map(int, connection.execute(count).one())) == (model.rows,) * 3
        dead = connection.execute(text('SELECT partition, "offset" FROM dead_letters'))
        assert {tuple(row) for row in dead} == model.refused
    project_all_pending(postgres, graph)
    assert is_equal(postgres, graph)
