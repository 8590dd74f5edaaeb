"""Deletes the results of old runs; their rows in `scoring_runs` stay, and `verify` computes them again.

A result belongs to every run from the one that stored it until the one that ended it. It goes when no kept
run is among them; the published run is always kept.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text

from app.answers.runs import PrunedRun, Pruning
from app.domain import Progress
from app.prices.used_values import delete_used
from app.stores.locks import Lock, exclusive
from app.stores.postgres import Postgres

KEEP = 30
"""Newest runs that are kept, if nothing else is said."""
YOUNGER_THAN_DAYS = 30
"""Younger runs are kept, if nothing else is said."""
WALLETS_AT_ONCE = 50_000
"""Wallets whose results are deleted in one transaction."""
TABLES = ("exposures", "risk_scores")
_RUNNING = "A scoring run is running. Wait for it to end, or cancel it."


@dataclass(frozen=True, slots=True)
class Kept:
    """Which runs keep their results: the published one, the newest, young ones, and one of each month.

    A run of a month is the first that completed in it: so a wallet's history reaches back to the beginning.
    """

    newest: int = KEEP
    younger_than_days: int = YOUNGER_THAN_DAYS
    monthly: bool = True


def planned(connection: Connection, kept: Kept) -> Pruning:
    """What pruning would delete, in the snapshot of the connection; reads every result that has an end."""
    runs = connection.execute(_RUNS, asdict(kept)).all()
    run_ids = [run.run_id for run in runs]
    spans = [span for table in TABLES for span in _unused(connection, table, run_ids)]
    return Pruning(
        runs=[PrunedRun.model_validate(run, from_attributes=True) for run in runs],
        rows=sum(span.rows for span in spans),
        bytes=sum(span.bytes for span in spans),
    )


def prune(postgres: Postgres, kept: Kept, progress: Progress) -> Pruning:
    """Deletes results; what an interrupted pruning leaves, the next one deletes.

    Raises:
        InUse: a run is running.
    """
    with exclusive(postgres, Lock.RUN, _RUNNING):
        with postgres.transaction(snapshot=True) as connection:
            pruning = planned(connection, kept)
        run_ids = [run.run_id for run in pruning.runs]
        postgres.run(lambda connection: connection.execute(_MARK, {"pruned": run_ids}))
        if run_ids:
            postgres.run(lambda connection: delete_used(connection, run_ids))
        for number, table in enumerate(TABLES):
            progress("deleting results", number / len(TABLES))
            _delete(postgres, table)
    return pruning


def _unused(connection: Connection, table: str, pruned: list[int]) -> Sequence[Row[Any]]:
    """Which two runs begin and end results that no kept run has, and how many; `pruned` are not kept."""
    return connection.execute(text(_UNUSED.format(table=table)), {"pruned": pruned}).all()


def _delete(postgres: Postgres, table: str) -> None:
    """Deletes the results that no run has, of some wallets in each transaction."""
    spans = postgres.run(lambda connection: _unused(connection, table, []))
    if not spans:
        return
    parameters = {"begun": [span.run_id for span in spans], "ended": [span.until_run_id for span in spans]}
    last = postgres.run(lambda connection: int(connection.execute(_LAST_WALLET).scalar_one()))
    delete = text(_DELETE.format(table=table))
    for first in range(0, last + 1, WALLETS_AT_ONCE):
        some = {**parameters, "first": first, "last": first + WALLETS_AT_ONCE - 1}
        postgres.run(partial(_execute, delete, some))


def _execute(statement: TextClause, parameters: dict[str, Any], connection: Connection) -> None:
    connection.execute(statement, parameters)


_RUNS = text("""
    WITH completed AS (
        SELECT r.*, row_number() OVER (ORDER BY run_id DESC) AS place,
            row_number() OVER (PARTITION BY date_trunc('month', completed_at) ORDER BY run_id) AS of_month
        FROM scoring_runs r WHERE status = 'completed'
    )
    SELECT run_id, completed_at, policy_version, wallets FROM completed
    WHERE pruned_at IS NULL AND run_id NOT IN (SELECT run_id FROM published_run) AND place > :newest
      AND completed_at < now() - make_interval(days => :younger_than_days)
      AND (NOT :monthly OR of_month > 1)
    ORDER BY run_id
""")
_MARK = text("""
    UPDATE scoring_runs SET pruned_at = clock_timestamp() WHERE run_id = ANY(CAST(:pruned AS bigint[]))
""")
_UNUSED = """
    SELECT * FROM (
        SELECT run_id, until_run_id, count(*) AS rows, sum(pg_column_size(t.*))::bigint AS bytes
        FROM {table} t WHERE until_run_id IS NOT NULL GROUP BY run_id, until_run_id
    ) AS spans
    WHERE NOT EXISTS (
        SELECT FROM scoring_runs r
        WHERE r.status = 'completed' AND r.pruned_at IS NULL AND r.run_id <> ALL(CAST(:pruned AS bigint[]))
          AND is_of_run(spans.run_id, spans.until_run_id, r.run_id)
    )
"""
_DELETE = """
    DELETE FROM {table} WHERE wallet_id BETWEEN :first AND :last
      AND (run_id, until_run_id) IN (
        SELECT * FROM unnest(CAST(:begun AS bigint[]), CAST(:ended AS bigint[])))
"""
_LAST_WALLET = text("SELECT coalesce(max(wallet_id), 0) FROM wallets")
