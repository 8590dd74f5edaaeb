"""What two runs stored, compared: shares near, all else equal."""

from typing import Any

from sqlalchemy import text

from app.stores.postgres import Postgres

NEAR = 1e-12
"""Of a share."""


def stored(postgres: Postgres, table: str, key: str, run_id: int) -> dict[Any, dict[str, Any]]:
    """The rows of a run by their key."""
    select = text(f"SELECT * FROM {table} WHERE is_of_run(run_id, until_run_id, :run_id)")  # noqa: S608
    with postgres.transaction() as connection:
        rows = connection.execute(select, {"run_id": run_id}).mappings().all()
    names = key.split()
    return {tuple(row[name] for name in names): dict(row) for row in rows}


def assert_equal_runs(postgres: Postgres, run_a: int, run_b: int) -> list[tuple[Any, ...]]:
    """Both found the same; returns the points that differ by one millionth, which only rounding explains."""
    exposures = [stored(postgres, "exposures", "wallet_id asset_id direction", run) for run in (run_a, run_b)]
    assert exposures[0].keys() == exposures[1].keys()
    for key, one in exposures[0].items():
        other = exposures[1][key]
        assert one["cells"] == other["cells"], key
        assert_near(one["shares"], other["shares"], key)
        for name in ("total", "unobserved", "usd_value", "transfers", "unpriced_transfers"):
            assert one[name] == other[name], (key, name)
    scores = [stored(postgres, "risk_scores", "wallet_id", run) for run in (run_a, run_b)]
    assert scores[0].keys() == scores[1].keys()
    rounded: list[tuple[Any, ...]] = []
    for key, one in scores[0].items():
        other = scores[1][key]
        assert one["cells"] == other["cells"], key
        assert_near(one["shares"], other["shares"], key)
        different = [
            (*key, cell, share, points, of_other)
            for cell, share, points, of_other in zip(
                one["cells"], one["shares"], one["points"], other["points"], strict=True
            )
            if points != of_other
        ]
        assert all(abs(points - of_other) == 1 for *_, points, of_other in different), key
        rounded += different
        numbers = {"score", "ownership_score", "source_score", "destination_score"} if different else set()
        left_out = {"run_id", "until_run_id", "line_hash", "shares", "points", *numbers}
        for name in one.keys() - left_out - {"source_coverage", "destination_coverage"}:
            assert one[name] == other[name], (key, name)
        for name in ("source_coverage", "destination_coverage"):
            assert (one[name] is None) == (other[name] is None), (key, name)
            if one[name] is not None:
                assert_near([one[name]], [other[name]], key)
    return rounded


def assert_near(some: list[float], others: list[float], key: Any) -> None:  # noqa: ANN401 - any key
    """Shares of one row."""
    assert len(some) == len(others), key
    assert max((abs(a - b) for a, b in zip(some, others, strict=True)), default=0.0) <= NEAR, key
