"""Old results are deleted, and every run that is kept still has all of its own."""

import pytest

from app.errors import InUse, NotReady
from app.record.wallets import find_wallet
from app.runs.board.listing import top_scores
from app.runs.history import history
from app.runs.listing import one_run, previous_run
from app.runs.results.prune import Kept, planned, prune
from app.runs.run import start_run
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.verify.stored_lines import stored_exposure_lines, stored_score_lines
from app.verify.verify import verify_run
from tests.support.builders import policy, transfer
from tests.support.record import change, ignore, rows, score, write
from tests.support.run_story import ALICE, BOB, CAROL, DAVE, MIXER, tell_story

RESULTS = "SELECT (SELECT count(*) FROM exposures) + (SELECT count(*) FROM risk_scores)"
TWO = Kept(newest=2, younger_than_days=0, monthly=False)


@pytest.fixture
def runs(postgres: Postgres) -> list[int]:
    """Six runs of six months, the last of which is published; between them money moves on."""
    tell_story(postgres)
    made = []
    for n in range(6):
        write(postgres, [transfer(60 + n, [MIXER, ALICE, BOB, CAROL, BOB, ALICE][n], DAVE, 10)], offset=5 + n)
        made.append(score(postgres))
        ago = "now() - make_interval(months => :n)"
        move = f"UPDATE scoring_runs SET completed_at = {ago} WHERE run_id = :run_id"  # noqa: S608
        change(postgres, move, n=6 - n, run_id=made[-1])
    return made


def results(postgres: Postgres, run_id: int) -> list[str]:
    with postgres.transaction() as connection:
        return [*stored_exposure_lines(connection, run_id), *stored_score_lines(connection, run_id)]


def test_what_no_kept_run_has_is_deleted_and_nothing_else(postgres: Postgres, runs: list[int]) -> None:
    before = {run_id: results(postgres, run_id) for run_id in runs}
    (stored,) = rows(postgres, RESULTS)
    with postgres.transaction() as connection:
        plan = planned(connection, TWO)
    assert [run.run_id for run in plan.runs] == runs[:4]
    assert rows(postgres, RESULTS) == [stored]  # it was shown, not done
    assert prune(postgres, TWO, ignore) == plan
    (left,) = rows(postgres, RESULTS)
    assert 0 < plan.rows == stored[0] - left[0]
    assert plan.bytes > plan.rows
    for run_id in runs[4:]:
        assert results(postgres, run_id) == before[run_id]
    kept = {line for run_id in runs[4:] for line in before[run_id]}
    assert left[0] <= len(kept)  # nothing is left that only pruned runs had


def test_a_pruned_run_keeps_its_row_and_is_verified_by_digest(postgres: Postgres, runs: list[int]) -> None:
    prune(postgres, TWO, ignore)
    with postgres.transaction() as connection:
        row = one_run(connection, runs[0])
        assert row.pruned_at is not None
        assert row.results_digest is not None
        assert previous_run(connection, runs[4]) is None
        with pytest.raises(NotReady, match=f"results of scoring run {runs[0]} were pruned"):
            top_scores(connection, 10, None, run_id=runs[0])
    for run_id in runs:
        found = verify_run(postgres, run_id, ignore)
        assert found.equal
        assert any("pruned" in note for note in found.notes) == (run_id in runs[:4])


def test_a_pruned_run_that_the_record_no_longer_gives_is_found(postgres: Postgres, runs: list[int]) -> None:
    prune(postgres, TWO, ignore)
    change(
        postgres, "UPDATE scoring_runs SET results_digest = 'other' WHERE run_id = :run_id", run_id=runs[0]
    )
    assert [one.what for one in verify_run(postgres, runs[0], ignore).differences] == ["results"]
    change(postgres, "UPDATE transactions SET amount = 101 WHERE amount = 100")
    what = [one.what for one in verify_run(postgres, runs[1], ignore).differences]
    assert what == ["transfers", "results"]


def test_a_pruned_run_of_path_queries_says_what_was_compared(postgres: Postgres, graph: Graph) -> None:
    tell_story(postgres)
    pruned = score(postgres, graph, "cypher")
    score(postgres)
    prune(postgres, Kept(newest=1, younger_than_days=0, monthly=False), ignore)
    found = verify_run(postgres, pruned, ignore)
    assert found.equal
    assert "only its inputs and counts were compared" in found.notes[0]


def test_history_has_the_runs_that_are_kept(postgres: Postgres, runs: list[int]) -> None:
    prune(postgres, TWO, ignore)
    with postgres.transaction() as connection:
        found = history(connection, find_wallet(connection, DAVE), 10, None)
    assert [score.run_id for score in found.scores] == [runs[5], runs[4]]


def test_the_first_run_of_a_month_and_young_runs_are_kept(postgres: Postgres, runs: list[int]) -> None:
    change(
        postgres,
        "UPDATE scoring_runs SET completed_at = '2024-01-01' WHERE run_id <= :last",
        rows=3,
        last=runs[2],
    )
    with postgres.transaction() as connection:
        monthly = planned(connection, Kept(newest=1, younger_than_days=0))
        young = planned(connection, Kept(newest=1, younger_than_days=100, monthly=False))
        by_default = planned(connection, Kept())
    assert [run.run_id for run in monthly.runs] == runs[1:3]
    assert [run.run_id for run in young.runs] == runs[:3]
    assert (by_default.runs, by_default.rows) == ([], 0)


def test_an_interrupted_pruning_is_completed_by_the_next(postgres: Postgres, runs: list[int]) -> None:
    change(postgres, "UPDATE scoring_runs SET pruned_at = now() WHERE run_id <= :last", rows=4, last=runs[3])
    with postgres.transaction() as connection:
        plan = planned(connection, TWO)
    assert plan.runs == []
    assert plan.rows > 0
    prune(postgres, TWO, ignore)
    assert prune(postgres, TWO, ignore).rows == 0
    again = score(postgres)
    assert verify_run(postgres, again, ignore).equal


def test_runs_after_a_pruning_go_on_from_what_is_kept(postgres: Postgres, runs: list[int]) -> None:
    prune(postgres, Kept(newest=1, younger_than_days=0, monthly=False), ignore)
    write(postgres, [transfer(80, MIXER, CAROL, 7)], offset=20)
    again = score(postgres)
    for run_id in (runs[-1], again):
        assert verify_run(postgres, run_id, ignore).equal


def test_nothing_is_pruned_while_a_run_is_running(postgres: Postgres, runs: list[int]) -> None:
    assert runs
    running = start_run(postgres, None, policy(), engine="ledger")
    with pytest.raises(InUse, match="running"):
        prune(postgres, TWO, ignore)
    running.resources.close()
