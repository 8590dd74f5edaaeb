"""The scoring runs as a list with a cursor."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from app.answers.cursors import MAX_BIGINT, decode_cursor, encode_cursor
from app.answers.runs import Run, RunName, Runs
from app.runs.queries import LISTS_OF_RUN, run_row
from app.stores.locks import Lock

_PREVIOUS = text(
    "SELECT max(run_id) FROM scoring_runs"
    " WHERE status = 'completed' AND pruned_at IS NULL AND run_id < :run_id"
)
_RUNS = text(
    f"SELECT r.*, {LISTS_OF_RUN}, r.run_id IS NOT DISTINCT FROM (SELECT run_id FROM published_run)"  # noqa: S608
    " AS published"
    " FROM scoring_runs r WHERE r.run_id <= :newest AND (CAST(:status AS text) IS NULL OR r.status = :status)"
    " AND (CAST(:since AS timestamptz) IS NULL OR r.started_at >= :since)"
    " AND (CAST(:until AS timestamptz) IS NULL OR r.started_at < :until)"
    " ORDER BY r.run_id DESC LIMIT :limit"
)
_COUNT_RUNS = text(
    "SELECT count(*) FROM scoring_runs r WHERE (CAST(:status AS text) IS NULL OR r.status = :status)"
    " AND (CAST(:since AS timestamptz) IS NULL OR r.started_at >= :since)"
    " AND (CAST(:until AS timestamptz) IS NULL OR r.started_at < :until)"
)
# A running run holds the run lock; a row that says `running` without the lock is of a process that died.
_BY_KEY = text(
    "SELECT run_id, request_digest FROM scoring_runs WHERE idempotency_key = :key"
    " AND NOT CASE status WHEN 'running' THEN pg_try_advisory_xact_lock(:lock) ELSE false END"
)

_RUNNING = text(
    "SELECT run_id FROM scoring_runs WHERE status = 'running' AND NOT pg_try_advisory_xact_lock(:lock)"
)


def run_name(row: Row[Any]) -> RunName:
    """The name of a run, from a row of `scoring_runs`."""
    return RunName.model_validate(row, from_attributes=True)


def run_answer(row: Row[Any]) -> Run:
    """A run as an answer, from a row of `scoring_runs` with the column `published`."""
    return Run.model_validate(row, from_attributes=True)


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are listed: by state and by the time of their start; None means any."""

    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None


ALL_RUNS = RunFilter()


def previous_run(connection: Connection, run_id: int) -> int | None:
    """The completed run before a run; None when there is none."""
    previous: int | None = connection.execute(_PREVIOUS, {"run_id": run_id}).scalar()
    return previous


def runs(
    connection: Connection,
    limit: int,
    cursor: str | None,
    *,
    only: RunFilter = ALL_RUNS,
    with_total: bool = False,
) -> Runs:
    """The scoring runs, newest first; `with_total` counts all that match.

    Raises:
        InvalidInput: the text is not a cursor of this list.
    """
    newest = MAX_BIGINT if cursor is None else decode_cursor(cursor, 1)[0]
    rows = connection.execute(_RUNS, {"newest": newest, "limit": limit + 1, **asdict(only)}).all()
    return Runs(
        runs=[run_answer(row) for row in rows[:limit]],
        next=encode_cursor(rows[limit].run_id) if len(rows) > limit else None,
        total=connection.execute(_COUNT_RUNS, asdict(only)).scalar_one() if with_total else None,
    )


def one_run(connection: Connection, run_id: int) -> Run:
    """One scoring run.

    Raises:
        NotFound: there is none of that id.
    """
    return run_answer(run_row(connection, run_id))


def run_of_key(connection: Connection, idempotency_key: str) -> Row[Any] | None:
    """The run (run_id, request_digest) that was started with that key.

    None when there is none, or when its process died.
    """
    return connection.execute(_BY_KEY, {"key": idempotency_key, "lock": Lock.RUN}).one_or_none()


def running_run(connection: Connection) -> int | None:
    """The run that a process carries out; None when there is none, or when its process died."""
    run_id: int | None = connection.execute(_RUNNING, {"lock": Lock.RUN}).scalar()
    return run_id
