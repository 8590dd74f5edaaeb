"""A score says what touched its wallet since its run, and nothing that touched another one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.answers.scores import Freshness
from app.labels.store import remove_labels
from app.record.freshness import MAX_COUNTED, digest_of_policy
from app.runs.score_record import read_score_record
from app.settings import PROJECT
from app.stores.postgres import Postgres
from tests.support.builders import START, retraction, transfer
from tests.support.record import ask, label, score, write
from tests.support.run_story import ALICE, BOB, CAROL, DAVE, MIXER, tell_story

POLICY = digest_of_policy(PROJECT / "policy.yaml")


def fresh(postgres: Postgres, wallet: str, policy: str | None = POLICY) -> Freshness:
    with postgres.transaction(snapshot=True) as connection:
        freshness = read_score_record(connection, wallet, policy).score.freshness
    assert freshness is not None
    return freshness


def counts(postgres: Postgres, wallet: str) -> tuple[int, int, bool]:
    freshness = fresh(postgres, wallet)
    return freshness.transfers, freshness.labels, freshness.stale


@pytest.fixture
def scored(postgres: Postgres) -> Postgres:
    tell_story(postgres)
    score(postgres)
    return postgres


def test_a_score_of_a_run_that_nothing_followed_is_fresh(scored: Postgres) -> None:
    assert {counts(scored, wallet) for wallet in (MIXER, ALICE, BOB, CAROL, DAVE)} == {(0, 0, False)}


def test_a_later_deposit_makes_both_its_ends_stale_and_nobody_else(scored: Postgres) -> None:
    write(scored, [transfer(60, MIXER, BOB, 1_000)], offset=60)
    assert counts(scored, BOB) == counts(scored, MIXER) == (1, 0, True)
    assert counts(scored, ALICE) == counts(scored, CAROL) == (0, 0, False)
    with scored.transaction(snapshot=True) as connection:
        notes = read_score_record(connection, BOB).score.notes
    assert any("1 transfer of this wallet" in note for note in notes)
    score(scored)
    assert counts(scored, BOB) == (0, 0, False)


def test_what_moves_nothing_between_wallets_changes_no_score(scored: Postgres) -> None:
    write(scored, [transfer(70, BOB, BOB, 5), transfer(71, ALICE, BOB, 0)], offset=60)
    assert counts(scored, BOB) == counts(scored, ALICE) == (0, 0, False)


def test_a_late_transfer_counts_and_what_it_restates_does_not(scored: Postgres) -> None:
    write(scored, [transfer(15, BOB, CAROL, 3)], offset=60)
    assert counts(scored, BOB) == counts(scored, CAROL) == (1, 0, True)


def test_a_late_transfer_behind_all_that_is_read_makes_its_ends_stale(scored: Postgres) -> None:
    write(scored, [transfer(100 + n, MIXER, BOB, 1) for n in range(MAX_COUNTED + 5)], offset=60)
    score(scored)
    assert counts(scored, BOB) == (0, 0, False)
    write(scored, [transfer(15, CAROL, BOB, 3)], offset=MAX_COUNTED + 70)
    assert counts(scored, BOB) == counts(scored, CAROL) == (1, 0, True)


def test_what_was_taken_back_and_what_lives_again_counts(scored: Postgres) -> None:
    told = transfer(20, ALICE, BOB, 50)
    gone = replace(retraction(told), observed_at=START + timedelta(hours=1))
    write(scored, [gone], offset=60)
    assert counts(scored, BOB) == counts(scored, ALICE) == (1, 0, True)
    assert counts(scored, CAROL) == (0, 0, False)
    score(scored)
    write(scored, [replace(told, observed_at=START + timedelta(hours=2))], offset=61)
    assert ask(scored, "SELECT count(*) FROM absences") == 1
    assert counts(scored, BOB) == (1, 0, True)


def test_labels_count_when_they_come_go_and_begin_to_be_valid(scored: Postgres) -> None:
    label(scored, BOB, "scam")
    label(scored, BOB, "exchange", valid_from=START + timedelta(days=36_500))
    label(scored, CAROL, "exchange", chain="polygon")
    assert counts(scored, BOB) == (0, 2, True)
    assert counts(scored, f"ethereum:{CAROL}") == (0, 0, False)
    assert remove_labels(scored, wallet=MIXER) == 1
    assert counts(scored, MIXER) == (0, 1, True)


def test_another_policy_makes_every_score_stale(scored: Postgres) -> None:
    assert fresh(scored, DAVE, "0" * 64).policy_changed
    assert fresh(scored, DAVE, "0" * 64).stale
    assert not fresh(scored, DAVE, None).stale
    assert digest_of_policy(PROJECT / "no such file") is None


def test_a_hub_is_counted_up_to_a_bound(scored: Postgres) -> None:
    write(scored, [transfer(100 + n, MIXER, BOB, 1) for n in range(MAX_COUNTED + 5)], offset=60)
    assert counts(scored, BOB) == (MAX_COUNTED, 0, True)
