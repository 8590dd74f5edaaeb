"""Deposits: the exact source of one transfer, sums of one sender, what comes late and what is taken back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from app.answers.screenings import Screening
from app.labels.store import import_labels
from app.ledger.cells import SOURCE, decode
from app.projection.pending import project_all_pending
from app.screening.computing.base import Stores
from app.screening.computing.transfer_paths import exposures_of, layout_of_run, read_sources
from app.screening.screen import Screener
from app.screening.subjects import TransferSubject, WithdrawalSubject
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import CHAIN, START, address, label_row, policy, retraction, transfer
from tests.support.ledgers.exact import exact_content
from tests.support.ledgers.moves import Ledger, Move, as_transfer, random_ledger
from tests.support.record import label, score, write
from tests.support.run_story import ALICE, BOB, CAROL, DAVE, MIXER, STORY, tell_project_and_score

LISTED = address(66)


@pytest.fixture
def screener(settings: Settings, postgres: Postgres, graph: Graph) -> Screener:
    return Screener(postgres, graph, settings)


def deposit(screener: Screener, sent: Any, **references: str) -> Screening:  # noqa: ANN401 - a transfer
    subject = TransferSubject(
        type="transfer",
        chain=sent.chain,
        transaction_hash=sent.transaction_hash,
        transfer_index=sent.transfer_index,
        **references,
    )
    return screener.screen([subject])[0]


def test_every_transfer_of_50_random_ledgers_has_the_exact_source(
    screener: Screener, postgres: Postgres, graph: Graph
) -> None:
    ledgers = [
        Ledger([move for move in made.moves if not move.retracted], made.labels)
        for made in (random_ledger(number) for number in range(1, 51))
    ]
    moves = [move for ledger in ledgers for move in ledger.moves]
    for begin in range(0, len(moves), 500):
        write(postgres, [as_transfer(move) for move in moves[begin : begin + 500]], offset=begin)
    labels = [label_row(wallet, name) for ledger in ledgers for wallet, name in ledger.labels.items()]
    import_labels(postgres, labels, policy().categories)
    project_all_pending(postgres, graph)
    score(postgres, graph, "ledger")
    with postgres.transaction(snapshot=True) as connection:
        base = screener._reader.moment(connection).base
        rows = connection.execute(
            text("SELECT *, usd_value AS own_usd_value FROM transactions ORDER BY transfer_id")
        ).all()
    by_hash = {row.transaction_hash: row for row in rows}
    ids = [row.transfer_id for row in rows]
    stores = Stores(postgres, graph, 120.0)
    paths, _, failures = read_sources(stores, base, ids, 0)
    assert failures == []
    known = np.array(sorted({row.asset_id for row in rows}), np.int32)
    tested = 0
    for move, cells in _contents(ledgers):
        row = by_hash[move.transaction_hash]
        exposures, _ = exposures_of(layout_of_run(base.run), [[row]], paths, known)
        codes = exposures.layout.codes(SOURCE)[exposures.source.shares.cell]
        found = {
            (exposures.layout.columns[cell.column], cell.hop): share
            for cell, share in zip(map(decode, codes.tolist()), exposures.source.shares.share, strict=True)
        }
        for cell in found.keys() | cells.keys():
            assert abs(found.get(cell, 0.0) - float(cells.get(cell, 0))) <= 1e-12, (move, cell)
        tested += 1
    assert tested > 800


def _contents(ledgers: list[Ledger]) -> Iterator[tuple[Move, dict[Any, Fraction]]]:
    for ledger in ledgers:
        everything = Ledger([_seen(move) for move in ledger.moves], ledger.labels)
        yield from exact_content(everything, SOURCE, 6)


def _seen(move: Move) -> Move:
    return replace(move, batch=7)


def test_a_deposit_is_judged_by_its_own_money(screener: Screener, postgres: Postgres, graph: Graph) -> None:
    tell_project_and_score(postgres, graph, "ledger")
    from_mixer, from_alice = deposit(screener, STORY[0]), deposit(screener, STORY[1])
    assert (from_mixer.status, from_mixer.risk_level) == ("complete", "high")
    assert [(one.category, one.direct_usd, one.share) for one in from_mixer.amounts] == [
        ("mixer", "100.00", 1.0)
    ]
    assert [(one.category, one.indirect_usd) for one in from_alice.amounts] == [("mixer", "50.00")]
    assert from_mixer.computed_from is not None
    assert from_mixer.computed_from.origin == "paths"
    by_receiver = TransferSubject(type="transfer", transaction_hash=STORY[1].transaction_hash, receiver=BOB)
    assert screener.screen([by_receiver])[0].amounts == from_alice.amounts


@pytest.mark.parametrize("wallets", [1, 30])
def test_300_deposits_of_9_usd_from_a_sanctioned_wallet_are_found(
    screener: Screener, postgres: Postgres, graph: Graph, wallets: int
) -> None:
    label(postgres, LISTED, "sanctioned", confidence=100)
    made = [
        transfer(100 + n, LISTED, address(500 + n % wallets), 9, occurred_at=START + timedelta(hours=n * 2))
        for n in range(300)
    ]
    clean = [transfer(n + 1, 8, address(500 + n), 10**6) for n in range(wallets)]
    write(postgres, [*clean, *made])
    project_all_pending(postgres, graph)
    score(postgres, graph, "ledger")
    first = deposit(screener, made[0])
    assert (first.status, first.risk_level, first.flags) == ("complete", "low", ["sanctions_contact"])
    one_by_one = deposit(screener, made[-1])
    assert one_by_one.transfer is not None
    by_days = {one.days: one.transfers for one in one_by_one.transfer.to_wallet}
    assert by_days[None] == 300 // wallets
    for sent in made[:-1]:
        if sent.receiver != made[-1].receiver:
            deposit(screener, sent, customer_reference="C1")
    found = deposit(screener, made[-1], customer_reference="C1")
    assert found.status == "complete", found
    assert found.risk_level == "severe"
    assert "sanctions_contact" in found.flags
    assert found.transfer is not None
    sums = found.transfer.to_wallet if wallets == 1 else found.transfer.to_customer
    assert [(one.days, one.transfers) for one in sums] == [(1, 12), (7, 84), (30, 300), (None, 300)]
    assert sums[-1].usd_value == "2700.00"
    assert "300 transfers of 2700.00 USD from the same sender" in " ".join(
        reason.sentence for reason in found.reasons
    )


def test_a_deposit_that_was_not_seen_is_pending_and_answered_when_it_has_arrived(
    screener: Screener, postgres: Postgres, graph: Graph
) -> None:
    tell_project_and_score(postgres, graph, "ledger")
    sent = transfer(60, MIXER, DAVE, 1_000)
    pending = deposit(screener, sent)
    assert (pending.status, pending.risk_level, pending.answered_at) == ("pending", None, None)
    assert screener.answered(pending.screening_id) == pending
    write(postgres, [sent], offset=60)
    project_all_pending(postgres, graph)
    answered = screener.answered(pending.screening_id)
    assert (answered.status, answered.risk_level) == ("complete", "high")
    assert answered.answered_at is not None
    assert answered.recorded_at == pending.recorded_at
    assert screener.answered(pending.screening_id) == answered


def test_a_deposit_that_is_retracted_after_its_answer_says_so(
    screener: Screener, postgres: Postgres, graph: Graph
) -> None:
    tell_project_and_score(postgres, graph, "ledger")
    made = deposit(screener, STORY[0])
    assert screener.answered(made.screening_id) == made
    write(postgres, [retraction(STORY[0])], offset=90)
    told = screener.answered(made.screening_id)
    assert told.retracted_at is not None
    assert told.risk_level == made.risk_level
    assert "retracted" in (told.detail or "")
    assert screener.answered(made.screening_id) == told
    assert deposit(screener, STORY[0]).status == "incomplete"


def payment(screener: Screener, destination: str, **changes: str) -> Screening:
    fields = {"asset": "ETH", "units": "1.5", "usd_value": "3000", "chain": CHAIN} | changes
    return screener.screen([WithdrawalSubject(type="withdrawal", destination=destination, **fields)])[0]


def test_a_payment_says_the_rules_it_would_fire(screener: Screener, postgres: Postgres, graph: Graph) -> None:
    label(postgres, LISTED, "sanctioned", confidence=100)
    tell_project_and_score(postgres, graph, "ledger")
    to_listed = payment(screener, LISTED)
    assert to_listed.risk_level == "severe"
    assert {"sent_to_sanctioned", "paid_sanctioned"} <= {one.rule for one in to_listed.reasons}
    assert any(one.sentence.startswith("This payment: ") for one in to_listed.reasons)
    to_mixer = payment(screener, MIXER)
    assert "paid_market_or_mixer" in {one.rule for one in to_mixer.reasons}
    assert "paid_market_or_mixer" not in {
        one.rule for one in payment(screener, MIXER, usd_value="10").reasons
    }
    harmless = payment(screener, CAROL)
    assert not any(one.sentence.startswith("This payment") for one in harmless.reasons)
    nobody = payment(screener, address(4711))
    assert (nobody.status, nobody.risk_level) == ("never_seen", None)
    token = payment(screener, ALICE, asset=address(12345))
    assert (token.status, token.refused_reason) == ("refused", "unknown_decimals")
