"""A run that the version before migration 0007 stored, byte for byte: it can be read and verified."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from alembic import command
from app.policy.policy import Policy, parse_policy
from app.runs.results.lines import EXPOSURE_COLUMNS, SCORE_COLUMNS
from app.runs.score_record import read_score_record
from app.stores.copy_writer import copy_texts
from app.stores.migrate import alembic_config, migrate
from app.stores.postgres import Postgres
from app.verify.verify import verify_run
from tests.support.builders import address, transfer
from tests.support.record import change, label, score, write

THIEF, EXCHANGE = map(address, (1, 2))


@cache
def stored() -> dict[str, Any]:
    """Its policy, its transfers (block, sender, receiver, amount), the lines it stored, and their digest."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("run_of_arithmetic_1.json").read_text())
    return found


def policy_then() -> Policy:
    return parse_policy(stored()["policy"].encode(), "the policy of the earlier run")


@pytest.fixture
def earlier(postgres: Postgres) -> int:
    """The run in a record that has been migrated since; later runs are of today."""
    label(postgres, THIEF, "stolen_funds")
    label(postgres, EXCHANGE, "exchange")
    write(postgres, [transfer(n, sender, to, amount) for n, sender, to, amount in stored()["moves"]])
    run_id = score(postgres, policy=policy_then())
    config = alembic_config()
    with postgres.transaction() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0006")
        for table, columns, lines in (
            ("exposures", EXPOSURE_COLUMNS, stored()["exposures"]),
            ("risk_scores", SCORE_COLUMNS, stored()["scores"]),
        ):
            connection.execute(text(f"TRUNCATE {table}"))
            copy_texts(connection, table, ("run_id", *columns), (f"{run_id}\t{line}\n" for line in lines))
        connection.execute(
            text("UPDATE scoring_runs SET results_digest = :digest"), {"digest": stored()["results_digest"]}
        )
    migrate(postgres)
    return run_id


def verify(postgres: Postgres, run_id: int) -> list[str]:
    return [found.what for found in verify_run(postgres, run_id, lambda _step, _part: None).differences]


def results(postgres: Postgres, run_id: int) -> dict[int, Any]:
    with postgres.transaction() as connection:
        found = connection.execute(
            text(
                "SELECT wallet_id, cells, shares, points FROM risk_scores"
                " WHERE is_of_run(run_id, until_run_id, :run_id)"
            ),
            {"run_id": run_id},
        )
        return {row.wallet_id: row for row in found}


def test_it_is_verified_as_it_was_computed_and_the_answer_says_so(postgres: Postgres, earlier: int) -> None:
    found = verify_run(postgres, earlier, lambda _step, _part: None)
    assert found.differences == []
    assert found.equal
    assert (found.exposures, found.scores) == (len(stored()["exposures"]), len(stored()["scores"]))
    assert len(found.notes) == 1
    assert "An earlier version made the run" in found.notes[0]


def test_today_the_same_transfers_give_other_last_digits_and_whole_points(
    postgres: Postgres, earlier: int
) -> None:
    """What the tolerance is for: a run of today has the same cells, and not the same bits."""
    today = score(postgres, policy=policy_then())
    assert verify(postgres, today) == []
    was, now = results(postgres, earlier), results(postgres, today)
    assert all(was[wallet].cells == now[wallet].cells for wallet in was)
    shares = [pair for wallet in was for pair in zip(was[wallet].shares, now[wallet].shares, strict=True)]
    assert any(before != after for before, after in shares)
    assert all(abs(before - after) <= 1e-12 for before, after in shares)
    points = [pair for wallet in was for pair in zip(was[wallet].points, now[wallet].points, strict=True)]
    assert {after - before for before, after in points} == {0, 1}


def test_its_answer_is_read_from_the_recoded_cells(postgres: Postgres, earlier: int) -> None:
    """Wallet 3 of the record, address 10: 31 of 100 units came from the thief, 69 from the exchange."""
    with postgres.transaction() as connection:
        answer = read_score_record(connection, address(10)).score
    assert answer.run is not None
    assert answer.run.run_id == earlier
    assert [(p.direction, p.category, p.hop, p.share, p.points) for p in answer.contributions] == [
        ("source", "stolen_funds", 1, 0.31, "27.900000"),
        ("source", "exchange", 1, 0.69, "3.449999"),
    ]
    assert [(e.category, e.hop, e.share) for e in answer.exposures if e.direction == "source"] == [
        ("stolen_funds", 1, 0.31),
        ("exchange", 1, 0.69),
    ]
    assert [(r.direction, r.kind, r.hop) for r in answer.residuals] == [
        ("destination", "still_held", hop) for hop in (1, 2)
    ]


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        # Within the tolerance of shares: the digest alone tells.
        ("UPDATE exposures SET shares[1] = shares[1] - 1e-15 WHERE wallet_id = 3", ["results"]),
        ("UPDATE exposures SET shares[1] = shares[1] - 1e-9 WHERE wallet_id = 3", ["share of", "results"]),
        ("UPDATE exposures SET cells[1] = cells[1] + 1 WHERE wallet_id = 3", ["share of", "results"]),
        ("UPDATE exposures SET cells[1] = -1 WHERE wallet_id = 3", ["shares of -1, which", "results"]),
        # What is named is the first value that today's arithmetic gives another: the score, a millionth less.
        ("UPDATE risk_scores SET points[1] = points[1] + 1 WHERE wallet_id = 3", ["score", "results"]),
        ("UPDATE risk_scores SET score = score + 1 WHERE wallet_id = 3", ["source score", "results"]),
        ("UPDATE risk_scores SET points[2] = 3450000 WHERE wallet_id = 3", ["score", "results"]),
        ("UPDATE scoring_runs SET arithmetic = 2", ["share of", "share of", "results"]),
    ],
)
def test_a_change_by_another_hand_is_found(
    postgres: Postgres, earlier: int, statement: str, what: list[str]
) -> None:
    change(postgres, statement, rows=None)
    found = verify(postgres, earlier)
    assert len(found) == len(what)
    assert all(difference.startswith(start) for difference, start in zip(found, what, strict=True)), found
