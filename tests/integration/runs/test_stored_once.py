"""Results are stored once where they did not change, and every run still has all of its own."""

from collections.abc import Iterator
from hashlib import sha256
from random import Random

import pytest

from app.errors import Cancelled
from app.policy.policy import Policy
from app.record.wallets import find_wallet
from app.runs.board.filters import ScoreFilter
from app.runs.board.listing import level_counts, top_scores
from app.runs.cancel import cancel_run
from app.runs.history import history
from app.runs.run import execute_run, start_run
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.verify.stored_lines import stored_exposure_lines, stored_score_lines
from app.verify.verify import verify_run
from tests.support.builders import Event, other_policy, policy, retraction, transfer
from tests.support.record import ask, label, rows, score, write
from tests.support.run_story import ALICE, BOB, CAROL, DAVE, MIXER, STORY, tell_story

COUNTS = "SELECT (SELECT count(*) FROM exposures), (SELECT count(*) FROM risk_scores)"
OPEN = """
    SELECT 'exposures', run_id, wallet_id FROM exposures WHERE until_run_id IS NULL
    UNION ALL
    SELECT 'risk_scores', run_id, wallet_id FROM risk_scores WHERE until_run_id IS NULL ORDER BY 1, 2, 3
"""


@pytest.fixture
def story(postgres: Postgres) -> Postgres:
    tell_story(postgres)
    return postgres


def digest(postgres: Postgres, run_id: int) -> str:
    """The digest of what the record holds of a run."""
    found = sha256()
    with postgres.transaction() as connection:
        for lines in (stored_exposure_lines, stored_score_lines):
            for line in lines(connection, run_id):
                found.update(line.encode())
    return found.hexdigest()


def digests(postgres: Postgres) -> dict[int, str]:
    """The digests that completed runs keep of their results."""
    completed = "SELECT run_id, results_digest FROM scoring_runs WHERE status = 'completed' ORDER BY run_id"
    return dict(rows(postgres, completed))  # type: ignore[arg-type] # of two columns


def test_a_run_that_finds_the_same_stores_no_row(story: Postgres) -> None:
    score(story)
    before = rows(story, COUNTS)
    second = score(story)
    assert rows(story, COUNTS) == before == [(6, 5)]
    assert verify_run(story, second, lambda _step, _part: None).equal


def test_a_run_stores_what_differs_and_ends_what_it_takes_the_place_of(story: Postgres) -> None:
    first = score(story)
    write(story, [transfer(60, BOB, CAROL, 40)], offset=5)
    second = score(story)
    of_rows = "SELECT wallet_id, direction FROM exposures WHERE {} = :run_id"
    stored, ended = (rows(story, of_rows.format(name), run_id=second) for name in ("run_id", "until_run_id"))
    assert sorted(stored) == sorted(ended)
    assert 0 < len(stored) < 6
    assert {run_id: digest(story, run_id) for run_id in (first, second)} == digests(story)


def test_rows_that_a_retraction_takes_away_end(story: Postgres) -> None:
    first = score(story)
    write(story, [retraction(STORY[0], transfer_index=None)], offset=5)
    second = score(story)
    gone = "SELECT count(*) FROM exposures WHERE is_of_run(run_id, until_run_id, :run_id) AND total = 100"
    assert [ask(story, gone, run_id=run_id) for run_id in (first, second)] == [2, 0]
    assert {run_id: digest(story, run_id) for run_id in (first, second)} == digests(story)


@pytest.mark.parametrize("at", ["storing scores", "publishing"])
def test_a_run_that_fails_ends_no_row(story: Postgres, at: str) -> None:
    published = score(story)
    before = rows(story, OPEN)
    write(story, [transfer(60, BOB, CAROL, 40)], offset=5)
    run = start_run(story, None, policy(), engine="ledger")

    def cancel_at(step: str, _part: float) -> None:
        if step == at:
            cancel_run(story, run.run_id)

    with pytest.raises(Cancelled):
        execute_run(story, None, run, progress=cancel_at)
    assert rows(story, OPEN) == before
    assert digest(story, published) == digests(story)[published]
    score(story)
    assert {run_id: digest(story, run_id) for run_id in digests(story)} == digests(story)


