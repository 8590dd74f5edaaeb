"""What came after the run is added to what the run found: exact, for every wallet of random ledgers."""

from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from app.labels.store import import_labels
from app.ledger.cells import DESTINATION, SOURCE, decode
from app.projection.pending import project_all_pending
from app.screening.asked import asked_of, compute, read_seen
from app.screening.computing.base import BaseReader, Stores
from app.screening.screen import Screener
from app.screening.subjects import WalletSubject
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import address, label_row, policy, retraction, story, transfer
from tests.support.ledgers.exact import exact_content
from tests.support.ledgers.moves import Ledger, as_transfer, random_ledger
from tests.support.record import rows, score, write
from tests.support.run_story import ALICE, BOB, MIXER, STORY, tell_project_and_score

HOPS = 6
Content = dict[tuple[int, str, str], dict[Any, Fraction]]
"""Amounts by cell, by direction, wallet and asset."""


def content(ledger: Ledger, some: set[str]) -> Content:
    """Of some moves, by hash, what each carries, added up by the wallets at its ends."""
    found: Content = defaultdict(lambda: defaultdict(Fraction))
    for direction in (SOURCE, DESTINATION):
        for move, cells in exact_content(ledger, direction, HOPS):
            if move.transaction_hash in some:
                sent = as_transfer(move)
                wallet = sent.receiver if direction == SOURCE else sent.sender
                for cell, share in cells.items():
                    found[direction, wallet, sent.asset][cell] += share * move.amount
    return found


def in_order(number: int) -> Ledger:
    """A random ledger without retractions, its moves in their order."""
    made = random_ledger(number)
    moves = [replace(move, batch=7) for move in made.moves if not move.retracted]
    return Ledger(sorted(moves, key=lambda move: (move.seq, move.transaction_hash)), made.labels)


def test_shares_are_exact_for_every_wallet_that_moved_after_the_run(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    ledgers = [in_order(number) for number in range(1, 16)]
    before = [Ledger(each.moves[: len(each.moves) * 2 // 3], each.labels) for each in ledgers]
    labels = [label_row(wallet, name) for each in ledgers for wallet, name in each.labels.items()]
    import_labels(postgres, labels, policy().categories)
    early = [move for each in before for move in each.moves]
    early_hashes = {move.transaction_hash for move in early}
    late = [move for each in ledgers for move in each.moves if move.transaction_hash not in early_hashes]
    write(postgres, [as_transfer(move) for move in early])
    project_all_pending(postgres, graph)
    score(postgres, graph, "ledger")
    write(postgres, [as_transfer(move) for move in late], offset=10_000)
    project_all_pending(postgres, graph)
    expected: Content = defaultdict(lambda: defaultdict(Fraction))
    for then, now in zip(before, ledgers, strict=True):
        _add(expected, content(then, early_hashes))
        _add(expected, content(now, {move.transaction_hash for move in late}))
    names = [f"{chain}:{found}" for chain, found in rows(postgres, "SELECT chain, address FROM wallets")]
    asked = [asked_of(WalletSubject(type="wallet", address=name)) for name in names]
    with postgres.transaction(snapshot=True) as connection:
        moment = BaseReader(settings).moment(connection)
        seen = read_seen(connection, moment, asked)
    found = compute(Stores(postgres, graph, 60.0), moment.base, seen.values(), "auto")
    assert found.failed == {}
    assert moment.base.run is not None
    compared = 0
    for one in seen.values():
        computed = found.computed.get(one.known.wallet.wallet_id)
        if computed is None or computed.origin != "run_and_paths":
            continue
        for part in computed.exposures:
            exact = expected[part.direction, one.known.wallet.address, part.asset]
            whole = sum(exact.values())
            mine = {
                (moment.base.run.columns[cell.column], cell.hop): share
                for cell, share in zip(map(decode, part.cells), part.shares, strict=True)
            }
            for cell in mine.keys() | exact.keys():
                assert abs(mine.get(cell, 0.0) - float(exact.get(cell, Fraction(0)) / whole)) <= 1e-9, cell
            compared += 1
    assert compared > 100


def _add(into: Content, more: Content) -> None:
    for key, cells in more.items():
        for cell, amount in cells.items():
            into[key][cell] += amount


@pytest.mark.parametrize("seed", [4, 9])
def test_what_a_wallet_received_is_worth_what_all_its_paths_say(
    settings: Settings, postgres: Postgres, graph: Graph, seed: int
) -> None:
    told = story(seed)
    labels = [label_row(one.address, one.category, chain=one.chain) for one in told.labels]
    import_labels(postgres, labels, policy().categories)
    cut = len(told.transfers) * 3 // 4
    write(postgres, told.transfers[:cut])
    project_all_pending(postgres, graph)
    score(postgres, graph, "ledger")
    write(postgres, told.transfers[cut:], offset=cut)
    project_all_pending(postgres, graph)
    screener = Screener(postgres, graph, settings.model_copy(update={"screening_seconds": 60.0}))
    names = [f"{chain}:{found}" for chain, found in rows(postgres, "SELECT chain, address FROM wallets")]
    subjects = [WalletSubject(type="wallet", address=name) for name in names]
    compared = 0
    for mine, whole in zip(screener.screen(subjects), screener.screen(subjects, source="paths"), strict=True):
        if mine.wallets[0].computed_by != "run_and_paths":
            continue
        one, other = mine.wallets[0].wallet_score, whole.wallets[0].wallet_score
        assert (mine.status, one.usd_received, one.usd_sent) == (
            "complete",
            other.usd_received,
            other.usd_sent,
        )
        assert one.source_coverage == pytest.approx(other.source_coverage, abs=1e-9, nan_ok=True)
        found, wanted = (
            {
                (amount.category, amount.listed, amount.firm): (
                    amount.share, float(amount.direct_usd), float(amount.indirect_usd),
                )
                for amount in each.amounts
                if amount.direction == "source"
            }
            for each in (one, other)
        )  # fmt: skip
        assert found.keys() == wanted.keys(), names
        for key, (share, direct, indirect) in found.items():
            assert share == pytest.approx(wanted[key][0], abs=1e-9)
            assert (direct, indirect) == pytest.approx(wanted[key][1:], abs=0.011)
        compared += 1
    assert compared > 50


@pytest.mark.parametrize("what", ["retracted", "late"])
def test_a_wallet_whose_earlier_transfers_changed_is_asked_for_whole(
    settings: Settings, postgres: Postgres, graph: Graph, what: str
) -> None:
    screener = Screener(postgres, graph, settings)
    tell_project_and_score(postgres, graph, "ledger")
    changed = [retraction(STORY[1])] if what == "retracted" else [transfer(15, address(77), ALICE, 1_000)]
    write(postgres, [*changed, transfer(70, MIXER, BOB, 5)], offset=60)
    project_all_pending(postgres, graph)
    found = screener.screen_wallet(BOB if what == "retracted" else ALICE)
    assert (found.status, found.wallets[0].computed_by) == ("complete", "paths")
    score(postgres, graph, "ledger")
    by_run = screener.screen_wallet(BOB if what == "retracted" else ALICE)
    assert by_run.wallets[0].wallet_score.amounts == found.wallets[0].wallet_score.amounts
