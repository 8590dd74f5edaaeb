"""Lists with cursors: the highest scores of a run, and the runs."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from app.answers.base import WalletName
from app.answers.cursors import MAX_BIGINT, decode_cursor, encode_cursor
from app.answers.runs import Run, RunName, Runs
from app.answers.scores import RankedWallet, TopScores
from app.domain import format_points
from app.policy.policy import Policy
from app.runs.judgement.reasons import Contact, contacts_of, main_reason
from app.runs.queries import LISTS_OF_RUN, completed_or_published_run, run_row
from app.runs.stored_policy import policy_of
from app.stores.locks import Lock

# Every condition uses an index alone: only the rows of the page are fetched. The rows of the last run are
# those that no later run ended; where every row has an end, the last run is one of before migration 0014.
_OF_RUN = """
    (SELECT run_id, wallet_id, score, risk_level FROM risk_scores
    WHERE until_run_id IS NULL AND run_id <= :run_id {rest})
    UNION ALL
    (SELECT run_id, wallet_id, score, risk_level FROM risk_scores
    WHERE until_run_id IS NOT NULL AND is_of_run(run_id, until_run_id, :run_id)
      AND (:run_id IS DISTINCT FROM (SELECT run_id FROM published_run)
           OR (SELECT wallet_id FROM risk_scores WHERE until_run_id IS NULL
               ORDER BY score DESC, wallet_id LIMIT 1) IS NULL) {rest})
"""
_IN_ORDER = "ORDER BY score DESC, wallet_id LIMIT :limit"
_MATCHING = """
    AND score IS NOT NULL
    AND (CAST(:level AS text) IS NULL OR risk_level = :level)
    AND (CAST(:direction AS text) IS NULL OR direction = :direction)
    AND (CAST(:category AS text) IS NULL OR main_category = :category)
    AND (CAST(:flag AS text) IS NULL OR :flag = ANY(flags))
"""
_LISTED = f"""
    AND score <= :score AND (score < :score OR wallet_id > :wallet_id) {_MATCHING} {_IN_ORDER}
"""
_TOP = text(f"""
    WITH listed AS ({_OF_RUN.format(rest=_LISTED)} {_IN_ORDER})
    SELECT s.*, w.chain, w.address, before.score AS previous_score
    FROM listed JOIN risk_scores s USING (run_id, wallet_id) JOIN wallets w USING (wallet_id)
    LEFT JOIN risk_scores before
        ON before.wallet_id = s.wallet_id AND is_of_run(before.run_id, before.until_run_id, :previous_run)
    ORDER BY s.score DESC, s.wallet_id
""")  # noqa: S608 - the conditions are above
_COUNT_TOP = text(f"""
    SELECT count(*) FROM ({_OF_RUN.format(rest=_MATCHING)}) AS s
""")  # noqa: S608 - likewise
_LEVELS = text(f"""
    SELECT risk_level, count(*) AS wallets FROM ({_OF_RUN.format(rest="AND score IS NOT NULL")}) AS s
    GROUP BY risk_level
""")  # noqa: S608 - likewise
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
class ScoreFilter:
    """Which wallets of a run are listed: by level, main category, direction and flag; None means any."""

    level: str | None = None
    category: str | None = None
    direction: str | None = None
    flag: str | None = None


ALL_SCORES = ScoreFilter()


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are listed: by state and by the time of their start; None means any."""

    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None


ALL_RUNS = RunFilter()


def top_scores(
    connection: Connection,
    limit: int,
    cursor: str | None,
    *,
    run_id: int | None = None,
    only: ScoreFilter = ALL_SCORES,
    with_total: bool = False,
) -> TopScores:
    """The highest scores of a run; ties by wallet id; `with_total` counts all that match.

    The run is that of the cursor, else that of `run_id`, else the published one.

    Raises:
        NotReady: the run has no results, or none has been published.
        NotFound: there is no run of that id.
        InvalidInput: the text is not a cursor of this list.
    """
    score, wallet_id = MAX_BIGINT, -1
    if cursor is not None:
        run_id, score, wallet_id = decode_cursor(cursor, 3)
    run = completed_or_published_run(connection, run_id)
    previous = previous_run(connection, run.run_id)
    parameters = {
        "run_id": run.run_id,
        "score": score,
        "wallet_id": wallet_id,
        "limit": limit + 1,
        "previous_run": previous,
        **asdict(only),
    }
    rows = connection.execute(_TOP, parameters).all()
    on_page = rows[:limit]
    has_more = len(rows) > limit
    policy, contacts = policy_of(run), contacts_of(connection, on_page, run.as_of)
    return TopScores(
        run=run_name(run),
        previous_run_id=previous,
        scores=[_ranked(policy, run.columns, row, contacts.get(row.wallet_id)) for row in on_page],
        next=encode_cursor(run.run_id, on_page[-1].score, on_page[-1].wallet_id) if has_more else None,
        total=connection.execute(_COUNT_TOP, {"run_id": run.run_id, **asdict(only)}).scalar_one()
        if with_total
        else None,
    )


def previous_run(connection: Connection, run_id: int) -> int | None:
    """The completed run before a run; None when there is none."""
    previous: int | None = connection.execute(_PREVIOUS, {"run_id": run_id}).scalar()
    return previous


def level_counts(connection: Connection, run_id: int) -> dict[str, int]:
    """The number of scored wallets of a run by level."""
    return {row.risk_level: row.wallets for row in connection.execute(_LEVELS, {"run_id": run_id})}


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


def _ranked(policy: Policy, columns: list[str], row: Row[Any], contact: Contact | None) -> RankedWallet:
    return RankedWallet(
        wallet=WalletName(chain=row.chain, address=row.address),
        score=format_points(row.score),
        risk_level=row.risk_level,
        direction=row.direction,
        main_category=row.main_category,
        main_reason=main_reason(policy, columns, row, contact),
        rules=row.rules,
        flags=row.flags,
        score_before=None if row.previous_score is None else format_points(row.previous_score),
        change=None if row.previous_score is None else format_points(row.score - row.previous_score),
    )
