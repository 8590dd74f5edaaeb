"""A page of the board reads as many rows as it shows, however many runs and wallets there are."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from app.answers.cursors import MAX_BIGINT
from app.runs.board.filters import ALL_SCORES, Sort
from app.runs.board.statements import LISTED
from app.stores.postgres import Postgres
from tests.support.builders import policy
from tests.support.record import change, score
from tests.support.run_story import tell_story

WALLETS = 20_000
ROWS = """
    INSERT INTO risk_scores (run_id, until_run_id, line_hash, wallet_id, score, ownership_score, source_score,
        destination_score, risk_level, rules, weighting, unpriced_transfers, cells, shares, points)
    SELECT run_id, CASE WHEN run_id < 3 THEN run_id + 1 END, 0, n, n, 0, 0,
        0, 'low', '{}', 'usd', 0, '{}', '{}', '{}'
    FROM generate_series(1000, :last) AS n, generate_series(1, 3) AS run_id
"""
WALLET_ROWS = """
    INSERT INTO wallets (wallet_id, chain, address, batch_id) OVERRIDING SYSTEM VALUE
    SELECT n, 'ethereum', n, 1 FROM generate_series(1000, :last) AS n
"""


@pytest.fixture
def large(postgres: Postgres) -> Postgres:
    """Three runs, the last published; each of them has a row of its own of every wallet."""
    tell_story(postgres)
    for _ in range(3):
        score(postgres)
    change(postgres, ROWS, rows=None, last=WALLETS + 999)
    change(postgres, WALLET_ROWS, rows=None, last=WALLETS + 999)
    change(postgres, "ANALYZE", rows=None)
    return postgres


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def read(postgres: Postgres, run_id: int, sort: Sort = "score") -> dict[str, float]:
    """How many rows the page of a run reads from each index of `risk_scores`."""
    parameters = {
        "run_id": run_id, "key": MAX_BIGINT, "score": MAX_BIGINT, "wallet_id": -1, "limit": 11,
        "previous_run": run_id - 1, **ALL_SCORES.parameters(policy()),
    }  # fmt: skip
    with postgres.transaction() as connection:
        explain = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {LISTED[sort, 'desc', True].text}")
        plan = connection.execute(explain, parameters).scalar_one()[0]["Plan"]
    found: dict[str, float] = {}
    for node in nodes(plan):
        if node.get("Relation Name") == "risk_scores":
            rows = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
            index = node.get("Index Name", "none")
            found[index] = found.get(index, 0) + rows
    return found


def test_the_board_of_the_published_run_reads_no_row_of_another_run(large: Postgres) -> None:
    found = read(large, 3)
    assert found["ix_risk_scores_board"] <= 11 + 2  # and whether there is any
    assert found.get("ix_risk_scores_past", 0) == 0
    assert set(found) <= {"ix_risk_scores_board", "ix_risk_scores_past", "pk_risk_scores"}


def test_the_board_by_level_reads_as_many_rows_as_it_shows(large: Postgres) -> None:
    found = read(large, 3, "risk_level")
    assert found["ix_risk_scores_by_level"] <= 11 + 2
    assert found.get("ix_risk_scores_past", 0) == 0
    assert not found.get("none")


def test_the_board_of_an_earlier_run_reads_a_row_a_run_and_wallet(large: Postgres) -> None:
    found = read(large, 2)
    assert found["ix_risk_scores_past"] <= 2 * 11 + 2
    assert found["ix_risk_scores_board"] <= WALLETS + 5
    assert set(found) <= {"ix_risk_scores_board", "ix_risk_scores_past", "pk_risk_scores"}
