"""Scoring runs on a real record: what they store and publish, and how they end when something fails."""

import threading
from typing import Any

import pytest
from sqlalchemy import text

from app.errors import InUse, InvalidInput, InvalidPolicy, Unequal
from app.labels.store import import_labels
from app.ledger.cells import decode
from app.runs.run import execute_run, run_scoring, start_run
from app.stores.graph import Graph
from app.stores.locks import Lock, acquire_shared
from app.stores.postgres import Postgres
from tests.support.builders import policy, retraction, transfer
from tests.support.graph import no_graph
from tests.support.hack import Hack
from tests.support.record import rows, score, write
from tests.support.run_story import ALICE, BOB, CAROL, DAVE, MIXER, STORY, tell_story


def scores(postgres: Postgres, run_id: int) -> dict[str, tuple[Any, ...]]:
    found = rows(
        postgres,
        "SELECT address, s.score, risk_level, main_category, weighting, unpriced_transfers"
        " FROM risk_scores s JOIN wallets USING (wallet_id)"
        " WHERE is_of_run(run_id, until_run_id, :run_id)",
        run_id=run_id,
    )
    return {row[0]: row[1:] for row in found}


SHARES = """
    SELECT w.chain, w.address, a.asset, r.columns, c.cell, c.share
    FROM exposures e JOIN wallets w USING (wallet_id) JOIN assets a USING (asset_id)
    JOIN scoring_runs r ON is_of_run(e.run_id, e.until_run_id, r.run_id),
        unnest(e.cells, e.shares) AS c (cell, share)
    WHERE r.run_id = :run_id
"""


def shares(postgres: Postgres, run_id: int) -> dict[tuple[Any, ...], float]:
    found = {}
    for chain, address, asset, columns, code, share in rows(postgres, SHARES, run_id=run_id):
        direction, column, hop = decode(code)
        found[chain, address, asset, direction, columns[column], hop] = share
    return found


@pytest.fixture
def story(postgres: Postgres) -> Postgres:
    tell_story(postgres)
    return postgres


def test_a_run_scores_every_wallet_and_is_published(story: Postgres) -> None:
    run_id = score(story)
    assert scores(story, run_id) == {
        MIXER: (70_000_000, "high", "mixer", "usd", 0),
        ALICE: (70_000_000, "high", "mixer", "usd", 0),
        BOB: (49_000_000, "medium", "mixer", "worst_asset", 1),
        CAROL: (29_166_666, "medium", "mixer", "worst_asset", 1),
        DAVE: (None, None, None, "usd", 0),
    }
    assert rows(story, "SELECT run_id FROM published_run") == [(run_id,)]
    assert rows(
        story,
        "SELECT status, step, progress, engine, transfers, unpriced_transfers, wallets, labelled_wallets,"
        " error, policy_digest FROM scoring_runs",
    ) == [("completed", "done", 1.0, "ledger", 3, 1, 5, 1, None, policy().digest)]


def test_stored_exposures_are_exact_totals_with_shares_that_sum_to_one(story: Postgres) -> None:
    run_id = score(story)
    found = rows(
        story,
        "SELECT address, direction, total, unobserved, usd_value, transfers, e.unpriced_transfers, shares"
        " FROM exposures e JOIN wallets USING (wallet_id)"
        " WHERE is_of_run(run_id, until_run_id, :run_id) ORDER BY address, direction",
        run_id=run_id,
    )
    assert [row[:7] for row in found] == [
        (MIXER, 2, 100, 100, 100.0, 1, 0),
        (ALICE, 1, 100, 0, 100.0, 1, 0),
        (ALICE, 2, 50, 0, 50.0, 1, 0),
        (BOB, 1, 50, 0, 50.0, 1, 0),
        (BOB, 2, 60, 10, 0.0, 1, 1),
        (CAROL, 1, 60, 0, 0.0, 1, 1),
    ]
    assert all(sum(row[7]) == pytest.approx(1, abs=1e-12) for row in found)
    cells = shares(story, run_id)
    assert cells["ethereum", CAROL, "ETH", 1, "mixer", 3] == pytest.approx(50 / 60, abs=1e-15)
    assert cells["ethereum", CAROL, "ETH", 1, "unobserved_origin", 1] == pytest.approx(10 / 60, abs=1e-15)
    assert cells["ethereum", ALICE, "ETH", 2, "still_held", 2] == 1.0


def test_contributions_add_up_to_the_score_of_their_direction(story: Postgres) -> None:
    run_id = score(story)
    found = rows(
        story,
        "SELECT ownership_score, source_score, destination_score, cells, shares, points FROM risk_scores"
        " WHERE is_of_run(run_id, until_run_id, :run_id)",
        run_id=run_id,
    )
    for *by_direction, cells, cell_shares, points in found:
        sums = [0, 0, 0]
        for code, share, of_cell in zip(cells, cell_shares, points, strict=True):
            direction, column, hop = decode(code)
            assert of_cell == int(
                share * policy().micro_points(policy().layout.columns[column], hop, direction) + 0.001
            )
            sums[direction] += of_cell
        assert sums == by_direction


def test_running_again_gives_the_same_rows(story: Postgres) -> None:
    for table in ("exposures", "risk_scores"):
        first, second = score(story), score(story)
        both = [
            rows(
                story,
                f"SELECT to_jsonb(t) - 'run_id' FROM {table} t"  # noqa: S608
                " WHERE is_of_run(run_id, until_run_id, :run_id) ORDER BY t",
                run_id=run_id,
            )
            for run_id in (first, second)
        ]
        assert both[0] == both[1]
        assert both[0]


