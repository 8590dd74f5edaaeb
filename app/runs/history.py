"""A wallet's scores by run."""

from sqlalchemy import Connection, text

from app.answers.comparisons import PastScore, ScoreHistory
from app.answers.cursors import MAX_BIGINT, decode_cursor, encode_cursor
from app.domain import format_points
from app.record.wallets import KnownWallet
from app.runs.naming.named import named_wallet


def history(
    connection: Connection, wallet: KnownWallet, limit: int, cursor: str | None, *, with_total: bool = False
) -> ScoreHistory:
    """The scores of a wallet (a row of `find_wallet`) in completed runs, newest run first.

    Raises:
        InvalidInput: the text is not a cursor of this list.
    """
    newest = MAX_BIGINT if cursor is None else decode_cursor(cursor, 1)[0]
    parameters = {"wallet_id": wallet.wallet_id, "newest": newest, "limit": limit + 1}
    rows = connection.execute(_HISTORY, parameters).all()
    return ScoreHistory(
        wallet=named_wallet(connection, wallet),
        scores=[
            PastScore(
                run_id=row.run_id,
                as_of=row.as_of,
                policy_version=row.policy_version,
                score=None if row.score is None else format_points(row.score),
                risk_level=row.risk_level,
                direction=row.direction,
                main_category=row.main_category,
                rules=row.rules,
                published=row.published,
            )
            for row in rows[:limit]
        ],
        next=encode_cursor(rows[limit].run_id) if len(rows) > limit else None,
        total=connection.execute(_COUNT, parameters).scalar_one() if with_total else None,
    )


_HISTORY = text("""
    SELECT r.run_id, r.as_of, r.policy_version, s.score, s.risk_level, s.direction, s.main_category, s.rules,
        r.run_id IS NOT DISTINCT FROM (SELECT run_id FROM published_run) AS published
    FROM scoring_runs r JOIN risk_scores s
        ON s.wallet_id = :wallet_id AND is_of_run(s.run_id, s.until_run_id, r.run_id)
    WHERE r.status = 'completed' AND r.pruned_at IS NULL AND r.run_id <= :newest
    ORDER BY r.run_id DESC LIMIT :limit
""")
_COUNT = text("""
    SELECT count(*) FROM scoring_runs r JOIN risk_scores s
        ON s.wallet_id = :wallet_id AND is_of_run(s.run_id, s.until_run_id, r.run_id)
    WHERE r.status = 'completed' AND r.pruned_at IS NULL
""")
