"""Screenings computed again from the record alone, after it has grown."""

from time import monotonic

import pytest

from app.labels.store import import_labels
from app.ledger.cells import DESTINATION, SOURCE
from app.projection.pending import project_all_pending
from app.screening.by_ledger import PastTransfers
from app.screening.computing.base import BaseReader
from app.screening.computing.transfer_shares import ask_shares
from app.screening.screen import Screener
from app.screening.store import forget
from app.screening.subjects import TransferSubject
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import address, label_row, policy, transfer
from tests.support.ledgers.moves import as_transfer, random_ledger
from tests.support.record import change, label, rows, score, write
from tests.support.run_story import ALICE, BOB, CAROL, MIXER, tell_project_and_score


@pytest.fixture
def screener(settings: Settings, postgres: Postgres, graph: Graph) -> Screener:
    return Screener(postgres, graph, settings)


def test_the_ledger_says_of_single_transfers_what_the_graph_says(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    ledgers = [random_ledger(number) for number in range(1, 9)]
    write(postgres, [as_transfer(move) for each in ledgers for move in each.moves if not move.retracted])
    labels = [label_row(wallet, name) for each in ledgers for wallet, name in each.labels.items()]
    import_labels(postgres, labels, policy().categories)
    project_all_pending(postgres, graph)
    score(postgres, graph, "ledger")
    ids = [
        found for (found,) in rows(postgres, "SELECT transfer_id FROM flows WHERE send_pool_id IS NOT NULL")
    ]
    with postgres.transaction(snapshot=True) as connection:
        base = BaseReader(settings).moment(connection).base
        past = PastTransfers(connection, base, 10**6)
        for direction in (SOURCE, DESTINATION):
            mine = past.shares(direction, ids)
            theirs = ask_shares(
                graph,
                base.policy,
                past.labels.layout,
                direction,
                ids,
                watermark=10**6,
                deadline=monotonic() + 60,
            )
            assert mine.keys() == theirs.keys() == set(ids)
            for transfer_id in ids:
                assert abs(mine[transfer_id] - theirs[transfer_id]).max() <= 1e-9, (direction, transfer_id)


def test_what_was_screened_after_a_run_is_the_same_when_the_record_has_grown(
    screener: Screener, postgres: Postgres, graph: Graph
) -> None:
    tell_project_and_score(postgres, graph, "ledger")
    write(postgres, [transfer(60, MIXER, BOB, 1_000), transfer(61, BOB, CAROL, 700)], offset=60)
    project_all_pending(postgres, graph)
    made = [screener.screen_wallet(one) for one in (BOB, CAROL)]
    assert [one.wallets[0].computed_by for one in made] == ["run_and_paths"] * 2
    write(postgres, [transfer(70, CAROL, MIXER, 650), transfer(71, ALICE, BOB, 50)], offset=70)
    label(postgres, CAROL, "scam")
    project_all_pending(postgres, graph)
    score(postgres, graph, "ledger")
    for one in made:
        found = screener.verify(one.screening_id)
        assert found.equal, found.differences


def test_a_deposit_is_judged_again_with_what_its_sender_had_sent_then(
    screener: Screener, postgres: Postgres, graph: Graph
) -> None:
    tell_project_and_score(postgres, graph, "ledger")
    sent = [transfer(60 + n, MIXER, address(80 + n), 400) for n in range(3)]
    write(postgres, sent, offset=60)
    project_all_pending(postgres, graph)
    made = [
        screener.screen(
            [
                TransferSubject(
                    type="transfer",
                    chain=one.chain,
                    transaction_hash=one.transaction_hash,
                    transfer_index=0,
                    customer_reference="C1",
                )
            ]
        )[0]
        for one in sent
    ]
    assert made[-1].transfer is not None
    assert made[-1].transfer.to_customer[-1].transfers == 3
    write(postgres, [transfer(90, MIXER, address(80), 10**6)], offset=90)
    project_all_pending(postgres, graph)
    for one in made:
        found = screener.verify(one.screening_id)
        assert (found.equal, found.notes) == (True, []), found
    change(postgres, "UPDATE screenings SET answer = jsonb_set(answer, '{risk_level}', '\"low\"')", rows=3)
    lied = screener.verify(made[-1].screening_id)
    assert [one.field for one in lied.differences] == ["risk_level"]
    with postgres.transaction() as connection:
        forget(connection, text_value="C1")
    assert "erased" in " ".join(screener.verify(made[-1].screening_id).notes)
