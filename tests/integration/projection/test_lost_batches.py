"""A record that was put back gives the numbers of its lost batches again: the graph is rebuilt."""

from threading import Event

import pytest

from app.operations.graph_rebuild import rebuild_unusable
from app.projection.pending import NewerGraph, project_all_pending, project_pending
from app.projection.rebuild import rebuild
from app.projection.state import owned_state
from app.record.identity import record_id
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.content import is_equal
from tests.support.projection_record import ROWS, add_batch, restate
from tests.support.record import ask, change, ignore

LATER = [(4, 5), (5, 4)]
PUT_BACK = (
    "DELETE FROM flows f USING transactions t WHERE t.transfer_id = f.transfer_id AND t.batch_id > :kept",
    "DELETE FROM transactions WHERE batch_id > :kept",
    "DELETE FROM pools p USING wallets w WHERE w.wallet_id = p.wallet_id AND w.batch_id > :kept",
    "DELETE FROM wallets WHERE batch_id > :kept",
    "DELETE FROM batches WHERE batch_id > :kept",
    "SELECT setval('batch_ids', max(batch_id)) FROM batches",
    "SELECT setval('transactions_transfer_id_seq', max(transfer_id)) FROM transactions",
    "SELECT setval('wallets_wallet_id_seq', max(wallet_id)) FROM wallets",
    "SELECT setval('pools_pool_id_seq', max(pool_id)) FROM pools",
)


def put_back(postgres: Postgres, batch: int) -> None:
    """Makes the record what it was after a batch; the numbers of what is lost come again."""
    for statement in PUT_BACK:
        change(postgres, statement, None, **({"kept": batch} if ":kept" in statement else {}))


@pytest.fixture
def _lost(postgres: Postgres, graph: Graph) -> None:
    """A record that has lost the last batch its graph has seen, and has given its number again."""
    kept = add_batch(postgres, ROWS)
    lost = add_batch(postgres, LATER)
    project_all_pending(postgres, graph)
    put_back(postgres, kept)
    assert add_batch(postgres, [(4, 6)]) == lost


@pytest.mark.usefixtures("_lost")
def test_a_number_that_was_taken_again_is_not_the_lost_batch(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, [(6, 1)])
    with pytest.raises(NewerGraph, match="older than the graph"):
        project_pending(postgres, graph)
    report = rebuild_unusable(postgres, graph, ignore, Event())
    assert report is not None
    assert report.equal
    add_batch(postgres, [(5, 6)])
    project_all_pending(postgres, graph)
    assert is_equal(postgres, graph)


def test_a_lost_batch_that_was_written_and_never_marked_is_told_too(
    postgres: Postgres, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = add_batch(postgres, ROWS)
    project_pending(postgres, graph)
    add_batch(postgres, LATER)
    with monkeypatch.context() as patch:
        patch.setattr("app.projection.pending.mark_projected", _crash)
        with pytest.raises(KeyboardInterrupt):
            project_pending(postgres, graph)
    put_back(postgres, kept)
    add_batch(postgres, [(4, 6)])
    with pytest.raises(NewerGraph):
        project_pending(postgres, graph)
    rebuild_unusable(postgres, graph, ignore, Event())
    assert is_equal(postgres, graph)


@pytest.mark.usefixtures("_lost")
def test_a_rebuild_that_was_interrupted_does_not_hide_lost_batches(postgres: Postgres, graph: Graph) -> None:
    def stop(step: str, _part: float) -> None:
        if step == "sweep":
            raise KeyboardInterrupt

    restate(postgres, 1, send_drain=9.5)
    with pytest.raises(KeyboardInterrupt):
        rebuild_unusable(postgres, graph, stop, Event())
    with pytest.raises(NewerGraph):
        project_pending(postgres, graph)
    rebuild_unusable(postgres, graph, ignore, Event())
    assert is_equal(postgres, graph)


@pytest.mark.usefixtures("_lost")
def test_a_rebuild_by_hand_ends_it_too(postgres: Postgres, graph: Graph) -> None:
    rebuild(postgres, graph, ignore)
    add_batch(postgres, [(5, 6)])
    project_all_pending(postgres, graph)
    assert is_equal(postgres, graph)
    assert owned_state(graph, str(postgres.run(record_id))).generation == 2


def test_batches_written_in_another_order_are_not_taken_for_lost(postgres: Postgres, graph: Graph) -> None:
    batches = [add_batch(postgres, ROWS) for _ in range(3)]
    change(postgres, "UPDATE batches SET projected_at = now() WHERE batch_id < :newest", 2, newest=batches[2])
    project_pending(postgres, graph)
    change(postgres, "UPDATE batches SET projected_at = NULL", None)
    project_all_pending(postgres, graph)
    assert ask(postgres, "SELECT count(*) FROM batches WHERE projected_at IS NULL") == 0
    assert is_equal(postgres, graph)


def _crash(*_: object) -> None:
    raise KeyboardInterrupt
