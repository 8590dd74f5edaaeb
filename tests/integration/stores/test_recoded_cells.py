"""Migration 0007: rows of the code before are read as the same cells, and can be taken back."""

from typing import Any

import pytest
from sqlalchemy import text

from alembic import command
from app.explain.export import exposure_rows
from app.ledger.cells import DESTINATION, OWNERSHIP, SOURCE, Cell, decode, encode
from app.runs.result_lines import ARITHMETIC
from app.runs.score_record import read_score_record
from app.stores.migrate import alembic_config, migrate
from app.stores.postgres import Postgres
from tests.support.builders import policy
from tests.support.record import change, score
from tests.support.run_story import ALICE, BOB, CAROL, MIXER, tell_story

CELLS = [(column, hop) for column in range(128) for hop in range(8)]
"""All that the code before could tell apart, in one direction."""


def take_back(postgres: Postgres) -> None:
    """The record as the version before left it: revision 0006."""
    config = alembic_config()
    with postgres.transaction() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0006")


def insert_codes(postgres: Postgres, exposures: dict[int, list[int]], scores: list[int]) -> None:
    """Rows with these codes: exposures by direction, and the scores of one wallet."""
    with postgres.transaction() as connection:
        for direction, cells in exposures.items():
            connection.execute(
                text(
                    "INSERT INTO exposures (run_id, wallet_id, asset_id, direction, total, unobserved,"
                    " usd_value, transfers, unpriced_transfers, cells, shares)"
                    " VALUES (1, 1, 1, :direction, 1, 0, 0, 1, 0, CAST(:cells AS smallint[]), '{}')"
                ),
                {"direction": direction, "cells": cells},
            )
        connection.execute(
            text(
                "INSERT INTO risk_scores (run_id, wallet_id, score, ownership_score, source_score,"
                " destination_score, rules, weighting, unpriced_transfers, cells, shares, points)"
                " VALUES (1, 1, 0, 0, 0, 0, '{}', 'usd', 0, CAST(:cells AS smallint[]), '{}', '{}')"
            ),
            {"cells": scores},
        )


def codes(postgres: Postgres) -> tuple[dict[int, list[int]], list[int]]:
    with postgres.transaction() as connection:
        exposures = connection.execute(text("SELECT direction, cells FROM exposures"))
        scores = connection.execute(text("SELECT cells FROM risk_scores")).scalar_one()
        return {row.direction: row.cells for row in exposures}, scores


def test_every_code_of_either_table_and_every_direction_is_read_as_the_same_cell(postgres: Postgres) -> None:
    take_back(postgres)
    before = (
        {SOURCE: [c * 8 + h for c, h in CELLS][::-1], DESTINATION: [c * 8 + h for c, h in CELLS]},
        [d * 1024 + c * 8 + h for d in (2, 0, 1) for c, h in CELLS],
    )
    insert_codes(postgres, *before)
    migrate(postgres)
    exposures, scores = codes(postgres)
    assert list(map(decode, exposures[SOURCE])) == [Cell(SOURCE, c, h) for c, h in CELLS[::-1]]
    assert list(map(decode, exposures[DESTINATION])) == [Cell(DESTINATION, c, h) for c, h in CELLS]
    directions = (DESTINATION, OWNERSHIP, SOURCE)
    assert list(map(decode, scores)) == [Cell(d, c, h) for d in directions for c, h in CELLS]
    take_back(postgres)
    assert codes(postgres) == before


def test_rows_without_cells_stay_without(postgres: Postgres) -> None:
    take_back(postgres)
    insert_codes(postgres, {SOURCE: []}, [])
    migrate(postgres)
    assert codes(postgres) == ({SOURCE: []}, [])


@pytest.mark.parametrize("cell", [Cell(SOURCE, 128, 1), Cell(SOURCE, 3, 8)])
def test_cells_that_the_code_before_could_not_name_are_not_taken_back(postgres: Postgres, cell: Cell) -> None:
    insert_codes(postgres, {SOURCE: [encode(cell)]}, [])
    with pytest.raises(RuntimeError, match="more columns or hops"):
        take_back(postgres)
    assert codes(postgres) == ({SOURCE: [encode(cell)]}, [])


def answers(postgres: Postgres, run_id: int) -> tuple[list[Any], list[Any]]:
    """Without what migration 0019 added, which the way back drops."""
    with postgres.transaction() as connection:
        wallets = [read_score_record(connection, wallet).score for wallet in (MIXER, ALICE, BOB, CAROL)]
        kept = [
            (each.score, each.band, each.rules, each.exposures, each.residuals, each.contributions)
            for each in wallets
        ]
        return kept, list(exposure_rows(connection, run_id))


def test_a_published_run_answers_as_before(postgres: Postgres) -> None:
    tell_story(postgres)
    run_id = score(postgres)
    change(postgres, "UPDATE scoring_runs SET engine_reason = NULL")  # the version before kept none
    before = answers(postgres, run_id)
    assert len(before[1]) > 5
    take_back(postgres)
    with postgres.transaction() as connection:  # what the version before would have written
        mixer_at_2 = connection.execute(text("SELECT cells FROM risk_scores WHERE score = 49000000")).scalar()
    assert mixer_at_2 == [1 * 1024 + policy().layout.columns.index("mixer") * 8 + 2]
    migrate(postgres)
    assert answers(postgres, run_id) == before


def test_a_run_says_which_arithmetic_made_it(postgres: Postgres) -> None:
    tell_story(postgres)
    score(postgres)
    take_back(postgres)
    migrate(postgres)
    score(postgres)
    with postgres.transaction() as connection:
        assert connection.execute(
            text("SELECT arithmetic FROM scoring_runs ORDER BY run_id")
        ).scalars().all() == [1, ARITHMETIC]