def test_retracted_transfers_count_in_nothing(story: Postgres) -> None:
    write(story, [retraction(STORY[0], transfer_index=None)])
    run_id = score(story)
    found = scores(story, run_id)
    assert found[ALICE][:2] == (0, "low")
    assert found[MIXER][:2] == (70_000_000, "high")
    assert ("ethereum", ALICE, "ETH", 1) not in {key[:4] for key in shares(story, run_id)}


def test_an_empty_record_is_scored_too(postgres: Postgres) -> None:
    run_id = score(postgres)
    assert rows(postgres, "SELECT run_id, watermark, wallets, transfers FROM scoring_runs") == [
        (run_id, 0, 0, 0)
    ]


def test_a_second_run_is_refused_while_one_is_under_way(story: Postgres) -> None:
    started = start_run(story, None, policy(), engine="ledger")
    with pytest.raises(InUse, match=f"Scoring run {started.run_id} is running"):
        score(story)
    execute_run(story, None, started)
    assert score(story) == started.run_id + 1


def test_a_run_left_by_a_dead_process_is_marked_failed(story: Postgres) -> None:
    left = start_run(story, None, policy(), engine="ledger")
    left.resources.close()  # what the end of a process does to its connections
    run_id = score(story)
    assert rows(story, "SELECT run_id, status FROM scoring_runs ORDER BY run_id") == [
        (left.run_id, "failed"),
        (run_id, "completed"),
    ]
    assert "ended before the run" in rows(story, "SELECT error FROM scoring_runs ORDER BY run_id")[0][0]


def test_a_run_that_fails_publishes_nothing_and_says_why(story: Postgres) -> None:
    published = score(story)
    with story.transaction() as connection:
        connection.execute(text("UPDATE flows SET send_share = 0.4 WHERE send_share = 0.5"))
    with pytest.raises(Unequal, match="does not fit its pool"):
        score(story)
    assert rows(story, "SELECT run_id FROM published_run") == [(published,)]
    failed = rows(story, "SELECT status, error FROM scoring_runs ORDER BY run_id DESC LIMIT 1")
    assert failed[0][0] == "failed"
    assert "does not fit its pool" in failed[0][1]
    assert rows(story, "SELECT DISTINCT run_id FROM exposures") == [(published,)]
    assert rows(story, "SELECT DISTINCT run_id FROM risk_scores") == [(published,)]


def test_what_arrives_after_the_snapshot_is_for_the_next_run(story: Postgres) -> None:
    started = start_run(story, None, policy(), engine="ledger")
    write(story, [transfer(60, MIXER, DAVE, 50), transfer(0, DAVE, ALICE, 1)])
    execute_run(story, None, started)
    assert scores(story, started.run_id)[DAVE][0] is None
    assert scores(story, score(story))[DAVE][0] == 70_000_000


def test_the_snapshot_waits_for_the_batch_that_is_being_written(story: Postgres) -> None:
    began: list[int] = []
    with story.transaction() as batch:
        acquire_shared(batch, Lock.INGEST)
        thread = threading.Thread(target=lambda: began.append(score(story)))
        thread.start()
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        while not batch.execute(waiting).scalar_one():
            assert thread.is_alive()
        assert rows(story, "SELECT count(*) FROM scoring_runs") == [(0,)]
    thread.join()
    assert rows(story, "SELECT run_id, status FROM scoring_runs") == [(began[0], "completed")]


def test_labels_of_a_category_the_policy_lost_are_refused(story: Postgres) -> None:
    with pytest.raises(InvalidPolicy, match="does not have: mixer"):
        run_scoring(
            story,
            None,
            policy(("mixer", "tumbler")),
            engine="ledger",
        )
    assert rows(story, "SELECT count(*) FROM scoring_runs") == [(0,)]


def test_progress_grows_to_the_end(story: Postgres) -> None:
    told: list[tuple[str, float]] = []
    run_scoring(
        story,
        None,
        policy(),
        engine="ledger",
        progress=lambda step, part: told.append((step, part)),
    )
    assert [part for _, part in told] == sorted(part for _, part in told)
    assert told[-1] == ("done", 1.0)


def test_the_cypher_engine_needs_a_graph(story: Postgres) -> None:
    with pytest.raises(InvalidInput, match="needs the graph"):
        score(story, engine="cypher")


def test_both_engines_store_the_same_shares(story: Postgres, graph: Graph) -> None:
    by_ledger = shares(story, score(story, graph, "ledger"))
    by_paths = shares(story, score(story, graph, "auto"))
    assert rows(story, "SELECT engine FROM scoring_runs ORDER BY run_id") == [("ledger",), ("cypher",)]
    assert by_paths.keys() == by_ledger.keys()
    assert by_paths == pytest.approx(by_ledger, abs=1e-12)


@pytest.mark.parametrize("engine", ["ledger", "auto"])
def test_a_graph_that_does_not_answer_fails_no_run(story: Postgres, engine: str) -> None:
    with no_graph() as graph:
        run_id = score(story, graph, engine)
    assert rows(story, "SELECT run_id, status, engine FROM scoring_runs") == [(run_id, "completed", "ledger")]


def test_a_real_hack_gives_the_exact_exposures(postgres: Postgres, hack: Hack) -> None:
    write(postgres, hack.transfers())
    import_labels(postgres, hack.labels(), policy().categories)
    run_id = score(postgres, policy=policy(("hop_limit: 6", "hop_limit: 4")))
    found = {
        (address, ("", "source", "destination")[direction], category, str(hop or "")): share
        for (_, address, _, direction, category, hop), share in shares(postgres, run_id).items()
    }
    expected = hack.expected_shares()
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, abs=1e-9)
