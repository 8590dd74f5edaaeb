"""What the record holds about runs and about one wallet in a run: a handful of statements, no arithmetic."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from app.errors import NotFound, NotReady

NONE_PUBLISHED = "No scoring run has been published yet. Start one with POST /run-score (`aml score`)."

_PUBLISHED = text("SELECT run_id FROM published_run")
LISTS_OF_RUN = """
    (SELECT coalesce(json_agg(l ORDER BY l.source), '[]') FROM (
        SELECT DISTINCT ON (source) source, entries, digest, recorded_at,
            least(checked_at, r.as_of) AS checked_at
        FROM label_lists WHERE recorded_at <= r.as_of ORDER BY source, list_id DESC
    ) AS l) AS lists
"""
"""The lists of labels of a run `r`, as `app.answers.lists.ListName`."""
_RUN = text(f"""
    SELECT r.*, {LISTS_OF_RUN}, p.body AS policy_body, (SELECT record_id FROM record)::text AS record_id,
        r.run_id IS NOT DISTINCT FROM (SELECT run_id FROM published_run) AS published
    FROM scoring_runs r JOIN policies p USING (policy_digest) WHERE r.run_id = :run_id
""")  # noqa: S608 - the lists are above
_SCORE = text("""
    SELECT * FROM risk_scores WHERE wallet_id = :wallet_id AND is_of_run(run_id, until_run_id, :run_id)
""")
_EXPOSURES = text("""
    SELECT e.*, a.asset, decimals_of(a.chain, a.asset, a.decimals) AS decimals
    FROM exposures e JOIN assets a USING (asset_id)
    WHERE e.wallet_id = :wallet_id AND is_of_run(e.run_id, e.until_run_id, :run_id)
    ORDER BY e.direction, a.asset, e.asset_id
""")
_SINCE_RUN = text("""
    SELECT (SELECT max(batch_id) FROM batches WHERE projected_at IS NOT NULL) AS projected,
        count(*) FILTER (WHERE batch_id > :watermark) AS batches,
        coalesce(sum(stored) FILTER (WHERE batch_id > :watermark), 0)::bigint AS transfers,
        coalesce(bool_or(batch_id > :watermark AND restated > 0), false) AS restated,
        coalesce(bool_or(batch_id > :watermark AND retracted > 0), false) AS retracted,
        count(*) FILTER (WHERE batch_id <= :watermark) AS pending
    FROM batches WHERE batch_id > :watermark OR projected_at IS NULL
""")


def published_run(connection: Connection) -> Row[Any] | None:
    """The row of the published run, as `run_row` returns it; None before the first."""
    run_id = connection.execute(_PUBLISHED).scalar()
    return None if run_id is None else run_row(connection, run_id)


def run_row(connection: Connection, run_id: int) -> Row[Any]:
    """The row of a run, however it ended, with its `policy_body`, `record_id` and whether it is `published`.

    Raises:
        NotFound: there is no run of that id.
    """
    run = connection.execute(_RUN, {"run_id": run_id}).one_or_none()
    if run is None:
        raise no_run(run_id)
    return run


def completed_run(connection: Connection, run_id: int) -> Row[Any]:
    """The row of a completed run, as `run_row` returns it.

    Raises:
        NotFound: there is no run of that id.
        NotReady: it has no results: it runs, it failed, it was cancelled, or they were pruned.
    """
    run = completed_or_pruned_run(connection, run_id)
    if run.pruned_at is not None:
        raise NotReady(
            f"The results of scoring run {run_id} were pruned at {run.pruned_at:%Y-%m-%d %H:%M} UTC. "
            f"`aml verify {run_id}` still computes them again and compares their digest."
        )
    return run


def completed_or_pruned_run(connection: Connection, run_id: int) -> Row[Any]:
    """The row of a completed run, as `run_row` returns it, also when its results were pruned.

    Raises:
        NotFound: there is no run of that id.
        NotReady: it runs, it failed, or it was cancelled.
    """
    run = run_row(connection, run_id)
    if run.status != "completed":
        raise NotReady(f"Scoring run {run_id} is {run.status} and has no results to look at.")
    return run


def completed_or_published_run(connection: Connection, run_id: int | None) -> Row[Any]:
    """The row of a completed run, or of the published one where no run is named.

    Raises:
        NotFound: there is no run of that id.
        NotReady: it has no results, or no run is named and none is published.
    """
    if run_id is not None:
        return completed_run(connection, run_id)
    run = published_run(connection)
    if run is None:
        raise NotReady(NONE_PUBLISHED)
    return run


def no_run(run_id: int) -> NotFound:
    """The error of an id that no run has."""
    return NotFound(f"There is no scoring run {run_id}. GET /v1/runs lists them.")


def score_row(connection: Connection, run_id: int, wallet_id: int) -> Row[Any] | None:
    """The row of `risk_scores`, or None when the run did not know the wallet."""
    return connection.execute(_SCORE, {"run_id": run_id, "wallet_id": wallet_id}).one_or_none()


def wallet_exposure_rows(connection: Connection, run_id: int, wallet_id: int) -> Sequence[Row[Any]]:
    """The rows of `exposures`, each with its asset's name and decimals."""
    return connection.execute(_EXPOSURES, {"run_id": run_id, "wallet_id": wallet_id}).all()


def since_run(connection: Connection, watermark: int) -> Row[Any]:
    """What happened after a run.

    `projected` is the last batch in the graph, `batches` and `transfers` were stored after the watermark,
    `restated` and `retracted` say whether any of them changed older ones, and `pending` counts the batches of
    the run itself that the graph does not have yet.
    """
    return connection.execute(_SINCE_RUN, {"watermark": watermark}).one()