def turns(chance: Random) -> Iterator[list[Event]]:
    """What arrives between runs: transfers at the end and before it, and retractions of earlier ones."""
    past = list(STORY)
    for turn in range(8):
        new = [
            transfer(
                n := 100 * turn + place + 60 if chance.random() < 0.7 else 11 + 100 * turn + place,
                chance.choice([MIXER, ALICE, BOB, CAROL, DAVE]),
                chance.choice([ALICE, BOB, CAROL, DAVE]),
                chance.randrange(1, 90),
                transaction_hash=f"0x{turn:032x}{place:032x}",
                asset=chance.choice(["ETH", "USDT"]),
                usd_value=None if n % 5 == 0 else n,
            )
            for place in range(chance.randrange(4))
        ]
        taken_back = [retraction(past.pop(chance.randrange(len(past))))] if chance.random() < 0.5 else []
        past += new
        yield [*new, *taken_back]


@pytest.mark.parametrize("seed", range(6))
def test_every_run_of_a_random_history_has_its_own_results(postgres: Postgres, seed: int) -> None:
    chance = Random(seed)
    tell_story(postgres)
    offset = len(STORY)
    for events in turns(chance):
        if events:
            write(postgres, events, offset=offset)
            offset += len(events)
        if chance.random() < 0.3:
            label(postgres, chance.choice([ALICE, CAROL, DAVE]), chance.choice(["scam", "exchange"]))
        by: Policy = chance.choice([policy(), policy(), other_policy()])
        score(postgres, policy=by)
        assert {run_id: digest(postgres, run_id) for run_id in digests(postgres)} == digests(postgres)
    for run_id in digests(postgres):
        assert verify_run(postgres, run_id, lambda _step, _part: None).differences == []


def test_the_board_of_each_run_is_what_it_was_when_it_was_published(story: Postgres) -> None:
    boards = {}
    for n in range(4):
        write(story, [transfer(60 + n, [MIXER, ALICE, BOB, CAROL][n], DAVE, 10 + n)], offset=5 + n)
        run_id = score(story)
        with story.transaction() as connection:
            board = top_scores(connection, 3, None), level_counts(connection, run_id)
        boards[run_id] = board
    with story.transaction() as connection:
        for run_id, (top, levels) in boards.items():
            again = top_scores(connection, 3, None, run_id=run_id)
            assert again == top
            assert level_counts(connection, run_id) == levels
            rest = top_scores(connection, 10, again.next)
            everyone = top_scores(connection, 10, None, run_id=run_id)
            assert [*again.scores, *rest.scores] == everyone.scores
            high = top_scores(connection, 10, None, run_id=run_id, only=ScoreFilter(level="high"))
            assert high.scores == [one for one in everyone.scores if one.risk_level == "high"]


def test_history_has_a_score_for_every_run(story: Postgres) -> None:
    first = score(story)
    second = score(story)
    write(story, [transfer(60, MIXER, DAVE, 40)], offset=5)
    third = score(story)
    with story.transaction() as connection:
        of_dave = history(connection, find_wallet(connection, DAVE), 10, None).scores
    assert [(one.run_id, one.score) for one in of_dave] == [
        (third, "70.000000"), (second, None), (first, None),
    ]  # fmt: skip


def test_runs_of_both_engines_keep_their_own_results(story: Postgres, graph: Graph) -> None:
    runs = [score(story, graph, engine) for engine in ("ledger", "cypher", "ledger")]  # type: ignore[arg-type]
    assert {run_id: digest(story, run_id) for run_id in runs} == digests(story)
