"""A run that the version before migration 0007 stored, byte for byte, under a policy of the first version.

Such a policy is not read any more: the run is published no longer. What it saw and stored is compared with
its digests.
"""

import json
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from alembic import command
from app.runs.results.lines import EXPOSURE_COLUMNS, SCORE_COLUMNS
from app.runs.score_record import read_score_record
from app.stores.copy_writer import copy_texts
from app.stores.migrate import alembic_config, migrate
from app.stores.postgres import Postgres
from app.verify.verify import verify_run
from tests.support.builders import address, transfer
from tests.support.record import change, label, score, write

THIEF, EXCHANGE = map(address, (1, 2))
EARLIER_COLUMNS = (*SCORE_COLUMNS[:10], *SCORE_COLUMNS[11:13], *SCORE_COLUMNS[-3:])
"""Without what came with migration 0019."""


@cache
def stored() -> dict[str, Any]:
    """Its policy, its transfers (block, sender, receiver, amount), the lines it stored, and their digest."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("run_of_arithmetic_1.json").read_text())
    return found


@pytest.fixture
def earlier(postgres: Postgres) -> int:
    """The run in a record that has been migrated since."""
    label(postgres, THIEF, "stolen_funds")
    label(postgres, EXCHANGE, "exchange")
    write(postgres, [transfer(n, sender, to, amount) for n, sender, to, amount in stored()["moves"]])
    run_id = score(postgres)
    config = alembic_config()
    with postgres.transaction() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0006")
        for table, columns, lines in (
            ("exposures", EXPOSURE_COLUMNS, stored()["exposures"]),
            ("risk_scores", EARLIER_COLUMNS, stored()["scores"]),
        ):
            connection.execute(text(f"TRUNCATE {table}"))
            copy_texts(connection, table, ("run_id", *columns), (f"{run_id}\t{line}\n" for line in lines))
        body = stored()["policy"]
        policy = {"body": body, "digest": sha256(body.encode()).hexdigest()}
        connection.execute(
            text("INSERT INTO policies (policy_digest, version, body) VALUES (:digest, '2026-11', :body)"),
            policy,
        )
        connection.execute(
            text("UPDATE scoring_runs SET results_digest = :results, policy_digest = :digest"),
            {**policy, "results": stored()["results_digest"]},
        )
    migrate(postgres)
    return run_id


def verify(postgres: Postgres, run_id: int) -> list[str]:
    return [found.what for found in verify_run(postgres, run_id, lambda _step, _part: None).differences]


def test_it_is_compared_with_its_digests_and_the_answer_says_so(postgres: Postgres, earlier: int) -> None:
    found = verify_run(postgres, earlier, lambda _step, _part: None)
    assert found.differences == []
    assert found.equal
    assert len(found.notes) == 1
    assert "policy of the first version" in found.notes[0]


def test_it_is_published_no_longer_until_a_run_of_today_is(postgres: Postgres, earlier: int) -> None:
    with postgres.transaction() as connection:
        answer = read_score_record(connection, address(10)).score
    assert answer.score is None
    assert "No scoring run has been published" in answer.incomplete_reasons[0]
    today = score(postgres)
    assert today > earlier
    with postgres.transaction() as connection:
        answer = read_score_record(connection, address(10)).score
    assert answer.run is not None
    assert answer.run.run_id == today
    assert [(p.direction, p.category, p.hop, p.share, p.points) for p in answer.contributions] == [
        ("source", "stolen_funds", 1, 0.31, "27.900000")
    ]
    assert verify(postgres, today) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE exposures SET shares[1] = shares[1] - 1e-15 WHERE wallet_id = 3",
        "UPDATE exposures SET cells[1] = cells[1] + 1 WHERE wallet_id = 3",
        "UPDATE exposures SET cells[1] = -1 WHERE wallet_id = 3",
        "UPDATE risk_scores SET points[1] = points[1] + 1 WHERE wallet_id = 3",
        "UPDATE risk_scores SET score = score + 1 WHERE wallet_id = 3",
        "DELETE FROM risk_scores WHERE wallet_id = 3",
        "UPDATE scoring_runs SET arithmetic = 2",
    ],
)
def test_a_change_by_another_hand_is_found(postgres: Postgres, earlier: int, statement: str) -> None:
    change(postgres, statement, rows=None)
    assert verify(postgres, earlier) == ["results"]


def test_a_changed_policy_and_a_changed_transfer_are_found(postgres: Postgres, earlier: int) -> None:
    change(postgres, "UPDATE policies SET body = body || ' '", rows=None)
    change(postgres, "UPDATE transactions SET amount = amount + 1 WHERE transfer_id = 1")
    assert verify(postgres, earlier) == ["policy", "transfers"]
