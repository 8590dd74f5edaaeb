"""Late and retracted transfers in any order end in the annotation that one pass over each pool gives."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from app.domain import Transfer
from app.ledger.pool import Accounted, PoolState
from app.stores.postgres import Postgres
from ingest.record import flows, restatement
from tests.support.builders import Event, retraction, transfer
from tests.support.ledgers.moves import as_transfer, random_ledger
from tests.support.ledgers.one_pass import one_pass
from tests.support.record import rows, write


@pytest.fixture
def ended_early(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The pools that were not read to their end."""
    ended: list[int] = []

    class Watched(restatement._Restatement):
        def account(self, page: Sequence[Any], *, is_last: bool) -> Iterator[Accounted]:
            yield from super().account(page, is_last=is_last)
            if self.is_done and not is_last:
                ended.append(self.pool.pool_id)

    monkeypatch.setattr(restatement, "_Restatement", Watched)
    return ended


@pytest.mark.parametrize("page_rows", [1, 2, 3])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order_ends_in_the_annotation_of_one_pass_whatever_the_size_of_pages(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch, ended_early: list[int], seed: int, page_rows: int
) -> None:
    """Bit for bit, midway and at the end; with retractions, returns, and several transfers of one place."""
    chance = random.Random(seed * 10 + page_rows)
    monkeypatch.setattr(restatement, "FIRST_PAGE_ROWS", page_rows)
    monkeypatch.setattr(restatement, "MAX_PAGE_ROWS", page_rows * chance.choice([1, 2, 5]))
    monkeypatch.setattr(flows, "RESTATED_SIDES", chance.choice([1, 2, 3]))
    live: list[Transfer] = []
    start = 0
    for batch in batches(chance, [as_transfer(move) for move in random_ledger(seed, moves=60).moves]):
        write(postgres, batch, offset=start)
        start += len(batch)
        for each in batch:
            if isinstance(each, Transfer):
                live.append(each)
            else:
                live = [t for t in live if t.transaction_hash != each.transaction_hash]
        assert stored_annotation(postgres) == one_pass(live)[0]
    states = one_pass(live)[1]
    assert {pool: state for pool, state in stored_states(postgres).items() if state.balance} == {
        pool: state for pool, state in states.items() if state.balance
    }
    assert ended_early


def batches(chance: random.Random, transfers: Sequence[Transfer]) -> Iterator[list[Event]]:
    """The transfers in any order, some of them retracted later, and some of those told again."""
    told = [1, 1, 1, 1, 2, 3]
    queues: list[list[Event]] = [[t, retraction(t), t][: chance.choice(told)] for t in transfers]
    while queues:
        batch = []
        for _ in range(chance.randrange(1, 16)):
            if queues:
                queue = chance.choice(queues)
                batch.append(queue.pop(0))
                queues = [queue for queue in queues if queue]
        yield batch


def stored_annotation(postgres: Postgres) -> list[tuple[Any, ...]]:
    return rows(
        postgres,
        """
        SELECT t.transaction_hash, f.send_epoch, f.send_balance, f.send_drain, f.send_drain_low, f.send_share,
            f.unobserved, f.recv_epoch, f.recv_balance, f.recv_drain, f.recv_drain_low
        FROM flows f JOIN transactions t USING (transfer_id)
        WHERE t.retracted_batch_id IS NULL ORDER BY f.seq, t.transaction_hash COLLATE "C"
        """,
    )


def stored_states(postgres: Postgres) -> dict[tuple[str, str], PoolState]:
    found = rows(
        postgres,
        """
        SELECT w.address, a.asset, p.balance::text, p.epoch, p.drain, p.drain_low
        FROM pools p JOIN wallets w USING (wallet_id) JOIN assets a USING (asset_id)
        """,
    )
    return {(wallet, asset): PoolState(int(balance), *rest) for wallet, asset, balance, *rest in found}


def test_a_transfer_that_changes_in_both_its_pools_counts_once(postgres: Postgres) -> None:
    write(postgres, [transfer(10, 1, 2, 100), transfer(20, 1, 2, 100)])
    batch = write(postgres, [transfer(5, 3, 1, 50), transfer(6, 3, 2, 50)], offset=2)
    assert batch.restated == 2
    batch = write(postgres, [transfer(7, 3, 1, 50), transfer(8, 3, 2, 50)], offset=4)
    assert batch.restated == 2
