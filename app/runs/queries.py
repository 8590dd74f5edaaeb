"""What the record holds about one wallet and the published run: a handful of statements, no arithmetic."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from app.errors import NotFound, NotReady

PUBLISHED_RUN = text(
    "SELECT r.*, p.body AS policy_body, (SELECT record_id FROM record)::text AS record_id"
    " FROM published_run JOIN scoring_runs r USING (run_id)"
    " JOIN policies p USING (policy_digest)"
)
RUN = text("""
    SELECT r.*, p.body AS policy_body FROM scoring_runs r JOIN policies p USING (policy_digest)
    WHERE r.run_id = :run_id
""")
SCORE = text("SELECT * FROM risk_scores WHERE run_id = :run_id AND wallet_id = :wallet_id")
EXPOSURES = text(
    "SELECT e.*, a.asset, a.decimals FROM exposures e JOIN assets a USING (asset_id)"
    " WHERE e.run_id = :run_id AND e.wallet_id = :wallet_id ORDER BY e.direction, a.asset, e.asset_id"
)
SINCE_RUN = text(
    "SELECT (SELECT max(batch_id) FROM batches WHERE projected_at IS NOT NULL) AS projected,"
    " count(*) FILTER (WHERE batch_id > :watermark) AS batches,"
    " coalesce(sum(stored) FILTER (WHERE batch_id > :watermark), 0)::bigint AS transfers,"
    " coalesce(bool_or(batch_id > :watermark AND restated > 0), false) AS restated,"
    " coalesce(bool_or(batch_id > :watermark AND retracted > 0), false) AS retracted,"
    " count(*) FILTER (WHERE batch_id <= :watermark) AS owed"
    " FROM batches WHERE batch_id > :watermark OR projected_at IS NULL"
)


def published_run(connection: Connection) -> Row[Any] | None:
    """The row of the published run with its `policy_body` and the `record_id`; None before the first."""
    return connection.execute(PUBLISHED_RUN).one_or_none()


def run_row(connection: Connection, run_id: int) -> Row[Any]:
    """The row of a run, however it ended, with its `policy_body`.

    Raises:
        NotFound: there is no run of that id.
    """
    run = connection.execute(RUN, {"run_id": run_id}).one_or_none()
    if run is None:
        raise NotFound(f"There is no scoring run {run_id}. GET /v1/runs lists them.")
    return run


def completed_run(connection: Connection, run_id: int) -> Row[Any]:
    """The row of a completed run, with its `policy_body`.

    Raises:
        NotFound: there is no run of that id.
        NotReady: it has no results: it runs, or it failed, or it was cancelled.
    """
    run = run_row(connection, run_id)
    if run.status != "completed":
        raise NotReady(f"Scoring run {run_id} is {run.status} and has no results to look at.")
    return run


def stored_score(connection: Connection, run_id: int, wallet_id: int) -> Row[Any] | None:
    """The row of `risk_scores`, or None when the run did not know the wallet."""
    return connection.execute(SCORE, {"run_id": run_id, "wallet_id": wallet_id}).one_or_none()


def stored_exposures(connection: Connection, run_id: int, wallet_id: int) -> Sequence[Row[Any]]:
    """The rows of `exposures`, each with its asset's name and decimals."""
    return connection.execute(EXPOSURES, {"run_id": run_id, "wallet_id": wallet_id}).all()


def since_run(connection: Connection, watermark: int) -> Row[Any]:
    """What happened after a run.

    `projected` is the last batch in the graph, `batches` and `transfers` were stored after the watermark,
    `restated` and `retracted` say whether any of them changed older ones, and `owed` counts the batches of
    the run itself that the graph does not have yet.
    """
    return connection.execute(SINCE_RUN, {"watermark": watermark}).one()
