"""A run is computed again and found equal, whatever came later; and every change by another hand is named."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.answers.comparisons import Verification
from app.cli.data import import_story_labels
from app.domain import Retraction, Transfer
from app.errors import NotFound, NotReady
from app.labels.store import remove_labels
from app.runs.compute import EngineChoice
from app.runs.digests import transfers_digest
from app.runs.run import start_run
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.verify.verify import verify_run
from tests.support.builders import FACTS, START, other_policy, policy, retraction, transfer
from tests.support.builders import story as simulated
from tests.support.record import change, label, rows, score, write
from tests.support.run_story import ALICE, BOB, CAROL, DAVE, MIXER, STORY, tell_story


def verify(postgres: Postgres, run_id: int) -> Verification:
    return verify_run(postgres, run_id, lambda _step, _part: None)


def kinds(found: Verification) -> list[str]:
    return [difference.what for difference in found.differences]


@pytest.fixture
def story(postgres: Postgres) -> Postgres:
    tell_story(postgres)
    return postgres


@pytest.fixture
def run_id(story: Postgres) -> int:
    return score(story)


def test_a_run_computed_again_is_equal(story: Postgres, run_id: int) -> None:
    found = verify(story, run_id)
    assert found == Verification(
        run_id=run_id,
        equal=True,
        engine="ledger",
        differences=[],
        notes=[],
        transfers=3,
        annotations=3,
        exposures=6,
        scores=5,
    )


def test_runs_from_before_the_optional_fields_still_verify(story: Postgres) -> None:
    with story.transaction() as connection:
        assert transfers_digest(connection, 1) == (
            5,
            "30b1725d059d7cee5f69314008eaa382",
        )  # of the version before


def test_a_run_over_optional_fields_is_equal_and_each_of_them_counts(story: Postgres) -> None:
    write(story, [transfer(60, ALICE, BOB, 5, **FACTS), transfer(61, ALICE, BOB, 5, sender_tag="same")])
    run_id = score(story)
    assert verify(story, run_id).differences == []
    for name in FACTS:
        set_to_null = f"UPDATE transactions SET {name} = NULL WHERE block_number = 60"  # noqa: S608
        with story.transaction() as connection:
            before = transfers_digest(connection, 2)
            connection.execute(text(set_to_null))
            assert transfers_digest(connection, 2) != before
    with story.transaction() as connection:  # the same tag at the other end is another fact
        before = transfers_digest(connection, 2)
        moved = "UPDATE transactions SET receiver_tag = sender_tag, sender_tag = NULL WHERE block_number = 61"
        connection.execute(text(moved))
        assert transfers_digest(connection, 2) != before
    assert not verify(story, run_id).equal


def test_a_run_stays_equal_whatever_comes_later(story: Postgres, run_id: int) -> None:
    zero = "0x" + "0" * 40
    write(story, [transfer(15, ALICE, DAVE, 70), transfer(25, BOB, DAVE, 7), transfer(5, zero, MIXER, 8)])
    write(story, [retraction(STORY[1], transfer_index=None)])
    remove_labels(story, source="a list")
    label(story, CAROL, "scam")
    later = score(story, policy=other_policy())
    for each in (run_id, later):
        assert verify(story, each).differences == []
    write(story, [transfer(20, ALICE, BOB, 55, block_number=21), transfer(1, BOB, MIXER, 3)])
    for each in (run_id, later):
        assert verify(story, each).differences == []


def test_an_empty_record_verifies_too(postgres: Postgres) -> None:
    assert verify(postgres, score(postgres)).equal


def test_a_transfer_slipped_in_before_the_watermark_is_found(story: Postgres, run_id: int) -> None:
    change(
        story,
        "INSERT INTO transactions (chain, transaction_hash, transfer_index, block_number, transaction_index,"
        " occurred_at, sender_id, receiver_id, asset_id, amount, decimals, usd_value, batch_id)"
        " SELECT chain, :hash, 0, 11, 0, occurred_at, sender_id, receiver_id, asset_id, 5, decimals, 5,"
        " batch_id FROM transactions WHERE block_number = 10",
        hash=f"0x{11:064x}",
    )
    found = verify(story, run_id)
    assert not found.equal
    assert kinds(found)[0] == "transfers"
    assert found.differences[0].detail == "The record holds 6 transfers up to batch 1, the run saw 5."
    assert found.differences[1].what == "total in the source of ETH"
    assert (found.differences[1].as_stored, found.differences[1].as_recomputed) == ("100", "105")


def test_a_transfer_taken_out_is_found(story: Postgres, run_id: int) -> None:
    change(story, "DELETE FROM transactions WHERE block_number = 40")
    assert "The record holds 4 transfers" in verify(story, run_id).differences[0].detail


@pytest.mark.parametrize(
    "assignment",
    [
        "amount = 51",
        "usd_value = 50.000001",
        "occurred_at = occurred_at + interval '1 second'",
        "sender_id = receiver_id",
        "retracted_batch_id = batch_id",
        "block_hash = 'x'",
        "observed_at = occurred_at",
        "initiator = 'x'",
        "kind = 'fee'",
        "sender_tag = 'x'",
        "receiver_tag = 'x'",
    ],
)
def test_a_changed_transfer_is_found(story: Postgres, run_id: int, assignment: str) -> None:
    change(story, f"UPDATE transactions SET {assignment} WHERE block_number = 20")  # noqa: S608
    found = verify(story, run_id)
    assert kinds(found)[0] == "transfers"
    assert found.differences[0].detail.startswith("Of the 5 transfers up to batch 1, some are not as")


@pytest.mark.parametrize(
    ("assignment", "what"),
    [
        ("send_balance = send_balance + 1", "send balance"),
        ("recv_balance = recv_balance + 1", "recv balance"),
        ("send_share = send_share / 2", "send share"),
        ("unobserved = unobserved + 1", "unobserved"),
        ("send_drain = send_drain + 0.1", "send drain"),
        ("recv_drain = recv_drain + 0.1", "recv drain"),
        ("send_epoch = send_epoch + 1", "send epoch"),
        ("recv_epoch = recv_epoch + 1", "recv epoch"),
        ("seq = seq + 1", "seq"),
        ("send_pool_id = NULL", "send pool"),
        ("send_pool_id = recv_pool_id", "send pool"),
        ("recv_pool_id = send_pool_id", "recv pool"),
    ],
)
def test_a_changed_annotation_is_found(story: Postgres, run_id: int, assignment: str, what: str) -> None:
    change(story, f"UPDATE flows SET {assignment} WHERE seq >> 32 = 20")  # noqa: S608
    found = verify(story, run_id)
    assert kinds(found) == [f"annotation: {what}"]
    assert f"0x{20:064x}" in found.differences[0].detail


def test_a_deleted_annotation_is_found(story: Postgres, run_id: int) -> None:
    change(story, "DELETE FROM flows WHERE seq >> 32 = 20")
    assert kinds(verify(story, run_id)) == ["annotation: row"]


def test_an_annotation_that_later_transfers_restated_is_verified_with_a_later_run(
    story: Postgres, run_id: int
) -> None:
    write(story, [transfer(15, DAVE, ALICE, 1000)], offset=90)  # before Alice's send of block 20
    later = score(story)
    assert (verify(story, run_id).equal, verify(story, run_id).annotations) == (True, 2)
    assert (verify(story, later).equal, verify(story, later).annotations) == (True, 4)
    change(story, "UPDATE flows SET send_balance = send_balance + 1 WHERE seq >> 32 = 20")
    assert verify(story, run_id).equal
    assert kinds(verify(story, later)) == ["annotation: send balance"]


def test_a_changed_amount_is_shown_where_it_first_changes_a_result(story: Postgres, run_id: int) -> None:
    change(story, "UPDATE transactions SET amount = 101 WHERE block_number = 10")
    first = verify(story, run_id).differences[1]
    assert first.wallet is not None
    assert first.wallet.address == ALICE
    assert (first.what, first.as_stored, first.as_recomputed) == ("total in the source of ETH", "100", "101")


def test_a_changed_label_is_found(story: Postgres, run_id: int) -> None:
    change(story, "UPDATE labels SET category = 'scam'")
    found = verify(story, run_id)
    assert kinds(found)[0] == "labels"
    assert "are not those the run used" in found.differences[0].detail
    first = found.differences[1]
    assert first.what == "share of scam at hop 1 in the source of ETH"
    assert (first.as_stored, first.as_recomputed) == ("0", "1.0")


@pytest.mark.parametrize(
    "assignment",
    [
        "name = 'Another name'",
        "source = 'another list'",
        "confidence = confidence - 1",
        "valid_from = '2020-01-01'",
        "valid_to = '2999-01-01'",
        "address = repeat('0', 42)",
        "removed_at = recorded_at",
        "recorded_at = 'infinity'",
    ],
)
def test_any_change_of_a_label_is_found(story: Postgres, run_id: int, assignment: str) -> None:
    change(story, f"UPDATE labels SET {assignment}")  # noqa: S608
    assert kinds(verify(story, run_id))[0] == "labels"


def test_a_label_slipped_in_before_the_run_is_found(story: Postgres, run_id: int) -> None:
    change(
        story,
        "INSERT INTO labels (chain, address, category, name, source, confidence, recorded_at)"
        " SELECT chain, :address, 'scam', name, source, confidence, recorded_at FROM labels",
        address=CAROL,
    )
    assert kinds(verify(story, run_id))[0] == "labels"


def test_one_byte_of_the_policy_is_enough(story: Postgres, run_id: int) -> None:
    change(story, "UPDATE policies SET body = replace(body, 'not advice', 'not Advice')")
    assert kinds(verify(story, run_id)) == ["policy"]


@pytest.mark.parametrize(
    ("assignment", "what"),
    [
        ("columns[4:5] = ARRAY[columns[5], columns[4]]", "columns"),
        ("hop_limit = 3", "hop limit"),
        ("policy_version = 'another'", "policy version"),
    ],
)
def test_what_gives_the_stored_cells_their_names_is_compared(
    story: Postgres, run_id: int, assignment: str, what: str
) -> None:
    change(story, f"UPDATE scoring_runs SET {assignment}")  # noqa: S608
    assert kinds(verify(story, run_id)) == [what]


@pytest.mark.parametrize(
    "assignment",
    [
        "amount = CASE block_number WHEN 10 THEN 99 ELSE 51 END",  # 100 and 50 before
        "amount = CASE block_number WHEN 10 THEN 50 ELSE 100 END",
        "block_number = 30 - block_number",
        "sender_id = receiver_id, receiver_id = sender_id",
    ],
)
def test_changes_of_transfers_that_leave_every_sum_as_it_was_are_found(
    story: Postgres, run_id: int, assignment: str
) -> None:
    change(story, f"UPDATE transactions SET {assignment} WHERE block_number IN (10, 20)", rows=2)  # noqa: S608
    assert kinds(verify(story, run_id))[0] == "transfers"


@pytest.mark.parametrize(
    ("table", "assignment", "where", "rows"),
    [
        ("exposures", "shares[1] = shares[1] - 1e-9, shares[2] = shares[2] + 1e-9", "total = 60", 2),
        (
            "risk_scores",
            "score = 119000000 - score",
            "score IN (70000000, 49000000) AND direction = 'source'",
            2,
        ),
        (
            "risk_scores",
            "points[1] = 119000000 - points[1]",
            "score IN (70000000, 49000000) AND direction = 'source'",
            2,
        ),
    ],
)
def test_changes_of_results_that_leave_every_sum_as_it_was_are_found(  # noqa: PLR0917
    story: Postgres, run_id: int, table: str, assignment: str, where: str, rows: int
) -> None:
    change(story, f"UPDATE {table} SET {assignment} WHERE {where}", rows=rows)  # noqa: S608
    found = verify(story, run_id).differences
    assert found[0].wallet is not None
    assert found[-1].what == "results"


def test_a_changed_policy_is_found(story: Postgres, run_id: int) -> None:
    change(story, "UPDATE policies SET body = :body", body=other_policy().body)
    found = verify(story, run_id)
    assert kinds(found) == ["policy", "score"]
    assert "policy" in found.differences[0].detail
    assert (found.differences[1].as_stored, found.differences[1].as_recomputed) == ("70.000000", "60.000000")


def test_a_policy_that_can_no_longer_be_read_is_found(story: Postgres, run_id: int) -> None:
    change(story, "UPDATE policies SET body = 'nothing'")
    assert kinds(verify(story, run_id)) == ["policy"]


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE risk_scores SET score = 1 WHERE score = 49000000", "score"),
        ("UPDATE risk_scores SET risk_level = 'low' WHERE score = 49000000", "risk level"),
        (
            "UPDATE risk_scores SET points[1] = 1 WHERE score = 49000000",
            "points of mixer at hop 2 in the source",
        ),
        ("DELETE FROM risk_scores WHERE score = 49000000", "row"),
        (
            "UPDATE exposures SET shares[1] = shares[1] + 1e-15 WHERE total = 50 AND direction = 1",
            "share of mixer at hop 2 in the source of ETH",
        ),
        ("UPDATE exposures SET usd_value = 1 WHERE total = 50 AND direction = 1", "usd value"),
        ("UPDATE exposures SET cells = '{}' WHERE total = 50 AND direction = 1", "share of"),
    ],
)
def test_an_edited_result_is_found(story: Postgres, run_id: int, statement: str, what: str) -> None:
    change(story, statement)
    first, *_, last = verify(story, run_id).differences
    assert first.wallet is not None
    assert first.wallet.address == BOB
    assert first.what.startswith(what)
    assert last.what == "results"


def test_a_result_added_later_is_found(story: Postgres, run_id: int) -> None:
    change(
        story,
        "INSERT INTO risk_scores SELECT run_id, 4711, score, ownership_score, source_score,"
        " destination_score, direction, risk_level, band, main_category, rules, weighting,"
        " unpriced_transfers, cells, shares, points FROM risk_scores WHERE score = 49000000",
    )
    first = verify(story, run_id).differences[0]
    assert (first.what, first.as_stored, first.as_recomputed) == ("row", "a row", "no row")
    assert first.detail.startswith("?:wallet 4711")


def test_a_run_by_path_queries_is_verified_by_the_ledger(story: Postgres, graph: Graph) -> None:
    run_id = score(story, graph, "cypher")
    write(story, [transfer(15, ALICE, DAVE, 70)])
    found = verify(story, run_id)
    assert (found.engine, found.differences) == ("cypher", [])


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE exposures SET shares[1] = shares[1] + 1e-8 WHERE total = 50 AND direction = 1", "share of"),
        ("UPDATE risk_scores SET points[1] = points[1] + 1 WHERE score = 49000000", "points of"),
        ("UPDATE risk_scores SET score = score + 1 WHERE score = 49000000", "score"),
        ("UPDATE risk_scores SET risk_level = 'low' WHERE score = 49000000", "risk level"),
        ("UPDATE risk_scores SET cells = '{}' WHERE score = 49000000", ""),
    ],
)
def test_an_edited_result_of_path_queries_has_no_excuse(
    story: Postgres, graph: Graph, statement: str, what: str
) -> None:
    run_id = score(story, graph, "cypher")
    change(story, statement)
    first, *_, last = verify(story, run_id).differences
    assert first.what.startswith(what)
    assert last.what == "results"


def test_a_run_is_verified_however_often_a_transfer_left_and_returned_since(story: Postgres) -> None:
    """Each run saw what lived at its watermark: block A, nothing, B, A again, B again, A again, nothing."""
    block_a = replace(STORY[1], block_hash=f"0x{10:064x}", transaction_hash=f"0x{99:064x}", observed_at=START)
    block_b = replace(block_a, block_hash=f"0x{11:064x}", block_number=21, transfer_index=3)
    unnamed = retraction(STORY[1], transfer_index=None)

    def at(event: Any, second: int) -> Any:  # noqa: ANN401 - an event
        return replace(event, observed_at=START + timedelta(seconds=second))

    def gone(of: Transfer, second: int) -> Retraction:
        return at(retraction(of, transfer_index=None, block_hash=of.block_hash), second)

    batches: list[list[Transfer | Retraction]] = [
        [block_a, unnamed],
        [gone(block_a, 1)],
        [at(block_b, 2), STORY[1]],
        [at(block_a, 3)],
        [gone(block_a, 4)],
        [at(block_a, 5), at(unnamed, 1)],
        [gone(block_a, 6), gone(block_b, 6)],
    ]
    runs = []
    for number, events in enumerate(batches):
        write(story, events, offset=100 * (number + 1))
        runs.append(score(story))
        assert [verify(story, each).differences for each in runs] == [[]] * len(runs)
    digests = rows(story, "SELECT record_digest FROM scoring_runs ORDER BY run_id")
    assert digests[2] == digests[4]  # block B and the old transfer lived at both
    assert len(set(digests)) == len(runs) - 1


def test_only_completed_runs_are_verified(story: Postgres) -> None:
    with pytest.raises(NotFound, match="no scoring run 7"):
        verify(story, 7)
    started = start_run(story, None, policy(), engine="ledger")
    started.resources.close()
    with pytest.raises(NotReady, match="is running"):
        verify(story, started.run_id)


@pytest.mark.parametrize("engine", ["ledger", "cypher"])
def test_a_whole_story_verifies_by_either_engine(
    settings: Settings, postgres: Postgres, graph: Graph, engine: EngineChoice
) -> None:
    told = simulated(5, wallets=2_000, transfers=6_000)
    for start in range(0, len(told.transfers), 1_500):
        write(postgres, told.transfers[start : start + 1_500])
    import_story_labels(settings, told)
    run_id = score(postgres, graph, engine)
    found = verify(postgres, run_id)
    assert (found.engine, found.differences) == (engine, [])
    assert found.scores > 1_500
